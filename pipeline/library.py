"""Everything ever fingerprinted, ready to be matched: the index in memory, filled from the fingerprint table."""

import asyncio
import threading
from collections.abc import Callable, Sequence

from core.model import Fingerprint
from fingerprints.compare import Match
from fingerprints.index import Matcher
from pipeline.masks import Masks
from storage import fingerprints
from storage.opening import Store

LOAD_TIMEOUT = 60.0
Progress = Callable[[int, int], None]


class Library:
    """The one matcher of a process. The database is the truth; this is rebuilt from it at every start."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop: asyncio.AbstractEventLoop | None = None
        self._matcher = Matcher(self._load)
        self._masks = Masks()
        self._lock = threading.Lock()

    async def fill(self, progress: Progress | None = None) -> int:
        """Read every fingerprint into the index; the number of assets. ``progress`` hears done and total."""
        self._loop = asyncio.get_running_loop()
        async with self._store.database.reader() as reader:
            await self._masks.renew(reader)
            total = await fingerprints.count(reader)
            last, done = 0, 0
            while batch := await fingerprints.stream(reader, after_id=last):
                await asyncio.to_thread(self._add_all, batch)
                last, done = batch[-1][0], done + len(batch)
                if progress:
                    progress(done, total)
        return done

    async def add(self, asset_id: int, prints: Sequence[Fingerprint]) -> None:
        """Make an asset findable at once; adding it again replaces it."""
        await asyncio.to_thread(self._add, asset_id, prints)

    async def match(self, prints: Sequence[Fingerprint], *, exclude: int | None = None) -> list[tuple[int, Match]]:
        """Every held asset that these fingerprints match, with how; certain ones and possible ones."""
        self._loop = asyncio.get_running_loop()
        await self._renew()
        return await asyncio.to_thread(self._match, prints, () if exclude is None else (exclude,))

    async def _renew(self) -> None:
        """Know assets without what turned out to be channel furniture since, or with what turned out to be none."""
        async with self._store.database.reader() as reader:
            changed = {one: await fingerprints.of(reader, one) for one in await self._masks.renew(reader)}
        for asset_id, prints in changed.items():
            await self.add(asset_id, prints)

    def _add_all(self, batch: Sequence[tuple[int, Sequence[Fingerprint]]]) -> None:
        for asset_id, prints in batch:
            self._add(asset_id, prints)

    def _add(self, asset_id: int, prints: Sequence[Fingerprint]) -> None:
        with self._lock:
            self._matcher.add(asset_id, self._masks.over(asset_id, prints))

    def _match(self, prints: Sequence[Fingerprint], exclude: Sequence[int]) -> list[tuple[int, Match]]:
        with self._lock:
            return self._matcher.match(prints, exclude=exclude)

    def _load(self, asset_id: int) -> Sequence[Fingerprint]:
        """The full fingerprints of a proposed asset; called from the matching thread."""
        if self._loop is None:
            raise RuntimeError("the library is used before it was filled")
        return asyncio.run_coroutine_threadsafe(self._read(asset_id), self._loop).result(LOAD_TIMEOUT)

    async def _read(self, asset_id: int) -> Sequence[Fingerprint]:
        async with self._store.database.reader() as reader:
            return self._masks.over(asset_id, await fingerprints.of(reader, asset_id))
