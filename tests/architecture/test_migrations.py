"""The rules of the schema's steps, and that a step is taken whole or not at all."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import aiosqlite
import pytest

from core.errors import StateError
from storage.migrate import Migration, known, migrate, pending, read, update
from storage.sqlite import SqliteDatabase, connect

AT = datetime(2024, 10, 18, 9, 12, tzinfo=UTC)
SHIPPED = known()
FIRST = read("0001_places.sql", "-- 0001 readable-by 0001: places\nCREATE TABLE place (name TEXT) STRICT;")
SECOND = read("0002_heights.sql", "-- 0002 readable-by 0001: heights\nALTER TABLE place ADD COLUMN height INTEGER;")
BROKEN = read(
    "0002_heights.sql",
    "-- 0002 readable-by 0002: heights\nALTER TABLE place ADD COLUMN height INTEGER;\nINSERT INTO nowhere VALUES (1);",
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """An empty database file."""
    opened = await connect(tmp_path / "firstseen.sqlite")
    yield opened
    await opened.close()


async def schema(database: SqliteDatabase) -> list[str]:
    """Every table and index as SQL."""
    async with database.reader() as reader:
        rows = await reader.all("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    return [row["sql"] for row in rows]


def test_numbers_follow_each_other() -> None:
    """The shipped steps are numbered from 1 without a gap, and none claims to be readable by a later program."""
    numbers = [migration.number for migration in SHIPPED]

    assert numbers[0] == 1
    assert all(after == before + 1 for before, after in pairwise(numbers))
    assert all(1 <= migration.readable_by <= migration.number for migration in SHIPPED)


@pytest.mark.parametrize("migration", SHIPPED, ids=lambda migration: f"{migration.number:04}")
def test_the_house_rules_of_sql(migration: Migration) -> None:
    """Tables are strict, times come from our clock, and nothing leans on what only one engine understands."""
    sql = re.sub(r"--.*", "", migration.sql)
    tables = re.findall(r"CREATE TABLE (?!IF)(\w+)\s*\(.*?\)([^;)]*);", sql, re.DOTALL)

    assert [name for name, options in tables if "STRICT" not in options] == []
    assert re.findall(r"\b(?:CURRENT_TIMESTAMP|datetime\(|now\(|AUTOINCREMENT|rowid|::)", sql, re.IGNORECASE) == []


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("0002_what.sql", "-- 0003 readable-by 0001: what"),
        ("2_what.sql", "-- 0002 readable-by 0001: what"),
        ("0002_What.sql", "-- 0002 readable-by 0001: what"),
        ("0002_what.sql", "CREATE TABLE what (name TEXT) STRICT;"),
        ("0002_what.sql", ""),
    ],
)
def test_a_step_without_its_header_is_refused(name: str, sql: str) -> None:
    """A file whose name and first line do not agree is no migration."""
    with pytest.raises(ValueError, match="must agree"):
        read(name, sql)


async def test_steps_are_taken_once(database: SqliteDatabase) -> None:
    """The shipped steps build the schema, are written down, and a second start changes nothing."""
    taken = await migrate(database, AT, "1.0")
    built = await schema(database)

    assert taken == len(SHIPPED)
    assert await migrate(database, AT, "1.1") == 0
    assert await schema(database) == built
    async with database.reader() as reader:
        rows = await reader.all("SELECT number, sha256, program FROM migration ORDER BY number")
    assert [(row["number"], row["sha256"], row["program"]) for row in rows] == [
        (migration.number, migration.sha256, "1.0") for migration in SHIPPED
    ]


async def test_a_step_that_fails_leaves_nothing_behind(database: SqliteDatabase) -> None:
    """When a step fails in its middle, the database is as it was before that step, and can go on later."""
    await migrate(database, AT, "1.0", [FIRST])
    before = await schema(database)

    with pytest.raises(aiosqlite.OperationalError, match="nowhere"):
        await migrate(database, AT, "1.1", [FIRST, BROKEN])

    assert await schema(database) == before
    assert await migrate(database, AT, "1.1", [FIRST, SECOND]) == 1


async def test_an_edited_step_is_refused(database: SqliteDatabase) -> None:
    """A step that was changed after it was taken is an error: nobody knows any more what the schema is."""
    await migrate(database, AT, "1.0", [FIRST])
    edited = read("0001_places.sql", FIRST.sql + "\n-- a late thought")

    with pytest.raises(StateError, match="was edited after it was applied"):
        await migrate(database, AT, "1.0", [edited])


async def test_an_older_program_reads_what_says_so(database: SqliteDatabase) -> None:
    """A newer schema is used by an older program when the step allows it, and refused when not."""
    await migrate(database, AT, "1.1", [FIRST, SECOND])
    async with database.reader() as reader:
        assert await pending(reader, [FIRST]) == []

    strict = read("0003_depths.sql", "-- 0003 readable-by 0003: depths\nALTER TABLE place ADD COLUMN depth INTEGER;")
    await migrate(database, AT, "1.2", [FIRST, SECOND, strict])
    async with database.reader() as reader:
        with pytest.raises(StateError, match="install the newer"):
            await pending(reader, [FIRST, SECOND])


async def test_the_way_back_is_taken_before_a_step(database: SqliteDatabase, tmp_path: Path) -> None:
    """A database that has something to lose is copied first; the copy has the old schema and its rows."""
    assert await update(database, tmp_path, AT, "1.0", [FIRST]) == 1
    assert snapshots(tmp_path) == []
    async with database.transaction() as tx:
        await tx.run("INSERT INTO place (name) VALUES ('Сергіївка')")

    for _ in range(2):
        with pytest.raises(aiosqlite.OperationalError, match="nowhere"):
            await update(database, tmp_path, AT, "1.1", [FIRST, BROKEN])

    assert snapshots(tmp_path) == ["before-0002.sqlite"]
    await update(database, tmp_path, AT, "1.1", [FIRST, SECOND])
    before = await connect(tmp_path / "before-0002.sqlite")
    async with before.reader() as reader:
        assert await reader.all("SELECT * FROM place") == [{"name": "Сергіївка"}]
    await before.close()


def snapshots(folder: Path) -> list[str]:
    """The ways back that were kept."""
    return sorted(path.name for path in folder.glob("before-*"))
