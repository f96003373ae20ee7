"""What the world is made of: people, channels, posts, files, and the shapes media takes in a post.

Neutral to the three faces: each translates these into its own answers. Posts and channels are compared by
identity, media by value.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

HOME_DC = 2
MEDIA_DC = 4


@dataclass(eq=False)
class User:
    """A person with an account, or a bot. ``password`` is the two-step password, None without one."""

    id: int
    first_name: str
    last_name: str = ""
    username: str | None = None
    phone: str | None = None
    password: str | None = None
    premium: bool = False
    is_bot: bool = False
    state: Literal["active", "frozen", "deactivated"] = "active"
    language: str = "en"  # of their application


@dataclass(frozen=True)
class Entity:
    """A styled stretch of text; ``kind`` as the Bot API names it, offset and length in UTF-16 units."""

    kind: str
    offset: int
    length: int
    url: str = ""


@dataclass(frozen=True)
class Size:
    """One of the pictures Telegram keeps of a photo, or the thumb of a document; type "i" is the stripped one."""

    type: str
    width: int
    height: int
    content: bytes


@dataclass(frozen=True)
class Attributes:
    """What the uploader says of a file; durations in seconds, sizes in pixels."""

    width: int = 0
    height: int = 0
    duration: float = 0.0
    round: bool = False
    voice: bool = False
    animated: bool = False
    title: str = ""
    performer: str = ""
    codec: str = ""


@dataclass(frozen=True, eq=False)
class File:
    """Bytes under a Telegram file id, the same in every post and for every account.

    ``size`` is what Telegram declares; it differs from ``len(content)`` only when a test wants a truncated file.
    """

    id: int
    content: bytes = field(repr=False)
    mime: str
    name: str
    dc: int
    kind: Literal["photo", "document"]
    date: datetime
    size: int
    attributes: Attributes = Attributes()
    sizes: tuple[Size, ...] = ()


@dataclass(frozen=True)
class Photo:
    """A picture; with ``live`` a live photo, whose moving part is a file of its own."""

    file: File
    spoiler: bool = False
    ttl: int | None = None
    live: File | None = None


@dataclass(frozen=True)
class Document:
    """Any other file: video, audio, voice, animation, plain. ``alternatives`` are Telegram's re-encodings."""

    file: File
    spoiler: bool = False
    ttl: int | None = None
    alternatives: tuple[File, ...] = ()
    cover: File | None = None


@dataclass(frozen=True)
class PollAnswer:
    """One choice of a poll, since 2026 perhaps with media."""

    text: str
    media: "Media | None" = None


@dataclass(frozen=True)
class Poll:
    """A poll with media attached to the question, the answers or the explanation."""

    id: int
    question: str
    answers: tuple[PollAnswer, ...]
    attached: "Media | None" = None
    solution: "Media | None" = None


@dataclass(frozen=True)
class Paid:
    """Media for stars: previews only until ``bought``."""

    stars: int
    items: tuple["Media", ...]
    bought: bool = False


@dataclass(eq=False)
class Story:
    """A channel's story: its own id space, outside history."""

    id: int
    channel: "Channel"
    media: "Media"
    date: datetime
    caption: str = ""
    pinned: bool = True


@dataclass(frozen=True)
class StoryShare:
    """A story shared in a post; ``embedded`` tells whether Telegram sent its media along."""

    story: Story
    embedded: bool = False


@dataclass(frozen=True)
class WebPage:
    """A link's preview; ``page`` lists the files of its instant view."""

    id: int
    url: str
    title: str = ""
    description: str = ""
    photo: File | None = None
    document: File | None = None
    page: tuple[File, ...] = ()


@dataclass(frozen=True)
class Giveaway:
    """Premium for subscribers: noise."""

    quantity: int
    until: datetime


@dataclass(frozen=True)
class Place:
    """A point on the map, with a title a venue."""

    latitude: float
    longitude: float
    title: str = ""


@dataclass(frozen=True)
class Contact:
    """Somebody's number."""

    phone: str
    first_name: str


@dataclass(frozen=True)
class Checklist:
    """A list of things to do."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Unsupported:
    """What Telegram sends for media this client's layer has no word for."""


@dataclass(frozen=True)
class Stream:
    """Notice of a live stream."""


@dataclass(frozen=True)
class Undecodable:
    """Media of a newer layer: its constructor number is in no schema, so the client cannot read the object."""


Media = (
    Photo
    | Document
    | Poll
    | Paid
    | StoryShare
    | WebPage
    | Giveaway
    | Place
    | Contact
    | Checklist
    | Unsupported
    | Stream
    | Undecodable
)


@dataclass(frozen=True)
class Rich:
    """A rich message of 2026: paragraphs and files. ``sent`` is how many files fit; the rest is asked for."""

    paragraphs: tuple[str, ...]
    files: tuple[File, ...]
    sent: int | None = None

    @property
    def part(self) -> bool:
        """Whether clients get only a part at first."""
        return self.sent is not None and self.sent < len(self.files)


@dataclass(frozen=True)
class Forward:
    """Where a copy came from; only ``name`` when the author hides."""

    date: datetime
    channel: "Channel | None" = None
    post_id: int | None = None
    user: User | None = None
    name: str | None = None
    author: str | None = None


@dataclass(frozen=True)
class Reply:
    """What a post answers: a post here, or a quote from another chat with its media."""

    post_id: int | None = None
    channel: "Channel | None" = None
    quote: str = ""
    media: Media | None = None


@dataclass(frozen=True)
class Service:
    """A service message: ``kind`` is "pin", "title", "photo", "created" or "history_cleared"."""

    kind: str
    text: str = ""


@dataclass(eq=False)
class Post:
    """One message in a channel, or in a discussion group when it has a ``sender``."""

    id: int
    channel: "Channel"
    date: datetime
    text: str = ""
    entities: tuple[Entity, ...] = ()
    media: Media | None = None
    rich: Rich | None = None
    grouped_id: int | None = None
    forward: Forward | None = None
    reply: Reply | None = None
    author: str | None = None
    sender: User | None = None
    service: Service | None = None
    edit_date: datetime | None = None
    edit_hide: bool = False
    views: int = 1
    reactions: int = 0
    ttl_period: int | None = None
    restriction: str = ""
    deleted: bool = False

    @property
    def link(self) -> str:
        """The public t.me address, or the members' one."""
        where = self.channel.username or f"c/{self.channel.id}"
        return f"https://t.me/{where}/{self.id}"


@dataclass(frozen=True)
class Change:
    """Something that happened in a channel; ``pts`` counts them, as clients do, except kind "channel" and "story".

    ``member`` is the user whose membership a "channel" change is about.
    """

    kind: Literal["new", "edit", "delete", "channel", "story"]
    channel: "Channel"
    posts: tuple[Post, ...]
    pts: int
    pts_count: int
    at: datetime
    story: Story | None = None
    member: int | None = None


@dataclass(eq=False)
class Channel:
    """A broadcast channel, or a discussion group (``broadcast`` false).

    ``members`` have joined, ``banned`` may not look, a ``gone`` channel nobody may. Without a username only
    members may look.
    """

    id: int
    title: str
    date: datetime
    username: str | None = None
    usernames: tuple[str, ...] = ()
    about: str = ""
    broadcast: bool = True
    noforwards: bool = False
    invite: str = ""
    peekable: bool = False
    restriction: str = ""
    linked: "Channel | None" = None
    photo: File | None = None
    subscribers: int = 1000
    members: set[int] = field(default_factory=set)
    banned: set[int] = field(default_factory=set)
    gone: bool = False
    pts: int = 1
    next_id: int = 1
    posts: dict[int, Post] = field(default_factory=dict, repr=False)
    stories: dict[int, Story] = field(default_factory=dict, repr=False)
    changes: list[Change] = field(default_factory=list, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Every public name that leads here."""
        return self.usernames or ((self.username,) if self.username else ())

    def visible_to(self, user: User) -> bool:
        """Whether ``user`` may read here."""
        if self.gone or user.id in self.banned:
            return False
        return user.id in self.members or bool(self.names) or self.peekable

    def history(self) -> list[Post]:
        """The posts that still stand, oldest first."""
        return [post for post in self.posts.values() if not post.deleted]


@dataclass(eq=False)
class Key:
    """An MTProto auth key as the server remembers it: the sign-in belongs to it, not to a connection."""

    id: int
    secret: bytes = field(repr=False)
    dc: int
    user: User | None = None
    pending: User | None = None
    layer: int = 0
    device: str = ""
    created: datetime | None = None
    salt: int = 0
    ended: tuple[int, str] | None = None
