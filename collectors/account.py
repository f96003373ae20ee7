"""One user session that collects: locked, private, read-only, and kept connected."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from telethon import events
from telethon.tl import functions

from collectors.client import ReadingClient
from collectors.notices import begin_trouble, end_trouble
from collectors.pace import Pace
from collectors.session import SessionLock, open_session
from collectors.trouble import translated
from core.clock import EPOCH, from_ms, to_ms
from core.config import Telegram
from core.errors import AccountError, Transient
from storage import ledger, settings
from storage.opening import Store

PART = 512 * 1024  # bytes asked for at once: the most that Telegram gives
FIRST_PAUSE, LAST_PAUSE = 1.0, 300.0  # seconds between attempts to connect, doubled from one to the other
TICK = 5.0
UNNOTICED = timedelta(seconds=120)  # a dead connection is noticed by its second unanswered ping at the latest
MARK_EVERY = 6  # ticks
FROZEN = "freeze_since_date"
NOT_CONNECTED = "the account was not connected"
Listener = Callable[[str], None]
Lost = Callable[[int | None], None]
_log = structlog.get_logger("account")


class Account:
    """A part that keeps one session connected, and what others ask Telegram through.

    A state that only a person can mend (no session, signed out, banned, frozen, in use) leaves ``run`` as AccountError
    or StateError and is never retried; everything else is trouble with a time.
    """

    def __init__(
        self, name: str, session_path: Path, *, telegram: Telegram, api_hash: str, store: Store, pace: Pace
    ) -> None:
        self.name = name
        self.online = asyncio.Event()
        self.pace = pace
        self._path = session_path
        self._telegram = telegram
        self._api_hash = api_hash
        self._store = store
        self._client: ReadingClient | None = None
        self._handlers: list[tuple[Any, Any]] = []
        self._connected: list[Listener] = []
        self._lost: list[Lost] = []
        self._fatal: AccountError | None = None
        self._died = asyncio.Event()
        self._unseen_since: datetime | None = None  # what came since then may have been missed

    # ------------------------------------------------------------------------------------------ for other parts

    def on_update(self, handle: Callable[[Any], Any], *kinds: Any) -> None:
        """Have every update of these TL kinds handed to ``handle``, one after the other; set before ``run``."""
        self._handlers.append((handle, events.Raw(list(kinds))))

    def on_connect(self, listener: Listener) -> None:
        """Tell ``listener`` ("start" or "reconnect") whenever updates may have been missed until now."""
        self._connected.append(listener)

    def on_lost(self, listener: Lost) -> None:
        """Tell ``listener`` the channel (or nothing) of which updates were certainly dropped."""
        self._lost.append(listener)

    async def ask(self, request: Any) -> Any:
        """Send one reading request; Transient or Permanent when there is no answer."""
        client = self._ready()
        with self._ended_by_telegram(), translated(self.name):
            return await client(request)

    @contextlib.contextmanager
    def _ended_by_telegram(self) -> Iterator[None]:
        """Whoever learns that the account is lost must only wait; ``run`` says so, once, for all of them."""
        try:
            yield
        except AccountError as error:
            self._fatal = self._fatal or error
            self._died.set()
            self.online.clear()
            raise Transient(str(error), retry_in=LAST_PAUSE) from error

    async def chunks(self, location: Any, *, dc_id: int, offset: int, size: int) -> AsyncGenerator[bytes, None]:
        """The bytes of a file from ``offset`` on, in parts; errors as those of ``ask``."""
        client = self._ready()
        parts = client.iter_download(location, dc_id=dc_id, offset=offset, file_size=size, request_size=PART)
        try:
            with self._ended_by_telegram(), translated(self.name):
                while (chunk := await client.in_time(anext(parts, None))) is not None:
                    yield bytes(chunk)
        finally:
            if hasattr(parts, "_sender"):  # else it never began
                await parts.close()

    def take_unseen_since(self) -> datetime:
        """Since when updates may have been missed; from now on that is the taker's to write down."""
        since, self._unseen_since = self._unseen_since, None
        return since or self._store.clock.now()

    def knows(self, channel_id: int) -> bool:
        """Whether gaps in the pushed updates of this channel will be noticed."""
        return self._client is not None and self._client.knows(channel_id)

    def follow(self, channel_id: int, pts: int) -> None:
        """Notice gaps in the pushed updates of this channel from its state ``pts`` on."""
        if self._client is not None:
            self._client.follow(channel_id, pts)

    def remembered_hash(self, channel_id: int) -> int | None:
        """The access hash of a channel that this session has met; nothing for a stranger."""
        return self._ready().remembered_hash(channel_id)

    @property
    def undecodable(self) -> int:
        """How many objects of a newer Telegram were dropped unread."""
        return self._client.undecodable.count if self._client else 0

    def _ready(self) -> ReadingClient:
        if self._client is None or not self.online.is_set():
            raise Transient(f"account {self.name} is not connected", retry_in=FIRST_PAUSE)
        return self._client

    # ------------------------------------------------------------------------------------------ life

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected until ``stop``."""
        lock = SessionLock(self._path) if self._path.parent.exists() else None
        try:
            self._client = self._open()
            await self.pace.load()
            self._unseen_since = await self._last_seen()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tick(stop), name=f"{self.name}-pace")
                group.create_task(self._stay_connected(self._client, stop), name=f"{self.name}-connection")
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        finally:
            self.online.clear()
            if self._client is not None:
                await self._client.disconnect()
            if lock is not None:
                lock.release()

    def _open(self) -> ReadingClient:
        client = ReadingClient(
            open_session(self._path, self.name),
            self._telegram,
            self._api_hash,
            account=self.name,
            pace=self.pace,
            lost=self._tell_lost,
            reconnected=self._came_back,
        )
        for handle, kinds in self._handlers:
            client.add_event_handler(handle, kinds)
        return client

    async def _tick(self, stop: asyncio.Event) -> None:
        ticks = 0
        while not stop.is_set():
            await self.pace.clear_ended()
            if self.online.is_set() and self._unseen_since is None and ticks % MARK_EVERY == 0:
                await self._mark_seen()
            ticks += 1
            await self._store.clock.wait(stop, TICK)

    async def _mark_seen(self) -> None:
        """Remember that the account was connected now: after a crash, the ledger says unseen from here on."""
        now = self._store.clock.now()
        with contextlib.suppress(Transient):  # a full disk: the ledger then says unseen from an earlier time
            async with self._store.database.transaction() as tx:
                await settings.put(tx, f"seen {self.name}", str(to_ms(now)))

    async def _last_seen(self) -> datetime:
        """When an earlier run was certainly connected."""
        async with self._store.database.reader() as reader:
            written = await settings.get(reader, f"seen {self.name}")
        return from_ms(int(written)) - UNNOTICED if written else EPOCH

    async def _go_unseen(self) -> None:
        """Write into the ledger that nothing is seen from now on, and a little before."""
        self._unseen_since = self._store.clock.now() - UNNOTICED
        with contextlib.suppress(Transient):
            async with self._store.database.transaction() as tx:
                await ledger.interrupt_account(tx, self.name, self._unseen_since, NOT_CONNECTED)

    async def _stay_connected(self, client: ReadingClient, stop: asyncio.Event) -> None:
        pause, why = FIRST_PAUSE, "start"
        while not stop.is_set():
            try:
                await self._connect(client)
            except Transient as trouble:
                await client.disconnect()
                await begin_trouble(self._store, f"account {self.name}", str(trouble))
                await self._store.clock.wait(stop, max(pause, trouble.retry_in if pause > FIRST_PAUSE else 0))
                pause, why = min(pause * 2, LAST_PAUSE), "reconnect"
                continue
            _log.info("account_connected", account=self.name)
            await end_trouble(self._store, f"account {self.name}")
            pause = FIRST_PAUSE
            self.online.set()
            self._tell_connected(why)
            await self._until_down(client, stop)
            why = "reconnect"

    async def _connect(self, client: ReadingClient) -> None:
        """``connect`` and never ``start``, which would ask questions nobody is there to answer."""
        with translated(self.name):
            await client.connect()
            state = await client(functions.updates.GetStateRequest())
            published = await client(functions.help.GetAppConfigRequest(hash=0))
        if any(pair.key == FROZEN for pair in getattr(published.config, "value", ())):
            raise AccountError(f"account {self.name}: Telegram has frozen it; appeal in the official app")
        client.begin_updates(state)

    async def _until_down(self, client: ReadingClient, stop: asyncio.Event) -> None:
        down = client.disconnected
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(stop.wait()), group.create_task(self._died.wait())]
            await asyncio.wait([*waits, down], return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        if self._fatal is not None:
            raise self._fatal
        if stop.is_set():
            await self._mark_seen()
            return
        self.online.clear()
        try:
            with translated(self.name):
                raise _cause(down, client)
        except Transient as trouble:
            await client.disconnect()
            await self._go_unseen()
            await begin_trouble(self._store, f"account {self.name}", str(trouble))

    def _came_back(self) -> None:
        """Telethon mended the connection by itself and says so only afterwards."""
        self._unseen_since = self._store.clock.now() - UNNOTICED
        self._tell_connected("reconnect")

    def _tell_connected(self, why: str) -> None:
        self._store.jobs_ready.wake()
        for listener in self._connected:
            listener(why)

    def _tell_lost(self, channel_id: int | None) -> None:
        for listener in self._lost:
            listener(channel_id)


def _cause(down: "asyncio.Future[None]", client: ReadingClient) -> BaseException:
    """Why the connection ended; Telethon keeps it in one of two places."""
    ended = down.exception() if down.done() and not down.cancelled() else None
    return ended or client.failure or ConnectionError("Telegram ended the connection")
