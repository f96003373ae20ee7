"""Watches for silence: a channel that is quieter than its rhythm is looked at, and then told to a person."""

from datetime import datetime

from collectors.asking import Asking
from collectors.notices import begin_trouble, end_trouble
from collectors.rhythm import LEARNT_FROM, Rhythm, learn
from core.ids import channel_label
from core.model import Channel, Tier, Watch
from core.units import span
from storage import channels, ledger, settings
from storage.opening import Store

SILENT = "silent for longer than usual"


class Silence:
    """Compares the silence of one account's channels with their rhythm."""

    def __init__(self, account: str, store: Store, asking: Asking) -> None:
        self._account = account
        self._store = store
        self._asking = asking
        self._looked: dict[int, datetime] = {}  # the last post of the silence that was looked at

    async def check(self) -> None:
        """Ask for a look at every channel that has just become too quiet."""
        async with self._store.database.reader() as reader:
            watched = await channels.watches(reader, self._account)
            told = {trouble.part for trouble in await settings.troubles(reader)}
            times = {
                watch.channel_id: await ledger.newest_times(reader, watch.channel_id, LEARNT_FROM)
                for watch, _channel in watched
                if watch.state == "active" and watch.tier is not Tier.IMPORTED
            }
        for watch, channel in watched:
            posted_at = times.get(watch.channel_id, ())
            if rhythm := learn(posted_at):
                silent_since = posted_at[-1]
                self._look(watch, rhythm, silent_since)
                await self._tell(channel, rhythm, silent_since, told=_trouble(channel.channel_id) in told)

    def _look(self, watch: Watch, rhythm: Rhythm, last: datetime) -> None:
        """Updates of a joined channel may have stopped coming; the others are asked anyway."""
        silent = self._store.clock.now() - last
        if watch.tier is Tier.JOINED and silent > rhythm.look_after and self._looked.get(watch.channel_id) != last:
            self._looked[watch.channel_id] = last
            self._asking.ask(watch.channel_id, SILENT)

    async def _tell(self, channel: Channel, rhythm: Rhythm, last: datetime, *, told: bool) -> None:
        if self._store.clock.now() - last > rhythm.tell_after:
            label = channel_label(channel.title, channel.username, channel.channel_id)
            longest = span(rhythm.longest.total_seconds())
            message = f"{label}: no post since {last:%d %b %H:%M} UTC; its longest pause before was {longest}"
            await begin_trouble(self._store, _trouble(channel.channel_id), message)
        elif told:
            await end_trouble(self._store, _trouble(channel.channel_id))


def _trouble(channel_id: int) -> str:
    return f"silence {channel_id}"
