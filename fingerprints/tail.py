"""The end of the index that was added last: hashes that are scanned, and numbers in a few short parts. In memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprints.bands import Words
from fingerprints.postings import Numbers, Places, Postings, Spots, merged
from fingerprints.register import LISTS
from fingerprints.room import Memory
from fingerprints.segment import Rows

_ALIKE = 2  # a part is merged with the one before unless that is more than so many times as long


@dataclass(frozen=True)
class Listed:
    """Numbers of ``bits`` bits, each with its place in the asset."""

    numbers: Numbers
    places: Places
    bits: int

    @property
    def width(self) -> int:
        """How many places the asset has."""
        return int(self.places.max()) + 1 if len(self.places) else 0


@dataclass(frozen=True)
class Entries:
    """What an asset is found by: hashes (n x words), and numbers in LISTS lists."""

    hashes: Words
    lists: tuple[Listed, ...]


@dataclass(frozen=True)
class Tail:
    """Additions from ``first`` to before ``end``.

    Hashes lie by columns in a buffer with room for more; what lies beyond ``used`` is not there yet.
    """

    first: int
    end: int
    columns: Words
    numbers: NDArray[np.uint32]
    used: int
    lists: tuple[tuple[Postings, ...], ...]

    @classmethod
    def starting(cls, first: int, words: int) -> "Tail":
        """Nothing yet; the next addition is number ``first``."""
        none = np.zeros((words, 0), np.uint64), np.zeros(0, np.uint32)
        return cls(first, first, *none, 0, ((),) * LISTS)

    @property
    def rows(self) -> Rows:
        """The hashes, n x words, and the addition of each."""
        return self.columns[:, : self.used].T, self.numbers[: self.used]

    @property
    def listed(self) -> int:
        """Occurrences in all lists."""
        return sum(len(part) for parts in self.lists for part in parts)

    def added(self, entries: Entries, firsts: Sequence[int]) -> "Tail":
        """One addition more, with its first spot in each list."""
        lists = tuple(
            _with_part(parts, listed, first)
            for parts, listed, first in zip(self.lists, entries.lists, firsts, strict=True)
        )
        return replace(self._with_hashes(entries.hashes), end=self.end + 1, lists=lists)

    def _with_hashes(self, words: Words) -> "Tail":
        end = self.used + len(words)
        roomy = self if end <= len(self.numbers) else self._with_room(2 * end + 1024)
        roomy.columns[:, self.used : end], roomy.numbers[self.used : end] = words.T, self.end
        return replace(roomy, used=end)

    def _with_room(self, room: int) -> "Tail":
        columns, numbers = np.zeros((len(self.columns), room), np.uint64), np.zeros(room, np.uint32)
        columns[:, : self.used], numbers[: self.used] = self.columns[:, : self.used], self.numbers[: self.used]
        return replace(self, columns=columns, numbers=numbers)


def _with_part(parts: tuple[Postings, ...], listed: Listed, first: int) -> tuple[Postings, ...]:
    if not len(listed.numbers):
        return parts
    spots: Spots = (listed.places + first).astype(np.uint32)
    held = [*parts, Postings.of(listed.numbers, spots, listed.bits)]
    while len(held) > 1 and len(held[-2]) <= _ALIKE * len(held[-1]):
        held[-2:] = [merged(held[-2:], listed.bits, "", Memory())]
    return tuple(held)
