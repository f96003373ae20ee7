"""Are two sounds copies of one? Equal words propose offsets, bit errors along one offset decide."""

import numpy as np
from numpy.typing import NDArray

from fingerprints.matching import Match, Span
from fingerprints.sound import SECONDS_PER_CODE, Codes

SURE, MAYBE = 0.30, 0.34  # share of differing bits over a window
WINDOW = 40  # codes, about 1.8 s
OFFSETS = 8
WHOLE = 0.85


def compare(query: Codes, reference: Codes) -> Match | None:
    """The best stretch that both have in common."""
    best: tuple[int, float, int, int] | None = None
    for offset in _offsets(query, reference):
        found = _stretch(query, reference, offset)
        if found is not None and (best is None or found[0] > best[0]):
            best = (*found, offset)
    if best is None:
        return None
    length, errors, start, offset = best
    return Match(
        _relation(length, len(query), len(reference)),
        certain=errors <= SURE,
        strength=1 - errors,
        evidence="sound",
        spans=(
            Span(
                round(start * SECONDS_PER_CODE, 2),
                round((start - offset) * SECONDS_PER_CODE, 2),
                round(length * SECONDS_PER_CODE, 2),
            ),
        ),
        picture=False,
        sound=True,
    )


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
    errors = np.bitwise_count(query[first:last] ^ reference[first - offset : last - offset]) / 32
    smooth = np.convolve(errors, np.ones(window) / window, "valid")
    alike = _longest(smooth <= MAYBE)
    if alike is None:
        return None
    start, length = alike[0], alike[1] + window - 1
    return length, float(errors[start : start + length].mean()), first + start


def _longest(flags: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Start and length of the longest run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    if not edges.size:
        return None
    starts, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best] - starts[best])
