"""Is what is stored what was stored? The custody log against itself, then rows and files against the log.

Every problem is a sentence that names its post, file or entry. A file that no row knows is no damage: a crash between
file and row leaves one, and so does a download that is just arriving.
"""

import asyncio
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from core.clock import from_ms, to_ms
from core.ids import parse_post_key, post_key
from storage import custody, retention
from storage.database import Reader
from storage.heads import Head
from storage.opening import Store
from storage.vault import Vault

T = TypeVar("T")
Emit = Callable[[str, int, int], Awaitable[None]]
Entry = Mapping[str, Any]
_ENTRIES = 2000
_FILES = 200
_VALUES_AT_ONCE = 400
_DAY = 24 * 3600 * 1000

_WORDINGS = """
SELECT post.post_id, post.channel_id, post.message_id, post.version, post.text, post.raw FROM post
WHERE (post.channel_id, post.message_id) IN (VALUES {keys})
UNION ALL
SELECT post.post_id, post.channel_id, post.message_id, post_version.version, post_version.text, post_version.raw
FROM post_version JOIN post ON post.post_id = post_version.post_id
WHERE (post.channel_id, post.message_id) IN (VALUES {keys})
"""
_DESK = """
SELECT CASE added WHEN 1 THEN 'tag.added' ELSE 'tag.removed' END AS action, at, user_id, tag AS value FROM tag_event
UNION ALL SELECT 'verdict.given', at, user_id, verdict FROM verdict_event
UNION ALL SELECT 'note.written', written_at, user_id, text FROM note
UNION ALL SELECT CASE given WHEN 1 THEN 'place.given' ELSE 'place.taken_off' END, given_at, user_id, name FROM location
UNION ALL SELECT CASE furniture WHEN 1 THEN 'furniture.marked' ELSE 'furniture.unmarked' END, at, user_id, 'footage'
    FROM furniture_event
"""
_DESK_VALUES = {
    "tag.added": "tag",
    "tag.removed": "tag",
    "verdict.given": "verdict",
    "note.written": "text",
    "place.given": "name",
    "place.taken_off": "name",
    "furniture.marked": "what",
    "furniture.unmarked": "what",
}


@dataclass(slots=True)
class Soundness:
    """What was looked at, and everything that is wrong with it."""

    head: Head = (0, custody.FIRST)
    posts: int = 0
    files: int = 0
    files_read: int = 0
    bytes_read: int = 0
    unknown_files: int = 0
    files_dropped: int = 0
    drops_told: set[str] = field(default_factory=set)  # hashes of files that the log says were dropped
    problems: list[str] = field(default_factory=list)


async def check(store: Store, emit: Emit, *, heads: Sequence[Head] = (), read_percent: float = 0.0) -> Soundness:
    """Check everything but the files' bytes, of which ``read_percent`` are read; ``heads`` are those written down.

    A part of the files is chosen by the day, so that checks on consecutive days come round to all of them.
    """
    found = Soundness()
    found.problems += await store.database.damage(thorough=read_percent > 0)
    if found.problems:
        return found
    async with store.database.reader() as reader:
        found.head = await custody.head(reader)
        await emit("checking the custody log", 0, found.head[0])
        found.problems += await custody.verify(reader, *heads)
        if not found.problems:
            await _Log(reader, found).compare(emit)
    await _check_files(store, found, emit, read_percent)
    return found


class _Log:
    """Compares what the log says of posts, files and the desk with the rows."""

    def __init__(self, reader: Reader, found: Soundness) -> None:
        self._reader = reader
        self._found = found
        self._doubts: dict[tuple[str, str], str] = {}  # (subject, what) -> problem; a later entry may settle it
        self._posts: set[str] = set()
        self._assets: set[int] = set()
        self._desk: Counter[tuple[str, int, int | None, str]] = Counter()

    async def compare(self, emit: Emit) -> None:
        """Go through the whole log, then through the rows that no entry spoke of."""
        async for rows in custody.batches(self._reader):
            entries = [json.loads(row["body"]) for row in rows]
            await emit("comparing with the custody log", entries[-1]["seq"], self._found.head[0])
            await self._check_posts([entry for entry in entries if entry["action"] in _POST_CHECKS])
            await self._check_assets([entry for entry in entries if entry["action"] == "asset.held"])
            self._found.drops_told |= {
                str(entry["detail"].get("sha256"))
                for entry in entries
                if entry["action"] in {"asset.dropped", "asset.forgotten"}
            }
            self._settle(entries)
            self._count_desk(entries)
        self._found.problems += self._doubts.values()
        await self._find_unlogged()
        await self._compare_desk()

    async def _check_posts(self, entries: Sequence[Entry]) -> None:
        keys = {entry["subject"].removeprefix("post/") for entry in entries}
        self._posts |= keys
        wordings = await _wordings(self._reader, keys)
        for entry in entries:
            key, detail = entry["subject"].removeprefix("post/"), entry["detail"]
            version = int(detail.get("version") or 1)
            held = wordings.get((key, version))
            for what in ("raw", "words"):
                if said := detail.get(what):
                    right = held is not None and held[what] == said
                    problem = f"post {key}, version {version}: its {_CALLED[what]} are not those that were recorded"
                    self._doubt(entry["subject"], f"{what} {version}", None if right else problem)

    async def _check_assets(self, entries: Sequence[Entry]) -> None:
        ids = {int(entry["subject"].removeprefix("asset/")) for entry in entries}
        self._assets |= ids
        rows: dict[int, str] = {}
        for some in _some(sorted(ids)):
            numbers = ", ".join(map(str, some))
            rows |= {
                row["asset_id"]: row["sha256"]
                for row in await self._reader.all(f"SELECT asset_id, sha256 FROM asset WHERE asset_id IN ({numbers})")
            }
        for entry in entries:
            number = int(entry["subject"].removeprefix("asset/"))
            right = rows.get(number) == entry["detail"]["sha256"]
            problem = f"file {entry['detail']['sha256']}: asset {number} is not the one that was recorded"
            self._doubt(entry["subject"], "sha256", None if right else problem)

    def _doubt(self, subject: str, what: str, problem: str | None) -> None:
        if problem is None:
            self._doubts.pop((subject, what), None)
        else:
            self._doubts[subject, what] = problem

    def _settle(self, entries: Iterable[Entry]) -> None:
        """What was forgotten on purpose is rightly gone."""
        gone = {entry["subject"] for entry in entries if entry["action"] in {"post.forgotten", "asset.forgotten"}}
        if gone:
            self._doubts = {key: problem for key, problem in self._doubts.items() if key[0] not in gone}

    def _count_desk(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if name := _DESK_VALUES.get(entry["action"]):
                at = to_ms(datetime.fromisoformat(entry["at"]))
                self._desk[entry["action"], at, entry["actor"]["user_id"], str(entry["detail"][name])] += 1

    async def _find_unlogged(self) -> None:
        """Rows that somebody slipped in beside the log."""
        after = 0
        while rows := await self._reader.all(
            "SELECT post_id, channel_id, message_id FROM post WHERE post_id > :after ORDER BY post_id LIMIT :n",
            after=after,
            n=_ENTRIES,
        ):
            for row in rows:
                key = post_key(row["channel_id"], row["message_id"])
                if key not in self._posts:
                    self._found.problems.append(f"post {key}: no custody entry tells where it came from")
            self._found.posts += len(rows)
            after = rows[-1]["post_id"]
        for row in await self._reader.all("SELECT DISTINCT asset_id FROM sighting ORDER BY asset_id"):
            if row["asset_id"] not in self._assets:
                self._found.problems.append(f"asset {row['asset_id']}: no custody entry tells where it came from")

    async def _compare_desk(self) -> None:
        """Tags, verdicts, notes and places as rows against the same as entries."""
        rows = Counter(
            (row["action"], row["at"], row["user_id"], row["value"]) for row in await self._reader.all(_DESK)
        )
        for action, at, user_id, value in sorted((rows - self._desk).keys(), key=repr):
            when = from_ms(at).isoformat(timespec="seconds")
            self._found.problems.append(f"{action} {value!r} by {user_id} at {when}: no custody entry tells of it")
        for action, at, user_id, value in sorted((self._desk - rows).keys(), key=repr):
            when = from_ms(at).isoformat(timespec="seconds")
            self._found.problems.append(
                f"{action} {value!r} by {user_id} at {when}: in the custody log, not in the desk"
            )


_POST_CHECKS = {"post.recorded", "post.edited", "post.adopted"}
_CALLED = {"raw": "bytes", "words": "words"}


async def _wordings(reader: Reader, keys: Iterable[str]) -> dict[tuple[str, int], dict[str, str]]:
    """For each post and version the hashes of its bytes and its words as they are stored now."""
    found = {}
    for some in _some(sorted(keys)):
        pairs = ", ".join("({}, {})".format(*parse_post_key(key)) for key in some)
        for row in await reader.all(_WORDINGS.format(keys=pairs)):
            found[post_key(row["channel_id"], row["message_id"]), row["version"]] = {
                "raw": hashlib.sha256(row["raw"]).hexdigest(),
                "words": hashlib.sha256(row["text"].encode()).hexdigest(),
            }
    return found


def _some(values: Sequence[T]) -> Iterable[Sequence[T]]:
    return (values[start : start + _VALUES_AT_ONCE] for start in range(0, len(values), _VALUES_AT_ONCE))


async def _check_files(store: Store, found: Soundness, emit: Emit, percent: float) -> None:
    turn = _Turn(percent, store.clock.now_ms() // _DAY)
    after, known = 0, set[str]()
    total, dropped = await _count(store), await _dropped(store, found)
    while rows := await _assets_after(store, after):
        present = [row for row in rows if row[1] not in dropped]
        checked = await asyncio.to_thread(_check_some, store.vault, present, turn)
        for problem, size in checked:
            found.problems += [problem] if problem else []
            found.files_read += size is not None
            found.bytes_read += size or 0
        known |= {sha256 for _, sha256, _ in rows}
        found.files += len(rows)
        after = rows[-1][0]
        await emit("checking files", found.files, total)
    names = await asyncio.to_thread(lambda: set(store.vault.names()))
    found.unknown_files = len(names - known)


async def _dropped(store: Store, found: Soundness) -> frozenset[str]:
    """The files whose bytes are rightly gone; one of which no custody entry says so is a problem."""
    async with store.database.reader() as reader:
        gone = frozenset(await retention.dropped(reader))
    found.problems += [
        f"file {sha256}: it is marked as dropped, and no custody entry tells of it"
        for sha256 in sorted(gone - found.drops_told)
    ]
    found.files_dropped = len(gone)
    return gone


@dataclass(frozen=True, slots=True)
class _Turn:
    """Which files are read today."""

    percent: float
    day: int

    def takes(self, sha256: str) -> bool:
        """Whether this file's turn has come."""
        if self.percent <= 0:
            return False
        rounds = max(1, round(100 / self.percent))
        return zlib.crc32(sha256.encode()) % rounds == self.day % rounds


async def _count(store: Store) -> int:
    async with store.database.reader() as reader:
        row = await reader.one("SELECT COUNT(*) AS n FROM asset")
    return int(row["n"]) if row else 0


async def _assets_after(store: Store, after: int) -> list[tuple[int, str, int]]:
    async with store.database.reader() as reader:
        rows = await reader.all(
            "SELECT asset_id, sha256, size FROM asset WHERE asset_id > :after ORDER BY asset_id LIMIT :n",
            after=after,
            n=_FILES,
        )
    return [(row["asset_id"], row["sha256"], row["size"]) for row in rows]


def _check_some(vault: Vault, rows: Sequence[tuple[int, str, int]], turn: _Turn) -> list[tuple[str, int | None]]:
    """Per file what is wrong with it, and how many bytes were read of it (None: its turn had not come)."""
    return [_check_file(vault, sha256, size, read=turn.takes(sha256)) for _, sha256, size in rows]


def _check_file(vault: Vault, sha256: str, size: int, *, read: bool) -> tuple[str, int | None]:
    path = vault.path(sha256)
    try:
        present = path.stat().st_size
        if present != size:
            return f"file {sha256}: {present} bytes lie there, {size} were recorded", None
        if not read:
            return "", None
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return f"file {sha256}: it is missing", None
    except OSError as error:
        return f"file {sha256}: it can't be read ({error.strerror})", None
    return ("" if digest == sha256 else f"file {sha256}: its bytes have changed; they hash to {digest}"), size
