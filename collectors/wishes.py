"""Wishes → watches: looks up what somebody asked to watch, slowly, and never joins anything."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from telethon.tl import functions, types

from collectors.account import Account
from collectors.asking import NEW_WATCH, Asking
from collectors.convert import channel as channel_facts
from collectors.convert import names
from collectors.fastwatch import MOST
from collectors.history import History, Peer
from collectors.notices import begin_trouble, end_trouble
from core.config import Collect
from core.errors import Permanent, Transient
from core.ids import ChannelRef, parse_channel
from core.model import COLLECTOR, Channel, Tier, Watch
from storage import channels, custody
from storage.channels import Wish
from storage.database import Tx
from storage.opening import Store

REST = 1.0  # seconds; the net under the wake-up of storage
PATIENCE = 5.0  # a longer wait for a turn is shown as trouble
WATCHED_ANEW = "another way of watching began"
RESOLVE = "contacts.resolveUsername"
DIALOG_PAGE = 100
DIALOGS_EVERY = 3600.0  # seconds; the list of chats is dear, and people seldom join
LONG_AGO = -1e18
_log = structlog.get_logger("wishes")


@dataclass(frozen=True, slots=True)
class Found:
    """A channel that was looked up: what it is, how the account addresses it, whether it is a member."""

    channel: Channel
    peer: Peer
    joined: bool


class Wishes:
    """A part that resolves wishes through one account at a time, as many a day as the configuration allows."""

    name = "wishes"

    def __init__(self, accounts: Sequence[tuple[Account, Asking]], store: Store, collect: Collect) -> None:
        self._accounts = accounts
        self._account, self._asking = accounts[0]
        self._store = store
        self._collect = collect
        self._history = History(self._account)
        self._joined: dict[str, dict[str, Any]] = {}  # of each account, by public name, as its list of chats has them
        self._joined_at: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look at what is wished until ``stop``."""
        while not stop.is_set():
            seen = self._store.jobs_ready.turn
            if any(account.online.is_set() for account, _asking in self._accounts):
                await self._round(stop)
            await self._store.jobs_ready.wait(seen, REST)

    async def _choose(self, wish: Wish) -> None:
        """Give the wish to an account that has joined the channel, else to the first that is connected."""
        ref = parse_channel(wish.wish)
        online = [pair for pair in self._accounts if pair[0].online.is_set()]
        for pair in online if ref and ref.username else []:
            self._turn_to(pair)
            if await self._is_joined(ref.username if ref and ref.username else ""):
                return
        if online:
            self._turn_to(online[0])

    def _turn_to(self, pair: tuple[Account, Asking]) -> None:
        if pair[0] is not self._account:
            self._account, self._asking = pair
            self._history = History(self._account)

    async def _round(self, stop: asyncio.Event) -> None:
        async with self._store.database.reader() as reader:
            open_wishes = [wish for wish in await channels.wishes(reader) if not wish.failure]
        waiting = [wish for wish in open_wishes if wish.tier is not Tier.PREVIEW]
        for wish in waiting:
            if stop.is_set():
                return
            try:
                await self._choose(wish)
                await self._wait_for_turn(wish, len(waiting), stop)
                await self._answer(wish)
            except Transient as trouble:
                await self._store.clock.wait(stop, trouble.retry_in)
                return

    async def _answer(self, wish: Wish) -> None:
        """Grant it, or write down why not."""
        try:
            await self._grant(wish)
        except Permanent as why:
            async with self._store.database.transaction() as tx:
                await channels.wish_failed(tx, wish.wish, str(why))
            _log.warning("wish_failed", wish=wish.wish, reason=str(why))

    async def _wait_for_turn(self, wish: Wish, waiting: int, stop: asyncio.Event) -> None:
        """Names are looked up at a harmless pace; say so while somebody waits."""
        ref = parse_channel(wish.wish)
        if ref is None or ref.username is None or await self._is_joined(ref.username):
            return
        seconds = self._account.pace.wait(RESOLVE)
        if seconds <= PATIENCE:
            return
        message = f"{waiting} channels wait to be looked up; the next in {seconds:.0f} s"
        await begin_trouble(self._store, self.name, message)
        await self._store.clock.wait(stop, seconds)
        await end_trouble(self._store, self.name)

    async def _grant(self, wish: Wish) -> None:
        ref = parse_channel(wish.wish)
        if ref is None:
            raise Permanent("not a channel; give @name, a t.me link or the numeric id")
        found = await self._find(ref)
        newest = await self._history.below(found.peer, 0, max(self._collect.look_back, 1))
        through = newest.ids[0] - 1 if newest.ids and self._collect.look_back else max(newest.ids, default=0)
        if found.joined and newest.pts:
            self._account.follow(found.peer.channel_id, newest.pts)
        async with self._store.database.reader() as reader:
            known = await channels.watch(reader, found.peer.channel_id)
        await self._begin(wish, found, through)
        self._asking.ask(found.peer.channel_id, NEW_WATCH if known is None else WATCHED_ANEW)

    async def _begin(self, wish: Wish, found: Found, through: int) -> None:
        channel_id, now = found.peer.channel_id, self._store.clock.now()
        async with self._store.database.transaction() as tx:
            tier = Tier.JOINED if found.joined else await self._unjoined_tier(tx, wish, channel_id)
            await begin_watch(tx, wish, found.channel, Watch(channel_id, tier, self._account.name, through, now))
            await channels.set_access(tx, channel_id, self._account.name, found.peer.access_hash)

    async def _unjoined_tier(self, tx: Tx, wish: Wish, channel_id: int) -> Tier:
        """Fast when it was asked for and one of the few places is free."""
        watched = [watch for watch, _channel in await channels.watches(tx, self._account.name)]
        others = [watch for watch in watched if watch.tier is Tier.FAST and watch.channel_id != channel_id]
        return Tier.FAST if wish.tier is Tier.FAST and len(others) < MOST else Tier.POLL

    # ------------------------------------------------------------------------------------------ looking up

    async def _find(self, ref: ChannelRef) -> Found:
        if ref.username is not None and await self._is_joined(ref.username):
            return _found([self._joined[self._account.name][ref.username.lower()]])
        if ref.username is not None:
            answer = await self._account.ask(functions.contacts.ResolveUsernameRequest(ref.username))
            return _found(answer.chats)
        assert ref.channel_id is not None
        access_hash = await self._hash_of(ref.channel_id)
        peer = Peer(ref.channel_id, access_hash)
        answer = await self._account.ask(functions.channels.GetChannelsRequest([peer.channel]))
        return _found(answer.chats)

    async def _is_joined(self, username: str) -> bool:
        """Whether the account's own list of chats has this name, which saves a look-up."""
        now, name = self._store.clock.monotonic(), self._account.name
        joined = self._joined.setdefault(name, {})
        if username.lower() not in joined and now >= self._joined_at.get(name, LONG_AGO) + DIALOGS_EVERY:
            self._joined_at[name] = now
            await self._read_dialogs()
        return username.lower() in joined

    async def _hash_of(self, channel_id: int) -> int:
        """A number alone opens nothing: the account must have met the channel, as a member or by its name."""
        async with self._store.database.reader() as reader:
            known = await channels.access(reader, channel_id, self._account.name)
        known = known if known is not None else self._account.remembered_hash(channel_id)
        if known is None:
            await self._read_dialogs()
            known = self._account.remembered_hash(channel_id)
        if known is None:
            raise Permanent("unknown to the account: give its public name, or join it with the account first")
        return known

    async def _read_dialogs(self) -> None:
        """Have the session remember every channel that the account has joined; dear, so only when one is missing."""
        joined = self._joined.setdefault(self._account.name, {})
        offset_date, offset_id, offset_peer = None, 0, types.InputPeerEmpty()
        while True:
            request = functions.messages.GetDialogsRequest(offset_date, offset_id, offset_peer, DIALOG_PAGE, hash=0)
            answer = await self._account.ask(request)
            for chat in answer.chats:
                if isinstance(chat, types.Channel) and not chat.left:
                    joined.update((name.lower(), chat) for name in names(chat))
            if len(answer.dialogs) < DIALOG_PAGE or not answer.messages:
                return
            last = answer.messages[-1]
            offset_date, offset_id = last.date, last.id
            offset_peer = _input_peer(answer, last.peer_id)


async def begin_watch(tx: Tx, wish: Wish, channel: Channel, watch: Watch) -> None:
    """Make a wish a watch, with the team's labels, and write it into the custody log."""
    labelled = replace(channel, side=wish.side, language=wish.language, country=wish.country, notes=wish.notes)
    await channels.record_channel(tx, labelled, watch.started_at)
    await channels.start_watch(tx, watch)
    await channels.wish_done(tx, wish.wish)
    subject, tier = f"channel/{watch.channel_id}", str(watch.tier)
    await custody.record(tx, "watch.started", subject, COLLECTOR, watch.started_at, wish=wish.wish, tier=tier)
    _log.info("watch_started", channel_id=watch.channel_id, tier=tier, title=channel.title)


def _input_peer(answer: Any, peer: Any) -> Any:
    hashes = {chat.id: chat.access_hash for chat in answer.chats if getattr(chat, "access_hash", None)}
    channel_id = getattr(peer, "channel_id", None)
    if channel_id is None or channel_id not in hashes:
        return types.InputPeerEmpty()
    return Peer(channel_id, hashes[channel_id]).tl


def _found(chats: list[Any]) -> Found:
    """The channel in an answer; Permanent, in words, for everything else that a name may lead to."""
    chat = next(iter(chats), None)
    if chat is None:
        raise Permanent("a person or a bot, not a channel")
    if not isinstance(chat, types.Channel):
        raise Permanent("the account may not read it: private, banned or deleted")
    if not chat.broadcast:
        raise Permanent("a group, not a channel")
    return Found(channel_facts(chat), Peer(chat.id, chat.access_hash), joined=not chat.left)
