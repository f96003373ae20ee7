"""A picture's fingerprints: PDQ of the picture without its borders in all eight turns, and local features."""

import imagehash
import numpy as np
from PIL import Image

from core.model import Fingerprint
from fingerprints import features, pdq
from fingerprints.stills import Pixels

PDQ, ORB = "photo.pdq", "photo.orb"
VERSION = 1
MOST_FEATURES = 700
PLAIN_QUALITY = 50.0
FEW_FEATURES = 40


def fingerprints(rgb: Pixels) -> tuple[Fingerprint, ...]:
    """PDQ (eight variants, the upright one first) and ORB (upright, then mirrored)."""
    inner = pdq.trimmed(rgb)
    greys = pdq.grey(inner)[None]
    variants = pdq.dihedral(pdq.coefficients(greys)[0])
    quality = float(pdq.quality(greys)[0])
    upright, mirror = (features.detect(rgb, MOST_FEATURES, mirror=turned) for turned in (False, True))
    return (
        Fingerprint(PDQ, VERSION, variants.tobytes(), quality),
        Fingerprint(ORB, VERSION, features.pack(upright) + features.pack(mirror), float(len(upright.points))),
    )


def why_plain(rgb: Pixels) -> str:
    """Why nothing can be said of a picture; empty when something can."""
    greys = pdq.grey(pdq.trimmed(rgb))[None]
    if float(pdq.quality(greys)[0]) < PLAIN_QUALITY and float(np.std(greys)) < 12:
        return "nearly one colour"
    found = features.detect(rgb, MOST_FEATURES)
    if float(pdq.quality(greys)[0]) < PLAIN_QUALITY and len(found.points) < FEW_FEATURES:
        return "too little to see"
    return ""


def phash(rgb: Pixels) -> str:
    """The perceptual hash that people know and exchange: imagehash's pHash, 64 bits in hexadecimal."""
    return str(imagehash.phash(Image.fromarray(rgb)))
