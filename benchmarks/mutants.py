"""Mutated photos, videos and sounds through the isolated decoders: each must end in a verdict, in words.

python -m benchmarks.mutants [count] [seed]

Prints the verdicts, the slowest file and what broke the rule; exit code 1 when anything did, or when a healthy file is
not read at the end.
"""

import collections
import random
import sys
import tempfile
import time
from pathlib import Path

from core.errors import FirstseenError
from fingerprints.child import Answer, Isolation
from fingerprints.media import Limits, Verdict
from tests.media import files, hostile, synthetic

LIMITS = Limits(photo_cpu=10, video_cpu=10)
TASKS = ("describe", "fingerprint")


def healthy() -> list[bytes]:
    """A file of each kind that Telegram sends."""
    clip = hostile.clip()
    photos = [files.photo(synthetic.still(5, (160, 120)), form=form) for form in ("jpeg", "png", "webp")]
    videos = [hostile.mp4(), files.video(clip, form="matroska"), files.video(clip, form="avi", codec="mpeg4")]
    return [*photos, hostile.gif(3), *videos, files.sound(clip.sound)]


def broken_rule(answer: Answer) -> str:
    """What is wrong with an answer; empty for one that may be."""
    if answer.verdict is not Verdict.OK and not answer.reason.strip():
        return f"{answer.verdict} without a reason"
    return "a traceback instead of words" if "Traceback" in answer.reason or "Error(" in answer.reason else ""


def main(count: int, seed: int) -> int:
    """Try them all; the exit code."""
    chance, whole = random.Random(seed), healthy()
    verdicts: collections.Counter[str] = collections.Counter()
    problems, slowest, most_cpu = [], (0.0, -1), 0.0
    with tempfile.TemporaryDirectory() as folder, Isolation(slots=1) as isolation:
        path = Path(folder) / "mutant"
        for number in range(count):
            path.write_bytes(hostile.mutant(whole[number % len(whole)], chance))
            began = time.perf_counter()
            try:
                answer = isolation.run(TASKS[number % len(TASKS)], [path], {}, LIMITS)
            except FirstseenError as error:
                problems.append(f"{number}: no verdict: {error}")
                continue
            slowest = max(slowest, (time.perf_counter() - began, number))
            most_cpu = max(most_cpu, answer.cpu_seconds)
            verdicts[str(answer.verdict)] += 1
            if wrong := broken_rule(answer):
                problems.append(f"{number}: {wrong}: {answer.reason}")
        path.write_bytes(whole[0])
        if isolation.run("describe", [path], {}, LIMITS).verdict is not Verdict.OK:
            problems.append("a healthy file is not read any more")
    print(f"{count} mutants of {len(whole)} files, seed {seed}: {dict(sorted(verdicts.items()))}")
    print(f"slowest {slowest[0]:.2f} s by the clock (number {slowest[1]}); most processor time {most_cpu:.2f} s")
    print("\n".join(problems) or "every one ended in a verdict; the decoders serve on")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*(int(given) for given in (*sys.argv[1:], *("10000", "20241018")[len(sys.argv) - 1 :]))))
