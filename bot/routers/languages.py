"""/language: which language the bot speaks here; alone everybody chooses, for a group its leads."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot import notices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press
from bot.desk import Desk, Pressed
from bot.outgoing import shown
from bot.tongues import LANGUAGES, known, speaking
from core.model import Member, Role
from storage import languages


def router() -> Router:
    """The conversation about the language itself."""
    made = Router(name="languages")
    made.message.register(write_language, Command("language"), flags=needs(Action.READ))
    made.callback_query.register(press_language, Pressed(Act.SPEAK), flags=needs(Action.READ))
    return made


async def write_language(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/language uk; alone it offers the languages as buttons."""
    language = known((command.args or "").strip())
    if language is None:
        await desk.outgoing.reply(message, words.WHICH_LANGUAGE(), _offer())
        return
    await desk.outgoing.reply(message, await _choose(message, language, member, desk))


async def press_language(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Speak the language on the button."""
    message, language = shown(query), known(press.argument)
    if message is None or language is None:
        await desk.outgoing.answer(query, words.OUT_OF_DATE())
        return
    await desk.outgoing.answer(query, await _choose(message, language, member, desk))


async def _choose(message: Message, language: str, member: Member, desk: Desk) -> str:
    if message.chat.type != "private" and member.role < Role.LEAD:
        return f"{notices.needs_role(Role.LEAD, member.role)} {words.FOR_YOURSELF()}"
    async with desk.store.database.transaction() as tx:
        await languages.choose(tx, message.chat.id, language)
    with speaking(language):
        return notices.language_set()


def _offer() -> InlineKeyboardMarkup:
    """A button per language, each by its own name."""
    row = [
        InlineKeyboardButton(text=name, callback_data=Press(Act.SPEAK, 0, code).pack())
        for code, name in LANGUAGES.items()
    ]
    return InlineKeyboardMarkup(inline_keyboard=[row])
