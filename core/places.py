"""What people write when they mean a place: coordinates in any usual form, map links, a name; and distances.

The one module that knows the address forms of map services; nothing is ever fetched.
"""

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import parse_qs, unquote_plus, urlsplit

EARTH = 6371.0088  # km, mean radius
MAP = "https://www.openstreetmap.org/?mlat={0:.5f}&mlon={1:.5f}#map={2}/{0:.5f}/{1:.5f}"
_DECIMAL = r"[+-]?\d{1,3}(?:\.\d{1,15})?"
_PAIR = re.compile(
    rf"(?<![\w.+-])(?P<north>[NSns])?\s*(?P<lat>{_DECIMAL})°?\s*(?P<after_lat>[NSns])?"
    rf"(?:\s*[,;/]\s*|\s+)(?P<east>[EWew])?\s*(?P<lon>{_DECIMAL})°?\s*(?P<after_lon>[EWew])?(?![\w.°])",
    re.ASCII,
)
_COMMAS = re.compile(
    r"(\d),(\d{3,15}(?:\s*;\s*|\s+)[+-]?\d{1,3}),(\d{3,15})", re.ASCII
)  # decimals as in Russian or French
_SEXAGESIMAL = re.compile(
    r"""(?P<d>\d{1,3})\s*[°º]\s*(?:(?P<m>\d{1,2}(?:\.\d+)?)\s*['’′]\s*)?(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:"|”|″|'')\s*)?"""
    r"(?P<side>[NSEWnsew])",
    re.ASCII,
)
_SURE = 3  # decimals from which two bare numbers can't be dates, prices or scores
_LINK = re.compile(r"(?:https?://|geo:)\S+", re.ASCII)
_IN_PATH = re.compile(rf"@(?P<lat>{_DECIMAL}),(?P<lon>{_DECIMAL})", re.ASCII)
_PIN = re.compile(rf"!3d(?P<lat>{_DECIMAL})!4d(?P<lon>{_DECIMAL})", re.ASCII)
_OSM = re.compile(rf"map=\d+(?:\.\d+)?/(?P<lat>{_DECIMAL})/(?P<lon>{_DECIMAL})", re.ASCII)
_NAMED_IN_PATH = re.compile(r"/place/(?P<name>[^/@]{1,120})")
_LATITUDE_FIRST = ("q", "query", "ll", "center", "cp", "daddr", "destination", "mlat", "lat")
_LONGITUDE_FIRST = ("pt", "ll", "whatshere[point]", "m")
_FROM_EAST = ("yandex.", "2gis.")  # services that write longitude first


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees of latitude and longitude."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Written:
    """A place as it was written: a point, a name, or both."""

    name: str
    point: Point | None


def read_place(text: str) -> Written | None:
    """The place that ``text`` means: with coordinates or a map link in it, else by name; nothing for empty words.

    A link that gives away no coordinates is no place: its words are an address, not a name.
    """
    if located := read_point(text, decimals=1):
        return located
    name = " ".join(text.split()).strip(" ,;")
    return Written(name, None) if name and not _LINK.search(name) else None


def read_point(text: str, *, decimals: int = _SURE) -> Written | None:
    """The coordinates or the map link in ``text``, and the name beside them; nothing without a point on the globe.

    Bare numbers count as coordinates from this many ``decimals`` on.
    """
    if link := _LINK.search(text):
        point, named = _linked(link[0]), _place_name(link[0])
        rest = _rest(text, link.start(), link.end())
        return Written(rest or named, point) if point else None
    text = _COMMAS.sub(r"\1.\2.\3", text)
    if found := _sexagesimal(text):
        point, start, end = found
        return Written(_rest(text, start, end), point)
    for pair in _PAIR.finditer(text):
        if (_sided(pair) or _decimals(pair) >= decimals) and (point := _signed(pair)):
            return Written(_rest(text, pair.start(), pair.end()), point)
    return None


def distance(one: Point, other: Point) -> float:
    """Kilometres along a great circle, by the haversine formula."""
    north, south = math.radians(one.latitude), math.radians(other.latitude)
    half = math.sin((south - north) / 2) ** 2
    half += math.cos(north) * math.cos(south) * math.sin(math.radians(other.longitude - one.longitude) / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(half)))


def map_link(point: Point, zoom: int = 15) -> str:
    """Where a reader can look at a point."""
    return MAP.format(point.latitude, point.longitude, zoom)


def degrees(point: Point) -> str:
    """A point as people copy it: to five decimals, which is a metre."""
    return f"{point.latitude:.5f}, {point.longitude:.5f}"


def _point(latitude: float, longitude: float) -> Point | None:
    return Point(latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _sided(pair: re.Match[str]) -> bool:
    return bool((pair["north"] or pair["after_lat"]) and (pair["east"] or pair["after_lon"]))


def _decimals(pair: re.Match[str]) -> int:
    """The fewer decimals of the two numbers."""
    return min(len(pair[part].partition(".")[2]) for part in ("lat", "lon"))


def _signed(pair: re.Match[str]) -> Point | None:
    north, east = pair["north"] or pair["after_lat"] or "N", pair["east"] or pair["after_lon"] or "E"
    latitude = float(pair["lat"]) * (-1 if north in "Ss" else 1)
    return _point(latitude, float(pair["lon"]) * (-1 if east in "Ww" else 1))


def _sexagesimal(text: str) -> tuple[Point, int, int] | None:
    """Degrees, minutes and seconds with their sides, in either order."""
    parts = list(_SEXAGESIMAL.finditer(text))
    for first, second in pairwise(parts):
        sides = {first["side"].upper(): first, second["side"].upper(): second}
        north = next((sides[side] for side in "NS" if side in sides), None)
        east = next((sides[side] for side in "EW" if side in sides), None)
        if north and east and (point := _point(_turned(north), _turned(east))):
            return point, first.start(), second.end()
    return None


def _turned(part: re.Match[str]) -> float:
    size = float(part["d"]) + float(part["m"] or 0) / 60 + float(part["s"] or 0) / 3600
    return -size if part["side"] in "SsWw" else size


def _linked(link: str) -> Point | None:
    """The point that a map link marks; the pin before the middle of the view."""
    if link.startswith("geo:"):
        return _decimal_pair(link.removeprefix("geo:"), swapped=False)
    for form in (_PIN, _IN_PATH):
        if found := form.search(link):
            return _point(float(found["lat"]), float(found["lon"]))
    try:
        address = urlsplit(link)
    except ValueError:  # a broken bracket in what looks like a host
        return None
    fields = parse_qs(address.query)
    fields |= {name: value for name, value in parse_qs(address.fragment).items() if name not in fields}
    from_east = any(service in address.netloc for service in _FROM_EAST)
    if point := _asked(fields, from_east=from_east):
        return point
    found = _OSM.search(link)
    return _point(float(found["lat"]), float(found["lon"])) if found else None


def _asked(fields: dict[str, list[str]], *, from_east: bool) -> Point | None:
    for latitude, longitude in (("mlat", "mlon"), ("lat", "lon"), ("lat", "lng")):
        if latitude in fields and longitude in fields:
            return _decimal_pair(f"{fields[latitude][0]},{fields[longitude][0]}", swapped=False)
    for name in _LONGITUDE_FIRST if from_east else _LATITUDE_FIRST:
        if name in fields and (point := _decimal_pair(fields[name][0], swapped=from_east)):
            return point
    return None


def _decimal_pair(text: str, *, swapped: bool) -> Point | None:
    found = re.match(rf"(?:loc:)?\s*({_DECIMAL})\s*[,~ ]\s*({_DECIMAL})", text, re.ASCII)
    if found is None:
        return None
    first, second = float(found[1]), float(found[2])
    return _point(second, first) if swapped else _point(first, second)


def _place_name(link: str) -> str:
    found = _NAMED_IN_PATH.search(link)
    name = unquote_plus(found["name"]) if found else ""
    return "" if _PAIR.search(name) or _SEXAGESIMAL.search(name) else " ".join(name.split())


def _rest(text: str, start: int, end: int) -> str:
    """What stands beside the coordinates: the name."""
    return " ".join(f"{text[:start]} {text[end:]}".split()).strip(" ,;()[]")
