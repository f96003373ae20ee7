"""Whatever a channel posts ends in a verdict in words, and the next file is read as if nothing had been."""

import json
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fingerprints.child import Answer, Isolation
from fingerprints.media import Limits, Verdict
from tests.fingerprints.conftest import MakeFile
from tests.media import files, hostile, synthetic

IMPATIENT = Limits(photo_cpu=2, video_cpu=6)
SHARED = Path(__file__).parents[2].parent / "shared" / "hostile" / "make_hostile.py"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this machine that notes whoever calls."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def in_words(answer: Answer) -> bool:
    """Whether an answer says why it is not simply OK."""
    return (answer.verdict is Verdict.OK) == (answer.reason == "") and "crashed" not in answer.reason


def still_serves(isolation: Isolation, good: Path) -> bool:
    """Whether the next file is read."""
    return isolation.run("describe", [good], {}, Limits()).verdict is Verdict.OK


@pytest.mark.parametrize("case", hostile.CASES, ids=lambda case: case.name)
def test_ends_in_a_verdict(case: hostile.Case, isolation: Isolation, make_file: MakeFile) -> None:
    """Each hostile file gets one of the verdicts it deserves, with a reason, and the next file is read."""
    answer = isolation.run("describe", [make_file(case.make())], {}, IMPATIENT)
    assert answer.verdict in case.verdicts, answer.reason
    assert in_words(answer)
    assert still_serves(isolation, make_file(hostile.jpeg(), "good"))


def test_playlists_are_never_followed(isolation: Isolation, make_file: MakeFile, listener: socket.socket) -> None:
    """Texts that FFmpeg would follow to the network or to other files are refused and nobody is called."""
    address = "{}:{}".format(*listener.getsockname())
    for name, text in hostile.playlists(address):
        for task in ("describe", "preview"):
            answer = isolation.run(task, [make_file(text, f"{name}.mp4")], {}, IMPATIENT)
            assert (name, answer.verdict) == (name, Verdict.REFUSED)
    with pytest.raises(BlockingIOError):
        listener.accept()
    with socket.create_connection(listener.getsockname()):
        listener.accept()[0].close()  # a caller would have been noted


def test_the_name_says_nothing(isolation: Isolation, make_file: MakeFile) -> None:
    """A picture called .mp4 is a photo, a video called .jpg is a video."""
    photo = isolation.run("describe", [make_file(hostile.jpeg(), "x.mp4")], {}, Limits())
    video = isolation.run("describe", [make_file(hostile.mp4(), "x.jpg")], {}, Limits())
    assert (photo.facts["class"], video.facts["class"]) == ("photo", "video")


def test_mutated_files(isolation: Isolation, make_file: MakeFile) -> None:
    """Three hundred damaged files of eight formats all end in verdicts; none crashes or outlives its limits."""
    clip, still = hostile.clip(), synthetic.still(77, (96, 64))
    healthy = [files.photo(still, form=form) for form in ("JPEG", "PNG", "WEBP", "GIF")]
    healthy += [hostile.mp4(), files.video(clip, form="matroska"), files.video(clip, form="avi", codec="mpeg4")]
    healthy += [files.sound(clip.sound)]
    chance = random.Random(20241018)
    mutants = [
        make_file(hostile.mutant(healthy[number % len(healthy)], chance), f"{number}.bin") for number in range(304)
    ]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda path: isolation.run("describe", [path], {}, IMPATIENT), mutants))
    assert all(map(in_words, answers)), [answer.reason for answer in answers if not in_words(answer)]
    assert {Verdict.OK, Verdict.PARTIAL, Verdict.REFUSED} <= {answer.verdict for answer in answers}
    assert still_serves(isolation, make_file(hostile.jpeg(), "good"))


@pytest.mark.skipif(not SHARED.exists(), reason=f"no second opinion: {SHARED} is not beside this checkout")
def test_someone_elses_hostile_files(isolation: Isolation, tmp_path: Path) -> None:
    """Hostile files made by a generator that is not ours get the verdicts its author asks for."""
    subprocess.run([sys.executable, str(SHARED), str(tmp_path)], check=True, capture_output=True)
    allowed = {
        "reject": {Verdict.REFUSED, Verdict.KILLED},
        "ok": {Verdict.OK, Verdict.PARTIAL},
        "bounded": set(Verdict),
    }
    for case in json.loads((tmp_path / "cases.json").read_text()):
        answer = isolation.run("describe", [tmp_path / case["name"]], {}, IMPATIENT)
        assert answer.verdict in allowed[case["must"]], (case, answer.reason)
        assert in_words(answer), case
