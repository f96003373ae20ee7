"""/cards: compact or full cards in this chat; alone everybody chooses, for a group its leads."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot import notices, words
from bot.access import Action, needs
from bot.desk import Desk
from core.model import Member, Role
from storage import forms


def router() -> Router:
    """The conversation about how cards look."""
    made = Router(name="forms")
    made.message.register(write_form, Command("cards"), flags=needs(Action.READ))
    return made


async def write_form(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/cards compact, /cards full; each card follows when it is next amended."""
    form = (command.args or "").strip().casefold()
    if form not in {forms.COMPACT, forms.FULL}:
        await desk.outgoing.reply(message, words.WHICH_FORM())
        return
    if message.chat.type != "private" and member.role < Role.LEAD:
        await desk.outgoing.reply(message, f"{notices.needs_role(Role.LEAD, member.role)} {words.FOR_YOURSELF()}")
        return
    async with desk.store.database.transaction() as tx:
        await forms.choose(tx, message.chat.id, form)
    await desk.outgoing.reply(message, words.CARDS_COMPACT() if form == forms.COMPACT else words.CARDS_FULL())
