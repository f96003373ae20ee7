"""Chats as the Bot API knows them: who is in them, what they show, and which bot is told of what.

Everything people and bots do ends in a plain method here; ``loopback.people`` is the people's side of it,
``loopback.botapi`` the bots'.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict, Unpack

from loopback.api_views import JSON, View, chat_json, member_json, unix, user_json
from loopback.chat_nouns import (
    ADMIN_RIGHTS,
    Answer,
    Bot,
    Chat,
    Content,
    Edit,
    Happening,
    Member,
    Message,
    Origin,
    Query,
    Status,
    Topic,
)
from loopback.file_ids import FileBook
from loopback.inbox import Inbox
from loopback.limits import Limits
from loopback.nouns import User
from loopback.people import Person

if TYPE_CHECKING:
    from loopback.world import World

FIRST_GROUP = 4_000_000_001
SUPERGROUP_BASE = -1_000_000_000_000
FIRST_UPDATE = 500_000_000


class MessageFields(TypedDict, total=False):
    """What may be said of a message beside its content."""

    sender_chat: Chat | None
    signature: str
    thread_id: int | None
    reply_to: Message | None
    quote: str
    origin: Origin | None
    album: str | None
    protected: bool
    silent: bool
    keyboard: tuple[tuple[str, ...], ...]


class Chats:
    """All chats, people in them and bots, over one world."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.limits = Limits(world.clock)
        self.book = FileBook()
        self.bots: dict[str, Bot] = {}
        self.inboxes: dict[int, Inbox] = {}
        self.rooms: dict[int, Chat] = {}
        self.queries: dict[str, Query] = {}
        self._group_ids = itertools.count(FIRST_GROUP)
        self._last_bot: dict[int, int] = {}

    # ------------------------------------------------------------------------------------------ making

    def bot(self, name: str = "Firstseen", username: str = "firstseen_bot", *, privacy: bool = True) -> Bot:
        """A new bot, as BotFather makes it; ``privacy`` off lets it hear everything said in groups."""
        user = self.world.add_user(name, username=username, is_bot=True)
        bot = Bot(user, f"{user.id}:{self.world.random.getrandbits(140):035x}", privacy)
        self.bots[bot.token] = bot
        self.inboxes[bot.id] = Inbox(FIRST_UPDATE)
        return bot

    def person(
        self,
        first_name: str = "Olena",
        last_name: str = "",
        *,
        id: int | None = None,  # noqa: A002 - Telegram's own word
        username: str | None = None,
    ) -> Person:
        """Somebody who writes and presses; ``id`` picks the number."""
        user = self.world.add_user(first_name, last_name, username=username)
        if id is not None:
            del self.world.users[user.id]
            user.id = id
            self.world.users[id] = user
        return Person(self, user)

    def group(
        self,
        title: str = "Desk",
        members: Iterable[Person | Bot] = (),
        *,
        forum: bool = False,
        basic: bool = False,
        admins: Iterable[Person | Bot] = (),
        username: str | None = None,
    ) -> Chat:
        """A supergroup, or a ``basic`` group; ``admins`` have every right, the first person owns it."""
        number = next(self._group_ids)
        chat = Chat(
            -number if basic else SUPERGROUP_BASE - number,
            "group" if basic else "supergroup",
            title,
            username,
            forum=forum,
        )
        return self._settled(chat, members, admins)

    def channel(
        self,
        title: str,
        admins: Iterable[Person | Bot] = (),
        *,
        username: str | None = None,
        members: Iterable[Person] = (),
    ) -> Chat:
        """A channel that bots and people run; for channels that are watched see ``World.add_channel``."""
        chat = Chat(SUPERGROUP_BASE - next(self._group_ids), "channel", title, username)
        return self._settled(chat, members, admins)

    def _settled(self, chat: Chat, members: Iterable[Person | Bot], admins: Iterable[Person | Bot]) -> Chat:
        self.rooms[chat.id] = chat
        next(chat.ids)  # the first message says that the chat was made; a forum's general topic bears its number
        places: list[tuple[User, Status]] = [(somebody.user, "administrator") for somebody in admins]
        places += [(somebody.user, "member") for somebody in members]
        for user, status in places:
            self._place(chat, user, status)
        owner = next((member for member in chat.members.values() if not member.user.is_bot), None)
        if owner is not None:
            owner.status = "creator"
        self.world.stir()
        return chat

    def _place(self, chat: Chat, user: User, status: Status) -> None:
        if user.id not in chat.members:
            chat.members[user.id] = Member(user, status, ADMIN_RIGHTS if status == "administrator" else frozenset())

    def private(self, bot: Bot, user: User) -> Chat:
        """The private chat of a person with a bot, made at first use."""
        chat = bot.chats.get(user.id)
        if chat is None:
            chat = Chat(user.id, "private", user.first_name, person=user, bot=bot, ids=bot.ids)
            chat.members = {user.id: Member(user), bot.id: Member(bot.user)}
            bot.chats[user.id] = chat
        return chat

    # ------------------------------------------------------------------------------------------ finding

    def inbox(self, bot: Bot) -> Inbox:
        """The unread updates of a bot."""
        return self.inboxes[bot.id]

    def view(self, bot: Bot) -> View:
        """The world as a bot is told of it."""
        return View(self.book, bot)

    def bots_in(self, chat: Chat) -> list[Bot]:
        """The bots that are in a chat now."""
        if chat.bot is not None:
            return [chat.bot]
        return [bot for bot in self.bots.values() if chat.member(bot.user).present]

    # ------------------------------------------------------------------------------------------ messages

    def post(self, chat: Chat, sender: User | None, content: Content, **fields: Unpack[MessageFields]) -> Message:
        """Add a message to a chat and tell the bots that hear it."""
        message = Message(next(chat.ids), chat, self.world.clock.now(), sender, content, **fields)
        self._thread(message)
        return self._published(message)

    def _thread(self, message: Message) -> None:
        """Put a message where it belongs: its topic, the topic of what it answers, or the answers' own thread."""
        answered, chat = message.reply_to, message.chat
        if answered is not None and answered.chat is chat and chat.kind == "supergroup" and message.thread_id is None:
            message.thread_id = answered.thread_id or answered.id
        message.in_topic = message.thread_id in chat.topics

    def _published(self, message: Message) -> Message:
        chat, sender = message.chat, message.sender
        chat.kept[message.id] = message
        if sender is not None and sender.is_bot:
            self._last_bot[chat.id] = sender.id
        kind = "channel_post" if chat.kind == "channel" else "message"
        self._tell_message(kind, message)
        self.world.stir()
        return message

    def happen(self, chat: Chat, sender: User | None, happening: Happening, thread_id: int | None = None) -> Message:
        """Add a service message."""
        message = Message(next(chat.ids), chat, self.world.clock.now(), sender, Content(), happening=happening)
        message.thread_id = thread_id
        message.in_topic = thread_id in chat.topics
        return self._published(message)

    def whisper(self, chat: Chat, bot: Bot, receiver: User, content: Content, reply_to: Message | None) -> Message:
        """Show an ephemeral message to one member; nobody else is told."""
        message = Message(0, chat, self.world.clock.now(), bot.user, content, reply_to=reply_to, receiver=receiver)
        message.ephemeral_id = next(chat.ephemeral_ids)
        chat.whispers.append(message)
        self.world.stir()
        return message

    def edit(self, message: Message, content: Content, by: User) -> None:
        """Change what a message shows and keep what it showed."""
        now = self.world.clock.now()
        message.chat.history.append(Edit(now, message, message.content, content))
        words_changed = replace(content, buttons=()) != replace(message.content, buttons=())
        message.content = content
        message.edits += 1
        if words_changed or not by.is_bot:
            message.edit_date = now
        if message.receiver is None:
            kind = "edited_channel_post" if message.chat.kind == "channel" else "edited_message"
            self._tell_message(kind, message)
        self.world.stir()

    def delete(self, *messages: Message) -> None:
        """Take messages away for everybody; bots are not told."""
        for message in messages:
            message.deleted = True
        self.world.stir()

    def pin(self, message: Message, by: User) -> None:
        """Pin a message; a service message says so."""
        if message not in message.chat.pinned:
            message.chat.pinned.append(message)
        happening = Happening("pinned_message", message=message)
        self.happen(message.chat, by, happening, message.thread_id if message.in_topic else None)

    def react(self, message: Message, by: User, *emoji: str) -> None:
        """Put reactions on a message, or take them away; bots that are administrators and ask for it are told."""
        before = message.reactions.get(by.id, ())
        message.reactions[by.id] = emoji
        if not by.is_bot and before != emoji:
            told = {
                "chat": chat_json(message.chat),
                "message_id": message.id,
                "user": user_json(by),
                "date": unix(self.world.clock.now()),
                "old_reaction": [{"type": "emoji", "emoji": one} for one in before],
                "new_reaction": [{"type": "emoji", "emoji": one} for one in emoji],
            }
            self._tell(
                message.chat, "message_reaction", lambda _: told, lambda bot: message.chat.member(bot.user).leads
            )
        self.world.stir()

    # ------------------------------------------------------------------------------------------ topics

    def topic(self, chat: Chat, name: str, by: User | None = None, icon_color: int = 0x6FB9F0, icon: str = "") -> Topic:
        """A new topic of a forum."""
        sender = by or next((member.user for member in chat.members.values() if member.leads), None)
        message = Message(next(chat.ids), chat, self.world.clock.now(), sender, Content())
        made = Topic(message.id, name, icon_color, icon)
        chat.topics[made.id] = made
        message.happening = Happening("forum_topic_created", title=name, topic=made)
        message.thread_id, message.in_topic = made.id, True
        self._published(message)
        return made

    def rename_topic(self, chat: Chat, topic: Topic, name: str, by: User | None = None) -> None:
        """Give a topic another name."""
        topic.name = name
        self.happen(chat, by, Happening("forum_topic_edited", title=name, topic=topic), topic.id)

    def close_topic(self, chat: Chat, topic: Topic, by: User | None = None, *, closed: bool = True) -> None:
        """Close a topic, or open it again."""
        topic.closed = closed
        self.happen(chat, by, Happening(f"forum_topic_{'closed' if closed else 'reopened'}", topic=topic), topic.id)

    def delete_topic(self, chat: Chat, topic: Topic) -> None:
        """Remove a topic with all its messages."""
        topic.deleted = True
        self.delete(*(message for message in chat.kept.values() if message.thread_id == topic.id))

    # ------------------------------------------------------------------------------------------ membership

    def add(self, chat: Chat, somebody: Person | Bot, by: User | None = None) -> None:
        """Let somebody in."""
        self._change(chat, somebody.user, "member", by or somebody.user)
        if chat.grouped:
            self.happen(chat, by or somebody.user, Happening("new_chat_members", (somebody.user,)))

    def remove(self, chat: Chat, somebody: Person | Bot, by: User | None = None) -> None:
        """Throw somebody out; with themselves as ``by`` they left."""
        left = by is somebody.user
        if chat.grouped:
            self.happen(chat, by, Happening("left_chat_member", (somebody.user,)))
        self._change(chat, somebody.user, "left" if left else "kicked", by or somebody.user)

    def promote(self, chat: Chat, somebody: Person | Bot, rights: Iterable[str] = ADMIN_RIGHTS) -> Member:
        """Make somebody an administrator with these rights."""
        return self._change(chat, somebody.user, "administrator", None, frozenset(rights))

    def demote(self, chat: Chat, somebody: Person | Bot) -> None:
        """Make an administrator an ordinary member again."""
        self._change(chat, somebody.user, "member", None)

    def mute(self, chat: Chat, somebody: Person | Bot) -> None:
        """Forbid somebody to write."""
        self._change(chat, somebody.user, "restricted", None).muted = True

    def block(self, bot: Bot, user: User, *, blocked: bool = True) -> None:
        """Let a person block a bot, or lift it; the bot is told."""
        chat = self.private(bot, user)
        chat.blocked = blocked
        old, new = Member(bot.user), Member(bot.user, "kicked")
        self._tell_member(chat, *((old, new) if blocked else (new, old)), user)
        self.world.stir()

    def _change(
        self, chat: Chat, user: User, status: Status, by: User | None, rights: frozenset[str] = frozenset()
    ) -> Member:
        old = chat.member(user)
        new = replace(old, status=status, rights=rights, muted=False)
        chat.members[user.id] = new
        self._tell_member(chat, old, new, by or self._owner(chat))
        self.world.stir()
        return new

    @staticmethod
    def _owner(chat: Chat) -> User:
        return next(member.user for member in chat.members.values() if member.status == "creator")

    def migrate(self, group: Chat) -> Chat:
        """Turn a basic group into a supergroup with another id; the old one answers with the new one's."""
        chat = Chat(SUPERGROUP_BASE - next(self._group_ids), "supergroup", group.title)
        chat.members = group.members
        self.rooms[chat.id] = chat
        owner = self._owner(group)
        self.happen(group, owner, Happening("migrate_to_chat_id", chat_id=chat.id))
        group.migrated_to = chat
        self.happen(chat, owner, Happening("migrate_from_chat_id", chat_id=group.id))
        return chat

    def rename(self, chat: Chat, title: str, by: User | None = None) -> None:
        """Give a chat another title."""
        chat.title = title
        self.happen(chat, by or self._owner(chat), Happening("new_chat_title", title=title))

    # ------------------------------------------------------------------------------------------ presses

    def ask(self, person: User, message: Message, data: str) -> Query:
        """A callback query on its way to the bot that sent ``message``."""
        bot = next((bot for bot in self.bots.values() if message.sender is bot.user), None)
        if bot is None:
            raise ValueError("only a bot's message can be asked back")
        query = Query(str(self.world.new_id()), person, message, data, self.world.clock.now())
        self.queries[query.id] = query
        self.inbox(bot).put("callback_query", self.view(bot).query(query), query.at)
        self.world.stir()
        return query

    def answer(self, query: Query, answer: Answer) -> None:
        """What the bot says to a press."""
        query.answer = answer
        self.world.stir()

    # ------------------------------------------------------------------------------------------ who is told

    def _tell_message(self, kind: str, message: Message) -> None:
        self._tell(
            message.chat, kind, lambda bot: self.view(bot).message(message), lambda bot: self._hears(bot, message)
        )

    def _tell_member(self, chat: Chat, old: Member, new: Member, by: User) -> None:
        told = {
            "chat": chat_json(chat),
            "from": user_json(by),
            "date": unix(self.world.clock.now()),
            "old_chat_member": member_json(chat, old),
            "new_chat_member": member_json(chat, new),
        }
        for bot in self.bots.values():
            if bot.user is new.user:
                self.inbox(bot).put("my_chat_member", told, self.world.clock.now())
            elif chat.member(bot.user).leads:
                self.inbox(bot).put("chat_member", told, self.world.clock.now())

    def _tell(self, chat: Chat, kind: str, body: Callable[[Bot], JSON], wanted: Callable[[Bot], bool]) -> None:
        now = self.world.clock.now()
        for bot in self.bots_in(chat):
            if wanted(bot):
                self.inbox(bot).put(kind, body(bot), now)

    def _hears(self, bot: Bot, message: Message) -> bool:
        """Whether a bot is told of a message: privacy mode, and bots' deafness to each other and to themselves."""
        chat, sender = message.chat, message.sender
        if message.happening is not None:
            return sender is not bot.user or message.happening.kind != "new_chat_members"
        if sender is bot.user or (sender is not None and sender.is_bot and chat.grouped):
            return False
        if not chat.grouped or not bot.privacy or chat.member(bot.user).leads:
            return True
        return self._meant_for(bot, message)

    def _meant_for(self, bot: Bot, message: Message) -> bool:
        answered = message.reply_to
        if answered is not None and answered.sender is bot.user:
            return True
        command = _command(message)
        if command is None:
            return False
        _, _, addressee = command.partition("@")
        if addressee:
            return addressee.lower() == (bot.user.username or "").lower()
        return self._last_bot.get(message.chat.id, bot.id) == bot.id


def _command(message: Message) -> str | None:
    words: Sequence[str] = message.text.split(maxsplit=1)
    starts = bool(message.entities) and message.entities[0].kind == "bot_command" and message.entities[0].offset == 0
    return words[0] if starts else None
