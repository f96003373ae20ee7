"""A video's fingerprints: PDQ twice a second, small greys four times, local features and colours once a second."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.model import Fingerprint
from fingerprints import features, pdq, plain
from fingerprints.borders import LIVELY, OUTLIERS, spreads
from fingerprints.gallery import Gallery
from fingerprints.looks import Colours, small
from fingerprints.stills import Pixels

RATE = 4.0
THUMB, TINT = 32, 16
PDQ_EVERY, ORB_EVERY, TINT_EVERY = 2, 4, 4
MOST_FEATURES = 300
VERSION = 1
FRAMES, ORB = "video.frames", "video.orb"
WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Frames:
    """``thumbs``: n x 32 x 32 greys at RATE; ``hashes``, ``mirrored``, ``quality``: PDQ of every second one.

    ``tints``: 16 x 16 colours of every fourth. All of what is inside the borders: ``box`` is left, top, width and
    height of that, as shares of the whole frame; ``aspect`` its width by its height.
    """

    thumbs: NDArray[np.uint8]
    hashes: pdq.Hashes
    mirrored: pdq.Hashes
    quality: NDArray[np.float32]
    tints: Colours
    box: tuple[float, float, float, float]
    aspect: float

    @property
    def bordered(self) -> bool:
        """Whether borders were cut away."""
        return self.box != WHOLE

    @property
    def seconds(self) -> float:
        """How much of the video they cover."""
        return len(self.thumbs) / RATE


@dataclass(frozen=True, slots=True)
class Points:
    """Local features of frames ORB_EVERY apart, upright and mirrored."""

    upright: Gallery
    mirrored: Gallery


def fingerprints(frames: Iterable[Pixels]) -> tuple[tuple[Fingerprint, ...], float]:
    """The fingerprints of frames sampled at RATE, and the share of frames that show something."""
    kept = list(frames)
    box = _box(kept)
    inner = [frame[box] for frame in kept]
    greys = np.stack([pdq.grey(frame) for frame in inner[::PDQ_EVERY]])
    spectra = pdq.coefficients(greys)
    paper = np.array([plain.is_paper(frame) for frame in inner[::PDQ_EVERY]])
    quality = np.where(paper, np.float32(0), pdq.quality(greys))
    thumbs = np.stack([_thumb(frame) for frame in inner])
    points = [
        (features.NONE, features.NONE) if paper[place // PDQ_EVERY] else features.both_ways(inner[place], MOST_FEATURES)
        for place in range(0, len(inner), ORB_EVERY)
    ]
    sides = [b"".join(features.pack(one) for one in side) for side in zip(*points, strict=True)]
    tints = np.stack([small(frame, TINT) for frame in inner[::TINT_EVERY]])
    height, width = inner[0].shape[:2]
    counts = np.array([len(thumbs), len(greys), len(tints)], "<u4")
    head = counts.tobytes() + np.array([*_shares(box, kept[0]), width / height], "<f4").tobytes()
    packed = head + pdq.hashes(spectra).tobytes() + pdq.hashes(pdq.mirrored(spectra)).tobytes()
    packed += quality.astype("<f4").tobytes() + zlib.compress(thumbs.tobytes() + tints.tobytes(), 6)
    lively = float(np.mean(quality >= pdq.CLEAR))
    return (
        Fingerprint(FRAMES, VERSION, packed, lively),
        Fingerprint(ORB, VERSION, b"".join(sides), float(len(points))),
    ), lively


def unpack(packed: bytes) -> Frames:
    """The frames of a FRAMES payload."""
    count, hashed, tinted = (int(number) for number in np.frombuffer(packed, "<u4", 3))
    left, top, width, height, aspect = (float(share) for share in np.frombuffer(packed, "<f4", 5, 12))
    ends = np.cumsum([32, 32 * hashed, 32 * hashed, 4 * hashed])
    upright, mirrored = (np.frombuffer(packed, np.uint8, 32 * hashed, int(at)).reshape(-1, 32) for at in ends[:2])
    quality = np.frombuffer(packed, "<f4", hashed, int(ends[2]))
    pictures = np.frombuffer(zlib.decompress(packed[int(ends[3]) :]), np.uint8)
    thumbs, tints = pictures[: count * THUMB**2], pictures[count * THUMB**2 :]
    return Frames(
        thumbs.reshape(count, THUMB, THUMB),
        upright,
        mirrored,
        quality.astype(np.float32),
        tints.reshape(tinted, TINT, TINT, 3),
        (left, top, width, height),
        aspect,
    )


def unpack_points(packed: bytes) -> Points:
    """The features of an ORB payload."""
    found = []
    while packed:
        one, packed = features.unpack(packed)
        found.append(one)
    return Points(Gallery(tuple(found[: len(found) // 2])), Gallery(tuple(found[len(found) // 2 :])))


_ALL = (slice(None), slice(None))


def _box(frames: list[Pixels]) -> tuple[slice, slice]:
    """What is inside the borders that stand through the whole video."""
    some = frames[:: max(1, len(frames) // 12)]
    greys = np.stack([np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8) for frame in some])
    height, width = greys.shape[1:]
    rows, columns = _inside(greys, height), _inside(greys.transpose(0, 2, 1), width)
    small = (rows.stop - rows.start) * 4 < height or (columns.stop - columns.start) * 4 < width
    whole = rows == slice(0, height) and columns == slice(0, width)
    return _ALL if small or whole else (rows, columns)


def _shares(box: tuple[slice, slice], frame: Pixels) -> tuple[float, float, float, float]:
    if box == _ALL:
        return WHOLE
    rows, columns = box
    height, width = frame.shape[:2]
    across, down = (columns.stop - columns.start) / width, (rows.stop - rows.start) / height
    return columns.start / width, rows.start / height, across, down


def _inside(greys: NDArray[np.uint8], size: int) -> slice:
    lively = np.flatnonzero(spreads(greys, OUTLIERS).max(axis=0) > LIVELY)
    if not lively.size:
        return slice(0, size)
    first, last = int(lively[0]), int(lively[-1]) + 1
    return slice(0 if first < size * 0.02 else first, size if last > size * 0.98 else last)


def _thumb(frame: Pixels) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (THUMB, THUMB), interpolation=cv2.INTER_AREA), np.uint8)
