"""What a match says in words: which seconds are which, what is mirrored, what differs."""

from dataclasses import dataclass

from bot import words
from bot.tongues import say
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
        parts.append(_speeds(", ".join(speeds)))
    if likeness.picture and likeness.both_sound and likeness.relation != "identical":
        parts.append(words.SAME_SOUND() if likeness.sound else words.OTHER_SOUND())
    if not likeness.certain:
        parts.append(_uncertain(likeness.strength))
    return "; ".join(parts)


def _placed(likeness: Likeness, other: str) -> str:
    if likeness.relation == "frame" and likeness.spans:
        return _frame_of(clock(likeness.spans[0][1]), other)
    timed = [span for span in likeness.spans if span[2] > 0]
    if likeness.relation in _WHOLE or not timed:
        return _alike(likeness.relation, other)
    places = [
        _stretch_of(stretch(mine, seconds), stretch(its, seconds * speed), other)
        for mine, its, seconds, speed in timed[:SHOWN_SPANS]
    ]
    more = f" {_more_stretches(len(timed) - SHOWN_SPANS)}" if len(timed) > SHOWN_SPANS else ""
    told = ", ".join(places) + more
    return _sound_only(told) if likeness.relation == "audio" else told


def spanned(likeness: Likeness) -> str:
    """The seconds of this copy that are alike."""
    return ", ".join(stretch(mine, seconds) for mine, _, seconds, _ in likeness.spans[:SHOWN_SPANS])


def stretch(start: float, seconds: float) -> str:
    """Seconds from when to when."""
    return f"{clock(start)}–{clock(start + seconds)}"


def _alike(relation: str, other: str) -> str:
    """How a copy resembles another as a whole."""
    phrase = words.LIKENESS_WORD.get(relation)
    return phrase().format(other=other) if phrase else say("looks like {other}", other=other)


def _frame_of(time: str, other: str) -> str:
    """Which second of another a picture shows."""
    return say("one frame: this picture is {time} of {other}", time=time, other=other)


def _stretch_of(mine: str, its: str, other: str) -> str:
    """Which seconds of this are which of another."""
    return say("{mine} of this is {its} of {other}", mine=mine, its=its, other=other)


def _more_stretches(number: int) -> str:
    """Stretches that are not named."""
    return say("(+{number} more)", number=number)


def _sound_only(stretches: str) -> str:
    """Only the sound is the same."""
    return say("the same sound: {stretches}; other pictures", stretches=stretches)


def _speeds(factors: str) -> str:
    """At which speeds a copy runs."""
    return say("speed {factors}", factors=factors)


def _uncertain(share: float) -> str:
    """A match of which a person has to judge."""
    return say("not certain ({share})", share=f"{share:.0%}")
