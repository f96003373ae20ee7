"""A channel's rhythm, learnt from when it posted: how long its silence may last before somebody looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

LEARNT_FROM = 100  # of the newest posts
FEWEST = 10  # posts; of fewer nothing can be learnt
SOONEST_LOOK = timedelta(minutes=5)
SOONEST_WORD = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The usual and the longest time between two posts."""

    usual: timedelta
    longest: timedelta

    @property
    def look_after(self) -> timedelta:
        """A longer silence is worth one request: updates may have stopped coming."""
        return max(SOONEST_LOOK, 4 * self.usual)

    @property
    def tell_after(self) -> timedelta:
        """A longer silence is worth telling a person, nights and weekends allowed for."""
        return max(SOONEST_WORD, 2 * self.longest)


def learn(posted_at: Sequence[datetime]) -> Rhythm | None:
    """The rhythm of posts in ascending order; nothing when there are too few of them."""
    if len(posted_at) < FEWEST:
        return None
    pauses = [later - earlier for earlier, later in pairwise(posted_at)]
    return Rhythm(timedelta(seconds=median(pause.total_seconds() for pause in pauses)), max(pauses))
