"""Signing an account in: asks a person for phone, code and two-step password, and keeps the session."""

import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from telethon import errors
from telethon.crypto import rsa

from collectors.client import ReadingClient
from collectors.readonly import SIGNING_IN
from collectors.session import ChannelSession, SessionLock, check_private
from collectors.trouble import translated
from core.config import Config, Telegram
from core.errors import AccountError, ConfigError, StateError

OWN_DC = 2  # the data centre that a loopback server plays
TRIES = 3
Ask = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Questions:
    """How the person is asked and told: each question gives the answer as typed."""

    phone: Ask
    code: Ask
    password: Ask
    say: Callable[[str], None]


async def login(config: Config, account: str, questions: Questions) -> None:
    """Sign ``account`` in and leave its session file, readable by its owner alone.

    A session that is signed in already is left as it is. AccountError when the person gives up or Telegram refuses;
    StateError when a running service uses the session.
    """
    logging.getLogger("telethon").setLevel(logging.WARNING)
    path = config.session_path(account)
    with _private_folder(path.parent), _trusted(config.telegram):
        lock = SessionLock(path)
        try:
            await _sign_in(config, account, path, questions)
        finally:
            lock.release()
            if path.exists():
                path.chmod(0o600)


async def _sign_in(config: Config, account: str, path: Path, questions: Questions) -> None:
    session = ChannelSession(str(path))
    if config.telegram.server and (session.auth_key is None or not session.auth_key.key):
        host, _, port = config.telegram.server.rpartition(":")
        session.set_dc(OWN_DC, host, int(port))
    api_hash = config.api_hash.get_secret_value()
    client = ReadingClient(session, config.telegram, api_hash, account=account, allowed=SIGNING_IN)
    try:
        with translated(account):
            await client.connect()
            if await client.get_me() is not None:
                questions.say(f"Account {account} is signed in already.")
                return
            await _ask_code(client, account, questions)
            me = await client.get_me()
        questions.say(f"Account {account} is signed in as {me.first_name}. Its session is kept in {path}.")
    finally:
        await client.disconnect()


async def _ask_code(client: ReadingClient, account: str, questions: Questions) -> None:
    phone = await _ask_phone(client, account, questions)
    for left in reversed(range(TRIES)):
        try:
            await client.sign_in(phone, await questions.code())
        except errors.SessionPasswordNeededError:
            await _ask_password(client, account, questions)
        except (errors.PhoneCodeInvalidError, errors.PhoneCodeEmptyError):
            questions.say(f"That code is wrong. {_more(left)}")
            continue
        except errors.PhoneCodeExpiredError:
            raise AccountError(f"account {account}: the code has expired; run `firstseen login {account}`") from None
        except errors.PhoneNumberUnoccupiedError:
            raise AccountError(f"account {account}: this number has no Telegram account") from None
        return
    raise AccountError(f"account {account}: the code was wrong {TRIES} times; run `firstseen login {account}` again")


async def _ask_phone(client: ReadingClient, account: str, questions: Questions) -> str:
    for left in reversed(range(TRIES)):
        phone = await questions.phone()
        try:
            await client.send_code_request(phone)
        except (errors.PhoneNumberInvalidError, TypeError):
            questions.say(f"Telegram does not know that number; write it with + and the country. {_more(left)}")
            continue
        except errors.PhoneNumberBannedError:
            raise AccountError(f"account {account}: this number is banned by Telegram") from None
        return phone
    raise AccountError(f"account {account}: no valid number was given")


async def _ask_password(client: ReadingClient, account: str, questions: Questions) -> None:
    for left in reversed(range(TRIES)):
        try:
            await client.sign_in(password=await questions.password())
        except (errors.PasswordHashInvalidError, ValueError):
            questions.say(f"That password is wrong. {_more(left)}")
            continue
        return
    raise AccountError(f"account {account}: the two-step password was wrong {TRIES} times")


def _more(left: int) -> str:
    return f"{left} more tries." if left > 1 else "One more try." if left else "No more tries."


@contextmanager
def _private_folder(folder: Path) -> Iterator[None]:
    """Files made inside are readable by their owner alone, also in the moment of their making."""
    before = os.umask(0o077)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_private(folder)
        yield
    finally:
        os.umask(before)


@contextmanager
def _trusted(telegram: Telegram) -> Iterator[None]:
    """Trust the key of another server, which must be on this machine, for the length of a sign-in."""
    if not telegram.server:
        yield
        return
    host = telegram.server.rpartition(":")[0]
    if not ip_address(host).is_loopback:
        raise ConfigError("telegram.server", [f"{host}: must be a loopback address"])
    keys: dict[int, Any] = rsa._server_keys  # noqa: SLF001 -- the only place where Telethon keeps them
    before = dict(keys)
    if telegram.server_key:
        try:
            rsa.add_key(Path(telegram.server_key).read_text(encoding="utf-8"), old=False)
        except (OSError, ValueError) as error:
            raise StateError(f"{telegram.server_key}: can't be read as a public RSA key: {error}") from error
    try:
        yield
    finally:
        keys.clear()
        keys.update(before)
