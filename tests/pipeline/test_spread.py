"""How a footage spread: forwards hang on what their header names, look-alikes on the earliest; and how it is drawn."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from bot.spreading import spread_picture
from core.model import Asset, Capture, Channel, Forward, MediaKind, Sighting
from fingerprints.spread import INFERENCE, PROOF, Tie
from pipeline.spread import MOST_ROWS, chosen, hang, over_time
from storage.footage import FootageSighting

START = datetime(2024, 10, 18, 9, 0, tzinfo=UTC)


def post(place: int, *, hours: float | None = None, forward: Forward | None = None, asset: int = 0) -> FootageSighting:
    """The post number ``place`` of channel ``place``."""
    channel = Channel(1000 + place, f"Канал {place} 채널", None)
    held = Asset(asset or place, "0" * 64, 1, MediaKind.VIDEO, duration=17.0)
    at = START + timedelta(hours=place if hours is None else hours)
    sighting = Sighting(place, held.asset_id, channel.channel_id, 5, at, at, Capture.LIVE)
    return FootageSighting(sighting, channel, held, True, "", forward, None, False, None)


def of(place: int) -> Forward:
    """A header that names the post of channel ``place``."""
    return Forward(1000 + place, 5, START, None)


def test_what_hangs_on_what() -> None:
    """A forward hangs on the post that Telegram names, whichever that is; everything else on the earliest, as alike."""
    hung = hang([post(1), post(2), post(3, forward=of(2)), post(4, forward=of(99)), post(5, asset=1)])

    assert [(one.tie, one.parent) for one in hung] == [
        (Tie.FIRST, None),
        (Tie.ALIKE, 0),
        (Tie.FORWARD, 1),
        (Tie.FORWARD, None),
        (Tie.ALIKE, 0),
    ]


def test_an_early_forward_is_no_first_post() -> None:
    """The earliest post that we hold may itself be a forward of one that we do not hold: that is told as such."""
    assert [(one.tie, one.parent) for one in hang([post(1, forward=of(9)), post(2)])] == [
        (Tie.FORWARD, None),
        (Tie.ALIKE, 0),
    ]


def test_a_header_that_names_a_later_post_is_not_followed() -> None:
    """A header can't lead to the future: such a forward hangs on nothing that we hold."""
    assert [one.parent for one in hang([post(1, forward=of(2)), post(2)])] == [None, 0]


def test_a_long_spread_is_cut_in_its_middle() -> None:
    """The first and the last posts are drawn, how many lie between is said, and ties into them end there."""
    hung = hang([post(place, forward=of(place - 1) if place > 1 else None) for place in range(1, 51)])

    rows = chosen(hung)

    assert len(rows) == MOST_ROWS
    gap = next(place for place, row in enumerate(rows) if row.hung is None)
    assert rows[gap].omitted + len(rows) - 1 == 50
    assert rows[-1].parent == len(rows) - 2
    assert rows[gap + 1].parent == gap


def test_posts_over_time_add_up() -> None:
    """Every post is counted in one stretch of time, forwards by themselves."""
    hung = hang([post(1), post(2, forward=of(1)), post(3, hours=500)])

    bars = over_time(hung)

    assert (sum(bar[0] for bar in bars), sum(bar[1] for bar in bars)) == (1, 2)
    assert bars[0] == (1, 1)
    assert bars[-1] == (0, 1)
    assert over_time(hang([post(1)]))[0] == (0, 1)
    assert over_time(()) == ()


@pytest.mark.parametrize("number", [1, 2, 18, 19, 200])
async def test_the_picture_fits_a_phone(number: int) -> None:
    """Any number of posts makes a picture that Telegram takes and a phone shows upright."""
    picture = await spread_picture(12, [post(place) for place in range(1, number + 1)])

    assert picture is not None
    drawn = Image.open(io.BytesIO(picture))
    assert drawn.width == 1080
    assert drawn.height <= 2400
    assert len(picture) < 2_000_000


async def test_proof_and_inference_look_different() -> None:
    """Forwards and look-alikes have colours of their own; above the legend each appears only with its kind."""
    forwards = await spread_picture(1, [post(1), post(2, forward=of(1))])
    alike = await spread_picture(1, [post(1), post(2)])

    assert forwards is not None
    assert alike is not None
    assert set(_above_legend(forwards)) == {PROOF}
    assert set(_above_legend(alike)) == {INFERENCE}


async def test_no_posts_no_picture() -> None:
    """A footage whose copies all went elsewhere has nothing to draw."""
    assert await spread_picture(1, ()) is None


def _above_legend(picture: bytes) -> Iterator[tuple[int, int, int]]:
    """Which of the two colours the rows of two posts show."""
    drawn = Image.open(io.BytesIO(picture)).convert("RGB").crop((280, 96, 460, 96 + 2 * 92))
    colours = {colour for _, colour in drawn.getcolors(1 << 20) or ()}
    yield from (colour for colour in (PROOF, INFERENCE) if colour in colours)
