"""How a binary hash is cut into bands, and which values a band of a near hash can have.

Multi-index hashing: Norouzi, Punjani, Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing",
arXiv 1307.2982. Bit i lies in band i mod m: neighbouring bits of perceptual hashes are correlated, and bands of
neighbours would be crowded in few values.
"""

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]  # n x bits / 64
_FEW, _NARROW, _WIDE = 1 << 19, 16, 23  # rows, bits of a band up to there, bits of a band above


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
        made = np.zeros((self.count, len(words)), np.uint32)
        for place, column in enumerate(octets.T):
            for band, table in _octet_tables(self)[place]:
                made[band] |= table[column]
        return made

    def probes(self, radius: int) -> Probes:
        """Enough probes to meet every hash within ``radius``, by the refined pigeonhole principle.

        With radius = k m + a some band differs by k - 1 bits at most, or one of any a + 1 bands by k. The widest bands
        are the ones that are spared.
        """
        return _probes(self, radius)


@cache
def _octet_tables(bands: Bands) -> tuple[tuple[tuple[int, NDArray[np.uint32]], ...], ...]:
    """For every byte of a hash: the bands it has bits in, with what each of its 256 values adds to them."""
    octets = np.arange(256, dtype=np.uint32)
    made = []
    for place in range(bands.bits // 8):
        tables: dict[int, NDArray[np.uint32]] = {}
        for bit in range(8 * place, 8 * place + 8):
            table = tables.setdefault(bit % bands.count, np.zeros(256, np.uint32))
            table |= (octets >> np.uint32(bit % 8) & np.uint32(1)) << np.uint32(bit // bands.count)
        made.append(tuple(tables.items()))
    return tuple(made)


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
