"""What an account pushes into storage, and what it reads back by itself."""

from loopback.nouns import Channel
from loopback.world import World
from tests.collectors.conftest import Desk


async def test_a_new_post_is_stored_as_it_is_pushed(desk: Desk, world: World, news: Channel) -> None:
    """A post of a watched channel is in storage by the push alone, word for word."""
    async with desk.running():
        await desk.watch(news)
        asked = len(world.served("messages.getHistory"))
        made = world.post(news, "Колонна движется на север")
        await desk.until_held(news, [made.id])
        stored = await desk.post(news, made.id)
        assert stored is not None
        assert (stored.post.text, stored.capture) == ("Колонна движется на север", "live")
        assert len(world.served("messages.getHistory")) == asked
