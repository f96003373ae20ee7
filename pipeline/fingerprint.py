"""Step: Asset → Fingerprints, read by a process that may die of it."""

import asyncio
from dataclasses import dataclass

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
        path = self._store.vault.path(given.sha256)
        answer = await asyncio.to_thread(self._isolation.run, "fingerprint", [path], {}, self._limits)
        return Read(given.asset_id, answer, decode_reading(answer.payload) if answer.payload else None)

    async def save(self, tx: Tx, made: Read) -> None:
        """Keep verdict and fingerprints; match every sighting of the asset."""
        reading, now = made.reading, self._store.clock.now()
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
        await custody.record(tx, "asset.fingerprinted", f"asset/{made.asset_id}", PIPELINE, now, **detail)
        for sighting in await assets.sightings_of(tx, made.asset_id):
            await enqueue_match(tx, sighting.sighting_id, sighting.channel_id, sighting.message_id)
