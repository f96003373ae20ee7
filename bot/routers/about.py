"""/start and /help."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from bot import manual
from bot.access import Action, needs
from bot.desk import Desk


def router() -> Router:
    """The conversation about the bot itself."""
    made = Router(name="about")
    made.message.register(write_help, Command("start", "help"), flags=needs(Action.READ))
    return made


async def write_help(message: Message, desk: Desk) -> None:
    """What the bot does and understands."""
    await desk.outgoing.reply(message, manual.help_text())
