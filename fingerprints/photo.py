"""A picture's fingerprints: PDQ and local features of the whole and of the pictures in it, and its look."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import imagehash
import numpy as np
from PIL import Image

from core.model import Fingerprint
from fingerprints import features, pdq, plain
from fingerprints.borders import trimmed
from fingerprints.features import Features
from fingerprints.gallery import Gallery
from fingerprints.looks import PACKED, Look, look
from fingerprints.panels import Box, panels
from fingerprints.stills import Pixels

PDQ, ORB, LOOK = "photo.pdq", "photo.orb", "photo.look"
VERSION = 2
MOST_FEATURES = 700
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class View:
    """A part of a picture: PDQ of its eight turns without borders, its features upright and mirrored."""

    box: Box
    hashes: pdq.Hashes
    features: tuple[Features, Features]

    @cached_property
    def galleries(self) -> tuple[Gallery, Gallery]:
        """Its features upright and mirrored, ready to be asked for what they share with others."""
        upright, mirrored = self.features
        return Gallery((upright,)), Gallery((mirrored,))


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is compared: the whole comes first, then its panels. ``aspect`` is width by height."""

    views: tuple[View, ...]
    look: Look
    aspect: float


def fingerprints(rgb: Pixels) -> tuple[tuple[Fingerprint, ...], str]:
    """The fingerprints of a picture, or why it is too plain to have any."""
    inner = trimmed(rgb)
    greys = pdq.grey(inner)
    whole = View(WHOLE, _eight(greys), features.both_ways(rgb, MOST_FEATURES))
    reason = plain.why_plain(inner, greys, len(whole.features[0].points))
    if reason:
        return (), reason
    views = [whole, *_parts(rgb)]
    head = np.array([rgb.shape[1] / rgb.shape[0]], "<f4").tobytes()
    boxes = np.array([view.box for view in views], "<f4").tobytes()
    quality = float(pdq.quality(greys[None])[0])
    points = b"".join(features.pack(one) for view in views for one in view.features)
    return (
        Fingerprint(PDQ, VERSION, b"".join(view.hashes.tobytes() for view in views), quality),
        Fingerprint(ORB, VERSION, points, float(len(views[0].features[0].points))),
        Fingerprint(LOOK, VERSION, head + look(rgb).pack() + boxes, quality),
    ), ""


def unpack(hashes: bytes, points: bytes, seen: bytes) -> Picture:
    """A picture from the payloads of PDQ, ORB and LOOK."""
    boxes = np.frombuffer(seen, "<f4", -1, 4 + PACKED).reshape(-1, 4)
    rows = np.frombuffer(hashes, np.uint8).reshape(len(boxes), 8, 32)
    views = []
    for box, row in zip(boxes, rows, strict=True):
        upright, points = features.unpack(points)
        mirrored, points = features.unpack(points)
        left, top, width, height = (float(share) for share in box)
        views.append(View((left, top, width, height), row, (upright, mirrored)))
    return Picture(tuple(views), Look.unpack(seen[4 : 4 + PACKED]), float(np.frombuffer(seen, "<f4", 1)[0]))


def _parts(rgb: Pixels) -> Iterator[View]:
    """The pictures within a picture that show something."""
    height, width = rgb.shape[:2]
    for box in panels(rgb):
        left, top = round(box[0] * width), round(box[1] * height)
        part = rgb[top : top + round(box[3] * height), left : left + round(box[2] * width)]
        if float(pdq.quality(pdq.grey(part)[None])[0]) >= pdq.CLEAR and not plain.is_paper(part):
            yield View(box, _eight(pdq.grey(trimmed(part))), features.both_ways(part, MOST_FEATURES))


def _eight(greys: pdq.Greys) -> pdq.Hashes:
    """The hashes of all turns of 64 x 64 greys."""
    return pdq.dihedral(pdq.coefficients(greys[None])[0])


def phash(rgb: Pixels) -> str:
    """The perceptual hash that people know and exchange: imagehash's pHash, 64 bits in hexadecimal."""
    return str(imagehash.phash(Image.fromarray(rgb)))
