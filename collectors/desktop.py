"""Telegram Desktop's ``result.json`` in all its ages, read piece by piece: channels and their posts."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collectors.convert import web_address
from collectors.jsonstream import JsonStream
from collectors.media import SELF_DESTRUCTING, kind_of_mime
from core.errors import InputError
from core.ids import named_channel_id
from core.model import Channel, Forward, Link, MediaKind, MediaRef, Post, RefState

RESULT = "result.json"
CHANNELS = {"public_channel", "private_channel"}
LISTS = ("chats", "left_chats")
UNNAMED = "Untitled channel"
NOT_THERE = "named in the export but not there"
OUTSIDE = "named outside the folder of the export"
_CHANNEL = re.compile(r"^channel(\d+)$", re.ASCII)
_REMARK = re.compile(r"^\((?P<reason>[^()]+)\)$")
_KINDS = {
    "animation": MediaKind.ANIMATION,
    "audio_file": MediaKind.AUDIO,
    "sticker": MediaKind.DOCUMENT,
    "video_file": MediaKind.VIDEO,
    "video_message": MediaKind.VIDEO_NOTE,
    "voice_message": MediaKind.VOICE,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One message of an export: the post, and where its file lies when the export has it."""

    post: Post
    kind: str  # the kind of its file, or "text", or "service"
    file: Path | None = None


@dataclass(slots=True)
class Chat:
    """One chat of an export and what a first reading counted in it."""

    title: str = ""
    chat_type: str = ""
    number: int | None = None
    messages: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    forwards: int = 0
    zoneless: int = 0  # messages of old exports, whose times say no zone

    @property
    def is_channel(self) -> bool:
        """Whether it is a broadcast channel: private chats and groups are not for us."""
        return self.chat_type in CHANNELS

    def channel(self, name: str | None = None) -> Channel:
        """The channel, perhaps under another name; without Telegram's number, numbered by its name."""
        title = name or self.title or UNNAMED
        return Channel(self.number or named_channel_id(title), title)


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was read to its end and is sound."""

    path: Path
    chats: tuple[Chat, ...]

    @property
    def channels(self) -> tuple[int, ...]:
        """Which of the chats are channels, by their place."""
        return tuple(place for place, chat in enumerate(self.chats) if chat.is_channel)

    def items(self, place: int, channel: Channel) -> Iterator[Item]:
        """The messages of the chat at ``place``, in the order of the file, as posts of ``channel``."""
        for number, _chat, message in _messages(self.path):
            if number == place and message is not None:
                yield _item(message, channel, self.path.parent)


def read_export(path: Path) -> Export:
    """Read an export (its ``result.json`` or the folder around it) to the end; InputError when it is not sound."""
    path = path / RESULT if path.is_dir() else path
    chats: list[Chat] = []
    for place, chat, message in _messages(path):
        if place == len(chats):
            chats.append(chat)
        if message is not None:
            _count(chat, message, path)
    if not chats:
        raise InputError(f"{path}: holds no chat of a Telegram Desktop export; export in JSON format")
    export = Export(path, tuple(chats))
    if not export.channels:
        kinds = ", ".join(sorted({chat.chat_type.replace("_", " ") or "unknown" for chat in chats}))
        raise InputError(f"{path}: holds no channel, only: {kinds}")
    return export


def _count(chat: Chat, message: Mapping[str, Any], path: Path) -> None:
    chat.messages += 1
    if not chat.is_channel:
        return
    try:
        item = _item(message, Channel(chat.number or -1, chat.title), path.parent)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        name = message.get("id", "?")
        raise InputError(f"{path}: message {name} can't be understood ({error}); nothing was imported") from error
    chat.kinds[item.kind] += 1
    chat.forwards += item.post.forward is not None
    chat.zoneless += "date_unixtime" not in message


# ------------------------------------------------------------------------------------------ the file's shape


def _messages(path: Path) -> Iterator[tuple[int, Chat, Mapping[str, Any] | None]]:
    """Every message with its chat and the chat's place; a chat without messages comes once, with nothing."""
    with _opened(path) as stream:
        if not stream.is_object():
            raise InputError(f"{path}: is no Telegram Desktop export")
        single, place = Chat(), 0
        for name in stream.members():
            if name in LISTS and stream.is_object():
                for chat, message, begins in _listed(stream):
                    place += begins
                    yield place - 1, chat, message
            elif name == "messages" and stream.is_array():
                place += 1
                yield place - 1, single, None
                for message in _array(stream):
                    yield place - 1, single, message
            else:
                _describe(single, name, stream)
        stream.end()


def _listed(stream: JsonStream) -> Iterator[tuple[Chat, Mapping[str, Any] | None, bool]]:
    """The chats of a whole account's export; true at the beginning of each."""
    for name in stream.members():
        if name != "list" or not stream.is_array():
            stream.skip()
            continue
        for _step in stream.items():
            chat = Chat()
            yield chat, None, True
            for inner in stream.members():
                if inner == "messages" and stream.is_array():
                    for message in _array(stream):
                        yield chat, message, False
                else:
                    _describe(chat, inner, stream)


def _array(stream: JsonStream) -> Iterator[Mapping[str, Any]]:
    for _step in stream.items():
        message = stream.value()
        if isinstance(message, dict):
            yield message


def _describe(chat: Chat, name: str, stream: JsonStream) -> None:
    """Take over what a chat says of itself; it stands before the messages."""
    if stream.is_array() or stream.is_object():
        stream.skip()
        return
    value = stream.value()
    if name == "name":
        chat.title = str(value or "")
    elif name == "type":
        chat.chat_type = str(value)
    elif name == "id" and isinstance(value, int):
        chat.number = value


@contextmanager
def _opened(path: Path) -> Iterator[JsonStream]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield JsonStream(file, path)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error


# ------------------------------------------------------------------------------------------ one message


def _item(message: Mapping[str, Any], channel: Channel, folder: Path) -> Item:
    ref, file = _media(message, folder)
    post = Post(
        channel.channel_id,
        int(message["id"]),
        _moment(message, "date"),
        text=_text(message),
        edited_at=_moment(message, "edited") if "edited" in message else None,
        reply_to=_reply(message),
        forward=_forward(message),
        media=(ref,) if ref else (),
        links=_links(message),
        service=_service(message),
        raw=json.dumps(message, ensure_ascii=False, sort_keys=True).encode(),
    )
    return Item(post, _kind(message, ref), file)


def _kind(message: Mapping[str, Any], ref: MediaRef | None) -> str:
    if message.get("type") == "service":
        return "service"
    if message.get("media_type") == "sticker":
        return "sticker"
    return str(ref.kind) if ref else "text"


def _moment(message: Mapping[str, Any], name: str) -> datetime:
    """A time of the message; old exports give only the local time of who exported, which is taken as UTC."""
    unix = message.get(f"{name}_unixtime")
    if unix is not None:
        return datetime.fromtimestamp(int(unix), UTC)
    return datetime.fromisoformat(message[name]).replace(tzinfo=UTC)


def _text(message: Mapping[str, Any]) -> str:
    text = message.get("text", "")
    words = "".join(_words(part) for part in text) if isinstance(text, list) else str(text)
    poll = message.get("poll")
    if words or not isinstance(poll, dict):
        return words
    answers = [f"– {answer['text']}" for answer in poll.get("answers", ())]
    return "\n".join([str(poll.get("question", "")), *answers])


def _words(part: Any) -> str:
    return str(part.get("text", "")) if isinstance(part, dict) else str(part)


def _links(message: Mapping[str, Any]) -> tuple[Link, ...]:
    text = message.get("text", "")
    parts = [part for part in (text if isinstance(text, list) else message.get("text_entities", ())) if part]
    found = [part.get("href") or part.get("text", "") for part in parts if isinstance(part, dict) and _is_link(part)]
    return tuple(Link(address) for address in dict.fromkeys(map(web_address, found)) if address)


def _is_link(part: Mapping[str, Any]) -> bool:
    return part.get("type") in {"link", "text_link"}


def _reply(message: Mapping[str, Any]) -> int | None:
    answered = message.get("reply_to_message_id")
    return int(answered) if answered is not None and "reply_to_peer_id" not in message else None


def _forward(message: Mapping[str, Any]) -> Forward | None:
    """Where the post came from; an export names the channel but neither its message nor its time."""
    if "forwarded_from" not in message and "forwarded_from_id" not in message:
        return None
    found = _CHANNEL.match(str(message.get("forwarded_from_id", "")))
    name = message.get("forwarded_from")
    return Forward(int(found[1]) if found else None, None, None, str(name) if name else None)


def _service(message: Mapping[str, Any]) -> str:
    if message.get("type") != "service":
        return ""
    title = message.get("title")
    return f"{message.get('action', '')}: {title}" if title else str(message.get("action", ""))


def _media(message: Mapping[str, Any], folder: Path) -> tuple[MediaRef | None, Path | None]:
    """The file of a message and where it lies; nothing when it has none."""
    named = message.get("photo") or message.get("file")
    if not named or message.get("type") == "service" or message.get("media_type") == "sticker":
        return None, None
    state, reason, file = _presence(str(named), folder)
    ref = replace(_described(message), state=state, reason=reason)
    if message.get("self_destruct_period_seconds"):
        return replace(ref, state=RefState.REFUSED, reason=SELF_DESTRUCTING), None
    return ref, file


def _described(message: Mapping[str, Any]) -> MediaRef:
    photo = "photo" in message
    mime = "image/jpeg" if photo else str(message.get("mime_type", ""))
    kind = MediaKind.PHOTO if photo else _KINDS.get(str(message.get("media_type"))) or kind_of_mime(mime)
    return MediaRef(
        "media",
        kind,
        size=message.get("photo_file_size" if photo else "file_size"),
        mime=mime,
        name=str(message.get("file_name", "")),
        duration=message.get("duration_seconds"),
        width=message.get("width"),
        height=message.get("height"),
    )


def _presence(named: str, folder: Path) -> tuple[RefState, str, Path | None]:
    """Whether the file came along. Telegram Desktop puts a remark in brackets where it did not."""
    if remark := _REMARK.match(named):
        return RefState.ABSENT, remark["reason"], None
    path = folder / named
    if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
        return RefState.ABSENT, OUTSIDE, None
    return (RefState.WANTED, "", path) if path.is_file() else (RefState.ABSENT, NOT_THERE, None)
