"""Joining the team by a link: one person, once, in time, as it was meant; and who belongs to it."""

import re

from core.model import Role
from loopback.people import Person
from storage import custody, members
from tests.bot.newsroom import Newsroom


async def invitation(newsroom: Newsroom, role: str = "tagger") -> str:
    """The payload of a link that a lead asked for."""
    newsroom.olena.say(newsroom.me, f"/invite {role}")
    told = await newsroom.said("For one person", chat=newsroom.olena.chat_with(newsroom.me))
    found = re.search(r"start=(join-[\w-]{32})", told.text)
    assert found is not None
    return found[1]


async def opens(newsroom: Newsroom, person: Person, payload: str, *words: str) -> None:
    """Somebody opens a link and is told these words."""
    person.start(newsroom.me, payload)
    await newsroom.said(*words, chat=person.chat_with(newsroom.me))


async def test_a_link_makes_one_person_a_member(newsroom: Newsroom) -> None:
    """Who opens it first is a member of its role under a name of their own, also after a restart; the next is not."""
    anna, mallory = newsroom.world.chats.person("Olena"), newsroom.world.chats.person("Mallory")
    payload = await invitation(newsroom)

    await opens(newsroom, anna, payload, "you are a tagger")
    await opens(newsroom, mallory, payload, "This invitation was used")
    await opens(newsroom, newsroom.ivan, payload, "You belong to the team already")

    async with newsroom.store.database.transaction() as tx:
        team = [await members.member(tx, one.id) for one in (newsroom.olena, newsroom.taras, newsroom.ivan)]
        await members.seed(tx, [one for one in team if one], newsroom.store.clock.now())
        joined = await members.member(tx, anna.id)
        assert joined is not None
        assert (joined.name, joined.role, joined.active) == ("Olena 2", Role.TAGGER, True)
        assert await members.member(tx, mallory.id) is None
        assert await custody.verify(tx) == []


async def test_a_link_can_be_taken_back_and_expires(newsroom: Newsroom) -> None:
    """Neither a revoked nor an old link lets anybody in; a made-up one is not even answered."""
    mallory = newsroom.world.chats.person("Mallory")
    private = newsroom.olena.chat_with(newsroom.me)
    payload = await invitation(newsroom)
    press = newsroom.olena.press(newsroom.me, await newsroom.said("For one person", chat=private), "✕ Take back")
    assert (await press.answered()).text == "The invitation is taken back."
    await opens(newsroom, mallory, payload, "has expired")

    payload = await invitation(newsroom, "lead")
    mallory.start(newsroom.me, "join-" + 32 * "x")
    await newsroom.later(3 * 86_400)
    mallory.start(newsroom.me, payload)

    private = mallory.chat_with(newsroom.me)
    await newsroom.until(lambda: len([one for one in private.messages if one.sender is newsroom.me.user]) == 2)
    async with newsroom.store.database.reader() as reader:
        assert await members.member(reader, mallory.id) is None


async def test_nobody_invites_above_themselves_or_in_public(newsroom: Newsroom) -> None:
    """A lead can't make an admin, a tagger nobody, and no link is ever written into a group."""
    newsroom.olena.say(newsroom.me, "/invite admin")
    await newsroom.said("higher role", chat=newsroom.olena.chat_with(newsroom.me))
    newsroom.taras.say(newsroom.me, "/invite viewer")
    await newsroom.said("This takes a lead", chat=newsroom.taras.chat_with(newsroom.me))

    newsroom.olena.say(newsroom.group, "/invite viewer")
    await newsroom.said("in private")

    assert not any("start=" in message.text for message in newsroom.group.messages)


async def test_leads_take_out_who_was_invited(newsroom: Newsroom) -> None:
    """/team names everybody; who came by a link can be taken out by a button, and is a stranger from then on."""
    anna = newsroom.world.chats.person("Anna")
    private = newsroom.olena.chat_with(newsroom.me)
    await opens(newsroom, anna, await invitation(newsroom), "you are a tagger")
    newsroom.olena.say(newsroom.me, "/team")
    listed = await newsroom.said("Anna · tagger", chat=private)
    assert [label for row in listed.labels for label in row] == ["✕ Anna"]

    newsroom.olena.press(newsroom.me, listed, "✕ Anna")
    await newsroom.until(lambda: "Anna" not in listed.text)

    async with newsroom.store.database.reader() as reader:
        person = await members.member(reader, anna.id)
    assert person is not None
    assert not person.active
