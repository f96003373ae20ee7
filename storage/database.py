"""The database as its users see it: a Reader can only ask, a Tx can also write.

An engine (``storage.sqlite``, later PostgreSQL) implements both. SQL is written once, with ``:name`` parameters.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Row = Mapping[str, Any]


class Reader(Protocol):
    """A consistent view that can't write."""

    async def one(self, sql: str, /, **params: object) -> Row | None:
        """The first row, or nothing."""
        ...

    async def all(self, sql: str, /, **params: object) -> Sequence[Row]:
        """Every row."""
        ...


class Tx(Reader, Protocol):
    """One write transaction: all of it is committed, or none."""

    async def run(self, sql: str, /, **params: object) -> int:
        """Execute a statement; the number of rows it changed."""
        ...

    async def many(self, sql: str, rows: Iterable[Mapping[str, object]], /) -> None:
        """Execute a statement once per row of parameters."""
        ...

    def after_commit(self, topic: str, /) -> None:
        """Have the database's listener hear of ``topic`` once, when this transaction is committed."""
        ...


class Database(Protocol):
    """Opened once per process; hands out transactions and readers."""

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        """Wait for the one writer and begin; commit on leaving, roll back on any exception."""
        ...

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """A snapshot for reading that does not wait for the writer."""
        ...

    async def close(self) -> None:
        """Finish what runs and let go of the files."""
        ...
