"""The world in the Bot API's JSON, as one bot is told of it."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from loopback.chat_nouns import ADMIN_RIGHTS, Bot, Button, Chat, Happening, Member, Message, Origin, Query, Topic
from loopback.file_ids import FileBook, Stored
from loopback.nouns import Contact, Document, File, Photo, Place, Size, User
from loopback.studio import STRIPPED
from loopback.wording import Style

JSON = dict[str, Any]

ANONYMOUS = User(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)
CHANNEL_BOT = User(136817688, "Channel", username="Channel_Bot", is_bot=True)
MAX_REACTIONS = 11
NO_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)
PERMISSIONS = {
    "can_send_messages": True,
    "can_send_audios": True,
    "can_send_documents": True,
    "can_send_photos": True,
    "can_send_videos": True,
    "can_send_video_notes": True,
    "can_send_voice_notes": True,
    "can_send_polls": True,
    "can_send_other_messages": True,
    "can_add_web_page_previews": True,
    "can_react_to_messages": True,
    "can_edit_tag": False,
    "can_change_info": False,
    "can_invite_users": True,
    "can_pin_messages": False,
    "can_manage_topics": False,
}
CHANNEL_RIGHTS = {"can_post_messages", "can_edit_messages"}
GROUP_RIGHTS = {"can_pin_messages", "can_manage_topics"}
NEVER_GIVEN = ("can_post_stories", "can_edit_stories", "can_delete_stories", "can_send_welcome_messages")
KIND_FOLDERS = {
    "photo": "photos",
    "video": "videos",
    "animation": "animations",
    "audio": "music",
    "voice": "voice",
    "video_note": "video_notes",
    "document": "documents",
}


def unix(moment: datetime) -> int:
    """A time as the Bot API gives it."""
    return int(moment.timestamp())


def kind_of(file: File) -> str:
    """What Telegram shows a file as: photo, video, animation, audio, voice, video_note or document."""
    shape = file.attributes
    marks = (
        ("photo", file.kind == "photo"),
        ("voice", shape.voice),
        ("video_note", shape.round),
        ("animation", shape.animated),
        ("video", file.mime.startswith("video/") and shape.width > 0),
        ("audio", file.mime.startswith("audio/")),
    )
    return next((kind for kind, holds in marks if holds), "document")


def user_json(user: User) -> JSON:
    """A person or a bot."""
    return {"id": user.id, "is_bot": user.is_bot, "first_name": user.first_name} | _given(
        last_name=user.last_name,
        username=user.username,
        language_code=None if user.is_bot else user.language,
        is_premium=user.premium,
    )


def chat_json(chat: Chat) -> JSON:
    """A chat, in brief."""
    person = chat.person
    return _given(
        id=chat.id,
        type=chat.kind,
        title=None if person else chat.title,
        username=person.username if person else chat.username,
        first_name=person.first_name if person else None,
        last_name=person.last_name if person else None,
        is_forum=chat.forum,
    )


def entity_json(style: Style) -> JSON:
    """A style."""
    return {"type": style.kind, "offset": style.offset, "length": style.length} | _given(
        url=style.url,
        language=style.language,
        user=user_json(style.user) if style.user else None,
        custom_emoji_id=style.custom_emoji_id,
        unix_time=style.unix_time,
        date_time_format=style.date_time_format,
    )


def member_json(chat: Chat, member: Member) -> JSON:
    """Somebody's place in a chat; administrators have the rights that exist there."""
    shown: JSON = {"status": member.status, "user": user_json(member.user)}
    if member.status == "creator":
        return shown | {"is_anonymous": member.anonymous} | _given(custom_title=member.title)
    if member.status == "administrator":
        known = ADMIN_RIGHTS - (GROUP_RIGHTS if chat.kind == "channel" else CHANNEL_RIGHTS)
        rights = {right: right in member.rights for right in known} | dict.fromkeys(NEVER_GIVEN, False)
        shown |= {"can_be_edited": False, "is_anonymous": member.anonymous} | _given(custom_title=member.title)
        return shown | rights
    if member.status == "restricted":
        return shown | dict.fromkeys(PERMISSIONS, not member.muted) | {"is_member": True, "until_date": 0}
    return shown | ({"until_date": 0} if member.status == "kicked" else {})


def topic_json(topic: Topic) -> JSON:
    """A forum topic."""
    return {"name": topic.name, "icon_color": topic.icon_color} | _given(
        icon_custom_emoji_id=topic.icon_custom_emoji_id
    )


def keyboard_json(rows: Iterable[Iterable[Button]]) -> JSON:
    """Inline buttons."""
    return {"inline_keyboard": [[json.loads(button.json) for button in row] for row in rows]}


def _given(**fields: object) -> JSON:
    """The fields that say something; Telegram leaves the others out."""
    return {name: value for name, value in fields.items() if value not in (None, "", False, [], ())}


class View:
    """The world as ``bot`` is told of it: file ids are its own."""

    def __init__(self, book: FileBook, bot: Bot) -> None:
        self.book = book
        self.bot = bot

    # ------------------------------------------------------------------------------------------ messages

    def message(self, message: Message, *, with_reply: bool = True) -> JSON:
        """A message as it stands."""
        shown = _given(
            message_thread_id=message.thread_id,
            is_topic_message=message.in_topic,
            sender_chat=chat_json(message.sender_chat) if message.sender_chat else None,
            author_signature=message.signature,
            media_group_id=message.album,
            edit_date=unix(message.edit_date) if message.edit_date else None,
            has_protected_content=message.protected or message.chat.protected,
            receiver_user=user_json(message.receiver) if message.receiver else None,
            ephemeral_message_id=message.ephemeral_id,
        )
        shown |= {"message_id": message.id, "date": unix(message.date), "chat": chat_json(message.chat)}
        shown |= self._sender(message)
        shown |= self._origin(message.origin) if message.origin else {}
        shown |= self._reply(message) if with_reply else {}
        return shown | (self._happening(message.happening) if message.happening else self._content(message))

    def gone(self, message: Message) -> JSON:
        """A message a callback query comes from that is no longer there."""
        return {"chat": chat_json(message.chat), "message_id": message.id, "date": 0}

    @staticmethod
    def _sender(message: Message) -> JSON:
        if message.sender_chat is None:
            return {"from": user_json(message.sender)} if message.sender else {}
        if message.chat.kind == "channel":
            return {}
        return {"from": user_json(ANONYMOUS if message.sender_chat is message.chat else CHANNEL_BOT)}

    @staticmethod
    def _origin(origin: Origin) -> JSON:
        chat = _given(id=origin.chat_id, title=origin.title, username=origin.username)
        told: JSON = {"type": origin.kind, "date": unix(origin.date)}
        match origin.kind:
            case "user":
                assert origin.user is not None
                told["sender_user"] = user_json(origin.user)
            case "hidden_user":
                told["sender_user_name"] = origin.name
            case "chat":
                told |= {"sender_chat": chat | {"type": "supergroup"}} | _given(author_signature=origin.signature)
            case "channel":
                told |= {"chat": chat | {"type": "channel"}, "message_id": origin.message_id}
                told |= _given(author_signature=origin.signature)
        return {"forward_origin": told} | _old_origin(told)

    def _reply(self, message: Message) -> JSON:
        """What it answers; in a topic, what answers nothing answers the topic's first message."""
        answered = message.reply_to
        if answered is None and message.in_topic and message.thread_id != message.id:
            answered = message.chat.kept.get(message.thread_id or 0)
        if answered is None or answered.deleted:
            return {}
        if answered.chat is not message.chat:
            return {"external_reply": self._external(answered)} | self._quote(message)
        return {"reply_to_message": self.message(answered, with_reply=False)} | self._quote(message)

    @staticmethod
    def _quote(message: Message) -> JSON:
        if not message.quote or message.reply_to is None:
            return {}
        at = max(message.reply_to.text.find(message.quote), 0)
        return {"quote": {"text": message.quote, "position": at, "is_manual": True}}

    def _external(self, answered: Message) -> JSON:
        assert answered.sender is not None
        origin = Origin("user", answered.date, user=answered.sender)
        told = {"origin": self._origin(origin)["forward_origin"]}
        if answered.chat.kind in {"supergroup", "channel"}:
            told |= {"chat": chat_json(answered.chat), "message_id": answered.id}
        return told | self._media(answered)

    def _content(self, message: Message) -> JSON:
        content = message.content
        shown = self._media(message)
        words, entities = ("caption", "caption_entities") if shown else ("text", "entities")
        shown |= _given(
            **{words: content.words.text, entities: [entity_json(style) for style in content.words.styles]},
            show_caption_above_media=content.above,
            reply_markup=keyboard_json(content.buttons) if content.buttons else None,
            link_preview_options=json.loads(content.layout) if content.layout and not shown else None,
        )
        return shown

    def _happening(self, happening: Happening) -> JSON:
        return {happening.kind: self._told(happening)}

    def _told(self, happening: Happening) -> object:
        match happening.kind:
            case "new_chat_members":
                return [user_json(user) for user in happening.users]
            case "left_chat_member":
                return user_json(happening.users[0])
            case "new_chat_title":
                return happening.title
            case "pinned_message":
                assert happening.message is not None
                return self.message(happening.message, with_reply=False)
            case "forum_topic_created":
                assert happening.topic is not None
                return topic_json(happening.topic) | {"name": happening.title}
            case "migrate_to_chat_id" | "migrate_from_chat_id":
                return happening.chat_id
        return {"name": happening.title} if happening.title else {}

    # ------------------------------------------------------------------------------------------ media

    def _media(self, message: Message) -> JSON:
        media = message.media
        match media:
            case Photo():
                return self._photo(media) | _given(has_media_spoiler=media.spoiler)
            case Document():
                return self._document(media) | _given(has_media_spoiler=media.spoiler)
            case Place():
                return _place(media)
            case Contact():
                return {"contact": {"phone_number": media.phone, "first_name": media.first_name}}
        return {}

    def _photo(self, photo: Photo) -> JSON:
        shown: JSON = {"photo": self.sizes(photo.file)}
        if photo.live is not None:
            shape = photo.live.attributes
            shown["live_photo"] = self._named(photo.live) | {
                "width": shape.width,
                "height": shape.height,
                "duration": int(shape.duration),
                "photo": shown["photo"],
                "mime_type": photo.live.mime,
            }
        return shown

    def sizes(self, file: File) -> list[JSON]:
        """A photo's sizes, smallest first, without the stripped one."""
        return [self._size(file, size) for size in file.sizes if size.type != STRIPPED]

    def _size(self, file: File, size: Size) -> JSON:
        return self.names(Stored(file, size)) | {
            "width": size.width,
            "height": size.height,
            "file_size": len(size.content),
        }

    def _document(self, document: Document) -> JSON:
        file, shape = document.file, document.file.attributes
        kind = kind_of(file)
        shown = self._named(file) | _given(mime_type=file.mime, file_name=file.name, thumbnail=self._thumb(file))
        timed = {"duration": int(shape.duration)}
        framed = timed | {"width": shape.width, "height": shape.height}
        if kind == "video_note":
            return {kind: self._named(file) | timed | {"length": shape.width} | _given(thumbnail=self._thumb(file))}
        if kind == "voice":
            return {kind: self._named(file) | timed | {"mime_type": file.mime}}
        if kind == "audio":
            return {kind: shown | timed | _given(title=shape.title, performer=shape.performer)}
        if kind == "video":
            cover = self.sizes(document.cover) if document.cover else None
            return {kind: shown | framed | _given(cover=cover)}
        if kind == "animation":
            return {kind: shown | framed, "document": shown}
        return {kind: shown}

    def names(self, stored: Stored) -> JSON:
        """The two names of a file."""
        return {
            "file_id": self.book.file_id(self.bot.id, stored),
            "file_unique_id": self.book.unique_id(stored),
        }

    def _named(self, file: File) -> JSON:
        return self.names(Stored(file)) | {"file_size": file.size}

    def _thumb(self, file: File) -> JSON | None:
        shown = [size for size in file.sizes if size.type != STRIPPED]
        return self._size(file, shown[-1]) if shown else None

    # ------------------------------------------------------------------------------------------ chats and queries

    def full_chat(self, chat: Chat) -> JSON:
        """A chat, in full."""
        shown = chat_json(chat) | {
            "accent_color_id": 0,
            "max_reaction_count": MAX_REACTIONS,
            "accepted_gift_types": NO_GIFTS,
        }
        if chat.grouped:
            shown["permissions"] = PERMISSIONS
        pinned = [message for message in chat.pinned if not message.deleted]
        return shown | _given(
            active_usernames=[shown["username"]] if shown.get("username") else None,
            description=chat.about,
            has_protected_content=chat.protected,
            pinned_message=self.message(pinned[-1], with_reply=False) if pinned else None,
        )

    def query(self, query: Query) -> JSON:
        """A press of a button."""
        told = self.gone(query.message) if query.message.deleted else self.message(query.message)
        return {
            "id": query.id,
            "from": user_json(query.person),
            "message": told,
            "chat_instance": str(hash((self.bot.id, query.message.chat.id)) % (1 << 63)),
            "data": query.data,
        }


def _place(place: Place) -> JSON:
    point = {"latitude": place.latitude, "longitude": place.longitude}
    if not place.title:
        return {"location": point}
    return {"location": point, "venue": {"location": point, "title": place.title, "address": ""}}


def _old_origin(told: Mapping[str, Any]) -> JSON:
    """The fields Telegram still sends for bots written before forward_origin."""
    return _given(
        forward_date=told["date"],
        forward_from=told.get("sender_user"),
        forward_sender_name=told.get("sender_user_name"),
        forward_from_chat=told.get("chat") or told.get("sender_chat"),
        forward_from_message_id=told.get("message_id"),
        forward_signature=told.get("author_signature"),
    )
