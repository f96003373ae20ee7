"""Exact search for near binary hashes among any number: an unsorted tail, a middle and a base segment.

What is added is found at once: it stands in the tail, which is scanned. A thread merges a full tail into a segment and
swaps it in; questions are answered meanwhile from what was there. A removal is a cleared bit until the next merge.
"""

import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprints.bands import Words
from fingerprints.segment import Found, Segment, joined, scan

SMALL = 100_000  # rows that are scanned without any table
TAIL = 1 << 16  # rows scanned beside tables
_MIDDLE_SHARE = 8  # the middle has at most this part of the base


@dataclass(frozen=True)
class _Tail:
    """Rows by columns in a buffer with room for more; what lies beyond ``used`` is not there yet."""

    columns: Words
    numbers: NDArray[np.uint32]
    used: int = 0

    @classmethod
    def empty(cls, words: int) -> "_Tail":
        return cls(np.zeros((words, 0), np.uint64), np.zeros(0, np.uint32))

    def with_rows(self, words: Words, number: int) -> "_Tail":
        end = self.used + len(words)
        roomy = self if end <= len(self.numbers) else self._from(0, 2 * end + 1024)
        roomy.columns[:, self.used : end], roomy.numbers[self.used : end] = words.T, number
        return replace(roomy, used=end)

    def after(self, row: int) -> "_Tail":
        return self._from(row, self.used - row)

    def _from(self, row: int, room: int) -> "_Tail":
        columns, numbers = np.zeros((len(self.columns), room), np.uint64), np.zeros(room, np.uint32)
        kept = self.used - row
        columns[:, :kept], numbers[:kept] = self.columns[:, row : self.used], self.numbers[row : self.used]
        return _Tail(columns, numbers, kept)

    def find(self, asked: Words, radius: int) -> Found:
        return scan(self.columns[:, : self.used], self.numbers[: self.used], asked, radius)


@dataclass(frozen=True)
class _Rows:
    """All rows at one moment: readers hold on to one, writers put another in its place."""

    base: Segment | None
    middle: Segment | None
    tail: _Tail

    @property
    def segments(self) -> list[Segment]:
        return [segment for segment in (self.base, self.middle) if segment is not None]

    def __len__(self) -> int:
        return self.tail.used + sum(len(segment.numbers) for segment in self.segments)


class HammingIndex:
    """Hashes of ``bits`` bits with the owner that each belongs to. Any thread may ask, add and remove."""

    def __init__(self, bits: int = 256, *, small: int = SMALL, tail: int = TAIL) -> None:
        self._small, self._most = small, tail
        self._rows = _Rows(None, None, _Tail.empty(bits // 64))
        self._numbers: dict[int, list[int]] = {}  # of an owner's additions
        self._owners = np.zeros(0, np.int64)  # by number
        self._alive = np.zeros(0, np.bool_)  # by number
        self._given = 0
        self._lock = threading.Lock()
        self._merging: threading.Thread | None = None

    def __len__(self) -> int:
        """Rows, with removed ones that no merge has dropped yet."""
        return len(self._rows)

    def add(self, owner: int, words: Words) -> None:
        """Append an owner's hashes, n x bits / 64."""
        if not len(words):
            return
        with self._lock:
            self._rows = replace(self._rows, tail=self._rows.tail.with_rows(words, self._numbered(owner)))
            self._start_merge()

    def add_many(self, owners: NDArray[np.int64], words: Words) -> None:
        """Append many owners' hashes, the owner of each row beside it, and return when all have their tables."""
        with self._lock:
            begins = np.flatnonzero(np.diff(owners, prepend=owners[:1] - 1))
            numbers = np.array([self._numbered(owner) for owner in owners[begins].tolist()], np.uint32)
            of_row = np.repeat(numbers, np.diff(begins, append=len(owners)))
            rows, tail = self._rows, self._rows.tail
            held = [(segment.words, segment.numbers) for segment in rows.segments]
            held += [(tail.columns[:, : tail.used].T, tail.numbers[: tail.used]), (words, of_row)]
            base = _merged(held, self._alive)
            self._rows = _Rows(base, None, _Tail.empty(len(tail.columns)))

    def remove(self, owner: int) -> None:
        """Forget an owner's hashes."""
        with self._lock:
            self._alive[self._numbers.pop(owner, [])] = False

    def find(self, words: Words, radius: int, *, scanned: bool = False) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Every owner with a hash within ``radius`` bits of each question: pairs of its index and the owner.

        ``scanned`` looks at all rows instead of the tables: for radii too wide for those. The answer is the same.
        """
        rows, alive, owners = self._rows, self._alive, self._owners
        found = [
            scan(one.words.T, one.numbers, words, radius) if scanned else one.find(words, radius)
            for one in rows.segments
        ]
        asked, numbers = joined([*found, rows.tail.find(words, radius)])
        living = alive[numbers]
        pairs = np.unique(asked[living].astype(np.int64) << 32 | numbers[living])
        return (pairs >> 32).astype(np.intp), owners[pairs & 0xFFFFFFFF]

    def settle(self) -> None:
        """Return when no merge is under way."""
        while (merging := self._merging) is not None:
            merging.join()

    def _numbered(self, owner: int) -> int:
        """A number for an addition of this owner."""
        if self._given == len(self._owners):
            room = 2 * self._given + 64
            self._owners = np.concatenate([self._owners, np.zeros(room - self._given, np.int64)])
            self._alive = np.concatenate([self._alive, np.zeros(room - self._given, np.bool_)])
        number = self._given
        self._owners[number], self._alive[number] = owner, True
        self._numbers.setdefault(owner, []).append(number)
        self._given += 1
        return number

    def _start_merge(self) -> None:
        limit = self._most if self._rows.segments else self._small
        if self._merging is None and self._rows.tail.used > limit:
            self._merging = threading.Thread(
                target=self._merge, args=(self._rows,), name="merge of hashes", daemon=True
            )
            self._merging.start()

    def _merge(self, rows: _Rows) -> None:
        """Put the next segment in place, unless others came meanwhile; what was added since stays in the tail."""
        built = False
        try:
            base, middle = self._next_segments(rows)
            built = True
            with self._lock:
                if self._rows.base is rows.base and self._rows.middle is rows.middle:
                    self._rows = _Rows(base, middle, self._rows.tail.after(rows.tail.used))
        finally:
            with self._lock:
                self._merging = None
                if built:
                    self._start_merge()

    def _next_segments(self, rows: _Rows) -> tuple[Segment | None, Segment | None]:
        """Base and middle with the tail's rows in one of them."""
        base, tail = rows.base, rows.tail
        held = [(tail.columns[:, : tail.used].T, tail.numbers[: tail.used])]
        if rows.middle is not None:
            held.insert(0, (rows.middle.words, rows.middle.numbers))
        if base is None:
            return _merged(held, self._alive), None
        if _MIDDLE_SHARE * sum(len(numbers) for _, numbers in held) > len(base.numbers):
            return _merged([(base.words, base.numbers), *held], self._alive), None
        return base, _merged(held, self._alive)


def _merged(held: list[tuple[Words, NDArray[np.uint32]]], alive: NDArray[np.bool_]) -> Segment:
    """One segment of all rows that are not removed."""
    living = [alive[numbers] for _, numbers in held]
    words = np.concatenate([words[kept] for (words, _), kept in zip(held, living, strict=True)])
    numbers = np.concatenate([numbers[kept] for (_, numbers), kept in zip(held, living, strict=True)])
    return Segment.built(np.ascontiguousarray(words), numbers)
