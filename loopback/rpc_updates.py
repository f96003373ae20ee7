"""Catching up: the account's difference names channels, a channel's own difference brings what happened there.

https://core.telegram.org/api/updates
"""

from datetime import datetime
from typing import Any

from telethon.tl import functions, types

from loopback.faults import RpcError
from loopback.nouns import Change, Channel, Post
from loopback.rpc import Call, Handlers
from loopback.tl import UnknownObject, View

handlers = Handlers()

LONGEST = 100
NEXT_CHECK = 30


@handlers.answers(functions.updates.GetStateRequest)
def state(call: Call, _request: Any) -> Any:
    """The account's own counters; channels keep theirs."""
    _ = call.user
    return types.updates.State(pts=1, qts=0, date=call.world.clock.now(), seq=1, unread_count=0)


@handlers.answers(functions.updates.GetDifferenceRequest)
def difference(call: Call, request: Any) -> object:
    """An ``updateChannelTooLong`` for each joined channel that changed since the request's date."""
    changed = [
        channel
        for channel in call.world.channels.values()
        if call.user.id in channel.members
        and channel.changes
        and request.date is not None
        and channel.changes[-1].at >= request.date
    ]
    if not changed:
        return types.updates.DifferenceEmpty(call.world.clock.now(), seq=1)
    return types.updates.Difference(
        new_messages=[],
        new_encrypted_messages=[],
        other_updates=[types.UpdateChannelTooLong(channel.id, pts=channel.pts) for channel in changed],
        chats=[call.view.channel(channel) for channel in changed],
        users=[],
        state=state(call, request),
    )


@handlers.answers(functions.updates.GetChannelDifferenceRequest)
def channel_difference(call: Call, request: Any) -> object:
    """What happened since ``pts``: all of it, a first part, or that it is too much to tell."""
    channel = call.channel(request.channel)
    if request.pts < 1:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_EMPTY")
    if call.user.id not in channel.members:
        call.server.follow(call.session.key, channel)
    if channel.pts <= request.pts:
        return types.updates.ChannelDifferenceEmpty(channel.pts, final=True, timeout=NEXT_CHECK)
    if channel.pts - request.pts > LONGEST:
        return _too_much(call, channel)
    return _told(call, channel, request.pts, max(1, request.limit))


def _told(call: Call, channel: Channel, pts: int, limit: int) -> object:
    missed = [change for change in channel.changes if change.pts > pts]
    told = missed[:limit]
    posts = [post for change in told for post in change.posts if not post.deleted]
    chats, users = call.view.peers(posts)
    return types.updates.ChannelDifference(
        pts=told[-1].pts,
        new_messages=[call.view.message(post) for post in _new(told)],
        other_updates=[call.view.update(change) for change in told if _is_other(change)],
        chats=chats or [call.view.channel(channel)],
        users=users,
        final=len(told) == len(missed) or None,
        timeout=NEXT_CHECK,
    )


def _new(changes: list[Change]) -> list[Post]:
    return [post for change in changes if change.kind == "new" for post in change.posts if not post.deleted]


def _is_other(change: Change) -> bool:
    return change.kind == "delete" or (change.kind == "edit" and not change.posts[0].deleted)


def _too_much(call: Call, channel: Channel) -> object:
    newest = channel.history()[-1:]
    chats, users = call.view.peers(newest)
    return types.updates.ChannelDifferenceTooLong(
        dialog=dialog(channel),
        messages=[call.view.message(post) for post in newest],
        chats=chats or [call.view.channel(channel)],
        users=users,
        final=True,
        timeout=NEXT_CHECK,
    )


def dialog(channel: Channel) -> Any:
    """A channel's line in the list of chats."""
    top = max((post.id for post in channel.history()), default=0)
    return types.Dialog(
        peer=types.PeerChannel(channel.id),
        top_message=top,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=len(channel.history()),
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=channel.pts,
    )


def too_long(view: View, channel: Channel) -> bytes:
    """Pushed updates that only say a channel has news."""
    update = types.UpdateChannelTooLong(channel.id, pts=channel.pts)
    return bytes(types.Updates([update], [], [view.channel(channel)], view.world.clock.now(), 0))


def undecodable(now: datetime) -> bytes:
    """Pushed updates with an object of a newer layer in them."""
    return bytes(types.Updates([UnknownObject()], [], [], now, 0))
