"""Formats that people and Telegram see: what is made is read back, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import (
    ChannelRef,
    channel_label,
    footage_label,
    named_channel_id,
    parse_channel,
    parse_footage,
    parse_post_key,
    post_key,
    post_link,
)

CHANNELS = st.integers(min_value=10_000, max_value=10**12)
MESSAGES = st.integers(min_value=1, max_value=2**31 - 1)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{2,31}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("@spravdi", ChannelRef("spravdi")),
        ("spravdi", ChannelRef("spravdi")),
        (" https://t.me/spravdi ", ChannelRef("spravdi")),
        ("http://telegram.me/spravdi/", ChannelRef("spravdi")),
        ("t.me/s/spravdi", ChannelRef("spravdi")),
        ("t.me/spravdi/41?single&t=5", ChannelRef("spravdi", None, 41)),
        ("https://t.me/c/1234567890/41", ChannelRef(None, 1234567890, 41)),
        ("-1001234567890", ChannelRef(None, 1234567890)),
        ("1234567890", ChannelRef(None, 1234567890)),
    ],
)
def test_every_way_to_write_a_channel(text: str, ref: ChannelRef) -> None:
    """Names, links and numbers lead to the channel, and a link to a post also to its number."""
    assert parse_channel(text) == ref


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a",
        "два слова",
        "@name with blanks",
        "https://example.org/spravdi",
        "https://t.me.example.org/spravdi",
        "https://t.me/+AbCdEfGhIjKl",
        "https://t.me/joinchat/AbCdEfGh",
        "-5",
        "9" * 40,
        "t.me/spravdi/" + "9" * 40,
        "@spravdi\n@other",
        "١٢٣٤٥٦",
    ],
)
def test_what_is_no_channel(text: str) -> None:
    """Other sites, invites, several names and absurd numbers are not channels."""
    assert parse_channel(text) is None


@given(CHANNELS, MESSAGES, NAMES)
def test_a_post_link_leads_back(channel: int, message: int, name: str) -> None:
    """The link of a post, public or private, is read back as that post."""
    assert parse_channel(post_link(channel, message, name)) == ChannelRef(name, None, message)
    assert parse_channel(post_link(channel, message, None)) == ChannelRef(None, channel, message)


@given(CHANNELS, NAMES)
def test_a_channel_number_is_read_with_and_without_the_mark(channel: int, name: str) -> None:
    """The number as the Bot API writes it and the bare one mean the same channel; @name means the name."""
    assert parse_channel(str(channel)) == parse_channel(f"-100{channel}") == ChannelRef(None, channel)
    assert parse_channel(f"@{name}") == ChannelRef(name)


@given(st.text())
def test_any_text_is_a_channel_or_nothing(text: str) -> None:
    """Whatever somebody types, numbers fit into the database and names are plain ASCII."""
    ref = parse_channel(text)

    if ref is not None:
        assert (ref.username is None) != (ref.channel_id is None)
        assert (ref.channel_id or 0) < 2**63
        assert (ref.username or "a").isascii()


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_a_footage_label_is_read_back(footage_id: int) -> None:
    """The label on the card can be typed with or without the number sign, in either case."""
    label = footage_label(footage_id)

    assert parse_footage(label) == parse_footage(label.lower()) == parse_footage(f" {label[1:]} ") == footage_id


@pytest.mark.parametrize("text", ["", "F", "12", "#12", "FF1", "F-1", "F1.5", "F" + "1" * 30, "F1 F2", "F١"])
def test_what_is_no_footage(text: str) -> None:
    """Anything but F and a number of decent length is no footage."""
    assert parse_footage(text) is None


@given(st.integers(min_value=-(2**48), max_value=2**48), MESSAGES)
def test_a_post_key_is_read_back(channel: int, message: int) -> None:
    """A key made of a post leads back to it, also for channels without a Telegram number."""
    assert parse_post_key(post_key(channel, message)) == (channel, message)


@given(st.text())
def test_a_named_channel_never_looks_like_telegrams(name: str) -> None:
    """A folder's number is negative, stable, and deaf to case; it has no link."""
    channel = named_channel_id(name)

    assert -(2**48) <= channel < 0
    assert channel == named_channel_id(name) == named_channel_id(name.casefold())
    assert post_link(channel, 1, None) == ""


def test_a_label_names_the_channel_and_how_to_find_it() -> None:
    """A label has the title with the name, or with the number when there is no name."""
    assert channel_label("Spravdi", "spravdi", 7) == "Spravdi (@spravdi)"
    assert channel_label("Закрито", None, 12345) == "Закрито (12345)"
