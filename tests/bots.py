"""The Bot API and t.me over a test's world, and plain aiogram bots that talk to it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiogram import Bot as Client
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from loopback.botapi import BotApiServer
from loopback.chat_nouns import Bot
from loopback.pages import PagesServer
from loopback.world import World

OpenBot = Callable[..., Any]  # an aiogram Bot; Any spares the tests an assert per optional field


@pytest.fixture
async def botapi(world: World) -> AsyncIterator[BotApiServer]:
    """A Bot API over ``world``."""
    async with BotApiServer(world) as server:
        yield server


@pytest.fixture
async def pages(world: World) -> AsyncIterator[PagesServer]:
    """t.me over ``world``."""
    async with PagesServer(world) as server:
        yield server


@pytest.fixture
async def open_bot(botapi: BotApiServer) -> AsyncIterator[OpenBot]:
    """Makes aiogram clients of the world's bots; options are aiogram's defaults, parse mode HTML unless told."""
    sessions: list[AiohttpSession] = []

    def opened(bot: Bot | str, **defaults: Any) -> Client:
        session = AiohttpSession(api=TelegramAPIServer.from_base(botapi.url))
        sessions.append(session)
        properties = DefaultBotProperties(**{"parse_mode": "HTML", **defaults})
        return Client(bot if isinstance(bot, str) else bot.token, session=session, default=properties)

    yield opened
    for session in sessions:
        if session._session is not None:  # aiogram's own close waits a quarter of a second for TLS we do not have
            await session._session.close()
