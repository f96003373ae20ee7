"""The one world behind all faces: people, channels, posts, files, time, and the log of what was asked.

Everything a test or the demo does to "Telegram" is a plain method here. Faces subscribe to ``changes`` and push.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from loopback.chats import Chats
from loopback.faults import FaultPlan
from loopback.nouns import (
    Change,
    Channel,
    Entity,
    Forward,
    Key,
    Media,
    Post,
    Reply,
    Rich,
    Service,
    Story,
    User,
)
from loopback.studio import Clock, Studio

__all__ = ["Clock", "Event", "World"]

FIRST_USER = 700_000_001
FIRST_CHANNEL = 1_600_000_001


@dataclass(eq=False)
class Event:
    """One request served by a face. ``outcome`` is empty until answered, then "ok" or the error's text."""

    face: str
    call: str
    account: int | None
    at: datetime
    writes: bool = False
    request: Any = field(default=None, repr=False)
    outcome: str = ""


class PostFields(TypedDict, total=False):
    """What may be said of a post beside its text and media."""

    entities: Sequence[Entity]
    rich: Rich | None
    date: datetime | None
    grouped_id: int | None
    forward: Forward | None
    reply: Reply | None
    author: str | None
    sender: User | None
    service: Service | None
    ttl_period: int | None
    restriction: str
    views: int


class World(Studio):
    """All state. One event loop; the methods are plain calls that push to whoever is connected."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.faults = FaultPlan()
        self.log: list[Event] = []
        self.unhandled: list[str] = []
        self.defects: list[str] = []
        self.users: dict[int, User] = {}
        self.channels: dict[int, Channel] = {}
        self.keys: dict[int, Key] = {}
        self.chats = Chats(self)
        self.reference_life = timedelta(hours=12)
        self.reference_epoch = 1
        self.codes: dict[str, str] = {}
        self._listeners: list[Callable[[Change], None]] = []
        self._stirred = asyncio.Event()
        self._user_ids = itertools.count(FIRST_USER)
        self._channel_ids = itertools.count(FIRST_CHANNEL)

    # ------------------------------------------------------------------------------------------ watching

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call ``listener`` with every change from now on; faces push from here."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[Change], None]) -> None:
        """Stop calling ``listener``."""
        self._listeners.remove(listener)

    def stir(self) -> None:
        """Wake everyone in ``wait_until``; called on every change, request and answer, and by tests of their own."""
        self._stirred.set()
        self._stirred = asyncio.Event()

    async def wait_until(self, condition: Callable[[], object], timeout: float = 10.0) -> None:  # noqa: ASYNC109
        """Return once ``condition`` holds, looking whenever the world stirs; TimeoutError after ``timeout`` seconds."""
        async with asyncio.timeout(timeout):
            while not condition():
                await self._stirred.wait()

    def record(self, event: Event) -> Event:
        """Add a request to the log; the face sets its outcome later through ``settle``."""
        self.log.append(event)
        self.stir()
        return event

    def settle(self, event: Event, outcome: str) -> None:
        """Note how a request ended."""
        event.outcome = outcome
        self.stir()

    def served(self, call: str, *, face: str | None = None, account: int | None = None) -> list[Event]:
        """The logged requests of one kind, oldest first."""
        return [
            event
            for event in self.log
            if event.call == call and face in {None, event.face} and account in {None, event.account}
        ]

    def writes(self, face: str = "mtproto") -> list[Event]:
        """The logged requests that would leave a trace others or the account can see."""
        return [event for event in self.log if event.writes and event.face == face]

    def check(self) -> None:
        """Fail when a face met a request it does not know or broke on one."""
        assert not self.unhandled, f"requests the loopback does not know: {self.unhandled}"
        assert not self.defects, "the loopback broke:\n" + "\n".join(self.defects)

    # ------------------------------------------------------------------------------------------ people

    def add_user(
        self,
        first_name: str = "Olena",
        last_name: str = "",
        *,
        username: str | None = None,
        phone: str | None = None,
        password: str | None = None,
        premium: bool = False,
        is_bot: bool = False,
    ) -> User:
        """A new account; its phone defaults to Telegram's test range."""
        user_id = next(self._user_ids)
        phone = phone or f"99966{user_id % 100_000:05d}"
        user = User(user_id, first_name, last_name, username, phone, password, premium, is_bot)
        self.users[user.id] = user
        return user

    def code(self, user: User) -> str:
        """The login code Telegram sent to the account's other devices last."""
        return self.codes[user.phone or ""]

    def end_sessions(self, user: User, code: int = 401, text: str = "SESSION_REVOKED") -> None:
        """End every sign-in of ``user``: each later request gets this error (AUTH_KEY_DUPLICATED is 406)."""
        for key in self.keys.values():
            if key.user is user:
                key.ended = (code, text)

    def forget_keys(self, user: User) -> None:
        """Lose the keys of ``user``: the transport itself answers 404 from now on."""
        for key in [key for key in self.keys.values() if key.user is user]:
            del self.keys[key.id]

    def expire_references(self) -> None:
        """Make every file reference handed out so far stale."""
        self.reference_epoch += 1

    # ------------------------------------------------------------------------------------------ channels

    def add_channel(
        self,
        title: str,
        username: str | None = None,
        *,
        id: int | None = None,  # noqa: A002 - Telegram's own word
        usernames: Sequence[str] = (),
        about: str = "",
        broadcast: bool = True,
        noforwards: bool = False,
        peekable: bool = False,
        members: Sequence[User] = (),
        date: datetime | None = None,
    ) -> Channel:
        """A new channel, private (invite link only) without names; ``usernames`` are several collectible ones."""
        channel = Channel(
            id or next(self._channel_ids),
            title,
            date or self.clock.now(),
            username,
            tuple(usernames),
            about=about,
            broadcast=broadcast,
            noforwards=noforwards,
            peekable=peekable,
            invite=f"Inv{self.random.getrandbits(64):016x}",
            members={member.id for member in members},
        )
        self.channels[channel.id] = channel
        self.stir()
        return channel

    def channel_named(self, name: str) -> Channel | None:
        """The channel that owns a public name now."""
        lowered = name.lower()
        return next((c for c in self.channels.values() if lowered in {n.lower() for n in c.names} and not c.gone), None)

    def join(self, user: User, *channels: Channel) -> None:
        """Make ``user`` a member of each channel."""
        for channel in channels:
            channel.members.add(user.id)
            self._channel_changed(channel, user)

    def leave(self, user: User, *channels: Channel) -> None:
        """End the membership of ``user``."""
        for channel in channels:
            channel.members.discard(user.id)
            self._channel_changed(channel, user)

    def rename(self, channel: Channel, title: str | None = None, *, username: str | None = "") -> None:
        """Change title and public name; ``username=None`` takes the name away, "" leaves it."""
        if title is not None and title != channel.title:
            channel.title = title
            self.post(channel, service=Service("title", title))
        if username != "":
            channel.username = username
            channel.usernames = ()
        self._channel_changed(channel)

    def ban(self, channel: Channel, *users: User) -> None:
        """Throw ``users`` out for good; nobody named means everybody."""
        thrown_out = users or tuple(self.users.values())
        channel.banned |= {user.id for user in thrown_out}
        self._channel_changed(channel)

    def make_private(self, channel: Channel) -> None:
        """Take the public names away: only members may look."""
        channel.username, channel.usernames, channel.peekable = None, (), False
        self._channel_changed(channel)

    def remove_channel(self, channel: Channel) -> None:
        """Delete the channel for everybody."""
        channel.gone = True
        self._channel_changed(channel)

    def restrict(self, channel: Channel, reason: str) -> None:
        """Mark the channel unavailable on some platforms for ``reason`` ("copyright", "porn", "terms"); "" lifts it."""
        channel.restriction = reason
        self._channel_changed(channel)

    def link_discussion(self, channel: Channel, group: Channel) -> None:
        """Give a channel its discussion group."""
        channel.linked, group.linked = group, channel

    def set_photo(self, channel: Channel, jpeg: bytes) -> None:
        """Give the channel a new picture."""
        channel.photo = self.photo_file(jpeg)
        self.post(channel, service=Service("photo"))
        self._channel_changed(channel)

    # ------------------------------------------------------------------------------------------ posts

    def post(
        self, channel: Channel, text: str = "", *, media: Media | None = None, **fields: Unpack[PostFields]
    ) -> Post:
        """Publish a post now, or dated ``date``; see ``PostFields`` for the rest."""
        made = self._make(channel, text, media, fields)
        self._changed("new", channel, (made,), 1)
        return made

    def post_album(
        self, channel: Channel, medias: Sequence[Media], text: str = "", **fields: Unpack[PostFields]
    ) -> list[Post]:
        """Publish an album: one post per file, the first with the text, sharing ``grouped_id``."""
        fields["grouped_id"] = fields.get("grouped_id") or self.new_id()
        words = itertools.chain([text], itertools.repeat(""))
        return [
            self.post(channel, caption, media=media, **fields) for media, caption in zip(medias, words, strict=False)
        ]

    def forward(
        self, post: Post, to_channel: Channel, *, drop_author: bool = False, grouped_id: int | None = None
    ) -> Post:
        """Copy a post into another channel, with the header that names its first home unless ``drop_author``."""
        origin = post.forward or Forward(post.date, post.channel, post.id, author=post.author)
        return self.post(
            to_channel,
            post.text,
            media=post.media,
            entities=post.entities,
            rich=post.rich,
            forward=None if drop_author else origin,
            grouped_id=grouped_id,
        )

    def edit(
        self,
        post: Post,
        text: str | None = None,
        *,
        media: Media | None = None,
        entities: Sequence[Entity] | None = None,
        edit_hide: bool = False,
    ) -> None:
        """Change words or media. ``edit_hide``: the edit date is there but clients do not show it as edited."""
        post.text = post.text if text is None else text
        post.media = media or post.media
        post.entities = tuple(entities) if entities is not None else () if text is not None else post.entities
        post.edit_date = self.clock.now()
        post.edit_hide = edit_hide
        self._changed("edit", post.channel, (post,), 1)

    def react(self, post: Post, reactions: int = 1) -> None:
        """Let people react: Telegram sends the post again as a hidden edit."""
        post.reactions += reactions
        self.edit(post, edit_hide=True)

    def view(self, post: Post, views: int = 100) -> None:
        """Count views; nobody is told."""
        post.views += views

    def delete(self, *posts: Post) -> None:
        """Take posts of one channel away."""
        for post in posts:
            post.deleted = True
        self._changed("delete", posts[0].channel, posts, len(posts))

    def pin(self, post: Post) -> Post:
        """Pin a post: a service message says so."""
        return self.post(post.channel, service=Service("pin"), reply=Reply(post.id))

    def comment(self, post: Post, sender: User, text: str, media: Media | None = None) -> Post:
        """Write under a post in the channel's discussion group."""
        group = post.channel.linked
        if group is None:
            raise ValueError(f"{post.channel.title} has no discussion group")
        return self.post(group, text, media=media, sender=sender, reply=Reply(self.discussion_of(post).id))

    def discussion_of(self, post: Post) -> Post:
        """The automatic copy of ``post`` in the discussion group; made at first use."""
        group = post.channel.linked
        if group is None:
            raise ValueError(f"{post.channel.title} has no discussion group")
        return self._discussion_copy(post) or self.forward(post, group)

    @staticmethod
    def _discussion_copy(post: Post) -> Post | None:
        group = post.channel.linked
        copies = group.posts.values() if group else ()
        return next(
            (p for p in copies if p.forward and (p.forward.channel, p.forward.post_id) == (post.channel, post.id)), None
        )

    def comments(self, post: Post) -> list[Post]:
        """What stands under ``post`` in the discussion group, oldest first."""
        if post.channel.linked is None:
            return []
        top = self._discussion_copy(post)
        if top is None:
            return []
        return [p for p in post.channel.linked.history() if p.reply and p.reply.post_id == top.id]

    def story(self, channel: Channel, media: Media, caption: str = "") -> Story:
        """Publish a story of the channel."""
        made = Story(len(channel.stories) + 1, channel, media, self.clock.now(), caption)
        channel.stories[made.id] = made
        self._tell(Change("story", channel, (), channel.pts, 0, self.clock.now(), made))
        return made

    # ------------------------------------------------------------------------------------------ inside

    def _make(self, channel: Channel, text: str, media: Media | None, fields: PostFields) -> Post:
        made = Post(
            channel.next_id,
            channel,
            (fields.get("date") or self.clock.now()).replace(microsecond=0),
            text,
            tuple(fields.get("entities", ())),
            media,
            rich=fields.get("rich"),
            grouped_id=fields.get("grouped_id"),
            forward=fields.get("forward"),
            reply=fields.get("reply"),
            author=fields.get("author"),
            sender=fields.get("sender"),
            service=fields.get("service"),
            ttl_period=fields.get("ttl_period"),
            restriction=fields.get("restriction", ""),
            views=fields.get("views", 1),
        )
        channel.next_id += 1
        channel.posts[made.id] = made
        return made

    def _changed(self, kind: Any, channel: Channel, posts: Sequence[Post], count: int) -> None:
        channel.pts += count
        change = Change(kind, channel, tuple(posts), channel.pts, count, self.clock.now())
        channel.changes.append(change)
        self._tell(change)

    def _channel_changed(self, channel: Channel, member: User | None = None) -> None:
        named = None if member is None else member.id
        self._tell(Change("channel", channel, (), channel.pts, 0, self.clock.now(), member=named))

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)
        self.stir()
