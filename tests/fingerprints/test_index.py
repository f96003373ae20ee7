"""The indexes find exactly what a plain loop finds, through additions, merges and removals, and at once."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import Fingerprint
from fingerprints import index, pdq, photo, postings
from fingerprints.index import Hashes, Matcher
from fingerprints.pdq import Hashes as Rows
from fingerprints.postings import Postings
from tests.media import edits, synthetic
from tests.media.synthetic import Pixels

OWNERS = st.integers(0, 5)
SEEDS = st.integers(0, 2**32 - 1)


def rows(seed: int, count: int) -> Rows:
    """Hashes of which some lie near the others, at distances on both sides of the limit."""
    rng = np.random.default_rng(seed)
    centre = np.random.default_rng(7).integers(0, 256, (1, 32), np.uint8)
    flips = np.zeros((count, 256), np.uint8)
    for row in flips:
        row[rng.choice(256, rng.integers(0, 90), replace=False)] = 1
    return np.asarray(centre ^ np.packbits(flips, axis=1), np.uint8)


@dataclass
class Held:
    """What a plain dictionary remembers of additions and removals."""

    hashes: dict[int, list[Rows]] = field(default_factory=dict)

    def near(self, query: Rows) -> set[int]:
        """Every asset with a hash within NEAR bits, by comparing all with all."""
        return {
            owner
            for owner, batches in self.hashes.items()
            if any((pdq.distances(query, batch) <= index.NEAR).any() for batch in batches)
        }


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), OWNERS, st.integers(0, 6), SEEDS), max_size=25), st.integers(0, 4), SEEDS)
def test_near_hashes_are_those_of_a_plain_loop(
    steps: list[tuple[bool, int, int, int]], asked: int, asked_seed: int
) -> None:
    """After any additions and removals every asset within NEAR bits is found, and no other."""
    hashes, held = Hashes(), Held()
    for removal, owner, count, seed in steps:
        if removal:
            hashes.remove(owner)
            held.hashes.pop(owner, None)
        else:
            hashes.add(owner, rows(seed, count))
            held.hashes.setdefault(owner, []).append(rows(seed, count))
        query = rows(asked_seed, asked)
        assert hashes.near(query) == held.near(query)


def test_near_hashes_beyond_the_first_room() -> None:
    """Thousands of hashes, more than there was room for at first, are found like a few."""
    hashes = Hashes()
    for owner in range(40):
        hashes.add(owner, rows(owner, 60))
    hashes.remove(3)
    query = rows(99, 2)
    expected = {
        owner for owner in range(40) if owner != 3 and (pdq.distances(query, rows(owner, 60)) <= index.NEAR).any()
    }
    assert hashes.near(query) == expected


Triples = list[tuple[int, int, int]]  # number, owner, place


def occurrences(held: Triples, asked: list[int]) -> Triples:
    """Index of the question, owner and place of every occurrence, by a plain loop."""
    return sorted(
        (place_asked, owner, place)
        for place_asked, number in enumerate(asked)
        for other, owner, place in held
        if other == number
    )


def found(held: Postings, asked: list[int]) -> Triples:
    """The same, asked of the postings."""
    columns = held.find(np.array(asked, np.uint64))
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


NUMBERS = st.lists(st.integers(0, 12) | st.integers(2**64 - 3, 2**64 - 1), max_size=30)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), OWNERS, NUMBERS), max_size=12), NUMBERS)
def test_postings_are_those_of_a_plain_loop(steps: list[tuple[bool, int, list[int]]], asked: list[int]) -> None:
    """After any additions and removals every occurrence of a number is found, with its owner and place."""
    held, plain = Postings(), list[tuple[int, int, int]]()
    for removal, owner, numbers in steps:
        if removal:
            held.remove(owner)
            plain = [triple for triple in plain if triple[1] != owner]
        else:
            held.add(np.array(numbers, np.uint64), owner, np.arange(len(numbers)))
            plain += [(number, owner, place) for place, number in enumerate(numbers)]
        assert found(held, asked) == occurrences(plain, asked)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=4), SEEDS, st.none() | st.integers(0, 3))
def test_postings_across_merges(sizes: list[int], seed: int, removed: int | None) -> None:
    """Numbers that were merged into the sorted part and those still in the tail are found alike."""
    rng = np.random.default_rng(seed)
    held, plain = Postings(), list[tuple[int, int, int]]()
    for owner, size in enumerate(sizes):
        numbers = rng.integers(0, 50_000, size, np.uint64)
        held.add(numbers, owner, np.arange(size))
        plain += zip(numbers.tolist(), [owner] * size, range(size), strict=True)
    if removed is not None:
        held.remove(removed)
        plain = [triple for triple in plain if triple[1] != removed]
    asked = [number for number, _, _ in plain[:20]] + rng.integers(0, 50_000, 10, np.uint64).tolist()
    assert found(held, asked) == occurrences(plain, asked)


def test_numbers_that_are_everywhere_say_nothing() -> None:
    """A number with more than COMMON occurrences is not followed; others beside it still are."""
    held = Postings()
    held.add(np.full(postings.COMMON + 1, 5, np.uint64), 1, np.arange(postings.COMMON + 1))
    held.add(np.array([6], np.uint64), 2, np.array([0]))
    assert found(held, [5, 6]) == [(1, 2, 0)]


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
