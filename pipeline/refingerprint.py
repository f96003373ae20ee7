"""Step: the fingerprints of an archive, brought to the present versions asset by asset, whenever nothing else waits.

One job goes through the whole archive and asks for itself again after each asset, so that what was stored is never
done twice and a pause takes effect at once. An asset that can't be read as well as before keeps what it has.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

from core.errors import InputError, Permanent
from core.model import PIPELINE, Asset
from fingerprints.child import Isolation
from fingerprints.media import Limits, Verdict
from fingerprints.versions import PRESENT
from pipeline.fingerprint import Read, keep, read
from pipeline.library import Library
from storage import assets, custody, jobs, refingerprinting
from storage.database import Reader, Tx
from storage.opening import Store

ARCHIVE = "archive"  # the key of its one job
LIVELIER = ("fingerprint", "match", "look_up")  # queues that go first
TURN = timedelta(seconds=1)  # after which it is looked again whether something livelier waits


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be done next: read ``asset`` anew, let others go first, or end when there is no asset left."""

    asset: Asset | None
    give_way: bool = False


@dataclass(frozen=True, slots=True)
class Anew:
    """An asset read anew; ``reason`` says why it keeps what it has."""

    turn: Turn
    read: Read | None = None
    reason: str = ""
    seconds: float = 0.0


class RefingerprintStep:
    """Goes through the archive with one file in hand."""

    queue = refingerprinting.QUEUE
    slots = 1

    def __init__(self, store: Store, isolation: Isolation, limits: Limits, library: Library) -> None:
        self._store = store
        self._isolation = isolation
        self._limits = limits
        self._library = library
        self._stored: int | None = None

    async def load(self, reader: Reader, _key: str) -> Turn | None:
        """The next outdated asset, unless it is paused or something livelier waits."""
        await self._make_findable()
        upgrade = await refingerprinting.upgrade(reader)
        if upgrade is None or upgrade.state != "running":
            return None
        if await jobs.due(reader, LIVELIER, self._store.clock.now()):
            return Turn(None, give_way=True)
        number = await refingerprinting.next_outdated(reader, PRESENT, upgrade.through_asset)
        return Turn(None if number is None else await assets.asset(reader, number))

    async def work(self, given: Turn) -> Anew:
        """Read the file as if it had just come; what goes wrong is a reason to leave the asset as it is."""
        if given.asset is None:
            return Anew(given)
        began = perf_counter()
        try:
            made = await read(self._store, self._isolation, self._limits, given.asset)
        except (InputError, Permanent) as error:
            held = self._store.vault.has(given.asset.sha256)
            return Anew(given, None, str(error) if held else "its file is not held any more", perf_counter() - began)
        return Anew(given, made, worse(given.asset, made), perf_counter() - began)

    async def save(self, tx: Tx, made: Anew) -> None:
        """Put the new fingerprints in the place of the old ones and ask for the next asset."""
        now, asset = self._store.clock.now(), made.turn.asset
        if asset is not None and (made.read is None or made.reason):
            await refingerprinting.leave(tx, asset.asset_id, made.reason, made.seconds, now)
        elif asset is not None and made.read is not None:
            await keep(tx, made.read, "asset.refingerprinted", now)
            await refingerprinting.brought(tx, asset.asset_id, made.seconds)
            self._stored = asset.asset_id
        elif not made.turn.give_way:
            await refingerprinting.end(tx)
            await custody.record(tx, "store.refingerprinted", "store", PIPELINE, now, **await _counts(tx))
            return
        await ask(tx, now + TURN if made.turn.give_way else now)

    async def _make_findable(self) -> None:
        """Tell the library what the turn before has committed; until then it found the asset by what it had."""
        if self._stored is not None:
            await self._library.add(self._stored)
            self._stored = None


async def ask(tx: Tx, run_at: datetime) -> None:
    """Have the archive gone through, or gone on with; below everything else."""
    await jobs.enqueue(tx, refingerprinting.QUEUE, ARCHIVE, priority=jobs.BACKFILL, run_at=run_at)


async def _counts(reader: Reader) -> dict[str, int]:
    ended = await refingerprinting.upgrade(reader)
    return {"brought": ended.brought, "left_old": ended.left_old} if ended else {}


def worse(asset: Asset, made: Read) -> str:
    """Why a new reading is worth less than the one before; empty when it is not."""
    if made.reading is None:
        return f"{made.answer.verdict}: {made.answer.reason}"
    if not made.reading.fingerprints:
        return f"too plain to judge now: {made.reading.plain_reason}"
    if asset.verdict == Verdict.OK and made.answer.verdict is not Verdict.OK:
        return f"read only in part now: {made.answer.reason}"
    return ""
