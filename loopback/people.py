"""People in chats: what they write, send, forward, press and do to their chats; the side tests and the demo play."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from loopback.chat_nouns import Answer, Bot, Chat, ChatMedia, Content, Message, Origin, Query, Topic
from loopback.nouns import Channel, Contact, Document, Forward, Photo, Place, Post, User
from loopback.wording import TEXT_LIMIT, Words, finished, styled, units

if TYPE_CHECKING:
    from loopback.chats import Chats

SUPERGROUP_BASE = -1_000_000_000_000


@dataclass(frozen=True)
class Press:
    """A press on its way: what the bot says to it can be awaited."""

    chats: "Chats"
    query: Query

    @property
    def answer(self) -> Answer | None:
        """What the bot said so far."""
        return self.query.answer

    async def answered(self, timeout: float = 10.0) -> Answer:  # noqa: ASYNC109
        """What the person sees once the bot answers; TimeoutError when it never does."""
        await self.chats.world.wait_until(lambda: self.query.answer, timeout)
        assert self.query.answer is not None
        return self.query.answer


class Person:
    """Somebody with an account. Where a chat is asked for, a bot stands for the private chat with it."""

    def __init__(self, chats: "Chats", user: User, *, hides: bool = False) -> None:
        self.chats = chats
        self.user = user
        self.hides = hides

    @property
    def id(self) -> int:
        """The account's number."""
        return self.user.id

    # ------------------------------------------------------------------------------------------ saying

    def say(
        self,
        where: Chat | Bot,
        text: str,
        *,
        reply_to: Message | None = None,
        quote: str = "",
        topic: Topic | None = None,
        anonymous: bool = False,
        words: Words | None = None,
    ) -> Message:
        """Write a text; ``anonymous`` administrators speak for the group, ``words`` bring their own styles."""
        written = finished(words or Words(text))
        if units(written.text) > TEXT_LIMIT:
            raise ValueError("a client cuts longer texts into several messages")
        return self._post(where, Content(written), reply_to, topic, anonymous=anonymous, quote=quote)

    def send(
        self,
        where: Chat | Bot,
        media: ChatMedia,
        caption: str = "",
        *,
        reply_to: Message | None = None,
        topic: Topic | None = None,
        album: str | None = None,
    ) -> Message:
        """Send media made by the world (``world.video(...)`` and its like)."""
        return self._post(where, Content(finished(Words(caption)), media), reply_to, topic, album=album)

    def send_photo(self, where: Chat | Bot, jpeg: bytes, caption: str = "", **sent: Any) -> Message:
        """Send a picture."""
        return self.send(where, self.chats.world.photo(jpeg), caption, **sent)

    def send_video(
        self, where: Chat | Bot, mp4: bytes, caption: str = "", *, duration: float = 5.0, **sent: Any
    ) -> Message:
        """Send a video."""
        return self.send(where, self.chats.world.video(mp4, duration), caption, **sent)

    def send_video_note(self, where: Chat | Bot, mp4: bytes, *, duration: float = 5.0, **sent: Any) -> Message:
        """Send a round video."""
        return self.send(where, self.chats.world.video(mp4, duration, 240, 240, round=True), **sent)

    def send_animation(self, where: Chat | Bot, mp4: bytes, caption: str = "", **sent: Any) -> Message:
        """Send a silent, looping video."""
        return self.send(where, self.chats.world.video(mp4, animated=True), caption, **sent)

    def send_voice(self, where: Chat | Bot, ogg: bytes, *, duration: float = 5.0, **sent: Any) -> Message:
        """Send a voice note."""
        return self.send(where, self.chats.world.voice(ogg, duration), **sent)

    def send_audio(
        self,
        where: Chat | Bot,
        content: bytes,
        caption: str = "",
        *,
        duration: float = 5.0,
        title: str = "",
        **sent: Any,
    ) -> Message:
        """Send a piece of music or a recording."""
        return self.send(where, self.chats.world.audio(content, duration, title=title), caption, **sent)

    def send_document(
        self,
        where: Chat | Bot,
        content: bytes,
        name: str = "file.bin",
        caption: str = "",
        *,
        mime: str = "application/octet-stream",
        **sent: Any,
    ) -> Message:
        """Send a file uncompressed."""
        return self.send(where, self.chats.world.document(content, name, mime), caption, **sent)

    def send_location(self, where: Chat | Bot, latitude: float, longitude: float, **sent: Any) -> Message:
        """Send a point on the map."""
        return self.send(where, Place(latitude, longitude), **sent)

    def send_album(
        self, where: Chat | Bot, medias: Sequence[ChatMedia], caption: str = "", **sent: Any
    ) -> list[Message]:
        """Send several media as one post; the first bears the caption."""
        album = str(self.chats.world.new_id())
        return [
            self.send(where, media, caption if number == 0 else "", album=album, **sent)
            for number, media in enumerate(medias)
        ]

    def forward(self, where: Chat | Bot, source: Message | Post, *, topic: Topic | None = None) -> Message:
        """Forward a message, or a post of a channel, with the header that names its first home."""
        return self._post(where, _content_of(source), None, topic, origin=self._origin(source))

    def edit(self, message: Message, text: str) -> None:
        """Change the words of one's own message."""
        assert message.sender is self.user
        self.chats.edit(message, replace(message.content, words=finished(Words(text))), self.user)

    def delete(self, *messages: Message) -> None:
        """Take messages away."""
        self.chats.delete(*messages)

    def react(self, message: Message, *emoji: str) -> None:
        """Put reactions on a message; none takes them away."""
        self.chats.react(message, self.user, *emoji)

    def pin(self, message: Message) -> None:
        """Pin a message."""
        self.chats.pin(message, self.user)

    # ------------------------------------------------------------------------------------------ pressing

    def press(self, where: Chat | Bot, message: Message, name: str) -> Press:
        """Press a button the message really shows, by its label or the beginning of its callback data."""
        chat = self._chat(where)
        visible = message.receiver in {None, self.user} and not message.deleted
        if message.chat is not chat or not visible or not chat.member(self.user).present:
            raise LookupError(f"message {message.id} is not shown to {self.user.first_name} in {chat.title}")
        button = message.button(name)
        if button.disabled or button.data is None:
            raise LookupError(f"button {button.text!r} asks the bot nothing")
        return Press(self.chats, self.chats.ask(self.user, message, button.data))

    def forge_callback(self, message: Message, data: str) -> Press:
        """Send a callback query with any data for a bot's message, as a modified client can."""
        return Press(self.chats, self.chats.ask(self.user, message, data))

    # ------------------------------------------------------------------------------------------ chats

    def chat_with(self, bot: Bot) -> Chat:
        """The private chat with a bot."""
        return self.chats.private(bot, self.user)

    def start(self, bot: Bot, payload: str = "") -> Message:
        """Press Start in the private chat, or follow a link with a payload."""
        if self.chat_with(bot).blocked:
            self.unblock(bot)
        return self.say(bot, f"/start {payload}".strip())

    def block(self, bot: Bot) -> None:
        """Block a bot."""
        self.chats.block(bot, self.user)

    def unblock(self, bot: Bot) -> None:
        """Lift the block."""
        self.chats.block(bot, self.user, blocked=False)

    def join(self, chat: Chat) -> None:
        """Enter a group or channel."""
        self.chats.add(chat, self)

    def leave(self, chat: Chat) -> None:
        """Leave a group or channel."""
        self.chats.remove(chat, self, self.user)

    def add(self, chat: Chat, somebody: "Person | Bot") -> None:
        """Let somebody in."""
        self.chats.add(chat, somebody, self.user)

    def kick(self, chat: Chat, somebody: "Person | Bot") -> None:
        """Throw somebody out."""
        self.chats.remove(chat, somebody, self.user)

    # ------------------------------------------------------------------------------------------ inside

    def _chat(self, where: Chat | Bot) -> Chat:
        return self.chat_with(where) if isinstance(where, Bot) else where

    def _post(
        self,
        where: Chat | Bot,
        content: Content,
        reply_to: Message | None,
        topic: Topic | None,
        *,
        anonymous: bool = False,
        quote: str = "",
        origin: Origin | None = None,
        album: str | None = None,
    ) -> Message:
        chat = self._chat(where)
        self._check_may_write(chat, topic)
        chat.started = True
        speaks_for_chat = chat.kind == "channel" or anonymous
        return self.chats.post(
            chat,
            self.user,
            content,
            sender_chat=chat if speaks_for_chat else None,
            signature=chat.member(self.user).title if anonymous else "",
            thread_id=topic.id if topic else None,
            reply_to=reply_to,
            quote=quote,
            origin=origin,
            album=album,
        )

    def _check_may_write(self, chat: Chat, topic: Topic | None) -> None:
        member = chat.member(self.user)
        if not member.present or member.muted or (chat.kind == "channel" and not member.leads):
            raise PermissionError(f"{self.user.first_name} may not write in {chat.title}")
        if topic is not None and (topic.deleted or (topic.closed and not member.leads)):
            raise PermissionError(f"topic {topic.name} is closed")
        if chat.blocked or chat.migrated_to is not None:
            raise PermissionError(f"nobody can write in {chat.title} now")

    def _origin(self, source: Message | Post) -> Origin:
        if isinstance(source, Post):
            return _post_origin(source)
        if source.sender is self.user and self.hides and source.origin is None:
            return Origin("hidden_user", source.date, name=self.user.first_name)
        return message_origin(source)


def message_origin(message: Message) -> Origin:
    """The header a forwarded copy of ``message`` carries."""
    if message.origin is not None:
        return message.origin
    chat, date = message.sender_chat, message.date
    if chat is None:
        assert message.sender is not None
        return Origin("user", date, user=message.sender)
    posted = chat.kind == "channel"
    return Origin(
        "channel" if posted else "chat",
        date,
        chat_id=chat.id,
        title=chat.title,
        username=chat.username,
        message_id=message.id if posted else 0,
        signature=message.signature,
    )


def _post_origin(post: Post) -> Origin:
    forward = post.forward or Forward(post.date, post.channel, post.id, post.sender, author=post.author)
    if forward.channel is not None:
        return _channel_origin(forward, forward.channel)
    if forward.user is not None:
        return Origin("user", forward.date, user=forward.user)
    return Origin("hidden_user", forward.date, name=forward.name or "")


def _channel_origin(forward: Forward, channel: Channel) -> Origin:
    return Origin(
        "channel",
        forward.date,
        chat_id=SUPERGROUP_BASE - channel.id,
        title=channel.title,
        username=channel.username,
        message_id=forward.post_id or 0,
        signature=forward.author or "",
    )


def _content_of(source: Message | Post) -> Content:
    if isinstance(source, Message):
        return replace(source.content, buttons=())
    media = source.media if isinstance(source.media, Photo | Document | Place | Contact) else None
    return Content(Words(source.text, styled(source.entities)), media)
