"""How much may be said where and when: Telegram's limits kept by our own count, and every order to wait obeyed.

Windows, not buckets: a bucket that refills while it is drained lets nearly twice its size through in one minute.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from enum import IntEnum

from core.clock import Clock

OVERALL = (25, 1.0)  # messages, seconds; Telegram speaks of about 30 a second
PRIVATE = (18, 20.0)  # one a second with short bursts
GROUP_SECONDS = 60.0


class Lane(IntEnum):
    """What a message is; the number is how many of a group's budget it leaves to those above it."""

    ANSWER = 0  # to somebody who waits
    ALARM = 1
    EDIT = 2
    DIGEST = 3
    CARD = 5
    CROWDED = 12  # a card while so many wait that digests show more of them sooner


@dataclass(slots=True)
class _Window:
    count: int
    seconds: float
    taken: deque[float] = field(default_factory=deque)

    def wait(self, now: float, leave: int) -> float:
        while self.taken and now - self.taken[0] >= self.seconds:
            self.taken.popleft()
        over = len(self.taken) - max(1, self.count - leave)
        return self.taken[over] + self.seconds - now if over >= 0 else 0.0


class Pace:
    """Counts what the bot sends and edits; after a restart it is told again what was said in the last minute."""

    def __init__(self, clock: Clock, group_budget: int) -> None:
        self._clock = clock
        self._overall = _Window(*OVERALL)
        self._groups: defaultdict[int, _Window] = defaultdict(lambda: _Window(group_budget, GROUP_SECONDS))
        self._people: defaultdict[int, _Window] = defaultdict(lambda: _Window(*PRIVATE))
        self._held: dict[int, float] = {}

    def wait(self, chat_id: int, lane: Lane) -> float:
        """Seconds until a message of this kind may go to a chat; 0 for now."""
        now = self._clock.monotonic()
        chat = self._groups[chat_id] if chat_id < 0 else self._people[chat_id]
        held = self._held.get(chat_id, now) - now
        return max(0.0, held, self._overall.wait(now, 0), chat.wait(now, lane))

    def take(self, chat_id: int) -> None:
        """Count one message or edit."""
        now = self._clock.monotonic()
        self._overall.taken.append(now)
        (self._groups[chat_id] if chat_id < 0 else self._people[chat_id]).taken.append(now)

    def recall(self, chat_id: int, seconds_ago: float) -> None:
        """Count a message that an earlier process sent."""
        at = self._clock.monotonic() - seconds_ago
        (self._groups[chat_id] if chat_id < 0 else self._people[chat_id]).taken.append(at)

    def hold(self, chat_id: int, seconds: float) -> None:
        """Telegram said to wait: nothing goes to this chat before that."""
        self._held[chat_id] = self._clock.monotonic() + seconds

    def forget(self, chat_id: int) -> None:
        """A chat is gone or has moved."""
        self._groups.pop(chat_id, None)
        self._held.pop(chat_id, None)
