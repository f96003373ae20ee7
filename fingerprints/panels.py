"""Finds the pictures in a picture: those of a collage, or the one that a screenshot shows between its words.

A recursive cut along the axes, known from page layout (Nagy and Seth 1984): a region is cut where lines of one colour
run through it, or where neighbouring lines differ along nearly their whole length, until nothing more can be cut.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.borders import spreads
from fingerprints.stills import Pixels

Box = tuple[float, float, float, float]  # left, top, width, height, as shares of the picture
Region = tuple[int, int, int, int]  # top, bottom, left, right, in lines of the small picture
Luma = NDArray[np.int16]

SIDE = 512
MOST = 7
DEEPEST = 5
WHOLE = 0.8  # share of the picture from which a region is no part of it
SMALLEST, NARROWEST = 0.03, 0.12  # shares of the picture's area and of its sides
PLAIN = 10  # grey levels between which a line of one colour stays
STEP, ALONG = 10, 0.65  # grey levels from one line to the next, and the share of a seam that has such a step
LONELY = 0.6  # of a seam's share that the lines around it may have
EDGE = 0.02  # of the picture's sides, by which boxes may differ
PAPER = 0.6  # share of pixels of one grey from which a region is text


def panels(rgb: Pixels) -> tuple[Box, ...]:
    """The MOST largest pictures within a picture; nothing when it is one picture.

    Where only a seam was found, what it cuts is given too: it may be one picture after all.
    """
    scale = SIDE / max(rgb.shape[:2])
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    luma = grey.astype(np.int16)
    height, width = luma.shape
    found = [
        (left / width, top / height, (right - left) / width, (bottom - top) / height)
        for top, bottom, left, right in _regions(luma, (0, height, 0, width), DEEPEST)
    ]
    parts = sorted((box for box in found if box[2] * box[3] <= WHOLE), key=lambda box: -box[2] * box[3])
    return tuple(parts[:MOST])


def within(inner: Box, outer: Box) -> bool:
    """Whether one box lies in another."""
    return all(
        outer[side] - EDGE <= inner[side] and inner[side] + inner[side + 2] <= outer[side] + outer[side + 2] + EDGE
        for side in (0, 1)
    )


def _regions(luma: Luma, at: Region, deeper: int) -> Iterator[Region]:
    """The pictures of a region, and those that they might be parts of."""
    top, bottom, left, right = at
    region = luma[top:bottom, left:right]
    if not _is_large(region, luma):
        return
    cuts = _cuts(region, _between_plain_lines)
    if not cuts:
        if _shows_something(region):
            yield at
        cuts = _cuts(region, _beside_seam)
    if deeper:
        for first, last, start, end in cuts:
            yield from _regions(luma, (top + first, top + last, left + start, left + end), deeper - 1)


def _cuts(region: Luma, pieces: Callable[[Luma], list[tuple[int, int]]]) -> list[Region]:
    """The pieces of a region along its rows, or else along its columns; none when neither is cut."""
    height, width = region.shape
    rows = pieces(region)
    if rows != [(0, height)]:
        return [(start, end, 0, width) for start, end in rows]
    columns = pieces(region.T)
    return [(0, height, start, end) for start, end in columns] if columns != [(0, width)] else []


def _is_large(region: Luma, whole: Luma) -> bool:
    sides = zip(region.shape, whole.shape, strict=True)
    return region.size >= SMALLEST * whole.size and all(side >= NARROWEST * full for side, full in sides)


def _shows_something(region: Luma) -> bool:
    greys = np.bincount((region // 16).ravel(), minlength=17)
    around = (greys[:-1] + greys[1:]).max()
    return bool(around < PAPER * region.size and region.std() > STEP)


def _between_plain_lines(lines: Luma) -> list[tuple[int, int]]:
    """Start and end of every run of lines of more than one colour."""
    lively = spreads(lines, 0.03) > PLAIN
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lively.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _beside_seam(lines: Luma) -> list[tuple[int, int]]:
    """What lies on both sides of the clearest seam."""
    seam = _seam(lines)
    return [(0, seam), (seam, len(lines))] if seam else [(0, len(lines))]


def _seam(lines: Luma) -> int:
    """The line before which most pixels change at once, and around which they don't; 0 for none."""
    steps = np.abs(np.diff(lines, axis=0)) > STEP
    share = steps.mean(axis=1)
    margin = max(3, int(len(lines) * NARROWEST))
    if len(share) <= 2 * margin:
        return 0
    padded = np.pad(share, 3, mode="edge")
    around = np.maximum(padded[: len(share)], padded[6 : 6 + len(share)])
    clear = np.where((share >= ALONG) & (around < LONELY * share), share, 0.0)[margin:-margin]
    return int(np.argmax(clear)) + margin + 1 if clear.max() > 0 else 0
