"""Every id format that people or Telegram see, made and parsed in one place."""

import hashlib
import re
from dataclasses import dataclass

_USERNAME = r"[A-Za-z][A-Za-z0-9_]{2,31}"
_LINK = re.compile(
    rf"^(?:https?://)?(?:t\.me|telegram\.me|telegram\.dog)/"
    rf"(?:s/)?(?:c/(?P<id>\d{{1,15}})|(?P<name>{_USERNAME}))(?:/(?P<message>\d{{1,10}}))?/?(?:\?.*)?$",
    re.ASCII,
)
_NAME = re.compile(rf"^@?(?P<name>{_USERNAME})$", re.ASCII)
_NUMBER = re.compile(r"^(?:-100)?(?P<id>\d{5,15})$", re.ASCII)
_FOOTAGE = re.compile(r"^#?[Ff](?P<id>\d{1,12})$", re.ASCII)
MARKED_CHANNEL = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class ChannelRef:
    """What somebody typed to mean a channel: a name or a bare number, perhaps with a message."""

    username: str | None = None
    channel_id: int | None = None
    message_id: int | None = None


def parse_channel(text: str) -> ChannelRef | None:
    """Read @name, a t.me link, a numeric id (bare or with -100); nothing for anything else."""
    text = text.strip()
    if found := _NUMBER.match(text):
        return ChannelRef(channel_id=int(found["id"]))
    if found := _LINK.match(text):
        message = int(found["message"]) if found["message"] else None
        number = int(found["id"]) if found["id"] else None
        return ChannelRef(found["name"], number, message)
    if found := _NAME.match(text):
        return ChannelRef(found["name"])
    return None


def post_link(channel_id: int, message_id: int, username: str | None) -> str:
    """The t.me address of a post; by number (members only) when the channel has no public name."""
    if channel_id < 0:
        return ""
    return f"https://t.me/{username}/{message_id}" if username else f"https://t.me/c/{channel_id}/{message_id}"


def channel_label(title: str, username: str | None, channel_id: int) -> str:
    """What people read: the title, then @name or the number."""
    return f"{title} (@{username})" if username else f"{title} ({channel_id})"


def footage_label(footage_id: int) -> str:
    """``#F12``: what members call a footage."""
    return f"#F{footage_id}"


def parse_footage(text: str) -> int | None:
    """The footage id in ``#F12``, ``F12`` or ``f12``; nothing for anything else."""
    found = _FOOTAGE.match(text.strip())
    return int(found["id"]) if found else None


def post_key(channel_id: int, message_id: int) -> str:
    """A post as a job key or log field."""
    return f"{channel_id}/{message_id}"


def parse_post_key(key: str) -> tuple[int, int]:
    """The channel and message of a key made by ``post_key``."""
    channel, _, message = key.partition("/")
    return int(channel), int(message)


def named_channel_id(name: str) -> int:
    """A stable negative number for a channel that has no Telegram id: a folder, an anonymous export."""
    digest = hashlib.sha256(name.casefold().encode()).digest()
    return -int.from_bytes(digest[:6], "big") - 1
