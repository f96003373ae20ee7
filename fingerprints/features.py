"""Local features: ORB points of a picture, and the affine map by which one picture's points become another's.

ORB after Rublee et al. (ICCV 2011); the map is found by RANSAC (Fischler and Bolles 1981) over nearest neighbours that
pass Lowe's ratio test. It finds crops, insets, bands and collages that no hash of the whole picture survives.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.stills import Pixels

SIDE = 512
_RATIO, _REACH, _NEAR = 0.8, 4.0, 64
_FEWEST = 6
_SPREAD = 25.0  # pixels: matches on one spot, a logo, prove nothing


@dataclass(frozen=True, slots=True)
class Features:
    """Points (n x 2, pixels of a picture whose long side is SIDE) and descriptors (n x 32 bytes)."""

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    width: int
    height: int


NONE = Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), 1, 1)


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a reference lies in a query: ``affine`` (2 x 3) takes reference to query points, both 0 to 1."""

    inliers: int
    affine: NDArray[np.float64]


def both_ways(rgb: Pixels, most: int) -> tuple[Features, Features]:
    """The strongest ``most`` features of a picture, and of its mirror image."""
    scale = SIDE / max(rgb.shape[:2])
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    if scale < 1:
        grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return _detected(grey, most), _detected(np.ascontiguousarray(grey[:, ::-1]), most)


def _detected(grey: NDArray[np.uint8], most: int) -> Features:
    found, descriptors = cv2.ORB.create(most, fastThreshold=12).detectAndCompute(grey, None)
    height, width = grey.shape
    if descriptors is None:
        return Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), width, height)
    points = np.array([point.pt for point in found], np.float32)
    return Features(points, np.asarray(descriptors, np.uint8), width, height)


def pack(features: Features) -> bytes:
    """Features as bytes: count, width and height, points, descriptors."""
    head = np.array([len(features.points), features.width, features.height], "<u2").tobytes()
    return head + features.points.astype("<f2").tobytes() + features.descriptors.tobytes()


def unpack(packed: bytes) -> tuple[Features, bytes]:
    """The features at the beginning of ``packed``, and what follows them."""
    count, width, height = (int(number) for number in np.frombuffer(packed, "<u2", 3))
    middle, end = 6 + 4 * count, 6 + 36 * count
    points = np.frombuffer(packed, "<f2", 2 * count, 6).astype(np.float32).reshape(count, 2)
    descriptors = np.frombuffer(packed, np.uint8, 32 * count, middle).reshape(count, 32)
    return Features(points, descriptors, width, height), packed[end:]


def align(query: Features, reference: Features) -> Alignment | None:
    """The map that most matched points agree on; nothing when fewer than six do, or all lie on one spot."""
    if min(len(query.points), len(reference.points)) < _FEWEST:
        return None
    pairs = _pairs(query.descriptors, reference.descriptors)
    if len(pairs) < _FEWEST:
        return None
    ours, theirs = query.points[pairs[:, 0]], reference.points[pairs[:, 1]]
    affine, kept = cv2.estimateAffinePartial2D(theirs, ours, method=cv2.RANSAC, ransacReprojThreshold=_REACH)
    scale = float(np.hypot(affine[0, 0], affine[1, 0])) if kept.any() else 0.0
    if not 0.1 < scale < 10:
        return None
    chosen = np.flatnonzero(kept.ravel())
    distinct = np.unique(np.round(ours[chosen] / 3), axis=0)
    if len(distinct) < _FEWEST or float(np.min(np.ptp(ours[chosen], axis=0))) < _SPREAD:
        return None
    return Alignment(len(distinct), _normalised(np.asarray(affine, np.float64), query, reference))


def _pairs(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Indices of descriptors that are each other's clear nearest."""
    bits, nearest = cv2.batchDistance(ours, theirs, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=2)
    clear = np.flatnonzero((bits[:, 0] < _NEAR) & (bits[:, 0] < _RATIO * bits[:, 1]))
    return np.stack([clear, nearest[clear, 0]], axis=1)


def _normalised(affine: NDArray[np.float64], query: Features, reference: Features) -> NDArray[np.float64]:
    """The map between points given as shares of width and height."""
    wide = np.array([query.width, query.height], np.float64)
    narrow = np.array([reference.width, reference.height], np.float64)
    return np.hstack([affine[:, :2] * narrow[None, :] / wide[:, None], affine[:, 2:] / wide[:, None]])
