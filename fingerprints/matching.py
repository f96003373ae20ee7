"""What comparing two fingerprints gives: a relation with its spans and its evidence."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Self

_OTHER_SIDE = {"excerpt": "contains", "contains": "excerpt", "frame": "contains"}


@dataclass(frozen=True, slots=True)
class Span:
    """Which seconds are alike: ``seconds`` of the query; in them the reference runs through ``speed`` times as many."""

    query_start: float
    reference_start: float
    seconds: float
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Match:
    """Measured likeness of a query to a reference.

    ``relation`` is identical, same, excerpt, contains, mirrored, edited, frame or audio, from the query's side.
    ``strength`` is 0 to 1. ``evidence`` names what decided: bytes, pdq, orb, motion or sound. ``picture`` and ``sound``
    say what is alike. ``geometry`` takes reference to query points (2 x 3, shares of width and height), row by row.
    """

    relation: str
    certain: bool
    strength: float
    evidence: str
    mirrored: bool = False
    spans: tuple[Span, ...] = ()
    picture: bool = True
    sound: bool = False
    geometry: tuple[float, ...] = ()

    def to_json(self) -> str:
        """As text for storage and for the process that draws."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A match from what ``to_json`` wrote."""
        fields = json.loads(text)
        spans = tuple(Span(**span) for span in fields.pop("spans"))
        return cls(**{**fields, "spans": spans, "geometry": tuple(fields["geometry"])})


def flip(match: Match) -> Match:
    """The same match told from the reference's side."""
    spans = tuple(
        Span(span.reference_start, span.query_start, span.seconds * span.speed, 1 / span.speed) for span in match.spans
    )
    still = any(span.seconds == 0 for span in match.spans)  # a picture in a video lasts no time
    relation = "frame" if still and match.relation == "contains" else _OTHER_SIDE.get(match.relation, match.relation)
    return replace(match, relation=relation, spans=spans, geometry=_inverse(match.geometry))


def _inverse(geometry: tuple[float, ...]) -> tuple[float, ...]:
    if not geometry:
        return ()
    a, b, c, d, e, f = geometry
    scale = a * e - b * d
    return (
        e / scale,
        -b / scale,
        (b * f - c * e) / scale,
        -d / scale,
        a / scale,
        (c * d - a * f) / scale,
    )
