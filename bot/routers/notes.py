"""Notes: by /note, or by replying to a card. A time code at the beginning ties a note to a second of the footage."""

import re

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot import notices, words
from bot.access import Action, needs
from bot.cleaning import paragraph
from bot.desk import Desk, card_number
from core.ids import footage_label
from core.model import Member
from storage import members

LONGEST = 2000  # units
_TIMED = re.compile(r"(?:(?P<h>\d{1,2}):)?(?P<m>\d{1,3}):(?P<s>[0-5]\d)(?:\s+|$)")


def router() -> Router:
    """The conversation about notes."""
    made = Router(name="notes")
    made.message.register(write_note, Command("note"), flags=needs(Action.NOTE))
    made.message.register(reply_note, F.text, ~F.text.startswith("/"), card_number, flags=needs(Action.NOTE))
    return made


async def write_note(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/note F12 0:12 the same gate."""
    number, written = await desk.meant(message, command.args)
    if number is not None:
        await _note(message, number, written, member, desk)


async def reply_note(message: Message, member: Member, desk: Desk) -> None:
    """Whatever is written in reply to a card is a note on its footage."""
    number, written = await desk.meant(message, f"F{card_number(message)} {message.text}")
    if number is not None:
        await _note(message, number, written, member, desk)


def timed(written: str) -> tuple[float | None, str]:
    """The second that a note begins with, and its words."""
    found = _TIMED.match(written)
    if found is None:
        return None, written
    seconds = 3600 * int(found["h"] or 0) + 60 * int(found["m"]) + int(found["s"])
    return float(seconds), written[found.end() :]


async def _note(message: Message, number: int, written: str, member: Member, desk: Desk) -> None:
    second, rest = timed(written)
    text = paragraph(rest, LONGEST)
    if not text:
        await desk.outgoing.reply(message, words.WHAT_NOTE())
        return
    async with desk.store.database.transaction() as tx:
        await members.note(tx, number, text, second, member, desk.store.clock.now())
        await desk.refresh(tx, number)
    await desk.outgoing.reply(message, notices.noted(footage_label(number), second))
