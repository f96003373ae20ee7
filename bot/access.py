"""Who may do what. Default deny: every update passes the gate, every handler names the action that it carries out.

The gate asks the member table at the time of the update, by ``from_user.id`` alone: being in a group is no right, a
button carries none, and nobody acts on behalf of a chat. Handlers are registered with ``needs(Action…)``; one that
names no action is never run.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.dispatcher.flags import get_flag
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Chat, Message, TelegramObject, Update, User

from bot import notices, words
from bot.outgoing import Outgoing
from core.config import Chat as Route
from core.model import Member, Role
from storage import alerts, members
from storage.database import Reader
from storage.opening import Store

_log = structlog.get_logger("access")
Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]
TELL_AGAIN = timedelta(hours=1)  # a stranger is logged once in this time
_FLAG = "needs"
JOINING = re.compile(r"/start join-(?P<secret>[\w-]{20,60})", re.ASCII)


class Action(StrEnum):
    """What members do with the bot."""

    READ = "read"
    ASK = "ask"
    TAG = "tag"
    NOTE = "note"
    LOCATE = "locate"
    CLAIM = "claim"
    JUDGE = "judge"
    REVIEW = "review"
    STALE = "stale"
    ARRANGE = "arrange"
    INVITE = "invite"
    JOIN = "join"  # by an invitation, which stands for a right of its own
    BELONG = "belong"  # Telegram's own word about chats: nobody acts


NEEDED: Mapping[Action, Role | None] = {
    Action.READ: Role.VIEWER,
    Action.ASK: Role.VIEWER,
    Action.STALE: Role.VIEWER,
    Action.TAG: Role.TAGGER,
    Action.NOTE: Role.TAGGER,
    Action.LOCATE: Role.TAGGER,
    Action.CLAIM: Role.TAGGER,
    Action.JUDGE: Role.LEAD,
    Action.REVIEW: Role.LEAD,
    Action.ARRANGE: Role.LEAD,
    Action.INVITE: Role.LEAD,
    Action.JOIN: None,
    Action.BELONG: None,
}


def needs(action: Action) -> dict[str, Any]:
    """The flags of a handler that carries out ``action``."""
    return {_FLAG: action}


def needed_action(flags: Mapping[str, Any]) -> Action | None:
    """The action that a handler was registered with."""
    return flags.get(_FLAG)


class TeamChats:
    """The groups of the configuration, wherever Telegram moved them since."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._configured = frozenset(route.chat_id for route in routes)

    async def includes(self, reader: Reader, chat_id: int) -> bool:
        """Whether a chat is one of the team's."""
        return chat_id in self._configured or chat_id in {
            await alerts.present_chat(reader, configured) for configured in self._configured
        }


@dataclass(frozen=True, slots=True)
class Sender:
    """Where an update comes from and who stands behind it; no user when somebody speaks for a chat."""

    chat: Chat
    user: User | None


class Gate(BaseMiddleware):
    """Lets through what an active member does in a chat of the team or in private, and Telegram's notices."""

    def __init__(self, store: Store, chats: TeamChats, outgoing: Outgoing) -> None:
        self._store = store
        self._chats = chats
        self._outgoing = outgoing
        self._told: dict[int, float] = {}

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Pass the update on with ``member``, or drop it."""
        if not isinstance(event, Update):
            return None
        if event.my_chat_member is not None or _moved(event.message):
            return await handler(event, data)
        sender = sender_of(event)
        if sender is None:
            return None
        async with self._store.database.reader() as reader:
            member = await members.member(reader, sender.user.id) if sender.user else None
            ours = await self._chats.includes(reader, sender.chat.id)
        if not ours and not _is_private(sender):
            await leave(data["bot"], sender.chat)
            return None
        if sender.user is None:
            await self._explain(event)
            return None
        if member is None or not member.active:
            if _is_private(sender) and _joins(event.message):
                return await handler(event, data)
            self._note_stranger(sender.user.id)
            return None
        return await handler(event, {**data, "member": member})

    async def _explain(self, event: Update) -> None:
        """Tell an anonymous administrator why nothing happens, where the bot was spoken to."""
        message = event.message
        if message is not None and (message.text or "").startswith("/"):
            await self._outgoing.reply(message, words.ANONYMOUS())

    def _note_stranger(self, user_id: int) -> None:
        now = self._store.clock.monotonic()
        if now - self._told.get(user_id, float("-inf")) >= TELL_AGAIN.total_seconds():
            self._told = {user: at for user, at in self._told.items() if now - at < TELL_AGAIN.total_seconds()}
            self._told[user_id] = now
            _log.warning("stranger_ignored", user_id=user_id)


class Rights(BaseMiddleware):
    """Runs a handler only for members whose role allows the action that it was registered with."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Carry out, or say which role it takes."""
        action: Action | None = get_flag(data, _FLAG)
        if action is None:
            _log.error("handler_without_action", handler=repr(data.get("handler")))
            return None
        role, member = NEEDED[action], data.get("member")
        if role is None:
            return await handler(event, data)
        if not isinstance(member, Member):
            return None
        if member.role < role:
            await self._refuse(event, notices.needs_role(role, member.role))
            return None
        return await handler(event, data)

    async def _refuse(self, event: TelegramObject, why: str) -> None:
        if isinstance(event, CallbackQuery):
            await self._outgoing.answer(event, why, alert=True)
        elif isinstance(event, Message):
            await self._outgoing.reply(event, why)


def sender_of(update: Update) -> Sender | None:
    """The chat and the person of a message or a press; nothing for other updates, bots and messages without a chat."""
    if update.callback_query is not None:
        query = update.callback_query
        if query.message is None or query.from_user.is_bot:
            return None
        return Sender(query.message.chat, query.from_user)
    message = update.message
    if message is None:
        return None
    if message.sender_chat is not None or message.from_user is None:
        return Sender(message.chat, None)
    return None if message.from_user.is_bot else Sender(message.chat, message.from_user)


def _is_private(sender: Sender) -> bool:
    return sender.chat.type == "private" and sender.user is not None and sender.chat.id == sender.user.id


def _joins(message: Message | None) -> bool:
    """Whether somebody opens an invitation; what it is worth is for the handler to find out."""
    return message is not None and JOINING.fullmatch(message.text or "") is not None


def _moved(message: Message | None) -> bool:
    return message is not None and (message.migrate_to_chat_id or message.migrate_from_chat_id) is not None


async def leave(bot: Bot, chat: Chat) -> None:
    """Leave a chat that is not the team's; alerts must never reach it."""
    if chat.type == "private":
        return
    _log.warning("foreign_chat_left", chat_id=chat.id, kind=chat.type)
    with suppress(TelegramAPIError):
        await bot.leave_chat(chat.id)
