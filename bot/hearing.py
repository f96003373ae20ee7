"""In which language a chat is spoken to, and that a handler speaks it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject, Update

from bot.access import Handler, sender_of
from bot.tongues import ENGLISH, known, speaking
from storage import languages
from storage.database import Reader
from storage.opening import Store


async def language_of(reader: Reader, chat_id: int) -> str:
    """The language of a group, or of the member whose private chat this is."""
    return known(await languages.chosen(reader, chat_id)) or ENGLISH


@asynccontextmanager
async def spoken_to(store: Store, chat_id: int) -> AsyncIterator[None]:
    """Speak the language of a chat, in a delivery."""
    async with store.database.reader() as reader:
        language = await language_of(reader, chat_id)
    with speaking(language):
        yield


class Hearing(BaseMiddleware):
    """Has every handler speak the language of the chat, and notices on presses that of who pressed.

    A member who never chose a language is spoken to in that of their Telegram, from the first contact on.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Find out who listens, then carry on."""
        sender = sender_of(event) if isinstance(event, Update) else None
        if sender is None or not isinstance(event, Update):
            return await handler(event, data)
        async with self._store.database.reader() as reader:
            room = await language_of(reader, sender.chat.id)
            chosen = await languages.chosen(reader, sender.user.id) if sender.user else None
        if sender.user is not None and chosen is None and "member" in data:
            chosen = known(sender.user.language_code) or ENGLISH
            async with self._store.database.transaction() as tx:
                await languages.choose(tx, sender.user.id, chosen)
            room = chosen if sender.chat.id == sender.user.id else room
        actor = known(chosen) or ENGLISH
        with speaking(room, actor if event.callback_query is not None else ""):
            return await handler(event, data)
