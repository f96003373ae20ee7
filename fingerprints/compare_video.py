"""Are two videos copies of one? Hashes and features propose how they lie on each other, motion decides.

The same camera an hour later looks the same and moves otherwise: so along a proposed offset the small grey pictures
of both, brought into the same frame, must change alike, pixel by pixel, around their own means.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints import features, pdq
from fingerprints.matching import Match, Span
from fingerprints.video import ORB_EVERY, PDQ_EVERY, RATE, THUMB, Frames, Points

NEAR = 60  # bits, to propose
PROPOSALS = 4
WINDOW = 8  # thumbs, two seconds
ALIKE = 0.55  # correlation within a window
SURE, MAYBE = 0.70, 0.58
SHORTEST = 8  # thumbs
BLOCKS, FEWEST_BLOCKS = 4, 3  # blocks a side; those that must move to say anything
WHOLE = 0.85
SURE_INLIERS = 10
LIKELY, EQUAL_PIECES = 10, 4  # pairs of frames that are aligned, and the pieces they must share
EDITED_BITS = 24
LIVELY = 1.2  # grey levels of motion below which nothing can be said


@dataclass(frozen=True, slots=True)
class Lie:
    """How a reference lies on a query: ``offset`` thumbs later, mirrored or not, under an affine map (2 x 3) or not."""

    offset: int
    mirrored: bool
    affine: NDArray[np.float64] | None


def compare(query: Frames, reference: Frames, ours: Points, theirs: Points) -> Match | None:
    """The best common stretch, with every stretch along the same lie."""
    best = _best(query, reference, _by_hashes(query, reference))
    if best is not None and best.certain:
        return best
    aligned = _best(query, reference, _by_features(ours, theirs))
    return max((match for match in (best, aligned) if match is not None), key=_worth, default=None)


def _best(query: Frames, reference: Frames, lies: Iterable[Lie]) -> Match | None:
    judged = (_judge(query, reference, lie) for lie in lies)
    return max((match for match in judged if match is not None), key=_worth, default=None)


def _worth(match: Match) -> tuple[bool, float]:
    return match.certain, sum(span.seconds for span in match.spans) * match.strength


def _by_hashes(query: Frames, reference: Frames) -> list[Lie]:
    """How hashes propose that the two lie on each other: without their borders, or whole frame on whole frame."""
    maps: list[NDArray[np.float64] | None] = [None]
    if query.box != reference.box:
        maps.append((np.linalg.inv(_frame_of(query)) @ _frame_of(reference))[:2])
    return [
        Lie(offset * PDQ_EVERY, mirrored, affine)
        for mirrored, hashes in ((False, query.hashes), (True, query.mirrored))
        for offset in _offsets(hashes, query, reference)
        for affine in maps
    ]


def _frame_of(frames: Frames) -> NDArray[np.float64]:
    """The map from a point inside the borders to the whole frame, both in shares (3 x 3)."""
    left, top, width, height = frames.box
    return np.array([[width, 0, left], [0, height, top], [0, 0, 1]])


def _offsets(hashes: pdq.Hashes, query: Frames, reference: Frames) -> list[int]:
    """Offsets along which frames are alike, in steps of the hashes."""
    clear = (query.quality >= 50)[:, None] & (reference.quality >= 50)[None, :]
    places = np.argwhere((pdq.distances(hashes, reference.hashes) <= NEAR) & clear)
    if len(places) == 0:
        return []
    offsets, votes = np.unique(places[:, 0] - places[:, 1], return_counts=True)
    ranked = np.argsort(-votes, kind="stable")[:PROPOSALS]
    return [int(offsets[place]) for place in ranked if votes[place] >= 2]


def _by_features(ours: Points, theirs: Points) -> list[Lie]:
    found = []
    for mirrored, side in ((False, ours.upright), (True, ours.mirrored)):
        for place, other in features.likely_pairs(side, theirs.upright, LIKELY, EQUAL_PIECES):
            aligned = features.align(side[place], theirs.upright[other])
            if aligned is not None and aligned.inliers >= SURE_INLIERS:
                found.append((aligned.inliers, Lie((place - other) * ORB_EVERY, mirrored, aligned.affine)))
    found.sort(key=lambda one: -one[0])
    return [lie for _, lie in found[:PROPOSALS]]


def _judge(query: Frames, reference: Frames, lie: Lie) -> Match | None:
    """Try the offsets around a proposed one; the best by motion."""
    reach = ORB_EVERY if lie.affine is not None else PDQ_EVERY
    tried = [(shift, _correlations(query, reference, lie, lie.offset + shift)) for shift in range(-reach, reach + 1)]
    judged = [(shift, *judgement) for shift, curve in tried if (judgement := _runs(curve))]
    if not judged:
        return None
    shift, runs, strength = max(judged, key=lambda one: one[2] * sum(length for _, length in one[1]))
    if strength < MAYBE:
        return None
    offset = lie.offset + shift
    first = max(0, offset)
    spans = tuple(
        Span((first + start) / RATE, (first + start - offset) / RATE, length / RATE) for start, length in runs
    )
    return Match(
        _relation(query, reference, lie, spans, offset),
        certain=strength >= SURE,
        strength=round(min(1.0, strength), 3),
        evidence="motion",
        mirrored=lie.mirrored,
        spans=spans,
        geometry=_geometry(query, reference, lie),
    )


def _geometry(query: Frames, reference: Frames, lie: Lie) -> tuple[float, ...]:
    """The affine map between whole frames, borders included; nothing when the one simply is the other."""
    if lie.affine is None and not (query.bordered or reference.bordered):
        return ()
    inner = np.vstack([np.eye(2, 3) if lie.affine is None else lie.affine, [0, 0, 1]])
    whole = (_frame_of(query) @ inner @ np.linalg.inv(_frame_of(reference)))[:2]
    return tuple(round(float(one), 5) for one in whole.ravel())


def _correlations(query: Frames, reference: Frames, lie: Lie, offset: int) -> NDArray[np.float32]:
    """For every pair of thumbs along an offset: how alike they move, -1 to 1; nan where nothing moves."""
    first, last = max(0, offset), min(len(query.thumbs), len(reference.thumbs) + offset)
    if last - first < SHORTEST:
        return np.zeros(0, np.float32)
    ours = query.thumbs[first:last].astype(np.float32)
    theirs = reference.thumbs[first - offset : last - offset].astype(np.float32)
    if lie.mirrored:
        ours = ours[:, :, ::-1]
    mask = np.ones((THUMB, THUMB), bool)
    if lie.affine is not None:
        theirs, mask = _warped(theirs, lie.affine)
        if mask.sum() < 60:
            return np.zeros(0, np.float32)
    return _windowed(ours, theirs, mask)


def _warped(thumbs: NDArray[np.float32], affine: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    scaled = np.hstack([affine[:, :2], affine[:, 2:] * THUMB]).astype(np.float32)
    size = (THUMB, THUMB)
    warped = np.stack([cv2.warpAffine(thumb, scaled, size) for thumb in thumbs])
    mask = cv2.warpAffine(np.ones(size, np.float32), scaled, size) > 0.99
    return np.asarray(warped, np.float32), np.asarray(mask, bool)


def _windowed(ours: NDArray[np.float32], theirs: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How alike the changes within a window around each moment are: the median over blocks in which both move.

    A logo, a caption or a border stands still, so its blocks do not vote.
    """
    half = WINDOW // 2
    places = np.arange(len(ours))
    low, high = np.maximum(places - half, 0), np.minimum(places + half, len(ours))
    length = (high - low)[:, None, None]

    def summed(values: NDArray[np.float32]) -> NDArray[np.float64]:
        total = np.concatenate([np.zeros((1, THUMB, THUMB)), np.cumsum(values, axis=0, dtype=np.float64)])
        return np.asarray(total[high] - total[low], np.float64)

    means = summed(ours), summed(theirs)
    both = summed(ours * theirs) - means[0] * means[1] / length
    mine, its = (summed(side * side) - mean * mean / length for side, mean in ((ours, means[0]), (theirs, means[1])))
    shared, power = _blocks(both * mask), np.sqrt(np.maximum(_blocks(mine * mask) * _blocks(its * mask), 0))
    seen = _blocks(mask[None].astype(np.float64)) * length.reshape(-1, 1)
    moving = (power > LIVELY * np.maximum(seen, 1)) & (seen > 0)
    alike = np.where(moving, shared / np.maximum(power, 1e-6), np.nan)
    curve = np.full(len(ours), np.nan, np.float32)
    enough = moving.sum(axis=1) >= FEWEST_BLOCKS
    if enough.any():
        curve[enough] = np.nanmedian(alike[enough], axis=1)
    return curve


def _blocks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over the blocks of n x 32 x 32 values: n x BLOCKS²."""
    side = THUMB // BLOCKS
    return np.asarray(values.reshape(-1, BLOCKS, side, BLOCKS, side).sum(axis=(2, 4)).reshape(-1, BLOCKS**2))


def _runs(curve: NDArray[np.float32]) -> tuple[list[tuple[int, int]], float] | None:
    """The stretches that move alike (start, length), and how strongly on the whole."""
    alike = np.nan_to_num(curve, nan=0.0) >= ALIKE
    still = np.isnan(curve)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (alike | still).astype(np.int8), [0]])))
    runs = [
        (int(start), int(end - start))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= SHORTEST and alike[start:end].sum() >= SHORTEST // 2
    ]
    if not runs:
        return None
    values = np.concatenate([curve[start : start + length] for start, length in runs])
    return runs, float(np.nanmean(values))


def _relation(query: Frames, reference: Frames, lie: Lie, spans: tuple[Span, ...], offset: int) -> str:
    covered = sum(span.seconds for span in spans)
    whole_query, whole_reference = covered >= WHOLE * query.seconds, covered >= WHOLE * reference.seconds
    if not whole_query:
        return "contains"
    if lie.mirrored:
        return "mirrored"
    if not whole_reference:
        return "excerpt"
    edited = (
        lie.affine is not None or query.bordered != reference.bordered or _bits(query, reference, offset) > EDITED_BITS
    )
    return "edited" if edited else "same"


def _bits(query: Frames, reference: Frames, offset: int) -> float:
    """Median distance of the hashes that lie on each other."""
    step = offset // PDQ_EVERY
    first, last = max(0, step), min(len(query.hashes), len(reference.hashes) + step)
    if last <= first:
        return float(pdq.BITS)
    pairs = zip(query.hashes[first:last], reference.hashes[first - step : last - step], strict=True)
    return float(np.median([pdq.distances(a[None], b[None])[0, 0] for a, b in pairs]))
