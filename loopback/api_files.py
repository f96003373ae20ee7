"""Files of the Bot API: taken from uploads or named by id, checked as Telegram checks them, handed out again."""

import io
from dataclasses import replace
from typing import Any

from aiogram.methods import GetFile
from PIL import Image, UnidentifiedImageError

from loopback import mp4
from loopback.api import Answers, Call, refused
from loopback.api_fields import ATTACHED, Attached, Upload
from loopback.api_views import JSON, KIND_FOLDERS, kind_of
from loopback.chat_nouns import ChatMedia
from loopback.file_ids import Stored
from loopback.nouns import Attributes, Document, File, Photo
from loopback.studio import thumb_sizes

MEGABYTE = 1 << 20
UPLOAD_LIMIT = 50 * MEGABYTE
DOWNLOAD_LIMIT = 20 * MEGABYTE
PHOTO_LIMIT = 10 * MEGABYTE
PHOTO_SIDES = 10_000
PHOTO_RATIO = 20
KIND_WORDS = {
    "photo": "Photo",
    "video": "Video",
    "animation": "Animation",
    "audio": "Audio",
    "voice": "VoiceNote",
    "video_note": "VideoNote",
    "document": "Document",
}
MIMES = {
    "video": "video/mp4",
    "animation": "video/mp4",
    "video_note": "video/mp4",
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
}

answers = Answers()


def media(call: Call, kind: str, ask: Any) -> ChatMedia:
    """The media a send method or an InputMedia asks for; ``kind`` is the Bot API's word for it."""
    source = getattr(ask, kind, None) or ask.media
    spoiler = bool(getattr(ask, "has_spoiler", None))
    file = _file(call, kind, source, ask)
    if file.kind == "photo":
        return Photo(file, spoiler=spoiler)
    cover = getattr(ask, "cover", None)
    return Document(file, spoiler=spoiler, cover=None if cover is None else _file(call, "photo", cover, ask))


def _file(call: Call, kind: str, source: Any, ask: Any) -> File:
    reference = source.reference if isinstance(source, Attached) else str(source)
    if reference.startswith(("http://", "https://")):
        raise refused("failed to get HTTP URL content")
    if not reference.startswith(ATTACHED):
        return _known(call, kind, reference)
    upload = call.files.get(reference.removeprefix(ATTACHED))
    if upload is None:
        raise refused(MISSING_UPLOAD)
    return _uploaded(call, kind, upload, ask)


MISSING_UPLOAD = "wrong file identifier/HTTP URL specified"


def _known(call: Call, kind: str, file_id: str) -> File:
    file = call.chats.book.find(call.bot.id, file_id).file
    if (file.kind == "photo") != (kind == "photo"):
        raise refused(f"can't use file of type {KIND_WORDS[kind_of(file)]} as {KIND_WORDS[kind]}")
    return file


def _uploaded(call: Call, kind: str, upload: Upload, ask: Any) -> File:
    """The file of an upload; the same bytes sent before are the same file."""
    if not upload.content:
        raise refused("file must be non-empty")
    shape = _shape(kind, upload, ask)
    sort = f"{kind} {shape}"
    known = call.chats.book.known(upload.content, sort, upload.name)
    return known or call.chats.book.keep(_made(call, kind, upload, shape, ask), sort, upload.name)


def _made(call: Call, kind: str, upload: Upload, shape: Attributes, ask: Any) -> File:
    if kind == "photo":
        _check_photo(call, upload.content)
        return call.world.photo_file(upload.content)
    thumb = getattr(ask, "thumbnail", None)
    picture = call.files.get(thumb.reference.removeprefix(ATTACHED)) if isinstance(thumb, Attached) else None
    return call.world.file(
        upload.content,
        mime=MIMES.get(kind, upload.mime),
        name="" if kind in {"voice", "video_note"} else upload.name,
        attributes=shape,
        sizes=thumb_sizes(picture.content if picture else None),
    )


def _shape(kind: str, upload: Upload, ask: Any) -> Attributes:
    """Size and length as the bot states them, else as a video's own header does."""
    stated = Attributes(
        width=getattr(ask, "width", None) or getattr(ask, "length", None) or 0,
        height=getattr(ask, "height", None) or getattr(ask, "length", None) or 0,
        duration=float(getattr(ask, "duration", None) or 0),
        round=kind == "video_note",
        voice=kind == "voice",
        animated=kind == "animation",
        title=getattr(ask, "title", None) or "" if kind == "audio" else "",
        performer=getattr(ask, "performer", None) or "",
    )
    read = mp4.header(upload.content) if kind in {"video", "animation", "video_note"} else None
    if read is None:
        return stated
    return replace(
        stated,
        width=stated.width or read.width,
        height=stated.height or read.height,
        duration=stated.duration or read.duration,
    )


def _check_photo(call: Call, content: bytes) -> None:
    too_big = f"file of size {len(content)} bytes is too big for a photo; the maximum size is {PHOTO_LIMIT} bytes"
    call.chats.limits.check("photo_size", len(content), PHOTO_LIMIT, f"Bad Request: {too_big}")
    try:
        width, height = Image.open(io.BytesIO(content)).size
    except (UnidentifiedImageError, OSError) as broken:
        raise refused("IMAGE_PROCESS_FAILED") from broken
    if call.chats.limits.stands("photo_shape"):
        slim = max(width, height) > PHOTO_RATIO * min(width, height)
        if slim or width + height > PHOTO_SIDES:
            raise refused("PHOTO_INVALID_DIMENSIONS")


@answers.to(GetFile)
def get_file(call: Call, ask: GetFile) -> JSON:
    """Where to load a file from."""
    stored = call.chats.book.find(call.bot.id, ask.file_id)
    call.chats.limits.check("download_size", stored.length, DOWNLOAD_LIMIT, "Bad Request: file is too big")
    folder = "thumbnails" if _is_thumb(stored) else KIND_FOLDERS[kind_of(stored.file)]
    path = call.chats.book.path(call.bot.id, stored, folder)
    return call.view.names(stored) | {"file_size": stored.length, "file_path": path}


def _is_thumb(stored: Stored) -> bool:
    return stored.size is not None and stored.file.kind != "photo"
