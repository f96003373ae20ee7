"""The custody log: every kind of tampering shows."""

import hashlib

import pytest

from core.model import SYSTEM, Actor
from storage import custody
from storage.database import Tx
from storage.opening import Store
from tests.storage.made import NOW

ENTRIES = 6


@pytest.fixture
async def head(store: Store) -> tuple[int, str]:
    """The head of a log of six entries, as somebody outside wrote it down."""
    async with store.database.transaction() as tx:
        for number in range(ENTRIES):
            actor = Actor("member", "Олена", 7) if number % 2 else SYSTEM
            await custody.record(tx, "tag.added", f"footage/{number}", actor, NOW, tag="навчальний табір", second=1.5)
        return await custody.head(tx)


async def unlocked(tx: Tx) -> None:
    """What somebody with the database in his hands does first."""
    await tx.run("DROP TRIGGER custody_stays")
    await tx.run("DROP TRIGGER custody_keeps")


async def rewritten(tx: Tx) -> None:
    """Entry 3 says something else, and every hash after it is made to fit."""
    await tx.run("UPDATE custody SET body = REPLACE(body, 'added', 'removed') WHERE seq = 3")
    prev = custody.FIRST
    for row in await tx.all("SELECT seq, body FROM custody ORDER BY seq"):
        digest = custody.link(prev, row["body"])
        await tx.run(
            "UPDATE custody SET prev = :prev, hash = :hash WHERE seq = :seq", prev=prev, hash=digest, seq=row["seq"]
        )
        prev = digest


async def test_an_untouched_log_has_no_problems(store: Store, head: tuple[int, str]) -> None:
    """A log verifies, against its present head and against an earlier one."""
    async with store.database.transaction() as tx:
        assert head[0] == ENTRIES
        assert await custody.verify(tx, head) == []
        digest = await custody.record(tx, "tag.added", "footage/9", SYSTEM, NOW)
        assert await custody.head(tx) == (ENTRIES + 1, digest)
        assert await custody.verify(tx, head) == []


async def test_an_empty_log_has_no_problems(store: Store) -> None:
    """Nothing done, nothing wrong."""
    async with store.database.reader() as reader:
        assert await custody.head(reader) == (0, custody.FIRST)
        assert await custody.verify(reader) == []


@pytest.mark.parametrize("sql", ["UPDATE custody SET body = '' WHERE seq = 2", "DELETE FROM custody WHERE seq = 2"])
async def test_the_database_itself_refuses_changes(store: Store, head: tuple[int, str], sql: str) -> None:
    """An entry can be neither edited nor deleted by a slip of ours."""

    async def slip() -> None:
        async with store.database.transaction() as tx:
            await tx.run(sql)

    with pytest.raises(Exception, match="append-only"):
        await slip()
    async with store.database.reader() as reader:
        assert await custody.verify(reader, head) == []


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("UPDATE custody SET body = REPLACE(body, 'added', 'removed') WHERE seq = 3", "entry 3 does not follow"),
        ("UPDATE custody SET body = REPLACE(body, '09:12', '09:13') WHERE seq = 1", "entry 1 does not follow"),
        ("UPDATE custody SET hash = 'no hash' WHERE seq = 3", "entry 3 does not follow"),
        ("UPDATE custody SET hash = 'no hash' WHERE seq = 6", "entry 6 does not follow"),
        ("UPDATE custody SET prev = 'no hash' WHERE seq = 3", "entry 3 does not follow"),
        ("DELETE FROM custody WHERE seq = 3", "entries 3 to 3 are missing"),
        ("DELETE FROM custody WHERE seq < 4", "entries 1 to 3 are missing"),
        ("UPDATE custody SET seq = CASE seq WHEN 2 THEN 30 ELSE seq END", "entries 2 to 2 are missing"),
    ],
)
async def test_edits_and_deletions_show(store: Store, head: tuple[int, str], sql: str, problem: str) -> None:
    """An entry that was edited, or is gone, is named by its number."""
    async with store.database.transaction() as tx:
        await unlocked(tx)
        assert await tx.run(sql)
        assert problem in "; ".join(await custody.verify(tx))


async def test_garbled_links_are_problems_and_no_crash(store: Store, head: tuple[int, str]) -> None:
    """Two neighbours that agree on a hash that is none do not stop the check."""
    async with store.database.transaction() as tx:
        await unlocked(tx)
        await tx.run("UPDATE custody SET hash = 'zz' WHERE seq = 3")
        await tx.run("UPDATE custody SET prev = 'zz' WHERE seq = 4")
        assert len(await custody.verify(tx)) == 2


async def test_swapped_entries_show(store: Store, head: tuple[int, str]) -> None:
    """Two entries in each other's place are both named."""
    async with store.database.transaction() as tx:
        await unlocked(tx)
        for was, becomes in ((2, 90), (3, 2), (90, 3)):
            await tx.run("UPDATE custody SET seq = :to WHERE seq = :was", to=becomes, was=was)
        problems = "; ".join(await custody.verify(tx))
        assert "entry 2 does not follow" in problems
        assert "entry 3 does not follow" in problems


async def test_a_cut_log_shows_only_against_a_head(store: Store, head: tuple[int, str]) -> None:
    """Without the last entries the chain is sound in itself: the head that was written down tells."""
    async with store.database.transaction() as tx:
        await unlocked(tx)
        await tx.run("DELETE FROM custody WHERE seq > 4")
        assert await custody.verify(tx) == []
        assert await custody.verify(tx, head) == ["the custody log ends at 4; 6 was written down"]


async def test_a_rewritten_log_shows_only_against_a_head(store: Store, head: tuple[int, str]) -> None:
    """Somebody who rewrites everything from an entry on makes a sound chain with another head."""
    async with store.database.transaction() as tx:
        await unlocked(tx)
        await rewritten(tx)
        assert await custody.verify(tx) == []
        assert await custody.verify(tx, head) == ["custody entry 6 is not the one that was written down"]


async def test_a_renumbered_entry_shows(store: Store, head: tuple[int, str]) -> None:
    """An entry says its own number: a chain that fits but tells another is found."""
    async with store.database.transaction() as tx:
        await unlocked(tx)
        await tx.run("""UPDATE custody SET body = REPLACE(body, '"seq":3', '"seq":7') WHERE seq = 3""")
        await rewritten(tx)
        assert "entry 3 carries another number" in "; ".join(await custody.verify(tx))


async def test_entries_of_the_first_version_still_verify(store: Store) -> None:
    """A log that began before seals goes on: each entry is checked by the rule of its time."""
    body = '{"action":"service.started","seq":1,"version":1}'
    async with store.database.transaction() as tx:
        await tx.run(
            "INSERT INTO custody (seq, prev, body, hash) VALUES (1, :prev, :body, :hash)",
            prev=custody.FIRST,
            body=body,
            hash=hashlib.sha256(b"\0" + bytes(32) + body.encode()).hexdigest(),
        )
        await custody.record(tx, "tag.added", "footage/1", SYSTEM, NOW, tag="x")
        assert await custody.verify(tx) == []


async def test_seals_show_the_chain_and_hide_its_entries(store: Store, head: tuple[int, str]) -> None:
    """Seals alone lead from the first entry to the head, and two equal acts have different ones."""
    async with store.database.transaction() as tx:
        for _ in range(2):
            await custody.record(tx, "tag.added", "footage/9", SYSTEM, NOW, tag="same")
        rows = await tx.all("SELECT body, hash FROM custody ORDER BY seq")
    prev, seals = custody.FIRST, [custody.seal(row["body"]) for row in rows]
    for seal in seals:
        prev = hashlib.sha256(b"\1" + bytes.fromhex(prev) + bytes.fromhex(seal)).hexdigest()
    assert prev == rows[-1]["hash"]
    assert len(set(seals)) == len(rows)
