"""What reposters do to a picture; each takes and gives height x width x 3 and can be handed to ``Clip.edited``."""

from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tests.media.synthetic import Edit, Pixels


def in_turn(*edits: Edit) -> Edit:
    """Several edits as one."""

    def edit(rgb: Pixels) -> Pixels:
        for step in edits:
            rgb = step(rgb)
        return rgb

    return edit


def mirror(rgb: Pixels) -> Pixels:
    """Left and right exchanged."""
    return np.ascontiguousarray(rgb[:, ::-1])


def grey(rgb: Pixels) -> Pixels:
    """Without colour."""
    return np.asarray(Image.fromarray(rgb).convert("L").convert("RGB"))


def scaled(width: int, height: int) -> Edit:
    """Made to fit a size, the proportions not kept."""
    return lambda rgb: np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BICUBIC))


def cropped(share: float) -> Edit:
    """``share`` of the width and height cut away, evenly at all sides, and blown up to the size it had."""
    return partial(_cropped, share=share)


def brighter(factor: float) -> Edit:
    """All values times ``factor``."""
    return lambda rgb: np.clip(rgb * factor, 0, 255).astype(np.uint8)


def blurred(radius: float) -> Edit:
    """Out of focus, by the deviation in pixels."""
    return lambda rgb: np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(radius)))


def letterboxed(share: float) -> Edit:
    """Shrunk between two black bars that take ``share`` of the height."""
    return partial(_letterboxed, share=share)


def with_logo(text: str = "CHANNEL 5") -> Edit:
    """A channel's mark in the upper right corner."""
    return partial(_with_logo, text=text)


def with_caption_bar(text: str = "URGENT: watch to the end") -> Edit:
    """A band with words over the lower fifth."""
    return partial(_with_caption_bar, text=text)


def _cropped(rgb: Pixels, share: float) -> Pixels:
    height, width = rgb.shape[:2]
    across, down = round(width * share / 2), round(height * share / 2)
    return scaled(width, height)(rgb[down : height - down, across : width - across])


def _letterboxed(rgb: Pixels, share: float) -> Pixels:
    height, width = rgb.shape[:2]
    inner = round(height * (1 - share))
    boxed = np.zeros_like(rgb)
    top = (height - inner) // 2
    boxed[top : top + inner] = scaled(width, inner)(rgb)
    return boxed


def _with_logo(rgb: Pixels, text: str) -> Pixels:
    image = Image.fromarray(rgb)
    draw = ImageDraw.Draw(image)
    width, height = image.size
    box = (width * 0.76, height * 0.04, width * 0.97, height * 0.16)
    draw.rectangle(box, fill=(190, 20, 30))
    draw.text((box[0] + 6, box[1] + 3), text, fill="white", font_size=max(8, height // 16))
    return np.asarray(image)


def _with_caption_bar(rgb: Pixels, text: str) -> Pixels:
    image = Image.fromarray(rgb)
    draw = ImageDraw.Draw(image)
    width, height = image.size
    draw.rectangle((0, height * 0.8, width, height), fill=(15, 15, 90))
    draw.text((width * 0.04, height * 0.84), text, fill="white", font_size=max(8, height // 11))
    return np.asarray(image)
