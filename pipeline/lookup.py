"""Media that somebody sent → what is known about it. Nothing of it is kept."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog

from core.model import Asset
from fingerprints.child import Isolation
from fingerprints.compare import Match
from fingerprints.media import Limits
from fingerprints.read import Reading, decode_reading
from fingerprints.wire import JSON
from pipeline.copies import BestCopy, best_copy
from pipeline.furniture import without
from pipeline.library import Library
from pipeline.likeness import covered
from storage import assets, footage, furniture
from storage.database import Reader
from storage.footage import FootageSighting
from storage.opening import Store

LookUpProgress = Callable[[str], Awaitable[None]]
MOSTLY_SEEN = 0.8  # of what was sent, explained by one held copy
_log = structlog.get_logger("lookup")


@dataclass(frozen=True, slots=True)
class Searched:
    """What "not seen here" rests on."""

    assets: int
    channels: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One footage that the media shows. ``spans``: (start in what was sent, start in the held copy, seconds, speed)."""

    footage_id: int
    asset_id: int
    relation: str
    certain: bool
    strength: float
    spans: tuple[tuple[float, float, float, float], ...]
    mirrored: bool
    picture: bool
    sound: bool
    earliest: FootageSighting
    best: BestCopy | None = None  # of all copies held


@dataclass(frozen=True, slots=True)
class LookUpAnswer:
    """Seen, part seen, not seen here, too plain to judge, or unreadable; with the proof picture of the best hit."""

    kind: Literal["seen", "part", "not_seen", "plain", "unreadable"]
    hits: tuple[Hit, ...]
    searched: Searched
    picture: bytes | None = None
    reason: str = ""


async def quietly(_stage: str) -> None:
    """Progress for callers that show none."""


class Asker:
    """Answers "have we seen this?" with the same code that files posts."""

    def __init__(self, store: Store, isolation: Isolation, library: Library, limits: Limits) -> None:
        self._store = store
        self._isolation = isolation
        self._library = library
        self._limits = limits

    async def ask(self, path: Path, progress: LookUpProgress = quietly) -> LookUpAnswer:
        """Look up the file at ``path``; ``progress`` hears the stages: reading, matching, drawing."""
        await progress("reading")
        answer = await asyncio.to_thread(self._isolation.run, "fingerprint", [path], {}, self._limits)
        searched = await self.searched()
        if not answer.payload:
            return LookUpAnswer("unreadable", (), searched, reason=answer.reason)
        reading = decode_reading(answer.payload)
        if reading.plain:
            return LookUpAnswer("plain", (), searched, reason=reading.plain_reason)
        await progress("matching")
        matches = await self._library.match(reading.fingerprints)
        async with self._store.database.reader() as reader:
            found = await _counting(reader, matches)
            hits, best = await _hits(reader, found)
        if not hits or best is None:
            return LookUpAnswer("not_seen", (), searched)
        await progress("drawing")
        picture = await self._picture(path, best)
        return LookUpAnswer(_kind(found, reading), hits, searched, picture)

    async def searched(self) -> Searched:
        """How much an answer rests on: files with fingerprints, channels, and the earliest post."""
        async with self._store.database.reader() as reader:
            row = await assets.coverage(reader)
        return Searched(row.assets, row.channels, row.since)

    async def _picture(self, path: Path, best: tuple[Asset, Match]) -> bytes | None:
        asset, match = best
        if not self._store.vault.has(asset.sha256):
            return None  # the retention rules dropped it
        arguments: dict[str, JSON] = {"match": match.to_json(), "labels": ["Sent", "Held"]}
        files = [path, self._store.vault.path(asset.sha256)]
        answer = await asyncio.to_thread(self._isolation.run, "proof", files, arguments, self._limits)
        if not answer.payload:
            _log.warning("proof_failed", reason=answer.reason)
        return answer.payload or None


async def _counting(reader: Reader, matches: Sequence[tuple[int, Match]]) -> list[tuple[int, Match]]:
    """The matches that rest on more than channel furniture, without it."""
    found = []
    for asset_id, match in matches:
        if left := without(match, (), await furniture.in_asset(reader, asset_id)):
            found.append((asset_id, left))
    return found


async def _hits(
    reader: Reader, found: Sequence[tuple[int, Match]]
) -> tuple[tuple[Hit, ...], tuple[Asset, Match] | None]:
    """Each footage once by its best match, certain and strong ones first; and the match to draw."""
    hits: dict[int, Hit] = {}
    best: tuple[Asset, Match] | None = None
    for asset_id, match in sorted(found, key=lambda one: (not one[1].certain, -one[1].strength, one[0])):
        home = await footage.home(reader, asset_id)
        asset = await assets.asset(reader, asset_id)
        sightings = await footage.sightings(reader, home) if home is not None else ()
        if home is None or asset is None or not sightings or home in hits:
            continue
        best = best or (asset, match)
        spans = tuple((s.query_start, s.reference_start, s.seconds, s.speed) for s in match.spans)
        hits[home] = Hit(
            home,
            asset_id,
            match.relation,
            match.certain,
            match.strength,
            spans,
            match.mirrored,
            match.picture,
            match.sound,
            sightings[0],
            await best_copy(reader, sightings),
        )
    return tuple(hits.values()), best


def _kind(found: Sequence[tuple[int, Match]], reading: Reading) -> Literal["seen", "part"]:
    """Seen when one held copy explains most of what was sent, or all of it in pictures; else part seen."""
    certain = [match for _, match in found if match.certain]
    whole = any(match.picture or not reading.width for match in certain) and any(
        covered(match, reading.duration) >= MOSTLY_SEEN for match in certain
    )
    return "seen" if whole else "part"
