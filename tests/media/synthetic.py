"""Footage that never happened: textured scenes under a moving camera, people walking, voices; the same for a seed.

``Scene`` draws, ``Clip`` is a piece of footage not yet encoded, ``tests.media.edits`` does to it what reposters do,
``tests.media.files`` makes files of it.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[np.uint8]
Samples = NDArray[np.float32]
Edit = Callable[[Pixels], Pixels]

VOICE_RATE = 16_000
SIZE = (480, 270)
FPS = 15

_CANVAS = (1600, 1000)
_SKYLINE = 0.35


@dataclass(frozen=True)
class Scene:
    """A place with buildings, clutter and walking people, seen by a hand-held camera."""

    seed: int

    @cached_property
    def _ground(self) -> Image.Image:
        return _drawn_ground(np.random.default_rng([self.seed, 1]))

    @cached_property
    def _people(self) -> tuple["_Walker", ...]:
        rng = np.random.default_rng([self.seed, 2])
        return tuple(_walker(rng) for _ in range(6))

    @cached_property
    def _camera(self) -> NDArray[np.float64]:
        """Phases and speeds of the slow sines that make up the camera's path."""
        return np.random.default_rng([self.seed, 3]).uniform(0.15, 1.0, (4, 3))

    def frame(self, second: float, size: tuple[int, int] = SIZE) -> Pixels:
        """What the camera sees at ``second``: height x width x 3."""
        zoom = _CANVAS[1] * 0.62 / size[1] * (1 + 0.08 * self._drift(0, second))
        turn = 0.03 * self._drift(1, second)
        centre_x = _CANVAS[0] / 2 + 330 * self._drift(2, second)
        centre_y = _CANVAS[1] / 2 + 130 * self._drift(3, second)
        cos, sin = zoom * math.cos(turn), zoom * math.sin(turn)
        left = centre_x - cos * size[0] / 2 + sin * size[1] / 2
        top = centre_y - sin * size[0] / 2 - cos * size[1] / 2
        view = (cos, -sin, left, sin, cos, top)
        seen = self._peopled(second).transform(size, Image.Transform.AFFINE, view, Image.Resampling.BILINEAR)
        return np.asarray(seen)

    def _drift(self, axis: int, second: float) -> float:
        """A smooth wandering in -1 … 1."""
        phases = self._camera[axis]
        speeds = (0.23, 0.61, 1.9)
        weights = (0.62, 0.3, 0.08)
        return sum(
            w * math.sin(s * (second + 9 * p) + 6.3 * p) for w, s, p in zip(weights, speeds, phases, strict=True)
        )

    def _peopled(self, second: float) -> Image.Image:
        ground = self._ground.copy()
        for walker in self._people:
            x = (walker.start + walker.speed * second) % (_CANVAS[0] + 200) - 100
            bob = 6 * math.sin(second * walker.pace + walker.start)
            ground.paste(walker.figure, (int(x), int(walker.height + bob)), walker.figure)
        return ground


@dataclass(frozen=True)
class _Walker:
    figure: Image.Image
    start: float
    speed: float
    height: float
    pace: float


def _walker(rng: np.random.Generator) -> _Walker:
    width, tall = int(rng.integers(34, 60)), int(rng.integers(120, 190))
    figure = Image.new("RGBA", (width, tall))
    draw = ImageDraw.Draw(figure)
    coat, legs, skin = (_colour(rng) for _ in range(3))
    draw.ellipse((width * 0.3, 0, width * 0.7, tall * 0.16), fill=skin)
    draw.rectangle((width * 0.1, tall * 0.16, width * 0.9, tall * 0.58), fill=coat)
    draw.rectangle((width * 0.2, tall * 0.58, width * 0.42, tall), fill=legs)
    draw.rectangle((width * 0.58, tall * 0.58, width * 0.8, tall), fill=legs)
    for _ in range(14):
        x, y = rng.uniform(0.12, 0.8) * width, rng.uniform(0.18, 0.52) * tall
        draw.rectangle((x, y, x + 5, y + 7), fill=_colour(rng))
    speed = float(rng.uniform(40, 130) * rng.choice([-1, 1]))
    return _Walker(
        figure, float(rng.uniform(0, _CANVAS[0])), speed, float(rng.uniform(380, 760)), float(rng.uniform(4, 9))
    )


def _drawn_ground(rng: np.random.Generator) -> Image.Image:
    ground = Image.fromarray(_clouds(rng, _CANVAS))
    draw = ImageDraw.Draw(ground)
    for _ in range(int(rng.integers(4, 8))):
        _draw_building(draw, rng)
    for _ in range(70):
        _draw_clutter(draw, rng)
    grain = rng.normal(0, 6, (_CANVAS[1], _CANVAS[0], 1))
    return Image.fromarray(np.clip(np.asarray(ground) + grain, 0, 255).astype(np.uint8))


def _clouds(rng: np.random.Generator, size: tuple[int, int]) -> Pixels:
    """Fractal noise between two colours."""
    height = np.zeros((size[1], size[0]))
    for octave in range(2, 8):
        cells = rng.random((2**octave, 2**octave), np.float32)
        grown = Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)
        height += np.asarray(grown) * 0.62**octave
    height = (height - height.min()) / np.ptp(height)
    dark, light = np.array(_colour(rng)) * 0.6, np.array(_colour(rng)) * 0.5 + 120
    mixed: Pixels = (dark + (light - dark) * height[..., None]).astype(np.uint8)
    return mixed


def _draw_building(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    left, width = rng.uniform(-80, _CANVAS[0] - 100), rng.uniform(170, 420)
    top, bottom = rng.uniform(20, _CANVAS[1] * _SKYLINE), rng.uniform(480, 640)
    draw.rectangle((left, top, left + width, bottom), fill=_colour(rng), outline=_colour(rng), width=5)
    columns, rows = int(rng.integers(4, 9)), int(rng.integers(3, 8))
    wide, tall = width / columns, (bottom - top) / rows
    for column in range(columns):
        for row in range(rows):
            x, y = left + column * wide, top + row * tall
            if rng.random() < 0.85:
                draw.rectangle((x + wide * 0.2, y + tall * 0.2, x + wide * 0.75, y + tall * 0.8), fill=_colour(rng))


def _draw_clutter(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    x, y = rng.uniform(0, _CANVAS[0]), rng.uniform(_CANVAS[1] * 0.45, _CANVAS[1])
    corners = rng.uniform(-45, 45, (int(rng.integers(3, 7)), 2))
    draw.polygon(
        [(float(x + across), float(y + down)) for across, down in corners], fill=_colour(rng), outline=_colour(rng)
    )


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    shade = rng.uniform(50, 200)
    red, green, blue = (int(part) for part in shade + rng.uniform(-45, 45, 3))
    return red, green, blue


def still(seed: int, size: tuple[int, int] = (1280, 960)) -> Pixels:
    """A photo of the scene of a seed."""
    return Scene(seed).frame(0.0, size)


def voice(seed: int, seconds: float, rate: int = VOICE_RATE) -> Samples:
    """Something like speech: syllables of voiced and hissing sound with pauses between the words."""
    rng = np.random.default_rng([seed, 4])
    said = np.zeros(int(seconds * rate), np.float32)
    at = int(rng.uniform(0.02, 0.1) * rate)
    pitch = rng.uniform(90, 210)
    while at < said.size:
        syllable = _syllable(rng, pitch, rate)[: said.size - at]
        said[at : at + syllable.size] += syllable
        at += syllable.size + int(rng.choice([0.01, 0.02, 0.25], p=[0.5, 0.3, 0.2]) * rate)
    return said + rng.normal(0, 0.002, said.size).astype(np.float32)


def _syllable(rng: np.random.Generator, pitch: float, rate: int) -> Samples:
    length = int(rng.uniform(0.09, 0.28) * rate)
    second = np.arange(length) / rate
    glide = pitch * rng.uniform(0.8, 1.3) * (1 + rng.uniform(-0.8, 0.8) * second)
    phase = 2 * np.pi * np.cumsum(glide) / rate
    formants = rng.uniform((250, 800, 2100), (800, 2200, 3200))
    voiced = np.zeros(length)
    for harmonic in range(1, 24):
        nearness = np.exp(-(((harmonic * pitch - formants) / (90, 140, 220)) ** 2)).sum()
        voiced += (0.04 / harmonic + nearness) * np.sin(harmonic * phase)
    hiss = np.diff(rng.normal(0, rng.uniform(0.02, 0.5), length + 1)) * np.exp(-second * rng.uniform(10, 60))
    shape = np.sin(np.pi * np.linspace(0, 1, length)) ** 0.6
    return (rng.uniform(0.08, 0.2) * shape * (voiced + hiss)).astype(np.float32)


@dataclass(frozen=True)
class Clip:
    """Footage not yet encoded: ``count`` frames at ``fps``, drawn when asked for, and mono ``sound`` at VOICE_RATE."""

    draw: Callable[[int], Pixels]
    count: int
    fps: int = FPS
    sound: Samples = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.count / self.fps

    def frames(self) -> Iterator[Pixels]:
        """All frames in order."""
        return map(self.draw, range(self.count))

    def edited(self, edit: Edit) -> Self:
        """The same with every frame changed by ``edit``."""
        return replace(self, draw=lambda index: edit(self.draw(index)))

    def excerpt(self, start: float, end: float) -> Self:
        """From second ``start`` to second ``end``, pictures and sound."""
        first, last = round(start * self.fps), min(round(end * self.fps), self.count)
        sound = self.sound[round(start * VOICE_RATE) : round(end * VOICE_RATE)]
        return replace(self, draw=lambda index: self.draw(first + index), count=last - first, sound=sound)

    def with_sound(self, sound: Samples) -> Self:
        """The same pictures over another sound, which is cut or followed by silence."""
        whole = np.zeros(round(self.seconds * VOICE_RATE), np.float32)
        whole[: sound.size] = sound[: whole.size]
        return replace(self, sound=whole)

    def drawn(self) -> Self:
        """The same with all frames in memory: for a clip of which several files are made."""
        kept = list(self.frames())
        return replace(self, draw=kept.__getitem__)


def clip(seed: int, seconds: float, *, size: tuple[int, int] = SIZE, fps: int = FPS, speech: bool = True) -> Clip:
    """Footage of the scene of a seed with a voice over it; without ``speech`` it has no sound."""
    scene = Scene(seed)
    sound = voice(seed, seconds) if speech else np.zeros(0, np.float32)
    return Clip(lambda index: scene.frame(index / fps, size), round(seconds * fps), fps, sound)


def compilation(clips: Sequence[Clip]) -> Clip:
    """Clips of one frame rate and size one after the other."""
    starts = np.cumsum([0, *(piece.count for piece in clips)])

    def draw(index: int) -> Pixels:
        which = int(np.searchsorted(starts, index, "right")) - 1
        return clips[which].draw(index - int(starts[which]))

    sound = np.concatenate([piece.with_sound(piece.sound).sound for piece in clips])
    return Clip(draw, int(starts[-1]), clips[0].fps, sound)
