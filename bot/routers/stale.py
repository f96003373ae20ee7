"""Presses that nobody else understands: buttons of an older form, of another program, or made up."""

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import words
from bot.access import Action, needs
from bot.desk import Desk
from bot.outgoing import shown
from storage import alerts


def router() -> Router:
    """The last of all conversations: it takes every press."""
    made = Router(name="stale")
    made.callback_query.register(press_stale, flags=needs(Action.STALE))
    return made


async def press_stale(query: CallbackQuery, desk: Desk) -> None:
    """Say that the button is out of date and bring the card it hangs on up to date."""
    message = shown(query)
    if message is not None:
        async with desk.store.database.transaction() as tx:
            alert = await alerts.by_message(tx, message.chat.id, message.message_id)
            if alert is not None:
                await desk.refresh(tx, alert.footage_id)
    await desk.outgoing.answer(query, words.OUT_OF_DATE())
