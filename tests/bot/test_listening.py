"""How the bot listens: a bad token, a second listener, an outage, and stops that lose no press."""

import asyncio

import pytest
from pydantic import SecretStr

from bot.app import build_bot
from core.errors import AccountError
from loopback.faults import Hold
from storage import members, settings
from tests.bot.newsroom import Newsroom, hang_up


async def troubles(newsroom: Newsroom) -> list[str]:
    """What is wrong just now."""
    async with newsroom.store.database.reader() as reader:
        return [trouble.message for trouble in await settings.troubles(reader)]


@pytest.mark.parametrize("token", ["123456:AAbbccddeeffgghhiijjkkllmmnnooppqqr", "no token at all", ""])
async def test_a_wrong_token_is_for_a_person(stage: Newsroom, token: str) -> None:
    """A token that Telegram refuses, or that can't be one, ends the bot with an AccountError that says what to do."""
    config = stage.config.model_copy(update={"bot_token": SecretStr(token)})

    with pytest.raises(AccountError, match="BotFather"):  # noqa: PT012 -- building refuses what can't be a token at all
        part = build_bot(config, stage.store, stage.drawer, stage.oracle)
        try:
            await part.run(asyncio.Event())
        finally:
            await hang_up(part)


async def test_a_second_listener_is_trouble_not_a_crash(newsroom: Newsroom) -> None:
    """When another program takes the updates, that is shown until it is over; then presses arrive again."""
    thief = build_bot(newsroom.config, newsroom.store, newsroom.drawer, newsroom.oracle)
    await thief.bot.get_updates(timeout=0)
    await newsroom.eventually(lambda: troubles(newsroom), "somebody else uses this bot's token")
    await hang_up(thief)

    await newsroom.later(120)
    newsroom.olena.say(newsroom.group, "/help")

    await newsroom.said("/find")
    assert await troubles(newsroom) == []


async def test_an_outage_is_shown_and_ends_by_itself(newsroom: Newsroom) -> None:
    """While the Bot API can't be reached that is said in words; afterwards everything goes on."""
    await newsroom.server.stop()
    await newsroom.eventually(lambda: troubles(newsroom), "can't be reached")
    await newsroom.server.start()
    await newsroom.later(120)

    newsroom.olena.say(newsroom.group, "/help")

    await newsroom.said("/find")
    assert await troubles(newsroom) == []


async def test_an_outage_at_start_is_waited_out(stage: Newsroom) -> None:
    """A server that is not there yet at start is no reason to end."""
    await stage.server.stop()
    bot = build_bot(stage.config, stage.store, stage.drawer, stage.oracle)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(bot.run(stop))
        await stage.eventually(lambda: troubles(stage), "can't be reached")
        await stage.server.start()
        await stage.later(120)
        await stage.until(lambda: stage.world.chats.inbox(stage.me).polled)
        stop.set()
    await hang_up(bot)

    assert await troubles(stage) == []


async def test_presses_wait_for_the_next_start(stage: Newsroom) -> None:
    """What members press while the bot is down is done when it is up again, once."""
    async with stage.at_work():
        number = await stage.post()
        card = await stage.shown(number)
        await stage.idle()
    stage.taras.press(stage.group, card, "✋ Claim")
    stage.olena.say(stage.group, f"/note F{number} the same gate")

    async with stage.at_work():
        await stage.shown(number, "Claimed by Taras", "1 note:")
        await stage.idle()
    async with stage.at_work():
        await stage.idle()
    async with stage.store.database.reader() as reader:
        assert len(await members.notes(reader, number)) == 1


async def test_a_stop_in_the_middle_loses_no_press(stage: Newsroom) -> None:
    """Stopped while answering a press, the bot has written it down; it is not done a second time at the next start."""
    hold = Hold()
    async with stage.at_work():
        number = await stage.post()
        card = await stage.shown(number)
        await stage.idle()
        stage.world.faults.add(face="botapi", call="sendMessage", what=hold)
        stage.olena.say(stage.group, f"/note F{number} once only")
        await stage.until(hold.held.is_set)
        stage.taras.press(stage.group, card, "✋ Claim")
        asyncio.get_running_loop().call_later(0.05, hold.release)
    async with stage.at_work():
        await stage.shown(number, "Claimed by Taras")
        await stage.idle()

    async with stage.store.database.reader() as reader:
        assert [note.text for note in await members.notes(reader, number)] == ["once only"]


async def test_one_slow_chat_does_not_hold_up_the_others(newsroom: Newsroom) -> None:
    """While an answer in one chat hangs, a press in another is handled."""
    hold = Hold()
    number = await newsroom.post()
    card = await newsroom.shown(number)
    rule = newsroom.world.faults.add(
        face="botapi", call="sendMessage", what=hold, when=lambda asked: str(asked.chat_id) == str(newsroom.ivan.id)
    )
    newsroom.ivan.start(newsroom.me)
    newsroom.taras.press(newsroom.group, card, "✋ Claim")

    await newsroom.shown(number, "Claimed by Taras")
    await newsroom.until(lambda: rule.hits)
    hold.release()
