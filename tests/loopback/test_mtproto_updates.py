"""What the servers push, and how what was missed is caught up."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from telethon import errors, events, functions, types
from telethon.sessions import SQLiteSession

from loopback.faults import Cut, Silence
from loopback.mtproto import MTProtoServer
from loopback.nouns import Channel, User
from loopback.world import World

OpenClient = Callable[..., Awaitable[Any]]


@pytest.fixture
def reader(world: World) -> User:
    """The account that listens."""
    return world.add_user("Olena")


@pytest.fixture
def news(world: World, reader: User) -> Channel:
    """A joined channel with one post."""
    channel = world.add_channel("News", "somechannel", members=[reader])
    world.post(channel, "first")
    return channel


class Heard:
    """Collects what a client is told, in order."""

    def __init__(self, client: Any, *kinds: Any) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        for kind in kinds or (events.NewMessage(),):
            client.add_event_handler(self._queue.put, kind)

    async def next(self) -> Any:
        """The next event, within five seconds."""
        return await asyncio.wait_for(self._queue.get(), 5)

    async def texts(self, count: int) -> list[str]:
        """The texts of the next ``count`` events."""
        return [(await self.next()).message.text for _ in range(count)]


async def listening(open_client: OpenClient, user: User, **options: Any) -> Any:
    """A client that knows its channels' counters, as after a first start."""
    client = await open_client(user, sequential_updates=True, **options)
    await client.get_dialogs()
    return client


async def test_posts_edits_and_deletions_are_pushed(
    world: World, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """Each comes once, with the right ids; a hidden edit carries its mark."""
    client = await listening(open_client, reader)
    heard = Heard(client, events.NewMessage(), events.MessageEdited(), events.MessageDeleted())
    post = world.post(news, "tanks")
    world.edit(post, "no tanks")
    world.react(post)
    world.delete(post)
    assert (await heard.next()).message.text == "tanks"
    edited = (await heard.next()).message
    assert (edited.text, edited.edit_hide) == ("no tanks", False)
    hidden = (await heard.next()).message
    assert (hidden.text, hidden.edit_hide) == ("no tanks", True)
    assert hidden.reactions.results[0].count == 1
    assert (await heard.next()).deleted_ids == [post.id]


async def test_albums_and_forwards_are_pushed(
    world: World, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """Album parts share ``grouped_id``; a forward names its origin and keeps the document id, a bare copy does not."""
    client = await listening(open_client, reader)
    heard = Heard(client)
    parts = world.post_album(news, [world.video(b"one"), world.video(b"two")], "both")
    copies = world.add_channel("Copies", "copynews", members=[reader])
    world.forward(parts[0], copies)
    world.forward(parts[0], copies, drop_author=True)
    first, second, named, bare = [(await heard.next()).message for _ in range(4)]
    assert (first.text, second.text) == ("both", "")
    assert first.grouped_id == second.grouped_id
    assert (named.fwd_from.from_id.channel_id, named.fwd_from.channel_post) == (news.id, parts[0].id)
    assert bare.fwd_from is None
    assert named.document.id == bare.document.id == first.document.id


async def test_a_rename_a_ban_and_a_story_are_told(
    world: World, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """A rename comes as a service post and ``updateChannel``; a ban as ``channelForbidden``; stories by themselves."""
    client = await listening(open_client, reader)
    heard = Heard(client, events.Raw([types.UpdateChannel, types.UpdateStory, types.UpdateNewChannelMessage]))
    world.rename(news, "Old news")
    assert (await heard.next()).message.action.title == "Old news"
    assert isinstance(await heard.next(), types.UpdateChannel)
    world.story(news, world.video(b"story"))
    assert (await heard.next()).story.media.document.size == 5
    world.ban(news, reader)
    told = await heard.next()
    assert isinstance(next(iter(told._entities.values())), types.ChannelForbidden)


async def test_only_members_hear(world: World, open_client: OpenClient, reader: User, news: Channel) -> None:
    """An unjoined channel is silent until its difference is asked for; then it is pushed for a while."""
    other = world.add_channel("Unjoined", "unjoined")
    world.post(other, "before")
    client = await listening(open_client, reader)
    heard = Heard(client, events.Raw([types.UpdateNewChannelMessage]))
    world.post(other, "unheard")
    world.post(news, "heard")
    assert (await heard.next()).message.message == "heard"
    entity = await client.get_input_entity("unjoined")
    request = functions.updates.GetChannelDifferenceRequest(entity, types.ChannelMessagesFilterEmpty(), other.pts, 100)
    await client(request)
    world.post(other, "followed")
    assert (await heard.next()).message.message == "followed"
    world.clock.advance(timedelta(minutes=5))
    world.post(other, "unheard again")
    world.post(news, "heard again")
    assert (await heard.next()).message.message == "heard again"


async def test_a_lost_update_is_fetched_with_the_next(
    world: World, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """A hole in the counters makes the client ask for the channel's difference; all arrive in order."""
    client = await listening(open_client, reader)
    heard = Heard(client)
    world.post(news, "one")
    world.faults.add(face="mtproto", call="push", what=Silence())
    world.post(news, "two")
    world.post(news, "three")
    assert await heard.texts(3) == ["one", "two", "three"]
    assert len(world.served("updates.getChannelDifference")) == 1


async def test_push_goes_on_after_a_cut(world: World, open_client: OpenClient, reader: User, news: Channel) -> None:
    """After a reconnect, without a new ``invokeWithLayer``, the key still hears; what fell between comes with it."""
    client = await listening(open_client, reader)
    heard = Heard(client)
    world.faults.add(face="mtproto", call="push", what=Cut())
    world.post(news, "into the void")
    await world.wait_until(lambda: len(world.served("users.getUsers")) >= 2)
    world.post(news, "after")
    assert await heard.texts(2) == ["into the void", "after"]


async def test_an_unreadable_object_is_dropped_alone(
    mtproto: MTProtoServer, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """A client that cannot decode one push goes on with the next."""
    client = await listening(open_client, reader)
    heard = Heard(client)
    mtproto.push_undecodable(reader)
    mtproto.world.post(news, "readable")
    assert await heard.texts(1) == ["readable"]


async def test_too_long_makes_the_client_ask(
    mtproto: MTProtoServer, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """A pushed ``updateChannelTooLong`` leads to the channel's difference."""
    world = mtproto.world
    client = await listening(open_client, reader)
    heard = Heard(client)
    world.faults.add(face="mtproto", call="push", what=Silence(), times=5)
    for number in range(5):
        world.post(news, f"burst {number}")
    mtproto.push_too_long(news)
    assert await heard.texts(5) == [f"burst {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("missed", "catch_up", "recovered"), [(5, False, 0), (5, True, 5), (99, True, 99), (140, True, 0)]
)
async def test_what_is_recovered_after_being_away(
    mtproto: MTProtoServer,
    open_client: OpenClient,
    reader: User,
    news: Channel,
    tmp_path: Path,
    missed: int,
    catch_up: bool,
    recovered: int,
) -> None:
    """A stored session catches up what it missed, but only if told to and only up to a hundred posts."""
    world = mtproto.world
    path = mtproto.mint_session_file(reader, tmp_path / "account.session")
    client = await listening(open_client, reader, session=SQLiteSession(str(path)))
    heard = Heard(client)
    world.post(news, "known")
    await heard.texts(1)
    await client.disconnect()
    for number in range(missed):
        world.post(news, f"missed {number}")
    client = await open_client(reader, session=SQLiteSession(str(path)), catch_up=catch_up, sequential_updates=True)
    heard = Heard(client)
    if catch_up:
        await world.wait_until(lambda: [e.outcome for e in world.served("updates.getChannelDifference")] == ["ok"])
    else:
        await client.get_me()
    world.post(news, "live again")
    assert await heard.texts(recovered + 1) == [f"missed {number}" for number in range(recovered)] + ["live again"]


async def test_a_deleted_post_is_not_in_the_difference(
    world: World, open_client: OpenClient, reader: User, news: Channel
) -> None:
    """Posts gone again are left out of ``new_messages``, their deletion is told; a short limit is not final."""
    client = await open_client(reader)
    entity = await client.get_input_entity("somechannel")
    pts = news.pts
    post = world.post(news, "gone soon")
    world.post(news, "stays")
    world.delete(post)

    async def difference(since: int, limit: int) -> Any:
        question = functions.updates.GetChannelDifferenceRequest
        return await client(question(entity, types.ChannelMessagesFilterEmpty(), since, limit))

    whole = await difference(pts, 100)
    assert [message.message for message in whole.new_messages] == ["stays"]
    assert [update.messages for update in whole.other_updates] == [[post.id]]
    assert whole.final
    part = await difference(pts, 1)
    assert not part.final
    assert (await difference(news.pts, 100)).pts == news.pts
    with pytest.raises(errors.PersistentTimestampEmptyError):
        await difference(0, 100)


async def test_a_thousand_posts_arrive_in_order(world: World, open_client: OpenClient, reader: User) -> None:
    """A burst over fifty channels is heard completely and needs no difference."""
    channels = [world.add_channel(f"c{number}", members=[reader]) for number in range(50)]
    client = await listening(open_client, reader)
    heard: list[tuple[int, int]] = []

    async def note(event: Any) -> None:
        heard.append((event.message.peer_id.channel_id, event.message.id))
        world.stir()

    client.add_event_handler(note, events.NewMessage())
    for _ in range(20):
        for channel in channels:
            world.post(channel, "burst")
    await world.wait_until(lambda: len(heard) == 1000)
    assert all([post for owner, post in heard if owner == channel.id] == list(range(1, 21)) for channel in channels)
    assert world.served("updates.getChannelDifference") == []
