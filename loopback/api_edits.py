"""Methods that change or remove what stands in a chat, and answer presses."""

from dataclasses import replace
from typing import Any

from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    DeleteMessages,
    EditEphemeralMessageCaption,
    EditEphemeralMessageMedia,
    EditEphemeralMessageText,
    EditMessageCaption,
    EditMessageMedia,
    EditMessageReplyMarkup,
    EditMessageText,
    PinChatMessage,
    SetMessageReaction,
    UnpinAllChatMessages,
    UnpinChatMessage,
)
from aiogram.types import ReactionTypeEmoji

from loopback.api import Answers, Call, refused
from loopback.api_views import JSON
from loopback.api_writing import buttons_of, caption_of, media_content, text_content
from loopback.chat_nouns import Answer, Chat, Content, Message
from loopback.wording import units

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
STALE = "query is too old and response timeout expired or query ID is invalid"
QUERY_LIFE_SECONDS = 15
DELETE_HOURS = 48
NOTICE_UNITS = 200
DELETE_AT_ONCE = 100
NO_PIN = "not enough rights to manage pinned messages in the chat"

answers = Answers()


@answers.to(EditMessageText, EditMessageCaption, EditMessageMedia, EditMessageReplyMarkup)
def edit_message(call: Call, ask: Any) -> JSON:
    """Change text, caption, media or buttons; buttons that are not given again go."""
    call.lacks(ask, "inline_message_id", "business_connection_id")
    chat = call.chat(ask.chat_id, "edit")
    message = call.message(chat, ask.message_id, "message to edit")
    if not _editable(call, message):
        raise refused("message can't be edited")
    content = changed(call, ask, message)
    call.chats.limits.pace(call.bot, chat)
    call.chats.edit(message, content, call.bot.user)
    return call.view.message(message)


def changed(call: Call, ask: Any, message: Message) -> Content:
    """What the message is to show; refused when that is what it shows already."""
    call.lacks(ask, "rich_message")
    content = _content(call, ask, message)
    if content.shows_as(message.content):
        raise refused(NOT_MODIFIED)
    return content


def _content(call: Call, ask: Any, message: Message) -> Content:
    buttons = buttons_of(call, ask.reply_markup)
    match ask:
        case EditMessageText() | EditEphemeralMessageText():
            if message.media is not None:
                raise refused("there is no text in the message to edit")
            return text_content(call, ask)
        case EditMessageCaption() | EditEphemeralMessageCaption():
            if message.media is None:
                raise refused("there is no caption in the message to edit")
            above = bool(ask.show_caption_above_media is True)
            return replace(message.content, words=caption_of(call, ask), buttons=buttons, above=above)
        case EditMessageMedia() | EditEphemeralMessageMedia():
            return replace(media_content(call, ask.media.type, ask.media), buttons=buttons)
    return replace(message.content, buttons=buttons)


def _editable(call: Call, message: Message) -> bool:
    if message.happening is not None or message.origin is not None:
        return False
    if message.sender is call.bot.user:
        return True
    return message.chat.kind == "channel" and call.me(message.chat).may("can_edit_messages")


# ---------------------------------------------------------------------------------------------------- deleting


@answers.to(DeleteMessage)
def delete_message(call: Call, ask: DeleteMessage) -> bool:
    """Take one message away."""
    chat = call.chat(ask.chat_id, "edit")
    message = call.message(chat, ask.message_id, "message to delete")
    _check_deletable(call, message)
    call.chats.delete(message)
    return True


@answers.to(DeleteMessages)
def delete_messages(call: Call, ask: DeleteMessages) -> bool:
    """Take several messages away; those that are not there are passed over."""
    if len(ask.message_ids) > DELETE_AT_ONCE:
        raise refused("too many message identifiers specified")
    chat = call.chat(ask.chat_id, "edit")
    found = [chat.kept[number] for number in ask.message_ids if number in chat.kept]
    for message in found:
        _check_deletable(call, message)
    call.chats.delete(*found)
    return True


def _check_deletable(call: Call, message: Message) -> None:
    mine = message.sender is call.bot.user or message.chat.kind == "private"
    if not mine and not call.me(message.chat).may("can_delete_messages"):
        raise refused("message can't be deleted")
    hours = (call.world.clock.now() - message.date).total_seconds() / 3600
    too_old = "Bad Request: message can't be deleted for everyone"
    call.chats.limits.check("delete_age", hours, DELETE_HOURS, too_old)


# ---------------------------------------------------------------------------------------------------- presses


@answers.to(AnswerCallbackQuery)
def answer_callback_query(call: Call, ask: AnswerCallbackQuery) -> bool:
    """Say something to who pressed, once and soon."""
    query = call.chats.queries.get(ask.callback_query_id)
    if query is None or query.answer is not None or query.message.sender is not call.bot.user:
        raise refused(STALE)
    age = (call.world.clock.now() - query.at).total_seconds()
    call.chats.limits.check("callback_age", age, QUERY_LIFE_SECONDS, f"Bad Request: {STALE}")
    if units(ask.text or "") > NOTICE_UNITS:
        raise refused("MESSAGE_TOO_LONG")
    call.chats.answer(query, Answer(ask.text or "", bool(ask.show_alert), ask.url or ""))
    return True


# ---------------------------------------------------------------------------------------------------- marks


@answers.to(SetMessageReaction)
def set_message_reaction(call: Call, ask: SetMessageReaction) -> bool:
    """The bot's one reaction to a message; none takes it away."""
    chat = call.chat(ask.chat_id, "edit")
    message = call.message(chat, ask.message_id, "message to react")
    wanted = ask.reaction or []
    if len(wanted) > 1:
        raise refused("REACTIONS_TOO_MANY")
    emoji = [kind.emoji for kind in wanted if isinstance(kind, ReactionTypeEmoji)]
    if len(emoji) != len(wanted):
        raise refused("REACTION_INVALID")
    call.chats.react(message, call.bot.user, *emoji)
    return True


@answers.to(PinChatMessage)
def pin_chat_message(call: Call, ask: PinChatMessage) -> bool:
    """Pin a message."""
    chat = call.chat(ask.chat_id, "edit")
    message = call.message(chat, ask.message_id, "message to pin")
    call.may(chat, _pin_right(chat), NO_PIN)
    if message not in chat.pinned:
        call.chats.pin(message, call.bot.user)
    return True


@answers.to(UnpinChatMessage)
def unpin_chat_message(call: Call, ask: UnpinChatMessage) -> bool:
    """Unpin a message, without a number the newest."""
    chat = call.chat(ask.chat_id, "edit")
    call.may(chat, _pin_right(chat), NO_PIN)
    pinned = [m for m in chat.pinned if not m.deleted and ask.message_id in {None, m.id}]
    if not pinned:
        raise refused("message to unpin not found")
    chat.pinned.remove(pinned[-1])
    return True


@answers.to(UnpinAllChatMessages)
def unpin_all_chat_messages(call: Call, ask: UnpinAllChatMessages) -> bool:
    """Unpin everything."""
    chat = call.chat(ask.chat_id, "edit")
    call.may(chat, _pin_right(chat), NO_PIN)
    chat.pinned.clear()
    return True


def _pin_right(chat: Chat) -> str:
    return "can_edit_messages" if chat.kind == "channel" else "can_pin_messages"
