"""The stage of the story: the loopback Telegram, the service as a child process, and the people of the desk."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loopback.botapi import BotApiServer
from loopback.chat_nouns import Bot, Chat, Message
from loopback.mtproto import MTProtoServer
from loopback.nouns import Channel, Post
from loopback.people import Person
from loopback.world import World

PATIENCE = 45.0  # seconds that any one part of the story may take before the demo fails
GROUP_BUDGET = 18
ATTEMPTS = 40  # of a command that asks the service; each takes about a second

CONFIG = """\
state_dir = "state"

[telegram]
api_id = 12345
server = "127.0.0.1:{mtproto_port}"

[[accounts]]
name = "main"

[collect]
reconcile_every = "5 s"
poll_every = "2 s"
history_pause = "50 ms"
resolves_per_day = 200

[fetch]
disk_floor = "50 MB"

[bot]
base_url = "{bot_url}"
group_budget = {budget}

[[team]]
user_id = {olena}
name = "Olena"
role = "admin"

[[team]]
user_id = {marc}
name = "Marc"
role = "lead"

[[chats]]
chat_id = {desk}
sides = ["ua"]

[[chats]]
chat_id = {camps}
sides = ["ru", "ru-exile"]

[[chats]]
chat_id = {radio}
sides = ["ministry"]

[log]
format = "json"
"""


class StoryError(Exception):
    """A part of the story did not happen."""


@dataclass
class Stage:
    """Everything that the story needs within reach."""

    folder: Path
    world: World
    mtproto: MTProtoServer
    groups: tuple[Chat, ...]
    bot: Bot
    olena: Person
    marc: Person
    channels: dict[str, Channel] = field(default_factory=dict)
    patience: float = PATIENCE
    service: asyncio.subprocess.Process | None = None

    @property
    def config(self) -> Path:
        """The service's configuration."""
        return self.folder / "config.toml"

    async def firstseen(self, *arguments: str) -> str:
        """Run a firstseen command as an operator would; its output. A failure fails the story."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "firstseen",
            *arguments,
            "--config",
            str(self.config),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complained = await child.communicate()
        if child.returncode != 0:
            raise StoryError(f"firstseen {' '.join(arguments)}: exit {child.returncode}: {complained.decode().strip()}")
        return printed.decode()

    async def findings(self) -> list[dict[str, Any]]:
        """What the service found so far, one entry per media of a post."""
        found: list[dict[str, Any]] = json.loads(await self.firstseen("findings"))
        return found

    @property
    def run_command(self) -> tuple[str, ...]:
        """What systemd would start."""
        return (sys.executable, "-m", "firstseen", "run", "--config", str(self.config))

    async def start_service(self) -> None:
        """Start the service as systemd would, its log going to a file."""
        with (self.folder / "firstseen.log").open("ab") as log:
            self.service = await asyncio.create_subprocess_exec(*self.run_command, stdout=log, stderr=log)

    async def stop_service(self) -> None:
        """SIGTERM, as systemd stops it; the exit code must be 0."""
        if self.service is None:
            return
        self.service.send_signal(signal.SIGTERM)
        code = await self.service.wait()
        self.service = None
        if code != 0:
            raise StoryError(f"the service ended with exit code {code}; see {self.folder / 'firstseen.log'}")

    async def kill_service(self) -> None:
        """SIGKILL: the service gets no chance to tidy up."""
        if self.service is not None:
            self.service.kill()
            await self.service.wait()
            self.service = None

    async def until_watching(self, number: int) -> None:
        """Wait until the service watches so many channels, asking it as an operator would."""
        for _ in range(ATTEMPTS):
            watched = json.loads(await self.firstseen("watch", "list", "--json"))
            if len(watched["watches"]) == number:
                return
        raise StoryError(f"only {len(watched['watches'])} of {number} channels are watched: {watched['waiting']}")

    async def until_settled(self) -> None:
        """Wait until no job is left that may run now."""
        for _ in range(ATTEMPTS):
            queues = json.loads(await self.firstseen("jobs", "--json"))["queues"]
            if not any(states.get("ready", 0) + states.get("running", 0) for states in queues.values()):
                return
        raise StoryError(f"jobs are left: {queues}")

    async def until(self, what: str, condition: Any) -> None:
        """Wait for a fact of the world; a story that stands still says where."""
        try:
            await self.world.wait_until(condition, timeout=self.patience)
        except TimeoutError:
            alive = self.service is not None and self.service.returncode is None
            raise StoryError(f"did not happen within {self.patience:.0f} s: {what} (service alive: {alive})") from None

    def cards(self) -> Sequence[Message]:
        """The cards that the groups show now."""
        return [message for group in self.groups for message in group.messages if message.buttons]

    def card_of(self, post: Post) -> Message | None:
        """The oldest card that leads to a post."""
        address = f"https://t.me/{post.channel.username}/{post.id}"
        leading = (card for card in self.cards() if address in {style.url for style in card.entities})
        return min(leading, key=lambda card: card.date, default=None)


@asynccontextmanager
async def set_stage(folder: Path) -> AsyncIterator[Stage]:
    """Open the theatre in an empty ``folder``; everything that was started ends with it."""
    world = World(seed=2024)
    collector = world.add_user("Collector")
    bot = world.chats.bot("Firstseen", "firstseen_demo_bot")
    olena, marc = world.chats.person("Olena"), world.chats.person("Marc")
    team: list[Person | Bot] = [olena, marc, bot]
    desk, camps, radio = (world.chats.group(title, members=team) for title in ("Desk", "Camps", "Radio"))
    async with MTProtoServer(world) as mtproto, BotApiServer(world) as bot_api:
        stage = Stage(folder, world, mtproto, (desk, camps, radio), bot, olena, marc)
        _furnish(folder)
        mtproto.mint_session_file(collector, folder / "state" / "sessions" / "main.session")
        text = CONFIG.format(
            mtproto_port=mtproto.port,
            bot_url=bot_api.url,
            olena=olena.id,
            marc=marc.id,
            desk=desk.id,
            camps=camps.id,
            radio=radio.id,
            budget=GROUP_BUDGET,
        )
        stage.config.write_text(text, encoding="utf-8")
        _secret(folder / "secrets" / "api_hash", "0123456789abcdef0123456789abcdef")
        _secret(folder / "secrets" / "bot_token", bot.token)
        try:
            yield stage
        finally:
            if stage.service is not None and stage.service.returncode is None:
                stage.service.kill()
                await stage.service.wait()


def _furnish(folder: Path) -> None:
    for part in ("state", "state/sessions", "secrets", "cards"):
        (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(folder / part, 0o700)  # noqa: PTH101 -- mkdir's mode is subject to the umask


def _secret(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def joined(stage: Stage, title: str, username: str, name: str) -> Channel:
    """A channel that the collecting account follows."""
    member = next(iter(stage.world.users.values()))
    channel = stage.world.add_channel(title, username, members=[member])
    stage.channels[name] = channel
    return channel


def link(post: Post) -> tuple[int, int]:
    """A post's key."""
    return (post.channel.id, post.id)
