"""Places: by /place, by a reply with coordinates, a map link or a sent location, and by the buttons of a card.

What is written is a place, then perhaps how precise it is and how it was found, with semicolons between them.
"""

import re
from dataclasses import replace
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, Filter
from aiogram.types import CallbackQuery, Message

from bot import notices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press
from bot.cards import place_key, place_words
from bot.cleaning import line
from bot.desk import Desk, Pressed, answered_text, card_number
from bot.outgoing import shown
from bot.tongues import aloud
from core.clock import Clock
from core.ids import footage_label
from core.model import Location, Member
from core.places import read_place, read_point
from storage import members
from storage.database import Tx

LONGEST_NAME, LONGEST_METHOD = 80, 60  # units
_ASKED = re.compile(r"📍 #F(?P<id>\d{1,12}):")
_SIZE = re.compile(r"(?P<number>\d{1,4}(?:[.,]\d)?)\s*(?P<unit>m|km|м|км)", re.IGNORECASE)
_UNIT = {"м": "m", "км": "km"}


class Answers(Filter):
    """Lets through answers to the question where a footage is; with ``points`` also coordinates in reply to a card."""

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        """The footage that is meant, as ``placed``."""
        found = _ASKED.match(answered_text(message))
        if found is not None:
            return {"placed": int(found["id"])}
        number = card_number(message)
        pinned = message.location is not None or read_point(message.text or "") is not None
        return {"placed": number} if number is not None and pinned else False


def router() -> Router:
    """The conversation about places."""
    made = Router(name="places")
    made.message.register(write_place, Command("place", "unplace"), flags=needs(Action.LOCATE))
    made.message.register(pin_place, F.location, Answers(), flags=needs(Action.LOCATE))
    made.message.register(reply_place, F.text, ~F.text.startswith("/"), Answers(), flags=needs(Action.LOCATE))
    made.callback_query.register(press_place, Pressed(Act.PLACE), flags=needs(Action.LOCATE))
    return made


async def write_place(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/place F12 Sergeevka range 43.8012, 131.9540; building; satellite imagery."""
    number, written = await desk.meant(message, command.args)
    if number is None:
        return
    if command.command == "unplace":
        async with desk.store.database.transaction() as tx:
            notice = await _take_off(tx, desk, number, member)
        await desk.outgoing.reply(message, notice)
        return
    await _answer(message, number, read(written, member, desk.store.clock), member, desk)


async def reply_place(message: Message, placed: int, member: Member, desk: Desk) -> None:
    """Coordinates or a map link in reply to a card; anything in reply to the question where it is."""
    place = read(message.text or "", member, desk.store.clock)
    await _answer(message, placed, place, member, desk)


async def pin_place(message: Message, placed: int, member: Member, desk: Desk) -> None:
    """A location that a member sends in reply."""
    pin = message.location
    if pin is None:
        return
    name = line(message.venue.title, LONGEST_NAME) if message.venue else ""
    size = f"{pin.horizontal_accuracy:.0f} m" if pin.horizontal_accuracy else ""
    now = desk.store.clock.now()
    place = Location(name, pin.latitude, pin.longitude, size, member.name, now, words.PINNED.english)
    await _answer(message, placed, place, member, desk)


async def press_place(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Ask where it is, or change how precise and how found the place is that the button was drawn for."""
    message = shown(query)
    async with desk.store.database.transaction() as tx:
        number = await desk.present(tx, press.footage_id)
        if number is None or message is None:
            notice = words.OUT_OF_DATE()
        elif press.argument == "ask":
            notice = ""
        else:
            notice = await _press(tx, desk, number, press.argument, member)
    await desk.outgoing.answer(query, notice)
    if message is not None and number is not None and press.argument == "ask":
        with aloud():
            await desk.outgoing.reply(message, notices.ask_place(footage_label(number)))


def read(written: str, member: Member, clock: Clock) -> Location | None:
    """A place with precision and method from what a member wrote; nothing when it names no place."""
    where, *rest = (part.strip() for part in written.replace("\n", ";").split(";"))
    if rest and (pair := read_place(f"{where};{rest[0]}")) and pair.point and not read_place(where):
        where, rest = f"{where};{rest[0]}", rest[1:]
    place = read_place(where)
    if place is None:
        return None
    precision = next((size for part in rest if (size := _precision(part))), "")
    method = next((line(part, LONGEST_METHOD) for part in rest if part and not _precision(part)), "")
    name = line(place.name, LONGEST_NAME) if place.name else ""
    point = place.point
    latitude, longitude = (round(point.latitude, 6), round(point.longitude, 6)) if point else (None, None)
    return Location(name, latitude, longitude, precision, member.name, clock.now(), method)


def _precision(written: str) -> str:
    """How precise a place is, in the desk's own words or as a distance; empty for anything else."""
    plain = written.casefold().strip().removeprefix("±").strip()
    if found := _SIZE.fullmatch(plain):
        unit = found["unit"].casefold()
        return f"{found['number'].replace(',', '.')} {_UNIT.get(unit, unit)}"
    words_of = words.PRECISION_WORD.items()
    return next((word.english for name, word in words_of if plain in {name, *word.everywhere()}), "")


async def _answer(message: Message, number: int, place: Location | None, member: Member, desk: Desk) -> None:
    if place is None:
        await desk.outgoing.reply(message, words.WHAT_PLACE())
        return
    async with desk.store.database.transaction() as tx:
        here = await desk.present(tx, number)
        notice = await _locate(tx, desk, here, place, member) if here is not None else words.NO_FOOTAGE()
    await desk.outgoing.reply(message, notice)


async def _press(tx: Tx, desk: Desk, number: int, argument: str, member: Member) -> str:
    wish, _, key = argument.partition("-")
    standing = await members.location(tx, number)
    if standing is None or place_key(standing) != key:
        await desk.refresh(tx, number)
        return words.PLACE_CHANGED() if standing else words.NO_PLACE()
    if wish == "off":
        return await _take_off(tx, desk, number, member)
    if wish in words.PRECISION_WORD:
        return await _locate(tx, desk, number, replace(standing, precision=words.PRECISION_WORD[wish].english), member)
    if wish in words.METHOD_WORD:
        return await _locate(tx, desk, number, replace(standing, method=words.METHOD_WORD[wish].english), member)
    return words.OUT_OF_DATE()


async def _locate(tx: Tx, desk: Desk, number: int, place: Location, member: Member) -> str:
    changed = await members.locate(
        tx,
        number,
        place.name,
        place.latitude,
        place.longitude,
        place.precision,
        member,
        desk.store.clock.now(),
        method=place.method,
    )
    shown_as = "".join(str(part) if isinstance(part, str) else part.render()[0] for part in place_words(place))
    if changed:
        await desk.tell_followers(tx, number, member, "located it at {what}", shown_as)
    await desk.refresh(tx, number)
    return notices.located(footage_label(number), shown_as, changed=changed)


async def _take_off(tx: Tx, desk: Desk, number: int, member: Member) -> str:
    changed = await members.take_place_off(tx, number, member, desk.store.clock.now())
    await desk.refresh(tx, number)
    return notices.place_off(footage_label(number), changed=changed)
