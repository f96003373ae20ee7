"""Tampering with anything stored is found, and named."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.model import Capture, Finding, FindingKind, MediaKind, Verdict
from storage import assets, custody, footage, heads, members, posts, soundness
from storage.opening import Store
from storage.soundness import Soundness
from tests.storage.made import ASTRA, MARK, NOW, OLENA, a_post, taken

CONTENT = b"evidence " * 500


async def silent(_stage: str, _done: int, _total: int) -> None:
    """Hears of progress and says nothing."""


async def checked(store: Store, *known: tuple[int, str], percent: float = 100) -> Soundness:
    """Everything checked, files read unless told otherwise."""
    return await soundness.check(store, silent, heads=known, read_percent=percent)


@pytest.fixture
async def sha256(store: Store) -> str:
    """A desk with an edited post, a held file in the vault, a tag, a verdict, a note and a place; the file's hash."""
    incoming = store.vault.incoming()
    incoming.write(CONTENT)
    kept = incoming.keep()
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post())
        await taken(tx, a_post(text="Інші слова", raw=b"y"))
        ref_id, _ = (await posts.wanted(tx, post_id))[0]
        asset_id = await assets.record(tx, kept.sha256, kept.size, MediaKind.VIDEO, NOW)
        sighting_id = await assets.hold(tx, ref_id, asset_id, NOW)
        footage_id = await footage.create(tx, NOW)
        await footage.put(tx, footage_id, asset_id, belongs=True)
        await footage.record_finding(tx, Finding(sighting_id, FindingKind.NEW, footage_id), NOW)
        await members.tag(tx, footage_id, "training camp", True, OLENA, NOW)
        await members.judge(tx, footage_id, Verdict.CONFIRMED, MARK, NOW)
        await members.note(tx, footage_id, "two porches", 3.0, OLENA, NOW)
        await members.locate(tx, footage_id, "Sergeevka", 43.7, 131.6, "street", OLENA, NOW)
    return kept.sha256


async def test_an_untouched_store_is_sound(store: Store, sha256: str) -> None:
    """Nothing is wrong, and what was looked at is told."""
    async with store.database.reader() as reader:
        head = await custody.head(reader)
    found = await checked(store, head)
    assert found.problems == []
    assert (found.head, found.posts, found.files, found.files_read) == (head, 1, 1, 1)
    assert found.bytes_read == len(CONTENT)


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("UPDATE post SET raw = x'00'", "post 1001/5, version 2: its bytes"),
        ("UPDATE post SET text = text || '.'", "post 1001/5, version 2: its words"),
        ("UPDATE post_version SET raw = x'00'", "post 1001/5, version 1: its bytes"),
        ("UPDATE post_version SET text = ''", "post 1001/5, version 1: its words"),
        ("DELETE FROM post_version", "post 1001/5, version 1"),
        ("UPDATE post SET message_id = 6", "post 1001/6: no custody entry"),
        ("UPDATE asset SET sha256 = REPLACE(sha256, SUBSTR(sha256, 1, 1), 'z')", "asset 1 is not the one"),
        ("UPDATE footage_tag SET tag = 'x'; UPDATE tag_event SET tag = 'x'", "tag.added 'training camp' by 7"),
        ("DELETE FROM verdict_event", "verdict.given 'confirmed' by 8"),
        ("UPDATE verdict_event SET user_id = 7", "verdict.given 'confirmed' by 7"),
        ("UPDATE note SET text = 'three porches'", "note.written 'three porches'"),
        ("UPDATE location SET name = 'Elsewhere'", "place.given 'Elsewhere'"),
        (
            "INSERT INTO tag_event (footage_id, tag, added, member, user_id, at) VALUES (1, 'x', 1, 'M', 8, 0)",
            "tag.added 'x' by 8",
        ),
    ],
)
async def test_changed_rows_are_named(store: Store, sha256: str, sql: str, problem: str) -> None:
    """A row that was changed, removed or slipped in beside the log is named."""
    async with store.database.transaction() as tx:
        for statement in sql.split("; "):
            assert await tx.run(statement)
    assert problem in "; ".join((await checked(store)).problems)


def tampered(path: Path, content: bytes) -> None:
    """Replace what lies at a path, as somebody with the disk in hands would."""
    path.chmod(0o600)
    path.write_bytes(content)


async def test_every_flipped_bit_of_a_file_is_found_by_reading(store: Store, sha256: str) -> None:
    """One bit at either end or in the middle is enough; a check that does not read finds sizes only."""
    path = store.vault.path(sha256)
    for place in (0, len(CONTENT) // 2, len(CONTENT) - 1):
        flipped = bytearray(CONTENT)
        flipped[place] ^= 1
        tampered(path, bytes(flipped))
        assert (await checked(store, percent=0)).problems == []
        (problem,) = (await checked(store)).problems
        assert problem.startswith(f"file {sha256}: its bytes have changed")


async def test_missing_short_and_foreign_files_are_found_without_reading(store: Store, sha256: str) -> None:
    """The quick check sees what is gone, cut, or nobody's."""
    path = store.vault.path(sha256)
    tampered(path, CONTENT[:-1])
    assert "bytes lie there" in "; ".join((await checked(store, percent=0)).problems)
    path.unlink()
    (path.parent / "stranger").write_bytes(b"")
    found = await checked(store, percent=0)
    assert found.problems == [f"file {sha256}: it is missing"]
    assert found.unknown_files == 1


async def test_an_older_copy_of_the_database_shows_against_the_heads(store: Store, sha256: str) -> None:
    """A log that ends before a head that was written down is found, though it is sound in itself."""
    async with store.database.transaction() as tx:
        number, digest = await custody.head(tx)
    assert (await checked(store, (number + 7, digest))).problems == [
        f"the custody log ends at {number}; {number + 7} was written down"
    ]


async def test_parts_come_round_to_every_file(store: Store, sha256: str) -> None:
    """Checks of a twentieth on twenty days in a row read each file once."""
    read = 0
    for _ in range(20):
        read += (await checked(store, percent=5)).files_read
        store.clock.advance(timedelta(days=1))
    assert read == 1


async def test_what_was_forgotten_is_rightly_gone(store: Store, sha256: str) -> None:
    """A post that an entry says was forgotten is not missed."""
    async with store.database.transaction() as tx:
        await tx.run("DELETE FROM post_version")
        await custody.record(tx, "post.forgotten", f"post/{ASTRA.channel_id}/5", members.actor(MARK), NOW)
    assert (await checked(store)).problems == []


def test_heads_are_written_down_once_and_torn_lines_are_left_out(tmp_path: Path) -> None:
    """The file of heads grows by each new head, and a crash in the middle of a line loses that line only."""
    first, second, third = (3, "a" * 64), (9, "b" * 64), (12, "c" * 64)
    for head in (first, first, second):
        heads.write_down(tmp_path, head, NOW)
    with (tmp_path / heads.FILE).open("a") as file:
        file.write('\n{"at": "2024')
    heads.write_down(tmp_path, third, NOW)
    assert heads.written(tmp_path) == [first, second, third]
    assert heads.parse_head(f"9: {'B' * 64}") == second


async def test_a_post_that_telegram_gave_after_an_export_is_sound(store: Store, sha256: str) -> None:
    """The bytes that took the place of an export's are those that the later entry tells of; others are not."""
    async with store.database.transaction() as tx:
        await taken(tx, a_post(7, media=(), raw=b"{}", raw_layer=0), Capture.EXPORT)
        assert await posts.adopt(tx, a_post(7, media=(), raw=b"telegram"), NOW)
    assert (await checked(store)).problems == []
    async with store.database.transaction() as tx:
        await tx.run("UPDATE post SET raw = x'7B7D' WHERE message_id = 7")
    assert (await checked(store)).problems == ["post 1001/7, version 1: its bytes are not those that were recorded"]
