"""Asks for what updates missed: at start, after reconnects, when updates were dropped, and on a rota.

The pushed updates are a hint; the truth is the cursor of each channel, and it moves only in the transaction that
stored the posts up to it.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from telethon.tl import functions, types

from collectors.account import NOT_CONNECTED, Account
from collectors.asking import NEW_WATCH, Asking
from collectors.convert import Converted, read
from collectors.convert import channel as channel_facts
from collectors.coverage import forget, note_absent, note_unread
from collectors.fastwatch import FastWatch
from collectors.history import History, Page, Peer
from collectors.intake import Captured, Intake, Taken
from collectors.notices import begin_trouble, end_trouble
from collectors.silence import Silence
from core.config import Collect
from core.errors import Gone, NotAllowed, Permanent, Transient
from core.model import COLLECTOR, Capture, Channel, Tier, Watch
from storage import channels, custody, ledger, posts
from storage.database import Tx
from storage.opening import Store

REST = 1.0  # seconds; the net under the bell
DIALOGS = 100  # channels whose newest post one request tells
ROTA, POLL, LOOK = "rota", "poll", "look"
ROTA_TOP = "a post was there that updates had not brought"
DROPPED = "updates were dropped"
LISTEN_EVERY = 120.0  # seconds
LONG_AGO = -1e18
LATE = 3  # times the usual pause
LATER = 2**62  # a message id over all others
UNSEEN = {"start": "firstseen was not running", "reconnect": NOT_CONNECTED}
_log = structlog.get_logger("reconcile")


@dataclass(frozen=True, slots=True)
class Visit:
    """One channel to read back, and why. On the rota its recent posts are also checked for edits and deletions."""

    watch: Watch
    channel: Channel
    reason: str


class Reconciler:
    """A part that visits the watched channels of one account, one at a time."""

    def __init__(self, account: Account, store: Store, intake: Intake, collect: Collect, asking: Asking) -> None:
        self.name = f"reconcile-{account.name}"
        self._account = account
        self._history = History(account)
        self._store = store
        self._clock = store.clock
        self._intake = intake
        self._collect = collect
        self._asking = asking
        self._pending: dict[int, str] = {}
        self._read_at: dict[int, float] = {}
        self._checked_at: dict[int, float] = {}
        self._fast = FastWatch(account, store.clock)
        self._compared_at = LONG_AGO
        self._silence = Silence(account.name, store, asking)
        self._listened_at = LONG_AGO
        account.on_connect(lambda why: asking.ask(None, why))
        account.on_lost(lambda channel_id: asking.ask(channel_id, DROPPED))

    async def run(self, stop: asyncio.Event) -> None:
        """Visit whatever is due until ``stop``."""
        async with asyncio.TaskGroup() as group:
            bell = group.create_task(self._ring_at(stop))
            while not stop.is_set():
                try:
                    if self._account.online.is_set():
                        await self._visit_all(stop)
                except Transient as trouble:
                    _log.warning("reconciling_paused", reason=str(trouble), seconds=round(trouble.retry_in))
                    await self._clock.wait(stop, trouble.retry_in)
                await self._asking.rest(self._clock, REST)
            bell.cancel()

    async def _ring_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._asking.ring()

    # ------------------------------------------------------------------------------------------ what is due

    async def _visit_all(self, stop: asyncio.Event) -> None:
        """Make every visit that is due, the most urgent first; what is asked meanwhile goes before the rota."""
        while not stop.is_set():
            watched = await self._watched()
            await self._look_around(watched)
            await self._note_asked(watched)
            visit = self._most_urgent(watched)
            if visit is None:
                return
            await self._visit(visit)
            self._pending.pop(visit.watch.channel_id, None)

    async def _watched(self) -> list[tuple[Watch, Channel]]:
        async with self._store.database.reader() as reader:
            watched = await channels.watches(reader, self._account.name)
        return [pair for pair in watched if pair[0].state != "paused" and pair[0].tier is not Tier.IMPORTED]

    async def _look_around(self, watched: list[tuple[Watch, Channel]]) -> None:
        """Now and then: compare every newest post, by a request for a hundred channels, and listen for silence."""
        now = self._clock.monotonic()
        if now >= self._compared_at + self._collect.reconcile_every:
            self._compared_at = now
            for channel_id in await self._behind([watch for watch, _channel in watched if _pushed(watch)]):
                self._pending.setdefault(channel_id, ROTA_TOP)
        if now >= self._listened_at + LISTEN_EVERY:
            self._listened_at = now
            await self._silence.check()

    async def _note_asked(self, watched: list[tuple[Watch, Channel]]) -> None:
        asked = self._asking.take()
        everything = asked.pop(None, None)
        if everything is not None:
            await self._interrupt(everything)
        behind = await self._behind([watch for watch, _channel in watched]) if everything is not None else []
        for watch, _channel in watched:
            reason = asked.get(watch.channel_id) or (everything if watch.channel_id in behind else None)
            if reason:
                self._pending.setdefault(watch.channel_id, reason)

    async def _behind(self, watches: list[Watch]) -> list[int]:
        """The channels that have posts over their cursor, by as few requests as possible; unsure ones included."""
        joined = [watch for watch in watches if _pushed(watch)]
        behind = [watch.channel_id for watch in watches if watch not in joined]
        for start in range(0, len(joined), DIALOGS):
            batch = joined[start : start + DIALOGS]
            tops = await self._tops(batch)
            missing = {w.channel_id for w in batch if tops.get(w.channel_id, LATER) > w.contiguous_through}
            behind += sorted(missing)
            await self._confirm([w.channel_id for w in batch if w.channel_id not in missing])
        return behind

    async def _interrupt(self, why: str) -> None:
        """Write down that nothing was seen for a while; each channel's interruption ends when it is read back."""
        since = self._account.take_unseen_since()
        async with self._store.database.transaction() as tx:
            await ledger.interrupt_account(tx, self._account.name, since, UNSEEN.get(why, why))

    async def _confirm(self, channel_ids: list[int]) -> None:
        async with self._store.database.transaction() as tx:
            for channel_id in channel_ids:
                await channels.reconciled(tx, channel_id, self._clock.now())

    async def _tops(self, watches: list[Watch]) -> dict[int, int]:
        """The newest message id of each channel; empty when one of them spoils the answer."""
        peers = [peer for watch in watches if (peer := await self._peer(watch.channel_id))]
        dialogs = [types.InputDialogPeer(peer.tl) for peer in peers]
        if not dialogs:
            return {}
        try:
            answer = await self._account.ask(functions.messages.GetPeerDialogsRequest(dialogs))
        except Permanent:
            return {}
        for dialog in answer.dialogs:
            if dialog.pts:
                self._account.follow(dialog.peer.channel_id, dialog.pts)
        return {dialog.peer.channel_id: dialog.top_message for dialog in answer.dialogs}

    def _most_urgent(self, watched: list[tuple[Watch, Channel]]) -> Visit | None:
        due = [
            (urgency, Visit(*pair, reason))
            for pair in watched
            if (found := self._due(pair[0]))
            for urgency, reason in [found]
        ]
        return min(due, key=lambda one: one[0])[1] if due else None

    def _due(self, watch: Watch) -> tuple[tuple[int, float], str] | None:
        """How urgent a visit is (lower goes first) and why it is made; nothing when it is not due."""
        now, channel_id = self._clock.monotonic(), watch.channel_id
        read, checked = self._read_at.get(channel_id, LONG_AGO), self._checked_at.get(channel_id, LONG_AGO)
        if channel_id in self._pending:
            return (0, read), self._pending[channel_id]
        polled = watch.tier is not Tier.JOINED and watch.state == "active"
        if polled and watch.tier is Tier.FAST and self._fast.due(channel_id):
            return (1, read), LOOK
        if polled and now >= read + self._collect.poll_every:
            return (1, read), POLL
        pause = self._collect.recheck_every if watch.state == "active" else self._collect.reconcile_every
        if now >= checked + pause:
            return (2, checked), ROTA
        return None

    # ------------------------------------------------------------------------------------------ one visit

    async def _visit(self, visit: Visit) -> None:
        peer = await self._peer(visit.watch.channel_id)
        if peer is None:
            await self._give_up(visit, f"account {self._account.name} has never met the channel; add it anew")
            return
        try:
            if visit.reason == LOOK and not await self._fast.look(visit.watch, peer):
                return
            new = await self._read_up(visit, peer)
            if visit.reason == ROTA:
                await self._recheck(visit, peer, before=0)
            elif visit.reason in {DROPPED, LOOK} or (new and visit.reason not in {POLL, NEW_WATCH}):
                await self._recheck(visit, peer, before=visit.watch.contiguous_through + 1)
        except (NotAllowed, Gone) as why:
            await self._lose(visit, str(why))
            return
        except Permanent as why:
            await self._give_up(visit, str(why))
            return
        self._visited(visit)
        async with self._store.database.transaction() as tx:
            await channels.reconciled(tx, peer.channel_id, self._clock.now(), within=self._patience(visit.watch))
            if await channels.set_watch_state(tx, peer.channel_id, "active", "", self._clock.now()):
                await _note_state(tx, visit, "active", "", self._clock.now())
        await end_trouble(self._store, _trouble(peer.channel_id))
        if new:
            _log.info("channel_read", channel_id=peer.channel_id, reason=visit.reason, new=new)

    def _patience(self, watch: Watch) -> timedelta | None:
        """How long a channel that is asked now and then may go unasked before the ledger calls it unseen."""
        return None if watch.tier is Tier.JOINED else timedelta(seconds=LATE * self._collect.poll_every)

    def _visited(self, visit: Visit) -> None:
        now = self._clock.monotonic()
        self._read_at[visit.watch.channel_id] = now
        if visit.reason in {ROTA, NEW_WATCH}:  # a new watch has nothing yet that could have changed
            self._checked_at[visit.watch.channel_id] = now

    async def _peer(self, channel_id: int) -> Peer | None:
        async with self._store.database.reader() as reader:
            access_hash = await channels.access(reader, channel_id, self._account.name)
        return Peer(channel_id, access_hash) if access_hash is not None else None

    async def _note_channel(self, visit: Visit, page: Page) -> Channel:
        """Take over a new name, title or copying rule; the channel as it is now."""
        for chat in page.chats:
            if chat.id != visit.watch.channel_id or not isinstance(chat, types.Channel):
                continue
            now = channel_facts(chat)
            facts = replace(visit.channel, title=now.title, username=now.username, protected=now.protected)
            if facts == visit.channel:
                continue
            async with self._store.database.transaction() as tx:
                if await channels.record_channel(tx, facts, self._clock.now()):
                    _log.warning("channel_renamed", channel_id=chat.id, title=facts.title, username=facts.username)
            return facts
        return visit.channel

    async def _read_up(self, visit: Visit, peer: Peer) -> int:
        """Read from the cursor to the newest post, a page a transaction; how many posts were not stored yet."""
        after, new, more = visit.watch.contiguous_through, 0, True
        while more:
            page = await self._history.above(peer, after)
            more = page.more
            visit = replace(visit, channel=await self._note_channel(visit, page))
            self._follow(visit, page)
            if page.ids:
                new += await self._take_page(visit, page, after, first=new == 0)
                after = page.ids[-1]
            if more:
                await self._clock.sleep(self._collect.history_pause)
        await self._close_gaps(peer.channel_id, new)
        return new

    async def _take_page(self, visit: Visit, page: Page, after: int, *, first: bool) -> int:
        """Store a page over ``after`` and move the cursor past it, all at once; a first find opens a gap."""
        channel_id, through = visit.watch.channel_id, page.ids[-1]
        async with self._store.database.transaction() as tx:
            taken = await self._take(tx, visit, page)
            await note_absent(tx, channel_id, after, page.ids, self._clock.now())
            if first and taken.new and visit.reason != POLL:
                await channels.record_gap(tx, channel_id, after, through, visit.reason, self._clock.now())
            await channels.move_cursor(tx, channel_id, through)
        return taken.new

    def _follow(self, visit: Visit, page: Page) -> None:
        """Let Telethon notice later gaps of a channel that it has no state of."""
        if visit.watch.tier is Tier.JOINED and page.pts and not self._account.knows(visit.watch.channel_id):
            self._account.follow(visit.watch.channel_id, page.pts)

    async def _take(self, tx: Tx, visit: Visit, page: Page) -> Taken:
        """Store what a page brings; what can't be read is kept apart."""
        now, channel_id = self._clock.now(), visit.watch.channel_id
        found = [read(message, page.titles) for message in page.messages]
        for one in (*found, *page.unread):
            await note_unread(tx, channel_id, one, now)
        taken = [one.post for one in found if isinstance(one, Converted)]
        captured = Captured(visit.channel, Capture.RECONCILE, self._account.name, now)
        return await self._intake.take(tx, taken, captured)

    async def _close_gaps(self, channel_id: int, recovered: int) -> None:
        async with self._store.database.transaction() as tx:
            for gap in await channels.gaps(tx, channel_id):
                if gap.closed_at is None:
                    await channels.close_gap(tx, gap.gap_id, recovered, self._clock.now())

    async def _recheck(self, visit: Visit, peer: Peer, *, before: int) -> None:
        """Compare the last posts under ``before`` (0: the newest) with what is stored.

        Edits become versions; what is stored and did not come was deleted.
        """
        if not self._collect.recheck:
            return
        page = await self._history.below(peer, before, self._collect.recheck)
        low = page.ids[0] if page.more else 0
        async with self._store.database.transaction() as tx:
            high = before - 1 if before else await posts.top_id(tx, peer.channel_id)
            stored = await posts.known_ids(tx, peer.channel_id, low, high)
            known = replace(page, messages=tuple(message for message in page.messages if message.id in stored))
            await self._take(tx, visit, known)
            await forget(tx, peer.channel_id, sorted(stored - set(page.ids)), self._clock.now())

    # ------------------------------------------------------------------------------------------ access lost

    async def _lose(self, visit: Visit, why: str) -> None:
        """Write down that a channel can't be read any more; it is tried again on the rota."""
        state = "banned" if visit.watch.tier is Tier.JOINED else "private"
        reason = {
            "banned": "the account was thrown out, or the channel was deleted",
            "private": "the channel is public no more, or was deleted",
        }[state]
        channel_id = visit.watch.channel_id
        self._visited(replace(visit, reason=ROTA))
        async with self._store.database.transaction() as tx:
            if await channels.set_watch_state(tx, channel_id, state, reason, self._clock.now()):
                await _note_state(tx, visit, state, reason, self._clock.now())
        await begin_trouble(self._store, _trouble(channel_id), f"{visit.channel.title}: {reason}")
        _log.debug("channel_refused", channel_id=channel_id, reason=why)

    async def _give_up(self, visit: Visit, why: str) -> None:
        """A refusal that nobody foresaw: shown, and tried again on the rota."""
        self._visited(replace(visit, reason=ROTA))
        await begin_trouble(self._store, _trouble(visit.watch.channel_id), f"{visit.channel.title}: {why}")


async def _note_state(tx: Tx, visit: Visit, state: str, reason: str, at: datetime) -> None:
    """When a channel could be read and when not belongs to the evidence of what was watched."""
    subject = f"channel/{visit.watch.channel_id}"
    await custody.record(tx, "watch.changed", subject, COLLECTOR, at, state=state, reason=reason)
    _log.warning("watch_changed", channel_id=visit.watch.channel_id, state=state, reason=reason)


def _pushed(watch: Watch) -> bool:
    return watch.tier is Tier.JOINED and watch.state == "active"


def _trouble(channel_id: int) -> str:
    return f"channel {channel_id}"
