"""The files of the index: a folder for each volume, and a manifest that says which volumes count.

A volume is written under another name, put on disk and renamed; then a new manifest takes the old one's place. What no
manifest names is rubbish of a process that was interrupted. Files that another program, another recipe or another
database left, or that are not what was written, are refused with the reason: the caller has the database.
"""

import contextlib
import hashlib
import json
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fingerprints.folder import Folder, NotAsWrittenError, Written, opened, sync
from fingerprints.register import Register, empty
from fingerprints.tail import Tail
from fingerprints.volume import Layout, Volume, gathered, restored

FORMAT = 1
MANIFEST = "manifest.json"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Kept:
    """A volume as the manifest names it. ``spots``: how many are taken in each list up to its end."""

    name: str
    first: int
    end: int
    spots: tuple[int, ...]
    arrays: dict[str, Written]


@dataclass(frozen=True, slots=True)
class Opened:
    """What the files hold; if they hold something that does not count, ``refusal`` says why."""

    volumes: tuple[Volume, ...]
    register: Register
    refusal: str = ""


class Shelf:
    """The folder of one database's index; ``recipe`` names all that decides what an asset is found by."""

    def __init__(self, folder: Path, database: str, recipe: str, *, writable: bool = True) -> None:
        self._folder = folder
        self._made_of = {"format": FORMAT, "recipe": recipe, "database": database}
        self._kept: dict[str, Kept] = {}
        self.writable = writable

    def open(self, layout: Layout) -> Opened:
        """Map what is there. The bytes are read and checked once after each start of the machine, and after changes."""
        found = self._opened(layout)
        for _ in range(0 if self.writable else _TRIES):  # who only reads may meet files that are just being replaced
            found = self._opened(layout) if found.refusal else found
        return found

    def gathered(
        self,
        register: Register,
        volumes: Sequence[Volume],
        tails: Sequence[Tail],
        layout: Layout,
        go_on: Callable[[], None],
    ) -> Volume:
        """One volume of these, in a folder of its own that no manifest names yet."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        name = secrets.token_hex(8)
        growing = self._folder / f"new-{name}"
        try:
            room = Folder(growing, go_on)
            made = gathered(register, volumes, tails, layout, room)
            kept = Kept(name, made.first, made.end, register.spots, room.seal())
            growing.rename(self._folder / name)
        except BaseException:
            shutil.rmtree(growing, ignore_errors=True)
            raise
        sync(self._folder)
        self._kept[name] = kept
        arrays = opened(self._folder / name, kept.arrays, trusting=True)
        return restored(kept.first, kept.end, layout, arrays, name)

    def publish(self, volumes: Sequence[Volume]) -> None:
        """From now on these count, and no others."""
        self._kept = {one.name: self._kept[one.name] for one in volumes}
        self._write_manifest(list(self._kept.values()))
        self._sweep()

    def _opened(self, layout: Layout) -> Opened:
        try:
            self._kept, trusting = self._read()
            volumes, register = self._mapped(layout, trusting=trusting)
        except (NotAsWrittenError, OSError) as error:
            self._kept = {}
            return Opened((), empty(), str(error))
        if self.writable and self._kept:
            with contextlib.suppress(OSError):  # a disk that takes nothing now costs the next start its trust, no more
                if not trusting:
                    self._write_manifest(list(self._kept.values()))
                self._sweep()
        return Opened(volumes, register)

    def _read(self) -> tuple[dict[str, Kept], bool]:
        """The volumes of the manifest, and whether the machine runs since it was written."""
        if not self._folder.exists() or not any(self._folder.iterdir()):
            return {}, True
        try:
            written = json.loads((self._folder / MANIFEST).read_text(encoding="utf-8"))
            body = written["body"]
            if written["sha256"] != _digest(body):
                raise NotAsWrittenError("the manifest has changed")
        except FileNotFoundError as error:
            raise NotAsWrittenError("the manifest is missing") from error
        except (ValueError, KeyError, TypeError) as error:
            raise NotAsWrittenError("the manifest can't be read") from error
        for what, ours in self._made_of.items():
            if body[what] != ours:
                raise NotAsWrittenError(f"the files are of another {what}")
        return {entry["name"]: _kept(entry) for entry in body["volumes"]}, body["boot"] == _boot_id() != ""

    def _mapped(self, layout: Layout, *, trusting: bool) -> tuple[tuple[Volume, ...], Register]:
        volumes, registers = [], [empty()]
        for kept in self._kept.values():
            arrays = opened(self._folder / kept.name, kept.arrays, trusting=trusting)
            volumes.append(restored(kept.first, kept.end, layout, arrays, kept.name))
            registers.append(Register.of(arrays["assets"], arrays["marks"], arrays["firsts"], kept.spots))
        columns = [
            np.concatenate([getattr(one, column) for one in registers], axis=-1)
            for column in ("assets", "marks", "firsts")
        ]
        return tuple(volumes), Register.of(columns[0], columns[1], columns[2], registers[-1].spots)

    def _write_manifest(self, kept: Sequence[Kept]) -> None:
        body = {**self._made_of, "boot": _boot_id(), "volumes": [asdict(one) for one in kept]}
        body = json.loads(json.dumps(body))
        fresh = self._folder / f"{MANIFEST}.new"
        fresh.write_text(json.dumps({"body": body, "sha256": _digest(body)}, indent=1), encoding="utf-8")
        fresh.chmod(0o600)
        sync(fresh)
        fresh.replace(self._folder / MANIFEST)
        sync(self._folder)

    def _sweep(self) -> None:
        for path in self._folder.iterdir():
            if path.name not in {MANIFEST, *self._kept}:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def _kept(entry: dict[str, Any]) -> Kept:
    arrays = {
        name: Written(**{**written, "shape": tuple(written["shape"])}) for name, written in entry["arrays"].items()
    }
    return Kept(entry["name"], entry["first"], entry["end"], tuple(entry["spots"]), arrays)


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _boot_id() -> str:
    """Names this run of the machine; empty where the kernel does not tell: then nothing is taken on trust."""
    with contextlib.suppress(OSError):
        return _BOOT_ID.read_text(encoding="ascii").strip()
    return ""
