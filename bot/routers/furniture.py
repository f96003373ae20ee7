"""Channel furniture: members say that footage or a stretch of it is an intro or an end card. It can be taken back."""

from datetime import datetime

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import notices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press
from bot.desk import Desk, Pressed
from core.ids import footage_label
from core.model import Member
from pipeline import furnishing
from storage.database import Tx


def router() -> Router:
    """The conversation about what makes no matches."""
    made = Router(name="furniture")
    made.callback_query.register(press_mark, Pressed(Act.FURNISH, Act.UNFURNISH), flags=needs(Action.REVIEW))
    return made


async def press_mark(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Mark a whole footage or what it shares with another, or take that back."""
    wanted, what = press.act is Act.FURNISH, press.argument[:1]
    async with desk.store.database.transaction() as tx:
        number = await desk.present(tx, press.footage_id)
        if number is None:
            notice = words.OUT_OF_DATE()
        elif what:
            changed = await _turn_stretch(tx, press, member, desk.store.clock.now())
            notice = notices.stretch_turned(furniture=wanted, changed=changed)
        else:
            turn = furnishing.mark if wanted else furnishing.unmark
            changed = await turn(tx, number, member, desk.store.clock.now())
            notice = notices.furnished(footage_label(number), furniture=wanted, changed=changed)
        if number is not None:
            await desk.refresh(tx, number)
    await desk.outgoing.answer(query, notice)


async def _turn_stretch(tx: Tx, press: Press, member: Member, now: datetime) -> bool:
    """The seconds of a match, or those that were learned; false when nothing changes."""
    what, number = press.argument[:1], press.argument[1:]
    if not number.isdecimal():
        return False
    if press.act is Act.UNFURNISH:
        return what == "s" and await furnishing.reject(tx, int(number), member, now)
    if what == "m":
        return await furnishing.mark_stretch(tx, int(number), member, now)
    return what == "s" and await furnishing.restore(tx, int(number), member, now)
