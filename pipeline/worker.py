"""The only loop: claim a job, load what it needs, do the slow work, save the result and the job's end together.

A step has three verbs. ``load`` reads; nothing back means that the work is already done. ``work`` is slow and touches
no database. ``save`` writes the result and enqueues what follows; the worker finishes the job in the same transaction.
So a crash at any point repeats ``work`` and never half of ``save``: ``work`` must be repeatable.
"""

import asyncio
import random
import traceback
from collections.abc import Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any, Protocol

import structlog

from core.errors import AccountError, ConfigError, Permanent, StateError, Transient
from storage import jobs
from storage.database import Reader, Tx
from storage.opening import Store

TRIES = 3  # of an unexpected error, then a person must look
POLL = 1.0  # seconds; the net under the wake-up event
_log = structlog.get_logger("worker")


class Step(Protocol):
    """One kind of durable work."""

    @property
    def queue(self) -> str:
        """The name of its line."""
        ...

    @property
    def slots(self) -> int:
        """How many jobs it does at once."""
        ...

    async def load(self, reader: Reader, key: str) -> Any | None:
        """What the work needs, or nothing when there is no work left."""
        ...

    async def work(self, given: Any) -> Any:
        """The slow part: no database, repeatable."""
        ...

    async def save(self, tx: Tx, made: Any) -> None:
        """Write the result and enqueue what follows."""
        ...


class StepPart:
    """Runs one step's jobs in its slots until asked to stop; a job in hand is always ended first."""

    def __init__(self, step: Step, store: Store) -> None:
        self.name = step.queue
        self._step = step
        self._store = store

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``; fatal errors (account, state, configuration) leave, all others are the job's fate."""
        async with asyncio.TaskGroup() as slots:
            for number in range(self._step.slots):
                slots.create_task(self._slot(stop), name=f"{self.name}-{number + 1}")

    async def _slot(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            seen = self._store.jobs_ready.turn
            try:
                job = await self._claim()
            except Transient as trouble:
                await self._store.clock.wait(stop, trouble.retry_in)
                continue
            if job is None:
                await self._store.jobs_ready.wait(seen, POLL)
                continue
            with structlog.contextvars.bound_contextvars(queue=job.queue, key=job.key, attempt=job.attempts):
                await self._do(job)

    async def _claim(self) -> jobs.Job | None:
        async with self._store.database.transaction() as tx:
            return await jobs.claim(tx, self._step.queue, self._store.clock.now())

    async def _do(self, job: jobs.Job) -> None:
        began = perf_counter()
        try:
            outcome = await self._carry_out(job)
        except Transient as trouble:
            outcome = await self._later(job, str(trouble), trouble.retry_in)
        except Permanent as reason:
            outcome = await self._park(job, str(reason))
        except (AccountError, StateError, ConfigError):
            raise
        except Exception as error:  # noqa: BLE001 -- a bug in one job must not stop the others; it is parked for a person
            outcome = await self._unexpected(job, error)
        _log.info("job_ended", outcome=outcome, milliseconds=round((perf_counter() - began) * 1000))

    async def _carry_out(self, job: jobs.Job) -> str:
        async with self._store.database.reader() as reader:
            given = await self._step.load(reader, job.key)
        made = None if given is None else await self._step.work(given)
        async with self._store.database.transaction() as tx:
            if given is not None:
                await self._step.save(tx, made)
            await jobs.finish(tx, job)
        return "nothing to do" if given is None else "done"

    async def _later(self, job: jobs.Job, why: str, seconds: float) -> str:
        run_at = self._store.clock.now() + timedelta(seconds=seconds)
        async with self._store.database.transaction() as tx:
            await jobs.retry(tx, job, run_at=run_at, error=why)
        return f"again in {seconds:.0f} s: {why}"

    async def _park(self, job: jobs.Job, why: str) -> str:
        async with self._store.database.transaction() as tx:
            await jobs.park(tx, job, why)
        _log.error("job_parked", error=why)
        return "parked"

    async def _unexpected(self, job: jobs.Job, error: Exception) -> str:
        text = "".join(traceback.format_exception(error))
        if job.attempts >= TRIES:
            return await self._park(job, text)
        _log.exception("job_failed", exc_info=error)
        return await self._later(job, text, random.uniform(1, 2) * 2**job.attempts)


def parts(steps: Sequence[Step], store: Store) -> list[StepPart]:
    """A part for every step."""
    return [StepPart(step, store) for step in steps]
