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
NEARBY, FULL = 7, 0.6  # places across a window, and the share of it that both pictures must show
LIVELY, ALIKE = 25.0, 0.5  # variance of brightness that can be compared, and the correlation of what is alike
FEWEST = 40  # windows
Colours = NDArray[np.uint8]
Greys = NDArray[np.uint8]


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


def agreement(ours: Greys, theirs: Greys, affine: NDArray[np.float64]) -> float:
    """In how much of what two pictures (32 x 32 greys) both show they look alike, where there is something to see.

    ``affine`` takes points of theirs to ours, in shares (2 x 3). Small windows are compared by the correlation of
    their brightness, so that other light and colours do not matter. 1.0 where too little is to be seen to tell.
    """
    luma, other = ours.astype(np.float32), _laid(theirs.astype(np.float32), affine)
    shown = _laid(np.ones((SIDE, SIDE), np.float32), affine) > 0.99
    count = _summed(shown.astype(np.float32))
    mean, mid = (_summed(one * shown) / np.maximum(count, 1) for one in (luma, other))
    spread, its = (
        _summed(np.square(one) * shown) / np.maximum(count, 1) - np.square(middle)
        for one, middle in ((luma, mean), (other, mid))
    )
    common = _summed(luma * other * shown) / np.maximum(count, 1) - mean * mid
    seen = shown & (count >= FULL * NEARBY**2) & (np.maximum(spread, its) > LIVELY)
    if np.count_nonzero(seen) < FEWEST:
        return 1.0
    alike = common / np.sqrt(np.maximum(spread, 1) * np.maximum(its, 1)) > ALIKE
    return float(alike[seen].mean())


def grey(colours: Colours) -> Greys:
    """The brightness of a small picture."""
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), np.uint8)


def _laid(picture: NDArray[np.float32], affine: NDArray[np.float64]) -> NDArray[np.float32]:
    """A small picture moved by a map of shares: between the middles of its places."""
    scaled = affine.copy()
    scaled[:, 2] = affine[:, 2] * SIDE + affine[:, :2].sum(axis=1) / 2 - 0.5
    return np.asarray(cv2.warpAffine(picture, scaled.astype(np.float32), (SIDE, SIDE)), np.float32)


def _summed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum around every place, NEARBY wide and high."""
    size = (NEARBY, NEARBY)
    summed = cv2.boxFilter(values.astype(np.float32), -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(summed, np.float32)


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
