"""Reviews: members say that a match is wrong, or that a possible one is right. Both can be taken back."""

from aiogram import Router
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup

from bot import notices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press
from bot.desk import Desk, Pressed
from bot.outgoing import shown
from bot.tongues import aloud
from core.ids import footage_label
from core.model import Member
from pipeline import review
from storage.database import Tx


def router() -> Router:
    """The conversation about matches."""
    made = Router(name="reviews")
    made.callback_query.register(press_reject, Pressed(Act.REJECT), flags=needs(Action.REVIEW))
    made.callback_query.register(press_accept, Pressed(Act.ACCEPT), flags=needs(Action.REVIEW))
    made.callback_query.register(press_rejoin, Pressed(Act.REJOIN), flags=needs(Action.REVIEW))
    return made


async def press_reject(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Not a match: of this copy with the rest, or of this footage with another."""
    what, number = press.argument[:1], _number(press.argument)
    async with desk.store.database.transaction() as tx:
        now, here = desk.store.clock.now(), await desk.present(tx, press.footage_id)
        other = await desk.present(tx, number) if what == "f" else None
        if here is None:
            done = False
        elif what == "f" and other is not None:
            done = await review.reject_footage(tx, here, other, member, now)
        else:
            done = what == "a" and await review.reject_copy(tx, here, number, member, now)
        await _refresh(tx, desk, here, other)
    await desk.outgoing.answer(query, words.REJECTED() if done else words.NO_MATCH_HERE())
    message = shown(query)
    if done and message is not None and here is not None:
        other_label = footage_label(number) if what == "f" else None
        with aloud():
            notice = notices.rejected(footage_label(here), other_label, member.name)
            await desk.outgoing.reply(message, notice, _undo_button(here, press.argument))


async def press_accept(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """A possible repost is one: its footage becomes part of the other."""
    async with desk.store.database.transaction() as tx:
        here = await desk.present(tx, press.footage_id)
        other = await desk.present(tx, _number(press.argument))
        done = False
        if here is not None and other is not None:
            done = await review.join(tx, here, other, member, desk.store.clock.now())
        await _refresh(tx, desk, here, other)
    notice = notices.joined(footage_label(here or 0), footage_label(other or 0)) if done else words.NO_MATCH_HERE()
    await desk.outgoing.answer(query, notice)


async def press_rejoin(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Take a rejection back."""
    what, number = press.argument[:1], _number(press.argument)
    async with desk.store.database.transaction() as tx:
        now, here = desk.store.clock.now(), await desk.present(tx, press.footage_id)
        other = await desk.present(tx, number) if what == "f" else None
        if here is None:
            done = False
        elif what == "f" and other is not None:
            done = await review.restore_footage(tx, here, other, member, now)
        else:
            done = what == "a" and await review.restore_copy(tx, here, number, member, now)
        await _refresh(tx, desk, here, other)
    await desk.outgoing.answer(query, words.RESTORED() if done else words.NOTHING_TO_UNDO())


async def _refresh(tx: Tx, desk: Desk, *numbers: int | None) -> None:
    for number in dict.fromkeys(numbers):
        if number is not None:
            await desk.refresh(tx, number)


def _number(argument: str) -> int:
    return int(argument[1:]) if argument[1:].isdigit() else 0


def _undo_button(footage_id: int, argument: str) -> InlineKeyboardMarkup:
    button = InlineKeyboardButton(text=words.TAKE_BACK(), callback_data=Press(Act.REJOIN, footage_id, argument).pack())
    return InlineKeyboardMarkup(inline_keyboard=[[button]])
