"""Stand-in footage of the story: drawn scenes with texture and motion, voices for the intercepts, and their copies."""

import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.pool import Pool

from tests.media import edits, files, synthetic
from tests.media.synthetic import Clip

SECONDS = 8.0
EXCERPT = 4.0
SEEDS = {"queue": 1801, "run": 1802, "porch_one": 2201, "porch_two": 2202, "other_drill": 2801, "drone": 2701}
INTERCEPTS = {"intercept_1": 9.0, "intercept_2": 7.0, "intercept_3": 11.0}


@dataclass
class Reels:
    """Ready files by the names that the story uses, with their lengths in seconds."""

    videos: dict[str, bytes] = field(default_factory=dict)
    photos: dict[str, bytes] = field(default_factory=dict)
    sounds: dict[str, bytes] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@cache
def _take(name: str) -> Clip:
    return synthetic.clip(SEEDS[name], SECONDS).drawn()


def _intercept(name: str) -> synthetic.Samples:
    return synthetic.voice(seed=2300 + int(name[-1]), seconds=INTERCEPTS[name])


def _compilation() -> Clip:
    known = [_take("queue").excerpt(1, 5), _take("run").excerpt(2, 6), _take("porch_one").excerpt(3, 7)]
    return synthetic.compilation(known)


VIDEOS: dict[str, Callable[[], tuple[Clip, int]]] = {
    "queue": lambda: (_take("queue"), 23),
    "run": lambda: (_take("run"), 23),
    "porch_one": lambda: (_take("porch_one"), 23),
    "porch_two": lambda: (_take("porch_two"), 23),
    "other_drill": lambda: (_take("other_drill"), 24),
    "queue_logo": lambda: (
        _take("queue").edited(edits.in_turn(edits.scaled(400, 224), edits.with_logo("WAR DIGEST"))),
        31,
    ),
    "run_crop": lambda: (_take("run").edited(edits.cropped(0.15)), 29),
    "run_low": lambda: (_take("run").edited(edits.scaled(320, 180)), 33),
    "run_asked": lambda: (_take("run").excerpt(1, 1 + EXCERPT).edited(edits.with_caption_bar("is this real?")), 28),
    "porch_mirror": lambda: (_take("porch_one").edited(edits.mirror), 28),
    "intercept_video": lambda: (_take("drone").with_sound(_intercept("intercept_1")), 26),
    "compilation": lambda: (_compilation(), 29),
}


def _draw(name: str) -> tuple[str, bytes, float]:
    clip, crf = VIDEOS[name]()
    return name, files.video(clip, crf=crf), clip.seconds


def shoot(progress: Callable[[int, int], None], processes: int = 2) -> Reels:
    """Draw and encode everything, on as many processors as there are; ``progress`` hears done and total."""
    reels = Reels()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, (name, content, seconds) in enumerate(_all(pool), start=1):
            reels.videos[name], reels.seconds[name] = content, seconds
            progress(done, len(VIDEOS))
    for name, seconds in INTERCEPTS.items():
        reels.sounds[name], reels.seconds[name] = files.sound(_intercept(name)), seconds
    still = _take("queue").draw(60)
    reels.photos["queue_still"] = files.photo(still, quality=80)
    return reels


def _all(pool: Pool) -> Iterator[tuple[str, bytes, float]]:
    yield from pool.imap_unordered(_draw, VIDEOS, chunksize=1)
