"""Fingerprints without some seconds: nothing is proposed or found by what was shown or heard in them.

For channel furniture: once it is known, later files are held without it, so that a report is compared with the few
that show the same, not with all that have the same intro. The small greys stay, which decide about whole copies.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.model import Fingerprint
from fingerprints import features, sound, video

_HEAD = 3 * 4 + 5 * 4  # bytes of a FRAMES payload before its hashes: three counts and five shares


@dataclass(frozen=True, slots=True)
class Masked:
    """Seconds that are masked; ``picture`` is false where only the sound is."""

    start: float
    seconds: float
    picture: bool = True

    @property
    def end(self) -> float:
        """The second at which they end."""
        return self.start + self.seconds


def masked(prints: Sequence[Fingerprint], stretches: Sequence[Masked]) -> tuple[Fingerprint, ...]:
    """The same fingerprints but for these seconds."""
    seen = [one for one in stretches if one.picture]
    masks = {
        video.FRAMES: lambda one: _frames(one, seen),
        video.ORB: lambda one: _points(one, seen),
        sound.CODES: lambda one: _codes(one, stretches, 1),
        sound.PITCHED: lambda one: _codes(one, stretches, len(sound.PITCHES)),
    }
    return tuple(replace(one, payload=masks[one.kind](one.payload)) if one.kind in masks else one for one in prints)


def _hidden(count: int, step: float, stretches: Sequence[Masked]) -> NDArray[np.bool_]:
    """Which of ``count`` moments, ``step`` seconds apart, lie in one of the stretches."""
    times = np.arange(count) * step
    inside = [(times >= one.start) & (times < one.end) for one in stretches]
    return np.any(inside, axis=0) if inside else np.zeros(count, bool)


def _frames(packed: bytes, stretches: Sequence[Masked]) -> bytes:
    """Frames of no quality are never asked for, nor asked about. Their quality lies behind both hashes of each."""
    quality = video.unpack(packed).quality.copy()
    start = _HEAD + 2 * 32 * len(quality)
    quality[_hidden(len(quality), video.PDQ_EVERY / video.RATE, stretches)] = 0
    return packed[:start] + quality.astype("<f4").tobytes() + packed[start + 4 * len(quality) :]


def _points(packed: bytes, stretches: Sequence[Masked]) -> bytes:
    """Hidden frames have no local features, upright or mirrored."""
    found = []
    while packed:
        one, packed = features.unpack(packed)
        found.append(one)
    hidden = np.tile(_hidden(len(found) // 2, video.ORB_EVERY / video.RATE, stretches), 2)
    kept = (features.NONE if hide else one for one, hide in zip(found, hidden, strict=True))
    return b"".join(features.pack(one) for one in kept)


def _codes(packed: bytes, stretches: Sequence[Masked], rows: int) -> bytes:
    """Hidden codes are pauses."""
    codes = sound.unpack(packed).reshape(rows, -1)
    codes[:, _hidden(codes.shape[1], sound.SECONDS_PER_CODE, stretches)] = sound.SILENT
    return codes.astype("<u4").tobytes()
