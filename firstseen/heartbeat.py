"""Tells systemd that work is possible: the loop turned and the database took a write."""

import asyncio

import structlog

from core.errors import Transient
from firstseen import sdnotify
from storage import custody, heads, jobs, settings
from storage.opening import Store

EVERY = 10.0  # seconds, or half of systemd's watchdog interval when that is shorter
HEAD_EVERY = 3600.0  # seconds
_log = structlog.get_logger("heartbeat")


class Heartbeat:
    """READY once, then a status line and the watchdog's food for as long as a write succeeds."""

    name = "heartbeat"

    def __init__(self, store: Store) -> None:
        self._store = store
        self._head_due = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until ``stop``."""
        interval = min(EVERY, (sdnotify.watchdog_interval() or 2 * EVERY) / 2)
        await self._beat()
        sdnotify.ready()
        while not await self._store.clock.wait(stop, interval):
            await self._beat()

    async def _beat(self) -> None:
        try:
            async with self._store.database.transaction() as tx:
                await settings.put(tx, "heartbeat", str(self._store.clock.now_ms()))
            sdnotify.status(await self._summary())
            sdnotify.watchdog()
            await self._write_head()
        except Transient as trouble:
            sdnotify.status(str(trouble))
            _log.warning("heartbeat_missed", error=str(trouble))

    async def _write_head(self) -> None:
        """Note the head of the custody log beside the database, so that an exchanged database shows."""
        if (now := self._store.clock.monotonic()) < self._head_due:
            return
        async with self._store.database.reader() as reader:
            head = await custody.head(reader)
        await asyncio.to_thread(heads.write_down, self._store.state_dir, head, self._store.clock.now())
        self._head_due = now + HEAD_EVERY

    async def _summary(self) -> str:
        async with self._store.database.reader() as reader:
            queues = await jobs.counts(reader)
            troubles = await settings.troubles(reader)
        waiting = sum(states.get("ready", 0) + states.get("running", 0) for states in queues.values())
        parked = sum(states.get("parked", 0) for states in queues.values())
        trouble = "; ".join(f"{one.part}: {one.message}" for one in troubles) or "no trouble"
        return f"{waiting} jobs waiting, {parked} parked; {trouble}"
