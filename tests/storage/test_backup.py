"""What is backed up comes back byte for byte; what is damaged on either side is found before it counts."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import Clock
from core.errors import InputError, StateError
from core.model import SYSTEM
from storage import assets, backup, custody, heads, posts, soundness
from storage.opening import DATABASE, Store, open_store
from tests.storage.made import NOW, a_post, taken

ONE_SECOND = timedelta(seconds=1)
CONTENTS = (b"first " * 900, b"second " * 900)


def silent(_stage: str, _done: int, _total: int) -> None:
    """Hears of progress and says nothing."""


async def emit(_stage: str, _done: int, _total: int) -> None:
    """The same for what waits."""


async def keep(store: Store, number: int) -> str:
    """A post with a held file; the file's hash."""
    incoming = store.vault.incoming()
    incoming.write(CONTENTS[number])
    kept = incoming.keep()
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post(number + 1))
        ref_id, ref = (await posts.wanted(tx, post_id))[0]
        await assets.hold(tx, ref_id, await assets.record(tx, kept.sha256, kept.size, ref.kind, NOW), NOW)
    return kept.sha256


async def backed_up(store: Store, target: Path) -> backup.BackedUp:
    """A backup of the store, a second after any before it."""
    copy, head, at = await backup.take_snapshot(store, "1")
    return backup.file_away(store.state_dir, copy, head, at, target, program="1", show=silent)


async def problems_in(state_dir: Path) -> list[str]:
    """What is wrong with a restored state, every file read."""
    async with open_store(state_dir, Clock()) as store:
        known = heads.written(state_dir)
        return (await soundness.check(store, emit, heads=known, read_percent=100)).problems


def private(folder: Path) -> bool:
    """Whether nobody else may look into a folder."""
    return folder.stat().st_mode & 0o077 == 0


def flip_last_byte(target: Path) -> None:
    """Damage the one snapshot's database."""
    (database,) = target.rglob(DATABASE)
    content = database.read_bytes()
    database.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where backups go."""
    return tmp_path / "backup"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A state directory to restore into."""
    return tmp_path / "restored"


async def test_what_was_backed_up_comes_back(store: Store, target: Path, empty: Path) -> None:
    """Posts, files, log and heads are restored and sound, while the store that was copied had gone on."""
    await keep(store, 0)
    made = await backed_up(store, target)
    await keep(store, 1)
    assert (made.copied, made.problems) == (1, ())
    assert backup.restore(target, empty, show=silent) == made.snapshot
    assert await problems_in(empty) == []
    async with open_store(empty, Clock()) as restored, restored.database.reader() as reader:
        assert await custody.head(reader) == made.snapshot.head
        assert await posts.known_ids(reader, 1001, 0, 9) == {1}
    assert not (empty / "sessions").exists()
    assert private(empty)


async def test_a_second_backup_copies_what_is_new(store: Store, target: Path, empty: Path) -> None:
    """Files are shared by all snapshots, and each snapshot can be restored by its name."""
    await keep(store, 0)
    first = await backed_up(store, target)
    await keep(store, 1)
    store.clock.advance(ONE_SECOND)
    second = await backed_up(store, target)
    assert second.copied == 1
    assert [one.name for one in backup.snapshots(target)] == [first.snapshot.name, second.snapshot.name]
    assert backup.restore(target, empty, name=first.snapshot.name, show=silent) == first.snapshot
    assert await problems_in(empty) == []
    with pytest.raises(InputError, match="no such snapshot"):
        backup.restore(target, empty.with_name("other"), name="yesterday", show=silent)


async def test_old_snapshots_go_with_the_files_that_only_they_knew(store: Store, target: Path, empty: Path) -> None:
    """What is dropped is named; what the newest snapshot knows stays restorable."""
    await keep(store, 0)
    first = await backed_up(store, target)
    async with store.database.transaction() as tx:
        for table in ("sighting", "media_ref", "asset"):
            await tx.run(f"DELETE FROM {table}")
        await custody.record(tx, "asset.forgotten", "asset/1", SYSTEM, NOW)
    store.clock.advance(ONE_SECOND)
    await keep(store, 1)
    await backed_up(store, target)
    assert backup.drop_old(target, 1) == [first.snapshot.name]
    assert backup.drop_old(target, 1) == []
    assert len([path for path in (target / "objects").rglob("*") if path.is_file()]) == 1
    backup.restore(target, empty, show=silent)
    assert await problems_in(empty) == []


async def test_damage_is_found_on_the_way(store: Store, target: Path, empty: Path) -> None:
    """A changed original is not backed up as good; a changed backup is not restored; each is named."""
    sha256 = await keep(store, 0)
    store.vault.path(sha256).chmod(0o600)
    store.vault.path(sha256).write_bytes(b"x" * len(CONTENTS[0]))
    (problem,) = (await backed_up(store, target)).problems
    assert problem == f"file {sha256}: its bytes have changed"
    with pytest.raises(StateError, match="it is missing"):
        backup.restore(target, empty, show=silent)
    assert not (empty / DATABASE).exists()
    flip_last_byte(target)
    with pytest.raises(StateError, match="have changed since the backup"):
        backup.restore(target, empty, show=silent)


async def test_nothing_is_overwritten(store: Store, target: Path) -> None:
    """A state directory that holds a database is left as it is; without a complete snapshot nothing is restored."""
    with pytest.raises(InputError, match="no complete snapshot"):
        backup.restore(target, store.state_dir, show=silent)
    made = await backed_up(store, target)
    with pytest.raises(InputError, match="holds a database"):
        backup.restore(target, store.state_dir, show=silent)
    (target / "snapshots" / made.snapshot.name / "backup.json").unlink()
    assert backup.snapshots(target) == []
