"""What every Bot API method is given, and what nearly all of them ask first: which chat, may I, which message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from loopback.api_fields import METHODS, Method, Upload
from loopback.api_views import View
from loopback.chat_nouns import Bot, Chat, Member, Message, Topic
from loopback.chats import Chats
from loopback.faults import ApiError
from loopback.nouns import User
from loopback.world import World

Access = Literal["read", "edit", "write"]
GENERAL_TOPIC = 1

Answering = Callable[["Call", Any], object]
AnyAnswering = TypeVar("AnyAnswering", bound=Answering)


def refused(why: str, **parameters: int) -> ApiError:
    """A 400."""
    return ApiError(400, f"Bad Request: {why}", **parameters)


def forbidden(why: str) -> ApiError:
    """A 403."""
    return ApiError(403, f"Forbidden: {why}")


@dataclass(frozen=True)
class Call:
    """One request being served: by which bot, with which files."""

    world: World
    bot: Bot
    name: str
    files: Mapping[str, Upload]

    @property
    def chats(self) -> Chats:
        """All chats."""
        return self.world.chats

    @property
    def view(self) -> View:
        """The world as this bot is told of it."""
        return self.chats.view(self.bot)

    def lacks(self, ask: Any, *names: str) -> None:
        """Refuse, and note for the test, a request that gives a field the loopback does not act on."""
        for name in names:
            if getattr(ask, name, None):
                self.world.unhandled.append(f"{self.name}.{name}")
                raise refused(f"the loopback knows no {name}")

    # ------------------------------------------------------------------------------------------ chats

    def chat(self, chat_id: int | str | None, access: Access = "read") -> Chat:
        """The chat a client names, if the bot may do this there."""
        chat = self._found(chat_id)
        if chat.kind == "private":
            self._check_private(chat, access)
        else:
            self._check_room(chat, access)
        return chat

    def _found(self, chat_id: int | str | None) -> Chat:
        if chat_id in {None, ""}:
            raise refused("chat_id is empty")
        name = str(chat_id)
        if name.startswith("@"):
            chat = next((c for c in self.chats.rooms.values() if (c.username or "").lower() == name[1:].lower()), None)
        elif name.lstrip("-").isdigit():
            chat = self._numbered(int(name))
        else:
            chat = None
        if chat is None:
            raise refused("chat not found")
        return chat

    def _numbered(self, number: int) -> Chat | None:
        if number < 0:
            chat = self.chats.rooms.get(number)
            known = chat is not None and (chat.username or self.bot.id in chat.members)
            return chat if known else None
        if number in self.bot.chats:
            return self.bot.chats[number]
        user = self.world.users.get(number)
        met = user is not None and any(
            chat.member(self.bot.user).present and number in chat.members for chat in self.chats.rooms.values()
        )
        return self.chats.private(self.bot, user) if met and user is not None else None

    @staticmethod
    def _check_private(chat: Chat, access: Access) -> None:
        assert chat.person is not None
        if access == "read":
            return
        if chat.person.state == "deactivated":
            raise forbidden("user is deactivated")
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")

    def _check_room(self, chat: Chat, access: Access) -> None:
        if chat.migrated_to is not None and access == "write":
            raise refused("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to.id)
        me = chat.member(self.bot.user)
        public = chat.username is not None
        if me.status == "kicked":
            raise forbidden(f"bot was kicked from the {chat.kind} chat")
        if not me.present and (access != "read" or not public):
            raise forbidden(f"bot is not a member of the {chat.kind} chat")

    def may_post(self, chat: Chat, what: str) -> None:
        """Refuse where the bot may not write; ``what`` as Telegram words it: "text messages"."""
        me = self.me(chat)
        if chat.kind == "channel" and not me.may("can_post_messages"):
            raise refused("need administrator rights in the channel chat")
        if me.muted:
            raise refused(f"not enough rights to send {what} to the chat")

    def me(self, chat: Chat) -> Member:
        """The bot's own place in a chat."""
        return chat.member(self.bot.user)

    def may(self, chat: Chat, right: str, otherwise: str) -> None:
        """Refuse a group's business to a bot without this right."""
        if chat.kind != "private" and not self.me(chat).may(right):
            raise refused(otherwise)

    # ------------------------------------------------------------------------------------------ topics and messages

    def topic(self, chat: Chat, thread_id: int | None) -> Topic | None:
        """The topic to write into. Outside forums a thread id means nothing; the general topic must not be named."""
        if thread_id is None or (chat.kind != "private" and not chat.forum):
            return None
        topic = chat.topics.get(thread_id)
        if topic is None or topic.deleted or thread_id == GENERAL_TOPIC:
            raise refused("message thread not found")
        if topic.closed and not self.me(chat).may("can_manage_topics"):
            raise refused("TOPIC_CLOSED")
        return topic

    def message(self, chat: Chat, message_id: int | None, what: str = "message") -> Message:
        """A message that stands in a chat; ``what`` as Telegram words it: "message to edit"."""
        message = chat.kept.get(message_id or 0)
        if message is None or message.deleted:
            raise refused(f"{what} not found")
        return message

    def user(self, user_id: int) -> User:
        """Somebody the bot names."""
        user = self.world.users.get(user_id)
        if user is None:
            raise refused("user not found")
        return user


class Answers:
    """Methods and who answers them; each api module fills one by decoration."""

    def __init__(self) -> None:
        self.table: dict[type[Method], Answering] = {}

    def to(self, *kinds: type[Method]) -> Callable[[AnyAnswering], AnyAnswering]:
        """Mark a function as the answer to these methods."""

        def remember(answering: AnyAnswering) -> AnyAnswering:
            assert all(METHODS[kind.__api_method__.lower()] is kind for kind in kinds)
            self.table |= dict.fromkeys(kinds, answering)
            return answering

        return remember
