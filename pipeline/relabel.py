"""The relabel alarm's rule: what a copy of judged or located footage says that can't be so. Pure.

A caption contradicts only when *none* of the places that it names can be the footage's, or *every* day that it names
lies after the day on which the footage was already held: a caption that names the true place or day beside others is
no relabel. Mirrored pictures and other sound are told as such.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from core.places import distance
from pipeline.dates import Named
from pipeline.gazetteer import Mention, Place

NEAR = 50.0  # km between places that may be one: towns and what lies around them
REGION_NEAR = 250.0  # km, when the team knows only the region
TOLERANCE = timedelta(days=1)  # time zones, and captions that say "tonight"


class Contrast(StrEnum):
    """In what a copy differs from what is known."""

    PLACE = "place"
    DATE = "date"
    MIRRORED = "mirrored"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a copy says against what is known. ``key`` is equal for equal claims in all wordings."""

    contrast: Contrast
    said: str = ""
    known: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a footage: where it may be, and since when it is held.

    ``places`` are where the team says; ``named`` are all places that bear a name which the team or the earliest
    caption used: the gazetteer knows no villages, and the village meant may be the namesake of a town elsewhere.
    """

    places: tuple[Place, ...]
    named: frozenset[Place]
    place_said: str
    since: datetime
    only_region: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """What a copy says of itself: places and days in its caption, and how it differs from its elder."""

    mentions: tuple[Mention, ...] = ()
    days: tuple[Named, ...] = ()
    mirrored: bool = False
    other_sound: bool = False


def contradictions(held: Held, claims: Claims) -> tuple[Contradiction, ...]:
    """Everything in which a copy contradicts what is held, the caption first."""
    found = [*_of_place(held, claims.mentions), *_of_date(held, claims.days)]
    if claims.mirrored:
        found.append(Contradiction(Contrast.MIRRORED, key="mirrored"))
    if claims.other_sound:
        found.append(Contradiction(Contrast.SOUND, key="sound"))
    return tuple(found)


def news(found: Iterable[Contradiction], known_keys: Iterable[tuple[Contrast, str]]) -> tuple[Contradiction, ...]:
    """The contradictions that no earlier copy brought: further copies of one wave are not told loudly again."""
    known = set(known_keys)
    return tuple(one for one in found if (one.contrast, one.key) not in known)


def _of_place(held: Held, mentions: Sequence[Mention]) -> list[Contradiction]:
    if not held.places or not mentions or any(may_be(mention, held) for mention in mentions):
        return []
    said = ", ".join(mention.said for mention in mentions[:3])
    return [Contradiction(Contrast.PLACE, said, held.place_said, mentions[0].name)]


def may_be(mention: Mention, held: Held) -> bool:
    """Whether a named place can be where the footage was made, as far as anybody knows."""
    if not held.named.isdisjoint(mention.places):
        return True
    return any(_same(named, place, mention, held) for named in mention.places for place in held.places)


def _same(named: Place, place: Place, mention: Mention, held: Held) -> bool:
    if named.point is None or place.point is None:
        return not (named.country and place.country) or named.country == place.country
    if (
        (mention.region or held.only_region)
        and named.region
        and (named.country, named.region)
        == (
            place.country,
            place.region,
        )
    ):
        return True
    return distance(named.point, place.point) <= (REGION_NEAR if held.only_region else NEAR)


def _of_date(held: Held, days: Sequence[Named]) -> list[Contradiction]:
    latest = (held.since + TOLERANCE).date()
    if not days or any(named.day <= latest for named in days):
        return []
    first = min(days, key=lambda named: named.day)
    return [Contradiction(Contrast.DATE, _told(first), f"{held.since:%-d %b %Y}", "later")]


def _told(named: Named) -> str:
    return f"{named.said} ({_written(named.day)})" if not any(sign.isdigit() for sign in named.said) else named.said


def _written(day: date) -> str:
    return f"{day:%-d %b %Y}"
