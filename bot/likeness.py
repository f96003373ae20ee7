"""What a match says in words: which seconds are which, what is mirrored, what differs."""

from dataclasses import dataclass

from bot.words import clock

SHOWN_SPANS = 2

_WHAT = {
    "identical": "the same file",
    "same": "the same recording",
    "mirrored": "the same recording",
    "edited": "the same recording, edited (cropped, overlaid or re-framed)",
    "sped_up": "the same recording at another speed",
    "excerpt": "a piece",
    "contains": "contains a piece",
    "frame": "one frame",
    "audio": "the same sound under other pictures",
}


@dataclass(frozen=True, slots=True)
class Likeness:
    """How one copy resembles another. ``spans``: (start in this, start in the other, seconds of this, speed)."""

    relation: str
    certain: bool
    strength: float
    spans: tuple[tuple[float, float, float, float], ...] = ()
    mirrored: bool = False
    picture: bool = True
    sound: bool = False
    both_sound: bool = False  # both files have sound, so that a sound that does not match is a difference
    furnishable: int | None = None  # the match, when all it rests on may be channel furniture


def describe(likeness: Likeness, other: str) -> str:
    """The sentence of a match between this copy and ``other`` (a label like ``#F12``)."""
    parts = [_placed(likeness, other)]
    if likeness.mirrored:
        parts.append("mirrored")
    if speeds := sorted({f"×{speed:.2f}" for *_, speed in likeness.spans if abs(speed - 1) > 0.02}):
        parts.append("speed " + ", ".join(speeds))
    if likeness.picture and likeness.both_sound and likeness.relation != "identical":
        parts.append("same sound" if likeness.sound else "sound differs")
    if not likeness.certain:
        parts.append(f"not certain ({likeness.strength:.0%})")
    return "; ".join(parts)


def _placed(likeness: Likeness, other: str) -> str:
    what = _WHAT.get(likeness.relation, "looks alike")
    if likeness.relation == "frame" and likeness.spans:
        return f"{what}: this picture is {clock(likeness.spans[0][1])} of {other}"
    timed = [span for span in likeness.spans if span[2] > 0]
    if likeness.relation in {"identical", "same", "mirrored", "edited", "sped_up"} or not timed:
        return f"{what} as {other}" if what.startswith("the same") else f"{what} of {other}"
    places = [
        f"{stretch(mine, seconds)} of this is {stretch(its, seconds * speed)} of {other}"
        for mine, its, seconds, speed in timed[:SHOWN_SPANS]
    ]
    more = f" (+{len(timed) - SHOWN_SPANS} more)" if len(timed) > SHOWN_SPANS else ""
    told = ", ".join(places) + more
    return f"the same sound: {told}; other pictures" if likeness.relation == "audio" else told


def spanned(likeness: Likeness) -> str:
    """The seconds of this copy that are alike."""
    return ", ".join(stretch(mine, seconds) for mine, _, seconds, _ in likeness.spans[:SHOWN_SPANS])


def stretch(start: float, seconds: float) -> str:
    """Seconds from when to when."""
    return f"{clock(start)}–{clock(start + seconds)}"
