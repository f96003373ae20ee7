"""Are two pictures copies of one? PDQ decides what is close, local features the rest, of the whole and its panels."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprints import features, looks, pdq
from fingerprints.features import Features
from fingerprints.matching import Match
from fingerprints.panels import Box, within
from fingerprints.photo import WHOLE, Picture, View

CLOSE = 31  # bits: Meta's published threshold
SURE, MAYBE = 18, 12  # inliers
STILL = 0.03  # of the sides, by which a map may move what it leaves in place
ASPECT = 0.03
PART, ELSEWHERE = 0.6, 0.4  # of a picture's area, and of its features beside that, from which it shows more than one
AGREED, SHARED = 0.55, 0.3  # of what both show, and of each collage's area
Affine = NDArray[np.float64]
_MIRROR = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])


@dataclass(frozen=True, slots=True)
class Found:
    """How a reference's view lies in a query's view: by hashes (``bits``) or by features (``inliers``)."""

    ours: Box
    theirs: Box
    mirrored: bool
    turned: bool = False
    bits: int = pdq.BITS
    inliers: int = 0
    affine: Affine | None = None

    @property
    def worth(self) -> tuple[bool, int, int]:
        """What is better evidence sorts higher."""
        return self.bits <= CLOSE, self.inliers, -self.bits


def compare(query: Picture, reference: Picture) -> Match | None:
    """How the query is a copy of the reference: as a whole first, then as what is in it."""
    ours, theirs = query.views[0], reference.views[0]
    found = _by_hashes(ours, theirs)
    if found is None:
        found = max(_through_panels(query, reference), key=lambda one: one.worth, default=None)
    if found is None or found.worth < (False, SURE, 0):
        found = max(
            (one for one in (found, *_by_features(query, reference)) if one is not None),
            key=lambda one: one.worth,
            default=None,
        )
    if found is None or found.worth < (False, MAYBE, -pdq.BITS):
        return None
    close, alike = found.bits <= CLOSE, _is_alike(query, reference, found)
    if not alike and not _shares_a_picture(found):
        return None
    return Match(
        _relation(query, reference, found) if alike else "contains",
        certain=alike and (close or found.inliers >= SURE),
        strength=1 - found.bits / pdq.BITS if close else min(1.0, 0.5 + found.inliers / 200),
        evidence="pdq" if close else "orb",
        mirrored=found.mirrored,
        geometry=_geometry(found),
    )


def flat(affine: Affine) -> tuple[float, ...]:
    """A map as a match keeps it."""
    return tuple(round(float(number), 5) for number in affine.ravel())


def inside(box: Box) -> Affine:
    """The map from points of a part to points of the whole, both in shares (3 x 3)."""
    left, top, width, height = box
    return np.array([[width, 0, left], [0, height, top], [0, 0, 1]])


def _by_hashes(ours: View, theirs: View) -> Found | None:
    """Two views whose hashes are close in one of eight turns."""
    bits = pdq.distances(ours.hashes, theirs.hashes[:1])[:, 0]
    nearest = int(np.argmin(bits))
    if bits[nearest] > CLOSE:
        return None
    mirrored = nearest in pdq.MIRRORS
    aligned = features.align(ours.features[mirrored], theirs.features[0])
    inliers, affine = (aligned.inliers, aligned.affine) if aligned is not None else (0, None)
    return Found(ours.box, theirs.box, mirrored, nearest not in {0, 2}, int(bits[nearest]), inliers, affine)


def _through_panels(query: Picture, reference: Picture) -> Iterator[Found]:
    for ours in query.views:
        for theirs in reference.views:
            if (ours.box, theirs.box) != (WHOLE, WHOLE) and (found := _by_hashes(ours, theirs)) is not None:
                yield found


def _by_features(query: Picture, reference: Picture) -> Iterator[Found]:
    """The whole of one side against everything of the other, until one is sure."""
    pairs = [(query.views[0], theirs) for theirs in reference.views]
    pairs += [(ours, reference.views[0]) for ours in query.views[1:]]
    for ours, theirs in pairs:
        found = _aligned(ours, theirs)
        if found is not None:
            yield found
            if found.inliers >= SURE:
                return


def _aligned(ours: View, theirs: View) -> Found | None:
    best: Found | None = None
    for mirrored, points in enumerate(ours.features):
        found = features.align(points, theirs.features[0])
        if found is not None and (best is None or found.inliers > best.inliers):
            best = Found(ours.box, theirs.box, bool(mirrored), inliers=found.inliers, affine=found.affine)
            if best.inliers >= SURE:
                break
    return best


def _is_alike(query: Picture, reference: Picture, found: Found) -> bool:
    """Whether the two agree in most of what both show, not only in a banner, a logo or one picture of a collage."""
    if found.turned or (found.bits <= CLOSE and (found.ours, found.theirs) == (WHOLE, WHOLE)):
        return True
    ours, theirs = looks.grey(query.look.colours), looks.grey(reference.look.colours)
    return looks.agreement(ours, theirs, _map(found)[:2]) >= AGREED


def _shares_a_picture(found: Found) -> bool:
    """Whether what two collages have in common is a large part of both."""
    return found.bits <= CLOSE and min(box[2] * box[3] for box in (found.ours, found.theirs)) >= SHARED


def _map(found: Found) -> Affine:
    """The map from points of the reference to points of the query, both whole, in shares (3 x 3)."""
    inner = np.eye(3) if found.affine is None else np.vstack([found.affine, [0, 0, 1]])
    turn = _MIRROR if found.mirrored else np.eye(3)
    return np.asarray(inside(found.ours) @ turn @ inner @ np.linalg.inv(inside(found.theirs)), np.float64)


def _relation(query: Picture, reference: Picture, found: Found) -> str:
    here, there = _outlines(found)
    if _shows_more(query, found, here):
        return "contains"
    if _has_others(reference, there):
        return "excerpt"
    if found.mirrored:
        return "mirrored"
    return "same" if _is_plain_copy(query, reference, found) else "edited"


def _is_plain_copy(query: Picture, reference: Picture, found: Found) -> bool:
    """Whether nothing but compression and size changed."""
    whole = (found.ours, found.theirs) == (WHOLE, WHOLE) and not found.turned
    shaped = abs(query.aspect / reference.aspect - 1) < ASPECT
    moved = found.affine is not None and float(np.abs(found.affine - np.eye(2, 3)).max()) >= STILL
    return whole and shaped and not moved and not looks.is_altered(query.look, reference.look)


def _shows_more(query: Picture, found: Found, outline: Box) -> bool:
    """Whether the query shows other pictures beside the reference."""
    if _has_others(query, outline):
        return True
    if found.ours != WHOLE or outline[2] * outline[3] > PART:
        return False
    return len(query.views) == 1 and _beside(query.views[0].features[0], outline) > ELSEWHERE


def _has_others(picture: Picture, outline: Box) -> bool:
    """Whether a panel lies beside an outline."""
    panels = [view.box for view in picture.views[1:]]
    return any(not within(box, outline) and not _overlap(box, outline) for box in panels)


def _overlap(box: Box, outline: Box) -> bool:
    """Whether more than a tenth of the smaller of two boxes is common to both."""
    sides = [
        max(0.0, min(box[side] + box[side + 2], outline[side] + outline[side + 2]) - max(box[side], outline[side]))
        for side in (0, 1)
    ]
    return sides[0] * sides[1] > 0.1 * min(box[2] * box[3], outline[2] * outline[3])


def _beside(points: Features, outline: Box) -> float:
    """The share of a picture's features outside an outline."""
    if not len(points.points):
        return 0.0
    shares = points.points / np.array([points.width, points.height], np.float32)
    corner, size = np.array(outline[:2]), np.array(outline[2:])
    return 1 - float(((shares >= corner) & (shares <= corner + size)).all(axis=1).mean())


def _outlines(found: Found) -> tuple[Box, Box]:
    """Where the reference lies in the query, and the query in the reference, as upright boxes."""
    if found.affine is None:
        return found.ours, found.theirs
    whole = _map(found)
    return _bounds(whole), _bounds(np.asarray(np.linalg.inv(whole), np.float64))


def _bounds(whole: Affine) -> Box:
    corners = (whole @ np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]]))[:2].clip(0, 1)
    (left, top), (right, bottom) = corners.min(axis=1), corners.max(axis=1)
    return float(left), float(top), float(right - left), float(bottom - top)


def _geometry(found: Found) -> tuple[float, ...]:
    """The map from the reference to the query, as it is or in the mirror; nothing when the one simply is the other."""
    if found.affine is None and (found.ours, found.theirs) == (WHOLE, WHOLE):
        return ()
    inner = np.eye(3) if found.affine is None else np.vstack([found.affine, [0, 0, 1]])
    left, top, width, height = found.ours
    ours = inside((1 - left - width, top, width, height) if found.mirrored else found.ours)
    return flat((ours @ inner @ np.linalg.inv(inside(found.theirs)))[:2])
