"""Older history on request: slow, one channel at a time, pausable, and continued where it stopped."""

import asyncio
from dataclasses import dataclass

import structlog

from collectors.account import Account
from collectors.convert import Converted, read
from collectors.coverage import note_unread
from collectors.history import History, Page, Peer
from collectors.intake import FETCH, FETCH_LARGE, Captured, Intake
from collectors.notices import begin_trouble, end_trouble
from core.config import Collect
from core.errors import Permanent, Transient
from core.model import Capture, Channel, Watch
from storage import channels, jobs
from storage.channels import Backfill
from storage.opening import Store

REST = 1.0  # seconds; the net under the wake-up of storage
CROWDED = 500  # files waiting to be fetched; above, history can wait
_OPEN = {"waiting", "running"}
_log = structlog.get_logger("backfill")


@dataclass(frozen=True, slots=True)
class Order:
    """One channel's order for history."""

    backfill: Backfill
    watch: Watch
    channel: Channel
    peer: Peer


class BackfillPart:
    """Reads downward, a page at a time, while nothing more urgent fills the fetch queue."""

    def __init__(self, account: Account, store: Store, intake: Intake, collect: Collect) -> None:
        self.name = f"backfill-{account.name}"
        self._account = account
        self._history = History(account)
        self._store = store
        self._intake = intake
        self._collect = collect

    async def run(self, stop: asyncio.Event) -> None:
        """Carry out orders until ``stop``."""
        while not stop.is_set():
            seen = self._store.jobs_ready.turn
            order = await self._next() if self._account.online.is_set() else None
            if order is None:
                await self._store.jobs_ready.wait(seen, REST)
                continue
            try:
                await self._page(order)
                pause = self._collect.backfill_pause
            except Transient as trouble:
                pause = max(trouble.retry_in, REST)
            await self._store.clock.wait(stop, pause)

    async def _next(self) -> Order | None:
        """The oldest open order of a channel that this account can read, unless there is too much to fetch."""
        async with self._store.database.reader() as reader:
            if await jobs.waiting(reader, FETCH) + await jobs.waiting(reader, FETCH_LARGE) > CROWDED:
                return None
            for backfill in await channels.backfills(reader):
                watch = await channels.watch(reader, backfill.channel_id)
                channel = await channels.channel(reader, backfill.channel_id)
                access = await channels.access(reader, backfill.channel_id, self._account.name)
                if backfill.state in _OPEN and watch and channel and access is not None and watch.state == "active":
                    return Order(backfill, watch, channel, Peer(backfill.channel_id, access))
        return None

    async def _page(self, order: Order) -> None:
        below = order.backfill.below_message or order.watch.contiguous_through + 1
        try:
            page = await self._history.below(order.peer, below)
        except Permanent as why:
            await self._end(order, "paused", str(why))
            return
        fresh = [message for message in page.messages if not self._too_old(order, message.date)]
        done = len(fresh) < len(page.messages) or not page.more
        async with self._store.database.transaction() as tx:
            now = self._store.clock.now()
            found = [read(message, page.titles) for message in fresh]
            for one in found:
                await note_unread(tx, order.backfill.channel_id, one, now)
            captured = Captured(order.channel, Capture.BACKFILL, self._account.name, now)
            posts = [one.post for one in found if isinstance(one, Converted)]
            taken = await self._intake.take(tx, posts, captured)
            await channels.backfill_progress(
                tx, order.backfill.channel_id, _lowest(page, below), taken.new, "done" if done else "running"
            )
        await end_trouble(self._store, self._trouble(order))
        _log.info("history_read", channel_id=order.channel.channel_id, new=taken.new, below=below, done=done)

    def _too_old(self, order: Order, posted_at: object) -> bool:
        since = order.backfill.since
        return since is not None and posted_at is not None and posted_at < since  # type: ignore[operator] # telethon has no types

    def _trouble(self, order: Order) -> str:
        return f"backfill {order.channel.channel_id}"

    async def _end(self, order: Order, state: str, why: str) -> None:
        async with self._store.database.transaction() as tx:
            await channels.backfill_progress(tx, order.backfill.channel_id, None, 0, state)
        message = f"{order.channel.title}: older history can't be read: {why}"
        await begin_trouble(self._store, self._trouble(order), message)


def _lowest(page: Page, below: int) -> int:
    return page.ids[0] if page.ids else below
