"""How fast an account asks: a token bucket per method, kept over restarts; flood waits honoured to the second.

Nobody publishes Telegram's limits. The figures here are below what practitioners report as harmless; a flood wait is
obeyed as given, for exactly the method that it names, and never multiplied.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from collectors.notices import begin_trouble, end_trouble
from core.clock import Clock, from_ms, to_ms
from core.errors import Transient
from storage import settings
from storage.opening import Store

DAY = 86400.0
SLOW = 10.0  # seconds a token: from here on a bucket is written down, because a restart would refill it
_log = structlog.get_logger("pace")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` requests at once, and ``count`` in ``seconds`` for ever."""

    count: int
    seconds: float

    @property
    def each(self) -> float:
        """Seconds until one more request is allowed."""
        return self.seconds / self.count


Limits = Mapping[str, tuple[Limit, ...]]
ORDINARY = (Limit(20, 20.0),)
CEILING = Limit(30, 10.0)  # of all accounts of this process together: they share one address


def limits(resolves_per_day: int) -> Limits:
    """What each method is allowed; the rest is ``ORDINARY``."""
    return {
        "contacts.resolveUsername": (Limit(3, 180.0), Limit(resolves_per_day, DAY)),
        "messages.getDialogs": (Limit(5, 300.0), Limit(20, DAY)),
        "messages.getHistory": (Limit(30, 90.0),),
        "channels.getMessages": (Limit(10, 30.0),),
        "upload.getFile": (Limit(400, 10.0),),
        "updates.getChannelDifference": (Limit(100, 60.0),),
    }


class Bucket:
    """Tokens of one limit. A token may be taken ahead of time: whoever takes it waits until it is there."""

    def __init__(self, limit: Limit, now: datetime) -> None:
        self.limit = limit
        self.tokens = float(limit.count)
        self.at = now

    def wait(self, now: datetime) -> float:
        """Seconds until a token is there, without taking it."""
        self._refill(now)
        return max(0.0, 1.0 - self.tokens) * self.limit.each

    def take(self, now: datetime) -> float:
        """Take a token; the seconds to wait before using it."""
        wait = self.wait(now)
        self.tokens -= 1.0
        return wait

    def _refill(self, now: datetime) -> None:
        passed = max(0.0, (now - self.at).total_seconds())
        self.tokens = min(float(self.limit.count), self.tokens + passed / self.limit.each)
        self.at = now


class Ceiling:
    """The bucket that all accounts of the process share."""

    def __init__(self, clock: Clock, limit: Limit = CEILING) -> None:
        self._clock = clock
        self._bucket = Bucket(limit, clock.now())

    async def admit(self) -> None:
        """Wait for a turn."""
        await self._clock.sleep(self._bucket.take(self._clock.now()))


class Pace:
    """The gate in front of one account's requests."""

    def __init__(self, store: Store, account: str, allowed: Limits, ceiling: Ceiling) -> None:
        self._store = store
        self._clock = store.clock
        self._account = account
        self._allowed = allowed
        self._ceiling = ceiling
        self._buckets: dict[str, tuple[Bucket, ...]] = {}
        self._blocked: dict[str, datetime] = {}

    async def load(self) -> None:
        """Remember what an earlier run used up and which flood waits still last."""
        async with self._store.database.reader() as reader:
            for method in self._allowed:
                await self._remember(method, await settings.get(reader, self._name(method)))

    def wait(self, method: str) -> float:
        """Seconds until ``method`` may be called, without calling it."""
        now = self._clock.now()
        return max(self.flood(method), *(bucket.wait(now) for bucket in self._of(method)))

    def flood(self, method: str) -> float:
        """Seconds that a flood wait of ``method`` still lasts; 0 without one."""
        until = self._blocked.get(method)
        return max(0.0, (until - self._clock.now()).total_seconds()) if until else 0.0

    async def admit(self, method: str) -> None:
        """Wait for a turn; during a flood wait a Transient at once, with the seconds that are left."""
        if left := self.flood(method):
            raise Transient(f"Telegram asked to wait with {method}", retry_in=math.ceil(left))
        await self._clock.sleep(max(bucket.take(self._clock.now()) for bucket in self._of(method)))
        if any(bucket.limit.each >= SLOW for bucket in self._of(method)):
            await self._save(method)
        if method != "upload.getFile":
            await self._ceiling.admit()

    async def flooded(self, method: str, seconds: int) -> None:
        """Note that Telegram wants ``seconds`` without ``method``."""
        until = self._clock.now() + timedelta(seconds=max(seconds, 1))
        self._blocked[method] = until
        message = f"Telegram asked to wait {seconds} s with {method}, until {until:%H:%M:%S} UTC"
        await begin_trouble(self._store, self._name(method), message)
        await self._save(method)

    async def clear_ended(self) -> None:
        """Take back the trouble of flood waits that are over."""
        for method in [method for method in self._blocked if not self.flood(method)]:
            del self._blocked[method]
            await end_trouble(self._store, self._name(method))

    def _name(self, method: str) -> str:
        return f"pace {self._account} {method}"

    def _of(self, method: str) -> tuple[Bucket, ...]:
        if method not in self._buckets:
            now = self._clock.now()
            self._buckets[method] = tuple(Bucket(limit, now) for limit in self._allowed.get(method, ORDINARY))
        return self._buckets[method]

    async def _save(self, method: str) -> None:
        blocked = self._blocked.get(method)
        written = {
            "blocked_until": to_ms(blocked) if blocked else 0,
            "buckets": [[bucket.tokens, to_ms(bucket.at)] for bucket in self._of(method)],
        }
        try:
            async with self._store.database.transaction() as tx:
                await settings.put(tx, self._name(method), json.dumps(written))
        except Transient as full:
            _log.warning("pace_not_saved", method=method, reason=str(full))

    async def _remember(self, method: str, text: str | None) -> None:
        if text is None:
            return
        written = json.loads(text)
        for bucket, (tokens, at) in zip(self._of(method), written["buckets"], strict=False):
            bucket.tokens, bucket.at = min(tokens, bucket.limit.count), from_ms(at)
        until = from_ms(written["blocked_until"])
        if until > self._clock.now():
            self._blocked[method] = until
