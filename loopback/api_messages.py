"""Methods that send: texts, media, albums, places, copies, forwards, notices of typing."""

from dataclasses import replace
from typing import Any

from aiogram.methods import (
    CopyMessage,
    CopyMessages,
    ForwardMessage,
    ForwardMessages,
    SendAnimation,
    SendAudio,
    SendChatAction,
    SendDocument,
    SendLocation,
    SendMediaGroup,
    SendMessage,
    SendPhoto,
    SendVideo,
    SendVideoNote,
    SendVoice,
)

from loopback.api import Answers, Call, refused
from loopback.api_views import JSON
from loopback.api_whispers import whispered
from loopback.api_writing import Envelope, buttons_of, caption_of, envelope, media_content, send, text_content
from loopback.chat_nouns import Content, Message
from loopback.chats import MessageFields
from loopback.nouns import Place
from loopback.people import message_origin

KINDS: dict[type[Any], tuple[str, str]] = {
    SendPhoto: ("photo", "photos"),
    SendVideo: ("video", "videos"),
    SendAnimation: ("animation", "GIFs"),
    SendAudio: ("audio", "music"),
    SendVoice: ("voice", "voice notes"),
    SendVideoNote: ("video_note", "video notes"),
    SendDocument: ("document", "documents"),
}
ALBUM = range(2, 11)
MIXES = ({"photo", "video", "live_photo"}, {"audio"}, {"document"})
ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}

answers = Answers()


@answers.to(SendMessage)
def send_message(call: Call, ask: SendMessage) -> JSON:
    """A text."""
    return _sent(call, ask, text_content(call, ask), "text messages")


@answers.to(*KINDS)
def send_media(call: Call, ask: Any) -> JSON:
    """A file of any kind."""
    kind, what = KINDS[type(ask)]
    return _sent(call, ask, media_content(call, kind, ask), what)


@answers.to(SendLocation)
def send_location(call: Call, ask: SendLocation) -> JSON:
    """A point on the map."""
    if not (-90 <= ask.latitude <= 90 and -180 <= ask.longitude <= 180):
        raise refused("LOCATION_INVALID")
    content = Content(media=Place(ask.latitude, ask.longitude), buttons=buttons_of(call, ask.reply_markup))
    return _sent(call, ask, content, "text messages")


def _sent(call: Call, ask: Any, content: Content, what: str) -> JSON:
    where = envelope(call, ask, what)
    whisper = whispered(call, ask, where, content)
    return call.view.message(whisper or send(call, where, content))


@answers.to(SendMediaGroup)
def send_media_group(call: Call, ask: SendMediaGroup) -> list[JSON]:
    """An album: two to ten files of kinds that go together; it counts as that many messages."""
    if len(ask.media) not in ALBUM:
        raise refused("media group must include 2-10 items")
    kinds = {item.type for item in ask.media}
    if not any(kinds <= mix for mix in MIXES):
        raise refused("can't use the media of the specified type in the album")
    contents = [media_content(call, item.type, item) for item in ask.media]
    where = envelope(call, ask, "photos")
    call.chats.limits.pace(call.bot, where.chat, len(contents))
    album = str(call.world.new_id())
    fields: MessageFields = {**where.fields, "album": album}
    posted = [call.chats.post(where.chat, call.bot.user, content, **fields) for content in contents]
    return [call.view.message(message) for message in posted]


# ---------------------------------------------------------------------------------------------------- again


@answers.to(CopyMessage)
def copy_message(call: Call, ask: CopyMessage) -> JSON:
    """A message once more, as if the bot had written it."""
    source = _source(call, ask.from_chat_id, ask.message_id, "copy")
    content = replace(source.content, buttons=buttons_of(call, ask.reply_markup))
    if ask.caption is not None and source.media is not None:
        content = replace(content, words=caption_of(call, ask))
    return {"message_id": send(call, envelope(call, ask), content).id}


@answers.to(CopyMessages)
def copy_messages(call: Call, ask: CopyMessages) -> list[JSON]:
    """Several messages once more; those that cannot be copied are left out."""
    where = envelope(call, ask)
    return [{"message_id": message.id} for message in _again(call, where, ask, forwarded=False)]


@answers.to(ForwardMessage)
def forward_message(call: Call, ask: ForwardMessage) -> JSON:
    """A message with the header that says whose it is."""
    source = _source(call, ask.from_chat_id, ask.message_id, "forward")
    where = envelope(call, ask)
    return call.view.message(send(call, where, replace(source.content, buttons=()), origin=message_origin(source)))


@answers.to(ForwardMessages)
def forward_messages(call: Call, ask: ForwardMessages) -> list[JSON]:
    """Several messages with their headers; those that cannot be forwarded are left out."""
    where = envelope(call, ask)
    return [{"message_id": message.id} for message in _again(call, where, ask, forwarded=True)]


def _again(call: Call, where: Envelope, ask: CopyMessages | ForwardMessages, *, forwarded: bool) -> list[Message]:
    """Albums stay together under a new id."""
    origin_chat = call.chat(ask.from_chat_id)
    sources = [origin_chat.kept[number] for number in ask.message_ids if number in origin_chat.kept]
    sources = [source for source in sources if not source.deleted and not source.protected and not source.happening]
    if not sources:
        raise refused(f"there are no messages to {'forward' if forwarded else 'copy'}")
    albums = {source.album: str(call.world.new_id()) for source in sources if source.album}
    return [
        send(
            call,
            where,
            replace(source.content, buttons=()),
            origin=message_origin(source) if forwarded else None,
            album=albums.get(source.album or ""),
        )
        for source in sources
    ]


def _source(call: Call, chat_id: int | str, message_id: int, verb: str) -> Message:
    chat = call.chat(chat_id)
    source = call.message(chat, message_id, f"message to {verb}")
    if source.protected or chat.protected or source.happening is not None:
        raise refused("message can't be copied" if verb == "copy" else "message can't be forwarded")
    return source


@answers.to(SendChatAction)
def send_chat_action(call: Call, ask: SendChatAction) -> bool:
    """A notice that the bot is typing or uploading."""
    if ask.action not in ACTIONS:
        raise refused("wrong parameter action in request")
    chat = call.chat(ask.chat_id, "write")
    topic = call.topic(chat, ask.message_thread_id)
    chat.actions.append((call.bot.user, ask.action, topic.id if topic else None))
    return True
