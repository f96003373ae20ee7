"""A burst of media posts into one group of 18 messages a minute, with the bot cut off in the middle.

python -m benchmarks.burst [posts] [seconds]

Clocks are stepped, so a run takes what the work takes. The server is the loopback Bot API, which refuses (and counts)
whatever is over Telegram's limits. The bot is cut off halfway: its tasks end where they are, and another one goes on.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import structlog
from pydantic import SecretStr

from core.clock import Clock
from core.config import BotSection, Chat, Config, TeamMember
from loopback.botapi import BotApiServer
from loopback.world import World
from storage.opening import open_store
from tests.bot.bursts import burst
from tests.bot.newsroom import START, Drawer, Newsroom, Oracle


async def main(posts: int, over: int) -> bool:
    """Run it once and print what came of it; whether nothing is missing and nothing was refused."""
    world = World()
    with tempfile.TemporaryDirectory() as folder:
        async with BotApiServer(world) as server, open_store(Path(folder), Clock()) as store:
            me, olena = world.chats.bot(), world.chats.person("Olena")
            group = world.chats.group("Desk", [olena, me])
            world.clock.set(START)
            store.clock.advance(START - store.clock.now())
            config = Config(
                bot=BotSection(base_url=server.url),
                team=(TeamMember(user_id=olena.id, name="Olena", role="lead"),),
                chats=(Chat(chat_id=group.id),),
                bot_token=SecretStr(me.token),
            )
            stage = Newsroom(world, server, store, me, group, config, Drawer(store), Oracle(), olena, olena, olena)
            began = time.perf_counter()
            told = await burst(stage, posts, over=over, cut_after=over // 2)
    print(told.spoken)
    print(f"took {time.perf_counter() - began:.0f} s by the wall; missing: {len(told.missing)}")
    return not told.missing and not told.refusals


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    numbers = [int(one) for one in sys.argv[1:3]]
    sys.exit(not asyncio.run(main(*(numbers + [1000, 60][len(numbers) :]))))
