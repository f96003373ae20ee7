"""Opens the state directory for one process: lock, permissions, database, migrations, vault, sweep."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from core.errors import StateError
from storage import posts
from storage.migrate import missing, update
from storage.sqlite import SqliteDatabase, connect
from storage.vault import Vault

DATABASE = "firstseen.sqlite"
LOCK = "firstseen.lock"
LOCK_TRIES, LOCK_PAUSE = 5, 0.1  # a command may look for a moment whether a service runs


class JobsReady:
    """Wakes workers when a committed transaction enqueued or freed a job. ``turn`` counts the wake-ups."""

    def __init__(self) -> None:
        self.turn = 0
        self._waiters = asyncio.Event()

    def wake(self) -> None:
        """Wake everybody who waits."""
        self.turn += 1
        self._waiters.set()
        self._waiters = asyncio.Event()

    async def wait(self, seen: int, seconds: float) -> None:
        """Wait for a turn after ``seen``, at most ``seconds``."""
        waiters = self._waiters
        if self.turn != seen:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await waiters.wait()


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that one process keeps, and the clock that it lives by."""

    database: SqliteDatabase
    vault: Vault
    state_dir: Path
    clock: Clock
    jobs_ready: JobsReady


@asynccontextmanager
async def open_store(
    state_dir: Path, clock: Clock, *, floor: int = 0, program: str = "", exclusive: bool = True
) -> AsyncIterator[Store]:
    """Open the store; a second process, loose permissions or a foreign database are a StateError.

    ``exclusive=False`` only reads, beside a running service: it takes no lock and changes nothing.
    """
    _check_folder(state_dir)
    async with _lock(state_dir, clock) if exclusive else contextlib.nullcontext():
        if not exclusive and not (state_dir / DATABASE).exists():
            raise StateError(f"{state_dir}: no database here yet; start the service or import something first")
        database = await connect(state_dir / DATABASE, read_only=not exclusive)
        try:
            if exclusive:
                await update(database, state_dir, clock.now(), program)
            elif await missing(database):
                raise StateError(f"{state_dir}: the database is of an older firstseen; start the new service first")
            vault = Vault(state_dir, floor)
            ready = JobsReady()
            database.listen(lambda _topic: ready.wake())
            if exclusive:
                async with database.reader() as reader:
                    vault.sweep(await posts.part_names(reader))
            yield Store(database, vault, state_dir, clock, ready)
        finally:
            await database.close()


def is_held(state_dir: Path) -> bool:
    """Whether another process has the store open."""
    path = state_dir / LOCK
    if not path.exists():
        return False
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _check_folder(state_dir: Path) -> None:
    if not state_dir.is_dir():
        raise StateError(f"{state_dir}: no such directory; create it with mkdir -m 700, or run `firstseen init`")
    if state_dir.stat().st_mode & 0o077:
        raise StateError(f"{state_dir}: readable by others; run chmod 700 {state_dir}")


@asynccontextmanager
async def _lock(state_dir: Path, clock: Clock) -> AsyncIterator[None]:
    fd = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        tries = 1
        while not _locked(fd):
            if tries == LOCK_TRIES:
                holder = os.pread(fd, 20, 0).decode(errors="replace").strip() or "unknown"
                raise StateError(f"{state_dir}: in use by another firstseen (process {holder}); stop that one first")
            tries += 1
            await clock.sleep(LOCK_PAUSE)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
