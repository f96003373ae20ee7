"""Builds the parts by hand and runs them: what happens at start, at stop and on failure.

Two task groups: collectors, bot and control end first, the workers last, with the job in hand. Expected trouble never
leaves a part; an exception that does ends the service, and systemd starts it anew, unless the exit code says that a
person must act.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Protocol

import structlog

from core.clock import Clock
from core.config import Config
from core.model import SYSTEM, Member
from firstseen import __version__, sdnotify
from firstseen.control import ControlPart
from firstseen.engine import open_engine
from firstseen.heartbeat import Heartbeat
from pipeline import worker
from pipeline.lookup import Asker
from pipeline.proofs import Proofs
from storage import custody, heads, jobs, members
from storage.opening import Store

_log = structlog.get_logger("service")


class Part(Protocol):
    """Anything that runs until it is asked to stop."""

    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``."""
        ...


async def serve(config: Config) -> None:
    """Run the whole service until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sdnotify.status("opening the database and reading the index")
    async with open_engine(config, Clock(), _tell_progress()) as engine:
        from collectors.parts import build_collectors  # only now: a second service is refused before it loads seconds

        await _begin(engine.store, config)
        collectors, fetching = build_collectors(config, engine.store)
        steps = [*fetching, *engine.steps(config)]
        intake: list[Part] = [*collectors, ControlPart(engine.store), Heartbeat(engine.store)]
        async with AsyncExitStack() as lent:
            if config.alerts:
                from bot.app import build_bot

                proofs = Proofs(engine.store, engine.isolation, engine.limits)
                asker = Asker(engine.store, engine.isolation, engine.library, engine.limits)
                team = build_bot(config, engine.store, proofs, asker)
                await team.recall()
                lent.push_async_callback(team.close)  # the workers deliver through its connections to the end
                intake.append(team)
                steps += team.steps
            await supervise(intake, worker.parts(steps, engine.store), stop, engine.store.jobs_ready.wake)
        await _end(engine.store)


async def supervise(
    intake: Sequence[Part], workers: Sequence[Part], stop: asyncio.Event, wake: Callable[[], None]
) -> None:
    """Run both groups: intake ends at ``stop``, then the workers finish what they have in hand; ``wake`` the idle."""
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
            wake()
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
        taken = await jobs.take_up(tx, now)
        detail: dict[str, str | float] = {"program": __version__, "resumed": taken.resumed, "parked": taken.parked}
        await custody.record(tx, "service.started", "service", SYSTEM, now, **detail)
    _log.info("service_started", **detail)


async def _end(store: Store) -> None:
    async with store.database.transaction() as tx:
        await custody.record(tx, "service.stopped", "service", SYSTEM, store.clock.now(), program=__version__)
        head = await custody.head(tx)
    heads.write_down(store.state_dir, head, store.clock.now())
    _log.info("service_stopped")


def _tell_progress() -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        sdnotify.status(f"reading the index: {done} of {total}")

    return tell
