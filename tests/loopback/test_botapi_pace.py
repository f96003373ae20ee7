"""How fast a bot may be, on the world's clock."""

from datetime import timedelta

import pytest
from aiogram.exceptions import TelegramRetryAfter
from aiogram.types import BufferedInputFile, InputMediaDocument

from loopback.chat_nouns import Bot, Chat
from loopback.limits import BURST
from loopback.people import Person
from loopback.world import World
from tests.bots import OpenBot


async def test_twenty_a_minute_in_a_group(open_bot: OpenBot, desk_bot: Bot, desk: Chat, world: World) -> None:
    """The 21st message within a minute waits until the first is a minute old; edits count, topics share."""
    bot = open_bot(desk_bot)
    sent = await bot.send_message(desk.id, "1")
    for number in range(2, 20):
        await bot.send_message(desk.id, str(number))
    await sent.edit_text("one")
    with pytest.raises(TelegramRetryAfter) as refused:
        await bot.send_message(desk.id, "21")
    with pytest.raises(TelegramRetryAfter):
        await sent.edit_text("uno")
    assert len(desk.messages) == 19
    assert 0 < refused.value.retry_after <= 60
    world.clock.advance(timedelta(seconds=refused.value.retry_after))
    await bot.send_message(desk.id, "21")


async def test_an_album_counts_its_files(open_bot: OpenBot, desk_bot: Bot, desk: Chat) -> None:
    """Two albums of ten fill a group's minute."""
    bot = open_bot(desk_bot)
    album = [InputMediaDocument(media=BufferedInputFile(b"d", "d.bin"))] * 10
    await bot.send_media_group(desk.id, album)
    await bot.send_media_group(desk.id, album)
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(desk.id, "21")


async def test_answers_and_typing_are_free(open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person) -> None:
    """Notices of typing and deletions do not count."""
    bot = open_bot(desk_bot)
    sent = await bot.send_message(desk.id, "card")
    for _ in range(30):
        await bot.send_chat_action(desk.id, "typing")
    await sent.delete()
    for _ in range(19):
        await bot.send_message(desk.id, "card")


async def test_a_private_chat_takes_one_a_second_after_a_burst(
    open_bot: OpenBot, desk_bot: Bot, olena: Person, world: World
) -> None:
    """A burst passes, then the chat is closed until it is over."""
    bot = open_bot(desk_bot)
    olena.start(desk_bot)
    for _ in range(BURST):
        await bot.send_message(olena.id, "card")
    with pytest.raises(TelegramRetryAfter) as refused:
        await bot.send_message(olena.id, "card")
    world.clock.advance(timedelta(seconds=refused.value.retry_after))
    await bot.send_message(olena.id, "card")


async def test_thirty_a_second_overall(open_bot: OpenBot, desk_bot: Bot, world: World) -> None:
    """Over many chats a bot may send thirty in a second, as the world counts seconds."""
    bot = open_bot(desk_bot)
    people = [world.chats.person(f"P{number}") for number in range(31)]
    for person in people:
        person.start(desk_bot)
    world.clock.stop()
    for person in people[:30]:
        await bot.send_message(person.id, "card")
    with pytest.raises(TelegramRetryAfter) as refused:
        await bot.send_message(people[30].id, "card")
    assert refused.value.retry_after == 1
    with world.chats.limits.lifted("overall_pace"):
        await bot.send_message(people[30].id, "card")
