"""Where a number occurs: sorted arrays with an unsorted tail, so that an addition is seen at once and costs little.

Used as an inverted file for sound words and for pieces of local features (locality-sensitive hashing: Indyk and
Motwani 1998). The tail is merged when it has grown to a quarter of the sorted part.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]
Owners = NDArray[np.int64]
COMMON = 4000  # occurrences above which a number says nothing
_SMALL = 4096


class Postings:
    """(number, owner, place) triples, found by number."""

    def __init__(self) -> None:
        self._sorted = _Part.empty()
        self._tail = _Part.empty()

    def add(self, numbers: Numbers, owner: int, places: Owners) -> None:
        """Append an owner's numbers, each with its place in the owner."""
        new = _Part(numbers, np.full(len(numbers), owner, np.int64), places)
        self._tail = self._tail.joined(new)
        if len(self._tail.numbers) > max(_SMALL, len(self._sorted.numbers) // 4):
            self._sorted = self._sorted.joined(self._tail).in_order()
            self._tail = _Part.empty()

    def remove(self, owner: int) -> None:
        """Drop an owner's numbers."""
        self._sorted, self._tail = self._sorted.without(owner), self._tail.without(owner)

    def find(self, numbers: Numbers) -> tuple[Owners, Owners, Owners]:
        """Every occurrence of every number: its index in ``numbers``, its owner, and its place in the owner."""
        if not self._tail.ordered:
            self._tail = self._tail.in_order()
        found = [part.find(numbers) for part in (self._sorted, self._tail)]
        asked, owners, places = (np.concatenate(column) for column in zip(*found, strict=True))
        return asked, owners, places


class _Part:
    def __init__(self, numbers: Numbers, owners: Owners, places: Owners, *, ordered: bool = False) -> None:
        self.numbers, self.owners, self.places, self.ordered = numbers, owners, places, ordered

    @classmethod
    def empty(cls) -> "_Part":
        return cls(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64))

    def joined(self, other: "_Part") -> "_Part":
        return _Part(
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.owners, other.owners]),
            np.concatenate([self.places, other.places]),
        )

    def in_order(self) -> "_Part":
        order = np.argsort(self.numbers, kind="stable")
        return _Part(self.numbers[order], self.owners[order], self.places[order], ordered=True)

    def without(self, owner: int) -> "_Part":
        kept = self.owners != owner
        return _Part(self.numbers[kept], self.owners[kept], self.places[kept], ordered=self.ordered)

    @cached_property
    def _directory(self) -> tuple[np.uint64, NDArray[np.int64]]:
        """By how many bits numbers are shortened, and where each shortened number begins."""
        bits = int(self.numbers[-1]).bit_length() if len(self.numbers) else 1
        depth = min(bits, max(8, len(self.numbers).bit_length()))
        shift = np.uint64(bits - depth)
        beginnings = np.searchsorted(self.numbers >> shift, np.arange((1 << depth) + 1, dtype=np.uint64))
        return shift, beginnings.astype(np.int64)

    def find(self, numbers: Numbers) -> tuple[Owners, Owners, Owners]:
        """As Postings.find does; a directory leads to the few rows that are worth a look."""
        shift, beginnings = self._directory
        short = np.minimum(numbers >> shift, np.uint64(len(beginnings) - 2)).astype(np.int64)
        low, high = beginnings[short], beginnings[short + 1]
        crowded = np.flatnonzero(high - low > COMMON)
        low[crowded] = np.searchsorted(self.numbers, numbers[crowded], "left")
        high[crowded] = np.searchsorted(self.numbers, numbers[crowded], "right")
        counts = high - low
        counts[counts > COMMON] = 0
        asked = np.repeat(np.arange(len(numbers)), counts)
        where = np.repeat(low - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        equal = self.numbers[where] == numbers[asked]
        return asked[equal], self.owners[where[equal]], self.places[where[equal]]
