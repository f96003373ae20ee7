"""Tags: by the buttons of a card, by /tag and /untag."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import notices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press, word_key
from bot.cleaning import line, units
from bot.desk import Desk, Pressed
from core.ids import footage_label
from core.model import Member
from storage import members, taxonomy
from storage.database import Tx

LONGEST = 40  # units


def router() -> Router:
    """The conversation about tags."""
    made = Router(name="tags")
    made.callback_query.register(press_tag, Pressed(Act.TAG, Act.UNTAG), flags=needs(Action.TAG))
    made.message.register(write_tag, Command("tag", "untag"), flags=needs(Action.TAG))
    return made


async def press_tag(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Add the tag on the button, or take it off: what the button says, whatever others pressed meanwhile."""
    async with desk.store.database.transaction() as tx:
        number = await desk.present(tx, press.footage_id)
        known = [*await taxonomy.current(tx, desk.configured_tags), *(await members.tags(tx, number) if number else ())]
        tag = next((one for one in known if word_key(one) == press.argument), None)
        if number is None or tag is None:
            notice = words.OUT_OF_DATE()
        else:
            notice = await _change(tx, desk, number, tag, member, added=press.act is Act.TAG)
    await desk.outgoing.answer(query, notice)


async def write_tag(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/tag F12 vehicles; any word may be a tag."""
    number, written = await desk.meant(message, command.args)
    if number is None:
        return
    tag = written.strip().removeprefix("#").strip()
    if not tag or units(tag) > LONGEST or "\n" in tag:
        await desk.outgoing.reply(message, words.TAG_TOO_LONG() if tag else words.WHICH_TAG())
        return
    async with desk.store.database.transaction() as tx:
        shown = line(tag, LONGEST)
        tag = await taxonomy.standing(tx, desk.configured_tags, shown) or shown
        notice = await _change(tx, desk, number, tag, member, added=command.command == "tag")
    await desk.outgoing.reply(message, notice)


async def _change(tx: Tx, desk: Desk, number: int, tag: str, member: Member, *, added: bool) -> str:
    """Write it down and have the cards follow; the notice for the member."""
    changed = await members.tag(tx, number, tag, added, member, desk.store.clock.now())
    if changed and added:
        await desk.tell_followers(tx, number, member, "tagged {what}", tag)
    await desk.refresh(tx, number)
    return notices.tagged(footage_label(number), line(tag, LONGEST), added=added, changed=changed)
