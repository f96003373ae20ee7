"""Who wants a channel read back, and why: set by updates, connections and people, taken by reconciliation."""

import asyncio

from core.clock import Clock

NEW_WATCH = "new watch"


class Asking:
    """Channels to read back soon, each with the first reason given; ``None`` means every watched channel."""

    def __init__(self) -> None:
        self._wanted: dict[int | None, str] = {}
        self._rung = asyncio.Event()

    def ask(self, channel_id: int | None, reason: str) -> None:
        """Want a channel read back."""
        self._wanted.setdefault(channel_id, reason)
        self.ring()

    def ring(self) -> None:
        """Wake whoever rests."""
        self._rung.set()

    def take(self) -> dict[int | None, str]:
        """All that is wanted; from now on it is the taker's."""
        taken, self._wanted = self._wanted, {}
        return taken

    async def rest(self, clock: Clock, seconds: float) -> None:
        """Wait until somebody asks, or for ``seconds``."""
        await clock.wait(self._rung, seconds)
        self._rung.clear()
