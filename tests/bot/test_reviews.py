"""Not a match, and is one after all: footage parts and joins, is remembered, and can be taken back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.model import FindingKind
from fingerprints.compare import Match, Span
from loopback.chat_nouns import Message
from storage import custody, footage
from tests.bot.newsroom import ASTRA, PARA_PAX, SPRAVDI, START, Newsroom, excerpt

SAME = Match("same", True, 0.9, "motion", spans=(Span(0.0, 0.0, 17.0),))


@pytest.fixture
async def card(newsroom: Newsroom) -> Message:
    """The card of footage 1, which a repost joined."""
    number = await newsroom.post(SPRAVDI)
    await newsroom.shown(number)
    await newsroom.post(ASTRA, of=number, at=START + timedelta(hours=1), match=excerpt())
    await newsroom.later(5)
    return await newsroom.shown(number, "REPOST")


async def test_not_a_match_parts_the_copy(newsroom: Newsroom, card: Message) -> None:
    """The lead says which copy does not belong; it gets a card of its own, and the first is NEW again."""
    newsroom.olena.press(newsroom.group, card, "≠ Not a match")
    await newsroom.until(lambda: "≠ Astra" in str(card.labels))

    newsroom.olena.press(newsroom.group, card, "≠ Astra, 18 Oct 2024 10:00 UTC")

    await newsroom.until(lambda: card.text.startswith("NEW #F1\nSPRAVDI"))
    own = await newsroom.shown(2, "NEW #F2")
    assert "Astra" in own.text
    async with newsroom.store.database.reader() as reader:
        assert await footage.rejected(reader, 2) == {1}
        assert await custody.verify(reader) == []


async def test_a_rejection_is_taken_back(newsroom: Newsroom, card: Message) -> None:
    """Under the notice of a rejection stands a button that undoes it; both cards then tell of one footage."""
    newsroom.olena.press(newsroom.group, card, "≠ Not a match")
    await newsroom.until(lambda: "≠ Astra" in str(card.labels))
    newsroom.olena.press(newsroom.group, card, "≠ Astra, 18 Oct 2024 10:00 UTC")
    await newsroom.shown(2, "NEW #F2")
    notice = await newsroom.said("Olena: one copy is not #F1")

    newsroom.olena.press(newsroom.group, notice, "↩ It is a match after all")

    await newsroom.until(lambda: card.text.startswith("REPOST #F1 · 2 copies"))
    async with newsroom.store.database.reader() as reader:
        assert await footage.rejected(reader, 2) == frozenset()
        joined = await footage.footage(reader, 2)
    assert joined is not None
    assert joined.footage_id == 1


async def test_a_tagger_does_not_part_footage(newsroom: Newsroom, card: Message) -> None:
    """Parting footage takes a lead."""
    newsroom.taras.press(newsroom.group, card, "≠ Not a match")
    await newsroom.until(lambda: "≠ Astra" in str(card.labels))

    answer = await newsroom.taras.press(newsroom.group, card, "≠ Astra, 18 Oct 2024 10:00 UTC").answered()

    assert answer.text == "This takes a lead; you are a tagger."
    assert card.text.startswith("REPOST")


@pytest.fixture
async def possible(newsroom: Newsroom) -> Message:
    """The card of footage 2, a possible repost of footage 1."""
    elder = await newsroom.post(SPRAVDI)
    await newsroom.shown(elder)
    younger = await newsroom.post(
        ASTRA,
        of=elder,
        kind=FindingKind.POSSIBLE,
        parts=(elder,),
        match=excerpt(certain=False),
        at=START + timedelta(hours=2),
    )
    return await newsroom.shown(younger, "POSSIBLE REPOST")


async def test_a_possible_repost_is_rejected_and_restored(newsroom: Newsroom, possible: Message) -> None:
    """A wrong likeness is rejected with one press and the card becomes NEW; taken back, it is possible again."""
    newsroom.olena.press(newsroom.group, possible, "≠ Not a match")
    await newsroom.until(lambda: "≠ not #F1" in str(possible.labels))
    newsroom.olena.press(newsroom.group, possible, "≠ not #F1")
    await newsroom.until(lambda: possible.text.startswith("NEW #F2"))
    notice = await newsroom.said("Olena: #F2 and #F1 do not show the same")

    newsroom.olena.press(newsroom.group, notice, "↩ It is a match after all")

    await newsroom.until(lambda: possible.text.startswith("POSSIBLE REPOST #F2"))


async def test_a_possible_repost_is_accepted(newsroom: Newsroom, possible: Message) -> None:
    """A lead who sees the same recording joins both footages; tags and notes travel along."""
    newsroom.taras.say(newsroom.group, "/tag F2 vehicles")
    await newsroom.shown(2, "Tags: vehicles")
    newsroom.olena.press(newsroom.group, possible, "≠ Not a match")
    await newsroom.until(lambda: "＝ Same footage as #F1" in str(possible.labels))

    answer = await newsroom.olena.press(newsroom.group, possible, "＝ Same footage as #F1").answered()

    assert answer.text == "#F2 is part of #F1 now"
    await newsroom.until(lambda: "#F2 turned out to be the same recording" in possible.text)
    elder = newsroom.group.messages[0]
    await newsroom.until(lambda: elder.text.startswith("REPOST #F1 · 2 copies"))
    assert "Tags: vehicles" in elder.text


async def test_a_third_copy_does_not_bridge_what_was_told_apart(newsroom: Newsroom) -> None:
    """A copy that looks like both joins one of two footages that a lead told apart, whatever it looks like."""
    first = await newsroom.post(SPRAVDI)
    assert await newsroom.post(ASTRA, at=START + timedelta(hours=1), found=[(1, SAME)]) == first
    await newsroom.shown(first, "2 copies")
    card = newsroom.card(first)
    newsroom.olena.press(newsroom.group, card, "≠ Not a match")
    await newsroom.until(lambda: "≠ Astra" in str(card.labels))
    newsroom.olena.press(newsroom.group, card, "≠ Astra, 18 Oct 2024 10:00 UTC")
    await newsroom.shown(2, "NEW #F2")
    await newsroom.later(60)

    third = [(1, SAME), (2, replace(SAME, strength=0.99))]
    assert await newsroom.post(PARA_PAX, at=START + timedelta(hours=2), found=third) == 2
    assert await newsroom.post(PARA_PAX, at=START + timedelta(hours=3), found=[(1, SAME), (3, SAME)]) == first

    await newsroom.shown(2, "REPOST #F2 · 2 copies in 2 channels")
    await newsroom.shown(first, "REPOST #F1 · 2 copies in 2 channels")
    async with newsroom.store.database.reader() as reader:
        assert await footage.told_apart(reader, first) == {2}
        assert [finding.parts for number in (1, 2) for finding in await footage.findings(reader, number)] == [()] * 4


async def test_what_was_linked_and_parted_stays_apart(newsroom: Newsroom) -> None:
    """Taking a link apart says that two footages differ; linking them again says that they do not."""
    for channel in (SPRAVDI, ASTRA):
        await newsroom.post(channel)
    newsroom.olena.say(newsroom.group, "/link F1 F2")
    linked = await newsroom.said("#F2 is part of #F1 now")
    await newsroom.later(60)
    await newsroom.olena.press(newsroom.group, linked, "↩ Take apart again").answered()

    assert await newsroom.post(PARA_PAX, found=[(1, SAME), (2, SAME)]) == 1

    async with newsroom.store.database.reader() as reader:
        assert [await footage.told_apart(reader, number) for number in (1, 2)] == [{2}, {1}]
    newsroom.olena.say(newsroom.group, "/link F1 F2")
    await newsroom.shown(1, "3 copies")
