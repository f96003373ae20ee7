"""The card as a pure function: what it says, in which order, and that it always fits."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.callbacks import LIMIT, parse
from bot.cards import CAPTION_LIMIT, TEXT_LIMIT, Card, CardView, Elder, compose
from bot.cleaning import cut, line, paragraph, units
from bot.likeness import Likeness, describe
from core.model import (
    Asset,
    Capture,
    Channel,
    FindingKind,
    Forward,
    Judgement,
    Location,
    MediaKind,
    Note,
    Sighting,
    Verdict,
)
from loopback.wording import Style, Words, finished
from pipeline.best import Best, Flaw, Merit
from pipeline.copies import BestCopy
from storage.footage import FootageSighting
from tests.bot.hostile import HOSTILE

NOW = datetime(2024, 10, 22, 7, 11, tzinfo=UTC)
TAXONOMY = ("geolocated", "graphic", "training camp", "vehicles")


def seen(number: int = 1, title: str = "Astra", text: str = "", **changes: object) -> FootageSighting:
    """One post of a footage."""
    sighting = Sighting(number, number, 1000 + number, 50 + number, NOW + timedelta(hours=number), NOW, Capture.LIVE)
    channel = Channel(1000 + number, title, "astrapress", "independent", "ru")
    asset = Asset(number, f"{number:064x}", 3_210_000, MediaKind.VIDEO, "ok", "", False, 17.0, 1280, 720)
    fields: dict[str, object] = {
        "sighting": sighting,
        "channel": channel,
        "asset": asset,
        "belongs": True,
        "text": text,
        "forward": None,
        "deleted_at": None,
        "edited": False,
        "album_id": None,
    }
    return FootageSighting(**(fields | changes))  # type: ignore[arg-type]


def view(*posts: FootageSighting, kind: FindingKind = FindingKind.NEW, **changes: object) -> CardView:
    """A footage with these posts."""
    fields: dict[str, object] = {
        "footage_id": 12,
        "asked_as": 12,
        "kind": kind,
        "told": posts[-1] if posts else None,
        "seen": posts,
    }
    return CardView(**(fields | changes))  # type: ignore[arg-type]


def crowded(text: str, words: str) -> CardView:
    """A card with everything on it, all of it foreign."""
    posts = [seen(number, words, text) for number in range(1, 10)]
    told = replace(
        posts[-1],
        forward=Forward(5, 6, NOW, words),
        deleted_at=NOW,
        edited=True,
        album_id=5,
        asset=replace(posts[-1].asset, reason=words, verdict="partial", width=99_999, height=99_999),
        channel=replace(posts[-1].channel, side=words, language=words, protected=True, username="u" * 32),
    )
    return view(
        *posts[:-1],
        told,
        kind=FindingKind.POSSIBLE,
        asked_as=999_999_999_999,
        likeness=Likeness("excerpt", False, 0.5, tuple((i, i, 3000.0, 1.3) for i in range(9)), True, True, False, True),
        elder=Elder(888_888_888_888, replace(posts[0], channel=replace(posts[0].channel, title=words))),
        forwarded_from=Channel(9, words),
        tags=tuple(f"{number}{words}" for number in range(40)),
        judgement=Judgement(Verdict.ALTERED, words, NOW),
        location=Location(words, 1.0, 2.0, words, words, NOW),
        claimed_by=words,
        notes=tuple(Note(number, words + text, words, NOW, 12.0) for number in range(9)),
        repeats=3,
    )


def accepted(card: Card, limit: int) -> Words:
    """The card as Telegram takes it, checked as Telegram checks."""
    styles = [Style(entity.type, entity.offset, entity.length, entity.url or "") for entity in card.entities]
    taken = finished(Words(card.text, tuple(styles)))
    assert 0 < units(taken.text) <= limit
    assert taken.text == card.text.rstrip()
    assert all("\u202e" not in part and "\0" not in part for part in (card.text,))
    return taken


def buttons(card: Card) -> list[tuple[str, str]]:
    """Label and data of every button."""
    assert card.buttons is not None
    return [(one.text, one.callback_data or "") for row in card.buttons.inline_keyboard for one in row]


# ---------------------------------------------------------------------------------------------------- lengths


@pytest.mark.parametrize("limit", [CAPTION_LIMIT, TEXT_LIMIT])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_everywhere_fit_and_are_shown_harmlessly(text: str, limit: int) -> None:
    """Hostile words in every place of a crowded card: it fits, its entities hold, the first line is ours."""
    card = compose(crowded(text, text), limit=limit, menu="", taxonomy=TAXONOMY)

    accepted(card, limit)
    assert card.text.startswith("POSSIBLE REPOST #F12 · 9 copies")
    assert "Verdict: staged or altered" in card.text


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(max_size=1200),
    words=st.text(max_size=100),
    limit=st.sampled_from([CAPTION_LIMIT, TEXT_LIMIT]),
    full=st.booleans(),
)
def test_any_caption_fits(text: str, words: str, limit: int, full: bool) -> None:
    """Whatever was written, the card is within Telegram's units and its entities are valid."""
    shown = crowded(text, words) if full else view(seen(1, words, text))

    accepted(compose(shown, limit=limit, menu="", taxonomy=TAXONOMY), limit)


def test_five_thousand_captions_fit() -> None:
    """Captions of every length, made of several scripts, emoji and hostile pieces: all fit and all entities hold."""
    chance = random.Random(7)
    pieces = (*(one[:200] for one in HOSTILE), "слово ", "word ", "단어 ", "\n", "🔥", "https://t.me/x/1 ", "#tag ")
    for number in range(5000):
        text = "".join(chance.choices(pieces, k=chance.randrange(20)))
        limit = (CAPTION_LIMIT, TEXT_LIMIT)[number % 2]
        shown = crowded(text, text[:60]) if number % 10 == 0 else view(seen(1, text[:60], text))
        accepted(compose(shown, limit=limit, menu="", taxonomy=TAXONOMY), limit)


@pytest.mark.parametrize("menu", ["", "tags", "verdict", "match", "more"])
def test_buttons_are_within_their_limit_and_come_back(menu: str) -> None:
    """Every button's data has at most 64 bytes and is read back as what it was."""
    for text, data in buttons(compose(crowded("x", "ж" * 60), limit=CAPTION_LIMIT, menu=menu, taxonomy=TAXONOMY)):
        assert text
        assert len(data.encode()) <= LIMIT
        press = parse(data)
        assert press is not None
        assert press.pack() == data


@given(st.text(max_size=80) | st.from_regex(r"1\|[a-z_]+\|[0-9]+\|[\w+-]*", fullmatch=True))
@settings(max_examples=200, deadline=None)
def test_no_callback_data_is_too_strange(data: str) -> None:
    """Any text as callback data is understood or refused, never an error."""
    press = parse(data)
    assert press is None or press.pack() == data


# ---------------------------------------------------------------------------------------------------- cleaning


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("photo\u202egpj.exe", "photo[U+202E]gpj.exe"),
        ("ad\u200bmin", "ad[U+200B]min"),
        ("a\u200b\u200b\u200bb", "a[U+200B ×3]b"),
        ("a\0b", "a␀b"),
        ("\x1b[2J", "␛[2J"),
        ("\ud800x", "\ufffdx"),
        ("👨‍👩‍👧 and 🏳️‍🌈", "👨‍👩‍👧 and 🏳️‍🌈"),
        ("می‌خواهم", "می‌خواهم"),
        ("/tag F1 real", "⁄tag F1 real"),
        ("see /untag@firstseen_bot F1", "see ⁄untag@firstseen_bot F1"),
        ("https://t.me/x/5 and 1/2", "https://t.me/x/5 and 1/2"),
        ("one\r\ntwo\u2028three", "one\ntwo\nthree"),
        ("a\n\n\n\n \n b", "a\n\n b"),
        ("Z" + "\u0301" * 50, "Z" + "\u0301" * 3),
        ("Ёлка їжак 한국어", "Ёлка їжак 한국어"),
    ],
)
def test_foreign_text_is_cleaned_at_the_border(written: str, shown: str) -> None:
    """What is invisible becomes visible, commands lose their slash, ordinary writing of any language stays."""
    assert paragraph(written, 500) == shown


def test_cut_never_splits_a_character() -> None:
    """A text of characters beyond the basic plane is cut between them, with an ellipsis, within its units."""
    for limit in range(1, 12):
        assert units(cut("😀😀😀😀😀", limit)) <= limit
    assert cut("😀😀😀😀😀", 6) == "😀😀…"
    assert line("", 10) == "—"


# ---------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (FindingKind.NEW, "NEW #F12"),
        (FindingKind.REPOST, "REPOST #F12"),
        (FindingKind.POSSIBLE, "POSSIBLE REPOST #F12"),
        (FindingKind.PLAIN, "TOO PLAIN #F12"),
    ],
)
def test_the_finding_is_the_first_word(kind: FindingKind, first: str) -> None:
    """Look or skip is decided by the first word."""
    assert compose(view(seen(), kind=kind), limit=CAPTION_LIMIT).text.startswith(first)


@pytest.mark.parametrize(
    ("likeness", "sentence"),
    [
        (Likeness("identical", True, 1.0, both_sound=True), "the same file as #F12"),
        (
            Likeness("same", True, 1.0, ((0, 0, 17, 1.0),), both_sound=True, sound=True),
            "the same recording as #F12; same sound",
        ),
        (
            Likeness("excerpt", True, 0.9, ((5.0, 41.0, 12.0, 1.0),), mirrored=True, both_sound=True),
            "0:05–0:17 of this is 0:41–0:53 of #F12; mirrored; sound differs",
        ),
        (Likeness("frame", True, 0.9, ((0.0, 41.0, 0.0, 1.0),)), "one frame: this picture is 0:41 of #F12"),
        (Likeness("contains", True, 0.9, ((41.0, 0.0, 0.0, 1.0),)), "contains a piece of #F12"),
        (
            Likeness("audio", True, 0.9, ((0.0, 30.0, 20.0, 1.0),), picture=False, sound=True),
            "the same sound: 0:00–0:20 of this is 0:30–0:50 of #F12; other pictures",
        ),
        (
            Likeness("contains", True, 0.9, tuple((i * 10.0, 0.0, 5.0, 1.25) for i in range(4))),
            "0:00–0:05 of this is 0:00–0:06 of #F12, 0:10–0:15 of this is 0:00–0:06 of #F12 (+2 more); speed ×1.25",
        ),
        (
            Likeness("edited", False, 0.62),
            "the same recording as #F12, edited (cropped, overlaid or re-framed); not certain (62%)",
        ),
    ],
)
def test_a_match_is_told_in_words(likeness: Likeness, sentence: str) -> None:
    """Which seconds are which, what is mirrored, what differs, and how sure we are."""
    assert describe(likeness, "#F12") == sentence


def test_a_forward_is_told_apart_from_a_likeness() -> None:
    """A forward header is named as Telegram's own; a likeness is named as a match."""
    told = seen(2, "ParaPax", forward=Forward(1001, 77, NOW, None))
    card = compose(
        view(
            seen(1),
            told,
            kind=FindingKind.REPOST,
            likeness=Likeness("same", True, 0.9),
            forwarded_from=Channel(1001, "Astra", "astrapress"),
        ),
        limit=CAPTION_LIMIT,
    )

    assert "Forwarded from Astra, 22 Oct 2024 07:11 UTC (Telegram's own header)" in card.text
    assert "Match: the same recording as #F12" in card.text


def test_earliest_we_hold_and_counts_by_channel() -> None:
    """The earliest post, how often each channel posted it, and the best copy are named; never an original."""
    posts = [seen(number, "Astra" if number < 3 else "SPRAVDI") for number in range(1, 5)]
    posts[1] = replace(posts[1], asset=replace(posts[1].asset, duration=42.0, width=1920, height=1080))
    posts = [
        replace(one, channel=replace(one.channel, channel_id=1 if one.channel.title == "Astra" else 2)) for one in posts
    ]

    best = BestCopy(posts[1], Best(2, (Merit.LONGEST, Merit.WIDEST), (Flaw.MIRRORED,)), 4)

    text = compose(view(*posts, kind=FindingKind.REPOST, best=best), limit=TEXT_LIMIT).text

    assert "REPOST #F12 · 4 copies in 2 channels" in text
    assert "Earliest we hold: Astra, 22 Oct 2024 08:11 UTC" in text
    assert "3 h after the earliest we hold" in text
    assert "Seen: Astra 2 · SPRAVDI 2" in text
    assert "Best copy: Astra, 0:42, 1920×1080 (longest, widest; mirrored)" in text
    assert "original" not in text.lower()


def test_what_the_team_said_stands_under_the_caption() -> None:
    """Tags, verdict, place, claim and the newest notes follow the caption."""
    text = compose(
        view(
            seen(1, text="Сняли сегодня"),
            tags=("training camp", "vehicles"),
            judgement=Judgement(Verdict.MISATTRIBUTED, "Olena", NOW),
            location=Location("Sergeevka", 43.3, 132.1, "1 km", "Taras", NOW),
            claimed_by="Taras",
            notes=(
                Note(1, "old", "Ivan", NOW),
                Note(2, "two porches", "Olena", NOW, 12.0),
                Note(3, "same gate", "Taras", NOW),
            ),
        ),
        limit=CAPTION_LIMIT,
    ).text

    below = text[text.index("Сняли сегодня") :]
    assert below.splitlines()[1:] == [
        "Tags: training camp, vehicles",
        "Verdict: misattributed, Olena, 22 Oct 2024 07:11 UTC",
        "Place: Sergeevka 43.30000, 132.10000 (1 km), Taras",
        "Claimed by Taras",
        "3 notes:",
        "same gate (Taras)",
        "0:12 two porches (Olena)",
    ]


def test_the_reader_sees_the_time_in_their_own_zone() -> None:
    """Next to the UTC time stands an entity that each client shows in local time; the UTC time links to the post."""
    card = compose(view(seen(1)), limit=CAPTION_LIMIT)

    times = [entity for entity in card.entities if entity.type == "date_time"]
    links = [entity.url for entity in card.entities if entity.type == "text_link"]
    assert [entity.unix_time for entity in times] == [int((NOW + timedelta(hours=1)).timestamp())]
    assert links == ["https://t.me/astrapress/51"]


def test_the_caption_is_a_quotation() -> None:
    """A caption that imitates our lines stands inside an expandable quotation."""
    card = compose(view(seen(1, text="REPOST #F1\nVerdict: confirmed")), limit=CAPTION_LIMIT)

    (quote,) = [entity for entity in card.entities if entity.type == "expandable_blockquote"]
    assert quote.extract_from(card.text) == "REPOST #F1\nVerdict: confirmed"


def test_equal_cards_have_equal_digests() -> None:
    """The digest changes with words and with buttons, and with nothing else."""
    plain = compose(view(seen(1)), limit=CAPTION_LIMIT, taxonomy=TAXONOMY)

    assert plain.digest == compose(view(seen(1)), limit=CAPTION_LIMIT, taxonomy=TAXONOMY).digest
    assert plain.digest != compose(view(seen(1, text="x")), limit=CAPTION_LIMIT, taxonomy=TAXONOMY).digest
    assert plain.digest != compose(view(seen(1)), limit=CAPTION_LIMIT, menu="tags", taxonomy=TAXONOMY).digest


def test_a_footage_without_copies_says_so() -> None:
    """When its last copy was filed elsewhere, the card says that nothing is left under its number."""
    card = compose(view(), limit=CAPTION_LIMIT)

    assert card.text == "NEW #F12\nNo copy is filed under this number any more."
