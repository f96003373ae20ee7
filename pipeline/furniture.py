"""Which seconds are channel furniture, and what a match is worth without them: pure rules, no database.

Furniture is a short stretch that otherwise different files of one channel have in common, day after day: an intro, a
jingle, an end card. Three things are not furniture, however often they recur: a recording that is posted again and
again (most of the file is the same), a clip that was also posted by itself (then it is footage), and what other
channels show as well. Where in doubt nothing is learned; a member can still mark it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from statistics import median

from fingerprints.matching import Match, Span
from storage.furniture import Place, Stretch

LONGEST = 20.0  # seconds
MOSTLY = 0.5  # files that have this much in common are not otherwise different
BY_ITSELF = 0.85  # of a file: it shows hardly anything else
AT_EDGE, WITHIN = 3, 6  # other footages that must share it, at the same end of the files or anywhere
EDGE = 2.0  # seconds from the beginning or the end
DAYS = 3  # different days on which the footages were posted
SAME_STRETCH = 0.7  # of what two stretches cover together, covered by both
SLACK = 1.0  # seconds by which the ends of a measured stretch may be off


@dataclass(frozen=True, slots=True)
class File:
    """The file in which furniture is looked for, with its first post."""

    channel_id: int
    posted_on: date
    duration: float


@dataclass(frozen=True, slots=True)
class Shared:
    """A stretch that the file has in common with one of another footage, whose first post is told.

    ``common`` is the larger share of either file that the two have in common in all.
    """

    asset_id: int
    footage_id: int
    channel_id: int
    posted_on: date
    duration: float
    span: Span
    common: float
    picture: bool = True

    @property
    def theirs(self) -> tuple[float, float]:
        """Start and length in the other file."""
        return self.span.reference_start, self.span.seconds * self.span.speed

    @property
    def by_itself(self) -> bool:
        """Whether the other file shows hardly anything else."""
        return self.theirs[1] >= BY_ITSELF * self.duration


@dataclass(frozen=True, slots=True)
class Discovery:
    """Furniture that shows in a file and in others: asset → (start, seconds)."""

    place: Place
    picture: bool
    start: float
    seconds: float
    learned_from: tuple[int, ...]  # footages
    days: int
    elsewhere: Mapping[int, tuple[float, float]]


def without(match: Match, ours: Sequence[Stretch], theirs: Sequence[Stretch]) -> Match | None:
    """A match without the stretches that are furniture on either side; nothing when it rests on furniture alone."""
    if not match.spans or not (ours or theirs):
        return match
    left = tuple(
        span
        for span in match.spans
        if not _is_in(span.query_start, span.seconds, match.picture, ours)
        and not _is_in(span.reference_start, span.seconds * span.speed, match.picture, theirs)
    )
    return replace(match, spans=left) if left else None


def _is_in(start: float, seconds: float, picture: bool, stretches: Sequence[Stretch]) -> bool:
    """Whether seconds lie in furniture; under furniture that is only heard, the pictures count."""
    return any(
        start >= one.start - SLACK and start + seconds <= one.end + SLACK
        for one in stretches
        if not one.rejected and (one.picture or not picture)
    )


def found_again(match: Match, theirs: Sequence[Stretch], duration: float) -> dict[int, tuple[float, float]]:
    """The furniture of another file that a match finds in this one too: furniture → (start, seconds) here.

    What members rejected is found as well, so that it stays rejected.
    """
    found = {}
    for span in match.spans:
        for one in theirs:
            known = replace(one, rejected=False)
            short = 0 < span.seconds <= MOSTLY * duration
            if short and _is_in(span.reference_start, span.seconds * span.speed, match.picture, [known]):
                found[one.furniture_id] = (span.query_start, span.seconds)
    return found


def discover(file: File, shared: Sequence[Shared]) -> list[Discovery]:
    """The furniture that a file and those it was matched with give away."""
    found, left = [], list(shared)
    while left:
        alike = max((_alike(one, left) for one in left), key=len)
        left = [one for one in left if one not in alike]
        if (discovery := _judged(file, alike)) is not None:
            found.append(discovery)
    return found


def _alike(one: Shared, others: Sequence[Shared]) -> list[Shared]:
    return [other for other in others if other.picture == one.picture and _overlap(one.span, other.span)]


def _overlap(one: Span, other: Span) -> bool:
    """Whether two spans are the same stretch of the file."""
    first, last = min(one.query_start, other.query_start), max(_end(one), _end(other))
    common = min(_end(one), _end(other)) - max(one.query_start, other.query_start)
    return common > 0 and common >= SAME_STRETCH * (last - first)


def _end(span: Span) -> float:
    return span.query_start + span.seconds


def _judged(file: File, alike: Sequence[Shared]) -> Discovery | None:
    """What a stretch that several files have in common is."""
    if any(one.by_itself or one.channel_id != file.channel_id for one in alike):
        return None
    different = [one for one in alike if one.common < MOSTLY and one.span.seconds <= LONGEST]
    days = {file.posted_on, *(one.posted_on for one in different)}
    place = _place(file, different)
    if place is None or len(days) < DAYS:
        return None
    start = median(one.span.query_start for one in different)
    return Discovery(
        place,
        different[0].picture,
        start,
        median(_end(one.span) for one in different) - start,
        tuple(sorted({one.footage_id for one in different})),
        len(days),
        {one.asset_id: one.theirs for one in different},
    )


def _place(file: File, different: Sequence[Shared]) -> Place | None:
    """Where enough footages have it: at the same end of all files, or anywhere if they are many."""
    wanted: tuple[tuple[Place, int, Callable[[Shared], bool]], ...] = (
        (Place.OPENING, AT_EDGE, _opens),
        (Place.ENDING, AT_EDGE, lambda one: _ends(file, one)),
        (Place.WITHIN, WITHIN, lambda _: True),
    )
    for place, enough, stands in wanted:
        if len({one.footage_id for one in different if stands(one)}) >= enough:
            return place
    return None


def can_be_furniture(match: Match, ours: float, theirs: float) -> bool:
    """Whether a match rests on seconds that are less than half of both files, whose lengths are given."""
    lasting = [span for span in match.spans if span.seconds]
    return bool(lasting) and all(
        span.seconds <= MOSTLY * ours and span.seconds * span.speed <= MOSTLY * theirs for span in match.spans
    )


def place_of(spans: Sequence[tuple[float, float, float]]) -> Place:
    """Where a stretch stands in files, each told as its start, its length and the length of the file."""
    if all(start <= EDGE for start, _, _ in spans):
        return Place.OPENING
    return Place.ENDING if all(start + seconds >= whole - EDGE for start, seconds, whole in spans) else Place.WITHIN


def _opens(one: Shared) -> bool:
    return max(one.span.query_start, one.theirs[0]) <= EDGE


def _ends(file: File, one: Shared) -> bool:
    return min(_end(one.span) - file.duration, sum(one.theirs) - one.duration) >= -EDGE
