"""What is too plain to judge: one colour, hardly anything to see, or words on paper, which are alike in small."""

import cv2
import numpy as np

from fingerprints import pdq
from fingerprints.stills import Pixels

QUALITY = 50.0
DULL = 12.0  # deviation of greys under which a picture of low quality is one colour
FEW_POINTS = 40
SIDE = 256
INK = 3  # grey levels by which paper may vary
SMOOTH = 6  # grey levels within 3 x 3 pixels
PAPER, ALL_PAPER = 0.6, 0.95  # share of a picture that is paper, and of its smooth places


def why_plain(inner: Pixels, greys: pdq.Greys, points: int) -> str:
    """Why nothing can be said of a picture; empty when something can.

    ``inner``: the picture without borders; ``greys``: the same, 64 x 64; ``points``: how many local features it has.
    """
    if float(pdq.quality(greys[None])[0]) < QUALITY:
        if float(np.std(greys)) < DULL:
            return "nearly one colour"
        if points < FEW_POINTS:
            return "too little to see"
    return "nothing but words on one colour" if is_paper(inner) else ""


def is_paper(rgb: Pixels) -> bool:
    """Whether a picture is a title card or a page: most of it one colour, and nothing else in it smooth.

    In a photo of a thing before a plain wall the thing has smooth places too; letters have none.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    scale = SIDE / max(grey.shape)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    counts = np.convolve(np.bincount(grey.ravel(), minlength=256), np.ones(2 * INK + 1, int), "same")
    paper = np.abs(grey.astype(np.int16) - int(np.argmax(counts))) <= INK
    around = np.ones((3, 3), np.uint8)
    smooth = cv2.subtract(cv2.dilate(grey, around), cv2.erode(grey, around)) <= SMOOTH
    return bool(paper.mean() >= PAPER and (paper & smooth).sum() >= ALL_PAPER * smooth.sum())
