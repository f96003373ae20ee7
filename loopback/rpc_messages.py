"""Reading posts: dialogs, history, search, discussion."""

from collections.abc import Callable, Sequence
from typing import Any

from telethon.tl import functions, types

from loopback.faults import RpcError
from loopback.nouns import Channel, Document, Photo, Post
from loopback.rpc import Call, Handlers
from loopback.rpc_updates import dialog, state

handlers = Handlers()

PAGE = 100


def messages(call: Call, channel: Channel, posts: Sequence[Post | int], *, count: int) -> Any:
    """Posts as ``messages.channelMessages``; a bare number is an id without a post."""
    known = [post for post in posts if isinstance(post, Post)]
    chats, users = call.view.peers(known)
    empty = types.PeerChannel(channel.id)
    return types.messages.ChannelMessages(
        pts=channel.pts,
        count=count,
        messages=[
            call.view.message(post) if isinstance(post, Post) else types.MessageEmpty(post, empty) for post in posts
        ],
        topics=[],
        chats=chats or [call.view.channel(channel)],
        users=users,
    )


def page(posts: Sequence[Post], request: Any) -> list[Post]:
    """The slice a request asks for, newest first; ``offset_id`` wins over ``offset_date``.

    https://core.telegram.org/api/offsets
    """
    newest_first = [
        post
        for post in reversed(posts)
        if post.id > request.min_id and (not request.max_id or post.id < request.max_id)
    ]
    start = _start(newest_first, request) + request.add_offset
    return newest_first[max(0, start) : max(0, start + min(request.limit, PAGE))]


def _start(newest_first: list[Post], request: Any) -> int:
    offset_date = getattr(request, "offset_date", None)
    if request.offset_id:
        return sum(post.id >= request.offset_id for post in newest_first)
    if offset_date is not None and offset_date.timestamp() > 0:
        return sum(post.date >= offset_date for post in newest_first)
    return 0


@handlers.answers(functions.messages.GetHistoryRequest)
def history(call: Call, request: Any) -> object:
    """A page of a channel."""
    channel = call.channel(request.peer)
    posts = channel.history()
    return messages(call, channel, page(posts, request), count=len(posts))


@handlers.answers(functions.messages.SearchRequest)
def search(call: Call, request: Any) -> object:
    """A page of the posts that fit words, kind and dates."""
    channel = call.channel(request.peer)
    fits = FILTERS.get(type(request.filter))
    if fits is None:
        raise RpcError(400, "INPUT_FILTER_INVALID")
    posts = [
        post
        for post in channel.history()
        if fits(post)
        and request.q.lower() in post.text.lower()
        and (not _given(request.min_date) or post.date >= request.min_date)
        and (not _given(request.max_date) or post.date <= request.max_date)
        and (request.top_msg_id is None or (post.reply and post.reply.post_id == request.top_msg_id))
    ]
    return messages(call, channel, page(posts, request), count=len(posts))


def _given(moment: Any) -> bool:
    return moment is not None and moment.timestamp() > 0


def _photo(post: Post) -> bool:
    return isinstance(post.media, Photo)


def _file(prefix: str) -> Callable[[Post], bool]:
    return lambda post: isinstance(post.media, Document) and post.media.file.mime.startswith(prefix)


FILTERS: dict[Any, Callable[[Post], bool]] = {
    types.InputMessagesFilterEmpty: lambda _post: True,
    types.InputMessagesFilterPhotos: _photo,
    types.InputMessagesFilterVideo: _file("video/"),
    types.InputMessagesFilterPhotoVideo: lambda post: _photo(post) or _file("video/")(post),
    types.InputMessagesFilterMusic: _file("audio/mpeg"),
    types.InputMessagesFilterVoice: _file("audio/ogg"),
    types.InputMessagesFilterDocument: _file("application/"),
    types.InputMessagesFilterUrl: lambda post: any(styled.kind in {"url", "text_link"} for styled in post.entities),
}


@handlers.answers(functions.messages.GetMessagesRequest)
def private_messages(call: Call, request: Any) -> object:
    """Private messages by id: this world has none."""
    _ = call.user
    return types.messages.Messages([types.MessageEmpty(asked.id) for asked in request.id], [], [], [])


@handlers.answers(functions.messages.GetRichMessageRequest)
def rich_message(call: Call, request: Any) -> object:
    """A rich message with all its files."""
    post = _post(call, request)
    if post.rich is None:
        raise RpcError(400, "MESSAGE_ID_INVALID")
    chats, users = call.view.peers([post])
    whole = call.view.message(post)
    whole.rich_message = call.view.rich(post.rich, whole=True)
    return types.messages.Messages([whole], [], chats, users)


@handlers.answers(functions.messages.GetMessagesViewsRequest)
def views(call: Call, request: Any) -> object:
    """How often posts were seen; counting oneself in is a write."""
    channel = call.channel(request.peer)
    posts = [channel.posts.get(post_id) for post_id in request.id]
    return types.messages.MessageViews([types.MessageViews(views=post.views if post else 0) for post in posts], [], [])


@handlers.answers(functions.messages.GetDiscussionMessageRequest)
def discussion(call: Call, request: Any) -> object:
    """The copy of a post in the discussion group, which need not be joined."""
    post = _post(call, request)
    if post.channel.linked is None:
        raise RpcError(400, "MSG_ID_INVALID")
    copy = call.world.discussion_of(post)
    chats, users = call.view.peers([copy])
    return types.messages.DiscussionMessage([call.view.message(copy)], 0, chats, users)


@handlers.answers(functions.messages.GetRepliesRequest)
def replies(call: Call, request: Any) -> object:
    """A page of what stands under a post."""
    post = _post(call, request)
    if post.channel.linked is None:
        raise RpcError(400, "MSG_ID_INVALID")
    comments = call.world.comments(post)
    return messages(call, post.channel.linked, page(comments, request), count=len(comments))


def _post(call: Call, request: Any) -> Post:
    post = call.channel(request.peer).posts.get(getattr(request, "msg_id", None) or request.id)
    if post is None or post.deleted:
        raise RpcError(400, "MSG_ID_INVALID")
    return post


@handlers.answers(functions.messages.GetDialogsRequest)
def dialogs(call: Call, request: Any) -> object:
    """A page of the account's channels, the last active first."""
    mine = [channel for channel in call.world.channels.values() if call.user.id in channel.members]
    mine = sorted((c for c in mine if c.visible_to(call.user)), key=_last_active, reverse=True)
    after = _after(mine, request.offset_peer)
    shown = mine[after : after + min(request.limit, PAGE)]
    lists = _dialogs(call, shown)
    if len(shown) == len(mine):
        return types.messages.Dialogs(**lists)
    return types.messages.DialogsSlice(count=len(mine), **lists)


def _last_active(channel: Channel) -> tuple[float, int]:
    posts = channel.history()
    return ((posts[-1].date if posts else channel.date).timestamp(), channel.id)


def _after(channels: list[Channel], peer: Any) -> int:
    offset = getattr(peer, "channel_id", 0)
    return next((index + 1 for index, channel in enumerate(channels) if channel.id == offset), 0)


def _dialogs(call: Call, channels: Sequence[Channel]) -> dict[str, list[Any]]:
    newest = [posts[-1] for channel in channels if (posts := channel.history())]
    chats, users = call.view.peers(newest)
    named = {chat.id for chat in chats}
    chats += [call.view.channel(channel) for channel in channels if channel.id not in named]
    return {
        "dialogs": [dialog(channel) for channel in channels],
        "messages": [call.view.message(post) for post in newest],
        "chats": chats,
        "users": users,
    }


@handlers.answers(functions.messages.GetPeerDialogsRequest)
def peer_dialogs(call: Call, request: Any) -> object:
    """The lines of up to 100 channels."""
    channels = [call.channel(asked.peer) for asked in request.peers[:PAGE]]
    return types.messages.PeerDialogs(**_dialogs(call, channels), state=state(call, request))


@handlers.answers(functions.messages.GetPinnedDialogsRequest)
def pinned_dialogs(call: Call, request: Any) -> object:
    """None are pinned."""
    return types.messages.PeerDialogs(**_dialogs(call, []), state=state(call, request))


@handlers.answers(
    functions.messages.SendMessageRequest,
    functions.messages.SendMediaRequest,
    functions.messages.SendReactionRequest,
    functions.messages.ForwardMessagesRequest,
)
def no_rights(call: Call, _request: Any) -> object:
    """A subscriber may not write into a channel."""
    _ = call.user
    raise RpcError(403, "CHAT_WRITE_FORBIDDEN")


@handlers.answers(functions.messages.ReadHistoryRequest, functions.messages.ReadMessageContentsRequest)
def read(call: Call, _request: Any) -> object:
    """Mark private chats as read; counted as a write."""
    _ = call.user
    return types.messages.AffectedMessages(1, 0)
