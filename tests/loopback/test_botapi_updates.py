"""What bots are told: messages, presses, membership, topics; and who is told what."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Bot as Client
from aiogram import Dispatcher, F
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command, CommandStart
from aiogram.types import (
    BotCommand,
    BotCommandScopeChat,
    EphemeralMessageParameters,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageOriginChannel,
)

from loopback.chat_nouns import Bot, Chat
from loopback.people import Person
from loopback.world import World
from tests.bots import OpenBot

Jpeg = Callable[..., bytes]
KEYS = InlineKeyboardMarkup(
    inline_keyboard=[
        [
            InlineKeyboardButton(text="Tag", callback_data="v1:tag:7"),
            InlineKeyboardButton(text="Post", url="https://t.me/a/1"),
        ]
    ]
)


@asynccontextmanager
async def polling(dispatcher: Dispatcher, client: Client) -> AsyncIterator[None]:
    """The dispatcher at work."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(dispatcher.start_polling(client, handle_signals=False, close_bot_session=False))
        yield
        await dispatcher.stop_polling()


async def texts(client: Any) -> list[str]:
    """The texts of all messages the bot was told of so far, confirmed."""
    updates = await client.get_updates()
    if updates:
        await client.get_updates(offset=updates[-1].update_id + 1)
    return [update.message.text for update in updates if update.message and update.message.text]


# ---------------------------------------------------------------------------------------------------- conversations


async def test_a_conversation_by_buttons(open_bot: OpenBot, desk_bot: Bot, olena: Person, world: World) -> None:
    """A plain dispatcher: /start brings a card, a press edits it and shows an alert."""
    dispatcher = Dispatcher()

    @dispatcher.message(CommandStart(deep_link=True))
    async def started(message: Message, command: Any) -> None:
        await message.answer(f"card {command.args}", reply_markup=KEYS)

    @dispatcher.callback_query(F.data.startswith("v1:tag:"))
    async def pressed(query: Any) -> None:
        await query.message.edit_text(f"tagged by {query.from_user.first_name}", reply_markup=KEYS)
        await query.answer("done", show_alert=True)

    async with polling(dispatcher, open_bot(desk_bot)):
        olena.start(desk_bot, "item_7")
        chat = olena.chat_with(desk_bot)
        await world.wait_until(lambda: len(chat.messages) == 2)
        card = chat.messages[1]
        assert card.text == "card item_7"
        answer = await olena.press(desk_bot, card, "Tag").answered()
        assert (answer.text, answer.alert) == ("done", True)
        assert (card.text, card.edits) == ("tagged by Olena", 1)


async def test_only_shown_buttons_can_be_pressed(open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person) -> None:
    """People press what they see: not a missing button, not a link, not a deleted message, not from outside."""
    sent = await open_bot(desk_bot).send_message(desk.id, "card", reply_markup=KEYS)
    card = desk.messages[0]
    outsider = olena.chats.person("Petro")
    for person, name in ((olena, "Claim"), (olena, "Post"), (outsider, "Tag")):
        with pytest.raises(LookupError):
            person.press(desk, card, name)
    assert olena.press(desk, card, "v1:tag").query.data == "v1:tag:7"
    await sent.delete()
    with pytest.raises(LookupError):
        olena.press(desk, card, "Tag")


async def test_any_data_can_be_forged(open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person) -> None:
    """A modified client sends what it likes, also for a message that is gone; the bot is told it is."""
    bot = open_bot(desk_bot)
    sent = await bot.send_message(desk.id, "card", reply_markup=KEYS)
    card = desk.messages[0]
    olena.forge_callback(card, "v1:delete_everything")
    await sent.delete()
    olena.forge_callback(card, "x" * 64)
    first, second = [update.callback_query for update in await bot.get_updates()]
    assert (first.data, first.message.text) == ("v1:delete_everything", "card")
    assert (len(second.data), second.message.date) == (64, 0)


async def test_presses_grow_old(open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, world: World) -> None:
    """A press must be answered once, and within seconds."""
    bot = open_bot(desk_bot)
    await bot.send_message(desk.id, "card", reply_markup=KEYS)
    press = olena.press(desk, desk.messages[0], "Tag")
    await bot.answer_callback_query(press.query.id)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query(press.query.id)
    late = olena.press(desk, desk.messages[0], "Tag")
    world.clock.advance(timedelta(seconds=20))
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query(late.query.id, "too late")
    assert late.answer is None


# ---------------------------------------------------------------------------------------------------- polling


async def test_updates_stay_until_confirmed(open_bot: OpenBot, desk_bot: Bot, olena: Person) -> None:
    """The same updates come until an offset above them; limits cut; a negative offset keeps the last ones."""
    bot = open_bot(desk_bot)
    for word in ("one", "two", "three", "four"):
        olena.say(desk_bot, word)
    first = await bot.get_updates(limit=2)
    assert [update.message.text for update in first] == ["one", "two"]
    assert [u.update_id for u in await bot.get_updates(limit=2)] == [u.update_id for u in first]
    second = await bot.get_updates(offset=first[0].update_id + 1)
    assert [update.message.text for update in second] == ["two", "three", "four"]
    assert [update.message.text for update in await bot.get_updates(offset=-1)] == ["four"]
    assert (await bot.get_webhook_info()).pending_update_count == 1


async def test_polls_wait_for_news(open_bot: OpenBot, desk_bot: Bot, olena: Person, world: World) -> None:
    """A long poll answers the moment something happens, not when its time is up."""
    bot = open_bot(desk_bot)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(bot.get_updates(timeout=50))
        await world.wait_until(lambda: world.chats.inbox(desk_bot).polled)
        olena.say(desk_bot, "news")
    assert [update.message.text for update in waiting.result()] == ["news"]


async def test_updates_are_kept_for_a_day(open_bot: OpenBot, desk_bot: Bot, olena: Person, world: World) -> None:
    """What the bot did not fetch within 24 hours is lost."""
    olena.say(desk_bot, "yesterday")
    world.clock.advance(timedelta(hours=24))
    olena.say(desk_bot, "today")
    assert await texts(open_bot(desk_bot)) == ["today"]


async def test_kinds_must_be_asked_for(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, world: World
) -> None:
    """Reactions come only to administrators who ask for them; unwanted kinds do not come."""
    bot = open_bot(desk_bot)
    message = olena.say(desk, "/look")
    olena.react(message, "👍")
    assert [update.event_type for update in await bot.get_updates()] == ["message"]
    world.chats.promote(desk, desk_bot)
    await bot.get_updates(offset=-1, allowed_updates=["message_reaction"])
    olena.react(message, "🔥")
    olena.say(desk, "/again")
    told = (await bot.get_updates())[-1].message_reaction
    assert (told.old_reaction[0].emoji, told.new_reaction[0].emoji) == ("👍", "🔥")


# ---------------------------------------------------------------------------------------------------- groups


async def test_privacy_mode_hides_small_talk(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, world: World
) -> None:
    """In groups a private bot hears commands meant for it and replies to it; as administrator everything."""
    bot = open_bot(desk_bot)
    await bot.send_message(desk.id, "card")
    olena.say(desk, "small talk")
    olena.say(desk, "/find tanks")
    olena.say(desk, "/find@other_bot tanks")
    olena.say(desk, "/find@firstseen_bot tanks")
    olena.say(desk, "really?", reply_to=desk.messages[0])
    assert await texts(bot) == ["/find tanks", "/find@firstseen_bot tanks", "really?"]
    world.chats.promote(desk, desk_bot)
    olena.say(desk, "small talk")
    assert await texts(bot) == ["small talk"]


async def test_an_open_bot_hears_people_but_not_bots(
    open_bot: OpenBot, desk: Chat, olena: Person, world: World
) -> None:
    """Without privacy mode a bot hears everybody but other bots."""
    curious, talker = world.chats.bot("Curious", "curious_bot", privacy=False), world.chats.bot("Talker", "talker_bot")
    for bot in (curious, talker):
        world.chats.add(desk, bot)
    await open_bot(talker).send_message(desk.id, "from a bot")
    olena.say(desk, "from Olena")
    assert await texts(open_bot(curious)) == ["from Olena"]


async def test_anonymous_administrators_speak_for_the_group(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person
) -> None:
    """Who speaks as the group hides behind it and a stand-in user."""
    olena.say(desk, "/status", anonymous=True)
    (update,) = await open_bot(desk_bot).get_updates()
    assert update.message.sender_chat.id == desk.id
    assert (update.message.from_user.username, update.message.from_user.is_bot) == ("GroupAnonymousBot", True)


async def test_channel_posts_and_forwards_from_watched_channels(
    open_bot: OpenBot, desk_bot: Bot, olena: Person, world: World, jpeg: Jpeg
) -> None:
    """A channel's posts come as such; a post forwarded from a watched channel names it, with the same file."""
    bot = open_bot(desk_bot)
    own = world.chats.channel("Own", [olena, desk_bot])
    olena.say(own, "posted")
    await bot.send_message(own.id, "by the bot")
    watched = world.add_channel("Astra", "astra_news")
    post = world.post(watched, "22 Oct", media=world.photo(jpeg()))
    olena.forward(desk_bot, post)
    olena.forward(desk_bot, post)
    updates = await bot.get_updates()
    assert updates[0].channel_post.text == "posted"
    first, second = [update.message for update in updates[1:]]
    assert isinstance(first.forward_origin, MessageOriginChannel)
    assert (first.forward_origin.chat.username, first.forward_origin.message_id) == ("astra_news", post.id)
    assert first.photo[-1].file_unique_id == second.photo[-1].file_unique_id


async def test_membership_is_told(open_bot: OpenBot, desk_bot: Bot, olena: Person, world: World) -> None:
    """Being added, promoted, thrown out and blocked comes as my_chat_member."""
    bot = open_bot(desk_bot)
    group = world.chats.group("New", [olena])
    olena.add(group, desk_bot)
    world.chats.promote(group, desk_bot)
    me = await bot.get_chat_member(group.id, bot.id)
    assert (me.status, me.can_pin_messages) == ("administrator", True)
    assert await bot.get_chat_member_count(group.id) == 2
    assert [admin.user.id for admin in await bot.get_chat_administrators(group.id)] == [olena.id, bot.id]
    olena.kick(group, desk_bot)
    olena.start(desk_bot)
    olena.block(desk_bot)
    changes = [update.my_chat_member for update in await bot.get_updates() if update.my_chat_member]
    assert [change.new_chat_member.status for change in changes] == ["member", "administrator", "kicked", "kicked"]


async def test_a_bot_can_leave(open_bot: OpenBot, desk_bot: Bot, desk: Chat) -> None:
    """After leaving, the bot is no member."""
    await open_bot(desk_bot).leave_chat(desk.id)
    assert not desk.member(desk_bot.user).present


# ---------------------------------------------------------------------------------------------------- topics


async def test_topics(open_bot: OpenBot, desk_bot: Bot, olena: Person, world: World) -> None:
    """An administrator makes topics and writes into them; closed, deleted and the general one have their rules."""
    bot = open_bot(desk_bot)
    forum = world.chats.group("Forum", [olena, desk_bot], forum=True)
    with pytest.raises(TelegramBadRequest, match="not enough rights to create a topic"):
        await bot.create_forum_topic(forum.id, "Alerts")
    world.chats.promote(forum, desk_bot)
    made = await bot.create_forum_topic(forum.id, "Alerts")
    sent = await bot.send_message(forum.id, "card", message_thread_id=made.message_thread_id)
    assert (sent.is_topic_message, sent.message_thread_id) == (True, made.message_thread_id)
    assert [message.text for message in forum.in_topic("Alerts")] == ["card"]
    olena.say(forum, "answer", topic=forum.topic_named("Alerts"))
    told = (await bot.get_updates())[-1].message
    assert (told.text, told.is_topic_message) == ("answer", True)
    assert told.reply_to_message.forum_topic_created.name == "Alerts"
    await bot.edit_forum_topic(forum.id, made.message_thread_id, name="Old alerts")
    for wrong in (1, 99):
        with pytest.raises(TelegramBadRequest, match="message thread not found"):
            await bot.send_message(forum.id, "x", message_thread_id=wrong)
    await bot.close_forum_topic(forum.id, made.message_thread_id)
    petro = world.chats.person("Petro")
    petro.join(forum)
    with pytest.raises(PermissionError, match="closed"):
        petro.say(forum, "x", topic=forum.topic_named("Old alerts"))
    await bot.delete_forum_topic(forum.id, made.message_thread_id)
    with pytest.raises(TelegramBadRequest, match="message thread not found"):
        await bot.send_message(forum.id, "x", message_thread_id=made.message_thread_id)


async def test_replies_outside_topics_carry_a_thread_that_is_none(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person
) -> None:
    """In a supergroup a reply has a thread id although there is no topic; sending with any id works there."""
    bot = open_bot(desk_bot)
    await bot.send_message(desk.id, "card", message_thread_id=77)
    olena.say(desk, "really?", reply_to=desk.messages[0])
    (update,) = await bot.get_updates()
    assert (update.message.message_thread_id, update.message.is_topic_message) == (desk.messages[0].id, None)


# ---------------------------------------------------------------------------------------------------- ephemeral, menus


async def test_ephemeral_answers_are_seen_by_one(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, world: World
) -> None:
    """A press can be answered to the presser alone, changed and taken away; without a press only by administrators."""
    bot = open_bot(desk_bot)
    petro = world.chats.person("Petro")
    petro.join(desk)
    await bot.send_message(desk.id, "card", reply_markup=KEYS)
    press = olena.press(desk, desk.messages[0], "Tag")
    to_olena = EphemeralMessageParameters(receiver_user_id=olena.id, callback_query_id=press.query.id)
    sent = await bot.send_message(desk.id, "only you", ephemeral_message_parameters=to_olena)
    assert (sent.message_id, sent.receiver_user.id) == (0, olena.id)
    assert ([m.text for m in desk.seen_by(olena.user)], desk.seen_by(petro.user)) == (["only you"], [])
    assert [message.text for message in desk.messages] == ["card"]
    place = {"chat_id": desk.id, "receiver_user_id": olena.id, "ephemeral_message_id": sent.ephemeral_message_id}
    await bot.edit_ephemeral_message_text(**place, text="still only you")
    assert [m.text for m in desk.seen_by(olena.user)] == ["still only you"]
    await bot.delete_ephemeral_message(**place)
    assert desk.seen_by(olena.user) == []
    to_petro = EphemeralMessageParameters(receiver_user_id=petro.id)
    with pytest.raises(TelegramBadRequest):
        await bot.send_message(desk.id, "psst", ephemeral_message_parameters=to_petro)
    world.chats.promote(desk, desk_bot)
    await bot.send_message(desk.id, "psst", ephemeral_message_parameters=to_petro)
    assert [m.text for m in desk.seen_by(petro.user)] == ["psst"]


async def test_menus_and_descriptions(open_bot: OpenBot, desk_bot: Bot, desk: Chat) -> None:
    """Commands are kept per scope and language; names and descriptions are kept; wrong commands are refused."""
    bot = open_bot(desk_bot)
    find, scope = BotCommand(command="find", description="Search"), BotCommandScopeChat(chat_id=desk.id)
    await bot.set_my_commands([find])
    await bot.set_my_commands([find, BotCommand(command="mute", description="Mute")], scope=scope, language_code="uk")
    assert [c.command for c in await bot.get_my_commands()] == ["find"]
    assert [c.command for c in await bot.get_my_commands(scope=scope, language_code="uk")] == ["find", "mute"]
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == []
    await bot.set_my_short_description("Seen before?")
    assert (await bot.get_my_short_description()).short_description == "Seen before?"
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands([BotCommand(command="Find It", description="x")])


async def test_group_commands_reach_handlers(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, world: World, jpeg: Jpeg
) -> None:
    """A command in reply to media reaches its handler with the media."""
    dispatcher = Dispatcher()

    @dispatcher.message(Command("seen"))
    async def seen(message: Any) -> None:
        await message.reply(f"{message.reply_to_message.photo[-1].width} pixels wide")

    photo = olena.send_photo(desk, jpeg())
    async with polling(dispatcher, open_bot(desk_bot)):
        olena.say(desk, "/seen", reply_to=photo)
        await world.wait_until(lambda: desk.messages[-1].sender is desk_bot.user)
    answer = desk.messages[-1]
    assert answer.text == "320 pixels wide"
    assert answer.reply_to is desk.messages[-2]
