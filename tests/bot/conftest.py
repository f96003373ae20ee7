"""A newsroom at work for every test of the bot."""

from collections.abc import AsyncIterator

import pytest
import structlog
from pydantic import SecretStr

from core.config import BotSection, Chat, Config, TeamMember
from loopback.botapi import BotApiServer
from loopback.world import World
from pipeline.gazetteer import Gazetteer, world
from storage.opening import Store
from tests.bot.newsroom import START, Drawer, Newsroom, Oracle

structlog.configure(  # as in production, tracebacks without local variables: drawing those takes seconds
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture
def stage(world: World, botapi: BotApiServer, store: Store) -> Newsroom:
    """A newsroom whose bot does not run yet: a lead, a tagger and a viewer in one group."""
    me = world.chats.bot()
    olena, taras, ivan = (world.chats.person(name) for name in ("Olena", "Taras", "Ivan"))
    group = world.chats.group("Desk", [olena, taras, ivan, me])
    world.clock.stop()
    world.clock.set(START)
    store.clock.advance(START - store.clock.now())
    config = Config(
        bot=BotSection(base_url=botapi.url),
        team=(
            TeamMember(user_id=olena.id, name="Olena", role="lead"),
            TeamMember(user_id=taras.id, name="Taras", role="tagger"),
            TeamMember(user_id=ivan.id, name="Ivan", role="viewer"),
        ),
        chats=(Chat(chat_id=group.id),),
        bot_token=SecretStr(me.token),
    )
    return Newsroom(world, botapi, store, me, group, config, Drawer(store), Oracle(), olena, taras, ivan)


@pytest.fixture
async def newsroom(stage: Newsroom) -> AsyncIterator[Newsroom]:
    """A newsroom at work."""
    async with stage.at_work():
        yield stage


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    """The names of places, read before anybody waits for an alarm."""
    return world()
