"""Are two videos copies of one? Hashes and features propose how they lie on each other, motion decides.

The same camera an hour later looks the same and moves otherwise: so along a proposed line through time the small grey
pictures of both, brought into the same frame, must change alike, pixel by pixel, around their own means.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints import looks, motion, pdq
from fingerprints.matching import Match, Span
from fingerprints.motion import Course
from fingerprints.video import ORB_EVERY, PDQ_EVERY, RATE, THUMB, TINT_EVERY, Frames, Points

NEAR = 60  # bits, to propose
SPEEDS = tuple(round(0.8 + step / 20, 2) for step in range(13))
STEADY, HURRIED = 3, 2  # lines that hashes propose at the same speed, and at others
CLEARER = 1.15  # times as many votes as the best steady line has, for a line at another speed to be tried
BY_FEATURES = 4  # lines that features propose
SURE_INLIERS = 10
SURE, SURE_HURRIED, MAYBE = 0.70, 0.80, 0.58  # how strongly a stretch moves alike, at the same speed and at another
BEYOND_CHANCE, SECONDS_BEYOND = 0.85, 4.0  # how strongly and long, from which nothing speaks against
LONG, SURE_LONG = 6.0, 0.60  # seconds that move alike, from which less strength will do
AGAINST, AGAINST_HURRIED = 0.25, 0.1  # seconds that look alike and move otherwise, per second that moves alike
WHOLE = 0.85
SAME_BOX, SAME_ASPECT = 0.02, 0.04
FEWEST_PIXELS = 60
Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lie:
    """How a reference lies on a query: at thumb t of the query it is at thumb (t - ``offset``) * ``speed``.

    ``mirrored`` or not, under an ``affine`` map (2 x 3) or not.
    """

    offset: float
    speed: float
    mirrored: bool
    affine: Affine | None


def compare(query: Frames, reference: Frames, ours: Points, theirs: Points) -> Match | None:
    """The best common stretch, with every stretch along the same line."""
    best = _best(query, reference, _by_hashes(query, reference))
    if best is not None and best.certain:
        return best
    aligned = _best(query, reference, _by_features(ours, theirs))
    return max((match for match in (best, aligned) if match is not None), key=_worth, default=None)


def _best(query: Frames, reference: Frames, lies: Iterable[Lie]) -> Match | None:
    best: Match | None = None
    for lie in lies:
        match = _judge(query, reference, lie)
        if match is not None and (best is None or _worth(match) > _worth(best)):
            best = match
            if match.certain and match.relation != "contains":
                break  # it explains the whole query
    return best


def _worth(match: Match) -> tuple[bool, float]:
    return match.certain, sum(span.seconds for span in match.spans) * match.strength


# ---------------------------------------------------------------------------------------------------- proposals


def _by_hashes(query: Frames, reference: Frames) -> Iterator[Lie]:
    """How hashes propose that the two lie on each other: without their borders, or whole frame on whole frame."""
    maps: list[Affine | None] = [None]
    if not _alike(query.box, reference.box):
        maps.append((np.linalg.inv(_frame_of(query)) @ _frame_of(reference))[:2])
    for mirrored, hashes in ((False, query.hashes), (True, query.mirrored)):
        here, there = _near(hashes, query, reference)
        for speed, offset in _lines(here, there):
            for affine in maps:
                yield Lie(offset * PDQ_EVERY, speed, mirrored, affine)


def _frame_of(frames: Frames) -> Affine:
    """The map from a point inside the borders to the whole frame, both in shares (3 x 3)."""
    left, top, width, height = frames.box
    return np.array([[width, 0, left], [0, height, top], [0, 0, 1]])


def _alike(box: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return max(abs(one - two) for one, two in zip(box, other, strict=True)) < SAME_BOX


def _near(hashes: pdq.Hashes, query: Frames, reference: Frames) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of clear frames whose hashes are near, in query and reference."""
    clear = (query.quality >= pdq.CLEAR)[:, None] & (reference.quality >= pdq.CLEAR)[None, :]
    return tuple(np.nonzero((pdq.distances(hashes, reference.hashes) <= NEAR) & clear))  # type: ignore[return-value]


def _lines(here: NDArray[np.intp], there: NDArray[np.intp]) -> list[tuple[float, float]]:
    """Speed and offset of the lines on which most places lie (a Hough transform over both)."""
    steady = _voted(here, there, 1.0)[:STEADY]
    enough = CLEARER * max((votes for votes, _ in steady), default=0)
    hurried = [
        (votes, speed, offset)
        for speed in (SPEEDS if len(here) >= 3 else ())
        if speed != 1.0
        for votes, offset in _voted(here, there, speed)[:1]
        if votes >= max(3, enough)
    ]
    hurried.sort(key=lambda line: -line[0])
    return [(1.0, offset) for _, offset in steady] + [(speed, offset) for _, speed, offset in hurried[:HURRIED]]


def _voted(here: NDArray[np.intp], there: NDArray[np.intp], speed: float) -> list[tuple[int, float]]:
    """Votes and offset of every line at a speed, the most voted first; one vote per place of the query."""
    if not len(here):
        return []
    lines = np.round(here - there / speed).astype(np.int64)
    least, length = int(lines.min()), int(here.max()) + 1
    votes = np.bincount(np.unique((lines - least) * length + here) // length)
    order = np.argsort(-votes, kind="stable")
    return [(int(votes[line]), float(line + least)) for line in order[:STEADY] if votes[line] >= 2]


def _by_features(ours: Points, theirs: Points) -> list[Lie]:
    """How the features of pairs of frames propose that the two lie on each other; the speed is what fits most pairs."""
    found: list[tuple[int, Lie]] = []
    for mirrored, side in ((False, ours.upright), (True, ours.mirrored)):
        pairs = [
            (aligned.inliers, here, there, aligned.affine)
            for here, there, aligned in side.aligned(theirs.upright)
            if aligned.inliers >= SURE_INLIERS
        ]
        for speed, offset, inliers, affine in _lines_of_pairs(pairs):
            found.append((inliers, Lie(offset * ORB_EVERY, speed, mirrored, affine)))
    found.sort(key=lambda one: -one[0])
    return [lie for _, lie in found[:BY_FEATURES]]


def _lines_of_pairs(pairs: list[tuple[int, int, int, Affine]]) -> list[tuple[float, float, int, Affine]]:
    """Speed and offset of lines through aligned frames, with their inliers and the strongest map on each."""
    lines: dict[tuple[float, int], list[tuple[int, int, int, Affine]]] = {}
    for speed in SPEEDS:
        for pair in pairs:
            lines.setdefault((speed, round(2 * (pair[1] - pair[2] / speed))), []).append(pair)
    best: list[tuple[float, float, int, Affine]] = []
    for (speed, line), members in lines.items():
        votes = sum(pair[0] for pair in members)
        strongest = max(members, key=lambda pair: pair[0])
        if speed == 1.0 or len(members) >= 3:
            best.append((speed, line / 2, round(votes if speed == 1.0 else votes / CLEARER), strongest[3]))
    return best


# ----------------------------------------------------------------------------------------------------- judgement


def _judge(query: Frames, reference: Frames, lie: Lie) -> Match | None:
    """What moves alike along a line or beside it."""
    ours = query.thumbs[:, :, ::-1] if lie.mirrored else query.thumbs
    theirs, mask = reference.thumbs, np.ones((THUMB, THUMB), bool)
    if lie.affine is not None:
        theirs, mask = warped(theirs, lie.affine)
        if mask.sum() < FEWEST_PIXELS:
            return None
    reach = ORB_EVERY if lie.affine is not None else PDQ_EVERY
    course = motion.nearest(ours, theirs, mask, motion.Line(lie.offset, lie.speed), reach)
    if course is None or course.strength < MAYBE:
        return None
    lie = replace(lie, offset=course.line.offset, speed=course.line.speed)
    spans = _spans(course)
    return Match(
        _relation(query, reference, lie, spans),
        certain=_is_certain(course),
        strength=round(min(1.0, course.strength), 3),
        evidence="motion",
        mirrored=lie.mirrored,
        spans=spans,
        geometry=_geometry(query, reference, lie),
    )


def _is_certain(course: Course) -> bool:
    """A short stretch must move more alike than a long one; at another speed, which was sought, still more so.

    What moves alike beyond chance needs no more: the same camera may go on, uncut, into another minute.
    """
    if course.strength >= BEYOND_CHANCE and course.seconds >= SECONDS_BEYOND:
        return True
    steady = course.line.speed == 1.0
    short = SURE if steady else SURE_HURRIED
    against = AGAINST if steady else AGAINST_HURRIED
    enough = SURE_LONG if course.seconds >= LONG else short
    return course.strength >= enough and course.against <= against * course.seconds


def warped(thumbs: NDArray[np.uint8], affine: Affine) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Small greys (n x 32 x 32) moved by a map of shares, and where there is something to see of them."""
    scaled = np.hstack([affine[:, :2], affine[:, 2:] * THUMB]).astype(np.float32)
    size = (THUMB, THUMB)
    warped = np.stack([cv2.warpAffine(thumb, scaled, size) for thumb in thumbs])
    mask = cv2.warpAffine(np.ones(size, np.float32), scaled, size) > 0.99
    return np.asarray(warped, np.uint8), np.asarray(mask, bool)


def _spans(course: Course) -> tuple[Span, ...]:
    line = course.line
    return tuple(
        Span(
            round(start / RATE, 3),
            round((start - line.offset) * line.speed / RATE, 3),
            round(length / RATE, 3),
            line.speed,
        )
        for start, length in course.runs
    )


def _geometry(query: Frames, reference: Frames, lie: Lie) -> tuple[float, ...]:
    """The affine map between whole frames, borders included; nothing when the one simply is the other."""
    if lie.affine is None and _alike(query.box, reference.box):
        return ()
    inner = np.vstack([np.eye(2, 3) if lie.affine is None else lie.affine, [0, 0, 1]])
    whole = (_frame_of(query) @ inner @ np.linalg.inv(_frame_of(reference)))[:2]
    return tuple(round(float(one), 5) for one in whole.ravel())


def _relation(query: Frames, reference: Frames, lie: Lie, spans: tuple[Span, ...]) -> str:
    covered = sum(span.seconds for span in spans)
    if covered < WHOLE * query.seconds:
        return "contains"
    if lie.mirrored:
        return "mirrored"
    if covered * lie.speed < WHOLE * reference.seconds:
        return "excerpt"
    return "edited" if _is_edited(query, reference, lie) else "same"


def _is_edited(query: Frames, reference: Frames, lie: Lie) -> bool:
    """Whether more than compression and size changed."""
    if lie.affine is not None or lie.speed != 1.0 or not _alike(query.box, reference.box):
        return True
    if abs(query.aspect / reference.aspect - 1) >= SAME_ASPECT:
        return True
    shift = round(lie.offset / TINT_EVERY)
    first, last = max(0, shift), min(len(query.tints), len(reference.tints) + shift)
    if last <= first or abs(lie.offset - shift * TINT_EVERY) > 1:
        return False
    return looks.are_altered(query.tints[first:last], reference.tints[first - shift : last - shift])
