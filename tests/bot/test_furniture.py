"""Channel furniture: intros and end cards that are marked stop making matches, and make them again when unmarked."""

from datetime import timedelta

import pytest

from bot.callbacks import Act, Press
from core.model import FindingKind
from fingerprints.compare import Match, Span
from loopback.chat_nouns import Message
from pipeline.filing import refile
from storage import custody, footage, furniture, members
from tests.bot.newsroom import ASTRA, SPRAVDI, START, Newsroom

INTRO = Match("contains", True, 0.9, "motion", spans=(Span(0.0, 0.0, 5.0),))


@pytest.fixture
async def card(newsroom: Newsroom) -> Message:
    """The card of footage 2, a report that begins with the intro that is footage 1."""
    intro = await newsroom.post(ASTRA)
    await newsroom.shown(intro)
    report = await newsroom.post(
        ASTRA, of=intro, kind=FindingKind.POSSIBLE, parts=(intro,), match=INTRO, at=START + timedelta(days=1)
    )
    async with newsroom.store.database.transaction() as tx:
        ((asset_id, _),) = await footage.members(tx, report)
        await footage.put(tx, intro, asset_id, belongs=False)
        await refile(tx, report, newsroom.store.clock.now())
    await newsroom.later(5)
    return await newsroom.shown(intro, "2 copies")


async def test_one_tap_makes_furniture_of_footage(newsroom: Newsroom, card: Message) -> None:
    """A lead marks the intro: the report that begins with it is new, and a second tap takes all of it back."""
    newsroom.olena.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "🪑 Mark as furniture" in str(card.labels))
    refused = await newsroom.taras.press(newsroom.group, card, "🪑 Mark as furniture").answered()
    assert refused.text == "This takes a lead; you are a tagger."

    answer = await newsroom.olena.press(newsroom.group, card, "🪑 Mark as furniture").answered()

    assert answer.text == "#F1 is channel furniture: it makes no matches"
    await newsroom.until(lambda: card.text.startswith("NEW #F1\nChannel furniture, marked by Olena"))
    await newsroom.shown(2, "NEW #F2")

    newsroom.olena.press(newsroom.group, card, "↩ No furniture")

    await newsroom.until(lambda: card.text.startswith("REPOST #F1 · 2 copies"))
    async with newsroom.store.database.reader() as reader:
        found = await footage.findings(reader, 1)
        assert [one.kind for one in found] == [FindingKind.NEW, FindingKind.REPOST]
        assert [event.what for event in await members.history(reader, 1)] == [
            "marked it as channel furniture",
            "said that it is no channel furniture",
        ]
        assert await custody.verify(reader) == []


async def report(newsroom: Newsroom, day: int, elder: int) -> int:
    """A report of Astra that shares its first five seconds with the ``elder`` ones; its footage."""
    at = START + timedelta(days=day)
    return await newsroom.post(ASTRA, at=at, found=[(asset, INTRO) for asset in range(1, elder + 1)])


@pytest.fixture
async def reports(newsroom: Newsroom) -> list[Message]:
    """The cards of four reports of different days with one intro; the last of them gave it away."""
    for day in range(4):
        number = await report(newsroom, day, elder=day)
        await newsroom.shown(number if day in {0, 3} else 1)
        await newsroom.later(30)
    return [await newsroom.shown(number, "NEW") for number in range(1, 5)]


async def test_an_intro_is_learned(newsroom: Newsroom, reports: list[Message]) -> None:
    """Reports that share only an intro are no reposts of each other; a copy of one of them still is."""
    assert "2 copies" not in reports[0].text
    assert "Channel furniture: 0:00–0:05, learned from #F1, #F2, #F3 on 4 days: makes no matches" in reports[3].text

    whole = Match("same", True, 0.97, "motion", spans=(Span(0.0, 0.0, 17.0),))
    copy = await newsroom.post(SPRAVDI, at=START + timedelta(days=9), found=[(1, INTRO), (2, whole), (3, INTRO)])

    assert copy == 2
    await newsroom.shown(2, "REPOST #F2 · 2 copies in 2 channels")
    await newsroom.idle(but_waiting=True)
    async with newsroom.store.database.reader() as reader:
        assert [one.kind for number in (1, 3, 4) for one in await footage.findings(reader, number)] == [
            FindingKind.NEW
        ] * 3
        assert await custody.verify(reader) == []


async def test_what_was_learned_is_taken_back(newsroom: Newsroom, reports: list[Message]) -> None:
    """A lead says that the seconds are no furniture: they make matches again, and are not learned again."""
    card = reports[3]
    newsroom.olena.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "↩ 0:00–0:05 is no furniture" in str(card.labels))

    answer = await newsroom.olena.press(newsroom.group, card, "↩ 0:00–0:05 is no furniture").answered()

    assert answer.text == "Noted: no furniture, it makes matches"
    await newsroom.until(lambda: "Channel furniture" not in card.text)
    await newsroom.shown(1, "REPOST #F1 · 4 copies")
    await newsroom.later(30)
    await report(newsroom, 4, elder=4)
    await newsroom.shown(1, "REPOST #F1 · 5 copies")
    async with newsroom.store.database.reader() as reader:
        assert {one.rejected for asset in range(1, 6) for one in await furniture.in_asset(reader, asset)} == {True}


async def test_seconds_are_marked_by_hand(newsroom: Newsroom) -> None:
    """On a repost that shares a few seconds with another footage, a lead says that these are furniture."""
    for day in range(2):
        await report(newsroom, day, elder=day)
        await newsroom.later(30)
    card = await newsroom.shown(1, "REPOST #F1 · 2 copies")
    async with newsroom.store.database.reader() as reader:
        (stored,) = await footage.matches_of(reader, 2)
    press = Press(Act.FURNISH, 2, f"m{stored.match_id}")

    answers = [await newsroom.olena.forge_callback(card, press.pack()).answered() for _ in range(2)]

    assert [one.text for one in answers] == [
        "Noted: channel furniture, it makes no matches",
        "That is so already, or these seconds are too much of their files",
    ]
    await newsroom.shown(1, "NEW #F1", "Channel furniture: 0:00–0:05, marked by Olena")
    await newsroom.shown(2, "NEW #F2")
