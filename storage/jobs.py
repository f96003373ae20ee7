"""The durable queue: a row a job, keys only. What a job did is in its results, so a finished one is deleted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import from_ms, to_ms
from storage import settings
from storage.database import Reader, Row, Tx

LIVE, LOOK_UP, BACKFILL = 0, 1, 2  # lower goes first
MOST_ENDS = 5  # ends of the process with the same job in hand
TURN_OF_A_SUSPECT = timedelta(minutes=2)
_ENDS = "ends of the process by job"  # the setting that counts them
_ENDED = f"the service ended {MOST_ENDS} times in a row while this was being done; look at the log of those ends"

_CLAIM = """
UPDATE job SET state = 'running', attempts = attempts + 1, again = 0
WHERE job_id = (
    SELECT waiting.job_id FROM job AS waiting
    WHERE waiting.queue = :queue AND waiting.state = 'ready' AND waiting.run_at <= :now
      AND (waiting.lock = '' OR NOT EXISTS (
        SELECT 1 FROM job AS taken
        WHERE taken.queue = waiting.queue AND taken.lock = waiting.lock AND taken.lock <> ''
          AND taken.state = 'running'))
      AND (waiting.lock = '' OR NOT EXISTS (
        SELECT 1 FROM job AS former
        WHERE former.queue = waiting.queue AND former.lock = waiting.lock AND former.lock <> ''
          AND former.state = 'ready' AND (former.position, former.job_id) < (waiting.position, waiting.job_id)))
    ORDER BY waiting.priority, waiting.run_at, waiting.job_id LIMIT 1)
RETURNING job_id, queue, key, attempts, priority
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed unit of work; ``attempts`` counts this one."""

    job_id: int
    queue: str
    key: str
    attempts: int
    priority: int


@dataclass(frozen=True, slots=True)
class ParkedJob:
    """A job that failed for good and waits for a person."""

    job_id: int
    queue: str
    key: str
    attempts: int
    error: str


async def enqueue(
    tx: Tx,
    queue: str,
    key: str,
    *,
    priority: int = LIVE,
    run_at: datetime | None = None,
    lock: str = "",
    position: int = 0,
    later: bool = False,
) -> None:
    """Ask for work once: a waiting job is hurried or put ``later``, a running one runs again, a parked one stays.

    A job that runs again does so at the ``run_at`` that it was asked for meanwhile.
    """
    await tx.run(
        """
        INSERT INTO job (queue, key, priority, lock, position, state, run_at)
        VALUES (:queue, :key, :priority, :lock, :position, 'ready', :run_at)
        ON CONFLICT (queue, key) DO UPDATE SET
            priority = MIN(job.priority, excluded.priority),
            run_at = CASE WHEN job.state = 'parked' THEN job.run_at
                          WHEN job.state = 'running' AND job.again = 0 THEN excluded.run_at
                          WHEN :later = 1 THEN MAX(job.run_at, excluded.run_at)
                          ELSE MIN(job.run_at, excluded.run_at) END,
            again = CASE WHEN job.state = 'running' THEN 1 ELSE job.again END
        """,
        queue=queue,
        key=key,
        priority=priority,
        lock=lock,
        position=position,
        run_at=to_ms(run_at) if run_at else 0,
        later=int(later),
    )
    tx.after_commit("jobs")


async def claim(tx: Tx, queue: str, now: datetime) -> Job | None:
    """Take the next job that may run, or nothing."""
    row = await tx.one(_CLAIM, queue=queue, now=to_ms(now))
    return _job(row) if row else None


async def finish(tx: Tx, job: Job) -> None:
    """Delete a done job; one that was asked for again meanwhile waits anew."""
    await tx.run(
        """
        UPDATE job SET state = 'ready', attempts = 0, error = '', again = 0
        WHERE job_id = :id AND state = 'running' AND again = 1
        """,
        id=job.job_id,
    )
    await tx.run("DELETE FROM job WHERE job_id = :id AND state = 'running'", id=job.job_id)
    tx.after_commit("jobs")


async def retry(tx: Tx, job: Job, *, run_at: datetime, error: str) -> None:
    """Let it wait until ``run_at``."""
    await tx.run(
        "UPDATE job SET state = 'ready', run_at = :run_at, error = :error WHERE job_id = :id",
        id=job.job_id,
        run_at=to_ms(run_at),
        error=error,
    )
    tx.after_commit("jobs")


async def park(tx: Tx, job: Job, error: str) -> None:
    """Set it aside for a person."""
    await tx.run("UPDATE job SET state = 'parked', error = :error WHERE job_id = :id", id=job.job_id, error=error)
    tx.after_commit("jobs")


async def release(tx: Tx, job_id: int | None) -> int:
    """Put one parked job, or all of them, back to work; how many there were."""
    tx.after_commit("jobs")
    return await tx.run(
        """
        UPDATE job SET state = 'ready', attempts = 0, run_at = 0
        WHERE state = 'parked' AND (:id IS NULL OR job_id = :id)
        """,
        id=job_id,
    )


async def requeue_running(tx: Tx) -> int:
    """At start nobody works yet: what a former process had in hand waits again; how many there were."""
    return await tx.run("UPDATE job SET state = 'ready', run_at = 0 WHERE state = 'running'")


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What a start found of the process before: jobs that wait again, and jobs that ended it too often."""

    resumed: int
    parked: int


async def take_up(tx: Tx, now: datetime) -> TakenUp:
    """At start: what was in hand waits again, but for a job that was in hand at ``MOST_ENDS`` ends in a row.

    From the second such end on, suspects wait their turn one after the other: the guilty one then ends the process
    alone, and the others are innocent from then on.
    """
    running = [row["job_id"] for row in await tx.all("SELECT job_id FROM job WHERE state = 'running' ORDER BY job_id")]
    before = json.loads(await settings.get(tx, _ENDS) or "{}")
    ends = {job_id: before.get(str(job_id), 0) + 1 for job_id in running}
    guilty = [job_id for job_id, count in ends.items() if count >= MOST_ENDS]
    for job_id in guilty:
        await tx.run("UPDATE job SET state = 'parked', error = :error WHERE job_id = :id", id=job_id, error=_ENDED)
    resumed = await requeue_running(tx)
    suspects = sorted((one for one, count in ends.items() if 1 < count < MOST_ENDS), key=lambda one: -ends[one])
    for place, job_id in enumerate(suspects):
        run_at = to_ms(now + place * TURN_OF_A_SUSPECT)
        await tx.run("UPDATE job SET run_at = :at WHERE job_id = :id", id=job_id, at=run_at)
    await settings.put(tx, _ENDS, json.dumps({job_id: ends[job_id] for job_id in running if job_id not in guilty}))
    return TakenUp(resumed, len(guilty))


async def counts(reader: Reader) -> dict[str, dict[str, int]]:
    """Per queue the number of jobs in each state."""
    rows = await reader.all("SELECT queue, state, COUNT(*) AS n FROM job GROUP BY queue, state ORDER BY queue, state")
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["queue"], {})[row["state"]] = row["n"]
    return found


async def parked(reader: Reader) -> Sequence[ParkedJob]:
    """Every job that waits for a person, oldest first."""
    rows = await reader.all(
        "SELECT job_id, queue, key, attempts, error FROM job WHERE state = 'parked' ORDER BY job_id"
    )
    return tuple(ParkedJob(**row) for row in rows)


async def waiting(reader: Reader, queue: str) -> int:
    """How many jobs of a queue are not done yet, parked ones left out."""
    row = await reader.one("SELECT COUNT(*) AS n FROM job WHERE queue = :queue AND state <> 'parked'", queue=queue)
    return int(row["n"]) if row else 0


async def due(reader: Reader, queues: Sequence[str], now: datetime) -> bool:
    """Whether one of these queues has a job that runs or may run now."""
    named = ", ".join(f"'{queue}'" for queue in queues)
    row = await reader.one(
        f"""
        SELECT 1 AS yes FROM job
        WHERE queue IN ({named}) AND (state = 'running' OR state = 'ready' AND run_at <= :now)
        """,
        now=to_ms(now),
    )
    return row is not None


async def next_run_at(reader: Reader, queue: str) -> datetime | None:
    """When the earliest waiting job of a queue may run."""
    row = await reader.one("SELECT MIN(run_at) AS at FROM job WHERE queue = :queue AND state = 'ready'", queue=queue)
    return from_ms(row["at"]) if row and row["at"] is not None else None


def _job(row: Row) -> Job:
    return Job(row["job_id"], row["queue"], row["key"], row["attempts"], row["priority"])
