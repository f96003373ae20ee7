"""Days named in captions (``23 октября``, ``le 1er mai 2022``, ``10월 18일``, ``18.10.2024``, ``today``), by the CLDR.

Day before month where only numbers stand, as in all five languages' channels; a day without a year is the last one
before the posting.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from babel import Locale

from pipeline.gazetteer import LANGUAGES
from storage.search import fold

EARLIEST_YEAR = 1990
TIME_ZONES = timedelta(days=1)  # a channel's day may begin before ours
_RELATIVE: Mapping[str, int] = {
    **dict.fromkeys(("today", "сегодня", "сьогодні", "aujourd’hui", "aujourd'hui", "오늘"), 0),
    **dict.fromkeys(("yesterday", "вчера", "вчора", "учора", "hier", "어제"), -1),
}
_DAY_MONTH = re.compile(
    r"(?<![\d.:/])(?P<day>\d{1,2})(?:st|nd|rd|th|er|-?го)?\s+(?:of\s+)?(?P<month>[^\W\d_]{3,12})\.?(?:,?\s+(?P<year>\d{4}))?"
)
_MONTH_DAY = re.compile(
    r"(?P<month>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{4}))?(?![\d:.])"
)
_KOREAN = re.compile(r"(?:(?P<year>\d{4})\s*년\s*)?(?P<month>\d{1,2})\s*월\s*(?P<day>\d{1,2})\s*일")
_NUMERIC = re.compile(r"(?<![\d.,:/])(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4}|\d{2})(?![\d./])")
_ISO = re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?!\d)")
_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Named:
    """A day, and the words that name it."""

    said: str
    day: date


def days_named(text: str, posted_at: datetime) -> tuple[Named, ...]:
    """The days up to its posting that a text names, each once: what was filmed can't lie ahead, what is announced may.

    In no order that means anything.
    """
    found: dict[date, Named] = {}
    for form in (_ISO, _NUMERIC, _KOREAN, _DAY_MONTH, _MONTH_DAY):
        for match in form.finditer(text):
            if day := _day(match, posted_at.date()):
                found.setdefault(day, Named(match[0].strip(), day))
    for named in _relative(text, posted_at.date()):
        found.setdefault(named.day, named)
    return tuple(named for named in found.values() if named.day <= posted_at.date() + TIME_ZONES)


def _relative(text: str, posted: date) -> Iterator[Named]:
    for match in _WORD.finditer(text):
        if (days := _RELATIVE.get(match[0].casefold())) is not None:
            yield Named(match[0], posted + timedelta(days=days))


def _day(match: re.Match[str], posted: date) -> date | None:
    written = match["month"]
    month = int(written) if written.isdigit() else _months().get(fold(written))
    if month is None:
        return None
    number, year = int(match["day"]), match["year"]
    if year is None:
        return _nearest(number, month, posted)
    return _real(int(year) + (2000 if len(year) == 2 else 0), month, number)


def _nearest(number: int, month: int, posted: date) -> date | None:
    """The last day of that name up to the posting."""
    days = [_real(year, month, number) for year in range(posted.year - 4, posted.year + 2)]  # 29 February is rare
    return max((day for day in days if day and day <= posted + TIME_ZONES), default=None)


def _real(year: int, month: int, number: int) -> date | None:
    if not EARLIEST_YEAR <= year <= date.max.year:
        return None
    try:
        return date(year, month, number)
    except ValueError:
        return None


@cache
def _months() -> Mapping[str, int]:
    """Every name of a month, folded, in the forms that stand beside a day or alone."""
    names: dict[str, int] = {}
    for language in LANGUAGES:
        months = Locale(language).months
        for form, width in (("format", "wide"), ("stand-alone", "wide"), ("format", "abbreviated")):
            for number, name in months[form][width].items():
                names.setdefault(fold(name), number)
    return names
