"""Updates → intake, nothing else: one insert each, and the cursor when nothing lies between."""

from typing import Any

import structlog
from telethon.tl import types

from collectors.account import Account
from collectors.asking import Asking
from collectors.convert import Converted, Unread, read
from collectors.coverage import advance, forget, note_unread
from collectors.intake import Captured, Intake
from collectors.media import incomplete
from core.errors import Transient
from core.model import Capture, Channel, Tier, Watch
from storage import channels, posts
from storage.database import Tx
from storage.opening import Store

_log = structlog.get_logger("live")


class Live:
    """Listens to one account. What it can't finish at once it leaves to reconciliation, by asking for it."""

    def __init__(self, account: Account, store: Store, intake: Intake, asking: Asking) -> None:
        self._account = account
        self._store = store
        self._intake = intake
        self._asking = asking
        account.on_update(self._new, types.UpdateNewChannelMessage)
        account.on_update(self._edited, types.UpdateEditChannelMessage)
        account.on_update(self._deleted, types.UpdateDeleteChannelMessages)
        account.on_update(self._changed, types.UpdateChannel)

    async def _new(self, update: Any) -> None:
        await self._post(update, Capture.LIVE)

    async def _edited(self, update: Any) -> None:
        await self._post(update, Capture.LIVE)

    async def _post(self, update: Any, capture: Capture) -> None:
        message = update.message
        channel_id = getattr(message.peer_id, "channel_id", None)
        if channel_id is None or isinstance(message, types.MessageEmpty):
            return
        if incomplete(message):
            self._asking.ask(channel_id, "a post came in part")
            return
        titles = {entity.id: entity.title for entity in update._entities.values() if hasattr(entity, "title")}  # noqa: SLF001 -- what Telegram sent along
        found = read(message, titles)
        try:
            async with self._store.database.transaction() as tx:
                hole = await self._record(tx, channel_id, found, capture)
        except Transient as trouble:
            _log.warning("post_not_recorded", channel_id=channel_id, message_id=message.id, reason=str(trouble))
            self._asking.ask(channel_id, "the database could not take a post")
            return
        if hole:
            self._asking.ask(channel_id, "posts are missing before a pushed one")

    async def _record(self, tx: Tx, channel_id: int, found: Converted | Unread, capture: Capture) -> bool:
        """Store one message of a watched channel; whether earlier ones are missing."""
        known = await _watched(tx, channel_id)
        if known is None:
            return False
        watch, channel = known
        now = self._store.clock.now()
        await note_unread(tx, channel_id, found, now)
        if isinstance(found, Unread):
            return await advance(tx, watch, found.message_id)
        post = found.post
        if post.message_id <= watch.contiguous_through and await posts.post(tx, channel_id, post.message_id) is None:
            capture = Capture.BACKFILL  # an edit of a post from before we watched: history, not news
        await self._intake.take(tx, [post], Captured(channel, capture, self._account.name, now))
        return await advance(tx, watch, post.message_id)

    async def _deleted(self, update: Any) -> None:
        try:
            async with self._store.database.transaction() as tx:
                if await _watched(tx, update.channel_id):
                    await forget(tx, update.channel_id, update.messages, self._store.clock.now())
        except Transient:
            self._asking.ask(update.channel_id, "the database could not take a deletion")

    async def _changed(self, update: Any) -> None:
        self._asking.ask(update.channel_id, "the channel changed")


async def _watched(tx: Tx, channel_id: int) -> tuple[Watch, Channel] | None:
    watch = await channels.watch(tx, channel_id)
    channel = await channels.channel(tx, channel_id)
    if watch is None or channel is None or watch.state == "paused" or watch.tier is Tier.IMPORTED:
        return None
    return watch, channel
