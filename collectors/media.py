"""Where files hide in a Telegram message: every shape is walked, each file with its role in the post.

The walk is used twice: ``convert`` makes references of what it yields, ``fetch`` finds the bytes behind a reference.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from telethon.tl import types

from core.model import MediaKind, MediaRef, RefState

NO_FILES = (
    types.MessageMediaEmpty,
    types.MessageMediaContact,
    types.MessageMediaDice,
    types.MessageMediaGeo,
    types.MessageMediaGeoLive,
    types.MessageMediaGiveaway,
    types.MessageMediaGiveawayResults,
    types.MessageMediaToDo,
    types.MessageMediaVenue,
    types.MessageMediaVideoStream,
)
SELF_DESTRUCTING = "self-destructing: Telegram's terms forbid keeping it"
PREVIEW = "the preview of a link, not the poster's own: fetched on demand"
STORY_GONE = "the story is no longer there"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a message: its reference, and Telegram's own object (Photo or Document) when there is one."""

    ref: MediaRef
    tl: Any | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """Where the bytes of a file are: what ``upload.getFile`` takes, the data centre, the declared size in bytes."""

    place: Any
    dc_id: int
    size: int
    exact: bool  # whether the size is a promise: true of documents, not of photos


def files(message: Any) -> tuple[File, ...]:
    """Every file of a message, numbered within its role."""
    seen: dict[str, int] = {}
    numbered = []
    for file in _walk(message):
        position = seen.get(file.ref.role, 0)
        seen[file.ref.role] = position + 1
        numbered.append(replace(file, ref=replace(file.ref, position=position)))
    return tuple(numbered)


def unknown(message: Any) -> str:
    """The name of a media type that the walk has no word for; empty when all is understood."""
    media = getattr(message, "media", None)
    if media is None or isinstance(media, NO_FILES) or type(media) in _WALKS:
        return ""
    return type(media).__name__


def incomplete(message: Any) -> bool:
    """Whether Telegram sent only a part: a long rich message, or a story without its media."""
    rich = getattr(message, "rich_message", None)
    media = getattr(message, "media", None)
    return (rich is not None and bool(rich.part)) or (
        isinstance(media, types.MessageMediaStory) and media.story is None
    )


def location(file: Any) -> Location:
    """Where the largest version of a Photo, or a Document itself, is downloaded from."""
    if isinstance(file, types.Photo):
        largest = _largest(file)
        place = types.InputPhotoFileLocation(file.id, file.access_hash, file.file_reference, largest.type)
        return Location(place, file.dc_id, _bytes(largest), exact=False)
    place = types.InputDocumentFileLocation(file.id, file.access_hash, file.file_reference, "")
    return Location(place, file.dc_id, file.size, exact=True)


def _walk(message: Any) -> Iterator[File]:
    yield from _media(getattr(message, "media", None), "media")
    rich = getattr(message, "rich_message", None)
    if rich is not None:
        yield from _all([*rich.photos, *rich.documents], "rich")
    quoted = getattr(getattr(message, "reply_to", None), "reply_media", None)
    yield from _media(quoted, "quoted")


def _media(media: Any, role: str) -> Iterator[File]:
    walk = _WALKS.get(type(media))
    if walk is None:
        return
    found = walk(media, role)
    if getattr(media, "ttl_seconds", None):
        found = (_stated(file, RefState.REFUSED, SELF_DESTRUCTING) for file in found)
    yield from found


def _photo_media(media: Any, role: str) -> Iterator[File]:
    yield from _one(media.photo, role)
    yield from _one(media.video, "live_video" if role == "media" else role)


def _document_media(media: Any, role: str) -> Iterator[File]:
    """The file as uploaded; ``alt_documents`` are Telegram's re-encodings of it, ``video_cover`` a still."""
    yield from _one(media.document, role)


def _poll_media(media: Any, _role: str) -> Iterator[File]:
    yield from _media(media.attached_media, "poll")
    for answer in media.poll.answers:
        yield from _media(getattr(answer, "media", None), "poll_answer")
    yield from _media(getattr(media.results, "solution_media", None), "poll_solution")


def _paid_media(media: Any, _role: str) -> Iterator[File]:
    for item in media.extended_media:
        if isinstance(item, types.MessageExtendedMedia):
            yield from _media(item.media, "paid")
        else:
            yield File(_unbought(item, media.stars_amount))


def _unbought(preview: Any, stars: int) -> MediaRef:
    kind = MediaKind.PHOTO if preview.video_duration is None else MediaKind.VIDEO
    return MediaRef(
        "paid",
        kind,
        duration=preview.video_duration,
        width=preview.w,
        height=preview.h,
        state=RefState.REFUSED,
        reason=f"behind a price of {stars} stars: never bought",
    )


def _story_media(media: Any, _role: str) -> Iterator[File]:
    if isinstance(media.story, types.StoryItem):
        yield from _media(media.story.media, "story")
    elif media.story is not None:
        yield File(MediaRef("story", MediaKind.DOCUMENT, state=RefState.LOST, reason=STORY_GONE))


def _page_media(media: Any, role: str) -> Iterator[File]:
    page = media.webpage
    cached = getattr(page, "cached_page", None)
    shown = [getattr(page, "photo", None), getattr(page, "document", None)]
    shown += [*cached.photos, *cached.documents] if cached else []
    for file in _all(shown, role if role == "quoted" else "preview"):
        yield _stated(file, RefState.REFUSED, PREVIEW)


def _game_media(media: Any, role: str) -> Iterator[File]:
    yield from _all([media.game.photo, media.game.document], role)


def _invoice_media(media: Any, _role: str) -> Iterator[File]:
    if isinstance(media.extended_media, types.MessageExtendedMedia):
        yield from _media(media.extended_media.media, "paid")


_WALKS: dict[Any, Any] = {
    types.MessageMediaPhoto: _photo_media,
    types.MessageMediaDocument: _document_media,
    types.MessageMediaPoll: _poll_media,
    types.MessageMediaPaidMedia: _paid_media,
    types.MessageMediaStory: _story_media,
    types.MessageMediaWebPage: _page_media,
    types.MessageMediaGame: _game_media,
    types.MessageMediaInvoice: _invoice_media,
}


def _all(found: Iterable[Any], role: str) -> Iterator[File]:
    """Each file once, in order: a page names its picture twice."""
    met = set()
    for file in found:
        for one in _one(file, role):
            if one.ref.file_id not in met:
                met.add(one.ref.file_id)
                yield one


def _one(file: Any, role: str) -> Iterator[File]:
    if isinstance(file, types.Photo):
        yield File(_photo_ref(file, role), file)
    elif isinstance(file, types.Document):
        yield File(_document_ref(file, role), file)


def _stated(file: File, state: RefState, reason: str) -> File:
    return replace(file, ref=replace(file.ref, state=state, reason=reason))


def _photo_ref(photo: Any, role: str) -> MediaRef:
    largest = _largest(photo)
    return MediaRef(
        role,
        MediaKind.PHOTO,
        file_id=photo.id,
        size=_bytes(largest),
        mime="image/jpeg",
        width=largest.w,
        height=largest.h,
    )


def _largest(photo: Any) -> Any:
    sized = [size for size in photo.sizes if isinstance(size, types.PhotoSize | types.PhotoSizeProgressive)]
    return max(sized, key=lambda size: (size.w * size.h, _bytes(size)))


def _bytes(size: Any) -> int:
    return int(max(size.sizes) if isinstance(size, types.PhotoSizeProgressive) else size.size)


def _document_ref(document: Any, role: str) -> MediaRef:
    said = {type(attribute): attribute for attribute in document.attributes}
    shown = said.get(types.DocumentAttributeVideo) or said.get(types.DocumentAttributeImageSize)
    timed = said.get(types.DocumentAttributeVideo) or said.get(types.DocumentAttributeAudio)
    named = said.get(types.DocumentAttributeFilename)
    return MediaRef(
        role,
        _kind(document.mime_type, said),
        file_id=document.id,
        size=document.size,
        mime=document.mime_type,
        name=named.file_name if named else "",
        duration=float(timed.duration) if timed else None,
        width=shown.w if shown else None,
        height=shown.h if shown else None,
    )


def _kind(mime: str, said: dict[Any, Any]) -> MediaKind:
    """What Telegram calls the file, by its attributes; a file sent "as a file" by its type."""
    if types.DocumentAttributeAnimated in said:
        return MediaKind.ANIMATION
    if video := said.get(types.DocumentAttributeVideo):
        return MediaKind.VIDEO_NOTE if video.round_message else MediaKind.VIDEO
    if audio := said.get(types.DocumentAttributeAudio):
        return MediaKind.VOICE if audio.voice else MediaKind.AUDIO
    return kind_of_mime(mime)


def kind_of_mime(mime: str) -> MediaKind:
    """The kind that a MIME type says; ``DOCUMENT`` for what is no media."""
    kinds = {"image": MediaKind.PHOTO, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}
    return kinds.get(mime.partition("/")[0], MediaKind.DOCUMENT)
