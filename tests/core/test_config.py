"""core.config.load: from a file and its credentials to a Config, or to every problem at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import Config, load
from core.errors import ConfigError
from core.model import MediaKind, Role

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that speak of systemd's credentials set the directory themselves."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration with secrets beside it; the path of the file."""

    def written(text: str, mode: int = 0o600, **secrets: str) -> Path:
        folder = tmp_path / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        for name, secret in secrets.items():
            (folder / name).write_text(f"{secret}\n", encoding="utf-8")
            (folder / name).chmod(mode)
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def problems(path: Path) -> list[str]:
    """What ``load`` finds wrong with the configuration at ``path``."""
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.where == str(path)
    return caught.value.problems


def test_an_empty_file_is_a_configuration(write: Write) -> None:
    """Everything has a default, and the defaults neither collect nor alert."""
    config = load(write(""))

    assert config == Config()
    assert not config.collects
    assert not config.alerts


def test_a_whole_configuration(write: Write, tmp_path: Path) -> None:
    """Durations, sizes, tables and credentials arrive as typed values; paths are relative to the file."""
    config = load(
        write(
            """
            state_dir = "state"
            telegram.api_id = 12345
            collect.poll_every = "2 min"
            fetch.video_max = "1.5 GB"
            accounts = [{name = "main"}]
            team = [{user_id = 7, name = "Olena", role = "lead"}]
            chats = [{chat_id = -1001, thread_id = 4, sides = ["ru"]}]
            """,
            api_hash="0123456789abcdef",
            bot_token="12345:token",
        )
    )

    assert config.state_dir == tmp_path / "state"
    assert config.session_path("main") == tmp_path / "state" / "sessions" / "main.session"
    assert config.collect.poll_every == 120
    assert config.fetch.limit(MediaKind.VIDEO) == config.fetch.limit(MediaKind.VIDEO_NOTE) == 1_500_000_000
    assert config.team[0].rank is Role.LEAD
    assert config.chats[0].sides == ("ru",)
    assert config.api_hash.get_secret_value() == "0123456789abcdef"
    assert config.collects
    assert config.alerts


@pytest.mark.parametrize("kind", MediaKind)
def test_every_kind_has_a_limit(kind: MediaKind) -> None:
    """No kind of file can be fetched without a limit."""
    assert Config().fetch.limit(kind) > 0


def test_every_problem_is_named_at_once(write: Write) -> None:
    """One run names every wrong value with its path, in words that say what would be right."""
    found = problems(
        write(
            """
            speed = 3
            collect.recheck = 5000
            fetch.photo_max = 50
            links.folow = true
            log.level = "loud"
            accounts = [{name = "main"}, {name = "Ünser Konto"}]
            team = [{user_id = 7}]
            """
        )
    )

    paths = [problem.split(": ")[0] for problem in found]
    assert sorted(paths) == [
        "accounts[2].name",
        "collect.recheck",
        "fetch.photo_max",
        "links.folow",
        "log.level",
        "speed",
        "team[1].name",
    ]
    texts = dict(problem.split(": ", 1) for problem in found)
    assert texts["speed"] == texts["links.folow"] == "unknown key; see config.example.toml"
    assert texts["team[1].name"] == "missing"
    assert '"3 B"' in texts["fetch.photo_max"]


def test_contradictions_are_named_at_once(write: Write) -> None:
    """Listed twice, and an account without the application's id and hash: four problems in one run."""
    found = problems(
        write(
            """
            accounts = [{name = "main"}, {name = "main"}]
            team = [{user_id = 7, name = "A"}, {user_id = 7, name = "B"}]
            chats = [{chat_id = -5}, {chat_id = -5}]
            """
        )
    )

    assert [problem.split(":")[0] for problem in found] == ["telegram.api_id", "api_hash", "accounts", "team", "chats"]


def test_two_topics_of_a_group_are_two_chats(write: Write) -> None:
    """A group may be listed once for each of its topics."""
    config = load(write("chats = [{chat_id = -5}, {chat_id = -5, thread_id = 2}]"))

    assert [chat.thread_id for chat in config.chats] == [None, 2]


@pytest.mark.parametrize(
    "server", ["149.154.167.50:443", "example.org:443", "localhost:443", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x"]
)
def test_another_server_must_be_on_this_machine(server: str, write: Write) -> None:
    """An account's session can't be sent to a server elsewhere by a line in the configuration."""
    (problem,) = problems(write(f'telegram.server = "{server}"'))

    assert problem == "telegram.server: must be a loopback address and port, like 127.0.0.1:4430"


@pytest.mark.parametrize("server", ["127.0.0.1:4430", "127.9.9.9:1", "::1:4430"])
def test_a_loopback_server_is_accepted(server: str, write: Write) -> None:
    """Loopback addresses of both families will do."""
    assert load(write(f'telegram.server = "{server}"')).telegram.server == server


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_secrets_that_others_may_read_are_refused(mode: int, write: Write) -> None:
    """A secret with a wide mode is refused with the command that mends it."""
    (problem,) = problems(write("", mode, bot_token="12345:canary"))

    assert "bot_token: readable by others; run chmod 600 " in problem


def test_systemd_credentials_come_first(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under systemd the credentials directory is used, whose files are group-readable, and the folder is not."""
    given = tmp_path / "credentials"
    given.mkdir()
    (given / "bot_token").write_text("2:systemd", encoding="utf-8")
    (given / "bot_token").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))

    config = load(write("", bot_token="1:folder", api_hash="folder"))

    assert config.bot_token.get_secret_value() == "2:systemd"
    assert config.api_hash.get_secret_value() == ""


def test_secrets_never_come_from_the_environment(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token in the environment, which every child process inherits, is not used."""
    monkeypatch.setenv("BOT_TOKEN", "1:environment")
    monkeypatch.setenv("FIRSTSEEN_BOT_TOKEN", "1:environment")

    assert not load(write("")).alerts


def test_secrets_in_the_file_are_refused_and_not_repeated(write: Write) -> None:
    """A secret written into the configuration is refused, and the message does not show it."""
    found = problems(write('bot_token = "1:canary"\nteam = [{user_id = "canary"}]'))

    assert any(problem.startswith("bot_token: secrets do not belong into this file") for problem in found)
    assert "canary" not in "".join(found)


def test_secrets_do_not_show_in_the_configuration(write: Write) -> None:
    """Neither the text nor the dump of a Config contains its secrets."""
    config = load(write("", bot_token="1:canary", api_hash="canary-hash"))

    assert "canary" not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"


def test_a_secret_that_is_no_text_is_a_problem(write: Write, tmp_path: Path) -> None:
    """A credential that is a folder or binary is named instead of ending in a traceback."""
    path = write("")
    (tmp_path / "secrets" / "bot_token").mkdir()
    (tmp_path / "secrets" / "api_hash").write_bytes(b"\xff\xfe")

    found = problems(path)

    assert [Path(problem.split(": ")[0]).name for problem in found] == ["api_hash", "bot_token"]
    assert all("can't be read" in problem for problem in found)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """Without a configuration the command that writes one is named."""
    assert problems(tmp_path / "config.toml") == ["no such file; `firstseen init` writes one"]


@pytest.mark.parametrize("content", [b"state_dir = ", b"\xff\xfe", b"log = 3\nlog = 4"])
def test_a_file_that_is_no_toml_is_named(content: bytes, tmp_path: Path) -> None:
    """A file that can't be read as TOML is one clear problem."""
    path = tmp_path / "config.toml"
    path.write_bytes(content)

    (problem,) = problems(path)

    assert problem.startswith("can't be read as TOML")


@pytest.mark.parametrize("entry", ["log = 3", "accounts = 3", "accounts = [3]", "bot.tags = 'one'"])
def test_a_value_in_place_of_a_table_is_named(entry: str, write: Write) -> None:
    """A plain value where a table or list belongs is one problem with its path."""
    (problem,) = problems(write(entry))

    assert problem.startswith(entry.split(" ", maxsplit=1)[0])
