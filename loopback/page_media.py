"""t.me's markup for what a post shows beside its words."""

import hashlib
import html
from dataclasses import dataclass

from loopback.nouns import Document, File, Photo, Place, Poll, Post, WebPage

TOO_BIG = 20 * (1 << 20)
TOKEN_LENGTH = 32
OPEN = "Please open Telegram to view this post"
ENDINGS = {"video/mp4": "mp4", "audio/ogg": "ogg"}


@dataclass(frozen=True)
class Addresses:
    """Where one reader is to load files from. Tokens hold until the world's file references expire."""

    base: str
    epoch: int

    def file(self, file: File) -> str:
        """A video or a sound, signed."""
        return f"{self.base}/file/{file.id:x}.{ENDINGS.get(file.mime, 'bin')}?token={self.token(file)}"

    def picture(self, file: File) -> str:
        """A photo, or the picture before a video."""
        return f"{self.base}/file/{file.id:x}.jpg"

    def token(self, file: File) -> str:
        """What must come with the request for a file."""
        return hashlib.sha256(f"{file.id} {self.epoch}".encode()).hexdigest()[:TOKEN_LENGTH]


def clock(seconds: float) -> str:
    """A length as t.me shows it: 0:06, 1:02:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def media(post: Post, at: Addresses, *, grouped: bool) -> str:
    """A post's media; ``at`` says where files are served."""
    match post.media:
        case Photo():
            return _photo(post, post.media, at, grouped=grouped)
        case Document():
            return _document(post, post.media, at, grouped=grouped)
        case Poll():
            return _poll(post.media)
        case Place():
            where = f"https://maps.google.com/maps?q={post.media.latitude},{post.media.longitude}"
            return f'<a class="tgme_widget_message_location_wrap" href="{where}"></a>'
        case None | WebPage():
            return _unsupported(OPEN) if post.rich is not None and post.rich.files else ""
    return _unsupported(OPEN)


def _link(post: Post, *, grouped: bool) -> str:
    return f"https://t.me/{post.channel.names[0]}/{post.id}{'?single' if grouped else ''}"


def _background(address: str) -> str:
    return f"background-image:url('{address}')"


def _photo(post: Post, photo: Photo, at: Addresses, *, grouped: bool) -> str:
    more = "grouped_media_wrap blured js-message_photo" if grouped else f"{photo.file.id}"
    return (
        f'<a class="tgme_widget_message_photo_wrap {more}" href="{_link(post, grouped=grouped)}" '
        f'style="width:{photo.file.attributes.width}px;{_background(at.picture(photo.file))}">'
        '<div class="tgme_widget_message_photo"></div></a>'
    )


def _document(post: Post, document: Document, at: Addresses, *, grouped: bool) -> str:
    file, shape = document.file, document.file.attributes
    if shape.voice:
        return _voice(file, at)
    if shape.round:
        return _round(file, at)
    if file.mime.startswith("video/") and shape.width:
        return _video(post, document, at, grouped=grouped)
    return _attached(file)


def _video(post: Post, document: Document, at: Addresses, *, grouped: bool) -> str:
    """The player; a big file is not on the page, only its picture and length are."""
    file = document.file
    served = file.size <= TOO_BIG
    kind = ("grouped_media_wrap blured " if grouped else "") + ("" if served else "not_supported ")
    player = ""
    if served:
        player = f'<video src="{at.file(file)}" class="tgme_widget_message_video js-message_video"></video>'
    picture = document.cover or file
    thumb = _background(at.picture(picture)) if picture.sizes else ""
    return (
        f'<a class="tgme_widget_message_video_player {kind}js-message_video_player" '
        f'href="{_link(post, grouped=grouped)}">'
        f'<i class="tgme_widget_message_video_thumb" style="{thumb}"></i>'
        f'<div class="tgme_widget_message_video_wrap">{player}</div>'
        f'<time class="message_video_duration js-message_video_duration">{clock(file.attributes.duration)}</time>'
        f"{_unsupported('This media is not supported in your browser' if served else 'Media is too big')}</a>"
    )


def _unsupported(why: str) -> str:
    return (
        '<div class="message_media_not_supported_wrap"><div class="message_media_not_supported">'
        f'<div class="message_media_not_supported_label">{why}</div>'
        '<span class="message_media_view_in_telegram">VIEW IN TELEGRAM</span></div></div>'
    )


def _voice(file: File, at: Addresses) -> str:
    return (
        '<div class="tgme_widget_message_voice_player"><audio class="tgme_widget_message_voice js-message_voice" '
        f'src="{at.file(file)}"></audio><time class="tgme_widget_message_voice_duration">'
        f"{clock(file.attributes.duration)}</time></div>"
    )


def _round(file: File, at: Addresses) -> str:
    return (
        '<div class="tgme_widget_message_roundvideo_player js-message_roundvideo_player">'
        f'<video src="{at.file(file)}" class="tgme_widget_message_roundvideo js-message_roundvideo"></video>'
        f'<time class="tgme_widget_message_roundvideo_duration">{clock(file.attributes.duration)}</time></div>'
    )


def _attached(file: File) -> str:
    """A document or a piece of music: named, not served."""
    shape = file.attributes
    sound = file.mime.startswith("audio/")
    title = (shape.title or file.name) if sound else file.name
    extra = shape.performer if sound and shape.performer else f"{file.size / 1024:.1f} KB"
    return (
        '<div class="tgme_widget_message_document_wrap"><div class="tgme_widget_message_document">'
        f'<div class="tgme_widget_message_document_icon accent_bg{" audio" if sound else ""}"></div>'
        f'<div class="tgme_widget_message_document_title accent_color" dir="auto">{html.escape(title)}</div>'
        f'<div class="tgme_widget_message_document_extra" dir="auto">{html.escape(extra)}</div></div></div>'
    )


def _poll(poll: Poll) -> str:
    options = "".join(
        f'<div class="tgme_widget_message_poll_option_text">{html.escape(answer.text)}</div>' for answer in poll.answers
    )
    return (
        '<div class="tgme_widget_message_poll"><div class="tgme_widget_message_poll_question">'
        f'{html.escape(poll.question)}</div><div class="tgme_widget_message_poll_options">{options}</div></div>'
    )
