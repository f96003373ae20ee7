"""How a footage spread: which post hangs on which, by Telegram's own forward header or by likeness alone. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fingerprints.spread import Tie
from storage.footage import FootageSighting

MOST_ROWS, LAST_ROWS, BARS = 18, 5, 36


@dataclass(frozen=True, slots=True)
class Hung:
    """A post and what it hangs on: the place of its parent among the posts, if that is held."""

    seen: FootageSighting
    tie: Tie
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A post that is drawn, or ``omitted`` ones that are not; ``parent`` counts among what is drawn."""

    hung: Hung | None
    parent: int | None = None
    omitted: int = 0


def hang(seen: Sequence[FootageSighting]) -> tuple[Hung, ...]:
    """Each post, in order of posting, with its tie: a forward hangs on the post that its header names, if held."""
    posts = _posts(seen)
    places = {(one.sighting.channel_id, one.sighting.message_id): place for place, one in enumerate(posts)}
    return tuple(_hung(one, place, places) for place, one in enumerate(posts))


def chosen(hung: Sequence[Hung]) -> tuple[Shown, ...]:
    """What a picture has room for: the first posts, the last ones, and how many lie between."""
    if len(hung) <= MOST_ROWS:
        return tuple(Shown(one, one.parent) for one in hung)
    first, last = MOST_ROWS - LAST_ROWS - 1, len(hung) - LAST_ROWS
    kept = {place: place for place in range(first)} | {last + number: first + 1 + number for number in range(LAST_ROWS)}
    rows = [Shown(hung[place], _moved(hung[place].parent, kept, first)) for place in kept]
    rows.insert(first, Shown(None, omitted=last - first))
    return tuple(rows)


def over_time(hung: Sequence[Hung]) -> tuple[tuple[int, int], ...]:
    """How many (forwards, other posts) each of equal stretches of time brought."""
    if not hung:
        return ()
    times = [one.seen.sighting.posted_at for one in hung]
    start, length = min(times), max(times) - min(times)
    bars = [[0, 0] for _ in range(BARS)]
    for one, at in zip(hung, times, strict=True):
        bars[_stretch(at, start, length)][0 if one.tie is Tie.FORWARD else 1] += 1
    return tuple((forwards, others) for forwards, others in bars)


def _posts(seen: Sequence[FootageSighting]) -> list[FootageSighting]:
    """Each post once, whatever the number of its files."""
    posts: dict[tuple[int, int], FootageSighting] = {}
    for one in seen:
        posts.setdefault((one.sighting.channel_id, one.sighting.message_id), one)
    return list(posts.values())


def _hung(one: FootageSighting, place: int, places: dict[tuple[int, int], int]) -> Hung:
    header = one.forward
    if header is not None:
        named = (header.channel_id, header.message_id)
        origin = places.get((named[0], named[1])) if named[0] is not None and named[1] is not None else None
        return Hung(one, Tie.FORWARD, origin if origin is not None and origin < place else None)
    return Hung(one, Tie.ALIKE, 0) if place else Hung(one, Tie.FIRST)


def _moved(parent: int | None, kept: dict[int, int], gap: int) -> int | None:
    return None if parent is None else kept.get(parent, gap)


def _stretch(at: datetime, start: datetime, length: timedelta) -> int:
    return min(BARS - 1, int(BARS * ((at - start) / length))) if length else 0
