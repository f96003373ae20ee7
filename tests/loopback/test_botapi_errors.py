"""Every way the Bot API says no, met by an unmodified aiogram."""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiogram.exceptions import (
    ClientDecodeError,
    RestartingTelegram,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetMe, SendMessage, SendPoll
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyParameters

from loopback import api_files
from loopback.api_fields import breaches
from loopback.botapi import BotApiServer
from loopback.chat_nouns import Bot, Chat
from loopback.faults import ApiError, Cut, Fault, Flood, Garbage, Hold, Silence, Status
from loopback.people import Person
from loopback.world import World
from tests.bots import OpenBot

Keys = InlineKeyboardMarkup


def keys(**button: object) -> Keys:
    """One button."""
    return Keys(inline_keyboard=[[InlineKeyboardButton.model_validate({"text": "Press", **button})]])


async def test_a_wrong_token_is_unauthorized(open_bot: OpenBot) -> None:
    """A token no bot has is refused by 401."""
    with pytest.raises(TelegramUnauthorizedError, match="Unauthorized"):
        await open_bot("1:" + "x" * 35).get_me()


async def test_strange_chats_are_not_found(open_bot: OpenBot, desk_bot: Bot, world: World) -> None:
    """Numbers and names of nobody, and groups the bot never was in, are not found."""
    elsewhere = world.chats.group("Elsewhere", [world.chats.person()])
    for chat_id in (123456, -1001234567890, "@nobody_here", elsewhere.id):
        with pytest.raises(TelegramBadRequest, match="chat not found"):
            await open_bot(desk_bot).send_message(chat_id, "hello")


async def test_a_bot_cannot_speak_first(open_bot: OpenBot, desk_bot: Bot, olena: Person, desk: Chat) -> None:
    """Until a person starts the bot, their private chat is closed to it, even if both share a group."""
    bot = open_bot(desk_bot)
    with pytest.raises(TelegramForbiddenError, match="bot can't initiate conversation with a user"):
        await bot.send_message(olena.id, "hello")
    olena.start(desk_bot)
    await bot.send_message(olena.id, "hello")


async def test_a_block_is_forbidden_until_lifted(open_bot: OpenBot, desk_bot: Bot, olena: Person) -> None:
    """A blocked bot cannot write; after the block is lifted it can."""
    bot = open_bot(desk_bot)
    olena.start(desk_bot)
    olena.block(desk_bot)
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(olena.id, "hello")
    olena.unblock(desk_bot)
    await bot.send_message(olena.id, "hello")


async def test_a_kicked_bot_is_forbidden(open_bot: OpenBot, desk_bot: Bot, olena: Person, desk: Chat) -> None:
    """Thrown out of a group, the bot cannot write there."""
    olena.kick(desk, desk_bot)
    with pytest.raises(TelegramForbiddenError, match="bot was kicked from the supergroup chat"):
        await open_bot(desk_bot).send_message(desk.id, "hello")


async def test_a_group_that_moved_names_its_new_number(
    open_bot: OpenBot, desk_bot: Bot, olena: Person, world: World
) -> None:
    """A basic group upgraded to a supergroup answers with the new id, and the bot is told by service messages."""
    bot = open_bot(desk_bot)
    group = world.chats.group("Small", [olena, desk_bot], basic=True)
    await bot.send_message(group.id, "before")
    supergroup = world.chats.migrate(group)
    with pytest.raises(TelegramMigrateToChat) as moved:
        await bot.send_message(group.id, "after")
    assert moved.value.migrate_to_chat_id == supergroup.id
    await bot.send_message(supergroup.id, "after")
    told = [update.message for update in await bot.get_updates() if update.message]
    assert (told[0].migrate_to_chat_id, told[1].migrate_from_chat_id) == (supergroup.id, group.id)


async def test_what_breaks_on_the_way(open_bot: OpenBot, desk_bot: Bot, desk: Chat, world: World) -> None:
    """Floods, server errors, restarts, cut connections and garbage come out as aiogram's own classes, once each."""
    bot = open_bot(desk_bot)
    plan: list[tuple[Fault, type[Exception]]] = [
        (Flood(17), TelegramRetryAfter),
        (ApiError(502, "Bad Gateway"), TelegramServerError),
        (ApiError(500, "Internal Server Error: restart"), RestartingTelegram),
        (Cut(), TelegramNetworkError),
        (Garbage(), ClientDecodeError),
        (Status(502, b"<html>502</html>"), ClientDecodeError),
    ]
    for fault, expected in plan:
        world.faults.add(face="botapi", call="sendMessage", what=fault)
        with pytest.raises(expected) as met:
            await bot.send_message(desk.id, "hello")
        if isinstance(met.value, TelegramRetryAfter):
            assert met.value.retry_after == 17
    assert not desk.messages
    await bot.send_message(desk.id, "hello")
    assert [message.text for message in desk.messages] == ["hello"]


async def test_a_cut_after_the_work_leaves_the_message(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, world: World
) -> None:
    """When the answer is lost on its way back, the message stands although the bot saw an error."""
    world.faults.add(face="botapi", call="sendMessage", what=Cut(served=True))
    with pytest.raises(TelegramNetworkError):
        await open_bot(desk_bot).send_message(desk.id, "hello")
    assert [message.text for message in desk.messages] == ["hello"]


async def test_late_and_missing_answers(open_bot: OpenBot, desk_bot: Bot, desk: Chat, world: World) -> None:
    """A held request stands still until released; one in silence ends by the client's own patience."""
    bot, hold = open_bot(desk_bot), Hold()
    world.faults.add(face="botapi", call="sendMessage", what=hold)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(bot.send_message(desk.id, "held"))
        await hold.held.wait()
        assert not desk.messages
        hold.release()
        assert (await sending).text == "held"
    world.faults.add(face="botapi", call="sendMessage", what=Silence())
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await bot.send_message(desk.id, "lost", request_timeout=0.05)
    assert [message.text for message in desk.messages] == ["held"]


async def test_downloads_can_fail(open_bot: OpenBot, desk_bot: Bot, olena: Person, world: World) -> None:
    """A file's path works for its own bot only; the plan reaches downloads too."""
    bot = open_bot(desk_bot)
    olena.send_document(desk_bot, b"bytes", "d.bin")
    (update,) = await bot.get_updates()
    file = await bot.get_file(update.message.document.file_id)
    world.faults.add(face="botapi", call="file", what=Status(500))
    with pytest.raises(aiohttp.ClientResponseError, match="500"):
        await bot.download_file(file.file_path)
    assert (await bot.download_file(file.file_path)).read() == b"bytes"
    rival = open_bot(world.chats.bot("Rival", "rival_bot"))
    with pytest.raises(aiohttp.ClientResponseError, match="404"):
        await rival.download_file(file.file_path)


async def test_the_server_comes_back_where_it_was(
    botapi: BotApiServer, open_bot: OpenBot, desk_bot: Bot, desk: Chat, world: World
) -> None:
    """While it is down clients meet a network error; started again it has the same address and forgot nothing."""
    bot, url = open_bot(desk_bot), botapi.url
    sent = await bot.send_message(desk.id, "before")
    await botapi.stop()
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(desk.id, "meanwhile")
    await botapi.start()
    assert botapi.url == url
    await bot.edit_message_text("after", chat_id=desk.id, message_id=sent.message_id)
    assert [message.text for message in desk.messages] == ["after"]


async def test_a_second_poller_ends_the_first(open_bot: OpenBot, desk_bot: Bot, world: World) -> None:
    """Of two getUpdates at once the older is ended by 409."""
    inbox = world.chats.inbox(desk_bot)

    async def polled_first() -> None:
        with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
            await open_bot(desk_bot).get_updates(timeout=20)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(polled_first())
        await world.wait_until(lambda: inbox.polled)
        assert await open_bot(desk_bot).get_updates() == []


async def test_logged_out_bots_are_refused_for_ten_minutes(open_bot: OpenBot, desk_bot: Bot, world: World) -> None:
    """After logOut this server refuses the bot until ten minutes have passed."""
    bot = open_bot(desk_bot)
    await bot.log_out()
    with pytest.raises(TelegramBadRequest, match="Logged out"):
        await bot.get_me()
    world.clock.advance(timedelta(minutes=10))
    await bot.get_me()


BAD_MESSAGES: list[tuple[dict[str, Any], str]] = [
    ({"text": "x" * 4097}, "message is too long"),
    ({"text": "👀" * 2049}, "message is too long"),
    ({"text": " \n "}, "text must be non-empty"),
    ({"text": ""}, "message text is empty"),
    ({"text": "<b>x"}, "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
    ({"text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
    (
        {"text": "x", "parse_mode": None, "entities": [MessageEntity(type="bold", offset=0, length=2)]},
        "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 2",
    ),
    ({"text": "x", "reply_markup": keys(callback_data="я" * 33)}, "BUTTON_DATA_INVALID"),
    ({"text": "x", "reply_markup": keys()}, "Text buttons are unallowed in the inline keyboard"),
    ({"text": "x", "reply_markup": keys(url="file:///etc/passwd")}, "Unsupported URL protocol"),
    ({"text": "x", "reply_parameters": ReplyParameters(message_id=99)}, "message to be replied not found"),
]


@pytest.mark.parametrize(("wrong", "why"), BAD_MESSAGES)
async def test_wrong_messages_are_refused(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, wrong: dict[str, Any], why: str
) -> None:
    """Texts too long after parsing, broken styles and impossible buttons are refused in Telegram's words."""
    with pytest.raises(TelegramBadRequest) as refused:
        await open_bot(desk_bot)(SendMessage(chat_id=desk.id, **wrong))
    assert why in refused.value.message
    assert not desk.messages


async def test_markup_does_not_count_towards_the_limit(open_bot: OpenBot, desk_bot: Bot, desk: Chat) -> None:
    """4096 units after parsing fit, whatever the tags add."""
    await open_bot(desk_bot).send_message(desk.id, "<b>" + "👀" * 2048 + "</b>")
    assert len(desk.messages) == 1


async def test_limits_can_be_lifted_by_name(open_bot: OpenBot, desk_bot: Bot, desk: Chat, world: World) -> None:
    """A lifted limit holds no longer; a limit of no such name cannot be lifted."""
    world.chats.limits.lift("text")
    await open_bot(desk_bot).send_message(desk.id, "x" * 5000)
    with pytest.raises(ValueError, match="no such limits"):
        world.chats.limits.lift("txet")


async def test_too_large_an_upload_is_refused(open_bot: OpenBot, desk_bot: Bot, desk: Chat) -> None:
    """More than 50 MB is 413."""
    upload = BufferedInputFile(bytes(api_files.UPLOAD_LIMIT + 1), "big.bin")
    with pytest.raises(TelegramEntityTooLarge):
        await open_bot(desk_bot).send_document(desk.id, upload)


async def test_unknown_methods_and_fields_are_refused_and_noted(
    botapi: BotApiServer, open_bot: OpenBot, desk_bot: Bot, desk: Chat, world: World
) -> None:
    """A method that does not exist, one the loopback lacks, and a misspelt field: a 4xx and a note for the test."""
    with pytest.raises(TelegramNotFound):
        await open_bot(desk_bot)(SendPoll(chat_id=desk.id, question="?", options=["a", "b"]))
    async with aiohttp.ClientSession() as session:
        typo = {"chat_id": str(desk.id), "text": "x", "parsemode": "HTML"}
        nested = {"chat_id": desk.id, "text": "x", "reply_parameters": {"message": 1}}
        statuses = [
            (await session.get(f"{botapi.url}/bot{desk_bot.token}/sendMesage")).status,
            (await session.post(f"{botapi.url}/bot{desk_bot.token}/sendMessage", data=typo)).status,
            (await session.post(f"{botapi.url}/bot{desk_bot.token}/sendMessage", json=nested)).status,
        ]
    assert statuses == [404, 400, 400]
    assert len(world.unhandled) == 4
    world.unhandled.clear()


async def test_plain_http_clients_are_served(botapi: BotApiServer, desk_bot: Bot, desk: Chat) -> None:
    """The address line, a form and a JSON body say the same; method names ignore case."""
    async with aiohttp.ClientSession() as session:
        asked: dict[str, Any] = {"chat_id": desk.id, "text": "hello"}
        address = f"{botapi.url}/bot{desk_bot.token}/sendmessage"
        answers = [
            await (await session.get(address, params=asked)).json(),
            await (await session.post(address, data=asked)).json(),
            await (await session.post(address, json=asked)).json(),
        ]
    assert [answer["result"]["text"] for answer in answers] == ["hello"] * 3
    assert len(desk.messages) == 3


async def test_deactivated_people_cannot_be_written_to(open_bot: OpenBot, desk_bot: Bot, olena: Person) -> None:
    """An account that was deleted is forbidden ground."""
    olena.start(desk_bot)
    olena.user.state = "deactivated"
    with pytest.raises(TelegramForbiddenError, match="user is deactivated"):
        await open_bot(desk_bot).send_message(olena.id, "hello")


def test_a_wrong_answer_would_be_noticed() -> None:
    """An answer with a missing, a mistyped or an unknown field, at any depth, is told apart from a right one."""
    me = {"id": 1, "is_bot": True, "first_name": "x"}
    assert breaches(GetMe, {"ok": True, "result": me}) == []
    for wrong in (me | {"nick": "y"}, {"id": 1, "is_bot": True}, me | {"id": "one"}):
        assert breaches(GetMe, {"ok": True, "result": wrong})
    chat = {"id": 1, "type": "private", "colour": 3}
    assert breaches(SendMessage, {"ok": True, "result": {"message_id": 1, "date": 1, "chat": chat}})


def test_other_addresses_are_refused(world: World) -> None:
    """The double listens on loopback and nowhere else."""
    with pytest.raises(ValueError, match="loopback"):
        BotApiServer(world, host="0.0.0.0")  # noqa: S104
