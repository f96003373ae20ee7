"""Ten members at work on twenty footages at once: what stands is the sum of what was done, and can be taken back."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import groupby

import pytest

from bot.callbacks import Act, Press, word_key
from core.config import TeamMember
from core.model import Location, Verdict
from loopback.people import Person
from storage import custody, footage, jobs, members
from storage.database import Reader
from tests.bot.newsroom import Newsroom

TAGS = ("vehicles", "graphic", "radio intercept")
ROLES = ("lead", "lead", "lead", "lead", "tagger", "tagger", "tagger", "tagger", "viewer", "viewer")
FOOTAGES, BURSTS, BURST = 20, 5, 30


@dataclass(frozen=True, slots=True)
class State:
    """What stands about a footage."""

    tags: tuple[str, ...]
    verdict: Verdict
    claimed_by: str | None
    place: tuple[str, str, str] | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Team:
    """The newsroom with ten people and twenty footages."""

    newsroom: Newsroom
    people: tuple[Person, ...]
    numbers: tuple[int, ...]

    @property
    def card(self) -> object:
        """A card under which anybody can press."""
        return self.newsroom.card(self.numbers[0])


@pytest.fixture
async def team(stage: Newsroom) -> AsyncIterator[Team]:
    """Ten members of all roles in the group, twenty footages that were told of."""
    people = tuple(stage.world.chats.person(f"Member {number}") for number in range(len(ROLES)))
    for person in people:
        stage.world.chats.add(stage.group, person)
    listed = tuple(
        TeamMember(user_id=person.id, name=f"Member {number}", role=role)
        for number, (person, role) in enumerate(zip(people, ROLES, strict=True))
    )
    stage.config = stage.config.model_copy(update={"team": listed})
    async with stage.at_work():
        numbers = tuple([await stage.post(text=f"clip {place}") for place in range(FOOTAGES)])
        await stage.shown(numbers[0])
        yield Team(stage, people, numbers)


def wish(chance: random.Random, number: int) -> str:
    """The callback data of some button of some card, drawn at any time."""
    act = chance.choice([Act.TAG, Act.UNTAG, Act.TAG, Act.JUDGE, Act.CLAIM, Act.RELEASE, Act.TAKE_OVER, Act.UNDO])
    match act:
        case Act.TAG | Act.UNTAG:
            argument = word_key(chance.choice(TAGS))
        case Act.JUDGE:
            argument = chance.choice(list(Verdict))
        case Act.RELEASE | Act.TAKE_OVER:
            argument = word_key(f"Member {chance.randrange(10)}")
        case _:
            argument = ""
    return Press(act, number, argument).pack()


async def state_of(reader: Reader, number: int) -> State:
    """What stands about a footage now."""
    judged, place = await members.judgement(reader, number), await members.location(reader, number)
    return State(
        await members.tags(reader, number),
        judged.verdict if judged else Verdict.UNREVIEWED,
        await members.claimed_by(reader, number),
        _told(place) if place else None,
        tuple(note.text for note in await members.notes(reader, number)),
    )


def _told(place: Location) -> tuple[str, str, str]:
    return (place.name, place.precision, place.method)


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_stands_is_the_sum_of_what_was_done(team: Team, seed: int) -> None:
    """Presses of ten people in bursts: each is answered; the events add up to what stands, and are in custody."""
    chance, newsroom = random.Random(seed), team.newsroom
    card = newsroom.card(team.numbers[0])
    for _ in range(BURSTS):
        presses = [
            chance.choice(team.people).forge_callback(card, wish(chance, chance.choice(team.numbers)))
            for _ in range(BURST)
        ]
        answers = [await press.answered() for press in presses]
        assert all(answer.text for answer in answers)
        await newsroom.later(1)

    async with newsroom.store.database.reader() as reader:
        for number in team.numbers:
            assert await state_of(reader, number) == await replayed(reader, number)
        done = await reader.all('SELECT body FROM custody WHERE body LIKE \'%"kind":"member"%\'')
        events = Counter[str]()
        for table in ("tag_event", "verdict_event", "claim_event"):
            row = await reader.one(f"SELECT COUNT(*) AS n FROM {table}")
            assert row is not None
            events[table] = row["n"]
        assert await custody.verify(reader) == []
        assert await jobs.parked(reader) == ()
    assert min(events.values()) > 5
    assert len(done) == events.total()


async def replayed(reader: Reader, number: int) -> State:
    """The state that the events of a footage add up to; each event changed something."""
    tags: set[str] = set()
    for row in await reader.all("SELECT tag, added FROM tag_event WHERE footage_id = :id ORDER BY event_id", id=number):
        assert (row["tag"] in tags) != bool(row["added"])
        (tags.add if row["added"] else tags.discard)(row["tag"])
    rows = await reader.all("SELECT verdict FROM verdict_event WHERE footage_id = :id ORDER BY event_id", id=number)
    verdicts = [row["verdict"] for row in rows]
    assert [verdict for verdict, _ in groupby(["unreviewed", *verdicts])] == ["unreviewed", *verdicts]
    holder = None
    for row in await reader.all("SELECT * FROM claim_event WHERE footage_id = :id ORDER BY event_id", id=number):
        assert holder != (row["member"] if row["claimed"] else None)
        holder = row["member"] if row["claimed"] else None
    return State(tuple(sorted(tags)), Verdict(verdicts[-1] if verdicts else "unreviewed"), holder, None, ())


@pytest.mark.parametrize("seed", [4, 5])
async def test_every_act_can_be_taken_back(team: Team, seed: int) -> None:
    """After any act by any member, in any state that others left, that member's undo brings the state before back."""
    chance, newsroom = random.Random(seed), team.newsroom
    card, able = newsroom.card(team.numbers[0]), team.people[:4]
    undone = 0
    for step in range(30):
        number, person = chance.choice(team.numbers[:3]), chance.choice(able)
        before = await stands(newsroom, number)
        await act(newsroom, chance, person, number, step)
        after = await stands(newsroom, number)
        await newsroom.later(70)
        if before != after and step % 2:
            answer = await person.forge_callback(card, Press(Act.UNDO, number).pack()).answered()
            assert "undone" in answer.text, (answer.text, before, after)
            assert await stands(newsroom, number) == before
            undone += 1
    assert undone > 5


async def stands(newsroom: Newsroom, number: int) -> State:
    """What stands about a footage now."""
    async with newsroom.store.database.reader() as reader:
        return await state_of(reader, number)


async def act(newsroom: Newsroom, chance: random.Random, person: Person, number: int, step: int) -> None:
    """One act of one member, by command or button, done before this returns."""
    commands = (
        f"/tag F{number} {chance.choice(TAGS)}",
        f"/untag F{number} {chance.choice(TAGS)}",
        f"/verdict F{number} {chance.choice(['confirmed', 'unresolved', 'misattributed'])}",
        f"/claim F{number}",
        f"/place F{number} Place {chance.randrange(3)}; {chance.choice(['street', 'town'])}",
        f"/unplace F{number}",
        f"/note F{number} note {step}",
    )
    person.say(newsroom.group, chance.choice(commands))
    said = len(newsroom.group.messages)
    await newsroom.until(
        lambda: any(one.sender is newsroom.me.user for one in newsroom.group.messages[said:]),
    )


async def test_the_cards_follow(team: Team) -> None:
    """When everybody rests, every card that is brought shows what stands."""
    chance, newsroom = random.Random(6), team.newsroom
    card = newsroom.card(team.numbers[0])
    presses = [chance.choice(team.people[:8]).forge_callback(card, wish(chance, team.numbers[0])) for _ in range(60)]
    for press in presses:
        await press.answered()
    for _ in range(4):
        await newsroom.later(20)
    await newsroom.idle(but_waiting=True)

    stood = await stands(newsroom, team.numbers[0])
    text = newsroom.card(team.numbers[0]).text
    assert (f"Tags: {', '.join(stood.tags)}\n" in text + "\n") == bool(stood.tags)
    assert ("Claimed by" in text) == (stood.claimed_by is not None)
    assert f"Claimed by {stood.claimed_by}" in text or stood.claimed_by is None
    async with newsroom.store.database.reader() as reader:
        assert (await footage.footage(reader, team.numbers[0])) is not None
