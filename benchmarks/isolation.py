"""What a process of its own costs per file: the same tasks in this process and confined, in turns, in one run.

python -m benchmarks.isolation [rounds]
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from fingerprints import tasks
from fingerprints.child import Isolation
from fingerprints.media import Limits
from tests.media import files, synthetic

LIMITS = Limits()


def timed(work: Callable[[], object]) -> float:
    """Milliseconds by the clock."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def inside(path: Path) -> None:
    """The task in this process."""
    fd = os.open(path, os.O_RDONLY)
    try:
        tasks.describe((fd,), {}, LIMITS)
    finally:
        os.close(fd)


def measure(name: str, path: Path, isolation: Isolation, rounds: int) -> None:
    """Print medians (and best) of both ways; turns alternate so that other load hits both alike."""
    here, apart = [], []
    for _ in range(rounds):
        here.append(timed(lambda: inside(path)))
        apart.append(timed(lambda: isolation.run("describe", [path], {}, LIMITS)))
    more, ratio = median(apart) - median(here), median(apart) / median(here)
    print(
        f"{name}: here {median(here):.1f} ms ({min(here):.1f}), apart {median(apart):.1f} ms ({min(apart):.1f}), ",
        end="",
    )
    print(f"{more:.1f} ms more ({min(apart) - min(here):.1f}), x {ratio:.2f} ({min(apart) / min(here):.2f})")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    clip = synthetic.clip(1, 5.0)
    samples = {
        "photo 1280 x 960": files.photo(synthetic.still(1)),
        "video of 5 s, 480 x 270": files.video(clip),
        "voice of 5 s": files.sound(clip.sound),
    }
    tasks.warm_up()
    print("medians, in brackets the best: what it takes when the machine does nothing else")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, Isolation() as isolation:
        print(f"start {1000 * (time.perf_counter() - start):.0f} ms, once")
        for name, content in samples.items():
            path = Path(folder, "asset")
            path.write_bytes(content)
            measure(name, path, isolation, rounds)


if __name__ == "__main__":
    main()
