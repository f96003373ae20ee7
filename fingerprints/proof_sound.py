"""A voice note that proves: a stretch of this copy, a short tone, the same stretch of the other."""

import io

import av
import numpy as np
from numpy.typing import NDArray

from fingerprints import decode
from fingerprints.matching import Match
from fingerprints.media import Limits, Refused

RATE = 24_000  # Hz, one that Opus knows
SECONDS = 12.0  # of each side at most
BIT_RATE = 32_000
_TONE, _REST, _PITCH, _LOUD = 0.15, 0.25, 880.0, 0.1  # seconds, seconds, Hz, of full scale
Samples = NDArray[np.float32]


def compose(query_fd: int, reference_fd: int, match: Match, limits: Limits) -> bytes:
    """Both sides one after the other, Ogg Opus; Refused when nothing of the match can be heard."""
    if not match.spans or match.spans[0].seconds == 0:
        raise Refused("a still has no sound")
    span = match.spans[0]
    seconds = min(SECONDS, span.seconds)
    ours = stretch(query_fd, span.query_start, seconds, limits)
    theirs = stretch(reference_fd, span.reference_start, seconds * span.speed, limits)
    return encoded(np.concatenate([ours, _between(), theirs]))


def stretch(fd: int, start: float, seconds: float, limits: Limits) -> Samples:
    """Some seconds of a file's sound; Refused when it has none there."""
    heard = decode.sound(fd, limits, rate=RATE)
    part = heard.samples[int(start * RATE) : int((start + seconds) * RATE)]
    if not part.size:
        raise Refused(f"no sound from second {start:.1f} on")
    return part


def encoded(samples: Samples) -> bytes:
    """Samples at RATE as Telegram's voice notes are: Ogg Opus."""
    written = io.BytesIO()
    with av.open(written, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono", bit_rate=BIT_RATE)
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return written.getvalue()


def _between() -> Samples:
    rest = np.zeros(int(_REST * RATE), np.float32)
    tone = _LOUD * np.sin(2 * np.pi * _PITCH * np.arange(int(_TONE * RATE)) / RATE)
    return np.concatenate([rest, tone.astype(np.float32), rest])
