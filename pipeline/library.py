"""Everything ever fingerprinted, ready to be matched: the index, which agrees with the fingerprint table.

The table is the truth. Files in the state directory's ``index`` folder spare a start the work of making the index
again: what they say of an asset counts as long as the mark of its fingerprints is the one that they noted.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from core.model import Fingerprint
from fingerprints.compare import Match
from fingerprints.index import RECIPE, Matcher
from fingerprints.shelf import Shelf
from pipeline.masks import Masks
from storage import fingerprints, forgetting
from storage.opening import Store

FOLDER = "index"
LOAD_TIMEOUT = 60.0
_PAGE = 200  # assets read at once
Progress = Callable[[int, int], None]
_log = structlog.get_logger("library")


@dataclass(frozen=True, slots=True)
class Filled:
    """How many assets came from files, how many were read from the database, and why files were not used, if so."""

    mapped: int
    read: int
    refusal: str


class Library:
    """The one matcher of a process. ``writes=False`` leaves the files to the service that runs beside."""

    def __init__(self, store: Store, *, writes: bool = True) -> None:
        self._store = store
        self._writes = writes
        self._loop: asyncio.AbstractEventLoop | None = None
        self._matcher = Matcher(self._load)
        self._masks = Masks()
        self._failure: OSError | None = None
        self._adding = asyncio.Lock()
        self._forgotten = 0  # the turn up to which forgotten assets are not found any more
        self._asking = asyncio.Semaphore(os.cpu_count() or 1)

    async def fill(self, progress: Progress | None = None) -> Filled:
        """Take up the files and read what they lack. ``progress`` hears how many assets were read, of how many."""
        self._loop = asyncio.get_running_loop()
        async with self._store.database.reader() as reader:
            await self._masks.renew(reader)
            self._forgotten = max((turn for turn, _ in await forgetting.forgotten_since(reader, 0)), default=0)
            marks = {one: self._masks.mark(one, mark) for one, mark in (await fingerprints.marks(reader)).items()}
            database = await fingerprints.identity(reader)
            shelf = Shelf(self._store.state_dir / FOLDER, database, RECIPE, writable=self._writes)
            self._matcher = Matcher(self._load, shelf)
            refusal = await asyncio.to_thread(self._matcher.holdings.open, marks)
            lacking = [asset_id for asset_id in marks if asset_id not in self._matcher.holdings]
            if refusal:
                _log.warning("index_rebuilt", reason=refusal, assets=len(lacking))
            done = 0
            with self._matcher.holdings.filling():
                for page in _pages(lacking):
                    prints = await fingerprints.some(reader, page)
                    found = [(one, self._masks.over(one, prints.get(one, ())), marks[one]) for one in page]
                    await asyncio.to_thread(self._add_all, found)
                    done += len(page)
                    if progress:
                        progress(done, len(lacking))
        filled = Filled(len(marks) - len(lacking), len(lacking), refusal)
        _log.info("index_read", mapped=filled.mapped, read=filled.read, refusal=refusal)
        return filled

    async def add(self, asset_id: int) -> None:
        """Make an asset findable at once, as the database has it now, instead of what it was."""
        async with self._adding:  # or an older state could come after a newer one
            async with self._store.database.reader() as reader:
                mark = await fingerprints.mark(reader, asset_id)
                prints = await fingerprints.of(reader, asset_id)
            known, mark = self._masks.over(asset_id, prints), self._masks.mark(asset_id, mark)
            await asyncio.to_thread(self._matcher.add, asset_id, known, mark)
        self._tell_trouble()

    async def match(self, prints: Sequence[Fingerprint], *, exclude: int | None = None) -> list[tuple[int, Match]]:
        """Every held asset that these fingerprints match, with how; certain ones and possible ones."""
        self._loop = asyncio.get_running_loop()
        await self._renew()
        async with self._asking:
            return await asyncio.to_thread(self._matcher.match, prints, () if exclude is None else (exclude,))

    async def close(self) -> None:
        """Stop writing files; the index is still there, and the next start finds the files that were finished."""
        await asyncio.to_thread(self._matcher.holdings.close)

    async def _renew(self) -> None:
        """Know assets without what turned out to be channel furniture since, or as none; and no forgotten ones."""
        async with self._store.database.reader() as reader:
            changed = set(await self._masks.renew(reader))
            forgotten = await forgetting.forgotten_since(reader, self._forgotten)
        for turn, asset_id in forgotten:
            self._forgotten = turn
            changed.add(asset_id)
        for asset_id in changed:
            await self.add(asset_id)

    def _tell_trouble(self) -> None:
        """Say once that files can't be written, and once that they can again. Nothing else suffers from it."""
        failure = self._matcher.holdings.failure
        if failure is not None and self._failure is None:
            _log.warning("index_not_written", reason=str(failure))
        elif failure is None and self._failure is not None:
            _log.info("index_written_again")
        self._failure = failure

    def _add_all(self, batch: Sequence[tuple[int, Sequence[Fingerprint], int]]) -> None:
        for asset_id, prints, mark in batch:
            self._matcher.add(asset_id, prints, mark)
        self._matcher.holdings.keep_up()

    def _load(self, asset_id: int) -> Sequence[Fingerprint]:
        """The full fingerprints of a proposed asset; called from the matching thread."""
        if self._loop is None:
            raise RuntimeError("the library is used before it was filled")
        return asyncio.run_coroutine_threadsafe(self._read(asset_id), self._loop).result(LOAD_TIMEOUT)

    async def _read(self, asset_id: int) -> Sequence[Fingerprint]:
        async with self._store.database.reader() as reader:
            return self._masks.over(asset_id, await fingerprints.of(reader, asset_id))


def _pages(asset_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (asset_ids[start : start + _PAGE] for start in range(0, len(asset_ids), _PAGE))
