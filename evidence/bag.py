"""BagIt bags (RFC 8493, version 1.0): payload under ``data/``, two manifests, and tags that are listed as well.

A bag is written beside its place and moved there when it is complete, so that no half bag is ever taken for one.
Names are ours: no text from outside reaches the file system.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from core.errors import InputError, StateError

CHUNK = 1 << 20
_ALGORITHMS = ("sha256", "sha512")
_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,150}/){0,4}[A-Za-z0-9_-][A-Za-z0-9._-]{0,150}", re.ASCII)


class Bag:
    """A bag that is being filled."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._payload: dict[str, dict[str, str]] = {}  # path -> algorithm -> hex
        self._bytes = 0

    def add(self, name: str, content: bytes) -> str:
        """Put a payload file at ``data/<name>``; its SHA-256."""
        with self._place(name).open("xb") as file:
            file.write(content)
        return self._note(name, len(content), *(hashlib.new(algorithm, content) for algorithm in _ALGORITHMS))

    def add_lines(self, name: str, lines: Iterable[str]) -> str:
        """Put lines of text at ``data/<name>`` as they come; the file's SHA-256."""
        hashes, size = [hashlib.new(algorithm) for algorithm in _ALGORITHMS], 0
        with self._place(name).open("xb") as file:
            for line in lines:
                size += file.write(chunk := f"{line}\n".encode())
                for one in hashes:
                    one.update(chunk)
        return self._note(name, size, *hashes)

    def copy(self, name: str, path: Path, sha256: str) -> None:
        """Copy a file of the vault to ``data/<name>``; one that is not what its hash says is a StateError."""
        hashes, size = [hashlib.new(algorithm) for algorithm in _ALGORITHMS], 0
        with path.open("rb") as given, self._place(name).open("xb") as taken:
            while chunk := given.read(CHUNK):
                size += taken.write(chunk)
                for one in hashes:
                    one.update(chunk)
        if self._note(name, size, *hashes) != sha256:
            raise StateError(f"{path}: its bytes are not those that were recorded; run `firstseen verify --read-data`")

    def close(self, tags: Iterable[tuple[str, str]], extras: dict[str, bytes], at: datetime) -> str:
        """Write manifests, ``bag-info.txt`` with ``tags`` and files beside the payload; SHA-256 of the last list."""
        written = {"bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", **extras}
        size = (("Bagging-Date", f"{at:%Y-%m-%d}"), ("Payload-Oxum", f"{self._bytes}.{len(self._payload)}"))
        written["bag-info.txt"] = "".join(f"{key}: {_one_line(value)}\n" for key, value in (*tags, *size)).encode()
        for algorithm in _ALGORITHMS:
            lines = (f"{hashes[algorithm]}  {path}\n" for path, hashes in sorted(self._payload.items()))
            written[f"manifest-{algorithm}.txt"] = "".join(lines).encode()
        last = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(written.items()))
        written["tagmanifest-sha256.txt"] = last.encode()
        for name, content in written.items():
            (self._root / name).write_bytes(content)
        return hashlib.sha256(last.encode()).hexdigest()

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a file of a bag")
        path = self._root / "data" / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def _note(self, name: str, size: int, *hashes: "hashlib._Hash") -> str:
        digests = {algorithm: one.hexdigest() for algorithm, one in zip(_ALGORITHMS, hashes, strict=True)}
        self._payload[f"data/{name}"] = digests
        self._bytes += size
        return digests["sha256"]


@contextmanager
def new_bag(target: Path) -> Iterator[Bag]:
    """Fill a bag that stands at ``target`` once it is complete; an InputError when something is there already."""
    if target.exists():
        raise InputError(f"{target}: exists already; name a new folder for the bag")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent}: no such folder")
    growing = target.with_name(f"{target.name}.growing")
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir(mode=0o700)
    try:
        yield Bag(growing)
        _sync(growing)
        growing.replace(target)
    except BaseException:
        shutil.rmtree(growing, ignore_errors=True)
        raise


def _sync(root: Path) -> None:
    """Everything on disk before the bag gets its name."""
    for folder, _folders, files in os.walk(root, topdown=False):
        for path in (*(Path(folder) / name for name in files), Path(folder)):
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


def _one_line(text: str) -> str:
    """A tag's value: line ends would begin a new tag."""
    return " ".join(text.split())
