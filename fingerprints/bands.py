"""How a binary hash is cut into bands, and which values a band of a near hash can have.

Multi-index hashing: Norouzi, Punjani, Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing",
arXiv 1307.2982. Bit i lies in band i mod m: neighbouring bits of perceptual hashes are correlated, and bands of
neighbours would be crowded in few values.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]  # n x bits / 64
_FEW, _NARROW, _WIDE = 1 << 19, 16, 23  # rows, bits of a band up to there, bits of a band above
_CHUNK = 4096  # hashes cut at once: fit the cache


@dataclass(frozen=True)
class Probes:
    """What to look up for one radius: the band of each probe, and the bits it flips."""

    band: NDArray[np.intp]
    flips: NDArray[np.int64]


@dataclass(frozen=True)
class Bands:
    """Hashes of ``bits`` bits in ``count`` bands."""

    bits: int
    count: int

    @classmethod
    def suited(cls, bits: int, rows: int) -> "Bands":
        """Narrow bands with small tables for few rows, wide ones with short buckets for many."""
        return cls(bits, round(bits / (_NARROW if rows < _FEW else _WIDE)))

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Bits of every band; the first ones may have one more."""
        return tuple(len(range(band, self.bits, self.count)) for band in range(self.count))

    @cached_property
    def beginnings(self) -> NDArray[np.int64]:
        """Where each band's table of bucket starts begins when all lie end to end, and where the last one ends."""
        return np.concatenate([[0], np.cumsum([(1 << width) + 1 for width in self.widths])]).astype(np.int64)

    def values(self, words: Words) -> NDArray[np.uint32]:
        """The value of every band of every hash: bands x n."""
        octets = np.ascontiguousarray(words).view(np.uint8)
        made = np.empty((self.count, len(words)), np.uint32)
        for start in range(0, len(words), _CHUNK):
            made[:, start : start + _CHUNK] = self._dealt(octets[start : start + _CHUNK])
        return made

    def probes(self, radius: int) -> Probes:
        """Enough probes to meet every hash within ``radius``, by the refined pigeonhole principle.

        With radius = k m + a some band differs by k - 1 bits at most, or one of any a + 1 bands by k. The widest bands
        are the ones that are spared.
        """
        return _probes(self, radius)

    def _dealt(self, octets: NDArray[np.uint8]) -> NDArray[np.uint32]:
        """The bits as rows of one for each band, with zeros up to 32 rows, packed along the columns."""
        rows = np.zeros((len(octets), 32 * self.count), np.uint8)
        rows[:, : self.bits] = np.unpackbits(octets, axis=1, bitorder="little")
        columns = np.ascontiguousarray(rows.reshape(len(octets), 32, self.count).transpose(2, 0, 1))
        return np.packbits(columns, axis=2, bitorder="little").view(np.uint32)[..., 0]


@lru_cache(maxsize=64)
def _probes(bands: Bands, radius: int) -> Probes:
    most, rest = divmod(radius, bands.count)
    band_of, flips = [], []
    for band, width in enumerate(bands.widths):
        allowed = most if band >= bands.count - rest - 1 else most - 1
        masks = [
            sum(1 << bit for bit in chosen)
            for many in range(allowed + 1)
            for chosen in combinations(range(width), many)
        ]
        band_of += [band] * len(masks)
        flips += masks
    return Probes(np.array(band_of, np.intp), np.array(flips, np.int64))
