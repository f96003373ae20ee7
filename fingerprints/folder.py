"""Arrays as files of a folder: made in place, sealed once, mapped from then on."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprints.room import T


class NotAsWrittenError(Exception):
    """A file is missing, too short, or holds other bytes than were written; says which, for a person."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a file holds: numbers of a kind in a shape, and the hash and age of its bytes."""

    kind: str
    shape: tuple[int, ...]
    columns: bool
    sha256: str
    mtime_ns: int

    @property
    def size(self) -> int:
        """Bytes."""
        return prod(self.shape) * np.dtype(self.kind).itemsize


class Folder:
    """Room in a new folder. The disk's space is taken before anything is written: a full disk is an OSError here."""

    def __init__(self, path: Path, go_on: Callable[[], None]) -> None:
        self._path = path
        self._shapes: dict[str, tuple[np.dtype[Any], tuple[int, ...], bool]] = {}
        self.go_on = go_on
        path.mkdir(mode=0o700)

    def make(self, name: str, kind: type[T], shape: tuple[int, ...], *, columns: bool = False) -> NDArray[T]:
        """A new array to be filled, which is the file."""
        self._shapes[name] = np.dtype(kind), shape, columns
        size = prod(shape) * np.dtype(kind).itemsize
        fd = os.open(self._path / name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            if size:
                os.posix_fallocate(fd, 0, size)
        finally:
            os.close(fd)
        return _mapped(self._path / name, np.dtype(kind), shape, "r+", columns=columns)

    def cut(self, name: str, made: NDArray[Any], rows: int) -> NDArray[Any]:
        """The array with its first ``rows`` rows only."""
        kind, shape, columns = self._shapes[name]
        self._shapes[name] = kind, (rows, *shape[1:]), columns
        return made[:rows]

    def seal(self) -> dict[str, Written]:
        """Have everything on disk; what each file holds."""
        written = {name: self._sealed(name) for name in self._shapes}
        sync(self._path)
        return written

    def _sealed(self, name: str) -> Written:
        self.go_on()
        kind, shape, columns = self._shapes[name]
        path = self._path / name
        os.truncate(path, prod(shape) * kind.itemsize)
        sync(path)
        return Written(kind.str, shape, columns, digest(path), path.stat().st_mtime_ns)


def opened(folder: Path, arrays: Mapping[str, Written], *, trusting: bool) -> dict[str, NDArray[Any]]:
    """The arrays of a sealed folder, mapped; one that is not what it was is a NotAsWrittenError.

    ``trusting`` takes the bytes of a file of the right size and age for those that were written.
    """
    return {name: _checked(folder / name, written, trusting=trusting) for name, written in arrays.items()}


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk before going on."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _checked(path: Path, written: Written, *, trusting: bool) -> NDArray[Any]:
    shown = f"{path.parent.name}/{path.name}"
    try:
        found = path.stat()
        if found.st_size != written.size:
            raise NotAsWrittenError(f"{shown} has {found.st_size} bytes instead of {written.size}")
        if not (trusting and found.st_mtime_ns == written.mtime_ns) and digest(path) != written.sha256:
            raise NotAsWrittenError(f"the bytes of {shown} have changed")
        return _mapped(path, np.dtype(written.kind), written.shape, "r", columns=written.columns)
    except FileNotFoundError as error:
        raise NotAsWrittenError(f"{shown} is missing") from error


def _mapped(path: Path, kind: np.dtype[Any], shape: tuple[int, ...], mode: Any, *, columns: bool) -> NDArray[Any]:
    if not prod(shape):
        return np.zeros(shape, kind)
    return np.asarray(np.memmap(path, kind, mode, shape=shape, order="F" if columns else "C"))
