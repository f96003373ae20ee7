"""Unrelated photos into which a channel lays the same banner, logo or frame: how many pairs are called copies.

python -m benchmarks.banners BENCH/manifest.json [pairs of each kind]
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.model import Fingerprint
from fingerprints import photo
from fingerprints.compare import compare

Pixels = NDArray[np.uint8]
SIZE = (960, 720)


def sized(rgb: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def with_logo(rgb: Pixels, brand: Pixels) -> Pixels:
    """A quarter of each side, in a corner."""
    height, width = rgb.shape[0] // 4, rgb.shape[1] // 4
    shown = rgb.copy()
    shown[-height - 10 : -10, 10 : 10 + width] = sized(brand, width, height)
    return shown


def with_lower_third(rgb: Pixels, brand: Pixels) -> Pixels:
    """Over the lowest fifth."""
    height = rgb.shape[0] // 5
    return np.vstack([rgb[:-height], sized(brand, rgb.shape[1], height)])


def with_banner(rgb: Pixels, brand: Pixels) -> Pixels:
    """Below the photo, a fifth as high."""
    return np.vstack([rgb, sized(brand, rgb.shape[1], rgb.shape[0] // 5)])


def with_frame(rgb: Pixels, brand: Pixels) -> Pixels:
    """All around, a tenth as wide."""
    shown, border = sized(brand, rgb.shape[1], rgb.shape[0]), rgb.shape[0] // 10
    shown[border:-border, border:-border] = rgb[border:-border, border:-border]
    return shown


KINDS: Mapping[str, Callable[[Pixels, Pixels], Pixels]] = {
    "logo": with_logo,
    "lower third": with_lower_third,
    "banner": with_banner,
    "frame": with_frame,
}


def photos(path: Path) -> list[Pixels]:
    """The held photos of a benchmark, of one size."""
    entries = [entry for entry in json.loads(path.read_text())["index"] if entry["kind"] == "photo"]
    shown = (np.asarray(Image.open(path.parent / entry["path"]).convert("RGB")) for entry in entries)
    return [sized(rgb, *SIZE) for rgb in shown]


def pairs(held: list[Pixels], number: int) -> Iterator[tuple[Pixels, Pixels, Pixels]]:
    """Two different photos and a third that is laid into both."""
    chance = np.random.default_rng(1)
    for _ in range(number):
        one, other, brand = chance.choice(len(held), 3, replace=False)
        yield held[one], held[other], held[brand]


def prints(rgb: Pixels) -> tuple[Fingerprint, ...]:
    return photo.fingerprints(rgb)[0]


def main(path: Path, number: int) -> None:
    held = photos(path)
    for name, brand in KINDS.items():
        found = [
            compare(prints(brand(one, mark)), prints(brand(other, mark))) for one, other, mark in pairs(held, number)
        ]
        alone = [compare(prints(one), prints(other)) for one, other, _ in pairs(held, number)]
        certain, without = (sum(match is not None and match.certain for match in some) for some in (found, alone))
        possible = sum(match is not None for match in found) - certain
        print(f"{name}: {certain} of {number} pairs called copies, {possible} possible; without it {without}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 25)
