"""A collecting account against the loopback Telegram, as the service would run it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from collectors.account import Account
from collectors.asking import Asking
from collectors.backfill import BackfillPart
from collectors.fetch import FetchStep, InHand
from collectors.intake import Intake, Policy
from collectors.live import Live
from collectors.pace import Ceiling, Limits, Pace, limits
from collectors.reconcile import Reconciler
from collectors.wishes import Wishes
from core.config import Collect, Fetch, Telegram
from core.model import Tier
from loopback.mtproto import MTProtoServer
from loopback.nouns import Channel, User
from loopback.world import World
from pipeline import worker
from storage import channels, posts
from storage.opening import Store
from storage.posts import StoredPost
from tests.telegram import API_HASH, API_ID

NAME = "watcher"
TELEGRAM = Telegram(api_id=API_ID, request_timeout="5 s")
COLLECT = Collect(history_pause="0 s", backfill_pause="0 s")


@pytest.fixture
def reader(world: World) -> User:
    """The account that collects."""
    return world.add_user("Olena")


@pytest.fixture
def news(world: World, reader: User) -> Channel:
    """A channel that the account has joined."""
    return world.add_channel("News", "somenews", members=[reader])


@pytest.fixture
def session(mtproto: MTProtoServer, reader: User, tmp_path: Path) -> Path:
    """The account's session file, in a folder nobody else may read."""
    folder = tmp_path / "sessions"
    folder.mkdir(mode=0o700)
    return mtproto.mint_session_file(reader, folder / f"{NAME}.session")


@dataclass
class Desk:
    """One collecting account with all its parts over a store."""

    world: World
    store: Store
    session: Path
    telegram: Telegram = TELEGRAM
    collect: Collect = COLLECT
    fetching: Fetch = field(default_factory=Fetch)
    policy: Policy = field(default_factory=Policy)
    paces: Limits = field(default_factory=lambda: limits(1000))
    asking: Asking = field(default_factory=Asking)

    def __post_init__(self) -> None:
        self.build()

    def build(self) -> None:
        """Make the parts anew, as a new process would."""
        pace = Pace(self.store, NAME, self.paces, Ceiling(self.store.clock))
        self.account = Account(
            NAME, self.session, telegram=self.telegram, api_hash=API_HASH, store=self.store, pace=pace
        )
        intake = Intake(self.policy)
        Live(self.account, self.store, intake, self.asking)
        self.parts: list[Any] = [
            self.account,
            Reconciler(self.account, self.store, intake, self.collect, self.asking),
            BackfillPart(self.account, self.store, intake, self.collect),
            Wishes([(self.account, self.asking)], self.store, self.collect),
        ]
        in_hand = InHand()
        self.steps = [
            FetchStep(self.store, {NAME: self.account}, self.fetching, large=large, in_hand=in_hand)
            for large in (False, True)
        ]

    @asynccontextmanager
    async def running(self, *, fetch: bool = False) -> AsyncIterator["Desk"]:
        """Run the parts (with ``fetch``: the steps too) inside, and stop them as the service does."""
        stop = asyncio.Event()
        running = [*self.parts, *(worker.parts(self.steps, self.store) if fetch else [])]
        async with asyncio.TaskGroup() as group:
            for part in running:
                group.create_task(part.run(stop), name=part.name)
            try:
                await self.until(self.is_online)
                yield self
            finally:
                stop.set()
                self.store.jobs_ready.wake()

    async def is_online(self) -> bool:
        """Whether the account is connected."""
        return self.account.online.is_set()

    async def until(self, condition: Callable[[], Awaitable[object]], seconds: float = 10.0) -> None:
        """Return once ``condition`` holds, looking again whenever storage or the world stirred."""
        async with asyncio.timeout(seconds):
            while not await condition():
                seen = self.store.jobs_ready.turn
                await self.store.jobs_ready.wait(seen, 0.02)

    async def watch(self, *watched: Channel) -> None:
        """Wish for channels and wait until each is watched and read."""
        now = self.store.clock.now()
        async with self.store.database.transaction() as tx:
            for channel in watched:
                name = channel.username or str(channel.id)
                await channels.wish(tx, name, Tier.JOINED, "", "", "test", now)

        async def reconciled() -> bool:
            sql = "SELECT channel_id FROM watch WHERE reconciled_at IS NOT NULL"
            async with self.store.database.reader() as reader:
                done = {row["channel_id"] for row in await reader.all(sql)}
            return {channel.id for channel in watched} <= done

        await self.until(reconciled)

    async def post(self, channel: Channel, message_id: int) -> StoredPost | None:
        """A stored post."""
        async with self.store.database.reader() as reader:
            return await posts.post(reader, channel.id, message_id)

    async def held(self, channel: Channel) -> list[int]:
        """The ids stored of a channel."""
        async with self.store.database.reader() as reader:
            return sorted(await posts.known_ids(reader, channel.id, 0, 2**31))

    async def until_held(self, channel: Channel, ids: list[int]) -> None:
        """Wait until exactly these posts of a channel are stored."""

        async def same() -> bool:
            return await self.held(channel) == ids

        try:
            await self.until(same)
        except TimeoutError:
            raise AssertionError(f"held {await self.held(channel)}, wanted {ids}") from None


@pytest.fixture
def desk(world: World, store: Store, session: Path) -> Desk:
    """The account with its parts, not yet running."""
    return Desk(world, store, session)
