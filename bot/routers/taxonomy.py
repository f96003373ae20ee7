"""The tags on offer: everybody reads them, leads add, rename and retire."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message
from aiogram.utils.formatting import Bold, Text

from bot import notices, words
from bot.access import Action, needs
from bot.cleaning import line, units
from bot.desk import Desk
from bot.routers.tags import LONGEST
from bot.stories import fitting
from core.model import Member
from storage import taxonomy
from storage.database import Tx
from storage.taxonomy import Change

ARROW = ">"
LATEST = 10


def router() -> Router:
    """The conversation about the taxonomy."""
    made = Router(name="taxonomy")
    made.message.register(write_tags, Command("tags"), flags=needs(Action.READ))
    made.message.register(write_taxonomy, Command("addtag", "renametag", "retiretag"), flags=needs(Action.ARRANGE))
    return made


async def write_tags(message: Message, desk: Desk) -> None:
    """/tags: what is on offer, and who changed it last."""
    async with desk.store.database.reader() as reader:
        offered = await taxonomy.current(reader, desk.configured_tags)
        changed = await taxonomy.changes(reader)
    lines = [Text(", ".join(line(tag, LONGEST) for tag in offered) or words.NOTHING())]
    lines += [Text(_told(change)) for change in changed[: -LATEST - 1 : -1]]
    await desk.outgoing.reply(message, fitting(Bold(words.TAXONOMY()), lines))


async def write_taxonomy(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/addtag word, /renametag old > new, /retiretag word."""
    old, _, new = (part.strip().removeprefix("#").strip() for part in (command.args or "").partition(ARROW))
    tag, became = line(old, LONGEST), line(new, LONGEST)
    renames = command.command == "renametag"
    if not _is_tag(old) or renames is not _is_tag(new):
        await desk.outgoing.reply(message, words.WHICH_CHANGE())
        return
    async with desk.store.database.transaction() as tx:
        change = await _change(tx, desk, command.command, tag, became, member)
    await desk.outgoing.reply(message, _told(change) if change else words.NO_CHANGE())


async def _change(tx: Tx, desk: Desk, command: str, tag: str, became: str, member: Member) -> Change | None:
    """Carry it out, and have every card follow that shows a renamed tag; what is written down then."""
    now, configured = desk.store.clock.now(), desk.configured_tags
    match command:
        case "addtag":
            done = await taxonomy.add(tx, configured, tag, member, now)
        case "retiretag":
            done = await taxonomy.retire(tx, configured, tag, member, now)
        case _:
            renamed = await taxonomy.rename(tx, configured, tag, became, member, now)
            done = renamed is not None
            for footage_id in renamed or ():
                await desk.refresh(tx, footage_id)
    return (await taxonomy.changes(tx))[-1] if done else None


def _is_tag(written: str) -> bool:
    return bool(written) and units(written) <= LONGEST and "\n" not in written


def _told(change: Change) -> str:
    tag, became = line(change.tag, LONGEST), line(change.became, LONGEST) if change.became else ""
    return notices.tag_changed(change.act, tag, became, line(change.member, 32), change.at)
