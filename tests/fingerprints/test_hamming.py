"""The tables of bands find exactly what comparing all with all finds: in tail, middle and base, through merges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fingerprints.bands import Bands, Words
from fingerprints.hamming import HammingIndex
from fingerprints.segment import Segment, scan

SEEDS = st.integers(0, 2**32 - 1)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "add", "many", "remove"]), st.integers(0, 5), SEEDS), max_size=20)


def hashes(seed: int, count: int, bits: int) -> Words:
    """Hashes of which all lie within half their bits of one centre, so that any radius has rows on both sides."""
    rng = np.random.default_rng(seed)
    centre = np.random.default_rng(7).integers(0, 256, (1, bits // 8), np.uint8)
    flips = np.zeros((count, bits), np.uint8)
    for row in flips:
        row[rng.choice(bits, rng.integers(0, bits // 3), replace=False)] = 1
    return np.ascontiguousarray(centre ^ np.packbits(flips, axis=1)).view(np.uint64)


def distances(left: Words, right: Words) -> NDArray[np.int64]:
    """All with all, one bit at a time."""
    bits = [np.unpackbits(words.view(np.uint8), axis=1).astype(np.int64) for words in (left, right)]
    return np.asarray((bits[0][:, None, :] != bits[1][None, :, :]).sum(axis=2))


def near(held: dict[int, list[Words]], asked: Words, radius: int) -> set[tuple[int, int]]:
    """Pairs of question and owner, by the plain loop."""
    return {
        (int(question), owner)
        for owner, batches in held.items()
        for batch in batches
        for question in np.flatnonzero((distances(asked, batch) <= radius).any(axis=1))
    }


def pairs(index: HammingIndex, asked: Words, radius: int, *, scanned: bool = False) -> list[tuple[int, int]]:
    """What an index answers."""
    questions, owners = index.find(asked, radius, scanned=scanned)
    return list(zip(questions.tolist(), owners.tolist(), strict=True))


@settings(deadline=None, max_examples=60)
@given(STEPS, st.sampled_from([(64, 8), (64, 11), (256, 9), (256, 22), (256, 31)]), SEEDS, st.booleans())
def test_an_index_answers_like_a_plain_loop(
    steps: list[tuple[str, int, int]], shape: tuple[int, int], seed: int, scanned: bool
) -> None:
    """After every addition, removal and merge, finished or under way, every near owner is found, and no other."""
    bits, radius = shape
    index, held = HammingIndex(bits, small=20, tail=12), dict[int, list[Words]]()
    for verb, owner, number in steps:
        made = hashes(number, number % 9, bits)
        if verb == "remove":
            index.remove(owner)
            held.pop(owner, None)
        elif verb == "add":
            index.add(owner, made)
            held.setdefault(owner, []).append(made)
        else:
            index.add_many(np.full(len(made), owner), made)
            held.setdefault(owner, []).append(made)
        asked = hashes(seed, 10, bits)
        assert set(pairs(index, asked, radius, scanned=scanned)) == near(held, asked, radius)
    index.settle()
    asked = hashes(seed + 1, 3, bits)
    assert set(pairs(index, asked, radius, scanned=scanned)) == near(held, asked, radius)


@pytest.mark.parametrize("count", [11, 16])
@pytest.mark.parametrize("radius", [0, 5, 16, 25, 31, 32])
def test_hashes_on_the_rim_are_found(count: int, radius: int) -> None:
    """For every radius the rows at exactly that distance are found and those one bit farther are not."""
    rng = np.random.default_rng(radius)
    asked = rng.integers(0, 2**64, (40, 4), np.uint64)
    at = np.repeat(asked.view(np.uint8), 2, axis=0)
    for row, octets in enumerate(at):
        flipped = np.zeros(256, np.uint8)
        flipped[rng.choice(256, radius + row % 2, replace=False)] = 1
        at[row] = octets ^ np.packbits(flipped)
    words = np.ascontiguousarray(at).view(np.uint64)
    numbers = np.arange(len(words), dtype=np.uint32)
    segment = Segment.built(words, numbers, Bands(256, count))
    questions, found = segment.find(asked, radius)
    assert set(zip(questions.tolist(), found.tolist(), strict=True)) == {(place, 2 * place) for place in range(40)}
    questions, found = scan(words.T, numbers, asked, radius)
    assert set(zip(questions.tolist(), found.tolist(), strict=True)) == {(place, 2 * place) for place in range(40)}


def test_bands_deal_out_every_bit_once() -> None:
    """Together the bands hold each bit of a hash in exactly one place, neighbours in different bands."""
    bands = Bands(256, 11)
    single = np.zeros((256, 32), np.uint8)
    single[np.arange(256), np.arange(256) // 8] = 1 << (np.arange(256) % 8)
    values = bands.values(single.view(np.uint64))
    assert (np.bitwise_count(values).sum(axis=0) == 1).all()
    assert (np.argmax(values > 0, axis=0) == np.arange(256) % 11).all()
    assert (np.bitwise_or.reduce(values, axis=1) == [(1 << width) - 1 for width in bands.widths]).all()


def test_additions_during_merges_stay_findable() -> None:
    """While a thread merges again and again, every owner is found right after its addition and at the end."""
    index = HammingIndex(256, small=200, tail=100)
    added = [hashes(owner, 30, 256) for owner in range(100)]
    for owner, words in enumerate(added):
        index.add(owner, words)
        if owner % 3 == 2:
            index.remove(owner - 1)
        assert (0, owner) in pairs(index, words[:1], 0)
    index.settle()
    removed = {owner - 1 for owner in range(100) if owner % 3 == 2}
    found = {owner for owner, words in enumerate(added) if (0, owner) in pairs(index, words[:1], 0)}
    assert found == set(range(100)) - removed
    assert len(index) < 30 * 100
