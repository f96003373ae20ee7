"""Signing in from nothing: key exchange, code, password, log-out."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from telethon import TelegramClient, errors, functions
from telethon.sessions import MemorySession

from loopback.faults import RpcError
from loopback.mtproto import MTProtoServer
from loopback.world import World

API = (17349, "344583e45741c457fe1862106095a5eb")


@pytest.fixture
async def stranger(mtproto: MTProtoServer) -> AsyncIterator[Callable[..., Any]]:
    """Opens clients without a key on a data centre."""
    async with AsyncExitStack() as stack:

        async def opened(dc: int = 2) -> Any:
            session = MemorySession()
            session.set_dc(dc, mtproto.host, mtproto.ports[dc])
            client = TelegramClient(session, *API, timeout=5)
            await client.connect()
            stack.push_async_callback(client.disconnect)
            return client

        yield opened


async def test_code_and_password_sign_in(world: World, stranger: Callable[..., Any]) -> None:
    """A wrong code, a right one, a wrong password, the right one: each with its own answer."""
    user = world.add_user("Olena", password="correct horse")
    client = await stranger()
    assert not await client.is_user_authorized()
    await client.send_code_request(user.phone)
    with pytest.raises(errors.PhoneCodeInvalidError):
        await client.sign_in(user.phone, "00000")
    with pytest.raises(errors.SessionPasswordNeededError):
        await client.sign_in(user.phone, world.code(user))
    with pytest.raises(errors.PasswordHashInvalidError):
        await client.sign_in(password="battery staple")
    me = await client.sign_in(password="correct horse")
    assert me.id == user.id
    assert len((await client(functions.account.GetAuthorizationsRequest())).authorizations) == 1
    assert await client.log_out()


async def test_a_code_is_enough_without_password(world: World, stranger: Callable[..., Any]) -> None:
    """An account without two-step password is signed in by the code alone."""
    user = world.add_user("Boris")
    client = await stranger()
    await client.send_code_request(user.phone)
    assert (await client.sign_in(user.phone, world.code(user))).id == user.id
    assert world.writes() == []


async def test_a_foreign_number_is_sent_home(world: World, stranger: Callable[..., Any]) -> None:
    """Signing in on another data centre moves the client to the account's own."""
    user = world.add_user("Iryna")
    client = await stranger(dc=4)
    await client.send_code_request(user.phone)
    await client.sign_in(user.phone, world.code(user))
    assert client.session.dc_id == 2


async def test_an_unknown_number_cannot_sign_in(world: World, stranger: Callable[..., Any]) -> None:
    """The code is sent, but there is no account behind it."""
    client = await stranger()
    await client.send_code_request("9996699999")
    with pytest.raises(errors.PhoneNumberUnoccupiedError):
        await client.sign_in("9996699999", world.codes["9996699999"])


async def test_a_key_nobody_signed_in_is_refused(stranger: Callable[..., Any], world: World) -> None:
    """Requests before the sign-in answer AUTH_KEY_UNREGISTERED."""
    client = await stranger()
    with pytest.raises(errors.AuthKeyUnregisteredError):
        await client.get_dialogs()
    assert await client.get_me() is None


async def test_sending_codes_can_flood(world: World, stranger: Callable[..., Any]) -> None:
    """A planned error reaches the sign-in as well."""
    world.faults.add(face="mtproto", call="auth.sendCode", what=RpcError(420, "FLOOD_WAIT_86400"))
    client = await stranger()
    with pytest.raises(errors.FloodWaitError):
        await client.send_code_request("9996600001")
