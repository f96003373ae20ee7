"""A bot's unread updates: numbered, confirmed by offset, kept for a day, waited for without polling."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LIFE = timedelta(hours=24)
LIMIT = 100
ONLY_IF_ASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True)
class Waiting:
    """An update not yet confirmed."""

    id: int
    kind: str
    body: Mapping[str, object]
    at: datetime

    @property
    def json(self) -> dict[str, object]:
        """As getUpdates answers it."""
        return {"update_id": self.id, self.kind: self.body}


class Conflict(Exception):
    """Another getUpdates took over."""


class Inbox:
    """The queue of one bot."""

    def __init__(self, first_id: int) -> None:
        self.waiting: list[Waiting] = []
        self.allowed: frozenset[str] | None = None
        self._next = first_id
        self._arrived = asyncio.Event()
        self._poller: object | None = None

    @property
    def polled(self) -> bool:
        """Whether a getUpdates stands waiting now."""
        return self._poller is not None

    def put(self, kind: str, body: Mapping[str, object], at: datetime) -> None:
        """Add an update, if the bot wants this kind."""
        wanted = kind in self.allowed if self.allowed else kind not in ONLY_IF_ASKED
        if wanted:
            self.waiting.append(Waiting(self._next, kind, body, at))
            self._next += 1
            self._wake()

    def allow(self, kinds: Sequence[str] | None) -> None:
        """Which kinds are to be kept from now on; an empty list means the usual ones, None no change."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or None

    def confirm(self, offset: int, now: datetime) -> None:
        """Forget updates below ``offset``, all but the last ``-offset`` of a negative one, and those of yesterday."""
        if offset < 0:
            self.waiting = self.waiting[offset:]
        else:
            self.waiting = [update for update in self.waiting if update.id >= offset]
        self.waiting = [update for update in self.waiting if now - update.at < LIFE]

    def clear(self) -> None:
        """Forget all."""
        self.waiting.clear()

    async def wait(self, seconds: float) -> None:
        """Return when there is an update or time is up; ``Conflict`` when another poller comes."""
        me = self._poller = object()
        self._wake()
        try:
            async with asyncio.timeout(seconds):
                while not self.waiting and self._poller is me:
                    await self._arrived.wait()
        except TimeoutError:
            pass
        finally:
            displaced = self._poller is not me
            if not displaced:
                self._poller = None
        if displaced:
            raise Conflict

    def displace(self) -> None:
        """End the poll that stands waiting."""
        if self._poller is not None:
            self._poller = None
            self._wake()

    def _wake(self) -> None:
        self._arrived.set()
        self._arrived = asyncio.Event()
