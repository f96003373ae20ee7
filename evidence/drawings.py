"""Drawings of the case report as numbers for SVG: where the dots of a timeline and of a map lie. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.model import Location

WIDTH, LABEL, ROW = 900, 220, 26  # pixels: of a drawing, of its row labels, of a row's height
MAP_HEIGHT = 420
_MARGIN = 24
_SMALLEST = 0.02  # degrees that a map shows at least: about two kilometres
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a drawing, with the words that belong to it."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Who posted when: a row per channel, in order of its first post."""

    height: int
    labels: tuple[Dot, ...]
    dots: tuple[Dot, ...]
    ticks: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """Points between the parallels and meridians that frame them; north is up."""

    points: tuple[Dot, ...]
    meridians: tuple[Dot, ...]
    parallels: tuple[Dot, ...]


def timeline(posted: Sequence[tuple[str, datetime]]) -> Timeline:
    """The drawing of posts as (channel, time)."""
    ordered = sorted(posted, key=lambda one: one[1])
    rows = {name: number for number, name in enumerate(dict.fromkeys(name for name, _ in ordered))}
    first, last = ordered[0][1], ordered[-1][1]
    span = max(last - first, timedelta(minutes=1))

    def across(at: datetime) -> float:
        return round(LABEL + (WIDTH - LABEL - _MARGIN) * ((at - first) / span), 1)

    def down(name: str) -> int:
        return ROW * rows[name] + ROW // 2

    return Timeline(
        ROW * len(rows) + ROW,
        tuple(Dot(0, down(name), name) for name in rows),
        tuple(Dot(across(at), down(name), f"{name}, {at:%Y-%m-%d %H:%M:%S} UTC") for name, at in ordered),
        tuple(Dot(across(at), 0, f"{at:%Y-%m-%d %H:%M}") for at in (first, last) if at == first or last > first),
    )


def places(located: Sequence[tuple[str, Location]]) -> Map | None:
    """The map of places with coordinates; nothing when there are none."""
    known = [(name, one.latitude, one.longitude) for name, one in located]
    points = [(name, lat, lon) for name, lat, lon in known if lat is not None and lon is not None]
    if not points:
        return None
    south, north = _frame([lat for _, lat, _ in points])
    west, east = _frame([lon for _, _, lon in points])

    def across(lon: float) -> float:
        return round(_MARGIN + (WIDTH - 2 * _MARGIN) * (lon - west) / (east - west), 1)

    def down(lat: float) -> float:
        return round(_MARGIN + (MAP_HEIGHT - 2 * _MARGIN) * (north - lat) / (north - south), 1)

    return Map(
        tuple(Dot(across(lon), down(lat), name) for name, lat, lon in points),
        tuple(Dot(across(lon), 0, f"{lon:.3f}°") for lon in _steps(west, east)),
        tuple(Dot(0, down(lat), f"{lat:.3f}°") for lat in _steps(south, north)),
    )


def _frame(values: Sequence[float]) -> tuple[float, float]:
    middle, half = (min(values) + max(values)) / 2, (max(values) - min(values)) / 2
    half = max(half * 1.2, _SMALLEST / 2)
    return middle - half, middle + half


def _steps(low: float, high: float) -> list[float]:
    return [low + (high - low) * number / (_TICKS - 1) for number in range(_TICKS)]
