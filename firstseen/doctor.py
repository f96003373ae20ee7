"""``firstseen doctor``: is this machine, configuration and state fit for use? Each check says so in words."""

import importlib.metadata
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from core import config as configuration
from core.clock import Clock
from core.config import Config
from core.errors import ConfigError, FirstseenError
from core.units import format_size
from fingerprints.child import Isolation, posture
from firstseen import fences
from storage.opening import is_held, open_store
from storage.sqlite import ENGINE_VERSION

State = Literal["good", "weaker", "wrong"]
FIXED_WAL = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
LIBRARIES = ("telethon", "cryptg", "aiogram", "aiosqlite", "imagehash", "av", "yt-dlp", "structlog")


@dataclass(frozen=True, slots=True)
class Check:
    """One line: good, weaker (works, with less than wished) or wrong (a person must act)."""

    name: str
    state: State
    words: str

    def as_json(self) -> dict[str, str]:
        """For programs."""
        return asdict(self)


async def examine(path: Path) -> list[Check]:
    """Run every check that is possible as things stand."""
    checks = [_python(), _sqlite(), *_libraries()]
    try:
        config = configuration.load(path)
        fences.check_names(config)
    except ConfigError as error:
        checks += _isolation(Config())
        return [*checks, *(Check("configuration", "wrong", f"{error.where}: {problem}") for problem in error.problems)]
    return [
        *checks,
        *_isolation(config),
        Check("configuration", "good", f"{path}: {_summary(config)}"),
        _state_dir(config),
        _disk(config),
        *_sessions(config),
        _bot(config),
        await _database(config),
    ]


def _python() -> Check:
    words = f"Python {sys.version.split()[0]}"
    return Check("python", "good" if sys.version_info >= (3, 11) else "wrong", words)


def _sqlite() -> Check:
    version, shown = ENGINE_VERSION, ".".join(map(str, ENGINE_VERSION))
    if version >= FIXED_WAL[0] or any(version[:2] == fixed[:2] and version >= fixed for fixed in FIXED_WAL):
        return Check("sqlite", "good", f"SQLite {shown}")
    words = f"SQLite {shown} has the WAL-reset bug; firstseen avoids it by one writing process"
    return Check("sqlite", "weaker", words)


def _libraries() -> list[Check]:
    checks = []
    for name in LIBRARIES:
        try:
            checks.append(Check(name, "good", importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            checks.append(Check(name, "wrong", f"not installed: pip install {name}"))
    return checks


def _isolation(config: Config) -> list[Check]:
    """Which layers really hold a decoder: tried on this kernel, not guessed. One that is required must."""
    with Isolation(slots=1) as isolation:
        layers = posture(isolation)
    return [_fence(name, active=active, required=name in config.media.isolation) for name, active in layers.items()]


def _fence(name: str, *, active: bool, required: bool) -> Check:
    if active:
        return Check(f"isolation: {name}", "good", "active")
    words = "not available here" + (", and required by media.isolation" if required else "")
    return Check(f"isolation: {name}", "wrong" if required else "weaker", words)


def _summary(config: Config) -> str:
    parts = [
        f"{len(config.accounts)} account(s)",
        f"{len(config.team)} member(s)",
        f"{len(config.chats)} chat(s)",
        "bot token present" if config.alerts else "no bot token: no alerts",
    ]
    return ", ".join(parts)


def _state_dir(config: Config) -> Check:
    folder = config.state_dir
    if not folder.is_dir():
        return Check("state directory", "wrong", f"{folder}: missing; run `firstseen init` or mkdir -m 700 {folder}")
    if folder.stat().st_mode & 0o077:
        return Check("state directory", "wrong", f"{folder}: readable by others; run chmod 700 {folder}")
    if not os.access(folder, os.W_OK):
        return Check("state directory", "wrong", f"{folder}: this user can't write there")
    return Check("state directory", "good", str(folder))


def _disk(config: Config) -> Check:
    if not config.state_dir.is_dir():
        return Check("disk", "wrong", "no state directory to measure")
    free = shutil.disk_usage(config.state_dir).free
    state: State = (
        "good" if free > 2 * config.fetch.disk_floor else "weaker" if free > config.fetch.disk_floor else "wrong"
    )
    return Check(
        "disk", state, f"{format_size(free)} free; downloads wait below {format_size(config.fetch.disk_floor)}"
    )


def _sessions(config: Config) -> list[Check]:
    return [_session(config.session_path(account.name), account.name) for account in config.accounts]


def _session(path: Path, name: str) -> Check:
    if not path.exists():
        return Check(f"account {name}", "wrong", f"not signed in: run `firstseen login {name}`")
    if path.stat().st_mode & 0o077:
        return Check(f"account {name}", "wrong", f"{path}: readable by others; run chmod 600 {path}")
    return Check(f"account {name}", "good", "session present, readable by its owner alone")


def _bot(config: Config) -> Check:
    if not config.alerts:
        return Check("bot", "weaker", "no token in secrets/bot_token: nobody is alerted")
    if not config.chats or not config.team:
        return Check("bot", "wrong", "a token without [[team]] and [[chats]] alerts nobody")
    return Check("bot", "good", f"answers {len(config.team)} member(s) through {config.bot.base_url}")


async def _database(config: Config) -> Check:
    if is_held(config.state_dir):
        return Check("database", "good", "held by the running service")
    if not config.state_dir.is_dir():
        return Check("database", "wrong", "no state directory to keep it in")
    try:
        async with open_store(config.state_dir, Clock()):
            return Check("database", "good", "opens, schema is current")
    except FirstseenError as error:
        return Check("database", "wrong", str(error))
