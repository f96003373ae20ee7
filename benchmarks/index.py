"""The index of hashes against faiss Flat, a plain exact scan, in one process: time, recall, false hits, files, memory.

python -m benchmarks.index [--rows 100000 1000000]

Hashes are clustered as videos' are: biased bits, sixty drifting frames each, a fifth of exact repeats, a quarter of
reposts, some title cards. Questions have neighbours planted at distances around the radius. Times are processor time of
one thread, the median; only ratios of one run say anything.
"""

import argparse
import os
import resource
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.bands import Words
from fingerprints.holdings import TAIL, Holdings
from fingerprints.index import LAYOUT
from fingerprints.shelf import Shelf
from fingerprints.tail import Entries, Listed

Row = dict[str, str]  # of a table: heading and figure
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


def added(index: Holdings, words: Words, first: int, end: int) -> float:
    """Add the videos of these rows; processor time."""
    before = time.process_time()
    for row in range(first, end, FRAMES):
        index.add(row // FRAMES, hashes_only(words[row : row + FRAMES]), 1 + row // FRAMES)
    return time.process_time() - before


def merged(index: Holdings) -> float:
    """Have all that was added merged; processor time."""
    before = time.process_time()
    index.tidy()
    index.settle()
    return time.process_time() - before


@dataclass(frozen=True)
class Asked:
    """The same questions, to be asked of one engine after the other."""

    single: list[Words]
    many: list[Words]

    @classmethod
    def of(cls, words: Words) -> "Asked":
        """Questions that have answers in these hashes."""
        single = np.split(questions(words, SINGLE, 11), SINGLE)
        return cls(single, [questions(words, FRAMES, 20 + video) for video in range(VIDEOS)])

    def timed(self, ask: Callable[[Words], object]) -> tuple[Times, Times]:
        """Of one hash, of sixty."""
        return timed(ask, self.single), timed(ask, self.many)

    def of_index(self, index: Holdings) -> tuple[Times, Times]:
        """By the index."""
        return self.timed(lambda one: index.view.near(one, RADIUS))


def compared(words: Words, flat: faiss.IndexBinaryFlat, asked: Asked, theirs: tuple[Times, Times]) -> Row:
    """Questions: base and tail against Flat, what the tail costs, and what a middle of a tenth costs."""
    index = Holdings(LAYOUT, tail=len(words) + 1)
    settled = len(words) - TAILED // FRAMES * FRAMES if len(words) > TAIL * 2 else 0
    building = added(index, words, 0, settled) + merged(index)
    base = asked.of_index(index)
    adding = added(index, words, settled, len(words))
    ours = asked.of_index(index)
    check = np.concatenate([*asked.single[:40], asked.many[0]])
    truth, answer = pairs_of_flat(flat, check), pairs_of_index(index, check)
    three = asked.of_index(with_middle(words, settled)) if settled else ours
    return {
        "hashes": f"{len(words):,}",
        "recall": f"{len(truth & answer) / len(truth):.3f} of {len(truth)}",
        "false hits": str(len(answer - truth)),
        "one hash, ms (p99)": f"{ours[0].median:.2f} ({ours[0].slowest:.2f})",
        "of Flat": f"{ours[0].median / theirs[0].median:.3f}",
        "60 frames, ms": f"{ours[1].median:.1f}",
        "of Flat ": f"{ours[1].median / theirs[1].median:.3f}",
        "without the tail": f"{base[0].median:.2f}, {base[1].median:.1f}" if settled else "-",
        "with a middle": f"{three[0].median:.2f}, {three[1].median:.1f}" if settled else "-",
        "build, s": f"{building:.1f}",
        "insert, us a hash": f"{1e6 * adding / max(1, len(words) - settled):.2f}",
    }


def with_middle(words: Words, settled: int) -> Holdings:
    """The same hashes in a base, a middle of a tenth and a tail."""
    index = Holdings(LAYOUT, tail=len(words) + 1)
    base = settled * 10 // 11 // FRAMES * FRAMES
    for first, end in ((0, base), (base, settled)):
        added(index, words, first, end)
        merged(index)
    added(index, words, settled, len(words))
    return index


def kept(words: Words, flat_ms: float, folder: Path) -> Row:
    """Files: how large, how soon they are there again, and what it takes to make them from a database."""
    with sqlite3.connect(folder / "prints.sqlite", isolation_level=None) as database:
        database.execute("PRAGMA page_size = 16384")
        database.execute("CREATE TABLE print (asset_id INTEGER PRIMARY KEY, hashes BLOB)")
        database.execute("BEGIN")
        videos_of = ((row // FRAMES, words[row : row + FRAMES].tobytes()) for row in range(0, len(words), FRAMES))
        database.executemany("INSERT INTO print VALUES (?, ?)", videos_of)
        database.execute("COMMIT")
        index = Holdings(LAYOUT, Shelf(folder / "index", "one", "benchmark"))
        before = time.process_time()
        with index.filling():
            for asset, packed in database.execute("SELECT asset_id, hashes FROM print ORDER BY asset_id"):
                index.add(asset, hashes_only(np.frombuffer(packed, np.uint64).reshape(-1, BITS // 64)), 1 + asset)
                index.keep_up()
        index.settle()
        rebuilt = time.process_time() - before
    database.close()
    marks = {asset: 1 + asset for asset in range(len(words) // FRAMES)}
    reopened = reopening(folder, marks)
    for path in (folder / "index").glob("*/*"):
        os.utime(path)
    size = sum(path.stat().st_size for path in (folder / "index").glob("*/*"))
    return {
        "hashes": f"{len(words):,}",
        "bytes a hash": f"{size / len(words):.0f}",
        "reopen, ms": f"{1000 * reopened:.0f}",
        "of one Flat query": f"{1000 * reopened / flat_ms:.1f}",
        "reopen and check all bytes, ms": f"{1000 * reopening(folder, marks):.0f}",
        "rebuild from SQLite, s": f"{rebuilt:.1f}",
        "of one Flat query ": f"{1000 * rebuilt / flat_ms:.0f}",
    }


def reopening(folder: Path, marks: dict[int, int]) -> float:
    """Processor time from nothing to an index that answers; a tail's worth may be left to be read again."""
    before = time.process_time()
    index = Holdings(LAYOUT, Shelf(folder / "index", "one", "benchmark"))
    refusal = index.open(marks)
    took = time.process_time() - before
    lacking = sum(asset not in index for asset in marks)
    if refusal or lacking > TAIL // FRAMES:
        raise RuntimeError(f"{lacking} assets are not there again: {refusal}")
    return took


def table(rows: list[Row]) -> str:
    """Rows of figures as Markdown."""
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
    return "\n".join(lines + ["| " + " | ".join(row.values()) + " |" for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    faiss.omp_set_num_threads(1)
    questioned, filed = list[Row](), list[Row]()
    for rows in parser.parse_args().rows:
        words = archive(rows)
        flat = faiss.IndexBinaryFlat(BITS)
        flat.add(words.view(np.uint8))
        asked = Asked.of(words)
        theirs = asked.timed(lambda one, flat=flat: flat.range_search(one.view(np.uint8), RADIUS + 1))
        flat_ms = f"{theirs[0].median:.2f}, {theirs[1].median:.1f}"
        questioned.append({**compared(words, flat, asked, theirs), "Flat: one, 60": flat_ms})
        del flat
        with TemporaryDirectory() as folder:
            filed.append(kept(words, theirs[0].median, Path(folder)))
    print(table(questioned), table(filed), sep="\n\n")
    print(f"\nlargest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")


if __name__ == "__main__":
    main()
