"""Lists of channels: what may stand in them, and that what is exported can be read again."""

import io
from pathlib import Path

import pytest

from core.errors import InputError
from firstseen.watchlists import Listed, look_ups, read_list, seconds_until_ready, write_list

LISTED = [
    Listed("@astrapress", "joined", "ru", "ru", "RU", 'says "own sources", often first'),
    Listed("1186921499", "poll", "ua"),
    Listed("https://t.me/spravdi", "preview", notes="Киев, ua"),
]


def test_a_written_list_is_read_again(tmp_path: Path) -> None:
    """Labels with commas, quotes and other alphabets survive the table."""
    written = io.StringIO()
    write_list(LISTED, written)
    file = tmp_path / "list.csv"
    file.write_text(written.getvalue(), encoding="utf-8")
    assert read_list(file) == LISTED


def test_a_text_file_is_one_channel_a_line(tmp_path: Path) -> None:
    """Empty lines and comments are left out; the byte order mark of some editors is nothing."""
    file = tmp_path / "list.txt"
    file.write_text("\ufeff@astra  # first\n\n# t.me/none\nt.me/spravdi\n", encoding="utf-8")
    assert [one.channel for one in read_list(file)] == ["@astra", "t.me/spravdi"]


WRONG = [
    ("not a channel", "not a channel: not a channel; give @name"),
    ("channel,tier\n@astra,imported", "imported is no tier; choose joined, fast, poll, preview"),
    ("channel,colour\n@astra,red", "line 2: unknown column colour; known are channel, tier"),
    ("channel,side\n@astra,ru,too much", "line 2: unknown column"),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[text[:20] for text, _words in WRONG])
def test_a_wrong_list_says_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    """The first mistake is named with what would be right."""
    file = tmp_path / "list"
    file.write_text(text)
    with pytest.raises(InputError) as told:
        read_list(file)
    assert words in str(told.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A picture, say."""
    file = tmp_path / "list"
    file.write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(InputError, match="can't be read as text"):
        read_list(file)


def test_what_a_list_costs() -> None:
    """Names are looked up, numbers and public pages are not; a day has only so many look-ups."""
    assert look_ups(LISTED) == 1
    assert seconds_until_ready(0, 40) == seconds_until_ready(1, 40) == 0
    assert seconds_until_ready(31, 40) == 30 * 60
    assert seconds_until_ready(101, 40) == 2 * 86400 + 20 * 60
