"""Channels: looking, joining, leaving, and their stories."""

from typing import Any

from telethon.tl import functions, types

from loopback.faults import RpcError
from loopback.nouns import Channel
from loopback.rpc import Call, Handlers
from loopback.rpc_messages import messages

handlers = Handlers()


@handlers.answers(functions.channels.GetChannelsRequest)
def get_channels(call: Call, request: Any) -> object:
    """The channels named; a forbidden one comes as such."""
    found = []
    for peer in request.id:
        channel = call.world.channels.get(peer.channel_id)
        if channel is None or peer.access_hash != call.view.access_hash("channel", peer.channel_id):
            raise RpcError(400, "CHANNEL_INVALID")
        found.append(call.view.channel(channel))
    return types.messages.Chats(found)


@handlers.answers(functions.channels.GetFullChannelRequest)
def get_full_channel(call: Call, request: Any) -> object:
    """A channel's page, with its pts."""
    channel = call.channel(request.channel)
    full = types.ChannelFull(
        id=channel.id,
        about=channel.about,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        chat_photo=call.view.photo(channel.photo) if channel.photo else types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=channel.pts,
        participants_count=channel.subscribers,
        linked_chat_id=channel.linked.id if channel.linked else None,
    )
    chats = [channel, channel.linked] if channel.linked else [channel]
    return types.messages.ChatFull(full, [call.view.channel(chat) for chat in chats], [])


@handlers.answers(functions.channels.GetMessagesRequest)
def get_messages(call: Call, request: Any) -> object:
    """Posts by id; ``MessageEmpty`` where there is none."""
    channel = call.channel(request.channel)
    ids = [asked.id for asked in request.id]
    return messages(call, channel, [channel.posts.get(post_id) or post_id for post_id in ids], count=len(ids))


@handlers.answers(functions.channels.JoinChannelRequest)
def join(call: Call, request: Any) -> object:
    """Become a member; the account's limit is CHANNELS_TOO_MUCH."""
    return _join(call, call.channel(request.channel))


@handlers.answers(functions.messages.ImportChatInviteRequest)
def import_invite(call: Call, request: Any) -> object:
    """Become a member by a private link."""
    channel = _invited(call, request.hash)
    if call.user.id in channel.members:
        raise RpcError(400, "USER_ALREADY_PARTICIPANT")
    return _join(call, channel)


def _join(call: Call, channel: Channel) -> object:
    joined = sum(call.user.id in known.members for known in call.world.channels.values())
    if joined >= (1000 if call.user.premium else 500):
        raise RpcError(400, "CHANNELS_TOO_MUCH")
    call.world.join(call.user, channel)
    return types.messages.ChatInviteJoinResultOk(_changed(call, channel))


@handlers.answers(functions.channels.LeaveChannelRequest)
def leave(call: Call, request: Any) -> object:
    """End the membership."""
    channel = call.channel(request.channel)
    if call.user.id not in channel.members:
        raise RpcError(400, "USER_NOT_PARTICIPANT")
    call.world.leave(call.user, channel)
    return _changed(call, channel)


def _changed(call: Call, channel: Channel) -> Any:
    return types.Updates([types.UpdateChannel(channel.id)], [], [call.view.channel(channel)], call.world.clock.now(), 0)


@handlers.answers(functions.messages.CheckChatInviteRequest)
def check_invite(call: Call, request: Any) -> object:
    """What a private link leads to, without joining."""
    channel = _invited(call, request.hash)
    if call.user.id in channel.members:
        return types.ChatInviteAlready(call.view.channel(channel))
    if channel.peekable:
        return types.ChatInvitePeek(call.view.channel(channel), call.world.clock.now())
    photo = call.view.photo(channel.photo) if channel.photo else types.PhotoEmpty(0)
    return types.ChatInvite(
        channel.title, photo, channel.subscribers, 0, channel=True, broadcast=channel.broadcast or None
    )


def _invited(call: Call, invite: str) -> Channel:
    found = next((channel for channel in call.world.channels.values() if channel.invite == invite), None)
    if found is None or found.gone or call.user.id in found.banned:
        raise RpcError(400, "INVITE_HASH_EXPIRED")
    return found


@handlers.answers(functions.channels.ReadHistoryRequest, functions.channels.ReadMessageContentsRequest)
def read_history(call: Call, request: Any) -> object:
    """Mark as read; it leaves a trace, so the log counts it as a write."""
    _ = call.channel(request.channel)
    return True


@handlers.answers(functions.stories.GetPeerStoriesRequest)
def peer_stories(call: Call, request: Any) -> object:
    """A channel's stories that still run."""
    channel = call.channel(request.peer)
    running = types.PeerStories(types.PeerChannel(channel.id), [call.view.story(s) for s in channel.stories.values()])
    return types.stories.PeerStories(running, [call.view.channel(channel)], [])


@handlers.answers(functions.stories.GetStoriesByIDRequest)
def stories_by_id(call: Call, request: Any) -> object:
    """The stories named that exist."""
    channel = call.channel(request.peer)
    found = [channel.stories[story_id] for story_id in request.id if story_id in channel.stories]
    return types.stories.Stories(
        len(found), [call.view.story(story) for story in found], [call.view.channel(channel)], []
    )


@handlers.answers(functions.stories.GetPinnedStoriesRequest)
def pinned_stories(call: Call, request: Any) -> object:
    """The stories a channel keeps on its page, newest first."""
    channel = call.channel(request.peer)
    pinned = [story for story in reversed(channel.stories.values()) if story.pinned]
    page = [story for story in pinned if not request.offset_id or story.id < request.offset_id][: request.limit]
    return types.stories.Stories(
        len(pinned), [call.view.story(story) for story in page], [call.view.channel(channel)], []
    )
