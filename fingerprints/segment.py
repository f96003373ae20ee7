"""Many hashes, never changed, and exact search among them: through tables of bands, or by looking at every one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprints.bands import Bands, Words
from fingerprints.room import Memory, Room

Found = tuple[NDArray[np.intp], NDArray[np.uint32]]  # index of the question, number of the row's owner
Rows = tuple[Words, NDArray[np.uint32]]  # n x words, and the owner of each
SMALL = 100_000  # rows that are looked at without any table
_PASS = 8  # questions looked up at once: bounds the memory in use
_CHUNK = 1 << 14  # rows scanned at once: fit the cache
_BITS_PER_WORD = 24  # of an unrelated hash nearly always more bits differ in 64


@dataclass(frozen=True)
class Segment:
    """Hashes with their owners' numbers; per band the rows in order of the band's value, and where each value begins.

    ``starts`` holds the bands' tables end to end (``Bands.beginnings``), ``rows`` the bands' rows end to end. Few
    hashes have no tables: both are empty, and the words lie by columns.
    """

    bands: Bands
    words: Words
    numbers: NDArray[np.uint32]
    starts: NDArray[np.uint32]
    rows: NDArray[np.uint32]

    @classmethod
    def built(cls, words: Words, numbers: NDArray[np.uint32], bands: Bands | None = None) -> "Segment":
        """These hashes, n x words each, with tables; in bands that suit their number unless told."""
        bands = bands or Bands.suited(64 * words.shape[1], len(words))
        return _tabled(bands, words, numbers, Memory())

    @classmethod
    def joined(cls, parts: Sequence[Rows], bits: int, room: Room, small: int = SMALL) -> "Segment":
        """All these rows; with tables if they are more than ``small``."""
        count = sum(len(numbers) for _, numbers in parts)
        few = count <= small
        words = room.make("words", np.uint64, (count, bits // 64), columns=few)
        numbers = room.make("numbers", np.uint32, (count,))
        end = 0
        for some, owners in parts:
            end += len(owners)
            words[end - len(owners) : end], numbers[end - len(owners) : end] = some, owners
        bands = Bands.suited(bits, count)
        return (
            cls(bands, words, numbers, _none(room, "starts"), _none(room, "rows"))
            if few
            else _tabled(bands, words, numbers, room)
        )

    def suits(self, small: int) -> bool:
        """Whether there are tables, as there should be for more than ``small`` rows, and only for those."""
        return (len(self.starts) > 0) == (len(self.numbers) > small)

    def find(self, asked: Words, radius: int, *, scanned: bool = False) -> Found:
        """Every hash within ``radius`` bits of each question; one found in several bands is told several times.

        ``scanned`` leaves the tables aside: for radii too wide for them.
        """
        if scanned or not len(self.starts):
            return scan(self.words.T, self.numbers, asked, radius)
        probes = self.bands.probes(radius)
        offsets = self.bands.beginnings[probes.band]
        values = self.bands.values(asked).astype(np.int64)
        passes = [
            self._look(asked, first, (values[probes.band, first : first + _PASS].T ^ probes.flips) + offsets, radius)
            for first in range(0, len(asked), _PASS)
        ]
        return joined(passes)

    def _look(self, asked: Words, first: int, keys: NDArray[np.int64], radius: int) -> Found:
        """The rows in the buckets of some questions (questions x probes) that lie near enough."""
        low = np.take(self.starts, keys)
        counts = np.take(self.starts, keys + 1) - low
        full = np.flatnonzero(counts)
        low, many = low.ravel()[full].astype(np.int64), counts.ravel()[full].astype(np.int64)
        ends = np.cumsum(many)
        where = np.repeat(low - (ends - many), many) + np.arange(ends[-1] if len(ends) else 0)
        question = np.repeat(first + full // max(1, keys.shape[1]), many)
        rows = np.take(self.rows, where)
        differing = np.bitwise_count(np.take(self.words, rows, axis=0) ^ np.take(asked, question, axis=0))
        near = np.flatnonzero(_total(differing) <= radius)
        return question[near], self.numbers[rows[near]]


def _tabled(bands: Bands, words: Words, numbers: NDArray[np.uint32], room: Room) -> Segment:
    starts = room.make("starts", np.uint32, (int(bands.beginnings[-1]),))
    rows = room.make("rows", np.uint32, (bands.count * len(words),))
    starts[:] = 0
    every = np.arange(len(words), dtype=np.uint64)
    for band, values in enumerate(bands.values(words)):
        room.go_on()
        first = band * len(words)
        low, high = bands.beginnings[band], bands.beginnings[band + 1]
        np.cumsum(np.bincount(values, minlength=high - low - 1), out=starts[low + 1 : high], dtype=np.uint32)
        starts[low:high] += np.uint32(first)
        rows[first : first + len(words)] = np.sort(values.astype(np.uint64) << np.uint64(32) | every)
    return Segment(bands, words, numbers, starts, rows)


def _none(room: Room, name: str) -> NDArray[np.uint32]:
    return room.make(name, np.uint32, (0,))


def scan(columns: Words, numbers: NDArray[np.uint32], asked: Words, radius: int) -> Found:
    """Every hash within ``radius`` bits of each question, by looking at all; ``columns`` is words x n."""
    return joined(list(_scanned(columns, numbers, asked, radius)))


def joined(found: list[Found]) -> Found:
    """Several answers as one."""
    if not found:
        return np.zeros(0, np.intp), np.zeros(0, np.uint32)
    asked, numbers = zip(*found, strict=True)
    return np.concatenate(asked), np.concatenate(numbers)


def _scanned(columns: Words, numbers: NDArray[np.uint32], asked: Words, radius: int) -> Iterator[Found]:
    """The leading words of a hash rule out nearly all rows; only for those left the others are compared."""
    leading = min(len(columns), 3, radius // _BITS_PER_WORD + 1)
    for start in range(0, columns.shape[1], _CHUNK):
        chunk = columns[:, start : start + _CHUNK]
        for place, question in enumerate(asked):
            bits = np.bitwise_count(chunk[0] ^ question[0])
            for word in range(1, leading):
                bits += np.bitwise_count(chunk[word] ^ question[word])
            left = np.flatnonzero(bits <= radius)
            if len(left):
                near = left[_total(np.bitwise_count(chunk[:, left].T ^ question)) <= radius]
                yield np.full(len(near), place, np.intp), numbers[start + near]


def _total(counts: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Sums of rows, by columns: much faster than along the short axis."""
    total = counts[:, 0].astype(np.uint16)
    for word in range(1, counts.shape[1]):
        total += counts[:, word]
    return total
