"""What somebody typed on the command line, and what commands print in return."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.ids import channel_label, parse_channel
from core.model import Channel
from storage import channels
from storage.database import Reader

if TYPE_CHECKING:
    from pipeline.copies import BestCopy


async def known_channel(reader: Reader, text: str) -> Channel:
    """The channel that ``text`` names; InputError when none is known here by that name."""
    ref = parse_channel(text)
    channel = await channels.find_channel(reader, ref) if ref is not None else None
    if channel is None:
        raise InputError(f"{text}: no such channel here; `firstseen watch list` shows those that are watched")
    return channel


def label(channel: Channel) -> str:
    """A channel as people read it."""
    return channel_label(channel.title, channel.username, channel.channel_id)


def copy_told(best: "BestCopy | None") -> dict[str, Any] | None:
    """The best copy of a footage for programs: which file, in which post, and why."""
    if best is None:
        return None
    seen = best.seen
    return {
        "sha256": seen.asset.sha256,
        "phash": seen.asset.phash,
        "channel": seen.channel.username or seen.channel.title,
        "message_id": seen.sighting.message_id,
        "why": best.best.why,
        "copies": best.of,
    }


def iso(moment: datetime) -> str:
    """A time for programs: ISO 8601 in UTC, whole seconds."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def iso_or_none(moment: datetime | None) -> str | None:
    """``iso``, or nothing for a time that has not come."""
    return iso(moment) if moment else None
