"""Signing in: real key exchange, code and two-step password, against the loopback Telegram."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from telethon.crypto import rsa

from collectors.login import Questions, login
from collectors.session import SessionLock, open_session
from core.config import AccountEntry, Config, Telegram
from core.errors import AccountError, StateError
from loopback.mtproto import MTProtoServer
from loopback.nouns import User
from loopback.world import World
from tests.telegram import API_HASH, API_ID

PHONE = "+380501112233"
NAME = "watcher"


class Person:
    """Somebody at the terminal, with answers ready and a memory of what was said."""

    def __init__(self, world: World, *, codes: list[str], passwords: list[str] | None = None) -> None:
        self.said: list[str] = []
        self._world = world
        self._codes = codes
        self._passwords = passwords or []

    @property
    def questions(self) -> Questions:
        """How the sign-in asks."""
        return Questions(self._phone, self._code, self._from(self._passwords), self.said.append)

    async def _phone(self) -> str:
        return PHONE

    async def _code(self) -> str:
        answer = self._codes.pop(0)
        return self._world.codes[PHONE.lstrip("+")] if answer == "right" else answer

    def _from(self, answers: list[str]) -> Callable[[], Awaitable[str]]:
        async def ask() -> str:
            return answers.pop(0)

        return ask


@pytest.fixture
def config(mtproto: MTProtoServer, tmp_path: Path) -> Config:
    """A configuration that points at the loopback server and trusts its key by a file of its own."""
    for fingerprint in list(rsa._server_keys):
        del rsa._server_keys[fingerprint]
    key = tmp_path / "server.pem"
    key.write_text(mtproto.public_key, encoding="utf-8")
    telegram = Telegram(api_id=API_ID, server=f"127.0.0.1:{mtproto.port}", server_key=str(key), request_timeout="5 s")
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return Config(
        state_dir=state,
        telegram=telegram,
        accounts=(AccountEntry(name=NAME),),
        api_hash=SecretStr(API_HASH),
    )


@pytest.fixture
def owner(world: World) -> User:
    """Whose number it is."""
    return world.add_user("Olena", phone=PHONE.lstrip("+"), password="second step")


async def test_code_and_password_sign_in_and_the_session_is_private(config: Config, world: World, owner: User) -> None:
    """Wrong answers are told and asked again; the session is signed in, mode 0600, in a folder 0700."""
    person = Person(world, codes=["11111", "right"], passwords=["wrong", "second step"])
    await login(config, NAME, person.questions)
    path = config.session_path(NAME)
    assert [line.partition(".")[0] for line in person.said[:2]] == ["That code is wrong", "That password is wrong"]
    assert person.said[-1] == f"Account {NAME} is signed in as Olena. Its session is kept in {path}."
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}
    open_session(path, NAME).close()
    assert rsa._server_keys == {}


async def test_signing_in_again_changes_nothing(config: Config, world: World, owner: User) -> None:
    """An account that is signed in is left alone, and nobody is asked."""
    await login(config, NAME, Person(world, codes=["right"], passwords=["second step"]).questions)
    again = Person(world, codes=[])
    await login(config, NAME, again.questions)
    assert again.said == [f"Account {NAME} is signed in already."]


async def test_three_wrong_codes_end_the_attempt(config: Config, world: World, owner: User) -> None:
    """Nobody guesses for ever: the third wrong code ends it with the command to begin anew."""
    person = Person(world, codes=["1", "2", "3"])
    with pytest.raises(AccountError, match="wrong 3 times"):
        await login(config, NAME, person.questions)
    assert person.said == [
        "That code is wrong. 2 more tries.",
        "That code is wrong. One more try.",
        "That code is wrong. No more tries.",
    ]


async def test_a_session_in_use_is_not_touched(config: Config, world: World, owner: User) -> None:
    """While the service runs, signing in is refused before anything is asked of Telegram."""
    config.session_path(NAME).parent.mkdir(mode=0o700)
    lock = SessionLock(config.session_path(NAME))
    try:
        with pytest.raises(StateError, match="another firstseen"):
            await login(config, NAME, Person(world, codes=[]).questions)
    finally:
        lock.release()
    assert world.log == []
