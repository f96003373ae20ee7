"""/status: what is watched, what waits, what is wrong, how old alerts were, and the head of the custody log."""

from datetime import timedelta

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message
from aiogram.utils.formatting import Bold, Code, Text

from bot import health, words
from bot.access import Action, needs
from bot.cleaning import line
from bot.desk import Desk
from bot.stories import fitting
from storage import alerts, assets, channels, custody, jobs, refingerprinting, settings
from storage.database import Reader

ALERTS_OF = timedelta(days=1)
MOST_WATCHES = 30


def router() -> Router:
    """The conversation about how things are."""
    made = Router(name="status")
    made.message.register(write_status, Command("status"), flags=needs(Action.READ))
    return made


async def write_status(message: Message, desk: Desk) -> None:
    """Everything in one message, trouble first; the watch list only in private: it shows what is investigated."""
    async with desk.store.database.reader() as reader:
        lines = [*await _troubles(reader), *await _held(reader), *await _queues(reader), *await _alerts(reader, desk)]
        lines += await _refingerprinted(reader, desk)
        lines += await _watches(reader, desk, named=message.chat.type == "private")
        number, digest = await custody.head(reader)
    lines.append(Text(f"{words.custody_head(number)} ", Code(digest)))
    await desk.outgoing.reply(message, fitting(Bold(health.STATUS()), lines))


async def _troubles(reader: Reader) -> list[Text]:
    troubles = await settings.troubles(reader)
    if not troubles:
        return [Text(health.ALL_WELL())]
    return [Text(health.trouble(line(one.part, 40), line(one.message, 240), one.since)) for one in troubles]


async def _held(reader: Reader) -> list[Text]:
    held = await assets.coverage(reader)
    return [Text(words.searched(held.assets, held.channels, held.since))]


async def _queues(reader: Reader) -> list[Text]:
    waiting = []
    for queue, states in (await jobs.counts(reader)).items():
        parked = f", {health.parked(states['parked'])}" if states.get("parked") else ""
        waiting.append(f"{queue} {states.get('ready', 0) + states.get('running', 0)}{parked}")
    return [Text(f"{health.WAITING()} {'; '.join(waiting) or words.NOTHING()}")]


async def _refingerprinted(reader: Reader, desk: Desk) -> list[Text]:
    upgrade, now = await refingerprinting.upgrade(reader), desk.store.clock.now()
    if upgrade is None or upgrade.state == "done":
        return []
    end = upgrade.expected_end(now)
    return [Text(health.refingerprinted(upgrade.total - upgrade.left, upgrade.total, end - now if end else None))]


async def _alerts(reader: Reader, desk: Desk) -> list[Text]:
    ages = sorted(await alerts.ages(reader, desk.store.clock.now() - ALERTS_OF))
    if not ages:
        return [Text(health.NO_ALERTS())]
    middle, late = ages[len(ages) // 2], ages[int(0.95 * (len(ages) - 1))]
    return [Text(health.alert_ages(len(ages), timedelta(seconds=middle), timedelta(seconds=late)))]


async def _watches(reader: Reader, desk: Desk, *, named: bool) -> list[Text]:
    watched = await channels.watches(reader)
    states: dict[str, int] = {}
    for watch, _ in watched:
        states[watch.state] = states.get(watch.state, 0) + 1
    counted = ", ".join(f"{number} {health.watch_word(state)}" for state, number in sorted(states.items()))
    lines = [Text(f"{health.WATCHED()} {counted or words.NOTHING()}")]
    if not named:
        return lines
    for watch, channel in watched[:MOST_WATCHES]:
        reason = f" ({line(watch.state_reason, 60)})" if watch.state_reason else ""
        checked = await channels.reconciled_at(reader, channel.channel_id)
        age = health.checked(desk.store.clock.now() - checked) if checked else health.NOT_CHECKED()
        state, tier = health.watch_word(watch.state), health.watch_word(watch.tier)
        through = health.through_post(watch.contiguous_through)
        lines.append(Text(f"{line(channel.title, 40)}: {state}{reason}, {tier}, {through}, {age}"))
    return lines
