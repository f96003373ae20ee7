"""Telegram message → Post with its MediaRefs and Links. Pure: asks nobody, stores nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from telethon import utils
from telethon.tl import TLObject, types
from telethon.tl.alltlobjects import LAYER

from collectors.media import files, unknown
from core.errors import Unsupported
from core.model import Channel, Forward, Link, Post

NOBODY: Mapping[int, str] = {}
STARTS = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Converted:
    """A post, and what in it this program has no word for (kept raw, counted, looked at by a person)."""

    post: Post
    unknown: str = ""


def convert(message: Any, titles: Mapping[int, str] = NOBODY) -> Converted:
    """The post that a channel's Message or MessageService is; Unsupported for what is no post of a channel.

    ``titles`` names the channels that Telegram sent along, for forward headers.
    """
    if not isinstance(message, types.Message | types.MessageService) or not message.date:
        raise Unsupported(f"{type(message).__name__} is no post")
    if not isinstance(message.peer_id, types.PeerChannel):
        raise Unsupported("not a post of a channel")
    raw, layer = raw_bytes(message)
    post = Post(
        message.peer_id.channel_id,
        message.id,
        _moment(message.date),
        text=text(message),
        album_id=getattr(message, "grouped_id", None),
        edited_at=_edited(message),
        reply_to=_reply(message),
        forward=_forward(getattr(message, "fwd_from", None), titles),
        media=tuple(file.ref for file in files(message)),
        links=links(message),
        service=service(message),
        raw=raw,
        raw_layer=layer,
    )
    return Converted(post, unknown(message))


def raw_bytes(message: Any) -> tuple[bytes, int]:
    """The message as Telegram's own bytes with their layer, or as JSON with 0 when Telethon can't write it."""
    try:
        return bytes(message), LAYER
    except AssertionError:  # half of a group of fields: Telethon reads such objects but does not write them
        return str(message.to_json()).encode(), 0


def text(message: Any) -> str:
    """The words of a post: its text, else those of a rich message or a poll."""
    written = getattr(message, "message", None) or ""
    if written:
        return str(written)
    rich = getattr(message, "rich_message", None)
    if rich is not None:
        return "\n".join(filter(None, ("".join(_plain(block)) for block in rich.blocks)))
    media = getattr(message, "media", None)
    if isinstance(media, types.MessageMediaPoll):
        answers = [f"– {answer.text.text}" for answer in media.poll.answers]
        return "\n".join([media.poll.question.text, *answers])
    return ""


def _plain(part: Any) -> Iterator[str]:
    """The words in a block of rich text, however deep; the bytes and numbers around them left out."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, list):
        for one in part:
            yield from _plain(one)
    elif isinstance(part, types.TextPlain):
        yield part.text
    elif isinstance(part, TLObject):
        for name, value in vars(part).items():
            if isinstance(value, TLObject) or (isinstance(value, list) and name != "sizes"):
                yield from _plain(value)


def links(message: Any) -> tuple[Link, ...]:
    """Every web address in text, buttons and preview, once, in order."""
    found = dict.fromkeys(web_address(address) for address in _addresses(message))
    return tuple(Link(address) for address in found if address)


def web_address(address: str) -> str:
    """``address`` with its scheme; empty for what is no web address (mail, tg://)."""
    address = address.strip()
    if address.lower().startswith(STARTS):
        return address
    return "" if ":" in address.partition("/")[0] or "@" in address or "." not in address else f"https://{address}"


def _addresses(message: Any) -> Iterator[str]:
    for entity in getattr(message, "entities", None) or ():
        if isinstance(entity, types.MessageEntityTextUrl):
            yield entity.url
        elif isinstance(entity, types.MessageEntityUrl):
            yield utils.get_inner_text(message.message, [entity])[0]
    for row in getattr(getattr(message, "reply_markup", None), "rows", ()):
        for button in row.buttons:
            if isinstance(button, types.KeyboardButtonUrl):
                yield button.url
    page = getattr(getattr(message, "media", None), "webpage", None)
    if isinstance(page, types.WebPage):
        yield page.url
    rich = getattr(message, "rich_message", None)
    if rich is not None:
        yield from _rich_addresses(rich.blocks)


def _rich_addresses(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _rich_addresses(one)
    elif isinstance(part, TLObject):
        if isinstance(part, types.TextUrl):
            yield part.url
        yield from _rich_addresses(list(vars(part).values()))


def service(message: Any) -> str:
    """What a service message says, in Telegram's word for it: ``PinMessage``, ``ChatEditTitle: New title``."""
    action = getattr(message, "action", None)
    if action is None or not isinstance(message, types.MessageService):
        return ""
    word = type(action).__name__.removeprefix("MessageAction")
    title = getattr(action, "title", None)
    return f"{word}: {title}" if isinstance(title, str) else word


def _edited(message: Any) -> datetime | None:
    """When the words changed; Telegram also dates changes of reactions and marks them as hidden."""
    edited = getattr(message, "edit_date", None)
    return _moment(edited) if edited and not message.edit_hide else None


def _reply(message: Any) -> int | None:
    """The post of the same channel that this one answers."""
    header = getattr(message, "reply_to", None)
    if not isinstance(header, types.MessageReplyHeader) or header.reply_to_peer_id is not None:
        return None
    return int(header.reply_to_msg_id) if header.reply_to_msg_id else None


def _forward(header: Any, titles: Mapping[int, str]) -> Forward | None:
    """The origin that Telegram vouches for. People are not named by number: who forwards is nobody's business."""
    if header is None:
        return None
    posted_at = _moment(header.date) if header.date else None
    if isinstance(header.from_id, types.PeerChannel) and not header.imported:
        channel_id = header.from_id.channel_id
        return Forward(channel_id, header.channel_post, posted_at, titles.get(channel_id) or header.from_name)
    return Forward(None, None, posted_at, header.from_name)


def _moment(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that could not be converted: kept as received, never dropped."""

    message_id: int
    reason: str
    raw: bytes


def read(message: Any, titles: Mapping[int, str] = NOBODY) -> Converted | Unread:
    """``convert``, with whatever it can't read as an Unread."""
    try:
        return convert(message, titles)
    except (Unsupported, AttributeError, KeyError, TypeError, ValueError) as error:
        return Unread(message.id, f"{type(message).__name__}: {error}", str(message).encode())


def names(chat: Any) -> list[str]:
    """Every public name of a channel, the first of them first."""
    several = [name.username for name in chat.usernames or () if name.active]
    return [chat.username, *several] if chat.username else several


def channel(chat: Any) -> Channel:
    """What Telegram says of a channel now."""
    return Channel(chat.id, chat.title, next(iter(names(chat)), None), protected=bool(chat.noforwards))
