"""The first configuration: private, valid, and never written over another."""

from pathlib import Path

import pytest

from core.config import load
from core.errors import InputError
from firstseen.starter import write_starter


def test_a_first_configuration_is_valid_and_private(tmp_path: Path) -> None:
    """What is written can be loaded as it is, and nobody else may read it."""
    folder = tmp_path / "etc" / "firstseen"

    write_starter(folder, Path("state"))

    assert load(folder / "config.toml").state_dir == folder / "state"
    modes = {path: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert modes == {
        folder: 0o700,
        folder / "secrets": 0o700,
        folder / "state": 0o700,
        folder / "config.toml": 0o600,
    }


def test_the_state_may_be_elsewhere(tmp_path: Path) -> None:
    """With a state directory of its own, the configuration names it and nothing else is made beside it."""
    folder, state = tmp_path / "etc", tmp_path / 'a "quoted" place' / "state"

    write_starter(folder, state)

    assert load(folder / "config.toml").state_dir == state
    assert state.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in folder.iterdir()) == ["config.toml", "secrets"]


def test_a_configuration_is_never_overwritten(tmp_path: Path) -> None:
    """A second run changes nothing and says so."""
    write_starter(tmp_path, Path("state"))
    (tmp_path / "config.toml").write_text("log.level = 'debug'", encoding="utf-8")

    with pytest.raises(InputError, match="exists already"):
        write_starter(tmp_path, Path("state"))

    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == "log.level = 'debug'"


def test_the_number_signs_can_be_taken_away(tmp_path: Path) -> None:
    """The tables that the first configuration shows as examples are valid once they are uncommented."""
    write_starter(tmp_path, Path("state"))
    path = tmp_path / "config.toml"
    lines = path.read_text(encoding="utf-8").replace("api_id = 0 ", "api_id = 12345 ").splitlines()
    wanted = ("# [[", "# name =", "# user_id =", "# role =", "# chat_id =")
    path.write_text(
        "\n".join(line.removeprefix("# ") if line.startswith(wanted) else line for line in lines), encoding="utf-8"
    )
    (tmp_path / "secrets" / "api_hash").write_text("0123456789abcdef", encoding="utf-8")
    (tmp_path / "secrets" / "api_hash").chmod(0o600)

    config = load(path)

    assert [account.name for account in config.accounts] == ["main"]
    assert [member.role for member in config.team] == ["admin"]
    assert len(config.chats) == 1
