"""Channel furniture: intros and end cards that are marked stop making matches, and make them again when unmarked."""

from datetime import timedelta

import pytest

from core.model import FindingKind
from fingerprints.compare import Match, Span
from loopback.chat_nouns import Message
from pipeline.match import refile
from storage import custody, footage, members
from tests.bot.newsroom import ASTRA, START, Newsroom

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
