"""Methods about the bot itself: who it is, what it offers, how its updates reach it."""

import re
from typing import Any

from aiogram.methods import (
    Close,
    DeleteMyCommands,
    DeleteWebhook,
    GetMe,
    GetMyCommands,
    GetMyDescription,
    GetMyName,
    GetMyShortDescription,
    GetWebhookInfo,
    LogOut,
    SetMyCommands,
    SetMyDescription,
    SetMyName,
    SetMyShortDescription,
)

from loopback.api import Answers, Call, refused
from loopback.api_views import JSON, user_json
from loopback.wording import units

COMMANDS = 100
COMMAND = re.compile(r"/?[a-z0-9_]{1,32}")
DESCRIPTION_UNITS = 256
TEXTS: dict[type[Any], tuple[str, int]] = {
    SetMyName: ("name", 64),
    SetMyDescription: ("description", 512),
    SetMyShortDescription: ("short_description", 120),
}

answers = Answers()


@answers.to(GetMe)
def get_me(call: Call, _: GetMe) -> JSON:
    """The bot as its owner set it up."""
    return user_json(call.bot.user) | {
        "can_join_groups": call.bot.joins_groups,
        "can_read_all_group_messages": not call.bot.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


@answers.to(SetMyCommands)
def set_my_commands(call: Call, ask: SetMyCommands) -> bool:
    """The menu of one scope and language."""
    if len(ask.commands) > COMMANDS:
        raise refused("BOT_COMMANDS_TOO_MUCH")
    for command in ask.commands:
        if not COMMAND.fullmatch(command.command):
            raise refused("BOT_COMMAND_INVALID")
        if not 0 < units(command.description) <= DESCRIPTION_UNITS:
            raise refused("BOT_COMMAND_DESCRIPTION_INVALID")
    menu = [
        command.model_dump(exclude_none=True) | {"command": command.command.lstrip("/")} for command in ask.commands
    ]
    call.bot.commands[_scope(call, ask)] = menu
    return True


@answers.to(GetMyCommands)
def get_my_commands(call: Call, ask: GetMyCommands) -> list[Any]:
    """The menu of one scope and language."""
    return list(call.bot.commands.get(_scope(call, ask), []))


@answers.to(DeleteMyCommands)
def delete_my_commands(call: Call, ask: DeleteMyCommands) -> bool:
    """Take a menu away."""
    call.bot.commands.pop(_scope(call, ask), None)
    return True


def _scope(call: Call, ask: Any) -> tuple[str, str]:
    """The scope's words in order; a scope of a chat the bot does not know is refused."""
    if ask.scope is None:
        return "default", ask.language_code or ""
    chat_id = getattr(ask.scope, "chat_id", None)
    if chat_id is not None:
        call.chat(chat_id)
    words = [str(value) for value in ask.scope.model_dump(exclude_none=True).values()]
    return " ".join(words), ask.language_code or ""


@answers.to(*TEXTS)
def set_text(call: Call, ask: Any) -> bool:
    """The bot's name or descriptions."""
    name, limit = TEXTS[type(ask)]
    text = getattr(ask, name) or ""
    if units(text) > limit:
        raise refused(f"bot {name.replace('_', ' ')} is too long")
    call.bot.texts[name, ask.language_code or ""] = text
    return True


@answers.to(GetMyName)
def get_my_name(call: Call, ask: GetMyName) -> JSON:
    """The bot's name."""
    return {"name": call.bot.texts.get(("name", ask.language_code or ""), call.bot.user.first_name)}


@answers.to(GetMyDescription)
def get_my_description(call: Call, ask: GetMyDescription) -> JSON:
    """What the empty chat says."""
    return {"description": call.bot.texts.get(("description", ask.language_code or ""), "")}


@answers.to(GetMyShortDescription)
def get_my_short_description(call: Call, ask: GetMyShortDescription) -> JSON:
    """What the profile says."""
    return {"short_description": call.bot.texts.get(("short_description", ask.language_code or ""), "")}


@answers.to(DeleteWebhook)
def delete_webhook(call: Call, ask: DeleteWebhook) -> bool:
    """There is none; pending updates go if asked."""
    if ask.drop_pending_updates:
        call.chats.inbox(call.bot).clear()
    return True


@answers.to(GetWebhookInfo)
def get_webhook_info(call: Call, _: GetWebhookInfo) -> JSON:
    """No webhook; how many updates wait."""
    inbox = call.chats.inbox(call.bot)
    known = {"allowed_updates": sorted(inbox.allowed)} if inbox.allowed else {}
    return {"url": "", "has_custom_certificate": False, "pending_update_count": len(inbox.waiting)} | known


@answers.to(LogOut)
def log_out(call: Call, _: LogOut) -> bool:
    """Leave this server: ten minutes of 401 follow."""
    call.bot.logged_out = call.world.clock.now()
    return True


@answers.to(Close)
def close(call: Call, _: Close) -> bool:
    """Let this server forget the bot; the next request brings it back."""
    call.chats.inbox(call.bot).displace()
    return True
