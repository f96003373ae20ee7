"""Claims: who works on a footage, so that two do not do the same."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import notices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press, word_key
from bot.cleaning import line
from bot.desk import Desk, Pressed
from core.ids import footage_label
from core.model import Member, Role
from storage import members
from storage.database import Tx


def router() -> Router:
    """The conversation about claims."""
    made = Router(name="claims")
    made.callback_query.register(press_claim, Pressed(Act.CLAIM, Act.TAKE_OVER, Act.RELEASE), flags=needs(Action.CLAIM))
    made.message.register(write_claim, Command("claim", "release"), flags=needs(Action.CLAIM))
    return made


async def press_claim(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Claim, release or take over, if the claim still stands as the button showed it."""
    async with desk.store.database.transaction() as tx:
        number = await desk.present(tx, press.footage_id)
        holder = await members.claimed_by(tx, number) if number else None
        if number is None:
            notice = words.OUT_OF_DATE()
        elif (
            holder is not None
            and (press.act is Act.CLAIM or word_key(holder) != press.argument)
            and holder != member.name
        ):
            notice = notices.claimed_already(footage_label(number), line(holder, 32))
            await desk.refresh(tx, number)
        else:
            notice = await _claim(tx, desk, number, member, claimed=press.act is not Act.RELEASE)
    await desk.outgoing.answer(query, notice)


async def write_claim(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/claim F12 and /release F12; writing it out is taking over, too."""
    number, _ = await desk.meant(message, command.args)
    if number is None:
        return
    async with desk.store.database.transaction() as tx:
        notice = await _claim(tx, desk, number, member, claimed=command.command == "claim")
    await desk.outgoing.reply(message, notice)


async def _claim(tx: Tx, desk: Desk, number: int, member: Member, *, claimed: bool) -> str:
    holder = await members.claimed_by(tx, number)
    if not claimed and holder is not None and holder != member.name and member.role < Role.LEAD:
        return notices.not_yours(footage_label(number), line(holder, 32))
    await members.claim(tx, number, claimed, member, desk.store.clock.now())
    await desk.refresh(tx, number)
    return notices.claimed(footage_label(number), claimed=claimed)
