"""Edited copies of an archive's files, each beside its original: what reposters do, with strengths drawn by chance."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.archive import LIMITS, Item
from core.model import Fingerprint
from fingerprints import decode, photo, sound, video
from fingerprints.compare import Prints
from tests.media import edits

Pixels = NDArray[np.uint8]
SIDE, MOST_SECONDS = 480, 40.0


def copies(items: Sequence[Item], number: int) -> Iterator[tuple[Prints, Prints]]:
    """Five edits each of ``number`` photos, two of a third as many videos, four of as many sounds."""
    for kind, makes, most in (
        ("photo", _photos, number),
        ("video", _videos, number // 3),
        ("sound", _sounds, number),
    ):
        chosen = [item for item in sorted(items, key=lambda one: one.key) if item.kind == kind][:most]
        for place, item in enumerate(chosen):
            rng = np.random.default_rng([6, place])
            fd = os.open(Path(item.sources[0]), os.O_RDONLY)
            try:
                made = list(makes(fd, rng))
            finally:
                os.close(fd)
            for prints in made:
                if prints:
                    yield Prints.of(prints), item.prints


def _photos(fd: int, rng: np.random.Generator) -> Iterator[tuple[Fingerprint, ...]]:
    rgb = decode.picture(fd, LIMITS).rgb
    for name in ("crop", "turn", "caption", "mirror", "frame"):
        yield photo.fingerprints(_compressed(_edited(rgb, name, rng), int(rng.integers(25, 70))))[0]


def _edited(rgb: Pixels, name: str, rng: np.random.Generator) -> Pixels:
    """One edit of a picture."""
    if name == "crop":
        return edits.cropped(float(rng.uniform(0.1, 0.4)))(rgb)
    if name == "turn":
        size = (rgb.shape[1], rgb.shape[0])
        turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), float(rng.uniform(2, 6)), 1)
        return np.asarray(cv2.warpAffine(rgb, turn, size), np.uint8)
    if name == "caption":
        return edits.in_turn(edits.with_caption_bar(), edits.with_logo())(rgb)
    if name == "mirror":
        return edits.in_turn(edits.mirror, edits.brighter(float(rng.uniform(0.6, 1.4))))(rgb)
    page = np.full((1280, 720, 3), rng.integers(0, 255, 3), np.uint8)
    scale = min(680 / rgb.shape[1], 900 / rgb.shape[0])
    small = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale), np.uint8)
    page[200 : 200 + small.shape[0], 20 : 20 + small.shape[1]] = small
    return page


def _compressed(rgb: Pixels, quality: int) -> Pixels:
    _, packed = cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[:, :, ::-1], np.uint8)


def _videos(fd: int, rng: np.random.Generator) -> Iterator[tuple[Fingerprint, ...]]:
    with decode.video(fd, LIMITS, rate=video.RATE, max_side=SIDE) as stream:
        frames = [frame.rgb for frame in stream if frame.second < MOST_SECONDS]
    share, quality = float(rng.uniform(0.1, 0.35)), int(rng.integers(25, 60))
    for edit in (
        edits.in_turn(edits.cropped(share), edits.with_logo()),
        edits.in_turn(edits.mirror, edits.letterboxed(0.15)),
    ):
        prints, lively = video.fingerprints([_compressed(edit(frame), quality) for frame in frames])
        yield prints if lively >= 0.2 else ()


def _sounds(fd: int, rng: np.random.Generator) -> Iterator[tuple[Fingerprint, ...]]:
    samples = decode.sound(fd, LIMITS, rate=sound.RATE).samples[: int(60 * sound.RATE)]
    power = float(np.sqrt(np.mean(np.square(samples))))
    first = int(rng.integers(max(1, len(samples) - 4 * sound.RATE)))
    for heard in (
        samples[first : first + 4 * sound.RATE],
        samples + power * 10 ** (-rng.uniform(8, 15) / 20) * rng.normal(size=len(samples)),
        np.convolve(samples, np.ones(4) / 4, "same"),
        np.tanh(samples / max(power, 1e-6)),
    ):
        yield sound.fingerprints(np.asarray(heard, np.float32))
