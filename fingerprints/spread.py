"""The picture of how a footage spread: posts from above to below in time, forwards and look-alikes drawn apart.

Drawn for a phone held upright, in colours that can be read on a light and on a dark screen.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from PIL import Image, ImageDraw

from fingerprints import lettering
from fingerprints.lettering import Colour

WIDTH, EDGE = 1080, 36
LETTERS, SMALL = 30, 24  # pixels
TITLE_HEIGHT, ROW_HEIGHT, LEGEND_HEIGHT, BARS_HEIGHT = 96, 92, 56, 190
TIMES, NODES = EDGE, 330  # where the columns begin
LANES, LANE = 5, 22  # forwards that run side by side, and their distance
STUB, FIRST_LANE = 32, 46  # where an arrow from nowhere ends, and where the lanes begin
NAMES = NODES + FIRST_LANE + 6 + LANES * LANE
DOT = 11
PAPER, INK, FAINT = (16, 20, 24), (235, 238, 240), (138, 148, 158)
PROOF, INFERENCE, FIRST = (86, 196, 255), (255, 196, 0), (92, 224, 128)
DASH, SPACE = 10, 8


class Tie(Enum):
    """How a post hangs on another."""

    FIRST = auto()
    FORWARD = auto()  # Telegram's own header names where it came from
    ALIKE = auto()  # it looks or sounds alike
    GAP = auto()  # posts that are left out


@dataclass(frozen=True, slots=True)
class Row:
    """One post: ``parent`` is the row that it hangs on, if that is drawn."""

    time: str
    lag: str
    name: str
    detail: str
    tie: Tie
    parent: int | None = None
    hollow: bool = False  # in part, or gone at Telegram


@dataclass(frozen=True, slots=True)
class Legend:
    """The words around the drawing; ``ends`` stand under the bars."""

    title: str
    subtitle: str
    forward: str
    alike: str
    bars: str
    ends: tuple[str, str]


def draw(rows: Sequence[Row], bars: Sequence[tuple[int, int]], legend: Legend) -> bytes:
    """A PNG of these rows, and of how many posts (forwards, others) each stretch of time brought."""
    height = TITLE_HEIGHT + ROW_HEIGHT * len(rows) + 2 * LEGEND_HEIGHT + BARS_HEIGHT + EDGE
    page = Image.new("RGB", (WIDTH, height), PAPER)
    _write(page, EDGE, 14, legend.title, LETTERS + 6, INK)
    _write(page, EDGE, 58, legend.subtitle, SMALL, FAINT)
    pen = ImageDraw.Draw(page)
    _ties(pen, rows)
    for place, row in enumerate(rows):
        _row(page, pen, place, row)
    below = TITLE_HEIGHT + ROW_HEIGHT * len(rows)
    _legend(page, pen, below, legend)
    _bars(page, pen, below + 2 * LEGEND_HEIGHT, bars, legend)
    written = io.BytesIO()
    page.save(written, "PNG", optimize=True)
    return written.getvalue()


def _middle(place: int) -> int:
    return TITLE_HEIGHT + ROW_HEIGHT * place + ROW_HEIGHT // 2


def _ties(pen: ImageDraw.ImageDraw, rows: Sequence[Row]) -> None:
    """Look-alikes on a dashed trunk to the left of the dots, each forward on a solid line of its own to the right."""
    trunk = NODES - 24
    alike = [place for place, row in enumerate(rows) if row.tie is Tie.ALIKE and row.parent is not None]
    for place in alike:
        _dashed(pen, (trunk, _middle(place)), (NODES - DOT, _middle(place)))
    if alike:
        top = min(rows[place].parent or 0 for place in alike)
        _dashed(pen, (trunk, _middle(top)), (NODES - DOT, _middle(top)))
        _dashed(pen, (trunk, _middle(top)), (trunk, _middle(max(alike))))
    lanes = _lanes(rows)
    for place, row in enumerate(rows):
        if row.tie is Tie.FORWARD:
            _arrow(pen, place, row.parent, lanes)


def _arrow(pen: ImageDraw.ImageDraw, place: int, parent: int | None, lanes: Mapping[int, int]) -> None:
    """A forward, from the post that its header names; from nowhere when that is not drawn."""
    middle, tip = _middle(place), NODES + DOT + 2
    if parent is None:
        pen.line([(tip, middle), (NODES + STUB, middle)], fill=PROOF, width=4)
    else:
        lane, start = NODES + FIRST_LANE + LANE * lanes[parent], _middle(parent)
        pen.line([(tip, start), (lane, start), (lane, middle), (tip, middle)], fill=PROOF, width=4)
    pen.polygon([(tip, middle), (tip + 14, middle - 8), (tip + 14, middle + 8)], fill=PROOF)


def _lanes(rows: Sequence[Row]) -> dict[int, int]:
    """The lane of each post that was forwarded: those that reach past each other have lanes of their own."""
    reach: dict[int, int] = {}
    for place, row in enumerate(rows):
        if row.tie is Tie.FORWARD and row.parent is not None:
            reach[row.parent] = place
    lanes: dict[int, int] = {}
    ends = [-1] * LANES
    for parent in sorted(reach):
        free = next((lane for lane, end in enumerate(ends) if end < parent), LANES - 1)
        lanes[parent], ends[free] = free, reach[parent]
    return lanes


def _row(page: Image.Image, pen: ImageDraw.ImageDraw, place: int, row: Row) -> None:
    top, middle = _middle(place) - 34, _middle(place)
    if row.tie is Tie.GAP:
        _write(page, NAMES, middle - SMALL, row.name, SMALL, FAINT)
        return
    colour = {Tie.FIRST: FIRST, Tie.FORWARD: PROOF}.get(row.tie, INFERENCE)
    circle = (NODES - DOT, middle - DOT, NODES + DOT, middle + DOT)
    pen.ellipse(circle, fill=PAPER if row.hollow else colour, outline=colour, width=4)
    room = WIDTH - NAMES - EDGE
    _write(page, TIMES, top, row.time, SMALL + 2, INK)
    _write(page, TIMES, top + 34, row.lag, SMALL, FAINT)
    _write(page, NAMES, top - 4, lettering.cut(row.name, LETTERS, room), LETTERS, INK)
    _write(page, NAMES, top + 36, lettering.cut(row.detail, SMALL, room), SMALL, colour)


def _legend(page: Image.Image, pen: ImageDraw.ImageDraw, top: int, legend: Legend) -> None:
    """What the two kinds of line mean, in words."""
    room = WIDTH - EDGE - 150
    pen.line([(EDGE, top + 24), (EDGE + 80, top + 24)], fill=PROOF, width=4)
    _write(page, EDGE + 110, top + 6, lettering.cut(legend.forward, SMALL, room), SMALL, PROOF)
    below = top + LEGEND_HEIGHT
    _dashed(pen, (EDGE, below + 24), (EDGE + 80, below + 24))
    _write(page, EDGE + 110, below + 6, lettering.cut(legend.alike, SMALL, room), SMALL, INFERENCE)


def _bars(
    page: Image.Image, pen: ImageDraw.ImageDraw, top: int, bars: Sequence[tuple[int, int]], legend: Legend
) -> None:
    """Posts over time, evenly: what stands close together came close together."""
    _write(page, EDGE, top, legend.bars, SMALL, FAINT)
    ground, tallest = top + 140, max((sum(bar) for bar in bars), default=0)
    pen.line([(EDGE, ground), (WIDTH - EDGE, ground)], fill=FAINT, width=2)
    step = (WIDTH - 2 * EDGE) / max(1, len(bars))
    for number, (forwards, others) in enumerate(bars):
        left, level = EDGE + number * step + 2, ground
        for count, colour in ((forwards, PROOF), (others, INFERENCE)):
            high = round(96 * count / tallest) if tallest else 0
            if high:
                pen.rectangle((left, level - high, left + step - 4, level - 1), fill=colour)
                level -= high
    first, last = legend.ends
    _write(page, EDGE, ground + 8, first, SMALL, FAINT)
    _write(page, WIDTH - EDGE - lettering.width(last, SMALL), ground + 8, last, SMALL, FAINT)


def _dashed(pen: ImageDraw.ImageDraw, start: tuple[int, int], end: tuple[int, int]) -> None:
    """A dashed line that is level or upright."""
    (left, top), (right, bottom) = start, end
    length = max(right - left, bottom - top)
    for at in range(0, length, DASH + SPACE):
        until = min(at + DASH, length)
        if bottom > top:
            pen.line([(left, top + at), (left, top + until)], fill=INFERENCE, width=4)
        else:
            pen.line([(left + at, top), (left + until, top)], fill=INFERENCE, width=4)


def _write(page: Image.Image, left: int, top: int, text: str, size: int, colour: Colour) -> None:
    """Write on a strip of the page: the page is large, and lettering copies what it writes on."""
    if not text:
        return
    box = (left, max(0, top), WIDTH, min(page.height, top + 2 * size))
    strip = page.crop(box)
    lettering.write(strip, 0, 0, text, size, colour)
    page.paste(strip, box[:2])
