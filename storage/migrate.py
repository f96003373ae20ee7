"""Brings a database to the schema of this program: numbered files, each in a transaction with its own record.

The first line of a migration is its header: ``-- 0007 readable-by 0005: what changes``. ``readable-by`` is the oldest
schema whose program may still open the result. There is no way down but the snapshot taken before.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path

from core.clock import to_ms
from core.errors import StateError
from storage.database import Reader
from storage.sqlite import SqliteDatabase

_HEADER = re.compile(r"^-- (?P<number>\d{4}) readable-by (?P<oldest>\d{4}): (?P<words>.+)$")
_NAME = re.compile(r"^(?P<number>\d{4})_[a-z0-9_]+\.sql$")
_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    number INTEGER PRIMARY KEY, readable_by INTEGER NOT NULL, sha256 TEXT NOT NULL,
    applied_at INTEGER NOT NULL, program TEXT NOT NULL) STRICT
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the schema."""

    number: int
    readable_by: int
    words: str
    sql: str

    @property
    def sha256(self) -> str:
        """Identifies the text that was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known() -> list[Migration]:
    """Every migration of this program, in order; a wrong name or header is a ValueError."""
    folder = resources.files("storage") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [read(file.name, file.read_text(encoding="utf-8")) for file in files]


def read(name: str, sql: str) -> Migration:
    """A migration from its file; a wrong name or header is a ValueError."""
    header = _HEADER.match(sql.splitlines()[0] if sql else "")
    numbered = _NAME.match(name)
    if not header or not numbered or header["number"] != numbered["number"]:
        raise ValueError(
            f"{name}: name and first line must agree, like 0007_what.sql and -- 0007 readable-by 0005: what"
        )
    return Migration(int(header["number"]), int(header["oldest"]), header["words"], sql)


async def update(
    database: SqliteDatabase, folder: Path, at: datetime, program: str, migrations: Sequence[Migration] | None = None
) -> int:
    """Bring a database to this program's schema, after a snapshot into ``folder``; how many steps that took."""
    lacking = await missing(database, migrations)
    if lacking and lacking[0].number > 1:
        await _snapshot(database, folder / f"before-{lacking[0].number:04}.sqlite")
    return await migrate(database, at, program, migrations)


async def missing(database: SqliteDatabase, migrations: Sequence[Migration] | None = None) -> list[Migration]:
    """What a database lacks; one of another program, or newer than this one can read, is a StateError."""
    migrations = known() if migrations is None else migrations
    async with database.reader() as reader:
        tables = {row["name"] for row in await reader.all("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            return list(migrations)
        if "migration" not in tables:
            raise StateError("the database is one of another program; move it away, firstseen makes its own")
        return await pending(reader, migrations)


async def migrate(
    database: SqliteDatabase, at: datetime, program: str, migrations: Sequence[Migration] | None = None
) -> int:
    """Apply what is missing; how many were. A newer or edited schema is a StateError and nothing is touched."""
    migrations = known() if migrations is None else migrations
    async with database.transaction() as tx:
        await tx.run(_TABLE)
    async with database.reader() as reader:
        missing = await pending(reader, migrations)
    for migration in missing:
        async with database.transaction() as tx:
            await tx.script(migration.sql)
            await tx.run(
                """
                INSERT INTO migration (number, readable_by, sha256, applied_at, program)
                VALUES (:number, :readable_by, :sha256, :at, :program)
                """,
                number=migration.number,
                readable_by=migration.readable_by,
                sha256=migration.sha256,
                at=to_ms(at),
                program=program,
            )
    return len(missing)


async def pending(reader: Reader, migrations: Sequence[Migration]) -> list[Migration]:
    """What is not applied yet; refuses a database that this program must not touch."""
    applied = {row["number"]: row for row in await reader.all("SELECT number, readable_by, sha256 FROM migration")}
    newest = max((migration.number for migration in migrations), default=0)
    for number, row in applied.items():
        if number > newest and row["readable_by"] > newest:
            raise StateError(
                f"the database has schema {number:04}, this program knows {newest:04}: install the newer "
                "firstseen again, or restore the snapshot that was taken before its migration"
            )
    for migration in migrations:
        if migration.number in applied and applied[migration.number]["sha256"] != migration.sha256:
            raise StateError(
                f"migration {migration.number:04} was edited after it was applied; install the released files"
            )
    return [migration for migration in migrations if migration.number not in applied]


async def _snapshot(database: SqliteDatabase, target: Path) -> None:
    """The way back. A migration that is tried again replaces its snapshot, so that restarts do not fill the disk."""
    fresh = target.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    await database.snapshot(fresh)
    fresh.chmod(0o600)
    fresh.replace(target)
