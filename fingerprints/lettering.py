"""Words on pictures in any script: OpenCV 5 carries a font with Latin, Cyrillic, Greek and Asian letters."""

import cv2
import numpy as np
from PIL import Image

_FACE = cv2.FontFace("sans")
Colour = tuple[int, int, int]


def width(text: str, size: int) -> int:
    """How many pixels wide ``text`` is at ``size`` pixels."""
    box = cv2.getTextSize((0, 0), text, (0, 0), _FACE, size)
    return int(box[2])


def write(picture: Image.Image, left: int, top: int, text: str, size: int, colour: Colour) -> None:
    """Write one line with its upper left corner at (left, top)."""
    pixels = np.array(picture)
    cv2.putText(pixels, text, (left, top + size), colour, _FACE, size)
    picture.paste(Image.fromarray(pixels))


def cut(text: str, size: int, room: int) -> str:
    """``text`` shortened with an ellipsis until it fits into ``room`` pixels."""
    if width(text, size) <= room:
        return text
    while text and width(text + "…", size) > room:
        text = text[:-1]
    return text + "…"
