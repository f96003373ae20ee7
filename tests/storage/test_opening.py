"""Opening the state directory: one process, one owner, one schema; what a former process left is put in order."""

import asyncio
import fcntl
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from core.clock import Clock
from core.errors import StateError
from core.model import Capture
from storage import posts
from storage.opening import DATABASE, LOCK, is_held, open_store
from tests.storage.made import NOW, a_post, held, taken

HOLDER = """
import asyncio, sys
from pathlib import Path
from core.clock import Clock
from storage.opening import open_store
async def main():
    async with open_store(Path(sys.argv[1]), Clock()):
        print("open", flush=True)
        sys.stdin.read()
asyncio.run(main())
"""


def left(folder: Path, pattern: str = "*") -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.glob(pattern))


async def open_and_close(state_dir: Path, *, exclusive: bool = True) -> None:
    """A start and an end."""
    async with open_store(state_dir, Clock(), exclusive=exclusive):
        pass


def changed(state_dir: Path, *statements: str) -> None:
    """Change a closed database from outside."""
    connection = sqlite3.connect(state_dir / DATABASE)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


async def test_a_second_process_is_told_who_holds_the_store(state_dir: Path) -> None:
    """A second process gets one sentence with the number of the first; when that one is gone it may open."""
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLDER,
        str(state_dir),
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"open\n"
    assert is_held(state_dir)
    with pytest.raises(StateError, match=rf"in use by another firstseen \(process {holder.pid}\)"):
        await open_and_close(state_dir)
    await open_and_close(state_dir, exclusive=False)
    holder.kill()
    await holder.communicate()
    assert not is_held(state_dir)
    await open_and_close(state_dir)


async def test_a_service_may_start_while_a_command_looks(state_dir: Path) -> None:
    """A lock that is held for a moment only delays the start."""
    looking = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(looking, fcntl.LOCK_EX)
    asyncio.get_running_loop().call_later(0.02, os.close, looking)
    await open_and_close(state_dir)


async def test_a_state_directory_is_for_its_owner_alone(state_dir: Path) -> None:
    """One that others may read, and one that is not there, are refused with what to do."""
    loose = state_dir / "loose"
    os.mkdir(loose, 0o750)  # noqa: PTH102 -- pathlib's is called blocking
    with pytest.raises(StateError, match="chmod 700"):
        await open_and_close(loose)
    with pytest.raises(StateError, match="no such directory"):
        await open_and_close(state_dir / "missing")


async def test_reading_needs_a_database(state_dir: Path) -> None:
    """A command that only reads makes no database."""
    with pytest.raises(StateError, match="no database here yet"):
        await open_and_close(state_dir, exclusive=False)
    assert left(state_dir) == []


@pytest.fixture
def noise(state_dir: Path) -> bytes:
    """A file in the database's place that is none."""
    content = b"not a database at all" * 100
    (state_dir / DATABASE).write_bytes(content)
    return content


async def test_what_is_no_database_is_refused(state_dir: Path, noise: bytes) -> None:
    """A file of something else is named in a sentence."""
    with pytest.raises(StateError, match="can't be opened"):
        await open_and_close(state_dir)


async def test_a_database_of_another_program_is_refused(state_dir: Path) -> None:
    """Its tables are left alone."""
    changed(state_dir, "CREATE TABLE sessions (dc_id INTEGER)")
    with pytest.raises(StateError, match="another program"):
        await open_and_close(state_dir)


async def test_a_newer_or_edited_schema_is_refused(state_dir: Path) -> None:
    """An older program does not touch what it can't read; an edited step is named."""
    await open_and_close(state_dir)
    changed(state_dir, "INSERT INTO migration VALUES (9000, 9000, '', 0, 'later')")
    for exclusive in (True, False):
        with pytest.raises(StateError, match="install the newer firstseen"):
            await open_and_close(state_dir, exclusive=exclusive)
    changed(state_dir, "UPDATE migration SET number = 9000, readable_by = 1 WHERE number = 9000")
    await open_and_close(state_dir)
    changed(state_dir, "UPDATE migration SET sha256 = 'other' WHERE number = 1")
    with pytest.raises(StateError, match="0001 was edited"):
        await open_and_close(state_dir)


async def test_a_new_store_needs_no_way_back(state_dir: Path) -> None:
    """No snapshot is taken of nothing, nor when nothing changes."""
    await open_and_close(state_dir)
    await open_and_close(state_dir)
    assert left(state_dir, "before-*") == []


async def test_a_start_keeps_the_parts_that_will_be_resumed(state_dir: Path) -> None:
    """Of what lies in tmp, only the part of a file that is still wanted outlives a restart."""
    async with open_store(state_dir, Clock()) as store:
        async with store.database.transaction() as tx:
            post_id = await taken(tx, a_post(), Capture.LIVE)
            ((ref_id, ref),) = await posts.wanted(tx, post_id)
        name = posts.part_name(ref_id, ref.file_id)
        for part in (store.vault.part(name), store.vault.part("file999")):
            part.write(b"half")
            part.pause()
        (state_dir / "tmp" / "link-left").mkdir()
    async with open_store(state_dir, Clock()) as store:
        assert left(state_dir / "tmp") == ["boot", f"{name}.part"]
        async with store.database.transaction() as tx:
            await held(tx, post_id)
    await open_and_close(state_dir)
    assert left(state_dir / "tmp", "*.part") == []


async def test_what_was_written_is_there_after_a_restart(state_dir: Path) -> None:
    """A store that is opened again holds what was committed."""
    async with open_store(state_dir, Clock()) as store, store.database.transaction() as tx:
        await taken(tx, a_post())
    async with open_store(state_dir, Clock()) as store, store.database.reader() as reader:
        stored = await posts.post(reader, 1001, 5)
    assert stored is not None
    assert stored.post.text == a_post().text
    assert stored.captured_at == NOW
