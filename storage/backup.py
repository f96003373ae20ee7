"""Backups: a consistent copy of the database first, then every file that it knows; restored into an empty state.

A backup folder holds one vault that all its snapshots share, and a folder per snapshot. A snapshot counts once its
``backup.json`` is there, which is written last. Sessions are left out on purpose: a copied one gets the account banned.
The index is left out as well: the database has all that it is made from.
"""

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from core.errors import InputError, StateError
from core.model import SYSTEM
from storage import custody, heads
from storage.opening import DATABASE, Store
from storage.sqlite import rows_of
from storage.vault import CHUNK, Vault, sync

_FACTS, _FILES, _SNAPSHOTS = "backup.json", "files.txt", "snapshots"
_NAME = "%Y%m%dT%H%M%SZ"
Show = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One complete copy of the database and what it knows."""

    name: str
    at: str
    program: str
    database_sha256: str
    head: tuple[int, str]
    files: int


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A finished backup: what was copied, and the files that could not be, each with its reason."""

    snapshot: Snapshot
    copied: int
    problems: tuple[str, ...]


async def take_snapshot(store: Store, program: str) -> tuple[Path, tuple[int, str], datetime]:
    """Note the backup in the custody log and copy the database into ``tmp/``; the copy, its head and the time."""
    now = store.clock.now()
    async with store.database.transaction() as tx:
        await custody.record(tx, "store.backed_up", "store", SYSTEM, now, program=program)
        head = await custody.head(tx)
    copy = store.state_dir / "tmp" / f"snapshot-{secrets.token_hex(8)}.sqlite"
    await store.database.snapshot(copy)
    copy.chmod(0o600)
    heads.write_down(store.state_dir, head, now)
    return copy, head, now


def file_away(
    state_dir: Path, copy: Path, head: tuple[int, str], at: datetime, target: Path, *, program: str, show: Show
) -> BackedUp:
    """Move a database copy into the backup folder ``target``, with every file that it knows and that is not there yet.

    Every file is hashed while it is copied; one that is not what its name says is a problem and is not copied.
    """
    _private(target)
    folder = target / _SNAPSHOTS / at.strftime(_NAME)
    if folder.exists():
        raise InputError(f"{folder}: a snapshot of this second exists already; try again")
    folder.mkdir(mode=0o700, parents=True)
    shutil.move(copy, folder / DATABASE)
    known = _files_of(folder / DATABASE)
    copied, problems = _copy_files(Vault(state_dir, 0), Vault(target, 0), known, show)
    (folder / _FILES).write_text("".join(f"{sha256} {size}\n" for sha256, size in known), encoding="ascii")
    if (state_dir / heads.FILE).exists():
        shutil.copyfile(state_dir / heads.FILE, folder / heads.FILE)
    snapshot = Snapshot(folder.name, at.isoformat(), program, _hash_of(folder / DATABASE), head, len(known))
    for path in folder.iterdir():
        path.chmod(0o600)
        sync(path)
    (folder / _FACTS).write_text(json.dumps(asdict(snapshot), indent=1), encoding="utf-8")
    for path in (folder / _FACTS, folder, folder.parent, target):
        sync(path)
    return BackedUp(snapshot, copied, tuple(problems))


def snapshots(target: Path) -> list[Snapshot]:
    """The complete snapshots of a backup folder, oldest first."""
    found = sorted((target / _SNAPSHOTS).glob(f"*/{_FACTS}")) if target.is_dir() else []
    return [_snapshot(path) for path in found]


def drop_old(target: Path, keep: int) -> list[str]:
    """Remove all but the newest ``keep`` snapshots, and files that none of the others knows; what was removed."""
    old = [one.name for one in snapshots(target)[:-keep]]
    for name in old:
        shutil.rmtree(target / _SNAPSHOTS / name)
    if old:
        vault = Vault(target, 0)
        wanted = {line.split()[0] for path in (target / _SNAPSHOTS).glob(f"*/{_FILES}") for line in _lines(path)}
        for sha256 in set(vault.names()) - wanted:
            vault.path(sha256).unlink(missing_ok=True)
    return old


def restore(target: Path, state_dir: Path, *, name: str = "", show: Show) -> Snapshot:
    """Put a snapshot, the newest unless named, into an empty state directory; each byte is checked on its way.

    A state directory in use, a snapshot that is not there or a damaged one is an error, and the database, without which
    nothing starts, is put in place last.
    """
    chosen = _chosen(target, name)
    folder = target / _SNAPSHOTS / chosen.name
    _private(state_dir)
    if (state_dir / DATABASE).exists():
        raise InputError(f"{state_dir}: holds a database; restore into an empty directory, or move this one away first")
    if _hash_of(folder / DATABASE) != chosen.database_sha256:
        raise StateError(f"{folder / DATABASE}: its bytes have changed since the backup; take another snapshot")
    known = _files_of(folder / DATABASE)
    _, problems = _copy_files(Vault(target, 0), Vault(state_dir, 0), known, show)
    if problems:
        raise StateError("; ".join(problems))
    if (folder / heads.FILE).exists():
        shutil.copyfile(folder / heads.FILE, state_dir / heads.FILE)
    growing = state_dir / f"{DATABASE}.new"
    shutil.copyfile(folder / DATABASE, growing)
    growing.chmod(0o600)
    sync(growing)
    growing.replace(state_dir / DATABASE)
    sync(state_dir)
    return chosen


def _chosen(target: Path, name: str) -> Snapshot:
    found = snapshots(target)
    if not found:
        raise InputError(f"{target}: holds no complete snapshot")
    if not name:
        return found[-1]
    for one in found:
        if one.name == name:
            return one
    raise InputError(f"{name}: no such snapshot; there are {', '.join(one.name for one in found)}")


def _copy_files(come_from: Vault, go_to: Vault, known: Sequence[tuple[str, int]], show: Show) -> tuple[int, list[str]]:
    copied, problems = 0, []
    for number, (sha256, size) in enumerate(known):
        show("copying files", number, len(known))
        if go_to.has(sha256) and go_to.path(sha256).stat().st_size == size:
            continue
        try:
            _copy(come_from.path(sha256), go_to, sha256)
            copied += 1
        except (FileNotFoundError, StateError) as error:
            problems.append(f"file {sha256}: {'it is missing' if isinstance(error, FileNotFoundError) else error}")
    return copied, problems


def _copy(path: Path, vault: Vault, sha256: str) -> None:
    with path.open("rb") as file:
        incoming = vault.incoming()
        try:
            while chunk := file.read(CHUNK):
                incoming.write(chunk)
            if right := incoming.sha256() == sha256:
                incoming.keep()
        except BaseException:
            incoming.discard()
            raise
    if not right:
        incoming.discard()
        raise StateError("its bytes have changed")


def _files_of(database: Path) -> list[tuple[str, int]]:
    """Every file that a database says is held: all but those that the retention rules dropped."""
    tables = {row["name"] for row in rows_of(database, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    kept = "WHERE asset_id NOT IN (SELECT asset_id FROM dropped_file)" if "dropped_file" in tables else ""
    rows = rows_of(database, f"SELECT sha256, size FROM asset {kept} ORDER BY asset_id")
    return [(row["sha256"], row["size"]) for row in rows]


def _snapshot(path: Path) -> Snapshot:
    facts = json.loads(path.read_text(encoding="utf-8"))
    return Snapshot(**{**facts, "head": tuple(facts["head"])})


def _private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        raise StateError(f"{folder}: readable by others; run chmod 700 {folder}")


def _lines(path: Path) -> Iterator[str]:
    yield from path.read_text(encoding="ascii").splitlines()


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
