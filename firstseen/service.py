"""Builds the parts by hand and runs them: what happens at start, at stop and on failure.

Two task groups: collectors, bot and control end first, the workers last, with the job in hand. Expected trouble never
leaves a part; an exception that does ends the service, and systemd starts it anew, unless the exit code says that a
person must act.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.app import build_bot
from collectors.parts import build_collectors
from core.clock import Clock
from core.config import Config
from core.model import SYSTEM, Member
from fingerprints.child import Isolation
from fingerprints.media import Limits
from firstseen import __version__, sdnotify
from firstseen.control import ControlPart
from firstseen.heartbeat import Heartbeat
from pipeline import worker
from pipeline.announce import AnnounceStep
from pipeline.fingerprint import FingerprintStep
from pipeline.library import Library, Progress
from pipeline.lookup import Asker
from pipeline.match import MatchStep
from pipeline.proofs import Proofs
from storage import custody, jobs, members
from storage.opening import Store, open_store

_log = structlog.get_logger("service")


class Part(Protocol):
    """Anything that runs until it is asked to stop."""

    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``."""
        ...


@dataclass(frozen=True, slots=True)
class Core:
    """What every way of running shares: the open store, the decoder and the library."""

    store: Store
    isolation: Isolation
    limits: Limits
    library: Library

    def steps(self, config: Config) -> list[worker.Step]:
        """The steps between a held file and an alert."""
        return [
            FingerprintStep(self.store, self.isolation, self.library, self.limits, config.media.slots),
            MatchStep(self.store, self.library),
            AnnounceStep(self.store, config.chats),
        ]


@asynccontextmanager
async def open_core(
    config: Config, clock: Clock, progress: Progress | None = None, *, exclusive: bool = True
) -> AsyncIterator[Core]:
    """Open the store, start the decoder, and fill the library. Without ``exclusive`` it is only read."""
    limits = Limits(memory=config.media.memory, photo_cpu=config.media.photo_cpu, video_cpu=config.media.video_cpu)
    with Isolation(slots=config.media.slots) as isolation:
        async with open_store(
            config.state_dir, clock, floor=config.fetch.disk_floor, program=__version__, exclusive=exclusive
        ) as store:
            library = Library(store)
            await library.fill(progress)
            yield Core(store, isolation, limits, library)


async def serve(config: Config) -> None:
    """Run the whole service until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sdnotify.status("opening the database and reading the index")
    async with open_core(config, Clock(), _tell_progress()) as core:
        await _begin(core.store, config)
        collectors, fetching = build_collectors(config, core.store)
        steps = [*fetching, *core.steps(config)]
        intake: list[Part] = [*collectors, ControlPart(core.store), Heartbeat(core.store)]
        if config.alerts:
            proofs = Proofs(core.store, core.isolation, core.limits)
            asker = Asker(core.store, core.isolation, core.library, core.limits)
            team = build_bot(config, core.store, proofs, asker)
            intake.append(team)
            steps += team.steps
        await supervise(intake, worker.parts(steps, core.store), stop)
        await _end(core.store)


async def supervise(intake: Sequence[Part], workers: Sequence[Part], stop: asyncio.Event) -> None:
    """Run both groups: intake ends at ``stop``, then the workers finish what they have in hand."""
    drained = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as last:
            for part in workers:
                last.create_task(part.run(drained), name=part.name)
            async with asyncio.TaskGroup() as first:
                for part in intake:
                    first.create_task(part.run(stop), name=part.name)
            sdnotify.stopping()
            drained.set()
    except BaseExceptionGroup as group:
        raise _first_cause(group) from group


def _first_cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _begin(store: Store, config: Config) -> None:
    """What is written at every start: the team as configured, and that work left in the air goes on."""
    now = store.clock.now()
    team = [Member(person.user_id, person.name, person.rank) for person in config.team]
    async with store.database.transaction() as tx:
        await members.seed(tx, team, now)
        resumed = await jobs.requeue_running(tx)
        await custody.record(tx, "service.started", "service", SYSTEM, now, program=__version__, resumed=resumed)
    _log.info("service_started", program=__version__, resumed=resumed)


async def _end(store: Store) -> None:
    async with store.database.transaction() as tx:
        await custody.record(tx, "service.stopped", "service", SYSTEM, store.clock.now(), program=__version__)
    _log.info("service_stopped")


def _tell_progress() -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        sdnotify.status(f"reading the index: {done} of {total}")

    return tell
