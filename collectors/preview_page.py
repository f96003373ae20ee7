"""A public page of t.me → the channel and the posts that it shows. Pure: asks nobody, stores nothing.

Pages name posts by the channel's public name; its number stands in an attribute that their own counter of views uses.
An album is one entry, its parts are links with numbers of their own. What a page cannot show is said so.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from collectors.convert import web_address
from collectors.markup import Element, parse
from core.ids import parse_channel
from core.model import Channel, Forward, Link, MediaKind, MediaRef, Post, RefState
from storage.posts import PREVIEW_ROLE

TEXT, REPLY = "tgme_widget_message_text", "tgme_widget_message_reply"
PHOTO, VIDEO = "tgme_widget_message_photo_wrap", "tgme_widget_message_video_player"
ROUND, VOICE = "tgme_widget_message_roundvideo_player", "tgme_widget_message_voice_player"
DOCUMENT, FORWARD = "tgme_widget_message_document_wrap", "tgme_widget_message_forwarded_from_name"
POLL_QUESTION, POLL_OPTION = "tgme_widget_message_poll_question", "tgme_widget_message_poll_option_text"
_SHOWN = {
    PHOTO: MediaKind.PHOTO,
    VIDEO: MediaKind.VIDEO,
    ROUND: MediaKind.VIDEO_NOTE,
    VOICE: MediaKind.VOICE,
    DOCUMENT: MediaKind.DOCUMENT,
}
_BACKGROUND = re.compile(r"background-image:\s*url\(['\"]?([^'\")]+)")
_PATH = re.compile(r"/(\d{1,10})(?:[?/]|$)")
NOT_SERVED = "public pages do not serve this file"


@dataclass(frozen=True, slots=True)
class Shown:
    """A post on a page, and where the page says its file is; empty when it serves none."""

    post: Post
    address: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a page of a channel says: the channel, its posts in ascending order, and whether there are older ones."""

    channel: Channel | None
    posts: tuple[Shown, ...]
    older: bool


def read_page(page: str) -> Preview:
    """Read ``t.me/s/name`` or an embedded post; a page of something else has no channel and no posts."""
    tree = parse(page)
    messages = tree.all("tgme_widget_message")
    found = {shown.post.message_id: shown for message in messages for shown in _posts(message)}
    posts = tuple(found[number] for number in sorted(found))
    return Preview(_channel(tree, messages), posts, tree.first("tme_messages_more") is not None)


def _channel(tree: Element, messages: list[Element]) -> Channel | None:
    number = next((number for message in messages if (number := _channel_id(message))), None)
    if number is None:
        return None
    title = tree.first("tgme_channel_info_header_title", "tgme_widget_message_owner_name")
    name = messages[0].attributes.get("data-post", "").partition("/")[0]
    return Channel(number, title.text().strip() if title else name, name or None)


def _channel_id(message: Element) -> int | None:
    """The channel's number out of the attribute for the counter of views."""
    view = message.attributes.get("data-view", "")
    try:
        number = json.loads(base64.urlsafe_b64decode(view + "=" * (-len(view) % 4)))["c"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None
    return abs(number) if isinstance(number, int) and number else None


def _posts(message: Element) -> Iterator[Shown]:
    """The post, or each part of the album, that an entry shows."""
    channel_id, posted_at = _channel_id(message), _posted_at(message)
    number = _number(f"/{message.attributes.get('data-post', '').partition('/')[2]}")
    if channel_id is None or posted_at is None or number is None:
        return
    words, files = _words(message), list(_files(message))
    first = Post(
        channel_id,
        number,
        posted_at,
        text="" if "service_message" in message.classes else words.text().strip("\n") if words else _poll(message),
        reply_to=_reply(message, channel_id),
        forward=_forward(message),
        links=_links(words, message),
        service=words.text() if words and "service_message" in message.classes else "",
    )
    parts = {_number(file.attributes.get("href", "")) or number for file, _kind in files}
    if len(parts) <= 1:
        yield _with_file(first, files[:1])
        return
    for part, (file, kind) in zip(sorted(parts), sorted(files, key=_place), strict=False):
        words_of = first if part == number else Post(channel_id, part, posted_at)
        yield _with_file(replace(words_of, album_id=number), [(file, kind)])


def _place(found: tuple[Element, MediaKind]) -> int:
    return _number(found[0].attributes.get("href", "")) or 0


def _with_file(post: Post, files: list[tuple[Element, MediaKind]]) -> Shown:
    if files:
        element, kind = files[0]
        address = _address(element)
        state, reason = (RefState.WANTED, "") if address else (RefState.REFUSED, NOT_SERVED)
        ref = MediaRef(PREVIEW_ROLE, kind, duration=_seconds(element), state=state, reason=reason)
        post = replace(post, media=(ref,))
    else:
        address = ""
    return Shown(replace(post, raw=_raw(post)), address)


def _raw(post: Post) -> bytes:
    """What the page said, as JSON; pages themselves change with every view counted."""
    said = {
        "channel_id": post.channel_id,
        "message_id": post.message_id,
        "posted_at": post.posted_at.isoformat(),
        "text": post.text,
        "service": post.service,
        "links": [link.url for link in post.links],
        "media": [str(ref.kind) for ref in post.media],
    }
    return json.dumps(said, ensure_ascii=False).encode()


def _files(message: Element) -> Iterator[tuple[Element, MediaKind]]:
    """The elements that stand for files, not those of the post that is answered."""
    skipped = {id(inner) for reply in message.all(REPLY) for inner in reply.walk()}
    for element in message.walk():
        kind = next((_SHOWN[name] for name in element.classes if name in _SHOWN), None)
        if kind is not None and id(element) not in skipped:
            yield element, kind


def _address(element: Element) -> str:
    """Where the file is: a player's source, else the picture in the background of a photo."""
    for inner in element.walk():
        if inner.tag in {"video", "audio"} and inner.attributes.get("src"):
            return inner.attributes["src"]
    if PHOTO not in element.classes:
        return ""
    found = _BACKGROUND.search(element.attributes.get("style", ""))
    return found[1] if found else ""


def _seconds(element: Element) -> float | None:
    """The length that the page shows, ``1:02:05``."""
    shown = next((inner.text().strip() for inner in element.walk() if inner.tag == "time"), "")
    parts = shown.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdigit() for part in parts):
        return None
    return float(sum(int(part) * 60**power for power, part in enumerate(reversed(parts))))


def _posted_at(message: Element) -> datetime | None:
    for date in message.all("tgme_widget_message_date"):
        for inner in date.walk():
            if inner.tag == "time" and inner.attributes.get("datetime"):
                return datetime.fromisoformat(inner.attributes["datetime"]).astimezone(UTC)
    return None


def _words(message: Element) -> Element | None:
    """The innermost element of the post's own text: an answered post's has the same class, an album's comes twice."""
    skipped = {id(inner) for reply in message.all(REPLY) for inner in reply.walk()}
    found = [element for element in message.all(TEXT) if id(element) not in skipped]
    return next((element for element in found if element.first(TEXT) is None), None)


def _poll(message: Element) -> str:
    question = message.first(POLL_QUESTION)
    if question is None:
        return ""
    return "\n".join([question.text(), *(f"– {option.text()}" for option in message.all(POLL_OPTION))])


def _links(words: Element | None, message: Element) -> tuple[Link, ...]:
    addresses = [element.attributes.get("href", "") for element in words.walk()] if words else []
    preview = message.first("tgme_widget_message_link_preview")
    if preview is not None:
        addresses.append(preview.attributes.get("href", ""))
    found = dict.fromkeys(web_address(address) for address in addresses if address and not address.startswith("?"))
    return tuple(Link(address) for address in found if address)


def _reply(message: Element, channel_id: int) -> int | None:
    reply = message.first(REPLY)
    if reply is None:
        return None
    answered = parse_channel(reply.attributes.get("href", ""))
    own = parse_channel(f"https://t.me/{message.attributes.get('data-post', '')}")
    if answered is None or own is None or answered.username != own.username:
        return None
    return answered.message_id if channel_id else None


def _forward(message: Element) -> Forward | None:
    """The origin as the page names it: a name, and the post's number; the channel's number is not on the page."""
    named = message.first(FORWARD)
    if named is None:
        return None
    origin = parse_channel(named.attributes.get("href", ""))
    return Forward(None, origin.message_id if origin else None, None, named.text().strip())


def _number(address: str) -> int | None:
    found = _PATH.search(address)
    return int(found[1]) if found else None
