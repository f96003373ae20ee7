"""Channel furniture: members say that a footage is an intro, a logo or an end card. It can be taken back."""

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import words
from bot.access import Action, needs
from bot.callbacks import Act, Press
from bot.desk import Desk, Pressed
from core.ids import footage_label
from core.model import Member
from pipeline import furnishing


def router() -> Router:
    """The conversation about what makes no matches."""
    made = Router(name="furniture")
    made.callback_query.register(press_mark, Pressed(Act.FURNISH, Act.UNFURNISH), flags=needs(Action.REVIEW))
    return made


async def press_mark(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Mark a whole footage, or take that back."""
    wanted = press.act is Act.FURNISH
    turn = furnishing.mark if wanted else furnishing.unmark
    async with desk.store.database.transaction() as tx:
        number = await desk.present(tx, press.footage_id)
        changed = number is not None and await turn(tx, number, member, desk.store.clock.now())
        if number is not None:
            await desk.refresh(tx, number)
    notice = words.furnished(footage_label(number), furniture=wanted, changed=changed) if number else words.OUT_OF_DATE
    await desk.outgoing.answer(query, notice)
