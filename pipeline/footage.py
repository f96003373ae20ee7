"""Which footage an asset belongs to, and what each of its sightings is: pure rules, no database.

A footage is one recording. An asset belongs to exactly one footage and may be a *part link* of others: a
compilation shows pieces of several recordings, a video may carry the sound of a known intercept. First seen is the
earliest post by posted time, whatever the order in which we happened to see the posts.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.model import Finding, FindingKind

MOSTLY = 0.5  # a longer copy belongs to the recording that makes up at least this share of it
NEARLY_ALL = 0.8  # of an asset, that an excerpt's elder must explain
WHOLE = frozenset({"identical", "same", "mirrored", "edited", "sped_up"})
PIECE = frozenset({"excerpt", "frame"})
UNCHANGED = frozenset({"identical", "same"})  # such a copy of furniture is furniture


@dataclass(frozen=True, slots=True)
class Likeness:
    """One match of an asset, seen from its side: the other asset, its home footage, and how they relate."""

    match_id: int
    other_id: int
    footage_id: int
    relation: str
    certain: bool
    strength: float
    covered: float  # share of this asset that the other explains, 0 to 1
    sound_only: bool = False  # this asset has no pictures
    furniture: bool = False  # one of the two footages is channel furniture: intros, logos, end cards

    @property
    def counts(self) -> bool:
        """Whether anything may be filed by it."""
        return self.certain and not self.furniture


@dataclass(frozen=True, slots=True)
class Filing:
    """Where an asset goes: the footage it belongs to (nothing = its own), those that join it, and its part links."""

    home: int | None
    joins: tuple[int, ...] = ()
    parts: tuple[int, ...] = ()


def told(relation: str, covered: float) -> str:
    """The relation from this asset's side: one told from the other's may call an excerpt what shows only a piece."""
    return "contains" if relation == "excerpt" and covered < NEARLY_ALL else relation


def file_asset(likenesses: Sequence[Likeness], apart: Collection[frozenset[int]] = ()) -> Filing:
    """Decide from the certain matches of an asset; possible ones are shown to a person and join nothing.

    ``apart`` are pairs of footages of which members say that they differ: a copy of both joins the stronger one, and
    does not make them one.
    """
    known = _by_footage(lk for lk in likenesses if lk.certain and lk.furniture and lk.relation in UNCHANGED)
    if known:
        return Filing(known[0])
    certain = [likeness for likeness in likenesses if likeness.counts]
    whole = _by_footage(likeness for likeness in certain if _is_whole(likeness))
    if whole:
        home, *joins = _together(whole, apart)
        return Filing(home, tuple(joins), _parts(certain, {home, *joins}, apart))
    piece = _by_footage(likeness for likeness in certain if likeness.relation in PIECE)
    if piece:
        return Filing(piece[0], (), _parts(certain, set(piece), apart))
    longer = _by_footage(likeness for likeness in certain if likeness.relation == "contains")
    if len(longer) == 1 and max(lk.covered for lk in certain if lk.footage_id == longer[0]) >= MOSTLY:
        return Filing(longer[0], (), _parts(certain, set(longer), apart))
    return Filing(None, (), _parts(certain, set(), apart))


def _together(footages: Iterable[int], apart: Collection[frozenset[int]]) -> list[int]:
    """The first footage and those that may be one with it and with each other."""
    kept: list[int] = []
    for footage in footages:
        if not any(frozenset({footage, other}) in apart for other in kept):
            kept.append(footage)
    return kept


def _is_whole(likeness: Likeness) -> bool:
    return likeness.relation in WHOLE or (likeness.relation == "audio" and likeness.sound_only)


def _by_footage(likenesses: Iterable[Likeness]) -> list[int]:
    """The footages of these matches, the strongest first; equal ones by age, so that the order is stable."""
    best: dict[int, float] = {}
    for likeness in likenesses:
        best[likeness.footage_id] = max(best.get(likeness.footage_id, 0.0), likeness.strength)
    return sorted(best, key=lambda footage: (-best[footage], footage))


def _parts(certain: Iterable[Likeness], taken: set[int], apart: Collection[frozenset[int]]) -> tuple[int, ...]:
    barred = {other for pair in apart if pair & taken for other in pair}
    linked = (lk for lk in certain if lk.relation in {"contains", "audio"} and lk.footage_id not in taken | barred)
    return tuple(_by_footage(linked))


@dataclass(frozen=True, slots=True)
class Appearance:
    """One sighting of an asset that belongs to the footage in question."""

    sighting_id: int
    asset_id: int
    channel_id: int
    message_id: int
    posted_at: datetime
    plain: bool = False

    @property
    def order(self) -> tuple[datetime, int, int]:
        """By posted time; channel and message decide between equal seconds."""
        return (self.posted_at, self.channel_id, self.message_id)


@dataclass(frozen=True, slots=True)
class Tie:
    """How an asset relates to another one: the relation and its strength, from the first one's side."""

    match_id: int | None
    relation: str
    strength: float


@dataclass(frozen=True, slots=True)
class Linked:
    """Another footage that an asset shows, or perhaps; ``earlier`` when it was posted before the asset."""

    footage_id: int
    tie: Tie
    earlier: bool


def findings(
    footage_id: int,
    appearances: Sequence[Appearance],
    ties: Mapping[tuple[int, int], Tie],
    parts: Mapping[int, Sequence[Linked]],
    possible: Mapping[int, Sequence[Linked]],
) -> list[Finding]:
    """What each sighting of a footage is, in order of posting.

    ``ties`` holds the relation of (asset, other asset); ``parts`` and ``possible`` are, per asset, the other
    footages it certainly or perhaps shows.
    """
    ordered = sorted(appearances, key=lambda appearance: appearance.order)
    if not ordered:
        return []
    first = ordered[0]
    filed = [_first(footage_id, first, parts.get(first.asset_id, ()), possible.get(first.asset_id, ()))]
    return filed + [_later(footage_id, appearance, ordered, ties, parts) for appearance in ordered[1:]]


def _first(footage_id: int, first: Appearance, parts: Sequence[Linked], possible: Sequence[Linked]) -> Finding:
    if first.plain:
        return Finding(first.sighting_id, FindingKind.PLAIN, footage_id)
    if known := [linked for linked in parts if linked.earlier]:
        best, *rest = known
        more = tuple(linked.footage_id for linked in rest)
        return _linked(first, FindingKind.REPOST, best.footage_id, best.tie, more)
    if maybe := [linked for linked in possible if linked.earlier]:
        more = tuple(linked.footage_id for linked in maybe)
        return _linked(first, FindingKind.POSSIBLE, footage_id, maybe[0].tie, more)
    return Finding(first.sighting_id, FindingKind.NEW, footage_id)


def _later(
    footage_id: int,
    appearance: Appearance,
    ordered: Sequence[Appearance],
    ties: Mapping[tuple[int, int], Tie],
    parts: Mapping[int, Sequence[Linked]],
) -> Finding:
    if appearance.plain:
        return Finding(appearance.sighting_id, FindingKind.PLAIN, footage_id)
    more = tuple(linked.footage_id for linked in parts.get(appearance.asset_id, ()) if linked.earlier)
    tie = _tie_to_earliest(appearance, ordered, ties)
    return _linked(appearance, FindingKind.REPOST, footage_id, tie, more)


def _tie_to_earliest(appearance: Appearance, ordered: Sequence[Appearance], ties: Mapping[tuple[int, int], Tie]) -> Tie:
    """The relation to the earliest copy that this one was compared with; equal bytes are identical."""
    for earlier in ordered:
        if earlier.sighting_id == appearance.sighting_id:
            continue
        if earlier.asset_id == appearance.asset_id:
            return Tie(None, "identical", 1.0)
        if tie := ties.get((appearance.asset_id, earlier.asset_id)):
            return tie
    return Tie(None, "same", 0.0)


def _linked(appearance: Appearance, kind: FindingKind, footage_id: int, tie: Tie, parts: tuple[int, ...]) -> Finding:
    return Finding(appearance.sighting_id, kind, footage_id, tie.relation, tie.strength, tie.match_id, parts)
