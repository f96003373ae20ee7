"""Ephemeral messages: shown to one member of a group only, in answer to a press, or by an administrator at any time."""

from typing import Any

from aiogram.methods import (
    DeleteEphemeralMessage,
    EditEphemeralMessageCaption,
    EditEphemeralMessageMedia,
    EditEphemeralMessageReplyMarkup,
    EditEphemeralMessageText,
)

from loopback.api import Answers, Call, refused
from loopback.api_edits import changed
from loopback.api_writing import Envelope
from loopback.chat_nouns import Chat, Content, Message
from loopback.nouns import User

WINDOW_SECONDS = 15

answers = Answers()


def whispered(call: Call, ask: Any, where: Envelope, content: Content) -> Message | None:
    """The ephemeral message asked for, or None when the message is for everybody."""
    wish = ask.ephemeral_message_parameters
    number = wish.receiver_user_id if wish else getattr(ask, "receiver_user_id", None)
    if number is None:
        return None
    call.lacks(wish, "replace_callback_query_message")
    query_id = wish.callback_query_id if wish else getattr(ask, "callback_query_id", None)
    receiver = _receiver(call, where.chat, number)
    if not call.me(where.chat).leads:
        _check_occasion(call, receiver, query_id)
    return call.chats.whisper(where.chat, call.bot, receiver, content, where.fields.get("reply_to"))


def _receiver(call: Call, chat: Chat, number: int) -> User:
    if not chat.grouped:
        raise refused("ephemeral messages can be sent only to groups and supergroups")
    receiver = call.user(number)
    if not chat.member(receiver).present:
        raise refused("USER_NOT_PARTICIPANT")
    return receiver


def _check_occasion(call: Call, receiver: User, query_id: str | None) -> None:
    """Any bot may answer a press within seconds; without one only administrators may whisper."""
    query = call.chats.queries.get(query_id or "")
    if query is None or query.person is not receiver or query.message.sender is not call.bot.user:
        raise refused("QUERY_ID_INVALID")
    age = (call.world.clock.now() - query.at).total_seconds()
    call.chats.limits.check("callback_age", age, WINDOW_SECONDS, "Bad Request: QUERY_ID_INVALID")


@answers.to(
    EditEphemeralMessageText, EditEphemeralMessageCaption, EditEphemeralMessageMedia, EditEphemeralMessageReplyMarkup
)
def edit_ephemeral(call: Call, ask: Any) -> bool:
    """Change what the one member sees."""
    message = _found(call, ask)
    call.chats.edit(message, changed(call, ask, message), call.bot.user)
    return True


@answers.to(DeleteEphemeralMessage)
def delete_ephemeral(call: Call, ask: DeleteEphemeralMessage) -> bool:
    """Take it away."""
    call.chats.delete(_found(call, ask))
    return True


def _found(call: Call, ask: Any) -> Message:
    chat = call.chat(ask.chat_id, "edit")
    for message in chat.whispers:
        mine = message.sender is call.bot.user and message.ephemeral_id == ask.ephemeral_message_id
        if mine and not message.deleted and message.receiver is call.user(ask.receiver_user_id):
            return message
    raise refused("message to edit not found")
