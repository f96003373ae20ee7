"""Borders of one colour around a picture: letterboxes, pillars, frames."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.stills import Pixels

SAMPLED = 256  # pixels of a line that are looked at
LIVELY = 18  # grey levels over which a line spreads that is no border
OUTLIERS = 0.05  # of a line's pixels at either end, which do not count: noise, a thin logo
Lines = NDArray[np.uint8] | NDArray[np.int16]


def trimmed(rgb: Pixels) -> Pixels:
    """The picture without borders of one colour; a picture that is nearly all border is left as it is."""
    luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    rows, columns = _span(luma), _span(luma.T)
    kept = rgb[rows, columns]
    return kept if kept.shape[0] * 4 > rgb.shape[0] and kept.shape[1] * 4 > rgb.shape[1] else rgb


def spreads(lines: Lines, outliers: float) -> NDArray[np.int16]:
    """Over how many grey levels every line spreads, the highest and lowest share of it left out; n x m gives n."""
    last = lines.shape[-1] - 1
    low = round(outliers * last)
    ordered = np.partition(lines.astype(np.int16), (low, last - low), axis=-1)
    return np.asarray(ordered[..., last - low] - ordered[..., low], np.int16)


def _span(luma: NDArray[np.uint8]) -> slice:
    """The rows between the plain ones at both ends."""
    sampled = luma[:, :: max(1, luma.shape[1] // SAMPLED)]
    lively = np.flatnonzero(spreads(sampled, OUTLIERS) > LIVELY)
    return slice(int(lively[0]), int(lively[-1]) + 1) if lively.size else slice(None)
