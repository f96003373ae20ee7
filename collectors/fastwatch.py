"""Fast watch: Telegram pushes an unjoined public channel to an account for as long as its difference is asked.

Telegram's documentation of updates tells clients to ask again after the ``timeout`` of each answer, and to do so for
ten channels at most.
"""

from telethon.tl import functions, types

from collectors.account import Account
from collectors.history import Peer
from core.clock import Clock
from core.model import Watch

MOST = 10  # channels an account may watch so
SOONEST = 10.0  # seconds between two requests for one channel, whatever Telegram says
PENDING = 100  # changes asked for at once
OUTDATED = -1e18


class FastWatch:
    """The unjoined channels that one account keeps being pushed."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._pts: dict[int, int] = {}
        self._next: dict[int, float] = {}

    def due(self, channel_id: int) -> bool:
        """Whether it is time to ask again."""
        return self._clock.monotonic() >= self._next.get(channel_id, OUTDATED)

    async def look(self, watch: Watch, peer: Peer) -> bool:
        """Ask what happened; whether there may be something that pushed updates have not brought."""
        pts = self._pts.get(watch.channel_id)
        if pts is None:
            full = await self._account.ask(functions.channels.GetFullChannelRequest(peer.channel))
            self._note(watch.channel_id, full.full_chat.pts, 0)
            return True
        request = functions.updates.GetChannelDifferenceRequest(
            peer.channel, types.ChannelMessagesFilterEmpty(), pts=pts, limit=PENDING
        )
        answer = await self._account.ask(request)
        if isinstance(answer, types.updates.ChannelDifferenceTooLong):
            self._note(watch.channel_id, answer.dialog.pts, answer.timeout)
            return True
        self._note(watch.channel_id, answer.pts, answer.timeout if answer.final else 0)
        if isinstance(answer, types.updates.ChannelDifferenceEmpty):
            return False
        return bool(answer.other_updates) or any(
            message.id > watch.contiguous_through for message in answer.new_messages
        )

    def _note(self, channel_id: int, pts: int, timeout: int | None) -> None:
        self._pts[channel_id] = pts
        self._next[channel_id] = self._clock.monotonic() + max(timeout or 0, SOONEST)
        if not self._account.knows(channel_id):
            self._account.follow(channel_id, pts)
