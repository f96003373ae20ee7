"""The alert in the README is what the bot shows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.cards import CAPTION_LIMIT, CardView, compose
from bot.likeness import Likeness
from core.model import (
    Asset,
    Capture,
    Channel,
    FindingKind,
    Judgement,
    MediaKind,
    Note,
    Sighting,
    Verdict,
)
from pipeline.best import Best, Merit
from pipeline.copies import BestCopy
from storage.footage import FootageSighting

README = Path(__file__).parents[2] / "README.md"
ASTRA = Channel(1301, "Astra", "astrapress", "ru", "ru")
REAR_VIEW = Channel(1302, "Rear View", "rearview", "ru", "ru")
DIGEST = Channel(1303, "War Digest", "wardigest", "", "en")
FIRST = datetime(2024, 10, 22, 6, 58, tzinfo=UTC)
WORDS = "Another barracks, another day"


def seen(number: int, channel: Channel, after: timedelta, seconds: float, width: int, size: int) -> FootageSighting:
    """One copy of the clip."""
    at = FIRST + after
    sighting = Sighting(number, number, channel.channel_id, 40 + number, at, at, Capture.LIVE)
    video = Asset(
        number, f"{number:064}", size, MediaKind.VIDEO, "ok", duration=seconds, width=width, height=width * 9 // 16
    )
    return FootageSighting(sighting, channel, video, True, WORDS, None, None, False, None)


def story() -> CardView:
    """A mirrored excerpt with another claim, after the team had judged the clip."""
    copies = (
        seen(1, ASTRA, timedelta(), 52, 1280, 21_400_000),
        seen(2, DIGEST, timedelta(hours=2, minutes=4), 52, 848, 9_900_000),
        seen(3, REAR_VIEW, timedelta(days=5, hours=2, minutes=46), 12, 640, 1_900_000),
    )
    return CardView(
        footage_id=12,
        asked_as=12,
        kind=FindingKind.REPOST,
        told=copies[-1],
        seen=copies,
        likeness=Likeness("excerpt", True, 0.97, ((0, 41, 12, 1),), mirrored=True, sound=False, both_sound=True),
        tags=("geolocated", "training camp"),
        judgement=Judgement(Verdict.CONFIRMED, "Marc", FIRST + timedelta(hours=9)),
        claimed_by="Olena",
        notes=(Note(1, "two porches, as in #F13", "Olena", FIRST, 3.0),),
        best=BestCopy(copies[0], Best(1, (Merit.LONGEST, Merit.WIDEST), ()), 3),
    )


def test_the_alert_in_the_readme_is_what_the_bot_shows() -> None:
    """The README shows, line by line, the card that the bot composes for the same story, with its buttons."""
    card = compose(story(), limit=CAPTION_LIMIT)
    assert card.buttons is not None
    rows = ["   ".join(f"[ {button.text} ]" for button in row) for row in card.buttons.inline_keyboard]

    assert "\n".join([*card.text.splitlines(), *rows]) in README.read_text(encoding="utf-8")
