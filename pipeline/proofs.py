"""The picture on a card: this copy beside the earliest one at the same second, or a contact sheet of new footage."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from core.ids import channel_label, footage_label
from core.model import Asset, FindingKind
from fingerprints.child import Isolation
from fingerprints.media import Limits
from fingerprints.wire import JSON
from pipeline.likeness import oriented
from storage import assets, footage
from storage.database import Reader
from storage.footage import FootageSighting
from storage.opening import Store

_log = structlog.get_logger("proofs")


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG or PNG, or an Ogg to be heard, and what it shows: equal digests mean the same, before it is drawn."""

    content: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is to be drawn: one file for a sheet, two and their match for a proof."""

    task: str
    assets: tuple[Asset, ...]
    arguments: Mapping[str, JSON]

    @property
    def digest(self) -> str:
        """Names the drawing by everything that decides what it shows."""
        parts = [self.task, *(asset.sha256 for asset in self.assets), repr(sorted(self.arguments.items()))]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def heard(self) -> "Drawing":
        """The same as a voice note."""
        return replace(self, task="sound")


class Proofs:
    """Draws the pictures of cards in an isolated process."""

    def __init__(self, store: Store, isolation: Isolation, limits: Limits) -> None:
        self._store = store
        self._isolation = isolation
        self._limits = limits

    async def plan(self, footage_id: int, sighting_id: int) -> Drawing | None:
        """What the card of this sighting in this footage should show; nothing when there is no picture to show."""
        async with self._store.database.reader() as reader:
            return await _plan(reader, footage_id, sighting_id)

    async def draw(self, drawing: Drawing) -> Picture | None:
        """Draw it; nothing when the files can't be read (the card then goes without a picture)."""
        if not all(self._store.vault.has(asset.sha256) for asset in drawing.assets):
            return None  # the retention rules dropped one
        files = [self._store.vault.path(asset.sha256) for asset in drawing.assets]
        answer = await asyncio.to_thread(self._isolation.run, drawing.task, files, drawing.arguments, self._limits)
        if not answer.payload:
            _log.warning("proof_failed", reason=answer.reason, task=drawing.task)
            return None
        return Picture(answer.payload, drawing.digest)

    async def proof(self, footage_id: int, sighting_id: int) -> Picture | None:
        """Plan and draw in one go."""
        drawing = await self.plan(footage_id, sighting_id)
        return await self.draw(drawing) if drawing is not None else None


async def _plan(reader: Reader, footage_id: int, sighting_id: int) -> Drawing | None:
    finding = await footage.finding(reader, sighting_id)
    sighting = await assets.sighting(reader, sighting_id)
    asset = await assets.asset(reader, sighting.asset_id) if sighting is not None else None
    if finding is None or asset is None or asset.verdict not in {"ok", "partial"}:
        return None
    if finding.kind in {FindingKind.REPOST, FindingKind.POSSIBLE}:
        other = finding.parts[0] if finding.kind is FindingKind.POSSIBLE and finding.parts else footage_id
        if pair := await _pair(reader, asset, other):
            return pair
    return Drawing("sheet", (asset,), {"label": footage_label(footage_id)})


async def _pair(reader: Reader, asset: Asset, footage_id: int) -> Drawing | None:
    """This copy beside the earliest copy that it was compared with."""
    matches = {stored.other_id: (stored, match) for stored, match in await oriented(reader, asset.asset_id)}
    for seen in await footage.sightings(reader, footage_id):
        if found := matches.get(seen.asset.asset_id):
            return Drawing(
                "proof",
                (asset, seen.asset),
                {"match": found[1].to_json(), "labels": ["This copy", _label(seen)]},
            )
    return None


def _label(seen: FootageSighting) -> str:
    when = seen.sighting.posted_at.strftime("%d %b %Y %H:%M UTC")
    return f"{channel_label(seen.channel.title, seen.channel.username, seen.channel.channel_id)}, {when}"
