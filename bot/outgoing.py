"""Answers to people: replies, notices on presses, progress. Paced like cards, and waited for only as long as it helps.

What a member did is written down before anything is answered, so an answer that can't be given is logged, not retried.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramRetryAfter
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    FSInputFile,
    InaccessibleMessage,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from aiogram.utils.formatting import Text

from bot.cleaning import cut
from bot.pace import Lane, Pace
from core.clock import Clock

PATIENCE = 30.0  # seconds that an answer may come late
NOTICE_LIMIT = 200  # units; Telegram's
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_log = structlog.get_logger("bot")
Sent = TypeVar("Sent")


class Outgoing:
    """Says things in chats."""

    def __init__(self, bot: Bot, pace: Pace, clock: Clock) -> None:
        self._bot = bot
        self._pace = pace
        self._clock = clock

    async def reply(
        self, message: Message, text: str | Text, buttons: InlineKeyboardMarkup | None = None
    ) -> Message | None:
        """Answer a message beneath it, in its topic."""
        return await self.say(
            message.chat.id, text, thread_id=topic_of(message), reply_to=message.message_id, buttons=buttons
        )

    async def say(
        self,
        chat_id: int,
        text: str | Text,
        *,
        thread_id: int | None = None,
        reply_to: int | None = None,
        buttons: InlineKeyboardMarkup | None = None,
    ) -> Message | None:
        """Write into a chat; nothing when it could not be sent."""
        words, entities = (text, None) if isinstance(text, str) else text.render()

        async def send() -> Message:
            return await self._bot.send_message(
                chat_id,
                words,
                entities=entities,
                message_thread_id=thread_id,
                reply_parameters=_below(reply_to),
                reply_markup=buttons,
                link_preview_options=NO_PREVIEW,
            )

        return await self._patiently(chat_id, send)

    async def show(self, message: Message, content: bytes, caption: str) -> Message | None:
        """Answer a message with a picture."""

        async def send() -> Message:
            return await self._bot.send_photo(
                message.chat.id,
                BufferedInputFile(content, "picture.png"),
                caption=caption,
                message_thread_id=topic_of(message),
                reply_parameters=_below(message.message_id),
            )

        return await self._patiently(message.chat.id, send)

    async def speak(self, message: Message, content: bytes, caption: str) -> Message | None:
        """Answer a message with a voice note (Ogg Opus)."""

        async def send() -> Message:
            return await self._bot.send_voice(
                message.chat.id,
                BufferedInputFile(content, "proof.ogg"),
                caption=caption,
                message_thread_id=topic_of(message),
                reply_parameters=_below(message.message_id),
            )

        return await self._patiently(message.chat.id, send)

    async def hand_over(
        self, message: Message, path: Path, name: str, caption: Text, *, protect: bool
    ) -> Message | None:
        """Answer a message with a file, byte for byte; ``protect`` keeps it from being forwarded."""
        words, entities = caption.render()

        async def send() -> Message:
            return await self._bot.send_document(
                message.chat.id,
                FSInputFile(path, name),
                caption=words,
                caption_entities=entities,
                disable_content_type_detection=True,
                message_thread_id=topic_of(message),
                reply_parameters=_below(message.message_id),
                protect_content=protect,
            )

        return await self._patiently(message.chat.id, send)

    async def rewrite(
        self, chat_id: int, message_id: int, text: str | Text, buttons: InlineKeyboardMarkup | None = None
    ) -> bool:
        """Change a text of the bot's own; whether it now stands so."""
        words, entities = (text, None) if isinstance(text, str) else text.render()

        async def edit() -> bool:
            try:
                await self._bot.edit_message_text(
                    words,
                    chat_id=chat_id,
                    message_id=message_id,
                    entities=entities,
                    reply_markup=buttons,
                    link_preview_options=NO_PREVIEW,
                )
            except TelegramBadRequest as error:
                if "is not modified" not in error.message:
                    raise
            return True

        return await self._patiently(chat_id, edit) or False

    async def answer(self, query: CallbackQuery, text: str = "", *, alert: bool = False) -> None:
        """Answer a press; it costs no budget, and one that came too late is no trouble."""
        with suppress(TelegramBadRequest, TelegramRetryAfter):
            await self._carefully(
                lambda: self._bot.answer_callback_query(query.id, cut(text, NOTICE_LIMIT) or None, show_alert=alert)
            )

    async def _patiently(self, chat_id: int, call: Callable[[], Awaitable[Sent]]) -> Sent | None:
        """Wait for the budget and for what Telegram orders, at most ``PATIENCE``."""
        deadline = self._clock.monotonic() + PATIENCE
        while self._clock.monotonic() + (wait := self._pace.wait(chat_id, Lane.ANSWER)) <= deadline:
            if wait > 0:
                await self._clock.sleep(wait)
                continue
            self._pace.take(chat_id)
            try:
                return await self._carefully(call)
            except TelegramRetryAfter as flood:
                self._pace.hold(chat_id, flood.retry_after)
            except TelegramBadRequest as error:
                _log.warning("answer_refused", chat_id=chat_id, reason=error.message)
                return None
        _log.warning("answer_dropped", chat_id=chat_id, reason="the chat's message budget is short")
        return None

    async def _carefully(self, call: Callable[[], Awaitable[Sent]]) -> Sent | None:
        try:
            return await call()
        except (TelegramRetryAfter, TelegramBadRequest):
            raise
        except AiogramError as error:
            _log.warning("answer_failed", reason=str(error))
            return None


def topic_of(message: Message) -> int | None:
    """The topic that a message stands in; an answer elsewhere may carry a thread number that is no topic."""
    return message.message_thread_id if message.is_topic_message else None


def shown(query: CallbackQuery) -> Message | None:
    """The message whose button was pressed, when Telegram still shows it to bots."""
    return None if isinstance(query.message, InaccessibleMessage) else query.message


def _below(message_id: int | None) -> ReplyParameters | None:
    return ReplyParameters(message_id=message_id, allow_sending_without_reply=True) if message_id else None
