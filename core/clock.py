"""The one source of time: aware UTC datetimes in code, integer milliseconds in storage."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Real time. Tests shift it with ``advance``; every part receives the instance it lives by."""

    def __init__(self) -> None:
        self._shift = timedelta()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        return datetime.now(UTC) + self._shift

    def now_ms(self) -> int:
        """The time of day in milliseconds since 1970, as storage keeps it."""
        return to_ms(self.now())

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never run backwards."""
        return time.monotonic() + self._shift.total_seconds()

    def advance(self, step: timedelta) -> None:
        """Move the hands forward and wake whoever sleeps past the new time."""
        self._shift += step
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait until ``seconds`` have passed on this clock."""
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:
            moved = self._moved
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await moved.wait()

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for ``event`` or for ``seconds`` on this clock; true when the event came."""
        end = self.monotonic() + seconds
        while not event.is_set() and (left := end - self.monotonic()) > 0:
            moved = self._moved
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left), asyncio.TaskGroup() as group:
                    waits = [group.create_task(event.wait()), group.create_task(moved.wait())]
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                    for wait in waits:
                        wait.cancel()
        return event.is_set()


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware ``moment``; a naive one is a ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; firstseen keeps UTC")
    return round((moment - EPOCH) / timedelta(milliseconds=1))


def from_ms(moment: int) -> datetime:
    """The aware UTC time of ``moment`` milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=moment)
