"""Sound as a row of 32-bit sub-fingerprints, after Haitsma and Kalker (ISMIR 2002).

Each bit is the sign of the change in time of the energy difference between neighbouring bands: 33 bands from 300 to
2000 Hz, windows of 0.37 s every 46 ms. Two sounds are alike where few bits differ along one offset.
"""

import numpy as np
from numpy.typing import NDArray

RATE = 8000
WINDOW, HOP = 2960, 368
BANDS, LOW, HIGH = 33, 300.0, 2000.0
SECONDS_PER_CODE = HOP / RATE
PAUSE = 1e-3  # of the loud parts' power: below it there is nothing to compare
SILENT = 0  # the code of a pause, which is like nothing
Codes = NDArray[np.uint32]

_EDGES = np.round(np.geomspace(LOW, HIGH, BANDS + 1) * WINDOW / RATE).astype(int)
_LIVELY = 0.2
_QUIET = 1e-4


def codes(samples: NDArray[np.float32]) -> Codes:
    """The sub-fingerprints of mono ``samples`` at RATE; none for less than a window."""
    count = 1 + (len(samples) - WINDOW) // HOP
    if count < 2:
        return np.zeros(0, np.uint32)
    shape = np.hanning(WINDOW).astype(np.float32)
    energies = np.empty((count, BANDS), np.float32)
    for start in range(0, count, 512):
        some = range(start, min(start + 512, count))
        windows = np.stack([samples[n * HOP : n * HOP + WINDOW] for n in some]) * shape
        power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
        energies[some.start : some.stop] = np.add.reduceat(power, _EDGES[:-1], axis=1)[:, :BANDS]
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
