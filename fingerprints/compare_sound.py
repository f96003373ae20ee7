"""Are two sounds copies of one? Equal words propose offsets, bit errors along one offset decide."""

import numpy as np
from numpy.typing import NDArray

from fingerprints.matching import Match, Span
from fingerprints.sound import SECONDS_PER_CODE, SILENT, Codes

SURE, MAYBE = 0.30, 0.34  # share of differing bits over a window
WINDOW = 40  # codes, about 1.8 s
OFFSETS = 8
WHOLE = 0.85
HEARD = 0.5  # share of a window that must not be pause
SPEEDS = tuple(round(1 + step / 50, 2) for step in range(-7, 8) if step)  # 0.86 to 1.14


def compare(query: Codes, reference: Codes) -> Match | None:
    """The best stretch that both have in common; at other speeds only when there is none at the same."""
    for speeds in ((1.0,), SPEEDS):
        found = [match for speed in speeds if (match := _at_speed(query, reference, speed)) is not None]
        if found:
            return max(found, key=lambda match: (match.certain, match.spans[0].seconds * match.strength))
    return None


def _at_speed(query: Codes, reference: Codes, speed: float) -> Match | None:
    """The best stretch when the query plays the reference ``speed`` times as fast."""
    slowed = query if speed == 1.0 else query[(np.arange(int(len(query) * speed)) / speed).astype(np.intp)]
    stretches = [
        (*found, offset)
        for offset in _offsets(slowed, reference)
        if (found := _stretch(slowed, reference, offset)) is not None
    ]
    if not stretches:
        return None
    length, errors, start, offset = max(stretches, key=lambda stretch: stretch[0] * (1 - stretch[1]))
    unit = SECONDS_PER_CODE
    span = Span(
        round(start * unit / speed, 2), round((start - offset) * unit, 2), round(length * unit / speed, 2), speed
    )
    relation = _relation(length, len(slowed), len(reference)) if speed == 1.0 else "audio"
    return Match(relation, errors <= SURE, 1 - errors, "sound", spans=(span,), picture=False, sound=True)


def _relation(length: int, query: int, reference: int) -> str:
    whole_query, whole_reference = length >= WHOLE * query, length >= WHOLE * reference
    return "excerpt" if whole_query and not whole_reference else "audio"


def _offsets(query: Codes, reference: Codes) -> list[int]:
    """The offsets (query minus reference) that most equal words vote for."""
    order = np.argsort(reference, kind="stable")
    ranked = reference[order]
    votes: dict[int, int] = {}
    for flipped in (0, *(1 << bit for bit in range(32))):
        wanted = query ^ np.uint32(flipped)
        low, high = np.searchsorted(ranked, wanted, "left"), np.searchsorted(ranked, wanted, "right")
        for place in np.flatnonzero((high > low) & (high - low < 20)):
            for other in order[low[place] : high[place]]:
                offset = int(place) - int(other)
                votes[offset] = votes.get(offset, 0) + 1
    return sorted(votes, key=lambda offset: -votes[offset])[:OFFSETS]


def _stretch(query: Codes, reference: Codes, offset: int) -> tuple[int, float, int] | None:
    """The longest run along an offset whose windows all are alike: its length, bit errors and start in the query."""
    first, last = max(0, offset), min(len(query), len(reference) + offset)
    window = min(WINDOW, max(12, last - first))
    if last - first < window:
        return None
    mine, its = query[first:last], reference[first - offset : last - offset]
    lively = (mine != SILENT) & (its != SILENT)
    errors = np.where(lively, np.bitwise_count(mine ^ its) / 32, 0.0)
    ones = np.ones(window)
    heard = np.convolve(lively, ones, "valid")
    smooth = np.where(heard >= HEARD * window, np.convolve(errors, ones, "valid") / np.maximum(heard, 1), 1.0)
    alike = _longest(smooth <= MAYBE)
    if alike is None:
        return None
    start, length = alike[0], alike[1] + window - 1
    part = slice(start, start + length)
    return length, float(errors[part].sum() / max(1, lively[part].sum())), first + start


def _longest(flags: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Start and length of the longest run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    if not edges.size:
        return None
    starts, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best] - starts[best])
