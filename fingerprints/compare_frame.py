"""Was a picture taken from a video? Hashes and features find the nearest frame, what moves tells if it is that one.

Another minute of the same camera is as near as the frame itself in all that stands still. So where the video moves, the
picture must be far nearer to one of its frames than its frames of other moments are to each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprints import features, looks, pdq
from fingerprints.compare_photo import AGREED, CLOSE, MAYBE, SURE, Affine, inside
from fingerprints.compare_video import FEWEST_PIXELS, warped
from fingerprints.matching import Match, Span
from fingerprints.photo import Picture, View
from fingerprints.video import ORB_EVERY, PDQ_EVERY, RATE, Frames, Points

MOVES = 4.0  # grey levels of deviation from which a place moves
FEWEST_MOVING = 20  # places of 32 x 32 below which frames can't be told apart
COVERED = 20.0  # grey levels: a place that is never nearer than this has something laid over it
APART = 12  # thumbs, three seconds, from which frames are of other moments
THIS_MOMENT = 0.45  # distance to the nearest frame, as a share of the distance between frames of other moments


@dataclass(frozen=True, slots=True)
class Found:
    """A view of the picture and the thumb of the video that is like it, by hashes (``bits``) or ``inliers``."""

    view: View
    thumb: int
    mirrored: bool
    bits: int
    inliers: int
    affine: Affine | None

    @property
    def worth(self) -> tuple[bool, int, int]:
        """What is better evidence sorts higher."""
        return self.bits <= CLOSE, self.inliers, -self.bits


def compare(picture: Picture, frames: Frames, points: Points) -> Match | None:
    """The frame that a picture shows, with its second."""
    close = [found for view in picture.views if (found := _by_hashes(view, frames, points)) is not None]
    by_features = () if close else (found for view in picture.views for found in _by_features(view, points))
    found = max((*close, *by_features), key=lambda one: one.worth, default=None)
    if found is None or found.worth < (False, MAYBE, -pdq.BITS):
        return None
    hashed = found.bits <= CLOSE
    if not hashed and not _is_alike(picture, frames, found):
        return None
    share = _moment(picture, frames, found)
    return Match(
        "frame",
        certain=(hashed or found.inliers >= SURE) and (share is None or share[1] <= THIS_MOMENT),
        strength=1 - found.bits / pdq.BITS if hashed else min(1.0, 0.5 + found.inliers / 200),
        evidence="pdq" if hashed else "orb",
        mirrored=found.mirrored,
        spans=(Span(0.0, (share[0] if share else found.thumb) / RATE, 0.0),),
    )


def _by_hashes(view: View, frames: Frames, points: Points) -> Found | None:
    if not len(frames.hashes):
        return None
    bits = pdq.distances(view.hashes, frames.hashes) + np.where(frames.quality >= pdq.CLEAR, 0, pdq.BITS)[None, :]
    variant, place = (int(one) for one in np.unravel_index(np.argmin(bits), bits.shape))
    if bits[variant, place] > CLOSE:
        return None
    mirrored, thumb = variant in pdq.MIRRORS, place * PDQ_EVERY
    nearest = points.upright.pictures[min(round(thumb / ORB_EVERY), len(points.upright) - 1)]
    aligned = features.align(view.features[mirrored], nearest)
    inliers, affine = (aligned.inliers, aligned.affine) if aligned is not None else (0, None)
    return Found(view, thumb, mirrored, int(bits[variant, place]), inliers, affine)


def _by_features(view: View, points: Points) -> Iterator[Found]:
    for mirrored, mine in enumerate(view.galleries):
        for _, place, aligned in mine.aligned(points.upright):
            yield Found(view, place * ORB_EVERY, bool(mirrored), pdq.BITS, aligned.inliers, aligned.affine)


def _is_alike(picture: Picture, frames: Frames, found: Found) -> bool:
    """Whether the picture agrees with the frame in most of what both show, not only in a banner or a logo."""
    if found.affine is None:
        return True
    luma = looks.grey(picture.look.colours)
    shown = luma[:, ::-1] if found.mirrored else luma
    return looks.agreement(shown, frames.thumbs[min(found.thumb, len(frames.thumbs) - 1)], _map(found)) >= AGREED


def _map(found: Found) -> Affine:
    """The map from the frame to the picture, as it is or in the mirror, in shares (2 x 3)."""
    assert found.affine is not None
    left, top, width, height = found.view.box
    ours = inside((1 - left - width, top, width, height) if found.mirrored else found.view.box)
    return np.asarray((ours @ np.vstack([found.affine, [0, 0, 1]]))[:2], np.float64)


def _moment(picture: Picture, frames: Frames, found: Found) -> tuple[int, float] | None:
    """The thumb that is nearest where the video moves, and its distance as THIS_MOMENT; nothing if none can be told."""
    if found.affine is None:
        return None
    thumbs, mask = warped(frames.thumbs, _map(found))
    if mask.sum() < FEWEST_PIXELS:
        return None
    luma = looks.grey(picture.look.colours)
    shown = (luma[:, ::-1] if found.mirrored else luma)[mask].astype(np.float32)
    times = thumbs[:, mask].astype(np.float32)
    away = np.abs(shown - _in_light_of(times, shown))
    told = (times.std(axis=0) > MOVES) & (away.min(axis=0) <= COVERED)
    if np.count_nonzero(told) < FEWEST_MOVING:
        return None
    distances = away[:, told].mean(axis=1)
    nearest = int(np.argmin(distances))
    others = np.abs(np.arange(len(times)) - nearest) >= APART
    if not others.any():
        return None
    usual = float(np.median(np.abs(times[others][:, told] - times[nearest, told]).mean(axis=1)))
    return nearest, float(distances[nearest]) / max(usual, 1e-6)


def _in_light_of(times: NDArray[np.float32], shown: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every row of ``times`` with the brightness and contrast of ``shown``."""
    around = times - times.mean(axis=1, keepdims=True)
    gain = (around @ (shown - shown.mean())) / np.maximum(np.square(around).sum(axis=1), 1.0)
    return np.asarray(gain[:, None] * around + shown.mean(), np.float32)
