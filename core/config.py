"""config.toml and credentials → Config: typed, frozen, unknown keys refused, all errors named at once."""

import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from core.errors import ConfigError
from core.model import MediaKind, Role, Tier, Verdict
from core.units import Duration, Size, format_duration, parse_duration, parse_size

CREDENTIALS = ("api_hash", "bot_token")


def duration(text: str) -> float:
    """A default written as people write it."""
    return parse_duration(text)


def size(text: str) -> int:
    """A default written as people write it."""
    return parse_size(text)


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Telegram(Section):
    """How the collecting accounts reach Telegram."""

    api_id: int = Field(
        0, ge=0, description="Your own application's id, from my.telegram.org; 0 = no account collects."
    )
    device_model: str = Field("firstseen", min_length=1, description="What the account's list of devices shows.")
    request_timeout: Duration = Field(
        duration("60 s"), gt=0, description="How long one request may take before it is tried again."
    )
    server: str = Field("", description="host:port of another Telegram server, loopback only; empty = Telegram itself.")
    server_key: str = Field("", description="File with that server's public RSA key (PEM); needed only for login.")

    @field_validator("server")
    @classmethod
    def _loopback_only(cls, server: str) -> str:
        if not server:
            return server
        host, _, port = server.rpartition(":")
        try:
            fit = ip_address(host).is_loopback and 0 < int(port) < 65536
        except ValueError:
            fit = False
        if not fit:
            raise ValueError("must be a loopback address and port, like 127.0.0.1:4430")
        return server


class AccountEntry(Section):
    """A Telegram user session that collects, read-only."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$", description="Its name in logs and in the session file.")]


class Collect(Section):
    """How channels are watched."""

    reconcile_every: Duration = Field(
        duration("15 min"),
        gt=0,
        description="How often the newest post of each channel is compared with what is stored.",
    )
    recheck_every: Duration = Field(
        duration("2 h"), gt=0, description="How often recent posts are re-checked for edits and deletions, at least."
    )
    poll_every: Duration = Field(
        duration("60 s"), gt=0, description="How often channels that no account has joined are asked."
    )
    preview_every: Duration = Field(
        duration("2 min"), gt=0, description="How often the public pages of channels without an account are read."
    )
    preview_address: str = Field(
        "https://t.me", pattern=r"^https?://", description="Where public pages are; change it for a mirror of your own."
    )
    look_back: int = Field(20, ge=0, le=1000, description="How many earlier posts of a newly watched channel are read.")
    recheck: int = Field(
        100, ge=0, le=1000, description="How many recent posts are re-checked for edits and deletions."
    )
    history_pause: Duration = Field(
        duration("1 s"), ge=0, description="Pause between two pages when a gap is read back."
    )
    backfill_pause: Duration = Field(duration("3 s"), ge=0, description="Pause between two pages of older history.")
    resolves_per_day: int = Field(40, ge=1, le=200, description="How many channel names may be looked up in a day.")
    protected: Literal["metadata", "fingerprint", "archive"] = Field(
        "metadata",
        description="Channels that forbid copying: keep metadata, a fingerprint without the file, or archive the file.",
    )

    def delay(self, tier: Tier) -> str:
        """How long after it was posted a post of a channel watched so is here, in words."""
        match tier:
            case Tier.JOINED | Tier.FAST:
                return "seconds"
            case Tier.POLL:
                return f"up to {format_duration(self.poll_every)}"
            case Tier.PREVIEW:
                return f"up to {format_duration(self.preview_every)}"
            case Tier.IMPORTED:
                return "not watched"


class Fetch(Section):
    """Which files are downloaded, and how."""

    photo_max: Size = Field(size("50 MB"), gt=0, description="Larger photos are recorded but not fetched.")
    video_max: Size = Field(size("2 GB"), gt=0, description="Larger videos are recorded but not fetched.")
    sound_max: Size = Field(
        size("500 MB"), gt=0, description="Larger audio and voice files are recorded but not fetched."
    )
    document_max: Size = Field(size("500 MB"), gt=0, description="Larger documents are recorded but not fetched.")
    small_slots: int = Field(5, ge=1, le=10, description="Files under 20 MB fetched at once.")
    large_slots: int = Field(2, ge=1, le=4, description="Files of 20 MB and more fetched at once.")
    disk_floor: Size = Field(size("1 GB"), ge=0, description="Downloads wait while less than this is free on the disk.")

    def limit(self, kind: MediaKind) -> int:
        """The largest file of ``kind`` to fetch, in bytes."""
        match kind:
            case MediaKind.PHOTO:
                return self.photo_max
            case MediaKind.VIDEO | MediaKind.ANIMATION | MediaKind.VIDEO_NOTE:
                return self.video_max
            case MediaKind.AUDIO | MediaKind.VOICE:
                return self.sound_max
            case MediaKind.DOCUMENT:
                return self.document_max


class Links(Section):
    """Web addresses in posts that lead to media."""

    follow: bool = Field(False, description="Follow them with yt-dlp.")
    extractors: tuple[str, ...] = Field(
        ("youtube", "twitter", "tiktok", "facebook", "instagram", "vk", "telegram:embed"),
        description="The yt-dlp extractors that may be used; never the generic one unless named.",
    )
    max_size: Size = Field(size("500 MB"), gt=0, description="A longer download is stopped and not kept.")
    time_limit: Duration = Field(duration("10 min"), gt=0, description="A longer download is stopped and not kept.")
    proxy: str = Field("", description="http://host:port that the child process goes through; empty = directly.")


class Media(Section):
    """How files are read."""

    slots: int = Field(2, ge=1, le=32, description="Files decoded at once, each in a process of its own.")
    memory: Size = Field(size("1.5 GB"), gt=0, description="Memory limit of one decoding process.")
    photo_cpu: Duration = Field(duration("10 s"), gt=0, description="Processor time limit for a photo.")
    video_cpu: Duration = Field(duration("60 s"), gt=0, description="Processor time limit for a video or sound.")
    isolation: tuple[str, ...] = Field(
        ("process of its own", "resource limits", "no new privileges"),
        description="Fences, by the names that doctor shows, without which nothing is decoded.",
    )


class BotSection(Section):
    """The bot through which the team works."""

    base_url: str = Field(
        "https://api.telegram.org",
        pattern=r"^https?://",
        description="Address of the Bot API; change it for a server of your own.",
    )
    group_budget: int = Field(
        18, ge=1, le=20, description="Messages and edits a minute that the bot allows itself in one group."
    )
    spoilers: bool = Field(True, description="Hide every picture behind a spoiler until it is tapped.")
    second_reviewer: tuple[Verdict, ...] = Field(
        (), description="Verdicts that hold only once a second member has given the same; empty = none."
    )
    tags: tuple[str, ...] = Field(
        ("geolocated", "graphic", "training camp", "vehicles", "radio intercept", "to verify"),
        description="The team's taxonomy: the tags offered as buttons.",
    )


class TeamMember(Section):
    """A person of the team."""

    user_id: int = Field(gt=0, description="Telegram's number of the person; @userinfobot-like bots tell it.")
    name: str = Field(min_length=1, max_length=64, description="How the team calls the person.")
    role: Literal["viewer", "tagger", "lead", "admin"] = Field("tagger", description="viewer, tagger, lead or admin.")

    @property
    def rank(self) -> Role:
        """The role as the desk compares it."""
        return Role[self.role.upper()]


class Chat(Section):
    """A chat of the team and the route of findings into it."""

    chat_id: int = Field(description="Telegram's number of the group (negative) or of a member's private chat.")
    thread_id: int | None = Field(None, description="The topic of a forum group; leave out for the general one.")
    channels: tuple[str, ...] = Field((), description="Only findings of these channels (@name or number); empty = all.")
    sides: tuple[str, ...] = Field((), description="Only findings of channels with these side labels; empty = all.")
    quiet: bool = Field(False, description="Never ring in this chat.")


class RetentionRule(Section):
    """How long originals are kept; the first rule that fits counts, and what none fits is kept for good."""

    keep: Duration = Field(gt=0, description="How long after a file was last seen its original is kept, like 180 d.")
    sides: tuple[str, ...] = Field((), description="Only files of channels with these side labels; empty = all.")
    channels: tuple[str, ...] = Field((), description="Only files of these channels (@name or number); empty = all.")
    kinds: tuple[MediaKind, ...] = Field(
        (), description="Only these: photo, video, animation, video_note, audio, voice, document; empty = all."
    )


class Logging(Section):
    """What goes to standard output."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged: debug, info, warning or error."
    )
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto = console on a terminal, json elsewhere."
    )


class Config(Section):
    """The whole configuration. Parts receive their own section, never the whole."""

    state_dir: Path = Field(
        Path("/var/lib/firstseen"), description="Where database, vault and sessions live; mode 0700."
    )
    telegram: Telegram = Telegram()
    accounts: tuple[AccountEntry, ...] = ()
    collect: Collect = Collect()
    fetch: Fetch = Fetch()
    links: Links = Links()
    media: Media = Media()
    bot: BotSection = BotSection()
    team: tuple[TeamMember, ...] = ()
    chats: tuple[Chat, ...] = ()
    retention: tuple[RetentionRule, ...] = ()
    log: Logging = Logging()
    api_hash: SecretStr = Field(SecretStr(""), exclude=True)
    bot_token: SecretStr = Field(SecretStr(""), exclude=True)

    def session_path(self, account: str) -> Path:
        """Where an account's Telethon session is kept."""
        return self.state_dir / "sessions" / f"{account}.session"

    @property
    def collects(self) -> bool:
        """Whether an account is to collect; else firstseen works on public pages, imports and look-ups alone."""
        return bool(self.accounts)

    @property
    def alerts(self) -> bool:
        """Whether the bot is to run."""
        return bool(self.bot_token.get_secret_value())


def load(path: Path) -> Config:
    """Read the configuration at ``path`` with its credentials; every problem at once as a ConfigError.

    Secrets come from ``$CREDENTIALS_DIRECTORY`` (systemd), else from files named ``api_hash`` and ``bot_token`` in
    the folder ``secrets`` beside the configuration, which nobody else may read. Never from the environment.
    """
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(str(path), ["no such file; `firstseen init` writes one"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(path), [f"can't be read as TOML: {error}"]) from error
    problems = [
        f"{name}: secrets do not belong into this file; see the documentation"
        for name in CREDENTIALS
        if name in written
    ]
    secrets = _secrets(path.parent, problems)
    try:
        config = Config.model_validate({**written, **secrets})
    except ValidationError as error:
        problems += [f"{_path(item['loc'])}: {_words(item['msg'])}" for item in error.errors()]
        raise ConfigError(str(path), problems) from None
    problems += _contradictions(config)
    if problems:
        raise ConfigError(str(path), problems)
    return config.model_copy(update={"state_dir": (path.parent / config.state_dir).absolute()})


def _secrets(folder: Path, problems: list[str]) -> dict[str, str]:
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    base = Path(given) if given else folder / "secrets"
    found: dict[str, str] = {}
    for name in CREDENTIALS:
        file = base / name
        try:
            found[name] = file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error.reason
            problems.append(f"{file}: can't be read ({reason}); it is a text that belongs to firstseen's user")
            continue
        if not given and file.stat().st_mode & 0o077:
            problems.append(f"{file}: readable by others; run chmod 600 {file}")
    return found


def _contradictions(config: Config) -> list[str]:
    problems = []
    if config.accounts and not config.telegram.api_id:
        problems.append("telegram.api_id: needed as soon as an account is listed; get it from my.telegram.org")
    if config.accounts and not config.api_hash.get_secret_value():
        problems.append("api_hash: the credential is missing; put it into secrets/api_hash (mode 600)")
    names = [account.name for account in config.accounts]
    problems += [f"accounts: {name} is listed twice" for name in sorted({n for n in names if names.count(n) > 1})]
    people = [member.user_id for member in config.team]
    problems += [f"team: user_id {user} is listed twice" for user in sorted({p for p in people if people.count(p) > 1})]
    places = [(chat.chat_id, chat.thread_id) for chat in config.chats]
    problems += [
        f"chats: {place[0]} is listed twice" for place in sorted({p for p in places if places.count(p) > 1}, key=str)
    ]
    return problems


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(f"[{part + 1}]" if isinstance(part, int) else part for part in location).replace(".[", "[")


def _words(message: str) -> str:
    plain = {"Extra inputs are not permitted": "unknown key; see config.example.toml", "Field required": "missing"}
    return plain.get(message, message.removeprefix("Value error, "))
