"""A Telegram of one's own for a test: the world, the MTProto servers over it, and plain Telethon clients.

No test process can reach another address than loopback: a client that would dial Telegram fails here.
"""

import ipaddress
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.sessions import StringSession

from loopback.mtproto import MTProtoServer
from loopback.nouns import User
from loopback.world import World

OpenClient = Callable[..., Awaitable[Any]]

API_ID, API_HASH = 17349, "344583e45741c457fe1862106095a5eb"
QUICK = {"timeout": 2, "retry_delay": 0.05, "flood_sleep_threshold": 0}


def _loopback_only(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect" or not isinstance(arguments[1], tuple):
        return
    host = arguments[1][0]
    if not ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback:
        raise PermissionError(f"a test dialled {host}")


sys.addaudithook(_loopback_only)


@pytest.fixture
def world() -> Iterator[World]:
    """A world that must have understood everything asked of it."""
    made = World()
    yield made
    made.check()


@pytest.fixture
async def mtproto(world: World) -> AsyncIterator[MTProtoServer]:
    """MTProto servers over ``world``, whose key Telethon trusts for the length of the test."""
    known = dict(rsa._server_keys)
    TelegramClient._config = None  # a class attribute: the data centres of the test before
    async with MTProtoServer(world) as server:
        rsa.add_key(server.public_key, old=False)
        yield server
    rsa._server_keys.clear()
    rsa._server_keys.update(known)
    TelegramClient._config = None


@pytest.fixture
async def open_client(mtproto: MTProtoServer) -> AsyncIterator[OpenClient]:
    """Opens connected Telethon clients signed in as a user; options go to ``TelegramClient``."""
    async with AsyncExitStack() as stack:

        async def opened(user: User, session: Any = None, **options: Any) -> Any:
            session = session or StringSession(mtproto.mint_session(user))
            client = TelegramClient(session, API_ID, API_HASH, **{**QUICK, **options})
            stack.push_async_callback(closed, client)
            await client.connect()
            assert client.session.server_address == mtproto.host
            return client

        async def closed(client: Any) -> None:
            await client.disconnect()

        yield opened
