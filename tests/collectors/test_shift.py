"""Several accounts share the watches, and what happens when Telegram ends one of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from pydantic import SecretStr

from collectors.parts import build_collectors
from core.config import AccountEntry, Config, Telegram
from core.errors import AccountError
from core.model import Tier
from loopback.mtproto import MTProtoServer
from loopback.nouns import Channel, User
from loopback.world import World
from storage import channels, ledger, posts, settings
from storage.opening import Store
from tests.collectors.conftest import COLLECT
from tests.telegram import API_HASH, API_ID


class Team:
    """Two accounts over one store, as the service runs them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.config = Config(
            state_dir=store.state_dir,
            telegram=Telegram(api_id=API_ID, request_timeout="5 s"),
            accounts=(AccountEntry(name="one"), AccountEntry(name="two")),
            collect=COLLECT,
            api_hash=SecretStr(API_HASH),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run every part inside."""
        stop = asyncio.Event()
        parts, _steps = build_collectors(self.config, self.store)
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part.run(stop), name=part.name)
            try:
                yield
            finally:
                stop.set()
                self.store.jobs_ready.wake()

    async def until(self, condition: Callable[[], Awaitable[object]]) -> None:
        """Return once ``condition`` holds; time passes meanwhile, so that what is due is done."""
        async with asyncio.timeout(15):
            while not await condition():
                self.store.clock.advance(timedelta(seconds=2))
                await self.store.jobs_ready.wait(self.store.jobs_ready.turn, 0.02)

    async def all_seen(self) -> bool:
        """Whether every account was connected."""
        async with self.store.database.reader() as reader:
            return all([await settings.get(reader, f"seen {account.name}") for account in self.config.accounts])

    async def watched_by(self, channel: Channel) -> str:
        """The account that watches a channel; empty for nobody."""
        async with self.store.database.reader() as reader:
            watch = await channels.watch(reader, channel.id)
        return watch.account if watch and watch.state == "active" else ""

    async def held(self, channel: Channel) -> list[int]:
        """The ids stored of a channel."""
        async with self.store.database.reader() as reader:
            return sorted(await posts.known_ids(reader, channel.id, 0, 2**31))


@pytest.fixture
def people(world: World) -> tuple[User, User]:
    """The people behind the accounts."""
    return world.add_user("Olena"), world.add_user("Marc")


@pytest.fixture
def team(store: Store, mtproto: MTProtoServer, people: tuple[User, User]) -> Team:
    """The accounts, signed in."""
    made = Team(store)
    for user, name in zip(people, ("one", "two"), strict=True):
        path = made.config.session_path(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        mtproto.mint_session_file(user, path)
    return made


async def test_the_watches_of_a_lost_account_move(team: Team, world: World, people: tuple[User, User]) -> None:
    """A channel goes to the account that has joined it; when that is banned the other goes on at the same cursor."""
    public = world.add_channel("Public", "public_news", members=[people[1]])
    made = [world.post(public, f"before {number}") for number in range(3)]

    async def by(account: str) -> bool:
        return await team.watched_by(public) == account

    async def all_held() -> bool:
        return await team.held(public) == [post.id for post in made]

    async with team.running():
        await team.until(team.all_seen)
        async with team.store.database.transaction() as tx:
            await channels.wish(tx, "public_news", Tier.JOINED, "ru", "", "test", team.store.clock.now())
        await team.until(lambda: by("two"))
        await team.until(all_held)
        world.end_sessions(people[1], 401, "USER_DEACTIVATED_BAN")
        made += [world.post(public, f"between {number}") for number in range(50)]
        await team.until(lambda: by("one"))
        await team.until(all_held)
        async with team.store.database.reader() as reader:
            troubles = {trouble.part: trouble.message for trouble in await settings.troubles(reader)}
            spans = await ledger.spans(reader, public.id)
    assert "is banned by Telegram" in troubles["account two"]
    assert "its 1 watches were handed to the other accounts" in troubles["account two"]
    assert [(span.account, span.tier) for span in spans] == [("two", Tier.JOINED), ("one", Tier.POLL)]
    assert spans[0].through_message == spans[1].after_message
    assert world.writes() == []


async def test_the_last_account_ends_the_service(team: Team, world: World, people: tuple[User, User]) -> None:
    """When nobody is left to collect a person must act, and systemd is told so."""
    for user in people:
        world.end_sessions(user)

    async def collect() -> None:
        async with team.running():
            await asyncio.Event().wait()

    with pytest.raises(BaseExceptionGroup) as told:
        await collect()
    assert told.group_contains(AccountError, match="ended from another device")
