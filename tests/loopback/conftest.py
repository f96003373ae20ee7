"""Pictures, people and chats for the loopback's own tests."""

import io
from collections.abc import Callable

import pytest
from PIL import Image

from loopback.chat_nouns import Bot, Chat
from loopback.people import Person
from loopback.world import World


@pytest.fixture
def jpeg() -> Callable[..., bytes]:
    """Makes JPEG pictures of a size and a shade."""

    def made(width: int = 320, height: int = 180, shade: int = 128) -> bytes:
        written = io.BytesIO()
        Image.linear_gradient("L").resize((width, height)).point(lambda v: (v + shade) % 256).save(written, "JPEG")
        return written.getvalue()

    return made


@pytest.fixture
def olena(world: World) -> Person:
    """A person."""
    return world.chats.person("Olena")


@pytest.fixture
def desk_bot(world: World) -> Bot:
    """A bot."""
    return world.chats.bot()


@pytest.fixture
def desk(world: World, olena: Person, desk_bot: Bot) -> Chat:
    """A supergroup that Olena owns, with the bot in it."""
    return world.chats.group("Desk", [olena, desk_bot])
