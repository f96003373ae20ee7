"""Telegram's limits on bots: how much, how long, how often. Each has a name and can be lifted; all stand at first.

The paces run on the world's clock and refuse, they never wait. Telegram publishes about 30 messages a second overall,
20 a minute in a group and one a second in any chat "with short bursts"; how long a burst may be it does not say:
here ``BURST`` messages. Edits count like messages.
"""

import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from loopback.chat_nouns import Bot, Chat
from loopback.faults import ApiError
from loopback.studio import Clock

BURST = 20
NAMES = frozenset(
    {
        "text",
        "caption",
        "upload_size",
        "photo_size",
        "photo_shape",
        "download_size",
        "callback_data",
        "callback_age",
        "delete_age",
        "group_pace",
        "chat_pace",
        "overall_pace",
    }
)


class Window:
    """At most ``count`` in any ``span``."""

    def __init__(self, count: int, span: timedelta) -> None:
        self.count = count
        self.span = span
        self.taken: deque[datetime] = deque()

    def wait(self, now: datetime, weight: int) -> float:
        """Seconds until ``weight`` more are allowed; 0 when they are."""
        while self.taken and now - self.taken[0] >= self.span:
            self.taken.popleft()
        over = len(self.taken) + weight - self.count
        if over <= 0:
            return 0
        return (self.taken[min(over, len(self.taken)) - 1] + self.span - now).total_seconds() if self.taken else 1

    def take(self, now: datetime, weight: int) -> None:
        """Count ``weight``."""
        self.taken.extend([now] * weight)


class Limits:
    """Which limits stand, and the counters of the paces."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lifted: set[str] = set()
        self._windows: dict[tuple[str, int, int], Window] = {}

    def lift(self, *names: str) -> None:
        """Let these limits hold no longer; see ``NAMES``."""
        unknown = set(names) - NAMES
        if unknown:
            raise ValueError(f"no such limits: {sorted(unknown)}")
        self._lifted |= set(names)

    @contextmanager
    def lifted(self, *names: str) -> Iterator[None]:
        """Lift these limits for a while."""
        before = set(self._lifted)
        self.lift(*names)
        yield
        self._lifted = before

    def stands(self, name: str) -> bool:
        """Whether a limit holds."""
        return name not in self._lifted

    def check(self, name: str, value: float, limit: float, description: str, code: int = 400) -> None:
        """Refuse a ``value`` over the ``limit`` of this name."""
        if self.stands(name) and value > limit:
            raise ApiError(code, description)

    def pace(self, bot: Bot, chat: Chat, weight: int = 1) -> None:
        """Count ``weight`` messages or edits of ``bot`` in ``chat``; 429 when it is too fast, counting nothing."""
        now = self._clock.now()
        windows = [window for name, window in self._paces(bot, chat) if self.stands(name)]
        wait = max((window.wait(now, weight) for window in windows), default=0)
        if wait > 0:
            seconds = math.ceil(wait)
            raise ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        for window in windows:
            window.take(now, weight)

    def _paces(self, bot: Bot, chat: Chat) -> list[tuple[str, Window]]:
        second, minute = timedelta(seconds=1), timedelta(minutes=1)
        overall = self._window("overall_pace", bot.id, 0, 30, second)
        if chat.grouped:
            return [("overall_pace", overall), ("group_pace", self._window("group", bot.id, chat.id, 20, minute))]
        own = self._window("chat", bot.id, chat.id, BURST, BURST * second)
        return [("overall_pace", overall), ("chat_pace", own)]

    def _window(self, name: str, bot_id: int, chat_id: int, count: int, span: timedelta) -> Window:
        return self._windows.setdefault((name, bot_id, chat_id), Window(count, span))
