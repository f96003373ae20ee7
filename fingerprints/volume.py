"""A part of the index that never changes: consecutive additions with their hashes and numbers, ready to be asked.

It is made of older volumes and of what was added since, without what has ended meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprints.bands import Bands
from fingerprints.postings import Postings, Spots, merged
from fingerprints.register import NOBODY, Register
from fingerprints.room import Room
from fingerprints.segment import SMALL, Rows, Segment
from fingerprints.tail import Tail

_HASH, _OCCURRENCE = 80, 7  # bytes with their share of the tables


@dataclass(frozen=True, slots=True)
class Layout:
    """Bits of a hash and of each list's numbers, and up to how many hashes have no tables."""

    bits: int
    lists: tuple[int, ...]
    small: int = SMALL


@dataclass(frozen=True)
class Volume:
    """Additions from ``first`` to before ``end``; ``name`` is that of its folder, if it has one."""

    first: int
    end: int
    hashes: Segment
    lists: tuple[Postings, ...]
    name: str = ""

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""
        return _HASH * len(self.hashes.numbers) + _OCCURRENCE * sum(len(part) for part in self.lists)


def weight(tail: Tail) -> int:
    """About how many bytes a tail takes once it is part of a volume."""
    return _HASH * tail.used + _OCCURRENCE * tail.listed


def gathered(
    register: Register, volumes: Sequence[Volume], tails: Sequence[Tail], layout: Layout, room: Room
) -> Volume:
    """One volume of what is living in these, which follow each other."""
    first, end = (volumes[0].first if volumes else tails[0].first), tails[-1].end
    _write_additions(register, first, end, room)
    rows = [(one.hashes.words, one.hashes.numbers) for one in volumes] + [tail.rows for tail in tails]
    hashes = Segment.joined([_living(register, some) for some in rows], layout.bits, room, layout.small)
    lists = tuple(_merged(register, volumes, tails, which, bits, room) for which, bits in enumerate(layout.lists))
    return Volume(first, end, hashes, lists)


def restored(first: int, end: int, layout: Layout, arrays: Mapping[str, NDArray[Any]], name: str) -> Volume:
    """A volume whose arrays were made before."""
    count = len(arrays["rows"]) // max(1, len(arrays["numbers"]))
    bands = Bands(layout.bits, count) if count else Bands.suited(layout.bits, len(arrays["numbers"]))
    hashes = Segment(bands, *(arrays[part] for part in ("words", "numbers", "starts", "rows")))
    lists = tuple(
        Postings(bits, *(arrays[f"{which}.{part}"] for part in ("starts", "rests", "spots")))
        for which, bits in enumerate(layout.lists)
    )
    return Volume(first, end, hashes, lists, name)


def _write_additions(register: Register, first: int, end: int, room: Room) -> None:
    ended = register.ended[first:end] <= register.moment
    assets = room.make("assets", np.int64, (end - first,))
    assets[:] = np.where(ended, NOBODY, register.assets[first:end])
    room.make("marks", np.int64, (end - first,))[:] = register.marks[first:end]
    room.make("firsts", np.uint32, (len(register.firsts), end - first))[:] = register.firsts[:, first:end]


def _living(register: Register, rows: Rows) -> Rows:
    words, numbers = rows
    living = register.living(numbers)
    return rows if living.all() else (words[living], numbers[living])


def _merged(
    register: Register, volumes: Sequence[Volume], tails: Sequence[Tail], which: int, bits: int, room: Room
) -> Postings:
    parts = [one.lists[which] for one in volumes] + [part for tail in tails for part in tail.lists[which]]

    def living(spots: Spots) -> NDArray[np.bool_]:
        return register.living(register.at(which, spots))

    return merged(parts, bits, str(which), room, None if register.whole() else living)
