"""PDQ: 256 bits of a picture's low frequencies, after Meta's ThreatExchange description (2019).

The hash is the sign of 16 x 16 DCT coefficients of a 64 x 64 grey picture against their median. Published thresholds:
alike at 31 bits or fewer, quality under 50 of 100 says nothing. Mirrors and quarter turns of a picture only change
signs and places of its coefficients, so all eight variants come from one transform.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.stills import Pixels

SIDE, FREQUENCIES, BITS = 64, 16, 256
CLEAR = 50  # quality from which a hash says something
MIRRORS = {1, 2, 4, 7}  # of the eight variants of ``dihedral``: those that no turning makes
Greys = NDArray[np.uint8]
Hashes = NDArray[np.uint8]  # n x 32 bytes

_PLACES = np.arange(1, FREQUENCIES + 1)[:, None]
_DCT = (np.sqrt(2 / SIDE) * np.cos(np.pi / (2 * SIDE) * _PLACES * (2 * np.arange(SIDE)[None, :] + 1))).astype(
    np.float32
)
_ODD = np.where(np.arange(1, FREQUENCIES + 1) % 2 == 1, -1.0, 1.0).astype(np.float32)


def grey(rgb: Pixels) -> Greys:
    """A picture as 64 x 64 greys."""
    return cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(
        np.uint8
    )


def coefficients(greys: Greys) -> NDArray[np.float32]:
    """The 16 x 16 DCT coefficients of pictures of 64 x 64 greys; ``greys`` is n x 64 x 64."""
    return np.asarray(_DCT @ greys.astype(np.float32) @ _DCT.T, np.float32)


def hashes(spectra: NDArray[np.float32]) -> Hashes:
    """The hashes of n x 16 x 16 coefficients, 32 bytes each."""
    flat = spectra.reshape(len(spectra), BITS)
    return np.packbits(flat > np.median(flat, axis=1, keepdims=True), axis=1)


def mirrored(spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    """The coefficients of the same pictures seen in a mirror."""
    return np.asarray(spectra * _ODD[None, None, :], np.float32)


def dihedral(spectrum: NDArray[np.float32]) -> Hashes:
    """The eight hashes of one picture: as it is, upside down, mirrored, both; then the same of its transpose."""
    variants = [one * rows * columns for one in (spectrum, spectrum.T) for rows in _SIGNS for columns in _COLUMN_SIGNS]
    return hashes(np.stack(variants))


_SIGNS = (np.ones((FREQUENCIES, 1), np.float32), _ODD[:, None])
_COLUMN_SIGNS = (np.ones((1, FREQUENCIES), np.float32), _ODD[None, :])


def quality(greys: Greys) -> NDArray[np.float32]:
    """How much there is to see in n x 64 x 64 greys, 0 to 100: the sum of their gradients."""
    wide = greys.astype(np.int16)
    down = np.abs(np.diff(wide, axis=1)) * 100 // 255
    across = np.abs(np.diff(wide, axis=2)) * 100 // 255
    return np.asarray(np.minimum(100, (down.sum((1, 2)) + across.sum((1, 2))) / 90), np.float32)


def distances(left: Hashes, right: Hashes) -> NDArray[np.uint16]:
    """Hamming distances of every hash of ``left`` (n) to every one of ``right`` (m): n x m."""
    return np.asarray(np.bitwise_count(left[:, None, :] ^ right[None, :, :]).sum(axis=2), np.uint16)
