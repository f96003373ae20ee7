"""What fingerprinting and deciding cost: ratios and processor time of one thread, all of one run.

python -m benchmarks.speed CACHE [--held 1000] [--files 12] [--rounds 3] [--pictures docs/pictures]

CACHE is an archive (``benchmarks.archive``) with photos and videos whose files are still there. Prints three tables and
where the time goes, and draws them:

videos     processor time of fingerprinting a file by that of decoding its pictures and sound once with PyAV
photos     photos a second of one core: decoding, fingerprinting and the process that confines it
decisions  processor seconds of asking about a video of the archive when so many others are held

What is held for the last is made, not real: ten seconds of video each, whose hashes are real ones with half of their
bits drawn anew, and whose features are drawn from those of the whole archive with a twelfth of their bits turned over,
so that they have real frequencies and nobody's pictures. Making them is not counted, unpacking and comparing are.
"""

import argparse
import contextlib
import cProfile
import io
import os
import pstats
import resource
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.archive import Item, held
from benchmarks.plots import bars
from core.model import Fingerprint
from fingerprints import features, video
from fingerprints.child import Isolation
from fingerprints.compare import Prints
from fingerprints.features import Features
from fingerprints.index import Matcher
from fingerprints.media import Limits
from fingerprints.read import read_fingerprints

LIMITS = Limits(threads=1)
SECONDS = 10
SHORTEST, LONGEST = 4.0, 120.0  # seconds of a measured video
Bits = NDArray[np.uint8]


def spent() -> float:
    """Processor seconds of this process and of the ended ones that it started."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def timed(work: Callable[[], object]) -> float:
    start = spent()
    work()
    return spent() - start


# ---------------------------------------------------------------------------------------------------- videos


def decode_once(path: Path) -> None:
    """Every picture and every sound of a file, by one thread, and nothing done with them."""
    with av.open(str(path)) as container:
        streams = [*container.streams.video[:1], *container.streams.audio[:1]]
        for stream in streams:
            stream.codec_context.thread_count = 1
        for packet in container.demux(streams):
            with contextlib.suppress(av.error.FFmpegError):  # a damaged packet is skipped, as the product does
                packet.decode()


def fingerprint(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        read_fingerprints(fd, LIMITS)
    finally:
        os.close(fd)


def videos(paths: Sequence[Path], rounds: int) -> list[tuple[str, float]]:
    """Fingerprinting by decoding, per file; turns alternate, so that other load hits both alike."""
    rows = []
    for path in paths:
        pairs = [(timed(lambda: decode_once(path)), timed(lambda: fingerprint(path))) for _ in range(rounds)]  # noqa: B023
        decoded, whole = (median(side) for side in zip(*pairs, strict=True))
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            shape = f"{stream.width} x {stream.height}, {float(stream.average_rate or 0):.0f} fps"
        costs = f"decode {decoded:6.2f} s, fingerprint {whole:6.2f} s, x {whole / decoded:.2f}"
        print(f"{path.name[:40]:40} {shape:22} {costs}", flush=True)
        rows.append((f"{path.stem[:16]} {shape}", whole / decoded))
    return rows


# ---------------------------------------------------------------------------------------------------- photos


def photos(paths: Sequence[Path]) -> list[tuple[str, float]]:
    """Photos a second of one core, here and each in a process of its own."""
    here = timed(lambda: [fingerprint(path) for path in paths])

    def confined(some: Sequence[Path]) -> None:
        with Isolation() as isolation:
            for path in some:
                isolation.run("fingerprint", [path], {}, LIMITS)

    apart = timed(lambda: confined(paths)) - timed(lambda: confined(()))
    rows = [("in this process", len(paths) / here), ("each in a confined process", len(paths) / apart)]
    for name, rate in rows:
        print(f"photos, {name}: {rate:.1f} a second of one core")
    return rows


# ---------------------------------------------------------------------------------------------------- decisions


@dataclass(frozen=True)
class Maker:
    """Makes fingerprints of videos that never were, out of the archive's."""

    rows: Bits
    thumbs: Bits
    descriptors: Bits

    @classmethod
    def of(cls, items: Sequence[Item]) -> "Maker":
        """From the archive's videos."""
        rows, thumbs, descriptors = [], [], []
        for item in items:
            frames, points = item.prints.frames, item.prints.points
            if frames is None or len(frames.thumbs) < SECONDS * video.RATE:
                continue
            rows.append(frames.hashes)
            thumbs.append(frames.thumbs[: int(SECONDS * video.RATE)])
            descriptors += [one.descriptors for one in points.upright.pictures]
        return cls(np.concatenate(rows), np.stack(thumbs), np.concatenate(descriptors))

    def prints(self, number: int) -> tuple[Fingerprint, ...]:
        """The same for a number."""
        rng = np.random.default_rng([4, number])
        hashed, pointed = SECONDS * 2, SECONDS
        # a shot of two seconds has one hash that drifts by a few bits
        shots = np.repeat(self._strange(rng, self.rows, hashed // 4 + 1, 0.5), 4, axis=0)[:hashed]
        hashes = shots ^ _noise(rng, (hashed, 32), 0.03)
        thumbs = self.thumbs[int(rng.integers(len(self.thumbs)))][::-1]
        tints = np.repeat(thumbs[:: video.TINT_EVERY, ::2, ::2, None], 3, axis=3)
        counts = np.array([len(thumbs), hashed, len(tints)], "<u4").tobytes()
        head = counts + np.array([*video.WHOLE, 4 / 3], "<f4").tobytes()
        packed = head + hashes.tobytes() + self._strange(rng, self.rows, hashed, 0.5).tobytes()
        packed += np.full(hashed, 100, "<f4").tobytes() + zlib.compress(thumbs.tobytes() + tints.tobytes(), 1)
        points = [self._features(rng) for _ in range(pointed)]
        side = b"".join(features.pack(one) for one in points)
        return (
            Fingerprint(video.FRAMES, video.VERSION, packed, 1.0),
            Fingerprint(video.ORB, video.VERSION, side + side, float(pointed)),
        )

    def _features(self, rng: np.random.Generator) -> Features:
        places = rng.uniform(0, 240, (video.MOST_FEATURES, 2)).astype(np.float32)
        return Features(places, self._strange(rng, self.descriptors, video.MOST_FEATURES, 1 / 12), 320, 240)

    @staticmethod
    def _strange(rng: np.random.Generator, rows: Bits, count: int, share: float) -> Bits:
        """Rows drawn from the archive with this share of their bits turned over."""
        return rows[rng.integers(len(rows), size=count)] ^ _noise(rng, (count, 32), share)


def _noise(rng: np.random.Generator, shape: tuple[int, int], share: float) -> Bits:
    return np.packbits(rng.random((shape[0], shape[1] * 8), np.float32) < share, axis=1)


def decisions(queries: Sequence[Item], maker: Maker, sizes: Sequence[int]) -> list[tuple[str, float]]:
    """The median cost of a question at each number of held videos."""
    making = [0.0]

    def load(number: int) -> tuple[Fingerprint, ...]:
        start = time.process_time()
        made = maker.prints(number)
        making[0] += time.process_time() - start
        return made

    matcher, rows = Matcher(load), []
    for size in sizes:
        for number in range(len(rows) and sizes[len(rows) - 1], size):
            matcher.add(number, maker.prints(number))
        costs, compared = [], []
        for item in queries:
            making[0], start = 0.0, time.process_time()
            matcher.match(item.fingerprints)
            costs.append(time.process_time() - start - making[0])
            compared.append(len(matcher.candidates(Prints.of(item.fingerprints))))
        print(
            f"{size} videos held: {median(costs):.3f} s a question, 90 % under {np.percentile(costs, 90):.3f} s, "
            f"{median(compared):g} compared, {len(queries)} questions",
            flush=True,
        )
        rows.append((f"{size} held", median(costs)))
    return rows


# ---------------------------------------------------------------------------------------------------- profile


def profile(title: str, work: Callable[[], object]) -> None:
    """Print the functions that most time is spent in."""
    watched = cProfile.Profile()
    watched.runcall(work)
    text = io.StringIO()
    pstats.Stats(watched, stream=text).sort_stats("tottime").print_stats(14)
    lines = [line for line in text.getvalue().splitlines() if line.strip()]
    print(f"\nwhere the time goes, {title}\n" + "\n".join(lines[2:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--held", type=int, nargs="*", default=[1000])
    parser.add_argument("--files", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=Path, default=Path("docs/pictures"))
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    real = [item for item in held(asked.cache) if not item.made]
    clips = [item for item in real if item.kind == "video" and item.prints.frames is not None]
    measured = sorted((item for item in clips if SHORTEST <= item.seconds <= LONGEST), key=lambda one: one.key)
    paths = [Path(item.sources[0]) for item in measured[: asked.files]]
    stills = [Path(item.sources[0]) for item in sorted(real, key=lambda one: one.key) if item.kind == "photo"][:100]
    rows = videos(paths, asked.rounds)
    print(f"median of {len(rows)} videos: x {median(ratio for _, ratio in rows):.2f}")
    bars(asked.pictures / "speed-video.png", "Fingerprinting a video, by decoding it once", rows, 1.4, "times")
    bars(asked.pictures / "speed-photo.png", "Photos a second of one core", photos(stills), 15.0, "a second")
    maker = Maker.of([item for item in held(asked.cache) if item.kind == "video"])
    rows = decisions(measured[: asked.files], maker, asked.held)
    bars(asked.pictures / "speed-decision.png", "Seconds of one core to decide on a video", rows, 0.3, "s")
    profile("videos", lambda: [fingerprint(path) for path in paths[: asked.files // 2]])
    profile("photos", lambda: [fingerprint(path) for path in stills[:20]])


if __name__ == "__main__":
    main()
