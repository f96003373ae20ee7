"""Which work goes first: what is live, then what a member asked, then history."""

from core.model import Capture
from storage import jobs

_HISTORY = frozenset({Capture.BACKFILL, Capture.EXPORT, Capture.FOLDER})


def is_history(capture: Capture) -> bool:
    """Whether a post came as history: it never makes an alert of its own."""
    return capture in _HISTORY


def priority(capture: Capture) -> int:
    """The job priority of what was captured this way."""
    return jobs.BACKFILL if is_history(capture) else jobs.LIVE
