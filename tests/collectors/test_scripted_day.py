"""A seeded day of posts, edits, deletions and faults: what is stored equals the world, and the ledger is true."""

import random
from datetime import timedelta

import pytest

from loopback.faults import Cut, Fault, Flood, Silence
from loopback.mtproto import MTProtoServer
from loopback.nouns import Channel, Post, User
from loopback.world import World
from storage import channels, ledger, posts
from tests.collectors.conftest import Desk

STEPS = 150
STEP = timedelta(minutes=9)
CALLS = ("messages.getHistory", "messages.getPeerDialogs", "updates.getChannelDifference", "updates.getDifference")
BUDGETS = {"messages.getDialogs": 5, "contacts.resolveUsername": 5, "messages.getHistory": 600}


class Day:
    """What happens in the world, by one seed."""

    def __init__(self, seed: int, world: World, server: MTProtoServer, watched: list[Channel]) -> None:
        self.random = random.Random(seed)
        self.world = world
        self.server = server
        self.watched = watched
        self.posts: list[Post] = []

    def step(self) -> None:
        """One thing happens: mostly posts, now and then an edit, a deletion or a fault."""
        channel, dice = self.random.choice(self.watched), self.random.random()
        alive = [post for post in self.posts[-60:] if not post.deleted]
        if dice < 0.6 or not alive:
            self.posts += [
                self.world.post(channel, f"post {len(self.posts)}") for _ in range(self.random.randint(1, 4))
            ]
        elif dice < 0.7:
            self.world.edit(self.random.choice(alive), f"edited at {len(self.posts)}")
        elif dice < 0.8:
            self.world.delete(self.random.choice(alive))
        else:
            self._fault(dice)

    def _fault(self, dice: float) -> None:
        if dice < 0.86:
            self.world.faults.add(face="mtproto", call="push", what=Silence(), times=self.random.randint(1, 3))
        elif dice < 0.92:
            self.server.drop_connections()
        else:
            faults: list[Fault] = [Flood(self.random.choice([5, 60, 900])), Cut(), Cut(served=True)]
            what = self.random.choice(faults)
            self.world.faults.add(face="mtproto", call=self.random.choice(CALLS), what=what)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_day_is_stored_as_it_was(
    seed: int, desk: Desk, world: World, mtproto: MTProtoServer, reader: User
) -> None:
    """Every post, version and deletion of the day is there, within the budgets, and nothing was written to Telegram."""
    watched = [world.add_channel(f"Channel {number}", f"channel_{number}", members=[reader]) for number in range(4)]
    async with desk.running():
        await desk.watch(*watched)
        day = Day(seed, world, mtproto, watched)
        for _ in range(STEPS):
            day.step()
            desk.store.clock.advance(STEP)
            world.clock.advance(STEP)
            await desk.store.jobs_ready.wait(desk.store.jobs_ready.turn, 0.01)  # let the collectors live in it
        world.faults.clear()

        async def same() -> bool:
            desk.store.clock.advance(timedelta(minutes=10))
            world.clock.advance(timedelta(minutes=10))
            return all([await differences(desk, channel) == [] for channel in watched])

        try:
            await desk.until(same, seconds=60)
        except TimeoutError:
            raise AssertionError([await differences(desk, channel) for channel in watched]) from None
        for channel in watched:
            await check_ledger(desk, channel)
    assert world.writes() == []
    for call, budget in BUDGETS.items():
        assert len(world.served(call)) <= budget, call


async def differences(desk: Desk, channel: Channel) -> list[str]:
    """In what the stored posts of a channel differ from the world's."""
    found = []
    async with desk.store.database.reader() as reader:
        for post in channel.posts.values():
            stored = await posts.post(reader, channel.id, post.id)
            if stored is None:
                found += [] if post.deleted else [f"{post.id} is missing"]
            elif (stored.deleted_at is not None) != post.deleted:
                found.append(f"{post.id} is deleted: {post.deleted}")
            elif not post.deleted and stored.post.text != post.text:
                found.append(f"{post.id} says {stored.post.text}")
    return found


async def check_ledger(desk: Desk, channel: Channel) -> None:
    """What the ledger calls complete is stored or was deleted unseen, and those it names as asked and empty."""
    async with desk.store.database.reader() as reader:
        span = await ledger.open_span(reader, channel.id)
        empty = [gap for gap in await channels.gaps(reader, channel.id) if gap.reason == "asked, empty"]
        recorded = await posts.recorded(reader, channel.id, 0, 2**31)
    assert span is not None
    for number in range(span.after_message + 1, span.through_message + 1):
        if number not in recorded:
            assert channel.posts[number].deleted
            assert any(gap.after_message < number <= gap.through_message for gap in empty)
    alive = [post.id for post in channel.posts.values() if not post.deleted]
    assert span.through_message >= max(alive, default=0)
