"""Reading a channel's past in pages, upward or downward, with what Telegram left out asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.tl import functions, types

from collectors.account import Account
from collectors.convert import Unread
from collectors.media import incomplete
from core.errors import Permanent, Unsupported

PAGE = 100  # messages: the most that Telegram gives at once
SEARCHED = 100  # ids tried to find the one message that can't be decoded


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in ascending order, the channels named in them, and messages nobody here can decode."""

    messages: tuple[Any, ...] = ()
    chats: tuple[Any, ...] = ()
    pts: int | None = None
    unread: tuple[Unread, ...] = ()
    more: bool = False  # whether there may be more beyond it

    @property
    def ids(self) -> list[int]:
        """The ids that this page accounts for, ascending."""
        return sorted([message.id for message in self.messages] + [unread.message_id for unread in self.unread])

    @property
    def titles(self) -> dict[int, str]:
        """What the channels named are called."""
        return {chat.id: chat.title for chat in self.chats}


@dataclass(frozen=True, slots=True)
class Peer:
    """A channel as one account addresses it."""

    channel_id: int
    access_hash: int = field(repr=False)

    @property
    def tl(self) -> Any:
        """For requests that take a peer."""
        return types.InputPeerChannel(self.channel_id, self.access_hash)

    @property
    def channel(self) -> Any:
        """For requests that take a channel."""
        return types.InputChannel(self.channel_id, self.access_hash)


class History:
    """One account's view of the past of channels."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def above(self, peer: Peer, after: int, limit: int = PAGE) -> Page:
        """The first ``limit`` messages with an id over ``after``. One that can't be decoded makes a page of its own."""
        try:
            page = await self._page(peer, after + 1, -limit, limit)
        except Unsupported as error:
            if limit > 1:
                return await self.above(peer, after, limit // 4 or 1)
            return Page(unread=(await self._undecodable(peer, after, error),), more=True)
        return replace(page, messages=tuple(message for message in page.messages if message.id > after))

    async def below(self, peer: Peer, before: int, limit: int = PAGE) -> Page:
        """The last ``limit`` messages with an id under ``before``; 0 = the newest ones."""
        try:
            return await self._page(peer, before, 0, limit)
        except Unsupported:
            if limit == 1:
                raise
            return await self.below(peer, before, limit // 4 or 1)

    async def by_id(self, peer: Peer, ids: Sequence[int]) -> Page:
        """The messages with these ids; what no longer exists is left out."""
        asked = [types.InputMessageID(message_id) for message_id in ids]
        answer = await self._account.ask(functions.channels.GetMessagesRequest(peer.channel, asked))
        return await self._complete(peer, answer)

    async def _page(self, peer: Peer, offset_id: int, add_offset: int, limit: int) -> Page:
        request = functions.messages.GetHistoryRequest(
            peer.tl,
            offset_id=offset_id,
            offset_date=None,
            add_offset=add_offset,
            limit=limit,
            max_id=0,
            min_id=0,
            hash=0,
        )
        page = await self._complete(peer, await self._account.ask(request))
        return replace(page, more=len(page.messages) >= limit)

    async def _undecodable(self, peer: Peer, after: int, error: Unsupported) -> Unread:
        """The first id over ``after`` whose message can't be decoded."""
        for message_id in range(after + 1, after + 1 + SEARCHED):
            try:
                await self.by_id(peer, [message_id])
            except Unsupported as found:
                cause = found.__cause__
                raw = bytes(cause.remaining) if isinstance(cause, TypeNotFoundError) else b""
                return Unread(message_id, str(found)[:200], raw)
        raise error

    async def _complete(self, peer: Peer, answer: Any) -> Page:
        """The answer as a page, each message with the parts that Telegram gives only when asked."""
        found = [message for message in answer.messages if not isinstance(message, types.MessageEmpty)]
        hashes = {chat.id: chat.access_hash for chat in answer.chats if getattr(chat, "access_hash", None)}
        for message in found:
            if incomplete(message):
                await self._fill(peer, message, hashes)
        found.sort(key=lambda message: message.id)
        return Page(tuple(found), tuple(answer.chats), getattr(answer, "pts", None))

    async def _fill(self, peer: Peer, message: Any, hashes: dict[int, int]) -> None:
        if message.rich_message is not None:
            answer = await self._account.ask(functions.messages.GetRichMessageRequest(peer.tl, message.id))
            message.rich_message = answer.messages[0].rich_message
        else:
            message.media.story = await self._story(message.media, hashes)

    async def _story(self, media: Any, hashes: dict[int, int]) -> Any:
        channel_id = getattr(media.peer, "channel_id", None)
        gone = types.StoryItemDeleted(media.id)
        if channel_id not in hashes:
            return gone
        request = functions.stories.GetStoriesByIDRequest(Peer(channel_id, hashes[channel_id]).tl, [media.id])
        try:
            answer = await self._account.ask(request)
        except Permanent:
            return gone
        return next(iter(answer.stories), gone)
