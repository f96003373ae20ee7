"""How alike two videos move along a line through time: windowed correlation of small grey pictures.

Within a window every pixel of both is taken around its own mean, so what stands still does not count; a block of the
picture speaks when it moves in both, and the median of the blocks is the window's answer. A logo, a caption or a border
stands still and does not speak; the same camera at another minute looks alike and moves otherwise.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fingerprints.video import RATE, THUMB

WINDOW, STRIDE = 8, 2  # thumbs: two seconds, every half second
BLOCKS, FEWEST = 4, 3  # blocks a side; those that must move to say anything
LIVELY = 1.2  # grey levels of motion below which nothing can be said
ALIKE, OTHERWISE = 0.55, 0.3  # correlation from which two move alike, and below which they do not
LOOKS, UNLIKE = 0.5, 0.3  # correlation of two pictures that show the same, and of two that do not
FLAT = 4.0  # grey levels of deviation under which a picture is of nearly one colour
CUT, ABRUPT = 12.0, 4.0  # grey levels from one thumb to the next, and how far above the usual, at a cut
SHORTEST = 8  # thumbs of a run
SPOKEN = 2  # windows of a run that must move alike
FIRM = 0.9  # strength of a course below which other speeds are tried
DOUBT = 0.1  # seconds that speak against a course, per second for it, from which other speeds are tried
BETTER = 1.05  # times as much worth as a steady course must have one at another speed
TILTS = (0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 1.03, 1.05, 1.07, 1.1, 1.15, 1.2, 1.25)
NUDGES = (0.98, 0.99, 0.995, 1.005, 1.01, 1.02)
Greys = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Line:
    """At thumb t of the query the reference is at thumb (t - ``offset``) * ``speed``."""

    offset: float
    speed: float


@dataclass(frozen=True, slots=True)
class Course:
    """What was found along a line: ``runs`` (start, length in thumbs of the query) that are alike.

    ``strength``: mean correlation of what moves in them. ``seconds`` of them that move alike; ``against``: seconds
    anywhere along the line that look alike and move otherwise.
    """

    line: Line
    runs: tuple[tuple[int, int], ...]
    strength: float
    seconds: float
    against: float

    @property
    def worth(self) -> float:
        """More that is alike and less that speaks against it sorts higher."""
        return self.strength * self.seconds - self.against / 2


def nearest(query: Greys, reference: Greys, mask: Mask, line: Line, reach: int) -> Course | None:
    """The best course within ``reach`` thumbs of a line; tilted too when it has a speed of its own or is in doubt."""
    tried = [
        _course(query, reference, mask, Line(line.offset + shift, line.speed)) for shift in range(-reach, reach + 1)
    ]
    best = max((course for course in tried if course is not None), key=lambda course: course.worth, default=None)
    if best is None:
        return None
    steady = best = _tilted(query, reference, mask, best, line.speed)
    if line.speed == 1.0 and best.strength >= FIRM and best.against <= DOUBT * best.seconds:
        return best
    for factors in (TILTS, NUDGES, NUDGES):
        for speed in [round(best.line.speed * factor, 4) for factor in factors]:
            best = _tilted(query, reference, mask, best, speed)
    if steady.line.speed != 1.0:
        steady = _tilted(query, reference, mask, replace(best, strength=0.0, against=0.0), 1.0)
    return best if best.worth > BETTER * steady.worth else steady


def _tilted(query: Greys, reference: Greys, mask: Mask, best: Course, speed: float) -> Course:
    """The better of a course and one at a speed through the middle of its longest run, or beside it."""
    start, length = max(best.runs, key=lambda run: run[1])
    middle = start + length / 2
    there = (middle - best.line.offset) * best.line.speed
    for aside in (-0.5, 0.0, 0.5):
        course = _course(query, reference, mask, Line(middle - there / speed + aside, speed))
        if course is not None and course.worth > best.worth:
            best = course
    return best


def _course(query: Greys, reference: Greys, mask: Mask, line: Line) -> Course | None:
    first = max(0, int(np.ceil(line.offset)))
    last = min(len(query), int(np.floor((len(reference) - 1) / line.speed + line.offset)) + 1)
    if last - first < SHORTEST:
        return None
    ours = query[first:last].astype(np.float32)
    theirs = _at(reference, (np.arange(first, last) - line.offset) * line.speed)
    starts = _starts(len(ours))
    curve = _correlations(ours, theirs, mask)
    if np.count_nonzero(curve >= ALIKE) < SPOKEN:
        return None
    looks = _looks(ours, theirs, mask)
    least = looks[starts[:, None] + np.arange(WINDOW)[None, :]].min(axis=1)
    curve = np.where(least >= UNLIKE, curve, np.float32(np.nan))  # a cut to something else is no motion
    return _gathered(curve, starts, looks, _shots(ours) + _shots(theirs), line, first)


def _at(reference: Greys, places: NDArray[np.floating]) -> NDArray[np.float32]:
    """The reference at places between its thumbs."""
    low = np.clip(np.floor(places).astype(int), 0, len(reference) - 1)
    part = (places - low).astype(np.float32)[:, None, None]
    if not part.any():
        return np.asarray(reference[low], np.float32)
    high = np.minimum(low + 1, len(reference) - 1)
    return np.asarray((1 - part) * reference[low] + part * reference[high], np.float32)


def _starts(length: int) -> NDArray[np.intp]:
    """Where windows begin."""
    return np.arange(0, length - WINDOW + 1, STRIDE)


def _correlations(ours: NDArray[np.float32], theirs: NDArray[np.float32], mask: Mask) -> NDArray[np.float32]:
    """The answer of every window, -1 to 1; nan where too little moves to say anything."""
    mine, its = (_around_mean(side, mask) for side in (ours, theirs))
    here, there = _windowed(mine), _windowed(its)
    shared, power, other = (
        _blocks(_windowed(left * right) - first * second / np.float32(WINDOW))
        for left, right, first, second in (
            (mine, its, here, there),
            (mine, mine, here, here),
            (its, its, there, there),
        )
    )
    both = np.sqrt(np.maximum(power, 0) * np.maximum(other, 0))
    seen = _blocks(mask.ravel()[None].astype(np.float32)) * WINDOW
    moving = (both > LIVELY * np.maximum(seen, 1)) & (seen > 0)
    return _median(shared / np.maximum(both, 1e-6), moving)


def _median(values: NDArray[np.float32], counted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The median of every row's ``counted`` values; nan where they are fewer than FEWEST."""
    ordered = np.sort(np.where(counted, values, np.inf), axis=1)
    number = counted.sum(axis=1)
    rows, upper = np.arange(len(values)), np.maximum(number, 1)
    median = (ordered[rows, (upper - 1) // 2] + ordered[rows, upper // 2]) / 2
    return np.where(number >= FEWEST, median, np.nan).astype(np.float32)


def _around_mean(side: NDArray[np.float32], mask: Mask) -> NDArray[np.float32]:
    """Every pixel around its mean over all time, nought outside the mask: n x 1024."""
    flat = side.reshape(len(side), -1)
    return np.asarray((flat - flat.mean(axis=0)) * mask.ravel(), np.float32)


def _windowed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sums over every window (WINDOW is four times STRIDE)."""
    steps = values[: len(values) // STRIDE * STRIDE]
    steps = steps[::STRIDE] + steps[1::STRIDE]
    pairs = steps[:-1] + steps[1:]
    return np.asarray(pairs[:-2] + pairs[2:], np.float32)


def _blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums over the blocks of n x 1024 pixels: n x BLOCKS²."""
    side = THUMB // BLOCKS
    return np.asarray(values.reshape(-1, BLOCKS, side, BLOCKS, side).sum(axis=(2, 4)).reshape(-1, BLOCKS**2))


def _looks(ours: NDArray[np.float32], theirs: NDArray[np.float32], mask: Mask) -> NDArray[np.float32]:
    """How alike every pair of pictures is, -1 to 1; two of nearly one colour are alike."""
    mine, its = (_masked(side, mask) for side in (ours, theirs))
    powers = [np.einsum("tp,tp->t", side, side) for side in (mine, its)]
    shared = np.einsum("tp,tp->t", mine, its)
    flat = np.maximum(*powers) < FLAT**2 * mine.shape[1]
    return np.where(flat, np.float32(1), shared / np.maximum(np.sqrt(powers[0] * powers[1]), 1e-6)).astype(np.float32)


def _masked(side: NDArray[np.float32], mask: Mask) -> NDArray[np.float32]:
    """What lies inside the mask, every picture around its own mean."""
    flat = side.reshape(len(side), -1)
    seen = flat if mask.all() else flat[:, np.flatnonzero(mask)]
    return np.asarray(seen - seen.mean(axis=1, keepdims=True), np.float32)


def _shots(thumbs: NDArray[np.float32]) -> NDArray[np.intp]:
    """The number of the shot that every thumb belongs to."""
    steps = np.abs(np.diff(thumbs, axis=0)).mean(axis=(1, 2))
    cuts = steps > max(CUT, ABRUPT * float(np.median(steps)))
    return np.concatenate([[0], np.cumsum(cuts)])


def _gathered(
    curve: NDArray[np.float32],
    starts: NDArray[np.intp],
    looks: NDArray[np.float32],
    shots: NDArray[np.intp],
    line: Line,
    first: int,
) -> Course | None:
    """Runs of windows that move alike, drawn out over what looks alike and does not move otherwise.

    Only shots that also move alike speak against: a compilation may show the same place twice.
    """
    count = len(looks)
    alike, otherwise = (_covered(starts[chosen], count) for chosen in (curve >= ALIKE, curve < OTHERWISE))
    if not alike.any():
        return None
    shown = looks >= max(LOOKS, 0.8 * float(np.median(looks[alike])))
    joined = alike | (shown & ~otherwise)
    runs = [(start, end) for start, end in _runs(joined) if _spoken(curve, starts, start, end)]
    if not runs:
        return None
    inner = np.concatenate([curve[(starts >= start) & (starts + WINDOW <= end)] for start, end in runs])
    against = otherwise & ~alike & (looks >= LOOKS) & np.isin(shots, shots[alike])
    return Course(
        line,
        tuple((first + start, end - start) for start, end in runs),
        float(np.nanmean(inner)),
        float(sum(alike[start:end].sum() for start, end in runs)) / RATE,
        float(against.sum()) / RATE,
    )


def _covered(starts: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    """The thumbs in any of these windows."""
    edges = np.zeros(count + 1, int)
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + WINDOW, -1)
    return np.asarray(np.cumsum(edges[:-1]) > 0, bool)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in pairwise(edges) if flags[start] and end - start >= SHORTEST]


def _spoken(curve: NDArray[np.float32], starts: NDArray[np.intp], start: int, end: int) -> bool:
    """Whether enough of a run moves alike, rather than only looking alike."""
    inner = curve[(starts >= start) & (starts + WINDOW <= end)]
    return int(np.count_nonzero(inner >= ALIKE)) >= SPOKEN
