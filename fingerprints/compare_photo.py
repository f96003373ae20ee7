"""Are two pictures copies of one? PDQ decides what is close, local features the rest."""

import numpy as np
from numpy.typing import NDArray

from fingerprints import features, pdq
from fingerprints.features import Alignment, Features
from fingerprints.matching import Match

CLOSE = 31  # bits: Meta's published threshold
SAME = 20  # bits of the upright variant: nothing but compression
SURE, MAYBE = 18, 12  # inliers
UPRIGHT, MIRROR = 0, 1


def compare(
    query: pdq.Hashes, reference: pdq.Hashes, ours: tuple[Features, Features], theirs: Features
) -> Match | None:
    """``query``: eight variants, ``reference``: the first of its own; features upright and mirrored, and upright."""
    bits = pdq.distances(query, reference[:1])[:, 0]
    nearest = int(np.argmin(bits))
    found, mirrored = _aligned(ours, theirs)
    if bits[nearest] <= CLOSE:
        return Match(
            _relation(nearest, int(bits[nearest]), found),
            certain=True,
            strength=1 - float(bits[nearest]) / pdq.BITS,
            evidence="pdq",
            mirrored=nearest in pdq.MIRRORS,
            geometry=flat(found.affine) if found else (),
        )
    if found is None or found.inliers < MAYBE:
        return None
    return Match(
        "mirrored" if mirrored else relation_of(found.affine),
        certain=found.inliers >= SURE,
        strength=min(1.0, 0.5 + found.inliers / 200),
        evidence="orb",
        mirrored=mirrored,
        geometry=flat(found.affine),
    )


def relation_of(affine: NDArray[np.float64]) -> str:
    """A query in which the reference takes up a small part contains it; else it was edited."""
    covered = abs(float(np.linalg.det(affine[:, :2])))
    return "contains" if covered < 0.4 else "edited"


def flat(affine: NDArray[np.float64]) -> tuple[float, ...]:
    """A map as a match keeps it."""
    return tuple(round(float(number), 5) for number in affine.ravel())


def _aligned(ours: tuple[Features, Features], theirs: Features) -> tuple[Alignment | None, bool]:
    upright = features.align(ours[UPRIGHT], theirs)
    if upright is not None and upright.inliers >= SURE:
        return upright, False
    mirror = features.align(ours[MIRROR], theirs)
    if mirror is not None and (upright is None or mirror.inliers > upright.inliers):
        return mirror, True
    return upright, False


def _relation(variant: int, bits: int, found: Alignment | None) -> str:
    if variant in {1, 2}:
        return "mirrored"
    if variant != 0 or bits > SAME:
        return "edited"
    return "same" if found is None or _is_still(found.affine) else "edited"


def _is_still(affine: NDArray[np.float64]) -> bool:
    return float(np.abs(affine - np.eye(2, 3)).max()) < 0.03
