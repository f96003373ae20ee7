"""The SQLite engine: one connection that writes and checkpoints, a few that read.

Only here (and in ``storage.migrate``'s snapshot) is the driver known. WAL with synchronous=FULL: what is committed
survives a power cut. One process holds the database, because SQLite before 3.51.3 may corrupt a WAL that two
connections commit and checkpoint at the same moment.
"""

import asyncio
import inspect
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import aiosqlite
import structlog

from core.errors import StateError, Transient
from storage.database import Row

READERS = 2
ENGINE_VERSION = sqlite3.sqlite_version_info
SLOW_TRANSACTION = 0.1  # seconds; longer ones name themselves in the log
_FULL_DISK = "the disk of the database is full or failing ({error}): free some space, the work goes on by itself"
_log = structlog.get_logger("storage")


class SqliteReader:
    """Questions to one connection."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def one(self, sql: str, /, **params: object) -> Row | None:
        """The first row, or nothing."""
        rows = await self.all(sql, **params)
        return rows[0] if rows else None

    async def all(self, sql: str, /, **params: object) -> Sequence[Row]:
        """Every row. One trip to the driver's thread: a cursor of our own would take three."""
        return [dict(row) for row in await self._connection.execute_fetchall(sql, params)]


class SqliteTx(SqliteReader):
    """One write transaction."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self.topics: set[str] = set()

    def after_commit(self, topic: str, /) -> None:
        """Have the database's listener hear of ``topic`` once, when this transaction is committed."""
        self.topics.add(topic)

    async def run(self, sql: str, /, **params: object) -> int:
        """Execute a statement; the number of rows it changed."""
        async with self._connection.execute(sql, params) as cursor:
            return cursor.rowcount

    async def many(self, sql: str, rows: Iterable[Mapping[str, object]], /) -> None:
        """Execute a statement once per row of parameters."""
        if batch := list(rows):
            await self._connection.executemany(sql, batch)

    async def script(self, sql: str) -> None:
        """Execute every statement of a migration inside this transaction."""
        statement = ""
        for line in sql.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                await self._connection.execute(statement)
                statement = ""
        if statement.strip() and not all(line.startswith("--") for line in statement.strip().splitlines()):
            raise ValueError(f"a migration ends inside a statement: {statement.strip()[:60]!r}")


class SqliteDatabase:
    """An open database file."""

    def __init__(self, writer: aiosqlite.Connection, readers: list[aiosqlite.Connection]) -> None:
        self._writer = writer
        self._turn = asyncio.Lock()
        self._listener: Callable[[str], None] | None = None
        self._readers = readers
        self._idle: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
        for reader in readers:
            self._idle.put_nowait(reader)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with each topic that a committed transaction named."""
        self._listener = listener

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqliteTx]:
        """Wait for the one writer and begin; commit on leaving, roll back on any exception.

        aiosqlite runs a cancelled statement all the same, but in order, so the ROLLBACK always lands after the
        BEGIN that it undoes. A cancelled COMMIT may have committed: what is saved must be repeatable.
        """
        async with self._turn:
            began = perf_counter()
            try:
                await self._writer.execute("BEGIN IMMEDIATE")
                tx = SqliteTx(self._writer)
                yield tx
                await self._writer.commit()
            except BaseException as error:
                await asyncio.shield(self._writer.rollback())
                if isinstance(error, aiosqlite.OperationalError) and _is_disk(error):
                    raise Transient(_FULL_DISK.format(error=error), retry_in=30) from error
                raise
            if self._listener is not None:
                for topic in tx.topics:
                    self._listener(topic)
            if (took := perf_counter() - began) > SLOW_TRANSACTION:
                _log.warning("transaction_was_slow", milliseconds=round(took * 1000), caller=_caller())

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[SqliteReader]:
        """A snapshot for reading that does not wait for the writer."""
        connection = await self._idle.get()
        try:
            await connection.execute("BEGIN")
            yield SqliteReader(connection)
        finally:
            # Given back even when cancelled here: the next user's BEGIN queues up behind this ROLLBACK.
            try:
                await asyncio.shield(connection.rollback())
            finally:
                self._idle.put_nowait(connection)

    async def snapshot(self, target: Path) -> None:
        """Write a consistent copy of the whole database to the new file ``target``."""
        async with self._turn:
            await self._writer.execute("VACUUM INTO :target", {"target": str(target)})

    async def damage(self, *, thorough: bool) -> list[str]:
        """What the engine itself finds wrong with the file: quickly, or with every index against its table."""
        pragma = "integrity_check" if thorough else "quick_check"
        connection = await self._idle.get()
        try:
            rows = await connection.execute_fetchall(f"PRAGMA {pragma}")
        except aiosqlite.DatabaseError as error:
            return [f"the database file is damaged: {error}"]
        finally:
            self._idle.put_nowait(connection)
        return [f"the database file is damaged: {row[0]}" for row in rows if row[0] != "ok"]

    async def close(self) -> None:
        """Finish what runs and let go of the files."""
        async with self._turn:
            for connection in (*self._readers, self._writer):
                await connection.close()


async def connect(path: Path, *, read_only: bool = False) -> SqliteDatabase:
    """Open (or create) the database file at ``path``; a damaged or foreign file is a StateError.

    ``read_only`` is for use beside the process that writes: no connection of ours will commit.
    """
    opened: list[aiosqlite.Connection] = []
    try:
        writer = await _open(path, opened)
        await writer.execute_fetchall("PRAGMA journal_mode = WAL")
        readers = [await _open(path, opened) for _ in range(READERS)]
        for connection in (*readers, writer) if read_only else readers:
            await connection.execute_fetchall("PRAGMA query_only = ON")
    except aiosqlite.DatabaseError as error:
        for connection in opened:
            await connection.close()
        raise StateError(
            f"{path}: can't be opened as firstseen's database ({error}); restore a backup or move the file away"
        ) from error
    return SqliteDatabase(writer, readers)


def rows_of(path: Path, sql: str) -> Sequence[Row]:
    """Ask a database file that nobody has open, and that is not touched by it; a damaged one is a StateError."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql)]
    except sqlite3.DatabaseError as error:
        raise StateError(f"{path}: can't be read as firstseen's database ({error})") from error
    finally:
        connection.close()


async def _open(path: Path, opened: list[aiosqlite.Connection]) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None)
    opened.append(connection)
    connection.row_factory = aiosqlite.Row
    for pragma in ("busy_timeout = 10000", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF"):
        await connection.execute_fetchall(f"PRAGMA {pragma}")
    return connection


def _is_disk(error: aiosqlite.OperationalError) -> bool:
    """SQLITE_FULL and SQLITE_IOERR are both "disk": a full file system reports either."""
    name: Any = getattr(error, "sqlite_errorname", "") or ""
    return str(name).startswith(("SQLITE_FULL", "SQLITE_IOERR"))


def _caller() -> str:
    """The function whose transaction this was: the first frame outside this file and contextlib."""
    for frame in inspect.stack()[1:]:
        if frame.filename != __file__ and "contextlib" not in frame.filename:
            return f"{Path(frame.filename).name}:{frame.function}"
    return "unknown"
