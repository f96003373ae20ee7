"""Lists of channels to watch: a text file with one channel a line, or a table (CSV) with the team's labels."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO

from core.errors import InputError
from core.ids import parse_channel
from core.model import Tier

LOOK_UP_SECONDS = 60.0  # a name, in the long run of a day
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Listed:
    """A channel to watch, how closely, and how the team labels it."""

    channel: str
    tier: str = str(Tier.JOINED)
    side: str = ""
    language: str = ""
    country: str = ""
    notes: str = ""


COLUMNS = tuple(column.name for column in fields(Listed))


def checked(listed: Listed) -> Listed:
    """The same, or an InputError that says what is wrong with it."""
    if parse_channel(listed.channel) is None:
        raise InputError(f"{listed.channel}: not a channel; give @name, a t.me link or the numeric id")
    watched = [str(tier) for tier in Tier if tier is not Tier.IMPORTED]
    if listed.tier not in watched:
        raise InputError(f"{listed.channel}: {listed.tier} is no tier; choose {', '.join(watched)}")
    return listed


def read_list(path: Path) -> list[Listed]:
    """The channels of a list file; empty lines and what follows # in a text file are left out."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: can't be read as text ({error})") from error
    lines = text.splitlines()
    if lines and "channel" in next(csv.reader(lines[:1])):
        return [_from_row(path, number, row) for number, row in enumerate(csv.DictReader(lines), start=2)]
    named = [line.partition("#")[0].strip() for line in lines]
    return [checked(Listed(name)) for name in named if name]


def _from_row(path: Path, number: int, row: Mapping[str | None, str | None]) -> Listed:
    unknown = [str(name) for name in row if name not in COLUMNS]
    if unknown:
        raise InputError(f"{path}: line {number}: unknown column {unknown[0]}; known are {', '.join(COLUMNS)}")
    given = {name: (row.get(name) or "").strip() for name in COLUMNS}
    return checked(Listed(**{**given, "tier": given["tier"] or str(Tier.JOINED)}))


def write_list(listed: Iterable[Listed], file: IO[str]) -> None:
    """Write a table that ``read_list`` reads."""
    table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(one) for one in listed)


def look_ups(listed: Iterable[Listed]) -> int:
    """How many names must at most be looked up; numbers and public pages cost nothing, nor do joined channels."""
    named = [one for one in listed if one.tier != Tier.PREVIEW]
    return sum(1 for one in named if (ref := parse_channel(one.channel)) is not None and ref.username is not None)


def seconds_until_ready(names: int, per_day: int) -> float:
    """How long looking up so many names takes at the pace that is harmless, when nothing else waits."""
    whole_days, rest = divmod(max(names - 1, 0), per_day)
    return whole_days * DAY + rest * LOOK_UP_SECONDS
