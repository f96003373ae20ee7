"""What a picture looks like in small, which tells a plain copy from one whose colours, sharpness or parts were changed.

Only pictures that show the same in the same frame are compared: everything else is an edit already.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.stills import Pixels

SIDE = 32
SCALES = (128, 256, 512)  # long sides at which sharpness is measured
GAIN, SHIFT = 0.1, 7.0  # of brightness: relative, and in grey levels
CHROMA = 3.0  # levels
PATCH, PATCHED = 7.0, 99  # grey levels, and the percentile of places that must stay below
SOFT = 0.6  # of the other's sharpness
PACKED = SIDE * SIDE * 3 + 4 * len(SCALES)
Colours = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """``colours``: 32 x 32 x 3 RGB. ``sharpness``: mean steps between pixels at SCALES, 0 beyond the own size."""

    colours: Colours
    sharpness: NDArray[np.float32]

    def pack(self) -> bytes:
        """The look as PACKED bytes."""
        return self.sharpness.astype("<f4").tobytes() + self.colours.tobytes()

    @classmethod
    def unpack(cls, packed: bytes) -> "Look":
        """A look from what ``pack`` gave."""
        sharpness = np.frombuffer(packed, "<f4", len(SCALES)).astype(np.float32)
        return cls(np.frombuffer(packed, np.uint8, SIDE * SIDE * 3, 4 * len(SCALES)).reshape(SIDE, SIDE, 3), sharpness)


def look(rgb: Pixels) -> Look:
    """The look of a picture."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return Look(small(rgb, SIDE), np.array([_sharpness(grey, scale) for scale in SCALES], np.float32))


def small(rgb: Pixels, side: int) -> Colours:
    """A picture as ``side`` x ``side`` colours."""
    return np.asarray(cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def is_altered(query: Look, reference: Look) -> bool:
    """Whether more than compression and size changed."""
    common = np.flatnonzero((query.sharpness > 0) & (reference.sharpness > 0))
    soft = common.size and query.sharpness[common[-1]] < SOFT * reference.sharpness[common[-1]]
    return bool(soft) or are_altered(query.colours[None], reference.colours[None])


def are_altered(query: Colours, reference: Colours) -> bool:
    """The same of rows of small pictures (n x side x side x 3), by what changed in most of them."""
    ours, theirs = _ycc(query), _ycc(reference)
    luma, other = ours[..., 0], theirs[..., 0]
    gain, shift = _fitted(luma, other)
    if abs(gain - 1) > GAIN or abs(float(np.mean(luma) - np.mean(other))) > SHIFT:
        return True
    if float(np.abs(np.median(ours[..., 1:] - theirs[..., 1:], axis=0)).mean()) > CHROMA:
        return True
    left = np.median(np.abs(luma - gain * other - shift), axis=0)
    return float(np.percentile(left, PATCHED)) > PATCH


def _fitted(luma: NDArray[np.float32], other: NDArray[np.float32]) -> tuple[float, float]:
    """Gain and shift that take the other's brightness to this one's, by least squares."""
    mean, mid = float(luma.mean()), float(other.mean())
    gain = float(((luma - mean) * (other - mid)).sum()) / max(1.0, float(np.square(other - mid).sum()))
    return gain, mean - gain * mid


def _ycc(colours: Colours) -> NDArray[np.float32]:
    """Luma and two chromas of n x side x side x 3 colours."""
    rows = colours.reshape(1, -1, 3)
    return cv2.cvtColor(rows, cv2.COLOR_RGB2YCrCb).reshape(colours.shape).astype(np.float32)


def _sharpness(grey: cv2.typing.MatLike, scale: int) -> float:
    factor = scale / max(grey.shape)
    if factor > 1:
        return 0.0
    sized = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.float32)
    return float(np.abs(cv2.Laplacian(sized, cv2.CV_32F)).mean())
