"""Charts as PNG, drawn with Pillow: curves over a logarithmic share with thresholds, and bars against a limit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDE, HIGH, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 90, 30, 64, 64  # a panel and its margins, pixels
INK, PALE, LINE = (35, 35, 40), (225, 225, 230), (190, 30, 45)
COLOURS = ((31, 95, 160), (214, 120, 20), (50, 130, 80), (120, 80, 160))
Point = tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """Curves over one axis: ``curves`` and ``marks`` (thresholds) by name; shares are drawn logarithmically."""

    title: str
    axis: str
    curves: dict[str, Sequence[Point]]
    marks: dict[str, float]
    share: str
    dashed: frozenset[str] = field(default=frozenset())


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def draw(path: Path, panels: Sequence[Panel]) -> None:
    """The panels one below the other."""
    page = Image.new("RGB", (WIDE, HIGH * len(panels)), "white")
    for place, panel in enumerate(panels):
        page.paste(_panel(panel), (0, HIGH * place))
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, optimize=True)


def _panel(panel: Panel) -> Image.Image:
    page = Image.new("RGB", (WIDE, HIGH), "white")
    pen = ImageDraw.Draw(page)
    points = [point for curve in panel.curves.values() for point in curve if point[1] > 0]
    across = [x for x, _ in points] + list(panel.marks.values())
    low, high = min(across), max(across)
    decades = math.floor(math.log10(min(y for _, y in points)))

    def at(point: Point) -> Point:
        x = LEFT + (point[0] - low) / (high - low or 1) * (WIDE - LEFT - RIGHT)
        return x, TOP + math.log10(max(point[1], 10.0**decades)) / decades * (HIGH - TOP - BOTTOM)

    pen.text((LEFT, 10), panel.title, INK, font(18))
    for decade in range(decades, 1, max(1, -decades // 8)):
        y = at((low, 10.0**decade))[1]
        pen.line([(LEFT, y), (WIDE - RIGHT, y)], PALE)
        pen.text((LEFT - 8, y), f"1e{decade}" if decade else "1", INK, font(13), anchor="rm")
    for tick in _ticks(low, high):
        x = at((tick, 1))[0]
        pen.line([(x, HIGH - BOTTOM), (x, HIGH - BOTTOM + 5)], INK)
        pen.text((x, HIGH - BOTTOM + 8), f"{tick:g}", INK, font(13), anchor="ma")
    pen.rectangle([LEFT, TOP, WIDE - RIGHT, HIGH - BOTTOM], outline=INK)
    pen.text((WIDE / 2, HIGH - 26), f"{panel.axis}; upwards: {panel.share}", INK, font(14), anchor="ma")
    for place, (name, curve) in enumerate(panel.curves.items()):
        _trace(pen, [at(point) for point in curve if point[1] > 0], COLOURS[place], dashed=name in panel.dashed)
        pen.rectangle([LEFT + 175 * place, 44, LEFT + 175 * place + 16, 47], COLOURS[place])
        pen.text((LEFT + 175 * place + 22, 38), name, COLOURS[place], font(13))
    for place, (name, mark) in enumerate(panel.marks.items()):
        x = at((mark, 1))[0]
        pen.line([(x, TOP), (x, HIGH - BOTTOM)], LINE, 2)
        side = "ra" if x > WIDE - 150 else "la"
        pen.text(
            (x - 5 if side == "ra" else x + 5, HIGH - BOTTOM - 38 + 18 * (place % 2)), name, LINE, font(13), anchor=side
        )
    return page


def _trace(pen: ImageDraw.ImageDraw, points: list[Point], colour: tuple[int, int, int], *, dashed: bool) -> None:
    for number, (one, other) in enumerate(pairwise(points)):
        if not dashed or number % 2 == 0:
            pen.line([one, other], colour, 3)


def _ticks(low: float, high: float) -> list[float]:
    """About eight round numbers."""
    rough = (high - low or 1) / 8
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [round(step * place, 6) for place in range(math.ceil(low / step), math.floor(high / step) + 1)]


def bars(path: Path, title: str, rows: Sequence[tuple[str, float]], limit: float, unit: str) -> None:
    """One bar a row, and the limit as a line."""
    high, step = 110 + 34 * len(rows), 34
    page = Image.new("RGB", (WIDE, high), "white")
    pen = ImageDraw.Draw(page)
    pen.text((20, 12), title, INK, font(18))
    left, scale = 290, (WIDE - 290 - 90) / (1.1 * max([limit, *(value for _, value in rows)]))
    for place, (name, value) in enumerate(rows):
        y = 56 + step * place
        pen.text((left - 10, y + 11), name, INK, font(14), anchor="rm")
        pen.rectangle([left, y, left + scale * value, y + 22], COLOURS[0])
        pen.text((left + scale * value + 6, y + 11), f"{value:.3g}", INK, font(14), anchor="lm")
    x = left + scale * limit
    pen.line([(x, 48), (x, high - 44)], LINE, 2)
    pen.text((x, high - 38), f"{limit:g} {unit}", LINE, font(14), anchor="ma")
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, optimize=True)
