"""How strong an edit may be: stretches of real videos, edited in many ways, looked for among the videos they are of.

python -m benchmarks.edits FOLDER [EDIT ...]

Prints per edit how many were found for certain, how many as possible, and what else was called a copy (in a split
screen the other side is one). FOLDER holds videos of different footage.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np

from core.model import Fingerprint
from fingerprints import decode
from fingerprints.index import Matcher
from fingerprints.media import Limits
from fingerprints.read import Reading, read_fingerprints
from tests.media import edits, files
from tests.media.synthetic import Clip, Edit, Pixels

START, SECONDS, FPS, SIDE = 2.0, 12.0, 15, 480
SHORTEST = 4.0  # seconds of a stretch
LIMITS = Limits()
Frames = list[Pixels]
Change = Callable[[Frames, Frames], Frames]  # of a stretch and another one


@dataclass(frozen=True)
class Held:
    """A video that is held, and a stretch of it."""

    name: str
    prints: tuple[Fingerprint, ...]
    stretch: Frames


def read(path: Path) -> Reading:
    """The fingerprints of a file, here and now."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return read_fingerprints(fd, LIMITS)
    finally:
        os.close(fd)


def hold(path: Path) -> Held:
    """A file's fingerprints, and its frames from START on."""
    fd = os.open(path, os.O_RDONLY)
    try:
        with decode.video(fd, LIMITS, rate=FPS, max_side=SIDE) as stream:
            stretch = [frame.rgb for frame in stream if START <= frame.second < START + SECONDS]
    finally:
        os.close(fd)
    return Held(path.stem, tuple(read(path).fingerprints), stretch)


def each(edit: Edit) -> Change:
    """Every frame edited."""
    return lambda frames, _: [edit(frame) for frame in frames]


def played(speed: float) -> Change:
    """Frames left out or shown twice."""
    return lambda frames, _: [frames[int(place * speed)] for place in range(int(len(frames) / speed))]


def cropped(share: float) -> Edit:
    """A corner of the picture, ``share`` of whose area is gone."""

    def edit(rgb: Pixels) -> Pixels:
        height, width = rgb.shape[:2]
        side = np.sqrt(1 - share)
        top, left = int(height * (1 - side) * 0.4), int(width * (1 - side) * 0.6)
        return rgb[top : top + int(height * side), left : left + int(width * side)]

    return edit


def turned(degrees: float) -> Edit:
    """Turned a little, black in the corners."""

    def edit(rgb: Pixels) -> Pixels:
        size = (rgb.shape[1], rgb.shape[0])
        turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), degrees, 1)
        return np.asarray(cv2.warpAffine(rgb, turn, size), np.uint8)

    return edit


def filmed(slant: float) -> Edit:
    """Filmed from a screen at an angle, paler."""

    def edit(rgb: Pixels) -> Pixels:
        height, width = rgb.shape[:2]
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        moved = np.array([[1, 0.5], [-0.4, 1], [-1, -0.3], [0.3, -1]], np.float32) * slant * (width, height)
        map_ = cv2.getPerspectiveTransform(corners, corners + moved.astype(np.float32))
        seen = cv2.warpPerspective(rgb, map_, (width, height), borderValue=(40, 35, 30))
        return np.clip(seen * 0.85 + 10, 0, 255).astype(np.uint8)

    return edit


def beside(one: Pixels, other: Pixels) -> Pixels:
    """The middles of two pictures beside each other."""
    return np.hstack(
        [edits.scaled(320, 360)(rgb[:, rgb.shape[1] // 4 : rgb.shape[1] * 3 // 4]) for rgb in (one, other)]
    )


def over(one: Pixels, other: Pixels) -> Pixels:
    """Two pictures one over the other."""
    return np.vstack([edits.scaled(480, 270)(rgb) for rgb in (one, other)])


def inset(width: float) -> Callable[[Pixels, Pixels], Pixels]:
    """One picture in a corner of the other, so wide."""

    def edit(one: Pixels, other: Pixels) -> Pixels:
        page = edits.scaled(640, 360)(other).copy()
        across = int(640 * width)
        down = across * one.shape[0] // one.shape[1]
        page[350 - down : 350, 630 - across : 630] = edits.scaled(across, down)(one)
        return page

    return edit


def together(edit: Callable[[Pixels, Pixels], Pixels]) -> Change:
    """Every frame with one of another video."""
    return lambda frames, others: [edit(*pair) for pair in zip(frames, cycle(others), strict=False)]


def jumping(frames: Frames, _: Frames) -> Frames:
    """Two seconds kept, two seconds cut, and so on."""
    return [frame for place, frame in enumerate(frames) if place // (2 * FPS) % 2 == 0]


def zooming(frames: Frames, _: Frames) -> Frames:
    """Slowly blown up by a third."""
    return [edits.cropped(0.26 * place / len(frames))(frame) for place, frame in enumerate(frames)]


def upright(rgb: Pixels) -> Pixels:
    """The middle of the picture, as high as a telephone."""
    width = rgb.shape[0] * 9 // 16
    left = (rgb.shape[1] - width) // 2
    return rgb[:, left : left + width]


def stuck(rgb: Pixels) -> Pixels:
    """A sticker and a black band over two fifths."""
    height, width = rgb.shape[:2]
    page = cv2.circle(rgb.copy(), (int(width * 0.35), int(height * 0.5)), int(height * 0.28), (250, 200, 0), -1)
    page[int(height * 0.75) :] = 20
    return np.asarray(page, np.uint8)


def noisy(rgb: Pixels) -> Pixels:
    """Grain of thirty levels."""
    grain = np.random.default_rng(int(rgb.sum()) % 2**32).normal(0, 30, rgb.shape)
    return np.clip(rgb + grain, 0, 255).astype(np.uint8)


EDITS: Mapping[str, Change] = {
    **{f"speed {speed:g}": played(speed) for speed in (0.5, 0.67, 0.75, 1.4, 1.5, 1.75, 2.0)},
    **{f"crop {share:.0%}": each(cropped(share)) for share in (0.45, 0.6, 0.7)},
    **{f"turn {degrees}°": each(turned(degrees)) for degrees in (6, 10, 15)},
    **{f"filmed {slant:.0%}": each(filmed(slant)) for slant in (0.1, 0.18)},
    **{f"blur {radius}": each(edits.blurred(radius)) for radius in (3, 5)},
    **{f"inset {width:.0%}": together(inset(width)) for width in (0.4, 0.3)},
    "beside another": together(beside),
    "over another": together(over),
    "grain": each(noisy),
    "negative": each(lambda rgb: 255 - rgb),
    "dark": each(lambda rgb: (255 * (rgb / 255) ** 2).astype(np.uint8)),
    "144 lines": each(edits.scaled(192, 144)),
    "5 pictures a second": lambda frames, _: [frames[place // 3 * 3] for place in range(len(frames))],
    "sticker and band": each(stuck),
    "zooming": zooming,
    "jump cuts": jumping,
    "upright": each(upright),
    "upright, mirrored": each(edits.in_turn(upright, edits.mirror)),
    "squeezed to 65%": lambda frames, _: [
        edits.scaled(frame.shape[1] * 65 // 100, frame.shape[0])(frame) for frame in frames
    ],
    "mirror, crop, sticker, faster": lambda frames, _: each(edits.in_turn(edits.mirror, cropped(0.3), stuck))(
        played(1.15)(frames, []), []
    ),
    "3 seconds": lambda frames, _: frames[4 * FPS : 7 * FPS],
    "2 seconds": lambda frames, _: frames[4 * FPS : 6 * FPS],
    "upside down": each(lambda rgb: rgb[::-1]),
}


def ask(matcher: Matcher, frames: Frames, folder: Path) -> dict[int, bool]:
    """What edited frames match, and whether for certain."""
    even = [frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2] for frame in frames]
    path = folder / "query.mp4"
    path.write_bytes(files.video(Clip(even.__getitem__, len(even), FPS), crf=28))
    return {number: match.certain for number, match in matcher.match(read(path).fingerprints)}


def report(name: str, change: Change, held: Sequence[Held], matcher: Matcher, folder: Path) -> None:
    """One line of the table."""
    sure, maybe, missed, others = 0, 0, list[str](), list[str]()
    for number, one in enumerate(held):
        found = ask(matcher, change(one.stretch, held[(number + 3) % len(held)].stretch), folder)
        certain = found.pop(number, None)
        sure, maybe = sure + (certain is True), maybe + (certain is False)
        missed += [one.name] if not certain else []
        others += [f"{one.name} as {held[other].name}" for other, is_sure in found.items() if is_sure]
    tail = f"; not certain: {', '.join(missed)}" if missed else ""
    tail += f"; others: {', '.join(others)}" if others else ""
    print(f"{name}: {sure} of {len(held)} certain, {maybe} possible{tail}", flush=True)


def main(folder: str, names: Iterable[str]) -> None:
    """Hold every video of a folder, and try every edit on each."""
    held = [hold(path) for path in sorted(Path(folder).iterdir()) if path.suffix in {".mp4", ".mkv", ".webm", ".avi"}]
    held = [one for one in held if len(one.stretch) >= SHORTEST * FPS and one.prints]
    matcher = Matcher(lambda number: held[number].prints)
    for number, one in enumerate(held):
        matcher.add(number, one.prints)
    print(f"{len(held)} videos", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in names or EDITS:
            report(name, EDITS[name], held, matcher, Path(scratch))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
