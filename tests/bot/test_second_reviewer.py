"""Verdicts that hold only once a second member agrees."""

from collections.abc import AsyncIterator

import pytest

from core.config import TeamMember
from core.model import Verdict
from loopback.people import Person
from storage import custody, members
from tests.bot.newsroom import Newsroom


@pytest.fixture
async def careful(stage: Newsroom) -> AsyncIterator[tuple[Newsroom, Person]]:
    """A newsroom where what is confirmed needs two, and its second lead."""
    marc = stage.world.chats.person("Marc")
    stage.world.chats.add(stage.group, marc)
    section = stage.config.bot.model_copy(update={"second_reviewer": (Verdict.CONFIRMED,)})
    team = (*stage.config.team, TeamMember(user_id=marc.id, name="Marc", role="lead"))
    stage.config = stage.config.model_copy(update={"bot": section, "team": team})
    async with stage.at_work():
        yield stage, marc


async def test_a_verdict_awaits_another_member(careful: tuple[Newsroom, Person]) -> None:
    """The first can't agree with themselves; the second makes it hold, may take that back, and is protected."""
    newsroom, marc = careful
    number = await newsroom.post()
    card = await newsroom.shown(number)
    newsroom.olena.press(newsroom.group, card, "⚖ Verdict")
    await newsroom.until(lambda: "confirmed" in str(card.labels))

    pressed = newsroom.olena.press(newsroom.group, card, "confirmed")
    assert "awaits a second reviewer" in (await pressed.answered()).text
    await newsroom.shown(number, "Verdict: confirmed, Olena", "⏳ awaiting second reviewer")
    await newsroom.until(lambda: "⏳ confirmed" in str(card.labels))
    newsroom.olena.press(newsroom.group, card, "⏳ confirmed")
    marc.press(newsroom.group, card, "⏳ confirmed")
    await newsroom.shown(number, "Marc agrees")
    assert "awaiting" not in card.text

    await newsroom.until(lambda: "↩ Undo mine" in str(card.labels))
    refused = newsroom.olena.press(newsroom.group, card, "↩ Undo mine")
    assert "nothing of yours" in (await refused.answered()).text
    undone = marc.press(newsroom.group, card, "↩ Undo mine")
    assert "undone: agreed: confirmed" in (await undone.answered()).text
    await newsroom.shown(number, "awaiting second reviewer")

    async with newsroom.store.database.reader() as reader:
        deeds = [(event.member, event.what) for event in await members.history(reader, number)]
        assert await custody.verify(reader) == []
    assert deeds == [
        ("Olena", "judged confirmed"),
        ("Marc", "agreed: confirmed"),
        ("Marc", "no longer agrees: confirmed"),
    ]


async def test_other_verdicts_hold_at_once(careful: tuple[Newsroom, Person]) -> None:
    """Only what the configuration names needs two; an undo brings a waiting verdict back as one that waits."""
    newsroom, _ = careful
    number = await newsroom.post()
    card = await newsroom.shown(number)
    for verdict in ("confirmed", "unresolved"):
        newsroom.olena.say(newsroom.group, f"/verdict F{number} {verdict}")
        await newsroom.shown(number, f"Verdict: {verdict}")
    assert "awaiting" not in card.text

    newsroom.olena.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "↩ Undo mine" in str(card.labels))
    newsroom.olena.press(newsroom.group, card, "↩ Undo mine")

    await newsroom.shown(number, "Verdict: confirmed", "awaiting second reviewer")
