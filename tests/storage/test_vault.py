"""The vault: what it holds is whole and named by its bytes, whatever the disk does."""

import errno
import hashlib
import itertools
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import Permanent, StateError, Transient
from storage.vault import StoredFile, Vault
from tests.storage import crashing
from tests.storage.faults import at_call, calls_made

CONTENT = b"evidence" * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """An empty vault."""
    return Vault(tmp_path, 0)


def put(vault: Vault, content: bytes = CONTENT) -> StoredFile:
    """Take a file in, as collectors do."""
    incoming = vault.incoming()
    try:
        incoming.write(content[:1000])
        incoming.write(content[1000:])
        return incoming.keep()
    except BaseException:
        incoming.discard()
        raise


def on_the_way(root: Path) -> list[str]:
    """What lies in tmp, but for the note of the machine's run."""
    return sorted(path.name for path in (root / "tmp").iterdir() if path.name != "boot")


def test_a_file_lies_under_its_hash_and_cannot_be_written(vault: Vault, tmp_path: Path) -> None:
    """A file that is kept has its bytes, size and hash, belongs to its reader alone, and leaves nothing in tmp."""
    stored = put(vault)
    assert stored == StoredFile(SHA256, len(CONTENT), vault.path(SHA256))
    assert stored.path == tmp_path / "objects" / "sha256" / SHA256[:2] / SHA256[2:4] / SHA256
    assert stored.path.read_bytes() == CONTENT
    assert stat.S_IMODE(stored.path.stat().st_mode) == 0o440
    assert vault.has(SHA256)
    assert not vault.has("0" * 64)
    assert on_the_way(tmp_path) == []


def test_a_file_is_on_the_disk_before_it_has_its_name(vault: Vault) -> None:
    """The bytes are synced before the file is renamed, and the folders after it: a power cut finds all or nothing."""
    with calls_made() as made:
        put(vault)
    renamed = made.index("replace")
    assert made[:renamed].count("fsync") == 1
    assert made.index("fsync") > made.index("write")
    assert made[renamed:].count("fsync") == 4


def test_the_same_bytes_twice_are_one_file(vault: Vault, tmp_path: Path) -> None:
    """A second copy leaves the first as it is."""
    first = put(vault).path.stat()
    again = put(vault)
    assert (again.path.stat().st_ino, again.path.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    assert on_the_way(tmp_path) == []


def test_a_damaged_file_is_mended_by_its_copy(vault: Vault) -> None:
    """When the file in the vault has rotted, the same file coming in again takes its place."""
    path = put(vault).path
    path.chmod(0o600)
    path.write_bytes(b"rot")
    assert put(vault).path.read_bytes() == CONTENT
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


def test_a_file_that_reads_back_wrongly_is_refused(vault: Vault, tmp_path: Path) -> None:
    """Bytes that changed on the disk before they were kept do not enter, and a sound copy there stays."""
    sound = put(vault)
    incoming = vault.part("file1")
    incoming.write(CONTENT)
    with (tmp_path / "tmp" / "file1.part").open("r+b") as disk:
        disk.write(b"X")
    with pytest.raises(StateError, match="reads back otherwise"):
        incoming.keep()
    assert sound.path.read_bytes() == CONTENT
    assert on_the_way(tmp_path) == []


def test_a_part_goes_on_after_a_restart(vault: Vault, tmp_path: Path) -> None:
    """A part is hashed again from the disk and continued by the next process."""
    vault.sweep()
    first = vault.part("file1")
    first.write(CONTENT[:700])
    first.pause()
    restarted = Vault(tmp_path, 0)
    assert restarted.sweep({"file1"}) == 0
    second = restarted.part("file1")
    assert second.size == 700
    second.write(CONTENT[700:])
    assert second.keep().sha256 == SHA256


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a.b", "ä", "x" * 101, "a\n"])
def test_names_of_parts_are_our_own(vault: Vault, name: str) -> None:
    """Nothing but letters, digits, - and _ becomes a file name."""
    with pytest.raises(ValueError, match="no name for a part"):
        vault.part(name)


def test_sweeping_keeps_only_what_will_be_resumed(vault: Vault, tmp_path: Path) -> None:
    """What an interrupted process left goes, folders too; the parts that are still wanted stay."""
    vault.sweep()
    for name in ("file1", "file2"):
        part = vault.part(name)
        part.write(b"half")
        part.pause()
    vault.incoming().pause()
    (tmp_path / "tmp" / "link-x").mkdir()
    (tmp_path / "tmp" / "link-x" / "media.mp4").write_bytes(b"half")
    assert vault.sweep({"file1", "file9"}) == 3
    assert on_the_way(tmp_path) == ["file1.part"]


def test_no_part_survives_a_restart_of_the_machine(vault: Vault, tmp_path: Path) -> None:
    """After a power cut a part may be as long as it should and full of nothing: it begins anew."""
    vault.sweep()
    part = vault.part("file1")
    part.write(b"half")
    part.pause()
    (tmp_path / "tmp" / "boot").write_text("another run of the machine")
    assert vault.sweep({"file1"}) == 1
    assert on_the_way(tmp_path) == []


def test_below_the_floor_nothing_is_taken_in(tmp_path: Path) -> None:
    """With less space than the floor, one sentence says so and what goes on meanwhile; above it nothing does."""
    Vault(tmp_path, 1).check_floor()
    full = Vault(tmp_path, 2**62)
    with pytest.raises(Transient, match="posts are still recorded") as raised:
        full.check_floor()
    assert raised.value.retry_in > 0


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """The kernel refuses to make any file of this process longer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_is_waited_for(vault: Vault, tmp_path: Path) -> None:
    """When the kernel really refuses to write on, that is Transient and leaves nothing; later it works."""
    with files_limited_to(5000), pytest.raises(Transient, match="free some space"):
        put(vault)
    assert on_the_way(tmp_path) == []
    assert not vault.has(SHA256)
    assert put(vault).sha256 == SHA256


def test_a_part_on_a_full_disk_goes_on_where_it_was(vault: Vault) -> None:
    """What was written before the disk was full is not written again."""
    part = vault.part("file1")
    with files_limited_to(5000), pytest.raises(Transient):
        part.write(CONTENT)
    part.pause()
    resumed = vault.part("file1")
    assert resumed.size == 5000
    resumed.write(CONTENT[5000:])
    assert resumed.keep().sha256 == SHA256


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS])
def test_a_failure_at_any_call_leaves_whole_files_or_none(tmp_path: Path, code: int) -> None:
    """Whichever call to the system fails, the error says what to do, nothing half is held, and trying again works."""

    def fail() -> None:
        raise OSError(code, os.strerror(code))

    expected = Permanent if code == errno.EROFS else Transient
    for number in itertools.count(1):
        root = tmp_path / f"{number}"
        vault = Vault(root, 0)
        told = ""
        try:
            with at_call(number, fail):
                put(vault)
        except expected as error:
            told = str(error)
        if not told:
            break
        assert "can't be written" in told
        assert str(root) in told
        if vault.has(SHA256):
            assert vault.path(SHA256).read_bytes() == CONTENT
        vault.sweep()
        assert on_the_way(root) == []
        assert put(vault).path.read_bytes() == CONTENT
    assert number > 10


def test_a_kill_at_any_call_leaves_whole_files_or_none(tmp_path: Path) -> None:
    """Killed at whichever call to the system, the next process goes on: the file is held whole, once, and read-only."""
    died = subprocess.run(
        [sys.executable, "-m", "tests.storage.crashing", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(died.stdout) > 10
    for number in range(1, int(died.stdout) + 1):
        root = tmp_path / f"{number}"
        vault = Vault(root, 0)
        sha256 = hashlib.sha256(crashing.CONTENT).hexdigest()
        if vault.has(sha256):
            assert vault.path(sha256).read_bytes() == crashing.CONTENT
        vault.sweep({crashing.PART})
        crashing.put(root)
        assert vault.path(sha256).read_bytes() == crashing.CONTENT
        assert stat.S_IMODE(vault.path(sha256).stat().st_mode) == 0o440
        assert on_the_way(root) == []
