"""Who is in the index: every addition of an asset by its number, in order, and what became of it.

A register is what things are at one moment. Registers share their columns: a later one has more rows, and an addition
that ended is told by the moment of its end, so that an earlier one still holds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprints.postings import Places, Spots
from fingerprints.room import T

LISTS = 3  # kinds of numbers that occur in assets; each has spots of its own
NOBODY = -1  # the asset of an addition that had ended when its volume was made
_NEVER = np.iinfo(np.uint32).max


@dataclass(frozen=True)
class Register:
    """Columns by addition: the asset, the mark of its fingerprints, its first spot in each list (LISTS x n), its end.

    ``count`` additions are there, ``moment`` changes have been made, ``spots`` are taken in each list.
    """

    assets: NDArray[np.int64]
    marks: NDArray[np.int64]
    firsts: NDArray[np.uint32]
    ended: NDArray[np.uint32]
    count: int = 0
    moment: int = 0
    spots: tuple[int, ...] = (0,) * LISTS

    @classmethod
    def of(cls, assets: NDArray[np.int64], marks: NDArray[np.int64], firsts: Spots, spots: Sequence[int]) -> "Register":
        """Additions that were written down, none of which has ended but those of NOBODY."""
        ended = np.where(assets == NOBODY, 0, _NEVER).astype(np.uint32)
        return cls(assets, marks, firsts, ended, len(assets), 0, tuple(spots))

    def added(self, asset: int, mark: int, widths: Sequence[int]) -> "Register":
        """One addition more; it takes ``widths`` spots in each list."""
        roomy = self if self.count < len(self.assets) else self._with_room(2 * self.count + 64)
        spots = tuple(have + width for have, width in zip(self.spots, widths, strict=True))
        if max(spots) > _NEVER:
            raise OverflowError("the index has no spots left for another asset")
        roomy.assets[self.count], roomy.marks[self.count], roomy.ended[self.count] = asset, mark, _NEVER
        roomy.firsts[:, self.count] = self.spots
        return replace(roomy, count=self.count + 1, moment=self.moment + 1, spots=spots)

    def without(self, number: int) -> "Register":
        """An addition has ended; in this register still, in the new one no longer."""
        later = replace(self, moment=self.moment + 1)
        self.ended[number] = later.moment
        return later

    def living(self, numbers: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Which of these additions have not ended."""
        return np.asarray(self.ended[numbers] > self.moment)

    def at(self, which: int, spots: Spots) -> NDArray[np.intp]:
        """The additions that these spots of a list belong to."""
        return np.searchsorted(self.firsts[which, : self.count], spots, side="right") - 1

    def places(self, which: int, spots: Spots, numbers: NDArray[np.intp]) -> Places:
        """Which of its addition's spots each one is."""
        return np.asarray(spots.astype(np.int64) - self.firsts[which, numbers])

    def whole(self) -> bool:
        """Whether none has ended."""
        return bool((self.ended[: self.count] > self.moment).all())

    def _with_room(self, room: int) -> "Register":
        return replace(
            self,
            assets=_wider(self.assets, self.count, room),
            marks=_wider(self.marks, self.count, room),
            firsts=_wider(self.firsts, self.count, room),
            ended=_wider(self.ended, self.count, room),
        )


def _wider(column: NDArray[T], count: int, room: int) -> NDArray[T]:
    made = np.zeros((*column.shape[:-1], room), column.dtype)
    made[..., :count] = column[..., :count]
    return made


def empty() -> Register:
    """Nobody yet."""
    none = np.zeros(0, np.int64)
    return Register.of(none, none, np.zeros((LISTS, 0), np.uint32), (0,) * LISTS)
