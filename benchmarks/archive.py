"""An archive of distractors: fingerprints of any media in any folders, and of footage made of pieces of them.

python -m benchmarks.archive CACHE [FOLDER ...] [--most 2000] [--films 180] [--tracks 100] [--pieces 0]

CACHE lies outside the repository and is taken up again where a run ended. Every item is labelled with the files that it
is made of (``sources``): two with a source in common are never called unrelated, nor are two out of one folder that
CACHE/families.json lists because its files are made of each other, as the pictures of a manual are.

Made footage: ``films`` are shots of three to six seconds, pans and zooms over photos and stretches of real videos, with
hard cuts; ``tracks`` are stretches of real sounds joined where they are quiet; ``pieces`` are corners of photos, half
of them mirrored.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.model import Fingerprint
from fingerprints import decode, photo, sound, video
from fingerprints.compare import Prints
from fingerprints.media import Limits, MediaClass, Refused
from fingerprints.read import Reading, decode_reading, encode, read_fingerprints

ENDINGS = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".png",
        ".webp",
        ".mp4",
        ".avi",
        ".mkv",
        ".mov",
        ".webm",
        ".ogv",
        ".mp3",
        ".wav",
        ".ogg",
        ".oga",
        ".flac",
        ".m4a",
        ".opus",
    ]
)
SMALLEST = 4096  # bytes: icons and beeps are no footage
SIZE, SHOTS = (320, 240), (3.0, 6.0)
FILM, TRACK = 20.0, 60.0  # seconds
STRETCH = (2.0, 8.0)  # seconds of a sound in a track
LIMITS = Limits(threads=1)
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Item:
    """What is held: a real file or made footage, of these ``sources``; ``plain`` ones have no fingerprints."""

    key: str
    kind: str
    sources: tuple[str, ...]
    origin: str
    seconds: float
    made: bool = False
    plain: bool = False
    folder: Path = field(default=Path(), compare=False)
    families: tuple[str, ...] = ()

    @cached_property
    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Read from the cache."""
        return decode_reading((self.folder / self.key).read_bytes()).fingerprints

    @property
    def prints(self) -> Prints:
        """Unpacked."""
        return Prints.of(self.fingerprints)

    def shares(self, other: "Item") -> bool:
        """Whether both are made of one file, or of files of one family."""
        return not {*self.sources, *self.families}.isdisjoint({*other.sources, *other.families})


def held(cache: Path) -> list[Item]:
    """What an archive holds that is not too plain."""
    return [item for item in _rows(cache) if not item.plain]


def _rows(cache: Path) -> Iterator[Item]:
    journal, listed = cache / "items.jsonl", cache / "families.json"
    folders = json.loads(listed.read_text()) if listed.exists() else []
    for line in journal.read_text().splitlines() if journal.exists() else ():
        row = json.loads(line)
        families = tuple(folder for folder in folders if any(one.startswith(folder) for one in row["sources"]))
        yield Item(**{**row, "sources": tuple(row["sources"]), "families": families}, folder=cache / "prints")


# ---------------------------------------------------------------------------------------------------- real files


def media(folders: Sequence[Path]) -> list[tuple[str, Path]]:
    """The files that may be media, with the folder they came in; all folders in turn, so that a part is a mixture."""
    found = [
        sorted(one for one in folder.rglob("*") if one.suffix.lower() in ENDINGS and one.stat().st_size >= SMALLEST)
        for folder in folders
    ]
    for paths, folder in zip(found, folders, strict=True):
        np.random.default_rng(len(folder.name)).shuffle(paths)  # type: ignore[arg-type]  # a list is shuffled in place
    deepest = max(map(len, found), default=0)
    return [
        (folder.name, paths[place])
        for place in range(deepest)
        for paths, folder in zip(found, folders, strict=True)
        if place < len(paths)
    ]


def read(given: tuple[str, Path], cache: Path) -> Item | None:
    """A file's fingerprints, kept under the hash of its bytes; nothing when it can't be read."""
    origin, path = given
    key = hashlib.sha256(path.read_bytes()).hexdigest()[:24]
    fd = os.open(path, os.O_RDONLY)
    try:
        reading = read_fingerprints(fd, LIMITS)
    except Refused:
        return None
    finally:
        os.close(fd)
    return _kept(cache, key, reading, (str(path),), origin)


def _kept(
    cache: Path, key: str, reading: Reading, sources: tuple[str, ...], origin: str, *, made: bool = False
) -> Item:
    (cache / "prints" / key).write_bytes(encode(reading))
    return Item(key, str(reading.media), sources, origin, reading.duration or 0.0, made, not reading.fingerprints)


# ---------------------------------------------------------------------------------------------------- made footage


@dataclass(frozen=True)
class Stock:
    """The real files that footage is made of, by kind."""

    photos: tuple[str, ...]
    videos: tuple[str, ...]
    sounds: tuple[str, ...]


def film(number: int, stock: Stock, cache: Path) -> Item | None:
    """FILM seconds of shots, each of another file, one in four of a real video; without sound."""
    rng = np.random.default_rng([1, number])
    frames: list[Pixels] = []
    sources: list[str] = []
    while len(frames) < FILM * video.RATE:
        source = str(rng.choice(stock.videos if stock.videos and rng.random() < 0.25 else stock.photos))
        count = round(rng.uniform(*SHOTS) * video.RATE)
        shot = _stretch(Path(source), count, rng) if source in stock.videos else _pan(Path(source), count, rng)
        frames += shot
        sources.append(source)
    prints, lively = video.fingerprints(frames)
    if lively < 0.5:
        return None
    seconds = len(frames) / video.RATE
    return _kept(cache, f"film-{number}", _made(MediaClass.VIDEO, prints, seconds), tuple(sources), "films", made=True)


def _pan(path: Path, count: int, rng: np.random.Generator) -> list[Pixels]:
    """A camera that moves over a photo, and nearer or further, as a hand would: smoothly, not evenly."""
    rgb = _picture(path)
    height, width = rgb.shape[:2]
    aspect = SIZE[0] / SIZE[1]
    widest = min(width, height * aspect)
    share = np.linspace(*rng.uniform(0.4, 0.9, 2), count) * widest
    ways = [np.linspace(*rng.uniform(0, 1, 2), count) + 0.02 * np.cumsum(rng.normal(size=count)) for _ in range(2)]
    shots = []
    for across, left, top in zip(share, *ways, strict=True):
        down = across / aspect
        x, y = np.clip(left, 0, 1) * (width - across), np.clip(top, 0, 1) * (height - down)
        view = np.array([[across / SIZE[0], 0, x], [0, down / SIZE[1], y]])
        shots.append(
            np.asarray(cv2.warpAffine(rgb, view, SIZE, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), np.uint8)
        )
    return shots


def _stretch(path: Path, count: int, rng: np.random.Generator) -> list[Pixels]:
    fd = os.open(path, os.O_RDONLY)
    try:
        with decode.video(fd, LIMITS, rate=video.RATE, max_side=SIZE[0]) as stream:
            frames = [np.asarray(cv2.resize(frame.rgb, SIZE), np.uint8) for frame in stream]
    finally:
        os.close(fd)
    first = int(rng.integers(max(1, len(frames) - count)))
    return frames[first : first + count]


def track(number: int, stock: Stock, cache: Path) -> Item | None:
    """TRACK seconds of stretches of real sounds, joined where they are quiet."""
    rng = np.random.default_rng([2, number])
    parts: list[NDArray[np.float32]] = []
    sources: list[str] = []
    while sum(map(len, parts)) < TRACK * sound.RATE:
        source = str(rng.choice(stock.sounds))
        samples = _samples(Path(source))
        parts.append(_between_pauses(samples, round(rng.uniform(*STRETCH) * sound.RATE), rng))
        sources.append(source)
    samples = np.concatenate(parts)
    prints, seconds = sound.fingerprints(samples), len(samples) / sound.RATE
    return _kept(
        cache, f"track-{number}", _made(MediaClass.SOUND, prints, seconds), tuple(sources), "tracks", made=True
    )


def _samples(path: Path) -> NDArray[np.float32]:
    fd = os.open(path, os.O_RDONLY)
    try:
        return decode.sound(fd, LIMITS, rate=sound.RATE).samples
    finally:
        os.close(fd)


def _between_pauses(samples: NDArray[np.float32], count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A stretch that begins and ends at the quietest moment within half a second of where chance would have it."""
    first = int(rng.integers(max(1, len(samples) - count)))
    return samples[_quiet(samples, first) : _quiet(samples, min(len(samples), first + count))]


def _quiet(samples: NDArray[np.float32], place: int) -> int:
    reach, step = sound.RATE // 2, sound.RATE // 50
    places = range(max(0, place - reach), min(len(samples), place + reach) - step, step)
    return min(places, key=lambda one: float(np.abs(samples[one : one + step]).sum()), default=place)


def piece(number: int, stock: Stock, cache: Path) -> Item | None:
    """A corner of a photo, a third to two thirds of each side, every second one mirrored."""
    rng = np.random.default_rng([3, number])
    source = str(rng.choice(stock.photos))
    rgb = _picture(Path(source))
    sides = [round(side * share) for side, share in zip(rgb.shape[:2], rng.uniform(0.35, 0.65, 2), strict=True)]
    top, left = (int(rng.integers(whole - side)) for whole, side in zip(rgb.shape[:2], sides, strict=True))
    cut = rgb[top : top + sides[0], left : left + sides[1]]
    prints, _ = photo.fingerprints(np.ascontiguousarray(cut[:, ::-1] if number % 2 else cut))
    return _kept(cache, f"piece-{number}", _made(MediaClass.PHOTO, prints, 0.0), (source,), "pieces", made=True)


def _picture(path: Path) -> Pixels:
    fd = os.open(path, os.O_RDONLY)
    try:
        return decode.picture(fd, LIMITS).rgb
    finally:
        os.close(fd)


def _made(kind: MediaClass, prints: tuple[Fingerprint, ...], seconds: float) -> Reading:
    return Reading(
        kind,
        None,
        None,
        seconds,
        has_sound=kind is MediaClass.SOUND,
        plain=not prints,
        plain_reason="",
        fingerprints=prints,
        phash="",
    )


# ---------------------------------------------------------------------------------------------------- the whole


def count(cache: Path) -> dict[str, dict[str, float]]:
    """How many items, sources and hours of each kind there are, real and made."""
    told: dict[str, dict[str, float]] = defaultdict(lambda: {"items": 0, "hours": 0.0, "plain": 0})
    origins: Counter[str] = Counter()
    for item in _rows(cache):
        row = told[f"{item.kind}, {'made' if item.made else 'real'}"]
        row["plain" if item.plain else "items"] += 1
        row["hours"] += 0.0 if item.plain else item.seconds / 3600
        origins[f"{item.kind} of {item.origin}"] += 1
    return {
        **{name: {what: round(number, 2) for what, number in row.items()} for name, row in sorted(told.items())},
        "origins": dict(sorted(origins.items())),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("folders", type=Path, nargs="*")
    for name, default in (("most", 2000), ("films", 180), ("tracks", 100), ("pieces", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    cache: Path = asked.cache
    (cache / "prints").mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    known = {item.key for item in _rows(cache)}
    seen = {source for item in _rows(cache) for source in item.sources if not item.made}
    todo = [given for given in media(asked.folders) if str(given[1]) not in seen][: asked.most]
    with (
        multiprocessing.Pool(initializer=os.nice, initargs=(19,)) as pool,
        (cache / "items.jsonl").open("a") as journal,
    ):

        def note(items: Iterator[Item | None]) -> None:
            for place, item in enumerate(items):
                if item is not None and item.key not in known:
                    known.add(item.key)
                    row = asdict(item)
                    del row["folder"], row["families"]
                    print(json.dumps(row), file=journal, flush=True)
                if place % 100 == 0:
                    print(place, flush=True)

        note(pool.imap_unordered(partial(read, cache=cache), todo, chunksize=4))
        real = [item for item in held(cache) if not item.made]
        stock = Stock(*(tuple(item.sources[0] for item in real if item.kind == kind) for kind in MediaClass))
        for make, name, number in (
            (film, "film", asked.films),
            (track, "track", asked.tracks),
            (piece, "piece", asked.pieces),
        ):
            wanted = [one for one in range(number) if f"{name}-{one}" not in known]
            note(pool.imap_unordered(partial(make, stock=stock, cache=cache), wanted))
    (cache / "archive.json").write_text(json.dumps(count(cache), indent=1))
    print((cache / "archive.json").read_text())


if __name__ == "__main__":
    main()
