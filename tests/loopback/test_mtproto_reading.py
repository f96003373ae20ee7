"""What unmodified Telethon reads from the loopback servers."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from telethon import errors, functions, types
from telethon.network import ConnectionTcpAbridged, ConnectionTcpFull, ConnectionTcpIntermediate
from telethon.sessions import SQLiteSession

from loopback.mtproto import MTProtoServer
from loopback.nouns import Channel, User
from loopback.world import World

OpenClient = Callable[..., Awaitable[Any]]


@pytest.fixture
def reader(world: World) -> User:
    """The account that reads."""
    return world.add_user("Olena", username="olena_reads")


@pytest.fixture
def news(world: World, reader: User) -> Channel:
    """A joined channel with 252 posts."""
    channel = world.add_channel("News", "somechannel", members=[reader])
    for number in range(252):
        world.post(channel, f"post {number + 1}")
    return channel


@pytest.mark.parametrize("transport", [ConnectionTcpFull, ConnectionTcpAbridged, ConnectionTcpIntermediate])
async def test_each_transport_carries_a_session(open_client: OpenClient, reader: User, transport: Any) -> None:
    """A minted session is signed in over each of the three framings."""
    client = await open_client(reader, connection=transport)
    me = await client.get_me()
    assert (me.id, me.username, me.phone) == (reader.id, "olena_reads", reader.phone)


async def test_a_session_file_is_private_and_signed_in(
    mtproto: MTProtoServer, open_client: OpenClient, reader: User, tmp_path: Any
) -> None:
    """A minted SQLite session has mode 0600 and opens as production opens it."""
    path = mtproto.mint_session_file(reader, tmp_path / "account.session")
    assert path.stat().st_mode & 0o777 == 0o600
    client = await open_client(reader, session=SQLiteSession(str(path)))
    assert (await client.get_me()).id == reader.id


async def test_history_is_read_in_every_direction(open_client: OpenClient, reader: User, news: Channel) -> None:
    """Paging backwards, forwards from an id, from an offset and by count gives exactly the ids there are."""
    client = await open_client(reader)

    async def ids(**how: Any) -> list[int]:
        return [message.id async for message in client.iter_messages("somechannel", wait_time=0, **how)]

    assert await ids() == list(range(252, 0, -1))
    assert await ids(min_id=100, reverse=True) == list(range(101, 253))
    assert await ids(offset_id=50) == list(range(49, 0, -1))
    assert await ids(limit=3) == [252, 251, 250]
    assert await ids(min_id=10, max_id=15) == [14, 13, 12, 11]
    assert [m and m.id for m in await client.get_messages("somechannel", ids=[5, 999])] == [5, None]


async def test_history_can_start_at_a_date(world: World, open_client: OpenClient, reader: User) -> None:
    """``offset_date`` gives what was posted before it."""
    channel = world.add_channel("Old", "oldnews", members=[reader])
    now = world.clock.now()
    for day in (3, 2, 1):
        world.post(channel, f"{day} days ago", date=now - timedelta(days=day))
    client = await open_client(reader)
    found = await client.get_messages("oldnews", limit=10, offset_date=now - timedelta(days=1, hours=12))
    assert [message.text for message in found] == ["2 days ago", "3 days ago"]


async def test_search_finds_words_and_kinds(world: World, open_client: OpenClient, reader: User) -> None:
    """Words match without case; a filter keeps only its kind."""
    channel = world.add_channel("Mixed", "mixednews", members=[reader])
    world.post(channel, "The Bridge at dawn")
    world.post(channel, "moving", media=world.video(b"mp4"))
    client = await open_client(reader)
    assert [m.id for m in await client.get_messages("mixednews", search="bridge")] == [1]
    assert [m.id for m in await client.get_messages("mixednews", filter=types.InputMessagesFilterVideo())] == [2]


async def test_dialogs_are_paged(world: World, open_client: OpenClient, reader: User) -> None:
    """All 230 joined channels come, newest activity first, over several pages."""
    start = world.clock.now() - timedelta(days=1)
    for number in range(230):
        channel = world.add_channel(f"c{number}", members=[reader])
        world.post(channel, date=start + timedelta(seconds=number))
    client = await open_client(reader)
    dialogs = await client.get_dialogs()
    assert [dialog.title for dialog in dialogs] == [f"c{number}" for number in reversed(range(230))]


@pytest.mark.parametrize("dc", [2, 4])
async def test_downloads_are_byte_exact(world: World, open_client: OpenClient, reader: User, dc: int) -> None:
    """A video downloads unchanged, in 128 KiB parts, from the home and from the media data centre."""
    content = os.urandom(2_500_000)
    channel = world.add_channel("Videos", "videonews", members=[reader])
    world.post(channel, media=world.video(content, dc=dc))
    client = await open_client(reader)
    message = await client.get_messages("videonews", ids=1)
    assert await client.download_media(message, bytes) == content
    assert [event.outcome for event in world.served("upload.getFile")].count("ok") == 20


async def test_a_download_resumes_where_it_stopped(world: World, open_client: OpenClient, reader: User) -> None:
    """``iter_download`` from an unaligned offset gives exactly the tail."""
    content = os.urandom(1_300_000)
    channel = world.add_channel("Videos", "videonews", members=[reader])
    world.post(channel, media=world.video(content))
    client = await open_client(reader)
    message = await client.get_messages("videonews", ids=1)
    tail = b"".join([bytes(part) async for part in client.iter_download(message.media, offset=777_777)])
    assert tail == content[777_777:]


async def test_a_photo_comes_in_its_sizes(
    world: World, open_client: OpenClient, reader: User, jpeg: Callable[..., bytes]
) -> None:
    """The largest size is the bytes as sent; smaller ones and the stripped one are there."""
    content = jpeg(1600, 900)
    channel = world.add_channel("Pictures", "picturenews", members=[reader])
    post = world.post(channel, media=world.photo(content))
    client = await open_client(reader)
    message = await client.get_messages("picturenews", ids=1)
    assert [size.type for size in message.photo.sizes] == ["i", "m", "x", "y", "w"]
    assert await client.download_media(message, bytes) == content
    assert await client.download_media(message, bytes, thumb=0) == post.media.file.sizes[0].content  # type: ignore[union-attr]


async def test_file_hashes_name_every_part(world: World, open_client: OpenClient, reader: User) -> None:
    """``upload.getFileHashes`` gives the SHA-256 of each part."""
    content = os.urandom(300_000)
    channel = world.add_channel("Videos", "videonews", members=[reader])
    world.post(channel, media=world.video(content))
    client = await open_client(reader)
    document = (await client.get_messages("videonews", ids=1)).document
    location = types.InputDocumentFileLocation(document.id, document.access_hash, document.file_reference, "")
    hashes = await client(functions.upload.GetFileHashesRequest(location, 0))
    assert [part.hash for part in hashes] == [
        sha256(content[part.offset : part.offset + part.limit]).digest() for part in hashes
    ]
    assert sum(part.limit for part in hashes) == len(content)


@pytest.mark.parametrize(
    ("offset", "limit", "refusal"),
    [
        (0, 5000, errors.LimitInvalidError),
        (0, 2 * 1024 * 1024, errors.LimitInvalidError),
        (1000, 4096, errors.OffsetInvalidError),
        (1024 * 1024 - 4096, 8192, errors.OffsetInvalidError),
    ],
)
async def test_illegal_ranges_are_refused(
    world: World, open_client: OpenClient, reader: User, offset: int, limit: int, refusal: Any
) -> None:
    """Offsets and limits off Telegram's grid, or across a 1 MiB line, are errors."""
    channel = world.add_channel("Videos", "videonews", members=[reader])
    world.post(channel, media=world.video(os.urandom(2_000_000)))
    client = await open_client(reader)
    document = (await client.get_messages("videonews", ids=1)).document
    location = types.InputDocumentFileLocation(document.id, document.access_hash, document.file_reference, "")
    with pytest.raises(refusal):
        await client(functions.upload.GetFileRequest(location, offset, limit))


async def test_secrets_of_one_account_are_useless_to_another(world: World, open_client: OpenClient) -> None:
    """The document id is the same for all accounts, access hash and file reference are not."""
    anna, boris = world.add_user("Anna"), world.add_user("Boris")
    channel = world.add_channel("Shared", "sharednews", members=[anna, boris])
    world.post(channel, media=world.video(b"same bytes"))
    documents = []
    for user in (anna, boris):
        client = await open_client(user)
        documents.append((await client.get_messages("sharednews", ids=1)).document)
    first, second = documents
    assert first.id == second.id
    assert first.access_hash != second.access_hash
    location = types.InputDocumentFileLocation(first.id, first.access_hash, first.file_reference, "")
    with pytest.raises(errors.FileIdInvalidError):
        await client(functions.upload.GetFileRequest(location, 0, 4096))


async def test_names_lead_to_their_owner_of_today(world: World, open_client: OpenClient, reader: User) -> None:
    """A renamed channel frees its name; several collectible names leave ``username`` empty."""
    channel = world.add_channel("News", "firstname")
    world.rename(channel, "Other news", username="secondname")
    several = world.add_channel("Rich", usernames=["alphanews", "betanews"])
    client = await open_client(reader)
    with pytest.raises(ValueError, match="firstname"):
        await client.get_entity("firstname")
    assert (await client.get_entity("secondname")).title == "Other news"
    rich = await client.get_entity("betanews")
    assert rich.id == several.id
    assert rich.username is None
    assert [name.username for name in rich.usernames] == ["alphanews", "betanews"]


async def test_a_lost_channel_is_forbidden(world: World, open_client: OpenClient, reader: User, news: Channel) -> None:
    """Banned, deleted and turned-private channels answer CHANNEL_PRIVATE."""
    client = await open_client(reader)
    entity = await client.get_entity("somechannel")
    world.ban(news, reader)
    with pytest.raises(errors.ChannelPrivateError):
        await client.get_messages(entity, limit=1)
    news.banned.clear()
    world.remove_channel(news)
    with pytest.raises(errors.ChannelPrivateError):
        await client.get_messages(entity, limit=1)


async def test_private_links_can_be_looked_at_and_followed(world: World, open_client: OpenClient, reader: User) -> None:
    """An invite shows title and size without joining; joining by it is a logged write."""
    channel = world.add_channel("Closed")
    world.post(channel, "inside")
    client = await open_client(reader)
    seen = await client(functions.messages.CheckChatInviteRequest(channel.invite))
    assert seen.title == "Closed"
    assert world.writes() == []
    await client(functions.messages.ImportChatInviteRequest(channel.invite))
    assert [event.call for event in world.writes()] == ["messages.importChatInvite"]
    assert reader.id in channel.members
    with pytest.raises(errors.InviteHashExpiredError):
        await client(functions.messages.CheckChatInviteRequest("nothing"))


async def test_comments_are_read_without_joining(world: World, open_client: OpenClient, reader: User) -> None:
    """A post's discussion is read through the channel."""
    channel = world.add_channel("News", "somechannel", members=[reader])
    group = world.add_channel("Talk", "sometalk", broadcast=False)
    world.link_discussion(channel, group)
    post = world.post(channel, "what do you think?")
    world.comment(post, world.add_user("Ivan"), "I was there")
    client = await open_client(reader)
    found = [message.text async for message in client.iter_messages("somechannel", reply_to=post.id)]
    assert found == ["I was there"]


async def test_writes_are_counted_and_reading_is_none(world: World, open_client: OpenClient, reader: User) -> None:
    """Reading leaves no trace in the write counter; reacting, read marks and joining do."""
    channel = world.add_channel("News", "somechannel")
    world.post(channel, "hello")
    client = await open_client(reader)
    await client.get_messages("somechannel", limit=5)
    await client.get_dialogs()
    assert world.writes() == []
    await client(functions.channels.JoinChannelRequest("somechannel"))
    await client.send_read_acknowledge("somechannel")
    with pytest.raises(errors.ChatWriteForbiddenError):
        await client.send_message("somechannel", "hi")
    calls = [event.call for event in world.writes()]
    assert calls == ["channels.joinChannel", "channels.readHistory", "messages.sendMessage"]


async def test_an_unknown_request_is_refused_and_noted(open_client: OpenClient, reader: User, world: World) -> None:
    """The client gets a 400, and the world's check fails the test that did not expect it."""
    client = await open_client(reader)
    with pytest.raises(errors.BadRequestError):
        await client(functions.account.GetThemesRequest("ios", 0))
    with pytest.raises(AssertionError, match=r"account\.getThemes"):
        world.check()
    world.unhandled.clear()


def test_other_addresses_than_loopback_are_refused(world: World) -> None:
    """The servers cannot be reached from outside by mistake."""
    with pytest.raises(ValueError, match="loopback"):
        MTProtoServer(world, host="0.0.0.0")  # noqa: S104 - the point of the test
