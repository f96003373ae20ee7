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

LIKELY, EQUAL = 10, 2  # pairs of pictures that are aligned, and the pieces they must share
FUTILE, FEW = 4, 10  # first alignments, and the inliers that one of them must have for more to be tried
TABLES, BITS = 8, 40  # pieces of a descriptor, and the bits of each
NUMBER = 31  # bits that a piece is shortened to
_CHOSEN = np.random.default_rng(256).permuted(np.tile(np.arange(256), (TABLES, 1)), axis=1)[:, :BITS]
_TABLE = (np.arange(TABLES, dtype=np.uint64) << np.uint64(BITS))[None, :]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # multiplicative hashing (Knuth 6.4)
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
        """Each feature's descriptor as TABLES numbers, made of fixed choices of its bits: n x TABLES.

        The bits of ORB go together, so a piece needs many of them before two that differ hardly ever share it.
        """
        return _pieces(np.concatenate([one.descriptors for one in self.pictures] or [np.zeros((0, 32), np.uint8)]))

    @cached_property
    def distinct(self) -> tuple[Pieces, NDArray[np.int64]]:
        """Every piece once for each picture that has it, and that picture; in order, so that neighbours are near."""
        owned = np.unique(self.pieces.ravel() << _PICTURE | np.repeat(self.owners, TABLES).astype(np.uint64))
        return owned >> _PICTURE, (owned & ((np.uint64(1) << _PICTURE) - np.uint64(1))).astype(np.int64)

    def aligned(self, other: "Gallery") -> Iterator[tuple[int, int, Alignment]]:
        """The pairs of pictures that have the most in common, and how the other one's lies in this one's.

        When the first FUTILE of them come to nothing, so will the rest.
        """
        hopeful = False
        for tried, (here, there) in enumerate(self._likely_pairs(other), 1):
            found = align(self.pictures[here], other.pictures[there])
            if found is not None:
                hopeful |= found.inliers >= FEW
                yield here, there, found
            if tried == FUTILE and not hopeful:
                return

    def _likely_pairs(self, other: "Gallery") -> list[tuple[int, int]]:
        """The LIKELY pairs of pictures with the most equal pieces."""
        (mine, my_picture), (ranked, pictures) = self.distinct, other.distinct
        low = np.searchsorted(ranked, mine, "left")
        counts = np.searchsorted(ranked, mine, "right") - low
        where = np.repeat(low - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        pairs = np.repeat(my_picture, counts) * len(other) + pictures[where]
        votes = np.bincount(pairs, minlength=len(self) * len(other))
        best = np.argsort(-votes, kind="stable")[:LIKELY]
        return [(int(pair) // len(other), int(pair) % len(other)) for pair in best if votes[pair] >= EQUAL]


def _pieces(descriptors: NDArray[np.uint8]) -> Pieces:
    bits = np.unpackbits(descriptors, axis=1)
    chosen = np.zeros((len(bits), TABLES, 64), np.uint8)
    chosen[:, :, :BITS] = bits[:, _CHOSEN]
    numbers = np.packbits(chosen, axis=2, bitorder="little").view("<u8")[:, :, 0]
    return np.asarray((numbers | _TABLE) * _GOLDEN >> np.uint64(64 - NUMBER), np.uint64)
