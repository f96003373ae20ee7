"""Files by SHA-256: written once, hashed while written, fsynced, renamed, read back, never changed.

Synchronous: called in threads. No name that anybody else chose reaches the disk.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import Permanent, StateError, Transient
from core.units import format_size

CHUNK = 1 << 20
_PART = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_BOOT = "boot"  # the run of the machine in which the parts were written
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
WAIT_FOR_SPACE = 60.0


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is safely in the vault."""

    sha256: str
    size: int
    path: Path


class Incoming:
    """A file on its way in: write it, then keep or discard it. ``size`` is what was written so far, in bytes."""

    def __init__(self, vault: "Vault", path: Path, *, resumable: bool) -> None:
        self._vault = vault
        self._path = path
        self._hash = hashlib.sha256()
        self.size = 0
        mode = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (0 if resumable else os.O_EXCL)
        with _disk(path):
            self._fd = os.open(path, mode, 0o600)
            try:
                self._read_back()
            except OSError:
                self.pause()
                raise

    def write(self, chunk: bytes) -> None:
        """Append; a full or failing disk is Transient."""
        view = memoryview(chunk)
        with _disk(self._path):
            while view:
                written = os.write(self._fd, view)
                self._hash.update(view[:written])
                self.size += written
                view = view[written:]

    def keep(self) -> StoredFile:
        """Make it part of the vault under its hash; the same bytes twice are one file."""
        try:
            with _disk(self._path):
                os.fsync(self._fd)
                # The kernel forgets its copy, so that the file is read back from the disk and not from memory.
                os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)
        except BaseException:
            # After a failed fsync nobody knows what is on the disk, and a second fsync would not tell.
            self.discard()
            raise
        self.pause()
        return self._vault.admit(self._path, self._hash.hexdigest(), self.size)

    def sha256(self) -> str:
        """The hash of what was written so far."""
        return self._hash.hexdigest()

    def discard(self) -> None:
        """Throw it away; also after a failure."""
        self.pause()
        self._path.unlink(missing_ok=True)

    def pause(self) -> None:
        """Let go of it for now; a resumable part goes on from its last byte."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _read_back(self) -> None:
        while chunk := os.read(self._fd, CHUNK):
            self._hash.update(chunk)
            self.size += len(chunk)


class Vault:
    """The folder of all originals; ``floor`` is the free space in bytes below which nothing is taken in."""

    def __init__(self, root: Path, floor: int) -> None:
        self._objects = root / "objects" / "sha256"
        self._tmp = root / "tmp"
        self._floor = floor
        for folder in (self._objects, self._tmp):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self._objects.parent, root):
            sync(folder)

    def incoming(self) -> Incoming:
        """A new file of unknown name."""
        return Incoming(self, self._tmp / f"{secrets.token_hex(16)}.new", resumable=False)

    def part(self, name: str) -> Incoming:
        """A file that survives a restart under our own ``name``; what is there is hashed again before it goes on."""
        if not _PART.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a part: letters, digits, - and _ only")
        return Incoming(self, self._tmp / f"{name}.part", resumable=True)

    def path(self, sha256: str) -> Path:
        """Where the file with this hash lies, or would lie."""
        return self._objects / sha256[:2] / sha256[2:4] / sha256

    def has(self, sha256: str) -> bool:
        """Whether the file is held."""
        return self.path(sha256).is_file()

    def names(self) -> Iterator[str]:
        """The name of every file held, in no order; one that is no hash was put there by somebody else."""
        for _folder, _folders, files in os.walk(self._objects):
            yield from files

    def free_bytes(self) -> int:
        """Free space on the vault's disk."""
        return shutil.disk_usage(self._objects).free

    def check_floor(self) -> None:
        """Raise Transient while less than the floor is free."""
        if (free := self.free_bytes()) < self._floor:
            raise Transient(
                f"only {format_size(free)} free on the disk of {self._objects}: downloads wait until "
                f"{format_size(self._floor)} are free; posts are still recorded",
                retry_in=WAIT_FOR_SPACE,
            )

    def admit(self, path: Path, sha256: str, size: int) -> StoredFile:
        """Check a complete, synced file from disk once, and move it to its place; a sound one there stays."""
        target = self.path(sha256)
        with _disk(path):
            if _hash_of(path) != sha256:
                path.unlink()
                raise StateError(f"{path}: reads back otherwise than it was written; check the disk")
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if target.exists() and _hash_of(target) == sha256:
                path.unlink()
            else:
                path.replace(target)
            target.chmod(0o440)
            for folder in (target.parent, target.parent.parent, self._objects, self._tmp):
                sync(folder)
        return StoredFile(sha256, size, target)

    def sweep(self, keep_parts: Collection[str] = ()) -> int:
        """Remove what an interrupted process left half-written, but for the parts that will be resumed.

        After a restart of the machine no part is resumed: a power cut leaves files whose length was written and whose
        bytes were not. How many files and folders were removed.
        """
        kept = {_BOOT} | ({f"{name}.part" for name in keep_parts} if self._same_boot() else set())
        stale = [path for path in self._tmp.iterdir() if path.name not in kept]
        for path in stale:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        with _disk(self._tmp / _BOOT):
            (self._tmp / _BOOT).write_text(_boot_id(), encoding="ascii")
        return len(stale)

    def _same_boot(self) -> bool:
        try:
            return (self._tmp / _BOOT).read_text(encoding="ascii") == _boot_id() != ""
        except FileNotFoundError:
            return False


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Translate what the disk says into what is to be done about it."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise Transient(
                f"{path.parent}: can't be written ({error.strerror}); free some space, the work goes on by itself",
                retry_in=WAIT_FOR_SPACE,
            ) from error
        if error.errno in {errno.EACCES, errno.EROFS, errno.EPERM}:
            raise Permanent(f"{path.parent}: can't be written ({error.strerror}); mend the permissions") from error
        raise


def _boot_id() -> str:
    """Names this run of the machine; empty where the kernel does not tell."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk before going on."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
