"""What the Bot API's side of the world is made of: bots, chats, members, topics, messages, buttons, button presses.

Media are those of posts (``loopback.nouns``), so a file forwarded from a channel stays the same file.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from loopback.nouns import Contact, Document, File, Photo, Place, User
from loopback.wording import NOTHING, Style, Words

ChatKind = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]
ChatMedia = Photo | Document | Place | Contact

ADMIN_RIGHTS = frozenset(
    {
        "can_manage_chat",
        "can_delete_messages",
        "can_manage_video_chats",
        "can_restrict_members",
        "can_promote_members",
        "can_change_info",
        "can_invite_users",
        "can_post_messages",
        "can_edit_messages",
        "can_pin_messages",
        "can_manage_topics",
    }
)
PRESENT: frozenset[Status] = frozenset({"creator", "administrator", "member", "restricted"})


@dataclass(frozen=True)
class Button:
    """An inline button as a member sees it; ``json`` is the whole of it, in the Bot API's words."""

    text: str
    data: str | None = None
    url: str | None = None
    copy_text: str | None = None
    style: str | None = None
    disabled: bool = False
    json: str = field(default="{}", repr=False)


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True)
class Content:
    """What a message shows. ``layout`` holds the sender's wishes that change no word: previews, caption above."""

    words: Words = NOTHING
    media: ChatMedia | None = None
    buttons: Rows = ()
    above: bool = False
    layout: str = ""

    def shows_as(self, other: "Content") -> bool:
        """Whether a reader sees no difference; Telegram then refuses the edit."""
        return replace(self, layout="") == replace(other, layout="")


@dataclass(frozen=True)
class Origin:
    """Where a forwarded message was written first."""

    kind: Literal["user", "hidden_user", "chat", "channel"]
    date: datetime
    user: User | None = None
    name: str = ""
    chat_id: int = 0
    title: str = ""
    username: str | None = None
    message_id: int = 0
    signature: str = ""


@dataclass(frozen=True)
class Happening:
    """A service message: what happened, to whom; ``kind`` is the Bot API's field."""

    kind: str
    users: tuple[User, ...] = ()
    title: str = ""
    chat_id: int = 0
    message: "Message | None" = None
    topic: "Topic | None" = None


@dataclass(eq=False)
class Topic:
    """A forum topic; its id is that of the service message that made it."""

    id: int
    name: str
    icon_color: int = 0x6FB9F0
    icon_custom_emoji_id: str = ""
    closed: bool = False
    deleted: bool = False


@dataclass(eq=False)
class Member:
    """Somebody's place in a chat."""

    user: User
    status: Status = "member"
    rights: frozenset[str] = frozenset()
    anonymous: bool = False
    title: str = ""
    muted: bool = False

    @property
    def present(self) -> bool:
        """Whether they are in the chat now."""
        return self.status in PRESENT

    @property
    def leads(self) -> bool:
        """Whether they are an administrator or the owner."""
        return self.status in {"creator", "administrator"}

    def may(self, right: str) -> bool:
        """Whether they have an administrator's right."""
        return self.status == "creator" or (self.status == "administrator" and right in self.rights)


@dataclass(frozen=True)
class Edit:
    """A change of a message: what it showed before."""

    at: datetime
    message: "Message"
    before: Content
    after: Content


@dataclass(eq=False)
class Message:
    """A message as it stands. Its readers tell what people see; ``content`` is replaced as a whole by an edit.

    ``receiver`` marks an ephemeral message, which only that person sees.
    """

    id: int
    chat: "Chat" = field(repr=False)
    date: datetime
    sender: User | None = field(repr=False)
    content: Content
    sender_chat: "Chat | None" = None
    signature: str = ""
    thread_id: int | None = None
    in_topic: bool = False
    reply_to: "Message | None" = None
    quote: str = ""
    origin: Origin | None = None
    album: str | None = None
    happening: Happening | None = None
    protected: bool = False
    silent: bool = False
    receiver: User | None = None
    ephemeral_id: int = 0
    keyboard: tuple[tuple[str, ...], ...] = ()
    edit_date: datetime | None = None
    edits: int = 0
    deleted: bool = False
    reactions: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The words, or the caption."""
        return self.content.words.text

    @property
    def entities(self) -> tuple[Style, ...]:
        """The styles of ``text``."""
        return self.content.words.styles

    @property
    def media(self) -> ChatMedia | None:
        """The picture, video, sound, file or place."""
        return self.content.media

    @property
    def file(self) -> File | None:
        """The file behind the media, with its bytes in ``content``."""
        return self.media.file if isinstance(self.media, Photo | Document) else None

    @property
    def buttons(self) -> Rows:
        """The rows of inline buttons."""
        return self.content.buttons

    @property
    def labels(self) -> list[list[str]]:
        """The words on the buttons, row by row."""
        return [[button.text for button in row] for row in self.buttons]

    def button(self, name: str) -> Button:
        """The button with this label, or whose callback data begins so; LookupError when none is shown."""
        shown = [button for row in self.buttons for button in row]
        by_label = [button for button in shown if button.text == name]
        by_data = [button for button in shown if button.data is not None and button.data.startswith(name)]
        if not by_label and not by_data:
            raise LookupError(f"no button {name!r} on message {self.id}, which shows {self.labels}")
        return (by_label or by_data)[0]


@dataclass(eq=False)
class Chat:
    """A private chat with one bot, a group, a supergroup (perhaps a forum) or a channel."""

    id: int
    kind: ChatKind
    title: str
    username: str | None = None
    forum: bool = False
    protected: bool = False
    about: str = ""
    person: User | None = None
    bot: "Bot | None" = field(default=None, repr=False)
    started: bool = False
    blocked: bool = False
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)
    ephemeral_ids: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)
    members: dict[int, Member] = field(default_factory=dict, repr=False)
    topics: dict[int, Topic] = field(default_factory=dict, repr=False)
    kept: dict[int, Message] = field(default_factory=dict, repr=False)
    whispers: list[Message] = field(default_factory=list, repr=False)
    history: list[Edit] = field(default_factory=list, repr=False)
    pinned: list[Message] = field(default_factory=list, repr=False)
    actions: list[tuple[User, str, int | None]] = field(default_factory=list, repr=False)
    migrated_to: "Chat | None" = None

    @property
    def messages(self) -> list[Message]:
        """What the chat shows everybody now, oldest first, without service messages."""
        return [message for message in self.everything if message.happening is None]

    @property
    def everything(self) -> list[Message]:
        """What the chat shows everybody now, with service messages."""
        return [message for message in self.kept.values() if not message.deleted]

    @property
    def grouped(self) -> bool:
        """Whether it is a group or a supergroup."""
        return self.kind in {"group", "supergroup"}

    def topic_named(self, name: str) -> Topic:
        """The topic that bears this name now."""
        return next(topic for topic in self.topics.values() if topic.name == name and not topic.deleted)

    def in_topic(self, name: str) -> list[Message]:
        """What a topic shows now."""
        topic = self.topic_named(name)
        return [message for message in self.messages if message.thread_id == topic.id]

    def seen_by(self, user: User) -> list[Message]:
        """The ephemeral messages shown to one member now."""
        return [message for message in self.whispers if message.receiver is user and not message.deleted]

    def member(self, user: User) -> Member:
        """Somebody's place here; who was never here has "left"."""
        return self.members.get(user.id) or Member(user, "left")


@dataclass(frozen=True)
class Answer:
    """What a person sees after a press: a notice, an alert to be closed, a page to open; all may be empty."""

    text: str = ""
    alert: bool = False
    url: str = ""


@dataclass(eq=False)
class Query:
    """A callback query: somebody pressed a button, or pretends to have."""

    id: str
    person: User
    message: Message
    data: str
    at: datetime
    answer: Answer | None = None


@dataclass(eq=False)
class Bot:
    """A bot as its owner set it up. ``privacy`` on: in groups it hears only what is meant for it."""

    user: User
    token: str
    privacy: bool = True
    joins_groups: bool = True
    commands: dict[tuple[str, str], list[dict[str, object]]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)
    chats: dict[int, Chat] = field(default_factory=dict, repr=False)
    logged_out: datetime | None = None

    @property
    def id(self) -> int:
        """The bot's user id, the first half of its token."""
        return self.user.id
