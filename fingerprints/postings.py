"""Where a number occurs: an inverted file for sound words and for pieces of local features.

An occurrence is a number below 2^bits and the spot where it stands, below 2^32. A part holds its occurrences in order
of number and spot: the leading bits of the number choose an entry of a directory, the rest stands beside the spot, so
that an occurrence takes six to eight bytes. Parts never change; several are merged into one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fingerprints.room import Memory, Room

Numbers = NDArray[np.uint64]
Spots = NDArray[np.uint32]
Places = NDArray[np.int64]
Occurrences = tuple[NDArray[np.intp], Spots]  # index of the number asked for, where it occurs
COMMON = 4000  # occurrences in all parts above which a number says nothing
_PER_ENTRY = 2  # bits: four occurrences in an entry of the directory
_PIECE = 1 << 22  # occurrences merged at once: bounds the memory in use
_LOW = np.uint64(32)


@dataclass(frozen=True)
class Postings:
    """Occurrences in order. ``starts``: where each entry of the directory begins; ``rests``: the numbers' last bits."""

    bits: int
    starts: NDArray[np.unsignedinteger]
    rests: NDArray[np.unsignedinteger]
    spots: Spots

    @classmethod
    def of(cls, numbers: Numbers, spots: Spots, bits: int) -> "Postings":
        """A part of these occurrences, in memory."""
        keys = np.sort(numbers << _LOW | spots)
        making = _Making(bits, len(keys), "", Memory())
        making.append(keys)
        return making.made()

    def __len__(self) -> int:
        return len(self.spots)

    @property
    def shift(self) -> int:
        """How many bits of a number the directory leaves out."""
        return self.bits - (len(self.starts) - 1).bit_length() + 1

    def bounds(self, numbers: Numbers) -> tuple[Places, Places]:
        """Between which occurrences each number would stand, so far as the directory tells."""
        entries = np.minimum(numbers >> np.uint64(self.shift), np.uint64(len(self.starts) - 2)).astype(np.intp)
        return np.take(self.starts, entries).astype(np.int64), np.take(self.starts, entries + 1).astype(np.int64)

    def narrowed(self, numbers: Numbers, low: Places, high: Places) -> tuple[Places, Places]:
        """The same exactly, by bisection."""
        rests = self._rests_of(numbers).astype(np.int64)
        return self._first(rests, low, high), self._first(rests + 1, low, high)

    def equal(self, numbers: Numbers, low: Places, high: Places) -> Occurrences:
        """The occurrences of each number among those between its bounds."""
        wanted = np.flatnonzero(high > low)
        low, many = low[wanted], (high - low)[wanted]
        ends = np.cumsum(many)
        where = np.repeat(low - (ends - many), many) + np.arange(ends[-1] if len(ends) else 0)
        asked = np.repeat(wanted, many)
        same = np.flatnonzero(np.take(self.rests, where) == np.take(self._rests_of(numbers), asked))
        return asked[same], np.take(self.spots, where[same])

    def keys(self, least: int, beyond: int) -> Numbers:
        """Number << 32 | spot of every occurrence with a number from ``least`` to below ``beyond``."""
        begin, end = self._beginning(least), self._beginning(beyond)
        first, last = least >> self.shift, min(-(-beyond >> self.shift), len(self.starts) - 1)
        edges = np.clip(self.starts[first : last + 1].astype(np.int64), begin, end)
        entries = np.repeat(np.arange(first, last, dtype=np.uint64), np.diff(edges))
        numbers = entries << np.uint64(self.shift) | self.rests[begin:end].astype(np.uint64)
        return np.asarray(numbers << _LOW | self.spots[begin:end], np.uint64)

    def _beginning(self, number: int) -> int:
        """How many occurrences have a lower number."""
        if number >> self.bits:
            return len(self)
        asked = np.array([number], np.uint64)
        return int(self.narrowed(asked, *self.bounds(asked))[0][0])

    def _rests_of(self, numbers: Numbers) -> NDArray[np.unsignedinteger]:
        return (numbers & np.uint64((1 << self.shift) - 1)).astype(self.rests.dtype)

    def _first(self, rests: Places, low: Places, high: Places) -> Places:
        """The first occurrence between the bounds whose rest is not lower."""
        low, high = low.copy(), high.copy()
        while len(left := np.flatnonzero(low < high)):
            middle = (low[left] + high[left]) // 2
            lower = self.rests[middle] < rests[left]
            low[left[lower]] = middle[lower] + 1
            high[left[~lower]] = middle[~lower]
        return low


def find(parts: Sequence[Postings], numbers: Numbers) -> Occurrences:
    """Every occurrence of every number in the parts; none of one that occurs more than COMMON times in them."""
    bounds = [part.bounds(numbers) for part in parts]
    total = sum((high - low for low, high in bounds), np.zeros(len(numbers), np.int64))
    crowded = np.flatnonzero(total > COMMON)
    if len(crowded):
        for part, (low, high) in zip(parts, bounds, strict=True):
            low[crowded], high[crowded] = part.narrowed(numbers[crowded], low[crowded], high[crowded])
        common = crowded[sum(high[crowded] - low[crowded] for low, high in bounds) > COMMON]
        for low, high in bounds:
            high[common] = low[common]
    found = [part.equal(numbers, *between) for part, between in zip(parts, bounds, strict=True)]
    asked, spots = zip(*found, strict=True) if found else ((np.zeros(0, np.intp),), (np.zeros(0, np.uint32),))
    return np.concatenate(asked), np.concatenate(spots)


def merged(
    parts: Sequence[Postings],
    bits: int,
    name: str,
    room: Room,
    living: Callable[[Spots], NDArray[np.bool_]] | None = None,
) -> Postings:
    """One part of all occurrences, or of those at living spots; its arrays are made as ``name``'s."""
    making = _Making(bits, sum(len(part) for part in parts), name, room)
    for least, beyond in pairwise(_cuts(parts, bits)):
        room.go_on()
        keys = np.concatenate([np.zeros(0, np.uint64), *(part.keys(least, beyond) for part in parts)])
        making.append(np.sort(keys if living is None else keys[living(keys.astype(np.uint32))]))
    return making.made()


def _cuts(parts: Sequence[Postings], bits: int) -> Iterator[int]:
    """Numbers between which all parts together have about _PIECE occurrences."""
    yield 0
    largest = max(parts, key=len, default=None)
    if largest is not None and len(largest):
        total = sum(len(part) for part in parts)
        steps = np.arange(1, -(-total // _PIECE)) * len(largest) // -(-total // _PIECE)
        entries = np.unique(np.searchsorted(largest.starts, steps))
        yield from (int(entry) << largest.shift for entry in entries if 0 < entry < len(largest.starts) - 1)
    yield 1 << bits


class _Making:
    """A part that grows by pieces in order; made for ``most`` occurrences."""

    def __init__(self, bits: int, most: int, name: str, room: Room) -> None:
        self._depth = min(bits, max(1, most.bit_length() - _PER_ENTRY))
        self._bits, self._name, self._room, self._used = bits, name, room, 0
        self._shift = np.uint64(bits - self._depth)
        self._starts = room.make(f"{name}.starts", _holding(max(most, 1 << 16)), ((1 << self._depth) + 1,))
        self._starts[:] = 0
        self._rests = room.make(f"{name}.rests", _holding((1 << (bits - self._depth)) - 1), (most,))
        self._spots = room.make(f"{name}.spots", np.uint32, (most,))

    def append(self, keys: Numbers) -> None:
        """Occurrences above all that were there."""
        end = self._used + len(keys)
        numbers = keys >> _LOW
        entries = (numbers >> self._shift).astype(np.intp)
        self._rests[self._used : end] = numbers & ((np.uint64(1) << self._shift) - np.uint64(1))
        self._spots[self._used : end] = keys
        if len(keys):
            low = int(entries[0])
            counts = np.bincount(entries - low)
            self._starts[low + 1 : low + 1 + len(counts)] += counts.astype(self._starts.dtype)
        self._used = end

    def made(self) -> Postings:
        """The part."""
        np.cumsum(self._starts, out=self._starts, dtype=self._starts.dtype)
        rests = self._room.cut(f"{self._name}.rests", self._rests, self._used)
        spots = self._room.cut(f"{self._name}.spots", self._spots, self._used)
        return Postings(self._bits, self._starts, rests, spots)


def _holding(most: int) -> type[np.unsignedinteger]:
    """The narrowest kind of number that goes up to ``most``."""
    return next(kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if most <= np.iinfo(kind).max)
