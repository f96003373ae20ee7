"""Methods about chats, their members and their topics."""

from typing import Any

from aiogram.methods import (
    CloseForumTopic,
    CreateForumTopic,
    DeleteForumTopic,
    EditForumTopic,
    GetChat,
    GetChatAdministrators,
    GetChatMember,
    GetChatMemberCount,
    LeaveChat,
    ReopenForumTopic,
)

from loopback.api import Answers, Call, refused
from loopback.api_views import JSON, member_json, topic_json
from loopback.chat_nouns import Chat, Topic
from loopback.wording import units

TOPIC_NAME_UNITS = 128
ICON_COLORS = {0x6FB9F0, 0xFFD67E, 0xCB86DB, 0x8EEE98, 0xFF93B2, 0xFB6F5F}
NO_TOPICS = "not enough rights to create a topic"

answers = Answers()


@answers.to(GetChat)
def get_chat(call: Call, ask: GetChat) -> JSON:
    """All about a chat."""
    return call.view.full_chat(call.chat(ask.chat_id))


@answers.to(GetChatMember)
def get_chat_member(call: Call, ask: GetChatMember) -> JSON:
    """Somebody's place in a chat."""
    chat = call.chat(ask.chat_id)
    return member_json(chat, chat.member(call.user(ask.user_id)))


@answers.to(GetChatMemberCount)
def get_chat_member_count(call: Call, ask: GetChatMemberCount) -> int:
    """How many are in a chat."""
    return sum(member.present for member in call.chat(ask.chat_id).members.values())


@answers.to(GetChatAdministrators)
def get_chat_administrators(call: Call, ask: GetChatAdministrators) -> list[JSON]:
    """Who runs a chat, but for other bots."""
    chat = call.chat(ask.chat_id)
    if chat.kind == "private":
        raise refused("there are no administrators in the private chat")
    leading = [member for member in chat.members.values() if member.leads]
    return [member_json(chat, member) for member in leading if not member.user.is_bot or member.user is call.bot.user]


@answers.to(LeaveChat)
def leave_chat(call: Call, ask: LeaveChat) -> bool:
    """Leave."""
    chat = call.chat(ask.chat_id, "edit")
    if chat.kind == "private":
        raise refused("chat member status can't be changed in private chats")
    call.chats.remove(chat, call.bot, call.bot.user)
    return True


# ---------------------------------------------------------------------------------------------------- topics


@answers.to(CreateForumTopic)
def create_forum_topic(call: Call, ask: CreateForumTopic) -> JSON:
    """A new topic."""
    chat = _forum(call, ask.chat_id)
    if ask.icon_color is not None and ask.icon_color not in ICON_COLORS:
        raise refused("TOPIC_ICON_COLOR_INVALID")
    color = ask.icon_color or min(ICON_COLORS)
    topic = call.chats.topic(chat, _name(ask.name), call.bot.user, color, ask.icon_custom_emoji_id or "")
    return topic_json(topic) | {"message_thread_id": topic.id}


@answers.to(EditForumTopic)
def edit_forum_topic(call: Call, ask: EditForumTopic) -> bool:
    """Another name or icon."""
    chat, topic = _topic(call, ask)
    name = _name(ask.name) if ask.name else topic.name
    icon = topic.icon_custom_emoji_id if ask.icon_custom_emoji_id is None else ask.icon_custom_emoji_id
    if (name, icon) == (topic.name, topic.icon_custom_emoji_id):
        raise refused("TOPIC_NOT_MODIFIED")
    topic.icon_custom_emoji_id = icon
    call.chats.rename_topic(chat, topic, name, call.bot.user)
    return True


@answers.to(CloseForumTopic, ReopenForumTopic)
def close_forum_topic(call: Call, ask: CloseForumTopic | ReopenForumTopic) -> bool:
    """Close a topic or open it again."""
    chat, topic = _topic(call, ask)
    closing = isinstance(ask, CloseForumTopic)
    if topic.closed == closing:
        raise refused("TOPIC_NOT_MODIFIED")
    call.chats.close_topic(chat, topic, call.bot.user, closed=closing)
    return True


@answers.to(DeleteForumTopic)
def delete_forum_topic(call: Call, ask: DeleteForumTopic) -> bool:
    """Remove a topic with its messages."""
    chat, topic = _topic(call, ask)
    call.chats.delete_topic(chat, topic)
    return True


def _forum(call: Call, chat_id: Any) -> Chat:
    chat = call.chat(chat_id, "write")
    if not chat.forum:
        raise refused("the chat is not a forum")
    call.may(chat, "can_manage_topics", NO_TOPICS)
    return chat


def _topic(call: Call, ask: Any) -> tuple[Chat, Topic]:
    chat = _forum(call, ask.chat_id)
    topic = chat.topics.get(ask.message_thread_id)
    if topic is None or topic.deleted:
        raise refused("TOPIC_ID_INVALID")
    return chat, topic


def _name(name: str) -> str:
    if not 0 < units(name) <= TOPIC_NAME_UNITS:
        raise refused("TOPIC_TITLE_INVALID" if name else "TOPIC_TITLE_EMPTY")
    return name
