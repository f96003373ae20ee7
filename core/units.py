"""Durations and sizes as people write them: ``"3 s"``, ``"2 h"``, ``"20 MB"``."""

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_AMOUNT = re.compile(r"^\s*(?P<number>\d{1,12}(?:\.\d{1,6})?)\s*(?P<unit>[A-Za-z]+)\s*$", re.ASCII)


def parse_duration(text: object) -> float:
    """Seconds in ``"1.5 h"``; a bare number or an unknown unit is a ValueError that lists the units."""
    number, unit = _split(text, _SECONDS, "a duration")
    return number * _SECONDS[unit]


def parse_size(text: object) -> int:
    """Bytes in ``"20 MB"``; a bare number or an unknown unit is a ValueError that lists the units."""
    number, unit = _split(text, _BYTES, "a size")
    return round(number * _BYTES[unit])


def format_duration(seconds: float) -> str:
    """Seconds as ``parse_duration`` reads them, in the largest unit that keeps the number whole."""
    for unit in ("d", "h", "min", "s"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0:
            return f"{_plain(seconds / _SECONDS[unit])} {unit}"
    return f"{_plain(seconds)} s" if seconds >= 1 or seconds == 0 else f"{_plain(seconds * 1000)} ms"


def span(seconds: float) -> str:
    """A span of time in two units at most: ``2 d 3 h``, ``20 min``."""
    minutes = int(seconds // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (rest, "min")) if count]
    return " ".join(parts[:2]) or "less than a minute"


def format_size(size: int) -> str:
    """Bytes as ``parse_size`` reads them, cut to one decimal."""
    for unit in ("TB", "GB", "MB", "kB"):
        if size >= _BYTES[unit]:
            return f"{_plain(round(size / _BYTES[unit], 1))} {unit}"
    return f"{size} B"


def _plain(number: float) -> str:
    """Without exponent and without zeros that say nothing, to the third decimal."""
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _split(text: object, units: dict[str, float] | dict[str, int], what: str) -> tuple[float, str]:
    found = _AMOUNT.match(text) if isinstance(text, str) else None
    if not found or found["unit"] not in units:
        raise ValueError(
            f'{text!r} is not {what}; write a number and a unit ({", ".join(units)}), like "3 {next(iter(units))}"'
        )
    return float(found["number"]), found["unit"]


Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
Size = Annotated[int, BeforeValidator(parse_size), PlainSerializer(format_size)]
