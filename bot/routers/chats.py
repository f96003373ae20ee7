"""Where the bot is: it leaves chats that are not the team's, follows groups that move, and says when it was put out."""

import structlog
from aiogram import Bot, F, Router
from aiogram.enums import ChatMemberStatus
from aiogram.types import ChatMemberUpdated, Message

from bot.access import Action, TeamChats, leave, needs
from bot.desk import Desk
from storage import alerts, jobs, settings

OUT = frozenset({ChatMemberStatus.LEFT, ChatMemberStatus.KICKED})
_log = structlog.get_logger("bot")


def router() -> Router:
    """Telegram's own notices about chats."""
    made = Router(name="chats")
    made.my_chat_member.register(membership_changed, flags=needs(Action.BELONG))
    made.message.register(group_moved, F.migrate_to_chat_id | F.migrate_from_chat_id, flags=needs(Action.BELONG))
    return made


async def membership_changed(event: ChatMemberUpdated, bot: Bot, desk: Desk, team_chats: TeamChats) -> None:
    """Leave foreign chats; tell of being put out of a chat of the team, and go on when let in again."""
    if event.chat.type == "private":
        return
    async with desk.store.database.reader() as reader:
        ours = await team_chats.includes(reader, event.chat.id)
    if event.new_chat_member.status in OUT:
        if ours:
            await _put_out(desk, event.chat.id)
    elif ours:
        await _let_in(desk, event.chat.id)
    else:
        await leave(bot, event.chat)


async def group_moved(message: Message, bot: Bot, desk: Desk, team_chats: TeamChats) -> None:
    """A group became a supergroup: its alerts go to the new number. Both chats tell of it, in any order."""
    old = message.migrate_from_chat_id or message.chat.id
    new = message.migrate_to_chat_id or message.chat.id
    async with desk.store.database.transaction() as tx:
        ours = await team_chats.includes(tx, old)
        if ours and await alerts.present_chat(tx, old) != new:
            await alerts.migrate_chat(tx, old, new)
            _log.warning("chat_moved", chat_id=old, now=new)
    if not ours:
        await leave(bot, message.chat)


async def _put_out(desk: Desk, chat_id: int) -> None:
    lost = f"no alerts reach chat {chat_id}: the bot was removed from it; let it in again or change [[chats]]"
    async with desk.store.database.transaction() as tx:
        await settings.set_trouble(tx, f"chat {chat_id}", lost, desk.store.clock.now())
    _log.warning("chat_lost", chat_id=chat_id)


async def _let_in(desk: Desk, chat_id: int) -> None:
    async with desk.store.database.transaction() as tx:
        for alert in await alerts.revive(tx, chat_id):
            await jobs.enqueue(tx, "deliver", str(alert.alert_id))
        await settings.clear_trouble(tx, f"chat {chat_id}")
