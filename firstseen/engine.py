"""What every way of running shares: the open store, the decoder, the library and the steps between file and alert."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.clock import Clock
from core.config import Config
from fingerprints.child import Isolation
from fingerprints.media import Limits
from firstseen import __version__
from firstseen.fences import fenced
from pipeline import worker
from pipeline.announce import AnnounceStep
from pipeline.fingerprint import FingerprintStep
from pipeline.library import Library, Progress
from pipeline.match import MatchStep
from pipeline.refingerprint import RefingerprintStep
from storage.opening import Store, open_store


@dataclass(frozen=True, slots=True)
class Engine:
    """What every way of running shares: the open store, the decoder and the library."""

    store: Store
    isolation: Isolation
    limits: Limits
    library: Library

    def steps(self, config: Config) -> list[worker.Step]:
        """The steps between a held file and an alert."""
        return [
            FingerprintStep(self.store, self.isolation, self.limits, config.media.slots),
            MatchStep(self.store, self.library),
            AnnounceStep(self.store, config.chats),
            RefingerprintStep(self.store, self.isolation, self.limits, self.library),
        ]


@asynccontextmanager
async def open_engine(
    config: Config, clock: Clock, progress: Progress | None = None, *, exclusive: bool = True
) -> AsyncIterator[Engine]:
    """Open the store, start the decoder, and fill the library. Without ``exclusive`` it is only read."""
    limits = Limits(memory=config.media.memory, photo_cpu=config.media.photo_cpu, video_cpu=config.media.video_cpu)
    with fenced(config) as isolation:
        async with open_store(
            config.state_dir, clock, floor=config.fetch.disk_floor, program=__version__, exclusive=exclusive
        ) as store:
            library = Library(store, writes=exclusive)
            try:
                await library.fill(progress)
                yield Engine(store, isolation, limits, library)
            finally:
                await library.close()
