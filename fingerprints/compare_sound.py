"""Are two sounds copies of one? Equal words propose lines through time, bit errors along one line decide.

A line is an offset at a speed: a copy that is played faster has its equal words along a steeper line.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprints.matching import Match, Span
from fingerprints.sound import SECONDS_PER_CODE, SILENT, Codes

SURE, MAYBE = 0.30, 0.34  # share of differing bits over a window
WINDOW = 40  # codes, about 1.8 s
LINES, CLOSEST = 8, 3
SHORT = 256  # codes, twelve seconds
FEWEST = 3  # equal words of a line at another speed
WHOLE = 0.85
HEARD = 0.5  # share of a window that must not be pause
COMMON = 20  # occurrences in the reference above which a word says nothing
MOST_PAIRS = 200_000
SPEEDS = tuple(round(0.8 + step / 100, 2) for step in range(46))
NUDGES = (-0.005, -0.0025, 0.0, 0.0025, 0.005)
_FLIPS = np.concatenate([[0], 1 << np.arange(32, dtype=np.uint64)]).astype(np.uint32)


def compare(query: Codes, reference: Codes, pitched: Sequence[Codes] = ()) -> Match | None:
    """The best stretch that both have in common; at other pitches only when there is none at the same."""
    found: list[Match] = []
    for codes in (query, *pitched):
        if (match := _at_pitch(codes, reference)) is not None:
            found.append(match)
            if match.certain:
                break
    return max(found, key=_worth, default=None)


def _worth(match: Match) -> tuple[bool, float]:
    return match.certain, match.spans[0].seconds * match.strength


def _at_pitch(query: Codes, reference: Codes) -> Match | None:
    here, there = _equal_words(query, reference)
    offsets = _offsets(here, there) + (_closest(query, reference) if len(query) <= SHORT else [])
    steady = [_along(query, reference, 1.0, offset) for offset in offsets]
    found = [match for match in steady if match is not None]
    if not any(match.certain for match in found):
        hurried = [_nudged(query, reference, speed, offset) for speed, offset in _lines(here, there)]
        found += [match for match in hurried if match is not None]
    return max(found, key=_worth, default=None)


def _equal_words(query: Codes, reference: Codes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places in query and reference of words that differ in one bit at most."""
    order = np.argsort(reference, kind="stable")
    ranked = reference[order]
    heard = np.flatnonzero(query != SILENT)
    wanted = (query[heard][:, None] ^ _FLIPS[None, :]).ravel()
    low = np.searchsorted(ranked, wanted, "left")
    counts = np.searchsorted(ranked, wanted, "right") - low
    counts[counts > COMMON] = 0
    here = np.repeat(np.repeat(heard, len(_FLIPS)), counts)
    first = np.repeat(low - (np.cumsum(counts) - counts), counts)
    there = order[first + np.arange(len(first))]
    return here[:MOST_PAIRS], there[:MOST_PAIRS]


def _offsets(here: NDArray[np.intp], there: NDArray[np.intp]) -> list[int]:
    """The offsets, query minus reference, that most equal words vote for."""
    offsets, votes = np.unique(here - there, return_counts=True)
    return [int(offset) for offset in offsets[np.argsort(-votes, kind="stable")[:LINES]]]


def _closest(query: Codes, reference: Codes) -> list[int]:
    """The offsets with the fewest differing bits, of a query so short that all can be tried."""
    shortest = min(WINDOW, len(query), len(reference))
    total, seen = np.zeros((2, len(query) + len(reference)), np.int32)
    backwards = reference[::-1]  # so that offsets rise with the place
    heard = backwards != SILENT
    for place, code in enumerate(query):
        if code != SILENT:
            offsets = slice(place, place + len(reference))
            total[offsets] += np.bitwise_count(backwards ^ code) * heard
            seen[offsets] += heard
    errors = np.where(seen >= HEARD * shortest, total / np.maximum(seen, 1), np.inf)
    best = np.argsort(errors, kind="stable")[:CLOSEST]
    return [int(one) - (len(reference) - 1) for one in best if np.isfinite(errors[one])]


def _lines(here: NDArray[np.intp], there: NDArray[np.intp]) -> list[tuple[float, int]]:
    """Speeds and offsets, slowed query minus reference, that most equal words vote for."""
    if len(here) < FEWEST:
        return []
    halves = np.round((np.multiply.outer(SPEEDS, here) - there) / 2).astype(np.int64)
    least, width = int(halves.min()), int(np.ptp(halves)) + 1
    votes = np.bincount((halves - least + width * np.arange(len(SPEEDS))[:, None]).ravel(), minlength=width)
    ranked = [line for line in np.argsort(-votes, kind="stable")[: 4 * LINES].tolist() if votes[line] >= FEWEST]
    return [(SPEEDS[line // width], 2 * (line % width + least)) for line in ranked[:LINES]]


def _nudged(query: Codes, reference: Codes, speed: float, offset: int) -> Match | None:
    """The best stretch along a line, if there is any, or along one that is slightly steeper, flatter or aside."""
    if _along(query, reference, speed, offset) is None:
        return None
    tried = [_along(query, reference, speed + nudge, offset + aside) for nudge in NUDGES for aside in (-1, 0, 1)]
    return max((match for match in tried if match is not None), key=_worth, default=None)


def _along(query: Codes, reference: Codes, speed: float, offset: int) -> Match | None:
    """The stretch along a line of a query that plays the reference ``speed`` times as fast."""
    slowed = query if speed == 1.0 else query[(np.arange(int(len(query) * speed)) / speed).astype(np.intp)]
    stretch = _stretch(slowed, reference, offset)
    if stretch is None:
        return None
    length, errors, start = stretch
    unit = SECONDS_PER_CODE
    span = Span(
        round(start * unit / speed, 2),
        round((start - offset) * unit, 2),
        round(length * unit / speed, 2),
        round(speed, 4),
    )
    relation = _relation(length, len(slowed), len(reference)) if speed == 1.0 else "audio"
    return Match(relation, errors <= SURE, 1 - errors, "sound", spans=(span,), picture=False, sound=True)


def _relation(length: int, query: int, reference: int) -> str:
    whole_query, whole_reference = length >= WHOLE * query, length >= WHOLE * reference
    return "excerpt" if whole_query and not whole_reference else "audio"


def _stretch(query: Codes, reference: Codes, offset: int) -> tuple[int, float, int] | None:
    """The longest run along an offset whose windows all are alike: its length, bit errors and start in the query."""
    first, last = max(0, offset), min(len(query), len(reference) + offset)
    window = min(WINDOW, max(12, last - first))
    if last - first < window:
        return None
    mine, its = query[first:last], reference[first - offset : last - offset]
    lively = (mine != SILENT) & (its != SILENT)
    errors = np.where(lively, np.bitwise_count(mine ^ its) / 32, 0.0)
    heard, wrong = _sums(lively.astype(np.float64), window), _sums(errors, window)
    smooth = np.where(heard >= HEARD * window, wrong / np.maximum(heard, 1), 1.0)
    alike = _longest(smooth <= MAYBE)
    if alike is None:
        return None
    start, length = alike[0], alike[1] + window - 1
    part = slice(start, start + length)
    return length, float(errors[part].sum() / max(1, lively[part].sum())), first + start


def _sums(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """The sums of every ``window`` neighbours."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[window:] - total[:-window], np.float64)


def _longest(flags: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Start and length of the longest run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    if not edges.size:
        return None
    starts, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best] - starts[best])
