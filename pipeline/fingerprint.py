"""Step: Asset → Fingerprints, read by a process that may die of it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from core.model import PIPELINE, Asset
from fingerprints.child import Answer, Isolation
from fingerprints.media import Limits
from fingerprints.read import Reading, decode_reading
from pipeline.priority import enqueue_match
from storage import assets, custody, fingerprints
from storage.database import Reader, Tx
from storage.opening import Store


@dataclass(frozen=True, slots=True)
class Read:
    """What became of reading one asset; ``reading`` is missing when the file was refused or killed."""

    asset_id: int
    answer: Answer
    reading: Reading | None


async def read(store: Store, isolation: Isolation, limits: Limits, asset: Asset) -> Read:
    """Read a held file in a process of its own; a refusal is an answer like any other."""
    answer = await asyncio.to_thread(isolation.run, "fingerprint", [store.vault.path(asset.sha256)], {}, limits)
    return Read(asset.asset_id, answer, decode_reading(answer.payload) if answer.payload else None)


async def keep(tx: Tx, made: Read, action: str, now: datetime) -> None:
    """Keep verdict and fingerprints in the place of those before, with a custody entry."""
    reading = made.reading
    await assets.set_reading(
        tx,
        made.asset_id,
        verdict=str(made.answer.verdict),
        reason=made.answer.reason or (reading.plain_reason if reading else ""),
        layers=" ".join(made.answer.layers),
        plain=reading is None or reading.plain,
        duration=reading.duration if reading else None,
        width=reading.width if reading else None,
        height=reading.height if reading else None,
        phash=reading.phash if reading else "",
    )
    prints = reading.fingerprints if reading else ()
    await fingerprints.replace(tx, made.asset_id, prints)
    detail: dict[str, str | float | None] = {"verdict": str(made.answer.verdict), "fingerprints": len(prints)}
    await custody.record(tx, action, f"asset/{made.asset_id}", PIPELINE, now, **detail)


class FingerprintStep:
    """Reads a held file once."""

    queue = "fingerprint"

    def __init__(self, store: Store, isolation: Isolation, limits: Limits, slots: int) -> None:
        self.slots = slots
        self._store = store
        self._isolation = isolation
        self._limits = limits

    async def load(self, reader: Reader, key: str) -> Asset | None:
        """The asset, unless it was read already."""
        asset = await assets.asset(reader, int(key))
        return asset if asset is not None and not asset.verdict else None

    async def work(self, given: Asset) -> Read:
        """Decode in isolation; a refusal is a result like any other."""
        return await read(self._store, self._isolation, self._limits, given)

    async def save(self, tx: Tx, made: Read) -> None:
        """Keep verdict and fingerprints; match every sighting of the asset."""
        await keep(tx, made, "asset.fingerprinted", self._store.clock.now())
        for sighting in await assets.sightings_of(tx, made.asset_id):
            await enqueue_match(tx, sighting.sighting_id, sighting.channel_id, sighting.message_id)
