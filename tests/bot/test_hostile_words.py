"""Hostile words in every place where foreign words reach a message: nothing breaks, nothing poses as ours, all fits."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from aiogram.utils.formatting import Text

from bot.answers import compose_answer
from bot.cards import CAPTION_LIMIT, TEXT_LIMIT, CardView, compose
from bot.cleaning import units
from bot.digests import digest_text
from bot.questions import Unclear, read_question
from bot.recaps import recap_text
from bot.rings import Wanted, ring_text
from bot.routers.places import read
from bot.spreading import spread_picture
from bot.stories import evidence, history, timeline
from core.clock import Clock
from core.model import Alert, DeliveryState, Forward, Location, Member, Note, Role
from loopback.wording import Style, Words, finished
from pipeline.lookup import Hit, LookUpAnswer, Searched
from storage import custody, jobs
from storage.members import Event
from storage.relabels import Relabel
from storage.rings import Ring
from tests.bot.hostile import HOSTILE, HOSTILE_BY_NAME
from tests.bot.newsroom import ASTRA, PARA_PAX, START, Newsroom
from tests.bot.test_cards import NOW, accepted, crowded, seen, view

pytestmark = pytest.mark.usefixtures("gazetteer")
PLACES = ("caption", "title", "member", "tag", "note", "place", "forward")
NAMES = tuple(HOSTILE_BY_NAME)
NONE = Searched(0, 0, None)


def placed(words: str, place: str) -> CardView:
    """A card of a relabelled copy with these words in one place."""
    told = replace(seen(2, "Astra"), forward=Forward(5, 6, NOW, words)) if place == "forward" else seen(2, "Astra")
    told = replace(told, text=words) if place == "caption" else told
    told = replace(told, channel=replace(told.channel, title=words)) if place == "title" else told
    member = words if place == "member" else "Olena"
    return view(
        seen(1),
        told,
        tags=(words,) if place == "tag" else (),
        notes=(Note(1, words if place == "note" else "gate", member, NOW, 12.0),),
        location=Location(words if place == "place" else "range", 43.8, 131.9, "town", member, NOW, words),
        claimed_by=member,
        relabels=(Relabel("place", words, words, "x"),),
    )


def pages(words: str) -> Iterator[Text]:
    """Every text but the card that shows foreign words."""
    told = seen(1, words, words)
    told = replace(told, forward=Forward(5, 6, NOW, words), asset=replace(told.asset, reason=words))
    card = replace(crowded(words, words), told=told)
    ring = Ring(1, 1, 1, "relabel", DeliveryState.READY, 1)
    alert = Alert(1, 12, -100, None, 5, 1, 1, DeliveryState.SENT, loud=True)
    yield digest_text([card] * 8, (7, "f" * 64))
    yield recap_text([(card, words)] * 8)
    yield timeline(12, [told] * 40)
    yield evidence(12, [told] * 40, (7, "f" * 64))
    yield history(12, [Event(NOW, words, "noted {what}", words)] * 60)
    yield ring_text(Wanted(ring, alert, 12, told, (Relabel("date", words, words, "x"),) * 4), repeated=True)


def fits(text: str, styles: tuple[Style, ...]) -> None:
    """What Telegram would say to these words: within its limit, entities valid, nothing invisible left."""
    taken = finished(Words(text, styles))
    assert 0 < units(taken.text) <= TEXT_LIMIT
    assert not {"\u202e", "\0", "\u200b", "\x1b", "\r", "\u2028"} & set(text)


def test_there_are_forty_eight() -> None:
    """The list is what it says: 48 different texts, the empty one among them."""
    assert len(set(HOSTILE)) == len(HOSTILE) == 48


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_cards_hold_in_every_place(name: str, place: str) -> None:
    """Each text in each of seven places: the card fits, its entities hold, its first line is ours alone."""
    for limit in (CAPTION_LIMIT, TEXT_LIMIT):
        card = compose(placed(HOSTILE_BY_NAME[name], place), limit=limit)

        accepted(card, limit)
        first, second = card.text.split("\n")[:2]
        assert first == "NEW #F12 · 2 copies in 2 channels"
        assert second.startswith("⚠ RELABEL names ")
        assert "/untag" not in card.text
        assert "/verdict" not in card.text


@pytest.mark.parametrize("name", NAMES)
def test_longer_texts_hold(name: str) -> None:
    """Digest, recap, timeline, evidence, history and alarms stay whole whatever they quote."""
    for page in pages(HOSTILE_BY_NAME[name]):
        text, entities = page.render()
        fits(text, tuple(Style(one.type, one.offset, one.length, one.url or "") for one in entities))


@pytest.mark.parametrize("name", NAMES)
def test_answers_and_questions_hold(name: str) -> None:
    """An answer that quotes the text, a question and a place that are the text: all are read or refused."""
    words = HOSTILE_BY_NAME[name]
    hit = Hit(12, 1, "same", True, 0.9, (), False, True, True, seen(1, words, words))
    answers = (
        LookUpAnswer("seen", (hit,) * 4, Searched(1, 1, START)),
        LookUpAnswer("unreadable", (), NONE, None, words),
    )
    for answer in answers:
        card = compose_answer(answer)
        fits(card.text, tuple(Style(one.type, one.offset, one.length, one.url or "") for one in card.entities))
    with suppress(Unclear):
        read_question(words)
    place = read(words, Member(1, "Olena", Role.LEAD), Clock())
    assert place is None or units(place.name) <= 80


@pytest.mark.parametrize("name", NAMES)
async def test_the_spread_picture_can_be_drawn(name: str) -> None:
    """Channels with any name are drawn."""
    words = HOSTILE_BY_NAME[name]
    told = replace(seen(2, words), forward=Forward(None, None, None, words))
    assert await spread_picture(12, [seen(1, words), told])


@pytest.mark.parametrize("chunk", range(6))
async def test_the_whole_desk_holds(newsroom: Newsroom, chunk: int) -> None:
    """In the chat: captions, titles, forwards, tags, notes, places, wishes and questions leave all in order."""
    some = [words for words in HOSTILE[chunk::6] if not any("\ud800" <= sign <= "\udfff" for sign in words)]
    for words in some:
        channel = replace(ASTRA, title=words[:200] or "x")
        number = await newsroom.post(channel, words)
        await newsroom.post(PARA_PAX, f"{words} Kursk", of=number, forward=Forward(5, 6, START, words[:200]))
        for command in ("tag", "note", "place"):
            newsroom.taras.say(newsroom.group, f"/{command} F{number} {words[:300]}")
        for command in ("follow", "find"):
            newsroom.olena.say(newsroom.group, f"/{command} {words[:300]}")
        await newsroom.shown(number, "2 copies")
        for _ in range(3):
            await newsroom.later(60)

    await newsroom.idle(but_waiting=True)
    async with newsroom.store.database.reader() as reader:
        assert await jobs.parked(reader) == ()
        assert await custody.verify(reader) == []
        assert await reader.all("SELECT * FROM verdict_event") == []
    ours = [one for one in newsroom.group.messages if one.sender is newsroom.me.user]
    assert len(ours) > len(some)
    assert all(units(one.text) <= TEXT_LIMIT for one in ours)
    assert "Something went wrong" not in str([one.text for one in ours])
