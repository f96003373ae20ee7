"""Are two videos copies of one? Hashes and features propose how they lie on each other, motion decides.

The same camera an hour later looks the same and moves otherwise: so along a proposed offset the small grey pictures
of both, brought into the same frame, must change alike, pixel by pixel, around their own means.
"""

from collections.abc import Iterator
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
WHOLE = 0.85
SURE_INLIERS = 10
EDITED_BITS = 24
LIVELY = 1.2  # grey levels of motion below which nothing can be said


@dataclass(frozen=True, slots=True)
class Lie:
    """How a reference lies on a query: ``offset`` thumbs later, mirrored or not, under an affine map (2 x 3) or not."""

    offset: int
    mirrored: bool
    affine: NDArray[np.float64] | None
    evidence: str


def compare(query: Frames, reference: Frames, ours: Points, theirs: Points) -> Match | None:
    """The best common stretch, with every stretch along the same lie."""
    matches = [match for lie in _lies(query, reference, ours, theirs) if (match := _judge(query, reference, lie))]
    return max(
        matches, key=lambda match: (match.certain, sum(s.seconds for s in match.spans) * match.strength), default=None
    )


def _lies(query: Frames, reference: Frames, ours: Points, theirs: Points) -> Iterator[Lie]:
    voted = [
        Lie(offset * PDQ_EVERY, mirrored, None, "pdq")
        for mirrored, hashes in ((False, query.hashes), (True, query.mirrored))
        for offset in _offsets(hashes, query, reference)
    ]
    yield from voted
    if len(voted) < PROPOSALS:
        yield from _by_features(ours, theirs)


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
        for place, mine in enumerate(side):
            for other, its in enumerate(theirs.upright):
                aligned = features.align(mine, its)
                if aligned is not None and aligned.inliers >= SURE_INLIERS:
                    lie = Lie((place - other) * ORB_EVERY, mirrored, aligned.affine, "orb")
                    found.append((aligned.inliers, lie))
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
        geometry=tuple(round(float(one), 5) for one in lie.affine.ravel()) if lie.affine is not None else (),
    )


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
    return _windowed(ours[:, mask], theirs[:, mask])


def _warped(thumbs: NDArray[np.float32], affine: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    scaled = np.hstack([affine[:, :2], affine[:, 2:] * THUMB]).astype(np.float32)
    size = (THUMB, THUMB)
    warped = np.stack([cv2.warpAffine(thumb, scaled, size) for thumb in thumbs])
    mask = cv2.warpAffine(np.ones(size, np.float32), scaled, size) > 0.99
    return np.asarray(warped, np.float32), np.asarray(mask, bool)


def _windowed(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlation of the changes within windows around each moment."""
    curve = np.full(len(ours), np.nan, np.float32)
    half = WINDOW // 2
    for place in range(len(ours)):
        low, high = max(0, place - half), min(len(ours), place + half)
        mine, its = ours[low:high] - ours[low:high].mean(0), theirs[low:high] - theirs[low:high].mean(0)
        power = float(np.sqrt(np.square(mine).sum() * np.square(its).sum()))
        if power / mine.size > LIVELY:
            curve[place] = float((mine * its).sum()) / power
    return curve


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
    if lie.mirrored:
        return "mirrored"
    if not whole_query:
        return "contains"
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
