"""What a bot's message shows, words, buttons, media; and how it is sent: where to, answering what, how fast."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Unpack

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyKeyboardMarkup

from loopback import api_files
from loopback.api import Call, refused
from loopback.api_fields import given
from loopback.chat_nouns import Button, Chat, Content, Message, Rows
from loopback.chats import MessageFields
from loopback.markup import parsed
from loopback.nouns import User
from loopback.wording import CAPTION_LIMIT, TEXT_LIMIT, Style, Words, finished, units

CALLBACK_BYTES = 64
BUTTONS = 100
COPY_UNITS = 256
STYLES = {None, "danger", "success", "primary"}
ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
    "disabled",
)
NOT_HERE = ("business_connection_id", "direct_messages_topic_id", "suggested_post_parameters", "message_effect_id")


@dataclass(frozen=True)
class Envelope:
    """Where a message goes and how."""

    chat: Chat
    fields: MessageFields
    receiver: User | None = None


# ---------------------------------------------------------------------------------------------------- words


def text_of(call: Call, ask: Any) -> Words:
    """The text a method gives, 1 to 4096 units after parsing."""
    words = _words(call, ask.text, ask, "entities")
    if not words:
        raise refused("text must be non-empty" if ask.text else "message text is empty")
    call.chats.limits.check("text", units(words.text), TEXT_LIMIT, "Bad Request: message is too long")
    return words


def caption_of(call: Call, ask: Any) -> Words:
    """The caption a method gives, up to 1024 units after parsing."""
    words = _words(call, ask.caption, ask, "caption_entities")
    call.chats.limits.check("caption", units(words.text), CAPTION_LIMIT, "Bad Request: message caption is too long")
    return words


def _words(call: Call, text: str | None, ask: Any, entities: str) -> Words:
    mode = given(ask.parse_mode)
    if text and mode:
        words = parsed(text, mode)
    else:
        words = Words(text or "", tuple(_style(entity) for entity in getattr(ask, entities) or ()))
    return finished(Words(words.text, tuple(_known_people(call, words.styles))))


def _known_people(call: Call, styles: Iterable[Style]) -> Iterator[Style]:
    """Mentions by number become mentions of people; those of strangers go."""
    for style in styles:
        if style.user is None:
            yield style
        elif style.user.id in call.world.users:
            yield replace(style, user=call.world.users[style.user.id])


def _style(entity: MessageEntity) -> Style:
    user = None if entity.user is None else User(entity.user.id, entity.user.first_name)
    return Style(
        entity.type,
        entity.offset,
        entity.length,
        entity.url or "",
        language=entity.language or "",
        user=user,
        custom_emoji_id=entity.custom_emoji_id or "",
        unix_time=entity.unix_time,
        date_time_format=entity.date_time_format or "",
    )


# ---------------------------------------------------------------------------------------------------- buttons


def buttons_of(call: Call, markup: Any) -> Rows:
    """The inline buttons of a markup; other markups have none."""
    if not isinstance(markup, InlineKeyboardMarkup):
        return ()
    rows = tuple(tuple(_button(call, button) for button in row) for row in markup.inline_keyboard if row)
    if sum(len(row) for row in rows) > BUTTONS:
        raise refused("reply markup is too long")
    return rows


def _button(call: Call, asked: InlineKeyboardButton) -> Button:
    named = [action for action in ACTIONS if getattr(asked, action) is not None]
    if not named or not asked.text:
        raise refused("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if asked.style not in STYLES:
        raise refused("can't parse inline keyboard button: invalid button style specified")
    _check_address(asked)
    _check_data(call, asked)
    return Button(
        asked.text,
        asked.callback_data,
        asked.url,
        asked.copy_text.text if asked.copy_text else None,
        asked.style,
        asked.disabled is not None,
        asked.model_dump_json(exclude_none=True, exclude_unset=True),
    )


def _check_address(asked: InlineKeyboardButton) -> None:
    if asked.url is not None and not asked.url.startswith(("http://", "https://", "tg://", "ton://")):
        raise refused(f"inline keyboard button URL '{asked.url}' is invalid: Unsupported URL protocol")
    if asked.copy_text is not None and not 0 < units(asked.copy_text.text) <= COPY_UNITS:
        raise refused("BUTTON_COPY_TEXT_INVALID")


def _check_data(call: Call, asked: InlineKeyboardButton) -> None:
    if asked.callback_data is None or not call.chats.limits.stands("callback_data"):
        return
    if not 0 < len(asked.callback_data.encode()) <= CALLBACK_BYTES:
        raise refused("BUTTON_DATA_INVALID")


def _keyboard(markup: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(markup, ReplyKeyboardMarkup):
        return ()
    return tuple(tuple(button.text for button in row) for row in markup.keyboard)


# ---------------------------------------------------------------------------------------------------- content


def text_content(call: Call, ask: Any) -> Content:
    """A text message."""
    return Content(text_of(call, ask), buttons=buttons_of(call, ask.reply_markup), layout=_preview(ask))


def _preview(ask: Any) -> str:
    options = given(ask.link_preview_options)
    if options is None:
        return '{"is_disabled": true}' if given(getattr(ask, "disable_web_page_preview", None)) else ""
    wishes = {name: value for name, value in options.model_dump(exclude_unset=True).items() if given(value) is not None}
    return json.dumps(wishes)


def media_content(call: Call, kind: str, ask: Any) -> Content:
    """A message with a file; ``kind`` is the Bot API's word for it."""
    words = caption_of(call, ask) if hasattr(ask, "caption") else Words()
    above = bool(given(getattr(ask, "show_caption_above_media", None)))
    buttons = buttons_of(call, getattr(ask, "reply_markup", None))
    return Content(words, api_files.media(call, kind, ask), buttons, above)


# ---------------------------------------------------------------------------------------------------- sending


def envelope(call: Call, ask: Any, what: str = "text messages") -> Envelope:
    """Where the message goes, after every question Telegram asks before it sends."""
    call.lacks(ask, *NOT_HERE)
    chat = call.chat(ask.chat_id, "write")
    topic = call.topic(chat, ask.message_thread_id)
    answered, quote = _answered(call, chat, ask)
    call.may_post(chat, what)
    fields = MessageFields(
        sender_chat=chat if chat.kind == "channel" else None,
        thread_id=topic.id if topic else None,
        reply_to=answered,
        quote=quote,
        protected=bool(given(ask.protect_content)),
        silent=bool(ask.disable_notification),
        keyboard=_keyboard(getattr(ask, "reply_markup", None)),
    )
    return Envelope(chat, fields)


def _answered(call: Call, chat: Chat, ask: Any) -> tuple[Message | None, str]:
    wish = getattr(ask, "reply_parameters", None)
    number = wish.message_id if wish else getattr(ask, "reply_to_message_id", None)
    if not number:
        return None, ""
    where = call.chat(wish.chat_id) if wish and wish.chat_id is not None else chat
    found = where.kept.get(number)
    if found is not None and not found.deleted:
        quote = wish.quote or "" if wish else ""
        if quote and quote not in found.text:
            raise refused("QUOTE_TEXT_INVALID")
        return found, quote
    lenient = given(wish.allow_sending_without_reply) if wish else getattr(ask, "allow_sending_without_reply", None)
    if lenient:
        return None, ""
    raise refused("message to be replied not found")


def send(call: Call, where: Envelope, content: Content, **more: Unpack[MessageFields]) -> Message:
    """Send one message, at Telegram's pace."""
    call.chats.limits.pace(call.bot, where.chat)
    fields: MessageFields = {**where.fields, **more}
    return call.chats.post(where.chat, call.bot.user, content, **fields)
