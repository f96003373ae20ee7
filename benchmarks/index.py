"""The index of hashes against faiss Flat, a plain exact scan, in one process: time, recall, false hits, memory.

python -m benchmarks.index [--rows 100000 1000000]

Hashes are clustered as videos' are: biased bits, sixty drifting frames each, a fifth of exact repeats, a quarter of
reposts, some title cards. Questions have neighbours planted at distances around the radius. Times are processor time of
one thread, the median; only ratios of one run say anything.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.bands import Words
from fingerprints.holdings import TAIL, Holdings
from fingerprints.index import LAYOUT
from fingerprints.tail import Entries, Listed

BITS, RADIUS, FRAMES = 256, 31, 60
TAILED = 1 << 14  # rows in the tail
SINGLE, VIDEOS = 200, 6  # questions of one frame, and of sixty


@dataclass(frozen=True)
class Times:
    """Processor milliseconds of one question."""

    each: list[float]

    @property
    def median(self) -> float:
        """Of all questions."""
        return statistics.median(self.each)

    @property
    def slowest(self) -> float:
        """The 99th percentile."""
        return float(np.percentile(self.each, 99))


def flipped(rng: np.random.Generator, words: Words, bits: NDArray[np.int64]) -> Words:
    """Every hash with so many of its bits turned over."""
    places = np.argsort(rng.random((len(words), BITS), np.float32), axis=1)
    mask = np.zeros((len(words), BITS), np.uint8)
    np.put_along_axis(mask, places, (np.arange(BITS)[None, :] < bits[:, None]).astype(np.uint8), axis=1)
    return words ^ np.packbits(mask, axis=1).view(np.uint64)


def videos(rng: np.random.Generator, count: int) -> Words:
    """``count`` videos of sixty frames; bits are biased and neighbouring ones alike."""
    bias = 0.38 + 0.25 * np.random.default_rng(1).random(BITS, np.float32)
    scene = rng.random((count * 6, BITS), np.float32)
    alike = rng.random(scene.shape, np.float32) < 0.15
    bits = scene < bias
    bits[:, 1:] = np.where(alike[:, 1:], bits[:, :-1], bits[:, 1:])
    words = np.repeat(np.packbits(bits, axis=1).view(np.uint64), FRAMES // 6, axis=0)
    for _ in range(4):
        flip = rng.integers(0, BITS, len(words))
        words[np.arange(len(words)), flip // 64] ^= np.uint64(1) << (flip % 64).astype(np.uint64)
    still = rng.random(len(words)) < 0.2
    still[0] = False
    words[still] = words[np.maximum.accumulate(np.where(still, 0, np.arange(len(words))))[still]]
    return words


def archive(rows: int) -> Words:
    """So many rows of whole videos, of which a quarter are reposts and some frames a title card."""
    rng = np.random.default_rng(5)
    parts = [videos(rng, 2000) for _ in range(-(-rows // (2000 * FRAMES)))]
    words = np.concatenate(parts)[: rows // FRAMES * FRAMES]
    assets = words.reshape(-1, FRAMES, BITS // 64)
    copies = np.flatnonzero(rng.random(len(assets)) < 0.25)
    assets[copies] = assets[rng.integers(0, len(assets), len(copies))]
    assets[copies, :, 0] ^= np.uint64(1) << rng.integers(0, 64, (len(copies), FRAMES), np.uint64)
    cards = rng.random(len(words)) < 0.005
    words[cards] = words[rng.integers(0, 20, cards.sum())]
    return words


def questions(words: Words, count: int, seed: int) -> Words:
    """Frames of the archive with 0 to 1.3 radius bits turned over, many of them at the rim; a quarter is unknown."""
    rng = np.random.default_rng(seed)
    rim = rng.choice([RADIUS - 1, RADIUS, RADIUS + 1], count)
    bits = np.where(rng.random(count) < 0.3, rim, rng.integers(0, RADIUS * 13 // 10, count))
    asked = flipped(rng, words[rng.integers(0, len(words), count)], bits)
    unknown = rng.random(count) < 0.25
    asked[unknown] = videos(rng, -(-count // FRAMES))[:count][unknown]
    return asked


def timed(ask: Callable[[Words], object], asked: list[Words]) -> Times:
    """Processor time of every question after three that warm up."""
    for one in asked[:3]:
        ask(one)
    each = []
    for one in asked:
        before = time.process_time()
        ask(one)
        each.append(1000 * (time.process_time() - before))
    return Times(each)


def pairs_of_flat(flat: faiss.IndexBinaryFlat, asked: Words) -> set[tuple[int, int]]:
    """Question and asset of every hash within the radius."""
    limits, _, rows = flat.range_search(asked.view(np.uint8), RADIUS + 1)
    of = np.repeat(np.arange(len(asked)), np.diff(limits.astype(np.int64)))
    return set(zip(of.tolist(), (rows // FRAMES).tolist(), strict=True))


def pairs_of_index(index: Holdings, asked: Words) -> set[tuple[int, int]]:
    """The same by the index."""
    return set(zip(*(column.tolist() for column in index.view.near(asked, RADIUS)), strict=True))


def hashes_only(words: Words) -> Entries:
    """What an asset without features and sound is found by."""
    nothing = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    return Entries(words, tuple(Listed(*nothing, bits) for bits in LAYOUT.lists))


def measured(rows: int) -> list[str]:
    """One row of the table."""
    words = archive(rows)
    flat = faiss.IndexBinaryFlat(BITS)
    flat.add(words.view(np.uint8))
    index = Holdings(LAYOUT, tail=len(words) + 1)
    settled = len(words) - TAILED // FRAMES * FRAMES if rows > TAIL * 2 else 0
    before = time.process_time()
    for first in range(0, settled, FRAMES):
        index.add(first // FRAMES, hashes_only(words[first : first + FRAMES]))
    index.tidy()
    index.settle()
    built = time.process_time() - before
    before = time.process_time()
    for first in range(settled, len(words), FRAMES):
        index.add(first // FRAMES, hashes_only(words[first : first + FRAMES]))
    inserted = (time.process_time() - before) / max(1, len(words) - settled)
    single = np.split(questions(words, SINGLE, 11), SINGLE)
    many = [questions(words, FRAMES, 20 + video) for video in range(VIDEOS)]
    check = np.concatenate([*single[:40], many[0]])
    truth, answer = pairs_of_flat(flat, check), pairs_of_index(index, check)
    ours, theirs = [timed(lambda one: index.view.near(one, RADIUS), asked) for asked in (single, many)], []
    theirs = [timed(lambda one: flat.range_search(one.view(np.uint8), RADIUS + 1), asked) for asked in (single, many)]
    return [
        f"{rows:,}",
        f"{len(truth & answer) / len(truth):.3f} of {len(truth)}",
        str(len(answer - truth)),
        f"{ours[0].median:.2f} ({ours[0].slowest:.2f})",
        f"{theirs[0].median:.2f}",
        f"{ours[0].median / theirs[0].median:.3f}",
        f"{ours[1].median:.1f}",
        f"{theirs[1].median:.1f}",
        f"{ours[1].median / theirs[1].median:.3f}",
        f"{built:.1f}",
        f"{1e6 * inserted:.2f}",
    ]


HEADINGS = (
    "hashes",
    "recall",
    "false hits",
    "one hash, ms (p99)",
    "Flat, ms",
    "ratio",
    "60 frames, ms",
    "Flat, ms",
    "ratio",
    "build, s",
    "insert, us a hash",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    faiss.omp_set_num_threads(1)
    print("| " + " | ".join(HEADINGS) + " |\n|" + " --- |" * len(HEADINGS))
    for rows in parser.parse_args().rows:
        print("| " + " | ".join(measured(rows)) + " |", flush=True)
    print(f"\nlargest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")


if __name__ == "__main__":
    main()
