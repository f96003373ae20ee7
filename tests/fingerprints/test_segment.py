"""The tables of bands find exactly what comparing all with all finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprints.bands import Bands, Words
from fingerprints.room import Memory
from fingerprints.segment import Found, Segment, scan

SEEDS = st.integers(0, 2**32 - 1)


def hashes(seed: int, count: int, bits: int) -> Words:
    """Hashes of which all lie within a third of their bits of one centre, so that any radius has rows on both sides."""
    rng = np.random.default_rng(seed)
    centre = np.random.default_rng(7).integers(0, 256, (1, bits // 8), np.uint8)
    flips = np.zeros((count, bits), np.uint8)
    for row in flips:
        row[rng.choice(bits, rng.integers(0, bits // 3), replace=False)] = 1
    return np.ascontiguousarray(centre ^ np.packbits(flips, axis=1)).view(np.uint64)


def near(held: Words, asked: Words, radius: int) -> set[tuple[int, int]]:
    """Pairs of question and row, one bit at a time."""
    left, right = (np.unpackbits(words.view(np.uint8), axis=1) for words in (asked, held))
    found = np.argwhere((left[:, None, :] != right[None, :, :]).sum(axis=2) <= radius)
    return {(int(question), int(row)) for question, row in found}


def pairs(found: Found) -> set[tuple[int, int]]:
    """What a segment answers."""
    return set(zip(*(column.tolist() for column in found), strict=True))


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=3),
    st.sampled_from([(64, 8), (64, 11), (256, 9), (256, 22), (256, 31)]),
    st.sampled_from([0, 1000]),
    SEEDS,
)
def test_a_segment_answers_like_a_plain_loop(sizes: list[int], shape: tuple[int, int], small: int, seed: int) -> None:
    """With tables or without, of one part or several, every near hash is found, and no other."""
    bits, radius = shape
    parts = [hashes(seed + number, size, bits) for number, size in enumerate(sizes)]
    ends = np.cumsum(sizes)
    rows = [(part, np.arange(end - len(part), end, dtype=np.uint32)) for part, end in zip(parts, ends, strict=True)]
    segment, asked = Segment.joined(rows, bits, Memory(), small), hashes(seed + 9, 5, bits)
    expected = near(np.concatenate(parts), asked, radius)
    assert pairs(segment.find(asked, radius)) == pairs(segment.find(asked, radius, scanned=True)) == expected


@pytest.mark.parametrize("count", [11, 16])
@pytest.mark.parametrize("radius", [0, 16, 31, 32])
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
