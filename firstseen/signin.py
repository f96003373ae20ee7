"""``firstseen login``: the questions of the sign-in, asked on the terminal."""

import asyncio
from getpass import getpass

from collectors.login import Questions, login
from core.config import Config
from core.errors import ConfigError


async def sign_in(config: Config, account: str) -> None:
    """Sign ``account`` in and keep its session; an account that the configuration does not name is a ConfigError."""
    if account not in {entry.name for entry in config.accounts}:
        raise ConfigError("accounts", [f"{account}: not listed; add [[accounts]] with this name first"])
    questions = Questions(
        phone=lambda: _ask("Phone number of the collecting account, with +: "),
        code=lambda: _ask("Code that Telegram just sent to its other devices: "),
        password=lambda: asyncio.to_thread(getpass, "Two-step password: "),
        say=print_line,
    )
    await login(config, account, questions)


async def _ask(question: str) -> str:
    return (await asyncio.to_thread(input, question)).strip()


def print_line(text: str) -> None:
    """One line for the person at the terminal."""
    print(text)  # noqa: T201 -- an interactive command talks to its terminal
