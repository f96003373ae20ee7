"""Which work goes first: what is live, then what a member asked, then history; within a channel by message."""

from core.model import Capture
from storage import jobs
from storage.database import Tx

_HISTORY = frozenset({Capture.BACKFILL, Capture.EXPORT, Capture.FOLDER})


def is_history(capture: Capture) -> bool:
    """Whether a post came as history: it never makes an alert of its own."""
    return capture in _HISTORY


def priority(capture: Capture) -> int:
    """The job priority of what was captured this way."""
    return jobs.BACKFILL if is_history(capture) else jobs.LIVE


async def enqueue_match(tx: Tx, sighting_id: int, channel_id: int, message_id: int) -> None:
    """Match one sighting; within a channel in the order of its posts, so that first seen does not flap."""
    await jobs.enqueue(tx, "match", str(sighting_id), lock=str(channel_id), position=message_id)
