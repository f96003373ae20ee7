"""The rows of choices that a card opens and closes, and taking back one's own last act."""

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import notices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press
from bot.cleaning import line
from bot.desk import Desk, Pressed
from bot.outgoing import shown
from bot.pace import Lane, Pace
from core.ids import footage_label
from core.model import Member
from storage import alerts, jobs, members


def router() -> Router:
    """The conversation with a card itself."""
    made = Router(name="menus")
    made.callback_query.register(press_menu, Pressed(Act.MENU), flags=needs(Action.READ))
    made.callback_query.register(press_undo, Pressed(Act.UNDO), flags=needs(Action.TAG))
    return made


async def press_menu(query: CallbackQuery, press: Press, desk: Desk, pace: Pace) -> None:
    """Open a menu on the card, or close it; the card itself follows by its delivery."""
    message = shown(query)
    if message is None:
        return
    async with desk.store.database.transaction() as tx:
        alert = await alerts.by_message(tx, message.chat.id, message.message_id)
        if alert is not None:
            desk.menus.open(alert.alert_id, press.argument)
            await jobs.enqueue(tx, "deliver", str(alert.alert_id))
    wait = pace.wait(message.chat.id, Lane.ANSWER)
    notice = words.REPEATED_CARD() if alert is None else notices.budget_wait(wait) if wait > 1 else ""
    await desk.outgoing.answer(query, notice)


async def press_undo(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Take back one's own newest tag, verdict, claim, place or note."""
    async with desk.store.database.transaction() as tx:
        number = await desk.present(tx, press.footage_id)
        undone = await members.undo(tx, number, member, desk.store.clock.now()) if number else None
        if number is not None:
            await desk.refresh(tx, number)
    label = footage_label(number or press.footage_id)
    await desk.outgoing.answer(
        query,
        notices.undone(label, line(words.deed(undone.act, undone.about), 80)) if undone else words.NOTHING_TO_UNDO(),
    )
