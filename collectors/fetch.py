"""Step: MediaRef → bytes in the vault. Resumable, hashed while written, checked, never under a name we were told."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from telethon.extensions import BinaryReader
from telethon.tl.alltlobjects import LAYER

from collectors.account import Account
from collectors.history import History, Peer
from collectors.intake import FETCH, FETCH_LARGE, hold
from collectors.media import File, Location, files, location
from collectors.trouble import Stale
from core.config import Fetch
from core.errors import Gone, NotAllowed, Transient, Unreadable
from core.model import RefState
from core.units import format_size
from storage import assets, channels, posts
from storage.database import Reader, Tx
from storage.opening import Store
from storage.posts import StoredRef
from storage.vault import Incoming, StoredFile

REFERENCE_TRIES = 3  # a reference that expires again right after it was renewed is somebody's fault
SAME_FILE_PAUSE = 0.2
REMEMBERED = 256  # files
FLOOR_EVERY = 64  # parts of 512 KiB between two looks at the free space
DELETED = "the post was deleted before its file could be fetched"
REPLACED = "an edit replaced the file before it could be fetched"
_log = structlog.get_logger("fetch")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch: where it was posted, how one account gets at it, and what is known of it already."""

    ref: StoredRef
    account: str
    access_hash: int | None
    raw: bytes
    raw_layer: int
    asset_id: int | None  # the same Telegram file is held by now

    @property
    def part(self) -> str:
        """The name of its half-written bytes: Telegram's id, which is the same in every post."""
        return posts.part_name(self.ref.ref_id, self.ref.ref.file_id)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of it: the stored bytes, an asset held already, or a state with its reason."""

    ref: StoredRef
    stored: StoredFile | None = None
    asset_id: int | None = None
    state: RefState = RefState.HELD
    reason: str = ""


class InHand:
    """The files being loaded or just loaded by this process, so that none is loaded twice at once."""

    def __init__(self) -> None:
        self._loading: set[str] = set()
        self._loaded: OrderedDict[str, StoredFile] = OrderedDict()

    @contextmanager
    def loading(self, part: str) -> Iterator[None]:
        """Have ``part`` for oneself; Transient while another has it."""
        if part in self._loading:
            raise Transient("the same file is being fetched for another post", retry_in=SAME_FILE_PAUSE)
        self._loading.add(part)
        try:
            yield
        finally:
            self._loading.discard(part)

    def loaded(self, part: str) -> StoredFile | None:
        """The file that another job brought moments ago and may not have saved yet."""
        return self._loaded.get(part)

    def keep(self, part: str, stored: StoredFile) -> StoredFile:
        """Remember a file for a while."""
        self._loaded[part] = stored
        while len(self._loaded) > REMEMBERED:
            self._loaded.popitem(last=False)
        return stored


class FetchStep:
    """Downloads files. One instance serves small files, another large ones, each with slots of its own."""

    def __init__(
        self, store: Store, accounts: Mapping[str, Account], config: Fetch, *, large: bool, in_hand: InHand
    ) -> None:
        self.queue = FETCH_LARGE if large else FETCH
        self.slots = config.large_slots if large else config.small_slots
        self._store = store
        self._accounts = accounts
        self._config = config
        self._in_hand = in_hand

    # ------------------------------------------------------------------------------------------ the three verbs

    async def load(self, reader: Reader, key: str) -> Wanted | None:
        """The file with what it takes to fetch it, unless it is no longer wanted."""
        ref = await posts.ref(reader, int(key))
        if ref is None or ref.ref.state is not RefState.WANTED:
            return None
        stored = await posts.by_id(reader, ref.post_id)
        if stored is None:
            return None
        held = await assets.by_file_id(reader, ref.ref.file_id) if ref.ref.file_id is not None else None
        account = await self._account_for(reader, ref.channel_id)
        access_hash = await channels.access(reader, ref.channel_id, account) if account else None
        asset_id = held.asset_id if held else None
        return Wanted(ref, account, access_hash, stored.post.raw, stored.post.raw_layer, asset_id)

    async def work(self, given: Wanted) -> Fetched:
        """Download it; what can't be had is a result, what can be had later is Transient."""
        if given.asset_id is not None:
            return Fetched(given.ref, asset_id=given.asset_id)
        ref = given.ref.ref
        limit = self._config.limit(ref.kind)
        if ref.size is not None and ref.size > limit:
            reason = f"{format_size(ref.size)} are over the limit of {format_size(limit)}"
            return Fetched(given.ref, state=RefState.REFUSED, reason=reason)
        with self._in_hand.loading(given.part):
            if stored := self._in_hand.loaded(given.part):
                return Fetched(given.ref, stored)
            return await self._download(given)

    async def save(self, tx: Tx, made: Fetched) -> None:
        """Record asset and sighting with the next step, or why there is none."""
        now = self._store.clock.now()
        ref = made.ref.ref
        asset_id = made.asset_id
        if made.stored is not None:
            asset_id = await assets.record(tx, made.stored.sha256, made.stored.size, ref.kind, now)
            if ref.file_id is not None:
                await assets.remember_file(tx, ref.file_id, asset_id)
            _log.info("asset_fetched", sha256=made.stored.sha256, size=made.stored.size)
        if asset_id is not None:
            await hold(tx, made.ref.ref_id, asset_id, now)
            return
        await posts.set_ref_state(tx, made.ref.ref_id, made.state, made.reason)
        _log.warning("asset_not_fetched", ref_id=made.ref.ref_id, state=str(made.state), reason=made.reason)

    # ------------------------------------------------------------------------------------------ inside

    async def _account_for(self, reader: Reader, channel_id: int) -> str:
        """The account that watches the channel, else any that has met it."""
        watch = await channels.watch(reader, channel_id)
        if watch is not None and watch.account in self._accounts:
            return watch.account
        for name in self._accounts:
            if await channels.access(reader, channel_id, name) is not None:
                return name
        return ""

    async def _download(self, given: Wanted) -> Fetched:
        account = self._accounts.get(given.account)
        if account is None or given.access_hash is None:
            return Fetched(given.ref, state=RefState.LOST, reason="no account can read the channel it was posted in")
        history, peer = History(account), Peer(given.ref.channel_id, given.access_hash)
        try:
            file = self._remembered(given) or await self._asked(given, history, peer)
            for _attempt in range(REFERENCE_TRIES):
                try:
                    return Fetched(given.ref, await self._store_file(account, given, location(file.tl)))
                except Stale:
                    file = await self._asked(given, history, peer)
        except Gone as why:
            return Fetched(given.ref, state=RefState.LOST, reason=str(why))
        except NotAllowed as why:
            return Fetched(given.ref, state=RefState.LOST, reason=f"lost with its channel: {why}")
        raise Transient("Telegram calls every new file reference expired", retry_in=60)

    def _remembered(self, given: Wanted) -> File | None:
        """The file as it stood in the message that we keep."""
        if given.raw_layer != LAYER:
            return None
        with BinaryReader(given.raw) as reader:
            return _same_file(reader.tgread_object(), given)

    async def _asked(self, given: Wanted, history: History, peer: Peer) -> File:
        """The file as it stands in the message now, with a fresh reference."""
        page = await history.by_id(peer, [given.ref.message_id])
        if not page.messages:
            raise Gone(DELETED)
        file = _same_file(page.messages[0], given)
        if file is None:
            raise Gone(REPLACED)
        return file

    async def _store_file(self, account: Account, given: Wanted, place: Location) -> StoredFile:
        vault = self._store.vault
        await asyncio.to_thread(vault.check_floor)
        part = await asyncio.to_thread(vault.part, given.part)
        try:
            await self._fill(account, part, place)
        except BaseException:
            part.pause()
            raise
        if place.exact and part.size != place.size:
            held = part.size
            await asyncio.to_thread(part.discard)
            raise Unreadable(f"Telegram gave {held} bytes of a file that it says has {place.size}")
        return self._in_hand.keep(given.part, await asyncio.to_thread(part.keep))

    async def _fill(self, account: Account, part: Incoming, place: Location) -> None:
        if place.exact and part.size >= place.size:
            return
        number = 0
        async with aclosing(
            account.chunks(place.place, dc_id=place.dc_id, offset=part.size, size=place.size)
        ) as chunks:
            async for chunk in chunks:
                number += 1
                if number % FLOOR_EVERY == 0:
                    await asyncio.to_thread(self._store.vault.check_floor)
                await asyncio.to_thread(part.write, chunk)


def _same_file(message: Any, given: Wanted) -> File | None:
    """The file of a message that a reference means: by Telegram's id, which survives a change of place."""
    wanted = given.ref.ref
    return next((file for file in files(message) if file.tl and file.ref.file_id == wanted.file_id), None)
