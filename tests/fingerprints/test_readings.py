"""Matches and readings survive storage and the way from the decoder; what a hostile decoder says is refused."""

import json
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Unreadable
from core.model import Fingerprint
from fingerprints.matching import Match, Span, flip
from fingerprints.media import MediaClass, Refused
from fingerprints.read import Reading, decode_reading, encode, read_fingerprints
from tests.fingerprints.conftest import OpenBytes
from tests.fingerprints.held import LIMITS

# ------------------------------------------------------------------------------------------------ matches as values

NUMBERS = st.floats(0, 600, allow_nan=False).map(lambda number: round(number, 3))
SPANS = st.builds(Span, NUMBERS, NUMBERS, NUMBERS.filter(bool), st.floats(0.8, 1.25))
GEOMETRIES = st.just(()) | st.tuples(
    st.floats(0.2, 4),
    st.floats(-0.1, 0.1),
    st.floats(-2, 2),
    st.floats(-0.1, 0.1),
    st.floats(0.2, 4),
    st.floats(-2, 2),
)
MATCHES = st.builds(
    Match,
    st.sampled_from(["identical", "same", "excerpt", "contains", "mirrored", "edited", "audio"]),
    st.booleans(),
    st.floats(0, 1),
    st.sampled_from(["bytes", "pdq", "orb", "motion", "sound"]),
    st.booleans(),
    st.lists(SPANS, max_size=3).map(tuple),
    st.booleans(),
    st.booleans(),
    GEOMETRIES,
)


@given(MATCHES)
def test_a_match_survives_storage(match: Match) -> None:
    """What is written as JSON is read as it was."""
    assert Match.from_json(match.to_json()) == match


@given(MATCHES)
def test_a_match_told_twice_from_the_other_side_is_itself(match: Match) -> None:
    """Flipping exchanges the sides; flipping again gives the match back."""
    there, back = flip(match), flip(flip(match))
    assert replace(back, spans=(), geometry=()) == replace(match, spans=(), geometry=())
    assert back.geometry == pytest.approx(match.geometry, abs=1e-6)
    for span, other, again in zip(match.spans, there.spans, back.spans, strict=True):
        assert (other.query_start, other.reference_start) == (span.reference_start, span.query_start)
        assert other.seconds * other.speed == pytest.approx(span.seconds)
        assert (again.seconds, again.speed) == pytest.approx((span.seconds, span.speed))


def test_a_frame_told_twice_from_the_other_side_is_a_frame() -> None:
    """A video contains the picture that is a frame of it, and that picture is a frame of the video."""
    match = Match("frame", True, 0.9, "pdq", spans=(Span(0.0, 3.0, 0.0),))
    assert flip(match).relation == "contains"
    assert flip(flip(match)) == match


# ------------------------------------------------------------------------------------------------ readings as bytes

PRINTS = st.builds(Fingerprint, st.text(max_size=12), st.integers(1, 9), st.binary(max_size=60), st.floats(0, 100))
READINGS = st.builds(
    Reading,
    st.sampled_from(MediaClass),
    st.none() | st.integers(1, 20_000),
    st.none() | st.integers(1, 20_000),
    st.none() | st.floats(0, 1e6),
    st.booleans(),
    st.booleans(),
    st.text(max_size=30),
    st.lists(PRINTS, max_size=5).map(tuple),
    st.text("0123456789abcdef", max_size=16),
    st.text(max_size=30),
)


@given(READINGS)
def test_a_reading_survives_the_way(reading: Reading) -> None:
    """What the decoder packs is unpacked as it was."""
    assert decode_reading(encode(reading)) == reading


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
HEAD = json.loads(encode(Reading(MediaClass.PHOTO, 1, 1, None, False, False, "", (), ""))[4:])


def said(head: object, rest: bytes) -> bytes:
    """An answer with any head."""
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + rest


@settings(max_examples=200)
@given(
    st.binary(max_size=200)
    | st.builds(said, JSON, st.binary(max_size=20))
    | st.builds(
        lambda changed, rest: said({**HEAD, **changed}, rest),
        st.dictionaries(st.sampled_from([*HEAD, "more"]), JSON, max_size=3),
        st.binary(max_size=20),
    )
)
def test_any_bytes_are_a_reading_or_refused(packed: bytes) -> None:
    """An answer of a process that was taken over is refused with one kind of error, or has the agreed form."""
    try:
        reading = decode_reading(packed)
    except Unreadable:
        return
    assert isinstance(reading.media, MediaClass)
    assert all(isinstance(one.payload, bytes) for one in reading.fingerprints)


@given(READINGS, st.data())
def test_a_reading_that_is_cut_or_longer_is_refused(reading: Reading, data: st.DataObject) -> None:
    """Neither less nor more than was announced is read."""
    whole = encode(reading)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for packed in (whole[:cut], whole + b"x"):
        with pytest.raises(Unreadable):
            decode_reading(packed)


def test_brackets_without_end_are_refused() -> None:
    """A head too deep to be read is refused."""
    with pytest.raises(Unreadable):
        decode_reading(struct.pack("<I", 200_000) + b"[" * 200_000)


def test_what_is_no_media_is_refused(opened: OpenBytes) -> None:
    """Empty files and other files are refused with a reason in words."""
    with pytest.raises(Refused, match="empty"):
        read_fingerprints(opened(b""), LIMITS)
    with pytest.raises(Refused, match="not a picture"):
        read_fingerprints(opened(b"%PDF-1.7 nothing to see"), LIMITS)
