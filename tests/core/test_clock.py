"""The clock, whose hands the tests move instead of waiting."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Clock, from_ms, to_ms


def test_the_time_is_aware_and_in_utc() -> None:
    """Time of day is UTC and says so; in milliseconds it is the same moment."""
    clock = Clock()
    before = clock.now_ms()

    assert clock.now().tzinfo is UTC
    assert before <= to_ms(clock.now()) <= clock.now_ms()


def test_advance_moves_both_hands() -> None:
    """Advancing moves the time of day and the monotonic time by the same step."""
    clock = Clock()
    now, monotonic = clock.now(), clock.monotonic()

    clock.advance(timedelta(days=1))

    assert clock.now() - now >= timedelta(days=1)
    assert clock.monotonic() - monotonic >= 86400


async def test_a_sleeper_wakes_when_its_time_has_come_and_not_before() -> None:
    """A sleep of an hour ends after an hour of the clock in two steps, and not after the first."""
    clock = Clock()
    async with asyncio.TaskGroup() as group:
        sleeper = group.create_task(clock.sleep(3600))
        await asyncio.sleep(0)
        clock.advance(timedelta(minutes=59))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not sleeper.done()
        clock.advance(timedelta(minutes=1))


async def test_a_wait_tells_whether_the_event_came() -> None:
    """A wait is true when the event was set, and false when the time ran out first."""
    clock, event = Clock(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        patient = group.create_task(clock.wait(event, 7200))
        hasty = group.create_task(clock.wait(event, 3600))
        await asyncio.sleep(0)
        clock.advance(timedelta(hours=1))
        assert await hasty is False
        assert not patient.done()
        event.set()

    assert patient.result() is True


async def test_a_wait_for_what_has_come_returns_at_once() -> None:
    """An event that is set already is not waited for, even without time."""
    event = asyncio.Event()
    event.set()

    assert await Clock().wait(event, 0) is True
    assert await Clock().wait(asyncio.Event(), 0) is False


async def test_a_cancelled_wait_leaves_no_task_behind() -> None:
    """Cancelling a wait ends what it had started."""
    clock = Clock()
    waiting = asyncio.TaskGroup()
    async with waiting:
        task = waiting.create_task(clock.wait(asyncio.Event(), 3600))
        await asyncio.sleep(0)
        task.cancel()

    assert asyncio.all_tasks() == {asyncio.current_task()}


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)), st.integers(-14, 14))  # noqa: DTZ001 -- Hypothesis adds the zone
def test_storage_keeps_milliseconds(naive: datetime, hours: int) -> None:
    """A moment of any zone goes to storage and comes back in UTC, at most half a millisecond off."""
    moment = naive.replace(tzinfo=timezone(timedelta(hours=hours)))

    back = from_ms(to_ms(moment))

    assert back.tzinfo is UTC
    assert abs(back - moment) <= timedelta(microseconds=500)


def test_a_naive_time_is_refused() -> None:
    """A time without a zone never reaches storage."""
    with pytest.raises(ValueError, match="no time zone"):
        to_ms(datetime(2024, 10, 18))  # noqa: DTZ001 -- the mistake under test
