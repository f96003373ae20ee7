"""How a command reaches the store: through the running service, or by itself when none runs."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.clock import Clock
from core.config import Config
from firstseen import __version__
from firstseen.control import NotAnsweringError, ask_service
from firstseen.progress import Bars
from storage import jobs, refingerprinting
from storage.opening import Store, is_held, open_store

if TYPE_CHECKING:
    from firstseen.engine import Engine

PATIENCE = 60.0  # seconds that a service may take from opening the database to answering
IMPORTING = ("fingerprint", "match", "announce")  # the queues of an import
REFINGERPRINTING = (*IMPORTING, refingerprinting.QUEUE)


async def run_command(
    config: Config,
    clock: Clock,
    command: str,
    arguments: Mapping[str, Any],
    bars: Bars,
    *,
    then_work: Sequence[str] = (),
) -> Any:
    """Carry out ``command``; when no service runs, work until the queues ``then_work`` are empty."""
    deadline = clock.monotonic() + PATIENCE
    while is_held(config.state_dir):
        try:
            return await ask_service(config.state_dir, command, arguments, bars.emit)
        except NotAnsweringError:
            if clock.monotonic() > deadline:
                raise
            bars.show("waiting for the service that is starting or stopping", 0, 1)
            await clock.sleep(0.2)
    from firstseen.commands import COMMANDS

    if then_work:
        return await _with_engine(config, clock, command, arguments, bars, then_work)
    async with open_store(config.state_dir, clock, floor=config.fetch.disk_floor, program=__version__) as store:
        return await COMMANDS[command](store, arguments, bars.emit)


async def _with_engine(
    config: Config, clock: Clock, command: str, arguments: Mapping[str, Any], bars: Bars, queues: Sequence[str]
) -> Any:
    from firstseen.commands import COMMANDS
    from firstseen.engine import open_engine

    def fill(done: int, total: int) -> None:
        bars.show("reading the index", done, total)

    async with open_engine(config, clock, fill) as engine:
        async with engine.store.database.transaction() as tx:
            await jobs.take_up(tx, clock.now())
        result = await COMMANDS[command](engine.store, arguments, bars.emit)
        await drain(engine, config, bars, queues)
        return result


async def drain(engine: "Engine", config: Config, bars: Bars, queues: Sequence[str]) -> None:
    """Work until nothing waits in these queues any more, showing how much is left."""
    from pipeline import worker

    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for part in worker.parts(engine.steps(config), engine.store):
            group.create_task(part.run(done), name=part.name)
        await _until_empty(engine.store, bars, queues)
        done.set()
        engine.store.jobs_ready.wake()


async def _until_empty(store: Store, bars: Bars, queues: Sequence[str]) -> None:
    most = 0
    while left := await _waiting(store, queues):
        most = max(most, left)
        async with store.database.reader() as reader:
            upgrade = await refingerprinting.upgrade(reader) if refingerprinting.QUEUE in queues else None
        if upgrade is None:
            bars.show("reading and matching files", most - left, most)
        else:
            bars.show("making fingerprints anew", upgrade.total - upgrade.left, upgrade.total)
        await store.clock.sleep(0.2)


async def _waiting(store: Store, wanted: Sequence[str]) -> int:
    async with store.database.reader() as reader:
        queues = await jobs.counts(reader)
    return sum(
        count for queue in wanted for state, count in queues.get(queue, {}).items() if state in {"ready", "running"}
    )
