"""The queue: what may run when, and that nothing is lost or done twice, however a process ends."""

import asyncio
import itertools
import random
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import EPOCH, Clock
from storage import custody, jobs
from storage.database import Tx
from storage.opening import Store, open_store
from tests.storage import working
from tests.storage.made import NOW, cut_short, in_memory

SOON = NOW + timedelta(seconds=5)
LATER = NOW + timedelta(seconds=60)
KILLS = 10


async def claimed(store: Store, queue: str = "fetch", now: datetime = NOW) -> jobs.Job | None:
    """The next job."""
    async with store.database.transaction() as tx:
        return await jobs.claim(tx, queue, now)


async def test_live_work_goes_first(store: Store) -> None:
    """By priority, then by when it may run, then by age."""
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "fetch", "old", priority=jobs.BACKFILL)
        await jobs.enqueue(tx, "fetch", "asked", priority=jobs.LOOK_UP)
        await jobs.enqueue(tx, "fetch", "second", run_at=NOW)
        await jobs.enqueue(tx, "fetch", "first", run_at=NOW - timedelta(seconds=1))
        await jobs.enqueue(tx, "fetch", "third", run_at=NOW)
        await jobs.enqueue(tx, "fetch", "not yet", run_at=SOON)
        await jobs.enqueue(tx, "match", "another queue")
    order = [job.key for _ in range(6) if (job := await claimed(store))]
    assert order == ["first", "second", "third", "asked", "old"]


async def test_asking_twice_is_one_job(store: Store) -> None:
    """The better priority and the earlier time win; a debounce moves it later instead."""
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "fetch", "a", priority=jobs.BACKFILL, run_at=LATER)
        await jobs.enqueue(tx, "fetch", "a", priority=jobs.LIVE, run_at=SOON)
        await jobs.enqueue(tx, "fetch", "a", priority=jobs.LOOK_UP, run_at=LATER)
        assert await jobs.next_run_at(tx, "fetch") == SOON
        await jobs.enqueue(tx, "fetch", "a", run_at=LATER, later=True)
        assert await jobs.next_run_at(tx, "fetch") == LATER
        assert await jobs.waiting(tx, "fetch") == 1
    job = await claimed(store, now=LATER)
    assert job is not None
    assert job.priority == jobs.LIVE


async def test_what_is_asked_for_while_it_runs_comes_back(store: Store) -> None:
    """A running job that is wanted again waits anew after its end, until the time that was asked for."""
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "fetch", "a")
        job = await jobs.claim(tx, "fetch", NOW)
        assert job is not None
        await jobs.enqueue(tx, "fetch", "a", run_at=SOON)
        await jobs.enqueue(tx, "fetch", "a", run_at=LATER, later=True)
        await jobs.finish(tx, job)
        assert await jobs.claim(tx, "fetch", SOON) is None
        again = await jobs.claim(tx, "fetch", LATER)
        assert again is not None
        assert again.attempts == 1
        await jobs.finish(tx, again)
        await jobs.finish(tx, again)
        assert await jobs.counts(tx) == {}


@pytest.mark.parametrize("how", ["put off", "interrupted", "parked"])
async def test_a_later_attempt_serves_all_who_asked(store: Store, how: str) -> None:
    """What was asked for during an attempt that came to nothing is done by the next one, not by one more."""
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "fetch", "a")
        job = await jobs.claim(tx, "fetch", NOW)
        assert job is not None
        await jobs.enqueue(tx, "fetch", "a")
        if how == "put off":
            await jobs.retry(tx, job, run_at=NOW, error="flood")
        elif how == "parked":
            await jobs.park(tx, job, "broken")
            await jobs.release(tx, job.job_id)
        else:
            await jobs.requeue_running(tx)
        again = await jobs.claim(tx, "fetch", NOW)
        assert again is not None
        await jobs.finish(tx, again)
        assert await jobs.counts(tx) == {}


async def test_a_retry_waits_and_remembers_its_attempts(store: Store) -> None:
    """A job put off runs again at its time, counted."""
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "fetch", "a")
        job = await jobs.claim(tx, "fetch", NOW)
        assert job is not None
        await jobs.retry(tx, job, run_at=SOON, error="flood")
        assert await jobs.claim(tx, "fetch", NOW) is None
        again = await jobs.claim(tx, "fetch", SOON)
        assert again is not None
        assert again.attempts == 2


async def test_parked_jobs_wait_for_a_person(store: Store) -> None:
    """A parked job stays so when it is asked for, does not hold its lock, and runs when it is released."""
    async with store.database.transaction() as tx:
        for position, key in enumerate("ab"):
            await jobs.enqueue(tx, "match", key, lock="1", position=position)
        job = await jobs.claim(tx, "match", NOW)
        assert job is not None
        await jobs.park(tx, job, "broken file")
        await jobs.enqueue(tx, "match", "a", lock="1")
        assert await jobs.counts(tx) == {"match": {"parked": 1, "ready": 1}}
        assert await jobs.waiting(tx, "match") == 1
        assert await jobs.parked(tx) == (jobs.ParkedJob(job.job_id, "match", "a", 1, "broken file"),)
        other = await jobs.claim(tx, "match", NOW)
        assert other is not None
        assert other.key == "b"
        assert await jobs.release(tx, other.job_id) == 0
        assert await jobs.release(tx, None) == 1
        assert await jobs.claim(tx, "match", NOW) is None
        await jobs.finish(tx, other)
        released = await jobs.claim(tx, "match", NOW)
        assert released is not None
        assert (released.key, released.attempts) == ("a", 1)


async def test_a_lock_waits_for_its_first(store: Store) -> None:
    """While the first of a lock is put off, those after it wait, other locks do not."""
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "match", "a1", lock="a", position=1)
        await jobs.enqueue(tx, "match", "a2", lock="a", position=2)
        await jobs.enqueue(tx, "match", "b9", lock="b", position=9)
        first = await jobs.claim(tx, "match", NOW)
        assert first is not None
        await jobs.retry(tx, first, run_at=SOON, error="busy")
        taken = await jobs.claim(tx, "match", NOW)
        assert taken is not None
        assert taken.key == "b9"
        assert await jobs.claim(tx, "match", NOW) is None
        later = await jobs.claim(tx, "match", SOON)
        assert later is not None
        assert later.key == "a1"


async def test_what_a_dead_process_had_in_hand_waits_again(store: Store) -> None:
    """At a start nothing runs: what was running is ready at once."""
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "fetch", "a")
        assert await jobs.claim(tx, "fetch", NOW)
        assert await jobs.requeue_running(tx) == 1
        assert await jobs.requeue_running(tx) == 0
        job = await jobs.claim(tx, "fetch", NOW)
        assert job is not None
        assert job.attempts == 2


async def test_a_job_that_ends_the_process_again_and_again_is_parked(store: Store) -> None:
    """Of two jobs in hand the guilty one is parked with the reason, and the innocent one goes on."""
    now, alone = NOW, 0
    async with store.database.transaction() as tx:
        for key in ("guilty", "innocent"):
            await jobs.enqueue(tx, "fetch", key)
        for _life in range(jobs.MOST_ENDS):  # each is the life of a process, which the guilty job ends
            assert await jobs.take_up(tx, now) == jobs.TakenUp(0 if now == NOW else 1 + (not alone), 0)
            in_hand = [job.key for _ in range(2) if (job := await jobs.claim(tx, "fetch", now)) is not None]
            assert in_hand[0] == "guilty"
            alone += len(in_hand) == 1
            now += timedelta(seconds=1)
        assert alone == jobs.MOST_ENDS - 2
        assert await jobs.take_up(tx, now) == jobs.TakenUp(0, 1)
        (parked,) = await jobs.parked(tx)
        assert parked.key == "guilty"
        assert "ended 5 times" in parked.error
        innocent = await jobs.claim(tx, "fetch", now + jobs.TURN_OF_A_SUSPECT)
        assert innocent is not None
        assert innocent.key == "innocent"
        assert await jobs.release(tx, None) == 1


async def test_a_regular_end_clears_a_job(store: Store) -> None:
    """Only ends in a row count: a life in which the job was not in hand at the end begins the count anew."""
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "fetch", "a")
        for life in range(3 * jobs.MOST_ENDS):
            if life % 2:
                job = await jobs.claim(tx, "fetch", NOW)
                assert job is not None
            assert (await jobs.take_up(tx, NOW)).parked == 0


# ------------------------------------------------------------------------------------------ against a plain model


@dataclass
class Twin:
    """A job as a plain reader of the rules would keep it."""

    number: int
    key: str
    priority: int
    lock: str
    position: int
    run_at: int
    state: str = "ready"
    again: bool = False


@dataclass
class Queue:
    """The rules of the queue, written to be obvious and slow."""

    twins: dict[str, Twin] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def enqueue(self, asked: Twin, *, later: bool) -> None:
        """Ask for work."""
        twin = self.twins.get(asked.key)
        if twin is None:
            self.twins[asked.key] = asked
            return
        twin.priority = min(twin.priority, asked.priority)
        if twin.state == "ready" or twin.again:
            twin.run_at = (max if later else min)(twin.run_at, asked.run_at)
        elif twin.state == "running":
            twin.run_at = asked.run_at
        twin.again = twin.again or twin.state == "running"

    def next(self, now: int) -> Twin | None:
        """What may run, the first by priority, time and age."""
        free = [twin for twin in self.twins.values() if twin.state == "ready" and twin.run_at <= now]
        able = [twin for twin in free if not twin.lock or self._leads(twin)]
        return min(able, key=lambda twin: (twin.priority, twin.run_at, twin.number), default=None)

    def _leads(self, twin: Twin) -> bool:
        others = [one for one in self.twins.values() if one.lock == twin.lock and one is not twin]
        ahead = [one for one in others if one.state == "ready" and self._place(one) < self._place(twin)]
        return not ahead and all(one.state != "running" for one in others)

    def _place(self, twin: Twin) -> tuple[int, int]:
        return twin.position, twin.number


def moment(seconds: int) -> datetime:
    """A time early in the world."""
    return EPOCH + timedelta(seconds=seconds)


class Both:
    """The queue and its plain model, led through the same steps."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._model = Queue()
        self._now = 0
        self._hand: list[tuple[Twin, jobs.Job]] = []

    async def enqueue(self, key: str, priority: int, lock: str, position: int, at: int, later: bool) -> None:
        """Ask both for work; a key keeps its lock and its place in it."""
        known = self._model.twins.get(key)
        lock, position = (known.lock, known.position) if known else (lock, position)
        twin = Twin(next(self._model.numbers), key, priority, lock, position, at * 1000)
        self._model.enqueue(twin, later=later)
        await jobs.enqueue(
            self._tx, "q", key, priority=priority, run_at=moment(at), lock=lock, position=position, later=later
        )

    async def claim(self) -> None:
        """Both give the same job, or none."""
        twin, job = self._model.next(self._now * 1000), await jobs.claim(self._tx, "q", moment(self._now))
        assert (job and (job.key, job.priority)) == (twin and (twin.key, twin.priority))
        if twin and job:
            twin.state, twin.again = "running", False
            self._hand.append((twin, job))

    async def tick(self) -> None:
        """A second passes."""
        self._now += 1

    async def release(self) -> None:
        """Parked jobs go back to work."""
        parked = [twin for twin in self._model.twins.values() if twin.state == "parked"]
        assert await jobs.release(self._tx, None) == len(parked)
        for twin in parked:
            twin.state, twin.run_at = "ready", 0

    async def restart(self) -> None:
        """What was in hand waits again."""
        assert await jobs.requeue_running(self._tx) == len(self._hand)
        for twin, _ in self._hand:
            twin.state, twin.run_at = "ready", 0
        self._hand.clear()

    async def end(self, how: str, which: int, at: int) -> None:
        """One of the jobs in hand is finished, put off or parked."""
        if not self._hand:
            return
        twin, job = self._hand.pop(which % len(self._hand))
        if how == "retry":
            await jobs.retry(self._tx, job, run_at=moment(at), error="x")
            twin.state, twin.run_at = "ready", at * 1000
        elif how == "park":
            await jobs.park(self._tx, job, "x")
            twin.state = "parked"
        else:
            await jobs.finish(self._tx, job)
            twin.state = "ready"
            if not twin.again:
                del self._model.twins[twin.key]


LOCKS = st.sampled_from(["", "1", "2"])
ASK = st.tuples(
    st.just("enqueue"),
    st.sampled_from("abcdefgh"),
    st.integers(0, 2),
    LOCKS,
    st.integers(0, 3),
    st.integers(0, 6),
    st.booleans(),
)
END = st.tuples(st.just("end"), st.sampled_from(["finish", "retry", "park"]), st.integers(0, 5), st.integers(0, 6))
TURN = st.tuples(st.sampled_from(["claim", "claim", "tick", "release", "restart"]))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(ASK, TURN, TURN, END), max_size=60))
def test_the_queue_does_what_its_rules_say(steps: list[tuple[Any, ...]]) -> None:
    """Whatever is asked, claimed, ended, parked and released: each claim takes the job that the rules name."""
    asyncio.run(_follow(steps))


async def _follow(steps: list[tuple[Any, ...]]) -> None:
    async with in_memory() as database, database.transaction() as tx:
        both = Both(tx)
        for name, *given_to_it in steps:
            await getattr(both, name)(*given_to_it)


# ------------------------------------------------------------------------------------------ cut short, killed


async def done(store: Store) -> list[str]:
    """The keys whose work was saved, once for every time that it was."""
    async with store.database.reader() as reader:
        assert await custody.verify(reader) == []
        rows = await reader.all("SELECT body FROM custody ORDER BY seq")
    return [key for row in rows for key in working.keys_in(row["body"])]


@pytest.mark.parametrize("times", [1, 2])
async def test_cancelled_anywhere_each_job_is_done_once(store: Store, times: int) -> None:
    """Workers that are cancelled at every suspension in turn leave each job done once, and none behind."""
    keys = [str(number) for number in range(3)]
    for at in itertools.count(1):
        async with store.database.transaction() as tx:
            for key in keys:
                await jobs.enqueue(tx, working.QUEUE, f"{at}-{key}")
        was_cut = await cut_short(working.work_off(store), at, times)
        async with store.database.transaction() as tx:
            await jobs.requeue_running(tx)
        await working.work_off(store)
        async with store.database.reader() as reader:
            assert await jobs.counts(reader) == {}
        assert sorted(key for key in await done(store) if key.startswith(f"{at}-")) == [f"{at}-{key}" for key in keys]
        if not was_cut:
            break
    assert at > 10


async def test_killed_at_random_moments_each_job_is_done_once(state_dir: Path) -> None:
    """A worker process killed ten times leaves each job saved once, each file whole and no chain broken."""
    moments = random.Random(11)
    keys = [str(number) for number in range(120)]
    async with open_store(state_dir, Clock()) as store, store.database.transaction() as tx:
        for key in keys:
            await jobs.enqueue(tx, working.QUEUE, key)
    for _ in range(KILLS):
        child = await _worker(state_dir)
        assert child.stdout is not None
        for _ in range(moments.randint(1, 30)):
            if not await child.stdout.readline():
                break
        if child.returncode is None:
            child.kill()
        await child.communicate()
    child = await _worker(state_dir)
    await child.communicate()
    assert child.returncode == 0
    async with open_store(state_dir, Clock()) as store:
        assert sorted(await done(store)) == sorted(keys)
        async with store.database.reader() as reader:
            assert await jobs.counts(reader) == {}
        for key in keys:
            path = store.vault.path(working.sha256_of(key))
            assert path.read_bytes() == working.content_of(key)


async def _worker(state_dir: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.storage.working",
        str(state_dir),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
