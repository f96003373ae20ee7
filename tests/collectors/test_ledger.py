"""What the ledger says of a collecting account's life, and what is done about silence."""

from datetime import datetime, timedelta

import pytest

from collectors.rhythm import learn
from firstseen import ledger as command
from loopback.faults import Silence
from loopback.mtproto import MTProtoServer
from loopback.nouns import Channel
from loopback.world import World
from storage import channels, ledger, settings
from storage.ledger import Interruption
from tests.collectors.conftest import Desk
from tests.storage.made import NOW

HOUR = timedelta(hours=1)


async def interruptions(desk: Desk, channel: Channel) -> tuple[Interruption, ...]:
    """When the channel was not seen."""
    async with desk.store.database.reader() as reader:
        return await ledger.interruptions(reader, channel.id)


async def until_read_back(desk: Desk, channel: Channel, count: int = 1) -> tuple[Interruption, ...]:
    """Wait until the channel was interrupted ``count`` times, and none lasts."""

    async def over() -> bool:
        found = await interruptions(desk, channel)
        return len(found) == count and all(one.ended_at for one in found)

    await desk.until(over)
    return await interruptions(desk, channel)


async def test_the_time_while_stopped_is_unseen_until_it_is_read_back(desk: Desk, world: World, news: Channel) -> None:
    """A start after an outage of hours says from when to when nothing was seen, and that it was read back."""
    async with desk.running():
        await desk.watch(news)
        first = world.post(news, "seen live")
        await desk.until_held(news, [first.id])
    stopped = desk.store.clock.now()
    desk.store.clock.advance(6 * HOUR)
    world.clock.advance(6 * HOUR)
    missed = world.post(news, "while stopped")
    desk.build()
    async with desk.running():
        await desk.until_held(news, [first.id, missed.id])
        (outage,) = await until_read_back(desk, news)
        (entry,) = await command.read(desk.store, {"channel": "somenews"}, _silent)
    assert outage.reason == "firstseen was not running"
    assert outage.began_at <= stopped
    assert outage.ended_at is not None
    assert outage.ended_at >= stopped + 6 * HOUR
    assert [(one["tier"], one["through"]) for one in entry["watched"]] == [("joined", missed.id)]
    assert any("read back, but for what was posted and deleted within it" in line for line in command.told([entry]))


async def _silent(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


async def test_an_outage_of_telegram_is_unseen(desk: Desk, world: World, news: Channel, mtproto: MTProtoServer) -> None:
    """While the server is away the ledger shows a lasting interruption; it ends once the channel is read back."""
    async with desk.running():
        await desk.watch(news)
        await mtproto.stop()

        async def lasting() -> bool:
            return [one.ended_at for one in await interruptions(desk, news)] == [None]

        await desk.until(lasting)
        missed = world.post(news, "during the outage")
        await mtproto.start()
        desk.store.clock.advance(timedelta(minutes=5))
        await desk.until_held(news, [missed.id])
        (outage,) = await until_read_back(desk, news)
        assert outage.reason == "the account was not connected"


async def test_updates_that_stop_coming_are_noticed_on_the_rota(desk: Desk, world: World, news: Channel) -> None:
    """Connected and silent: one request for all channels finds what push did not bring, and the gap says so."""
    async with desk.running():
        await desk.watch(news)
        world.faults.add(face="mtproto", call="push", what=Silence(), times=None)
        missed = world.post(news, "never pushed")
        desk.store.clock.advance(timedelta(seconds=desk.collect.reconcile_every))
        await desk.until_held(news, [missed.id])

        async def noted() -> bool:
            async with desk.store.database.reader() as reader:
                reasons = [gap.reason for gap in await channels.gaps(reader, news.id) if gap.closed_at]
            return "a post was there that updates had not brought" in reasons

        await desk.until(noted)


async def test_lost_deletions_and_edits_are_found_on_the_rota(desk: Desk, world: World, news: Channel) -> None:
    """What changed without an update is a version or a deletion after the next re-check."""
    async with desk.running():
        await desk.watch(news)
        posted = [world.post(news, f"post {number}") for number in range(3)]
        await desk.until_held(news, [post.id for post in posted])
        world.faults.add(face="mtproto", call="push", what=Silence(), times=None)
        world.delete(posted[0])
        world.edit(posted[1], "other words")
        desk.store.clock.advance(timedelta(seconds=desk.collect.recheck_every))
        await desk.until_held(news, [posted[1].id, posted[2].id])
        edited = await desk.post(news, posted[1].id)
        assert edited is not None
        assert (edited.post.text, edited.version) == ("other words", 2)


async def test_a_silent_channel_is_looked_at_and_told(desk: Desk, world: World, news: Channel) -> None:
    """A channel that breaks its own rhythm is named with its longest pause, until it posts again."""
    start = world.clock.now()
    old = [world.post(news, f"post {number}", date=start - (20 - number) * HOUR) for number in range(15)]

    async def told() -> list[str]:
        async with desk.store.database.reader() as reader:
            return [one.message for one in await settings.troubles(reader) if one.part == f"silence {news.id}"]

    async with desk.running():
        await desk.watch(news)
        desk.store.clock.advance(HOUR)
        world.clock.advance(HOUR)
        await desk.until(told)
        assert "its longest pause before was 1 h" in (await told())[0]
        made = world.post(news, "still here")
        await desk.until_held(news, [*(post.id for post in old), made.id])
        desk.store.clock.advance(timedelta(minutes=3))

        async def well() -> bool:
            return not await told()

        await desk.until(well)


RHYTHMS: list[tuple[str, list[float], tuple[float, float] | None]] = [
    ("too few posts teach nothing", [1.0] * 8, None),
    ("an hourly channel is looked at after four hours", [1.0] * 12, (4.0, 6.0)),
    ("a busy one after five minutes", [0.01] * 20, (1 / 12, 6.0)),
    ("nights are part of the rhythm", [0.5] * 12 + [9.0] + [0.5] * 5, (2.0, 18.0)),
]


@pytest.mark.parametrize(("_case", "pauses", "hours"), RHYTHMS, ids=[case for case, _pauses, _hours in RHYTHMS])
def test_a_rhythm_is_learnt(_case: str, pauses: list[float], hours: tuple[float, float] | None) -> None:
    """How long a silence may last follows from the pauses between earlier posts."""
    times: list[datetime] = [NOW]
    for pause in pauses:
        times.append(times[-1] + pause * HOUR)
    learnt = learn(times)
    found = learnt and (learnt.look_after / HOUR, learnt.tell_after / HOUR)
    assert found == (pytest.approx(hours) if hours else None)
