"""Sound as a row of 32-bit sub-fingerprints, after Haitsma and Kalker (ISMIR 2002).

Each bit is the sign of the change in time of the energy difference between neighbouring bands: 33 bands from 300 to
2000 Hz, windows of 0.37 s every 46 ms. Two sounds are alike where few bits differ along one offset.
"""

import numpy as np
from numpy.typing import NDArray

from core.model import Fingerprint

RATE = 8000
WINDOW, HOP = 2960, 368
BANDS, LOW, HIGH = 33, 300.0, 2000.0
SECONDS_PER_CODE = HOP / RATE
PAUSE = 1e-3  # of the loud parts' power: below it there is nothing to compare
SILENT = 0  # the code of a pause, which is like nothing
Codes = NDArray[np.uint32]
CODES, PITCHED = "sound.hk", "sound.pitched"
VERSION = 1
PITCHES = (0.95, 0.9625, 0.975, 0.9875, 1.0125, 1.025, 1.0375, 1.05)
PITCHED_SECONDS = 180.0  # from the start of a sound, in which other pitches are heard too

_BOUNDS = np.geomspace(LOW, HIGH, BANDS + 1)
_LIVELY = 0.2
_QUIET = 1e-4


def fingerprints(samples: NDArray[np.float32]) -> tuple[Fingerprint, ...]:
    """The fingerprints of mono ``samples`` at RATE; none when nothing can be said of them."""
    found = codes(samples)
    if is_plain(samples, found):
        return ()
    rows = np.concatenate(pitched(samples))
    return (
        Fingerprint(CODES, VERSION, found.astype("<u4").tobytes(), 1.0),
        Fingerprint(PITCHED, VERSION, rows.astype("<u4").tobytes(), 1.0),
    )


def unpack(packed: bytes) -> Codes:
    """The codes of a CODES payload."""
    return np.frombuffer(packed, "<u4").astype(np.uint32)


def unpack_pitched(packed: bytes) -> tuple[Codes, ...]:
    """The rows of a PITCHED payload, one per pitch."""
    return tuple(unpack(packed).reshape(len(PITCHES), -1))


def codes(samples: NDArray[np.float32]) -> Codes:
    """The sub-fingerprints of mono ``samples`` at RATE; none for less than a window."""
    return _codes(_energies(samples, (1.0,))[0])


def pitched(samples: NDArray[np.float32]) -> tuple[Codes, ...]:
    """What the first PITCHED_SECONDS would be were they sung PITCHES times as high: one row of codes per pitch.

    A record played too fast is found by them: a higher voice is the same voice seen through higher bands.
    """
    return tuple(_codes(energies) for energies in _energies(samples[: int(PITCHED_SECONDS * RATE)], PITCHES))


def _energies(samples: NDArray[np.float32], pitches: tuple[float, ...]) -> NDArray[np.float32]:
    """The energy in every band of every window, with bands as many times as high: pitches x windows x BANDS."""
    count = max(0, 1 + (len(samples) - WINDOW) // HOP)
    shape = np.hanning(WINDOW).astype(np.float32)
    edges = [np.round(_BOUNDS * pitch * WINDOW / RATE).astype(int) for pitch in pitches]
    energies = np.empty((len(pitches), count, BANDS), np.float32)
    for start in range(0, count, 512):
        some = range(start, min(start + 512, count))
        windows = np.stack([samples[n * HOP : n * HOP + WINDOW] for n in some]) * shape
        power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
        for number, bounds in enumerate(edges):
            energies[number, some.start : some.stop] = np.add.reduceat(power, bounds, axis=1)[:, :BANDS]
    return energies


def _codes(energies: NDArray[np.float32]) -> Codes:
    if len(energies) < 2:
        return np.zeros(0, np.uint32)
    change = np.diff(np.diff(energies, axis=1), axis=0) > 0
    found = np.packbits(change, axis=1).view(">u4").ravel().astype(np.uint32)
    loudness = energies.sum(axis=1)[1:]
    found[loudness < PAUSE * np.percentile(loudness, 95)] = SILENT
    return found


def is_plain(samples: NDArray[np.float32], found: Codes) -> bool:
    """Whether nothing can be said of a sound: silence, a tone, steady noise, or too short."""
    if np.count_nonzero(found) < 20 or float(np.sqrt(np.mean(np.square(samples)))) < _QUIET:
        return True
    return len(np.unique(found)) < _LIVELY * len(found)
