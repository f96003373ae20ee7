"""What the matcher holds is matched at once, and no longer than it is held."""

import hashlib
import threading
from functools import cache
from pathlib import Path

import numpy as np

from core.model import Fingerprint
from fingerprints import features, photo, sound, video
from fingerprints.compare import Prints
from fingerprints.features import Features
from fingerprints.index import CHOICE, RECIPE, Matcher, entries
from fingerprints.shelf import Shelf
from tests.media import edits, synthetic
from tests.media.synthetic import Pixels


@cache
def picture(seed: int, *, edited: bool = False) -> tuple[Fingerprint, ...]:
    """The fingerprints of a photo, or of one under a caption."""
    rgb = scene(seed)
    return photo.fingerprints(edits.with_caption_bar()(rgb) if edited else rgb)[0]


@cache
def scene(seed: int) -> Pixels:
    """A small photo."""
    return synthetic.still(seed, (400, 300))


def test_an_asset_is_found_at_once_and_no_longer_than_it_is_held() -> None:
    """What was just added is matched, what was removed is not, what is excluded is not compared."""
    held = {number: picture(number) for number in (1, 2)}
    matcher = Matcher(held.__getitem__)
    for number, prints in held.items():
        assert matcher.match(picture(number, edited=True)) == []
        matcher.add(number, prints)
        assert [found for found, _ in matcher.match(picture(number, edited=True))] == [number]
    assert matcher.match(picture(1, edited=True), exclude={1}) == []
    matcher.remove(1)
    assert matcher.match(picture(1, edited=True)) == []
    assert [found for found, _ in matcher.match(picture(2, edited=True))] == [2]


def test_an_asset_added_again_is_what_it_is_now() -> None:
    """Adding an asset anew replaces what it was; without fingerprints it can't be found."""
    held = {1: picture(1)}
    matcher = Matcher(held.__getitem__)
    matcher.add(1, held[1])
    assert matcher.match(picture(1))
    held[1] = picture(2)
    matcher.add(1, held[1])
    assert matcher.match(picture(1)) == []
    assert [found for found, _ in matcher.match(picture(2))] == [1]
    matcher.add(1, ())
    assert matcher.match(picture(2)) == []


def test_files_serve_the_next_matcher(tmp_path: Path) -> None:
    """What was kept in files is matched by a matcher that was never told of it."""
    held = {number: picture(number) for number in (1, 2)}
    first = Matcher(held.__getitem__, Shelf(tmp_path / "index", "desk", RECIPE))
    for number, prints in held.items():
        first.add(number, prints, mark=10 + number)
    first.holdings.tidy()
    first.holdings.settle()
    second = Matcher(held.__getitem__, Shelf(tmp_path / "index", "desk", RECIPE))
    assert second.holdings.open({1: 11, 2: 12}) == ""
    assert [found for found, _ in second.match(picture(1, edited=True))] == [1]
    assert [found for found, _ in second.match(picture(2, edited=True))] == [2]


def test_what_an_asset_is_found_by_has_a_number() -> None:
    """Who changes it raises CHOICE, then notes the new figure here: files that were made before are not used then."""
    rng = np.random.default_rng(11)
    points = Features(np.zeros((40, 2), np.float32), rng.integers(0, 256, (40, 32), np.uint8), 512, 288)
    codes = rng.integers(0, 1 << 32, 50, np.uint32).astype("<u4")
    codes[:3] = sound.SILENT
    made = (
        Fingerprint(video.ORB, video.VERSION, 4 * features.pack(points)),
        Fingerprint(sound.CODES, sound.VERSION, codes.tobytes()),
    )
    columns = [column for one in entries(Prints.of(made)).lists for column in (one.numbers, one.places)]
    found = hashlib.sha256(b"".join(column.astype("<u8").tobytes() for column in columns)).hexdigest()[:16]
    assert (CHOICE, found) == (1, "326173041ec4264b")


def test_many_threads_ask_and_add() -> None:
    """Questions are answered beside each other and beside additions and replacements, and always rightly."""
    held = {number: picture(number % 2) for number in range(8)}
    matcher = Matcher(held.__getitem__)
    matcher.add(0, held[0])
    wrong = list[list[int]]()

    def ask() -> None:
        for _ in range(6):
            answer = [found for found, _ in matcher.match(picture(0, edited=True))]
            wrong.extend([answer] if 0 not in answer or any(found % 2 for found in answer) else [])

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for number in (1, 2, 0, 3, 4, 0, 5, 6, 7, 0):
        matcher.add(number, held[number])
    for asker in askers:
        asker.join()
    assert wrong == []
