"""What a match says in words: which seconds are which, what is mirrored, what differs."""

from dataclasses import dataclass

from bot import words
from bot.words import clock

SHOWN_SPANS = 2
_WHOLE = frozenset({"identical", "same", "mirrored", "edited", "sped_up"})  # of which no seconds need be named


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
        parts.append(words.MIRRORED())
    if speeds := sorted({f"×{speed:.2f}" for *_, speed in likeness.spans if abs(speed - 1) > 0.02}):
        parts.append(words.speeds(", ".join(speeds)))
    if likeness.picture and likeness.both_sound and likeness.relation != "identical":
        parts.append(words.SAME_SOUND() if likeness.sound else words.OTHER_SOUND())
    if not likeness.certain:
        parts.append(words.uncertain(likeness.strength))
    return "; ".join(parts)


def _placed(likeness: Likeness, other: str) -> str:
    if likeness.relation == "frame" and likeness.spans:
        return words.frame_of(clock(likeness.spans[0][1]), other)
    timed = [span for span in likeness.spans if span[2] > 0]
    if likeness.relation in _WHOLE or not timed:
        return words.alike(likeness.relation, other)
    places = [
        words.stretch_of(stretch(mine, seconds), stretch(its, seconds * speed), other)
        for mine, its, seconds, speed in timed[:SHOWN_SPANS]
    ]
    more = f" {words.more_stretches(len(timed) - SHOWN_SPANS)}" if len(timed) > SHOWN_SPANS else ""
    told = ", ".join(places) + more
    return words.sound_only(told) if likeness.relation == "audio" else told


def spanned(likeness: Likeness) -> str:
    """The seconds of this copy that are alike."""
    return ", ".join(stretch(mine, seconds) for mine, _, seconds, _ in likeness.spans[:SHOWN_SPANS])


def stretch(start: float, seconds: float) -> str:
    """Seconds from when to when."""
    return f"{clock(start)}–{clock(start + seconds)}"
