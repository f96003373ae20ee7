"""Transactions are whole or nothing, whatever happens to who runs them."""

import itertools

import aiosqlite
import pytest

from core.clock import Clock
from core.errors import Transient
from core.model import SYSTEM
from storage import custody, jobs, settings
from storage.opening import Store, open_store
from tests.storage.made import NOW, cut_short


async def names(store: Store) -> set[str]:
    """Every setting that is stored."""
    async with store.database.reader() as reader:
        return {row["name"] for row in await reader.all("SELECT name FROM setting")}


async def put(store: Store, name: str, value: str) -> None:
    """Two settings in a transaction of their own."""
    async with store.database.transaction() as tx:
        await settings.put(tx, f"before {name}", "x")
        await settings.put(tx, name, value)


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_cancelled_anywhere_a_transaction_is_whole_or_nothing(store: Store, times: int) -> None:
    """Cancelled at each of its suspensions, also several times in a row, it leaves all of its rows or none."""

    async def write(turn: int) -> None:
        async with store.database.transaction() as tx:
            for part in "abc":
                await settings.put(tx, f"{turn}{part}", "x")

    for at in itertools.count(1):
        was_cut = await cut_short(write(at), at, times)
        found = {name for name in await names(store) if name.startswith(f"{at}")}
        assert found in (set(), {f"{at}{part}" for part in "abc"})
        if not was_cut:
            assert found
            break
        async with store.database.transaction() as tx:
            await tx.run("DELETE FROM setting")
    assert at > 4


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_readers_come_back_however_they_are_cancelled(store: Store, times: int) -> None:
    """Cancelled at each suspension, a reader returns to the pool and later ones see what is committed."""

    async def ask() -> None:
        async with store.database.reader() as reader:
            await reader.all("SELECT name FROM setting")
            await reader.all("SELECT name FROM setting")

    for at in itertools.count(1):
        async with store.database.transaction() as tx:
            await settings.put(tx, f"{at}", "x")
        if not await cut_short(ask(), at, times):
            break
        for _ in range(3):
            assert f"{at}" in await names(store)
    assert at > 3


async def test_an_exception_undoes_everything(store: Store) -> None:
    """What was written before an exception is not there, and nobody is woken."""
    turn = store.jobs_ready.turn

    async def fail() -> None:
        async with store.database.transaction() as tx:
            await settings.put(tx, "a", "x")
            await jobs.enqueue(tx, "fetch", "1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await names(store) == set()
    assert store.jobs_ready.turn == turn


async def test_workers_are_woken_after_the_commit(store: Store) -> None:
    """A job that is enqueued wakes whoever waits, once it can be claimed and not before."""
    turn = store.jobs_ready.turn
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "fetch", "1")
        await jobs.enqueue(tx, "fetch", "2")
        assert store.jobs_ready.turn == turn
    assert store.jobs_ready.turn == turn + 1
    await store.jobs_ready.wait(turn, 60)


async def test_readers_cannot_write(store: Store) -> None:
    """The engine itself refuses a write through a reader."""
    async with store.database.reader() as reader:
        with pytest.raises(aiosqlite.OperationalError, match="readonly"):
            await reader.all("INSERT INTO setting (name, value) VALUES ('a', 'b') RETURNING name")


async def test_a_store_opened_beside_a_service_cannot_write(store: Store) -> None:
    """What is opened to read sees what is committed and commits nothing itself."""
    async with store.database.transaction() as tx:
        await settings.put(tx, "a", "x")
    async with open_store(store.state_dir, Clock(), exclusive=False) as beside:
        async with beside.database.reader() as reader:
            assert await settings.get(reader, "a") == "x"
        with pytest.raises(aiosqlite.OperationalError, match="readonly"):
            await put(beside, "a", "y")


async def test_a_full_database_is_said_in_a_sentence_and_passes(store: Store) -> None:
    """When the disk takes no more, the transaction is undone with a Transient; with space again all goes on."""
    async with store.database.transaction() as tx:
        pages = await tx.one("PRAGMA page_count")
        assert pages is not None
        await tx.one(f"PRAGMA max_page_count = {pages['page_count'] + 2}")
    with pytest.raises(Transient, match="free some space"):
        await put(store, "large", "x" * 100_000)
    assert await names(store) == set()
    async with store.database.transaction() as tx:
        await tx.one("PRAGMA max_page_count = 1000000")
        await settings.put(tx, "large", "x" * 100_000)
        await custody.record(tx, "disk.freed", "disk", SYSTEM, NOW)
    assert await names(store) == {"large"}
