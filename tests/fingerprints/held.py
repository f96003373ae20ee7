"""Files that were seen before, drawn and read once, and how matches with them are checked."""

import os
from functools import cache

import pytest

from fingerprints.compare import compare
from fingerprints.matching import Match
from fingerprints.media import Limits
from fingerprints.read import Reading, read_fingerprints
from tests.media import files, synthetic
from tests.media.synthetic import Clip, Pixels

LIMITS = Limits()
FPS, SIZE, SECONDS = 10, (320, 180), 6.0
PLACE, ELSEWHERE = 21, 22
NEAR = 0.5  # seconds
COVERED = 0.75  # share of what is alike that spans must cover: windows end before a cut


def read(content: bytes) -> Reading:
    """What is read of a file's bytes."""
    fd = os.memfd_create("asset")
    try:
        os.write(fd, content)
        return read_fingerprints(fd, LIMITS)
    finally:
        os.close(fd)


@cache
def footage(place: int = PLACE, second: float = 0.0, voice: int = PLACE) -> Clip:
    """What the camera of a place saw from a second on, with a voice."""
    scene = synthetic.Scene(place)
    count = round(SECONDS * FPS)
    return Clip(
        lambda index: scene.frame(second + index / FPS, SIZE), count, FPS, synthetic.voice(voice, SECONDS)
    ).drawn()


@cache
def held_file() -> bytes:
    """The video that was seen before."""
    return files.video(footage())


@cache
def held() -> Reading:
    """What was read of it."""
    return read(held_file())


@cache
def held_elsewhere() -> Reading:
    """Other footage with another voice."""
    return read(files.video(footage(ELSEWHERE, voice=ELSEWHERE)))


@cache
def still(seed: int) -> Pixels:
    """A photo."""
    return synthetic.still(seed, (640, 480))


@cache
def held_photo() -> Reading:
    """The photo that was seen before."""
    return read(files.photo(still(5)))


@cache
def held_voice() -> Reading:
    """The voice message that was heard before."""
    return read(files.sound(synthetic.voice(8, SECONDS)))


def found(query: Reading, reference: Reading) -> Match:
    """How a query matches; it must."""
    match = compare(query.fingerprints, reference.fingerprints)
    assert match is not None
    return match


def assert_span(match: Match, query_start: float, reference_start: float, seconds: float) -> None:
    """There is one span; it lies along the right offset and covers what is alike and nothing else."""
    (span,) = match.spans
    assert span.reference_start - span.query_start == pytest.approx(reference_start - query_start, abs=NEAR)
    assert query_start - NEAR <= span.query_start
    assert span.query_start + span.seconds <= query_start + seconds + NEAR
    assert span.seconds >= COVERED * seconds
    assert span.speed == 1.0
