"""Lists of numbers (pieces of local features) against plain sorted arrays, in one process: time, answers, files.

python -m benchmarks.postings [--occurrences 1000000 10000000]

A video of a minute has 60 pictures with 300 features of 8 pieces each; a fifth of its pieces are among a few thousand
frequent ones, a quarter of the videos share half of their pieces with another one. A question is a held video of which
two pieces in three changed. The plain way is two binary searches in one sorted array. Times are processor time of one
thread, the median; only ratios of one run say anything.
"""

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks.index import Row, table
from fingerprints.holdings import Holdings
from fingerprints.index import LAYOUT
from fingerprints.postings import COMMON, Numbers
from fingerprints.shelf import Shelf
from fingerprints.tail import Entries, Listed

PICTURES, PIECES = 60, 300 * 8
VIDEO = PICTURES * PIECES
ASKED = 9  # questions
TAILED = 8  # videos in the tail
BITS = LAYOUT.lists[0]


@dataclass(frozen=True)
class Plain:
    """All occurrences in one sorted array, with the video and the picture of each."""

    numbers: Numbers
    videos: NDArray[np.int64]
    pictures: NDArray[np.int64]

    @classmethod
    def of(cls, archive: list[Numbers]) -> "Plain":
        """The occurrences of these videos."""
        numbers = np.concatenate(archive)
        order = np.argsort(numbers, kind="stable")
        return cls(numbers[order], order // VIDEO, order % VIDEO // PIECES)

    def find(self, asked: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """As the index does."""
        low, high = np.searchsorted(self.numbers, asked, "left"), np.searchsorted(self.numbers, asked, "right")
        counts = np.where(high - low > COMMON, 0, high - low)
        where = np.repeat(low - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        return np.repeat(np.arange(len(asked)), counts), self.videos[where], self.pictures[where]


def archive(count: int) -> list[Numbers]:
    """So many videos' pieces, picture after picture."""
    rng = np.random.default_rng(3)
    frequent = rng.integers(0, 1 << BITS, 5000, np.uint64)
    made = list[Numbers]()
    for _ in range(count):
        video = rng.integers(0, 1 << BITS, VIDEO, np.uint64)
        usual = rng.random(VIDEO) < 0.2
        video[usual] = rng.choice(frequent, usual.sum())
        if made and rng.random() < 0.25:
            shared = rng.random(VIDEO) < 0.5
            video[shared] = made[int(rng.integers(len(made)))][shared]
        made.append(video)
    return made


def questions(held: list[Numbers]) -> list[Numbers]:
    """Held videos of which two pieces in three are others, in order."""
    rng = np.random.default_rng(4)
    asked = list[Numbers]()
    for video in rng.integers(0, len(held), ASKED):
        others = rng.integers(0, 1 << BITS, VIDEO, np.uint64)
        asked.append(np.sort(np.where(rng.random(VIDEO) < 1 / 3, held[video], others)))
    return asked


def entries(video: Numbers) -> Entries:
    """What a video with these pieces, and nothing else, is found by."""
    nothing = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    features = Listed(video, np.repeat(np.arange(PICTURES), PIECES), BITS)
    return Entries(np.zeros((0, 4), np.uint64), (features, *(Listed(*nothing, bits) for bits in LAYOUT.lists[1:])))


def added(index: Holdings, held: list[Numbers], first: int, end: int) -> float:
    """Add videos; processor time."""
    before = time.process_time()
    for video in range(first, end):
        index.add(video, entries(held[video]), 1 + video)
    return time.process_time() - before


def median(ask: Callable[[Numbers], object], asked: list[Numbers]) -> float:
    """Processor milliseconds of a question, after one that warms up."""
    ask(asked[0])
    each = []
    for one in asked:
        before = time.process_time()
        ask(one)
        each.append(1000 * (time.process_time() - before))
    return statistics.median(each)


def alike(index: Holdings, plain: Plain, asked: Numbers) -> bool:
    """Whether both find the same."""
    answers = [np.stack(columns) for columns in (index.view.occurrences(0, asked), plain.find(asked))]
    first, second = (answer[:, np.lexsort(answer)] for answer in answers)
    return np.array_equal(first, second)


def opened(folder: Path, marks: dict[int, int]) -> float:
    """Processor milliseconds from nothing to an index that answers."""
    before = time.process_time()
    refusal = Holdings(LAYOUT, Shelf(folder, "one", "benchmark")).open(marks)
    if refusal:
        raise RuntimeError(refusal)
    return 1000 * (time.process_time() - before)


def measured(occurrences: int, folder: Path) -> Row:
    """One row of the table."""
    held = archive(max(TAILED + 1, occurrences // VIDEO))
    count, settled, asked = len(held), len(held) - TAILED, questions(held)
    index = Holdings(LAYOUT, Shelf(folder, "one", "benchmark"), listed=1 << 62)
    adding = added(index, held, 0, settled)
    before = time.process_time()
    index.tidy()
    index.settle()
    merging = time.process_time() - before
    size = sum(path.stat().st_size for path in folder.glob("*/*"))
    bare = median(lambda one: index.view.occurrences(0, one), asked)
    added(index, held, settled, count)
    ours = median(lambda one: index.view.occurrences(0, one), asked)
    plain = Plain.of(held)
    theirs = median(plain.find, asked)
    equal = all(alike(index, plain, one) for one in asked[:3])
    before = time.process_time()
    for video in range(0, settled, 2):
        index.remove(video)
    removing = time.process_time() - before
    marks = {video: 1 + video for video in range(settled)}
    reopened = opened(folder, marks)
    for path in folder.glob("*/*"):
        os.utime(path)
    return {
        "occurrences": f"{count * VIDEO:,}",
        "equal answers": "yes" if equal else "NO",
        "a video, ms": f"{ours:.0f}",
        "plain, ms": f"{theirs:.0f}",
        "ratio": f"{ours / theirs:.2f}",
        "without the tail, ms": f"{bare:.0f}",
        "add, us a number": f"{1e6 * adding / (settled * VIDEO):.2f}",
        "merge, us a number": f"{1e6 * merging / (settled * VIDEO):.2f}",
        "remove a video, us": f"{1e6 * removing / len(range(0, settled, 2)):.0f}",
        "bytes a number": f"{size / (settled * VIDEO):.1f}",
        "reopen, ms": f"{reopened:.1f}",
        "reopen and check all bytes, ms": f"{opened(folder, marks):.0f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--occurrences", type=int, nargs="+", default=[1_000_000, 10_000_000])
    rows = list[Row]()
    for occurrences in parser.parse_args().occurrences:
        with TemporaryDirectory() as folder:
            rows.append(measured(occurrences, Path(folder) / "index"))
    print(table(rows))
    print(f"\nlargest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")


if __name__ == "__main__":
    main()
