"""The best copy of a footage, and why: the longest, widest, least edited one with its first sound. Pure rules.

What was edited is told against the earliest copy that a copy was compared with, which in turn is told against the
earliest it was compared with: of two copies that differ the later one counts as changed. That is the likelier way
round, not a proof, so the words name the earliest copy. Which is longer and wider needs no such guess.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import prod, sqrt

from fingerprints.matching import Match

LONGER = 0.5  # seconds that make a copy longer
WIDER = 1.05  # times as many points across
ASIDE = 0.04  # of the frame: by so much a picture is moved or cut before it counts


class Merit(StrEnum):
    """Why a copy is the best. The values are words for programs and reports."""

    LONGEST = "longest"
    WIDEST = "widest"
    UNEDITED = "no edits found"
    SOUND = "sound as in the earliest copy"
    BARE = "without channel furniture"
    EARLIEST = "earliest of equal copies"
    ONLY = "only copy held"


class Flaw(StrEnum):
    """What speaks against a copy."""

    PARTLY_READ = "can't be read to its end"
    MIRRORED = "mirrored"
    CROPPED = "cropped"
    FRAMED = "within a larger frame"
    RETIMED = "at another speed"
    EDITED = "edited"
    OTHER_SOUND = "other sound than the earliest copy"
    NO_SOUND = "without sound"
    FURNITURE = "with channel furniture"


EQUAL = frozenset({Merit.EARLIEST, Merit.ONLY})  # no copy is better than this one
EDITS = frozenset({Flaw.MIRRORED, Flaw.CROPPED, Flaw.FRAMED, Flaw.RETIMED, Flaw.EDITED})
PRICE: Mapping[Flaw, float] = {  # what of its worth a copy keeps
    **dict.fromkeys(EDITS, 0.8),
    Flaw.PARTLY_READ: 0.7,
    Flaw.OTHER_SOUND: 0.7,
    Flaw.NO_SOUND: 0.75,
    Flaw.FURNITURE: 0.95,
}
Ties = Mapping[tuple[int, int], Match]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file of a footage. ``sounding``: it has a sound that can be compared; ``furniture``: seconds of it."""

    asset_id: int
    posted_at: datetime
    seconds: float = 0.0
    width: int = 0
    height: int = 0
    sounding: bool = False
    complete: bool = True  # the decoder read all of it
    furniture: float = 0.0


@dataclass(frozen=True, slots=True)
class Best:
    """The best copy with what speaks for it and against it."""

    asset_id: int
    merits: tuple[Merit, ...]
    flaws: tuple[Flaw, ...]

    @property
    def why(self) -> str:
        """In English words: ``longest, widest; mirrored``."""
        return "; ".join(", ".join(some) for some in (self.merits, self.flaws) if some)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A candidate: its seconds at the first speed without furniture, its width on the common picture, its flaws."""

    candidate: Candidate
    seconds: float
    width: float
    flaws: frozenset[Flaw]


def best(candidates: Sequence[Candidate], ties: Ties) -> Best | None:
    """Choose from the files of a footage; nothing when there is none.

    ``ties`` holds the match of (asset, other asset) from the asset's side, as far as they were compared.
    """
    if not candidates:
        return None
    judged = _judge(sorted(candidates, key=lambda one: (one.posted_at, one.asset_id)), ties)
    longest, widest = max(one.seconds for one in judged), max(one.width for one in judged)
    chosen = max(judged, key=lambda one: _worth(one, longest, widest))
    merits = _merits(chosen, judged) if len(judged) > 1 else [Merit.ONLY]
    return Best(chosen.candidate.asset_id, tuple(merits), tuple(flaw for flaw in Flaw if flaw in chosen.flaws))


def _worth(one: _Judged, longest: float, widest: float) -> float:
    """Length and width as shares of the most there is, each flaw at its price; of equal copies the first is taken."""
    length = one.seconds / longest if longest else 1.0
    width = one.width / widest if widest else 1.0
    return round(length * width * prod(PRICE[flaw] for flaw in one.flaws), 3)


def _merits(chosen: _Judged, judged: Sequence[_Judged]) -> list[Merit]:
    """In what the chosen copy is better than another one."""
    merits = []
    if min(one.seconds for one in judged) + LONGER < max(one.seconds for one in judged) < chosen.seconds + LONGER:
        merits.append(Merit.LONGEST)
    if min(one.width for one in judged) * WIDER < max(one.width for one in judged) < chosen.width * WIDER:
        merits.append(Merit.WIDEST)
    if not chosen.flaws & EDITS and any(one.flaws & EDITS for one in judged):
        merits.append(Merit.UNEDITED)
    silent = {Flaw.OTHER_SOUND, Flaw.NO_SOUND}
    if not chosen.flaws & silent and any(one.flaws & silent for one in judged):
        merits.append(Merit.SOUND)
    if Flaw.FURNITURE not in chosen.flaws and any(Flaw.FURNITURE in one.flaws for one in judged):
        merits.append(Merit.BARE)
    return merits or [Merit.EARLIEST]


def _judge(ordered: Sequence[Candidate], ties: Ties) -> list[_Judged]:
    """Every candidate against the earliest one that it was compared with."""
    heard = _first_sound(ordered, ties)
    judged: dict[int, _Judged] = {}
    speeds: dict[int, float] = {}
    for one in ordered:
        elder = next((other for other in judged.values() if (one.asset_id, other.candidate.asset_id) in ties), None)
        match = ties[one.asset_id, elder.candidate.asset_id] if elder is not None else None
        speed = _speed(match) * (speeds[elder.candidate.asset_id] if elder is not None else 1.0)
        speeds[one.asset_id] = speed
        edits = _edits(match, speed, elder.flaws & EDITS if elder is not None else frozenset())
        flaws = edits | _faults(one, heard, any(other.sounding for other in ordered))
        width = sqrt(one.width * one.height) * (_share(match) if match is not None else 1.0)
        judged[one.asset_id] = _Judged(one, (one.seconds - one.furniture) * speed, width, flaws)
    return list(judged.values())


def _faults(one: Candidate, heard: frozenset[int], any_sound: bool) -> frozenset[Flaw]:
    found = {
        Flaw.PARTLY_READ: not one.complete,
        Flaw.FURNITURE: one.furniture > 0,
        Flaw.OTHER_SOUND: one.sounding and one.asset_id not in heard,
        Flaw.NO_SOUND: any_sound and not one.sounding,
    }
    return frozenset(flaw for flaw, is_so in found.items() if is_so)


def _first_sound(ordered: Sequence[Candidate], ties: Ties) -> frozenset[int]:
    """The files with the sound of the earliest that has one, through whatever chain of copies."""
    ahead = [next((one.asset_id for one in ordered if one.sounding), 0)]
    heard = set(ahead)
    while ahead:
        here = ahead.pop()
        new = {one for (one, other), match in ties.items() if other == here and _same_sound(match)} - heard
        heard |= new
        ahead += new
    return frozenset(heard)


def _same_sound(match: Match) -> bool:
    return match.sound or match.relation == "identical"


def _speed(match: Match | None) -> float:
    return match.spans[0].speed if match is not None and match.spans else 1.0


def _edits(match: Match | None, speed: float, elder: frozenset[Flaw]) -> frozenset[Flaw]:
    """What was done to a copy, given what had been done to the one that it was compared with."""
    edits = set(elder) - {Flaw.RETIMED}
    if abs(speed - 1) > 0.02:
        edits.add(Flaw.RETIMED)
    if match is None:
        return frozenset(edits)
    if match.mirrored:
        edits ^= {Flaw.MIRRORED}
    moved = _moved(match)
    edits |= moved
    if match.relation == "edited" and not moved and abs(_speed(match) - 1) <= 0.02:
        edits.add(Flaw.EDITED)
    return frozenset(edits)


def _moved(match: Match) -> set[Flaw]:
    """Whether the copy shows less of the elder's picture, or it within a larger one."""
    if not match.geometry:
        return set()
    left, top, right, bottom = _outline(match.geometry)
    found = set()
    if min(left, top) < -ASIDE or max(right, bottom) > 1 + ASIDE:
        found.add(Flaw.CROPPED)
    if max(left, top) > ASIDE or min(right, bottom) < 1 - ASIDE:
        found.add(Flaw.FRAMED)
    return found


def _share(match: Match) -> float:
    """How much of the copy's width shows the elder's picture."""
    if not match.geometry:
        return 1.0
    left, top, right, bottom = (min(1.0, max(0.0, side)) for side in _outline(match.geometry))
    return sqrt((right - left) * (bottom - top))


def _outline(geometry: Sequence[float]) -> tuple[float, float, float, float]:
    """Where the elder's frame lies in the copy's, as an upright box in shares: left, top, right, bottom."""
    a, b, c, d, e, f = geometry
    across = [a * x + b * y + c for x in (0, 1) for y in (0, 1)]
    down = [d * x + e * y + f for x in (0, 1) for y in (0, 1)]
    return min(across), min(down), max(across), max(down)
