"""Pictures out of hostile files: JPEG, PNG, WebP and GIF, and nothing else that Pillow could open."""

import contextlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from fingerprints.media import Limits, Refused
from fingerprints.reader import reader

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_SIDE = 1280
_ANIMATED = {"PNG", "WEBP"}  # their headers count the pictures; a GIF with more than one is a video

# What Pillow's readers raise on damaged input, as found by mutating files.
BROKEN = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_TOO_MANY_PIXELS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture the right way up. ``rgb`` is height x width x 3, perhaps smaller than the file's width x height.

    ``missing`` says in words what of the file is not in it: a damaged part, or all pictures after the first.
    """

    rgb: Pixels
    width: int
    height: int
    missing: str = ""

    @property
    def partial(self) -> bool:
        """Whether some of the file was not read."""
        return bool(self.missing)


def picture(fd: int, limits: Limits, *, max_side: int = MAX_SIDE) -> Picture:
    """The (first) picture of a file, its longer side at most ``max_side``; transparency becomes white.

    A damaged file gives what can be read of it. Refused: another format, too many pixels, nothing readable.
    """
    try:
        return _read(fd, limits, max_side)
    except BROKEN:
        pass
    try:
        with _tolerant():
            return _read(fd, limits, max_side, missing="the picture is damaged or cut off")
    except BROKEN as error:
        raise Refused(f"the picture is damaged beyond reading ({type(error).__name__})") from error


def open_image(fd: int, limits: Limits) -> Image.Image:
    """The file as Pillow opens it, its pixels not yet decoded; Refused for other formats and beyond the limits."""
    try:
        image = Image.open(reader(fd), formats=FORMATS)
    except _TOO_MANY_PIXELS as error:
        raise Refused("the picture has too many pixels") from error
    except UnidentifiedImageError as error:
        raise Refused("not a readable JPEG, PNG, WebP or GIF picture") from error
    check_size(image.width, image.height, limits)
    return image


def check_size(width: int, height: int, limits: Limits) -> None:
    """Refuse sides and areas over the limits."""
    if width < 1 or height < 1:
        raise Refused("the picture has no area")
    if max(width, height) > limits.side or width * height > limits.pixels:
        raise Refused(
            f"{width} x {height} pixels are over the limit of {limits.pixels / 1e6:g} million, {limits.side} a side"
        )


def to_rgb(image: Image.Image, max_side: int) -> Image.Image:
    """Plain RGB no larger than ``max_side``, transparency over white."""
    image = _plain_mode(image)
    image.thumbnail((max_side, max_side), Image.Resampling.HAMMING, reducing_gap=2.0)
    if image.mode == "RGB":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _read(fd: int, limits: Limits, max_side: int, *, missing: str = "") -> Picture:
    with open_image(fd, limits) as image:
        width, height = image.size
        if image.format in _ANIMATED and getattr(image, "n_frames", 1) > 1:
            missing = missing or "only the first of its pictures was read"
        turn = _UPRIGHT.get(_orientation(image))
        image.draft(None, _fitted(width, height, max_side))
        image.load()
        small = to_rgb(image, max_side)
    if turn is not None:
        small = small.transpose(turn)
    if turn in {
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_90,
    }:
        width, height = height, width
    return Picture(np.asarray(small), width, height, missing)


def _fitted(width: int, height: int, max_side: int) -> tuple[int, int]:
    """The smallest size to decode at."""
    scale = min(1.0, max_side / max(width, height))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _plain_mode(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would cut at 255
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _orientation(image: Image.Image) -> int:
    found: Any = 1
    with contextlib.suppress(*BROKEN):  # a picture with broken EXIF is still a picture
        found = image.getexif().get(_ORIENTATION_TAG, 1)
    return found if isinstance(found, int) else 1


@contextlib.contextmanager
def _tolerant() -> Iterator[None]:
    """Let Pillow give what it has of a truncated file: a global switch, but one process reads one file."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
