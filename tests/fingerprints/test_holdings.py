"""What is held is found as a plain loop finds it: in tails and volumes, through merges and replacements, from files."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fingerprints import postings
from fingerprints.bands import Words
from fingerprints.holdings import Holdings, View
from fingerprints.shelf import MANIFEST, Shelf
from fingerprints.tail import Entries, Listed
from fingerprints.volume import Layout

RADIUS = 31
LAYOUT = Layout(256, (12, 32, 17), small=25)
SEEDS = st.integers(0, 2**32 - 1)
VERBS = st.sampled_from(["add", "add", "add", "add", "remove", "settle", "reopen"])
STEPS = st.lists(st.tuples(VERBS, st.integers(0, 5), SEEDS), max_size=14)
Pairs = set[tuple[int, int]]
Triples = list[tuple[int, int, int]]  # index of the question, asset, place


def hashes(seed: int, count: int) -> Words:
    """Hashes of which all lie within a third of their bits of one centre: the radius has rows on both sides."""
    rng = np.random.default_rng(seed)
    centre = np.random.default_rng(7).integers(0, 256, (1, 32), np.uint8)
    flips = np.zeros((count, 256), np.uint8)
    for row in flips:
        row[rng.choice(256, rng.integers(0, 80), replace=False)] = 1
    return np.ascontiguousarray(centre ^ np.packbits(flips, axis=1)).view(np.uint64)


def listed(rng: np.random.Generator, bits: int) -> Listed:
    """Numbers of which many are few, and some are the greatest there is."""
    count = int(rng.integers(0, 30))
    numbers = np.where(rng.random(count) < 0.8, rng.integers(0, 9, count), (1 << bits) - 1 - rng.integers(0, 3, count))
    return Listed(numbers.astype(np.uint64), np.sort(rng.integers(0, 20, count)), bits)


def entries(seed: int) -> Entries:
    """What some asset is found by."""
    rng = np.random.default_rng(seed)
    return Entries(hashes(seed, seed % 9), tuple(listed(rng, bits) for bits in LAYOUT.lists))


@dataclass
class Plain:
    """What a plain dictionary remembers, and how a plain loop finds it."""

    held: dict[int, Entries] = field(default_factory=dict)

    def near(self, asked: Words) -> Pairs:
        """Question and asset of every hash within the radius, one bit at a time."""
        bits = np.unpackbits(asked.view(np.uint8), axis=1)
        return {
            (int(question), asset)
            for asset, known in self.held.items()
            for row in np.unpackbits(known.hashes.view(np.uint8), axis=1)
            for question in np.flatnonzero((bits != row).sum(axis=1) <= RADIUS)
        }

    def occurrences(self, which: int, asked: Sequence[int]) -> Triples:
        """Every occurrence of every number."""
        return sorted(
            (question, asset, place)
            for question, number in enumerate(asked)
            for asset, known in self.held.items()
            for other, place in zip(
                known.lists[which].numbers.tolist(), known.lists[which].places.tolist(), strict=True
            )
            if other == number
        )


def near(view: View, asked: Words, *, scanned: bool = False) -> Pairs:
    """The same, asked of the index."""
    return set(zip(*(column.tolist() for column in view.near(asked, RADIUS, scanned=scanned)), strict=True))


def occurrences(view: View, which: int, asked: Sequence[int]) -> Triples:
    """The same, asked of the index."""
    columns = view.occurrences(which, np.array(asked, np.uint64))
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def assert_alike(view: View, plain: Plain, seed: int) -> None:
    """Whatever is asked, both answer the same."""
    asked = hashes(seed, 4)
    assert near(view, asked) == near(view, asked, scanned=True) == plain.near(asked)
    for which, bits in enumerate(LAYOUT.lists):
        numbers = [*range(10), (1 << bits) - 1, (1 << bits) - 2]
        assert occurrences(view, which, numbers) == plain.occurrences(which, numbers)


def shelved(folder: Path, *, database: str = "one", recipe: str = "first", writable: bool = True) -> Holdings:
    """An index with files, small enough to be merged all the time."""
    return Holdings(LAYOUT, Shelf(folder, database, recipe, writable=writable), tail=12, listed=60)


@settings(deadline=None, max_examples=25)
@given(STEPS, SEEDS)
def test_what_is_held_is_what_a_plain_loop_finds(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]], seed: int
) -> None:
    """After every addition, replacement, removal, merge and new start, all is found that is there, and nothing else.

    At a new start the database tells by marks what is still true; what the files lack is added again.
    """
    folder = tmp_path_factory.mktemp("index") / "index"
    held, plain, marks = shelved(folder), Plain(), dict[int, int]()
    for verb, asset, number in steps:
        if verb == "add":
            plain.held[asset], marks[asset] = entries(number), number + 1
            held.add(asset, entries(number), marks[asset])
        elif verb == "remove":
            plain.held.pop(asset, None), marks.pop(asset, None)
            held.remove(asset)
        elif verb == "settle":
            held.settle()
        else:
            held.close()
            held = shelved(folder)
            held.open(marks)
            for missing in set(marks) - {asset for asset in marks if asset in held}:
                held.add(missing, plain.held[missing], marks[missing])
        assert_alike(held.view, plain, seed)
    held.close()


def filled(folder: Path, assets: int = 12) -> tuple[Plain, dict[int, int]]:
    """An index with files of so many assets, closed again; what it held and by which marks."""
    held, plain, marks = shelved(folder), Plain(), dict[int, int]()
    for asset in range(assets):
        plain.held[asset], marks[asset] = entries(asset + 100), asset + 1
        held.add(asset, plain.held[asset], marks[asset])
        held.settle()
    held.tidy()
    held.settle()
    held.close()
    return plain, marks


def test_a_start_with_files_holds_all_at_once(tmp_path: Path) -> None:
    """What was merged is there without being added again, is only read, and grows from there."""
    plain, marks = filled(tmp_path / "index")
    held = shelved(tmp_path / "index")
    assert held.open(marks) == ""
    assert_alike(held.view, plain, 1)
    assert all(asset in held for asset in marks)
    plain.held[50] = entries(7)
    held.add(50, entries(7), 51)
    assert_alike(held.view, plain, 1)
    held.close()


def test_files_know_no_more_than_the_database(tmp_path: Path) -> None:
    """An asset that changed or was deleted meanwhile is not found by what it was."""
    plain, marks = filled(tmp_path / "index")
    del marks[3], plain.held[3], plain.held[4]
    marks[4] = 999
    held = shelved(tmp_path / "index")
    assert held.open(marks) == ""
    assert 3 not in held
    assert 4 not in held
    assert_alike(held.view, plain, 2)
    held.close()


def flip_a_bit(path: Path) -> None:
    """Change one byte of a file, which stays as long."""
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.write_bytes(octets)


def cut_short(path: Path) -> None:
    """Leave out the last byte."""
    path.write_bytes(path.read_bytes()[:-1])


def largest(folder: Path) -> Path:
    """The largest file of the index."""
    return max(folder.glob("*/*"), key=lambda path: path.stat().st_size)


def reword(path: Path) -> None:
    """Change what a manifest says."""
    path.write_text(path.read_text().replace('"first": 0', '"first": 1'))


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "changed": (lambda folder: flip_a_bit(largest(folder)), "have changed"),
    "cut short": (lambda folder: cut_short(largest(folder)), "bytes instead of"),
    "missing": (lambda folder: largest(folder).unlink(), "is missing"),
    "no manifest": (lambda folder: (folder / MANIFEST).unlink(), "manifest is missing"),
    "torn manifest": (lambda folder: cut_short(folder / MANIFEST), "can't be read"),
    "changed manifest": (lambda folder: reword(folder / MANIFEST), "has changed"),
    "no folder": (shutil.rmtree, ""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_refused_and_replaced(tmp_path: Path, damage: str) -> None:
    """Files that are not what was written hold nothing, say why, and give way to new ones."""
    folder = tmp_path / "index"
    plain, marks = filled(folder)
    spoil, reason = DAMAGES[damage]
    spoil(folder)
    held = shelved(folder)
    assert reason in held.open(marks)
    assert not any(asset in held for asset in marks)
    assert_alike(held.view, Plain(), 3)
    for asset, known in plain.held.items():
        held.add(asset, known, marks[asset])
    held.settle()
    held.tidy()
    held.settle()
    held.close()
    again = shelved(folder)
    assert again.open(marks) == ""
    assert_alike(again.view, plain, 3)
    assert {path.name for path in folder.iterdir()} == {MANIFEST, *(one.name for one in again.view.volumes)}
    again.close()


def test_what_an_interrupted_merge_left_is_swept_away(tmp_path: Path) -> None:
    """A half-written volume, or one that no manifest came to name, counts for nothing and does not stay."""
    folder = tmp_path / "index"
    plain, marks = filled(folder)
    counted = {path.name for path in folder.iterdir()}
    (volume,) = counted - {MANIFEST}
    shutil.copytree(folder / volume, folder / "new-0123456789abcdef")
    shutil.copytree(folder / volume, folder / "0123456789abcdef")
    (folder / f"{MANIFEST}.new").write_text("{")
    held = shelved(folder)
    assert held.open(marks) == ""
    assert_alike(held.view, plain, 10)
    held.close()
    assert {path.name for path in folder.iterdir()} == counted


@pytest.mark.parametrize(("database", "recipe", "foreign"), [("two", "first", "database"), ("one", "new", "recipe")])
def test_foreign_files_are_refused(tmp_path: Path, database: str, recipe: str, foreign: str) -> None:
    """Files of another database, or made by another choice of what is looked for, are not taken up."""
    _, marks = filled(tmp_path / "index")
    held = shelved(tmp_path / "index", database=database, recipe=recipe)
    assert held.open(marks) == f"the files are of another {foreign}"
    assert not any(asset in held for asset in marks)
    held.close()


def test_who_only_reads_changes_nothing(tmp_path: Path) -> None:
    """Beside the process that writes another one finds all, and adds in memory only."""
    folder = tmp_path / "index"
    plain, marks = filled(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    held = shelved(folder, writable=False)
    assert held.open(marks) == ""
    for asset in range(20, 40):
        plain.held[asset] = entries(asset)
        held.add(asset, plain.held[asset], asset)
    held.settle()
    assert_alike(held.view, plain, 4)
    held.close()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_question_sees_one_moment(tmp_path: Path) -> None:
    """A view that was taken stays what it was through replacements, removals and merges, even of its files."""
    plain, marks = filled(tmp_path / "index")
    held = shelved(tmp_path / "index")
    held.open(marks)
    view = held.view
    for asset in range(12):
        held.add(asset, entries(asset + 500), 100 + asset)
        if asset % 3 == 0:
            held.remove(asset)
    held.settle()
    held.tidy()
    held.settle()
    assert_alike(view, plain, 5)
    held.close()


def test_additions_during_merges_stay_findable(tmp_path: Path) -> None:
    """While a thread merges again and again, every asset is found right after its addition and at the end."""
    held, plain = shelved(tmp_path / "index"), Plain()
    for asset in range(80):
        plain.held[asset] = entries(1000 + asset)
        held.add(asset, plain.held[asset], asset + 1)
        if asset % 3 == 2:
            held.remove(asset - 1)
            del plain.held[asset - 1]
        if asset % 16 == 0:
            assert_alike(held.view, plain, asset)
    held.keep_up()
    held.settle()
    assert_alike(held.view, plain, 6)
    assert len(held.view.volumes) <= 2
    held.close()


def test_many_additions_are_merged_once(tmp_path: Path) -> None:
    """While an index is filled it answers too; cut off in the middle, it goes on from there; in the end it is tidy."""
    held, plain, marks = shelved(tmp_path / "index"), Plain(), dict[int, int]()
    with held.filling():
        for asset in range(150):
            plain.held[asset], marks[asset] = entries(2000 + asset), asset + 1
            held.add(asset, plain.held[asset], marks[asset])
            held.keep_up()
        held.settle()
        assert_alike(held.view, plain, 9)
        cut_off = shelved(tmp_path / "index", writable=False)
        assert cut_off.open(marks) == ""
        assert len(cut_off.view.volumes) > 2
        for asset in [asset for asset in marks if asset not in cut_off]:
            cut_off.add(asset, plain.held[asset], marks[asset])
        assert_alike(cut_off.view, plain, 9)
    held.settle()
    assert len(held.view.volumes) <= 2
    assert all(one.hashes.suits(LAYOUT.small) for one in held.view.volumes)
    assert_alike(held.view, plain, 9)
    held.close()
    cut_off.close()


def test_a_full_disk_costs_no_answer(tmp_path: Path) -> None:
    """Where files can't be written everything is still found, and the reason is kept."""
    (tmp_path / "index").write_text("in the way")
    held, plain = shelved(tmp_path / "index"), Plain()
    for asset in range(30):
        plain.held[asset] = entries(asset)
        held.add(asset, plain.held[asset], 1)
    held.settle()
    assert_alike(held.view, plain, 7)
    assert isinstance(held.failure, OSError)
    held.close()


def everywhere(count: int, asset_places: NDArray[np.int64]) -> Entries:
    """An asset with one number so many times, and another once."""
    numbers = np.append(np.full(count, 5, np.uint64), np.uint64(6))
    nothing = Listed(np.zeros(0, np.uint64), np.zeros(0, np.int64), 32)
    return Entries(hashes(0, 0), (Listed(numbers, asset_places, 12), nothing, nothing))


def test_numbers_that_are_everywhere_say_nothing() -> None:
    """A number with more than COMMON occurrences in all parts is not followed; others beside it still are."""
    held, half = Holdings(LAYOUT, listed=postings.COMMON // 2), postings.COMMON // 2
    held.add(1, everywhere(half, np.arange(half + 1)))
    held.settle()
    assert len(occurrences(held.view, 0, [5, 6])) == half + 1
    held.add(2, everywhere(half + 1, np.arange(half + 2)))
    assert [asset for _, asset, _ in occurrences(held.view, 0, [5, 6])] == [1, 2]
    held.settle()
    assert [asset for _, asset, _ in occurrences(held.view, 0, [5, 6])] == [1, 2]
    held.close()


def test_many_numbers_are_merged_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Volumes that are merged a few numbers at a time hold what they would hold otherwise."""
    monkeypatch.setattr(postings, "_PIECE", 40)
    held, plain = Holdings(LAYOUT, listed=200), Plain()
    for asset in range(40):
        plain.held[asset] = entries(3000 + asset)
        held.add(asset, plain.held[asset])
        if asset % 5 == 4:
            held.remove(asset - 2)
            del plain.held[asset - 2]
    held.settle()
    assert_alike(held.view, plain, 8)
    held.close()
