"""Durations and sizes as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.units import format_duration, format_size, parse_duration, parse_size, span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500 ms", 0.5), ("3 s", 3.0), ("1.5 h", 5400.0), ("15min", 900.0), (" 7  d ", 604800.0), ("0 s", 0.0)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """Every unit of time is understood, with or without a blank."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("12 B", 12), ("300 kB", 300_000), ("20MB", 20_000_000), ("1.5 GB", 1_500_000_000), ("1 TB", 10**12)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    """Every unit of size is understood, as a power of a thousand."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "given", [3, 3.5, None, True, "", "3", "s", "-3 s", "3 weeks", "3 S", "٣ s", "1e3 s", "9" * 400 + " s"]
)
def test_what_is_no_duration_is_refused(given: object) -> None:
    """A bare number, a strange unit or an absurd amount is refused with the units that exist."""
    with pytest.raises(ValueError, match=r"ms, s, min, h, d"):
        parse_duration(given)


@pytest.mark.parametrize("given", [20, "20", "20 mb", "20 GiB", "-1 B", "9" * 400 + " TB"])
def test_what_is_no_size_is_refused(given: object) -> None:
    """A bare number, a unit in the wrong case or an absurd amount is refused with the units that exist."""
    with pytest.raises(ValueError, match=r"B, kB, MB, GB, TB"):
        parse_size(given)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.25, "250 ms"), (1.5, "1.5 s"), (90, "90 s"), (120, "2 min"), (5400, "90 min"), (86400, "1 d")],
)
def test_durations_are_shown_in_the_largest_whole_unit(seconds: float, text: str) -> None:
    """The unit is the largest in which the number stays whole."""
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_000_000_000, "2 GB"), (1_234_567, "1.2 MB")]
)
def test_sizes_are_shown_with_one_decimal(size: int, text: str) -> None:
    """Sizes are shown in the largest unit that fits, cut to one decimal."""
    assert format_size(size) == text


@given(st.integers(min_value=0, max_value=10**14))
def test_a_duration_shown_is_read_back(milliseconds: int) -> None:
    """Whatever is shown in milliseconds or coarser can be written into a configuration and means the same."""
    seconds = milliseconds / 1000

    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-12)


@given(st.integers(min_value=0, max_value=10**15))
def test_a_size_shown_is_nearly_read_back(size: int) -> None:
    """A size that is shown can be written into a configuration and is at most a twentieth off."""
    assert parse_size(format_size(size)) == pytest.approx(size, rel=0.05)


@pytest.mark.parametrize(
    ("minutes", "words"), [(0.5, "less than a minute"), (20, "20 min"), (61, "1 h 1 min"), (3000, "2 d 2 h")]
)
def test_a_span_of_time_is_told_in_two_units(minutes: float, words: str) -> None:
    """Exact enough to act on, short enough to read."""
    assert span(60 * minutes) == words
