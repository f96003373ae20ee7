"""What unmodified Telethon meets when the servers misbehave as Telegram's do."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from telethon import errors, events, functions
from telethon.errors.common import AuthKeyNotFound
from telethon.sessions import StringSession

from loopback.faults import Cut, Delay, Fault, Flood, Garbage, Hold, RpcError, Silence, TransportError
from loopback.mtproto import MTProtoServer
from loopback.nouns import Channel, User
from loopback.world import World

OpenClient = Callable[..., Awaitable[Any]]


@pytest.fixture
def reader(world: World) -> User:
    """The account that meets the faults."""
    return world.add_user("Olena")


@pytest.fixture
def news(world: World, reader: User) -> Channel:
    """A joined channel with one post."""
    channel = world.add_channel("News", "somechannel", members=[reader])
    world.post(channel, "first")
    return channel


async def test_a_flood_is_remembered_by_the_client(
    world: World, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """FLOOD_WAIT_31 raises; the repeated call raises without asking the server."""
    client = await open_client(reader)
    entity = await client.get_input_entity("somechannel")
    rule = world.faults.add(face="mtproto", call="messages.getHistory", what=Flood(31))
    for _ in range(2):
        with pytest.raises(errors.FloodWaitError) as caught:
            await client.get_messages(entity, limit=1)
        assert caught.value.seconds in {30, 31}
    assert rule.hits == 1
    assert [event.outcome for event in world.served("messages.getHistory")] == ["420 FLOOD_WAIT_31"]


async def test_a_short_flood_is_slept(world: World, open_client: OpenClient, reader: User, news: Channel) -> None:
    """Below its threshold the client waits and asks again."""
    client = await open_client(reader, flood_sleep_threshold=60)
    world.faults.add(face="mtproto", call="messages.getHistory", what=Flood(1))
    assert (await client.get_messages("somechannel", limit=1))[0].text == "first"
    assert len(world.served("messages.getHistory")) == 2


@pytest.mark.parametrize(
    ("flood", "raised"), [(Flood(31), errors.FloodWaitError), (Flood(31, premium=True), errors.FloodPremiumWaitError)]
)
async def test_a_download_goes_on_after_a_flood(
    world: World, open_client: OpenClient, reader: User, news: Channel, flood: Flood, raised: Any
) -> None:
    """A flood in mid download ends it; resuming at the byte reached completes the file."""
    content = os.urandom(2_000_000)
    post = world.post(news, media=world.video(content))
    client = await open_client(reader)
    message = await client.get_messages("somechannel", ids=post.id)
    world.faults.add(face="mtproto", call="upload.getFile", after=2, what=flood)
    got = bytearray()

    async def go_on() -> None:
        async for part in client.iter_download(message.media, offset=len(got)):
            got.extend(part)

    with pytest.raises(raised):
        await go_on()
    assert 0 < len(got) < len(content)
    client._flood_waited_requests.clear()  # as if the wait had passed
    await go_on()
    assert bytes(got) == content


async def test_a_stale_document_is_refetched_a_photo_is_not(
    world: World, open_client: OpenClient, reader: User, news: Channel, jpeg: Callable[..., bytes]
) -> None:
    """An expired file reference: Telethon fetches the message again for documents only."""
    content = os.urandom(300_000)
    video = world.post(news, media=world.video(content))
    photo = world.post(news, media=world.photo(jpeg()))
    client = await open_client(reader)
    messages = await client.get_messages("somechannel", ids=[video.id, photo.id])
    world.expire_references()
    assert await client.download_media(messages[0], bytes) == content
    with pytest.raises(errors.FileReferenceExpiredError):
        await client.download_media(messages[1], bytes)


async def test_references_age_with_the_worlds_clock(
    world: World, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """A reference is good for hours, not for a day; the indexed form of the error has no class of its own."""
    post = world.post(news, media=world.video(b"bytes"))
    client = await open_client(reader)
    message = await client.get_messages("somechannel", ids=post.id)
    world.clock.advance(timedelta(hours=1))
    assert await anext(client.iter_download(message.media)) == b"bytes"
    world.clock.advance(timedelta(days=1))
    with pytest.raises(errors.FileReferenceExpiredError):
        await anext(client.iter_download(message.media))
    indexed = RpcError(400, "FILE_REFERENCE_0_EXPIRED")
    world.faults.add(face="mtproto", call="upload.getFile", what=indexed)
    with pytest.raises(errors.BadRequestError, match="FILE_REFERENCE_0_EXPIRED"):
        await anext(client.iter_download(message.media))


async def test_a_download_survives_cuts(world: World, open_client: OpenClient, reader: User, news: Channel) -> None:
    """Three cut connections in mid download: the client reconnects and the bytes are right."""
    content = os.urandom(2_000_000)
    post = world.post(news, media=world.video(content))
    client = await open_client(reader)
    message = await client.get_messages("somechannel", ids=post.id)
    rule = world.faults.add(face="mtproto", call="upload.getFile", after=3, times=3, what=Cut())
    assert await client.download_media(message, bytes) == content
    assert rule.hits == 3


async def test_a_declared_size_may_lie(world: World, open_client: OpenClient, reader: User, news: Channel) -> None:
    """A file shorter than Telegram says ends early: the client must compare."""
    post = world.post(news, media=world.video(b"short", declared_size=1_000_000))
    client = await open_client(reader)
    message = await client.get_messages("somechannel", ids=post.id)
    assert message.document.size == 1_000_000
    assert await client.download_media(message, bytes) == b"short"


async def test_server_errors_are_retried(world: World, open_client: OpenClient, reader: User, news: Channel) -> None:
    """The client asks again by itself after -503."""
    client = await open_client(reader)
    world.faults.add(face="mtproto", call="messages.getHistory", what=RpcError(-503, "Timeout"))
    assert len(await client.get_messages("somechannel", limit=5)) == 1
    assert len(world.served("messages.getHistory")) == 2


@pytest.mark.parametrize(
    ("code", "text", "raised"),
    [
        (401, "AUTH_KEY_UNREGISTERED", errors.AuthKeyUnregisteredError),
        (406, "AUTH_KEY_DUPLICATED", errors.AuthKeyDuplicatedError),
        (401, "SESSION_REVOKED", errors.SessionRevokedError),
    ],
)
async def test_an_ended_session_says_why(
    world: World, open_client: OpenClient, reader: User, news: Channel, code: int, text: str, raised: Any
) -> None:
    """Every later request gets the error its end deserves."""
    client = await open_client(reader)
    world.end_sessions(reader, code, text)
    with pytest.raises(raised):
        await client.get_messages("somechannel", limit=1)


async def test_one_session_in_two_places_is_ended(
    mtproto: MTProtoServer, open_client: OpenClient, reader: User
) -> None:
    """The same key from a second address ends the session for both; from the same address it does not."""
    text = mtproto.mint_session(reader)
    first = await open_client(reader, session=StringSession(text))
    second = await open_client(reader, session=StringSession(text))
    assert (await first.get_me()).id == (await second.get_me()).id
    with pytest.raises(errors.AuthKeyDuplicatedError):
        await open_client(reader, session=StringSession(text), local_addr="127.0.0.2")
    with pytest.raises(errors.AuthKeyDuplicatedError):
        await first.get_dialogs()


async def test_a_deactivated_account_is_told(world: World, open_client: OpenClient, reader: User) -> None:
    """A banned account gets USER_DEACTIVATED_BAN for everything."""
    client = await open_client(reader)
    reader.state = "deactivated"
    with pytest.raises(errors.UserDeactivatedBanError):
        await client.get_dialogs()


async def test_a_frozen_account_may_look_only(
    world: World, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """Reading works, ``get_me`` too; joining is refused and the app config has the dates."""
    reader.state = "frozen"
    client = await open_client(reader)
    assert (await client.get_me()).id == reader.id
    assert len(await client.get_messages("somechannel", limit=1)) == 1
    with pytest.raises(errors.FrozenMethodInvalidError):
        await client(functions.channels.JoinChannelRequest("somechannel"))
    config = await client(functions.help.GetAppConfigRequest(0))
    assert "freeze_until_date" in {pair.key for pair in config.config.value}


async def test_a_forgotten_key_ends_the_client(world: World, open_client: OpenClient, reader: User) -> None:
    """The transport's 404: the client stops and says that its key is unknown."""
    client = await open_client(reader)
    world.forget_keys(reader)
    with pytest.raises((ConnectionError, AuthKeyNotFound)):
        await client.get_dialogs()
    with pytest.raises(AuthKeyNotFound):
        await client.disconnected


async def test_too_many_connections_end_the_client(
    world: World, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """The transport's 429 is not retried by the client."""
    client = await open_client(reader)
    world.faults.add(face="mtproto", call="messages.getHistory", what=TransportError(429))
    with pytest.raises((ConnectionError, errors.InvalidBufferError)):
        await client.get_messages("somechannel", limit=1)
    with pytest.raises(errors.InvalidBufferError, match="429"):
        await client.disconnected


@pytest.mark.parametrize("fault", [Cut(), Cut(served=True), Garbage(), Delay(0.05)])
async def test_requests_survive_a_bad_line(
    world: World, open_client: OpenClient, reader: User, news: Channel, fault: Fault
) -> None:
    """Cut before or after the work, junk on the line, or late: the answer arrives in the end."""
    client = await open_client(reader)
    entity = await client.get_input_entity("somechannel")
    world.faults.add(face="mtproto", call="messages.getHistory", what=fault)
    assert len(await client.get_messages(entity, limit=5)) == 1


async def test_silence_lasts(world: World, open_client: OpenClient, reader: User, news: Channel) -> None:
    """A request never answered stays open: the client has no limit of its own."""
    client = await open_client(reader)
    entity = await client.get_input_entity("somechannel")
    world.faults.add(face="mtproto", call="messages.getHistory", what=Silence())
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(client.get_messages(entity, limit=1))
        await world.wait_until(lambda: world.served("messages.getHistory"))
        await client.get_me()
        assert not asking.done()
        asking.cancel()


async def test_an_answer_can_be_held(world: World, open_client: OpenClient, reader: User, news: Channel) -> None:
    """A held answer waits for the test, while others pass."""
    client = await open_client(reader)
    entity = await client.get_input_entity("somechannel")
    hold = Hold()
    world.faults.add(face="mtproto", call="messages.getHistory", what=hold)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(client.get_messages(entity, limit=1))
        await hold.held.wait()
        await client.get_me()
        assert not asking.done()
        hold.release()
    assert len(asking.result()) == 1


@pytest.mark.parametrize("skew", [3600, -3600])
async def test_clocks_may_differ_by_an_hour(
    mtproto: MTProtoServer, open_client: OpenClient, reader: User, news: Channel, skew: int
) -> None:
    """The client's ids are refused once, it corrects its clock, and pushes are heard."""
    mtproto.skew = skew
    client = await open_client(reader)
    heard: asyncio.Queue[Any] = asyncio.Queue()
    client.add_event_handler(heard.put, events.NewMessage())
    await client.get_dialogs()
    mtproto.world.post(news, "heard")
    assert (await asyncio.wait_for(heard.get(), 5)).message.text == "heard"


async def test_changed_salts_are_taken_up(
    mtproto: MTProtoServer, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """A message with an old salt is refused and sent again with the new one."""
    client = await open_client(reader)
    mtproto.rotate_salts()
    assert len(await client.get_messages("somechannel", limit=1)) == 1


async def test_the_servers_come_back_where_they_were(
    mtproto: MTProtoServer, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """An outage past the client's retries ends it; on the same port, with the same key, a new connect works."""
    client = await open_client(reader, connection_retries=1)
    port = mtproto.port
    await mtproto.stop()
    with pytest.raises(ConnectionError):
        await client.disconnected
    await mtproto.start()
    assert mtproto.port == port
    await client.connect()
    assert len(await client.get_messages("somechannel", limit=1)) == 1


async def test_our_own_defect_is_noted(world: World, open_client: OpenClient, reader: User, news: Channel) -> None:
    """A handler that breaks answers 500 and fails the world's check with its traceback."""
    client = await open_client(reader, request_retries=0)
    entity = await client.get_input_entity("somechannel")
    news.posts[1].text = None  # type: ignore[assignment] # a world no method here can make
    with pytest.raises(ValueError, match="unsuccessful"):
        await client.get_messages(entity, limit=1)
    with pytest.raises(AssertionError, match=r"messages\.getHistory"):
        world.check()
    world.defects.clear()


async def test_a_client_that_speaks_something_else_is_cut_off(mtproto: MTProtoServer) -> None:
    """Bytes of no known framing end the connection and are noted."""
    incoming, outgoing = await asyncio.open_connection(mtproto.host, mtproto.port)
    outgoing.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await incoming.read() == b""
    outgoing.close()
    with pytest.raises(AssertionError, match="a full packet cannot have"):
        mtproto.world.check()
    mtproto.world.defects.clear()
