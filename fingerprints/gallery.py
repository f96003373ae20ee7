"""Which pictures of two sets have features in common: pieces of descriptors that are equal in both.

Locality-sensitive hashing (Indyk and Motwani 1998): alike descriptors have some of their pieces in common, others
hardly ever. What it proposes is aligned afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fingerprints.features import Alignment, Features, align

LIKELY, EQUAL = 10, 4  # pairs of pictures that are aligned, and the pieces they must share
FUTILE, FEW = 4, 10  # alignments that come to nothing, with fewer inliers than FEW, after which no more are tried
TABLES, BITS = 6, 28  # pieces of a descriptor, and the bits of each
_CHOSEN = np.random.default_rng(256).permuted(np.tile(np.arange(256), (TABLES, 1)), axis=1)[:, :BITS]
_TABLE = (np.arange(TABLES, dtype=np.uint64) << np.uint64(BITS))[None, :]
_PICTURE = np.uint64(32)  # bits below a picture's number
Pieces = NDArray[np.uint64]


@dataclass(frozen=True)
class Gallery:
    """Several pictures' features, ready to be asked for what they share with others."""

    pictures: tuple[Features, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    @cached_property
    def owners(self) -> NDArray[np.intp]:
        """The picture that each feature is of."""
        return np.repeat(np.arange(len(self.pictures)), [len(one.points) for one in self.pictures])

    @cached_property
    def pieces(self) -> Pieces:
        """Each feature's descriptor as TABLES numbers, made of fixed choices of its bits: n x TABLES."""
        return _pieces(np.concatenate([one.descriptors for one in self.pictures] or [np.zeros((0, 32), np.uint8)]))

    @property
    def distinct(self) -> tuple[Pieces, NDArray[np.int64]]:
        """Every piece once for each picture that has it, and that picture."""
        owned = np.repeat(self.owners, TABLES).astype(np.uint64) << _PICTURE | self.pieces.ravel()
        known = np.unique(owned)
        return known & ((np.uint64(1) << _PICTURE) - np.uint64(1)), (known >> _PICTURE).astype(np.int64)

    @cached_property
    def ranked(self) -> tuple[Pieces, NDArray[np.intp]]:
        """The pieces of all, in order so that neighbours are looked for in the same place, and the picture of each."""
        flat = self.pieces.ravel()
        order = np.argsort(flat, kind="stable")
        return flat[order], self.owners[order // TABLES]

    def aligned(self, other: "Gallery") -> Iterator[tuple[int, int, Alignment]]:
        """The pairs of pictures that have the most in common, and how the other one's lies in this one's.

        The first ones say whether there is anything: when FUTILE of them come to nothing, so will the rest.
        """
        futile = 0
        for here, there in self._likely_pairs(other):
            found = align(self.pictures[here], other.pictures[there])
            if found is None or found.inliers < FEW:
                futile += 1
                if futile == FUTILE:
                    return
            else:
                futile -= FUTILE
            if found is not None:
                yield here, there, found

    def _likely_pairs(self, other: "Gallery") -> list[tuple[int, int]]:
        """The LIKELY pairs of pictures with the most equal pieces."""
        ranked, pictures = other.ranked
        mine, my_picture = self.ranked
        low = np.searchsorted(ranked, mine, "left")
        counts = np.searchsorted(ranked, mine, "right") - low
        where = np.repeat(low - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        pairs = np.repeat(my_picture, counts) * len(other) + pictures[where]
        votes = np.bincount(pairs, minlength=len(self) * len(other))
        best = np.argsort(-votes, kind="stable")[:LIKELY]
        return [(int(pair) // len(other), int(pair) % len(other)) for pair in best if votes[pair] >= EQUAL]


def _pieces(descriptors: NDArray[np.uint8]) -> Pieces:
    bits = np.unpackbits(descriptors, axis=1)
    chosen = np.zeros((len(bits), TABLES, 32), np.uint8)
    chosen[:, :, :BITS] = bits[:, _CHOSEN]
    numbers = np.packbits(chosen, axis=2, bitorder="little").view("<u4")[:, :, 0]
    return np.asarray(numbers + _TABLE, np.uint64)
