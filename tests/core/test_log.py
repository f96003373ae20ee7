"""What the log shows: no secret in any form, and no line that a stranger wrote."""

import contextlib
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from core import log
from tests.bot.hostile import HOSTILE

TOKEN = "1234567890:AAHcanaryCanaryCANARYcanary_canary-0123"
HASH = "0123456789abcdefcanary0123456789"
PHONE = "+380501234567"
SESSION = "1" + "BVtsOcanary" * 32
INVITE = "https://t.me/+AbCdEfGhIjKlMnOp"
SECRETS = {"token": TOKEN, "hash": HASH, "phone": PHONE, "session": SESSION, "invite": INVITE}
STYLES: tuple[Literal["json", "console"], ...] = ("json", "console")
CAPTION = "Сергіївка, 18 жовтня"


@pytest.fixture
def restored() -> Iterator[None]:
    """Leaves the loggers of the test process as they were."""
    root = logging.getLogger()
    handlers, level, hooks = list(root.handlers), root.level, (sys.excepthook, threading.excepthook)
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks


@pytest.fixture(params=STYLES)
def shown(request: pytest.FixtureRequest, restored: None) -> io.StringIO:
    """What the log writes, set up as for the service, in both styles, with the API hash among the known secrets."""
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        log.set_up(level="info", style=request.param, secrets=[HASH, ""])
    return written


def quote(words: str) -> None:
    """Fail with an exception that quotes ``words``, which another exception caused that does the same."""
    try:
        raise_error(ConnectionError(f"no answer: {words}"))
    except ConnectionError as error:
        raise RuntimeError(f"can't use: {words}") from error


def raise_error(error: Exception) -> None:
    """Raise ``error`` from a frame of its own."""
    raise error


def leaked(text: str) -> list[str]:
    """Which secrets stand in ``text``."""
    return [name for name, secret in SECRETS.items() if secret in text or secret[-16:] in text]


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_do_not_reach_the_log(name: str, shown: io.StringIO) -> None:
    """A secret in the event, a value, a nested value or the bound context is replaced by a mark."""
    secret = SECRETS[name]
    structlog.contextvars.bind_contextvars(key=f"sign-in {secret}")

    event = f"asked {secret}"
    request = {"headers": [("x-caller", f"for {secret}")]}
    structlog.get_logger("test").info(event, account=secret, request=request)

    text = shown.getvalue()
    assert leaked(text) == []
    assert text.count("[redacted]") == 4


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_do_not_reach_the_log_in_tracebacks(name: str, shown: io.StringIO) -> None:
    """A secret in an exception, its cause and the local variables of its frames stays out of the log."""
    try:
        quote(SECRETS[name])
    except RuntimeError:
        structlog.get_logger("test").exception("step_failed")

    text = shown.getvalue()
    assert leaked(text) == []
    assert "RuntimeError" in text
    assert "ConnectionError" in text


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_of_libraries_do_not_reach_the_log(name: str, shown: io.StringIO) -> None:
    """What libraries log with the standard library passes the same filter, tracebacks included."""
    secret = SECRETS[name]
    try:
        quote(secret)
    except RuntimeError:
        logging.getLogger("aiohttp.client").exception("GET %s failed", f"https://example.org/?q={secret}")

    text = shown.getvalue()
    assert leaked(text) == []
    assert "[redacted]" in text


def test_a_token_in_an_address_does_not_reach_the_log(shown: io.StringIO) -> None:
    """The addresses of the Bot API, which contain the token, are logged without it."""
    logging.getLogger("aiohttp.client").warning("GET https://api.telegram.org/bot%s/getMe: 502", TOKEN)
    logging.getLogger("aiohttp.client").warning("GET https://api.telegram.org/file/bot%s/photos/1.jpg: 404", TOKEN)

    assert leaked(shown.getvalue()) == []
    assert "/bot[redacted]/getMe" in shown.getvalue()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "failing", ["raise ValueError(token)", "asyncio.run(fail())", "threading.Thread(target=crash).start()"]
)
def test_secrets_do_not_leave_with_a_crash(style: str, failing: str) -> None:
    """An exception that nobody caught, in the loop, in a thread or outside, is logged without its secret."""
    program = f"""
import asyncio, threading
from core import log
from tests.bot.hostile import HOSTILE
token = {TOKEN!r}
def crash(): raise ValueError(token)
async def fail(): raise ValueError(token)
log.set_up(style={style!r}, secrets=[])
{failing}
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert leaked(ended.stdout + ended.stderr) == []
    assert "ValueError: [redacted]" in ended.stdout or '"exc_value": "[redacted]"' in ended.stdout


FORGERIES = {
    "line break": "\n",
    "carriage return": "\r",
    "next line": "\x85",
    "line separator": "\u2028",
    "escape": "\x1b[2K\x1b[1A",
    "backspace": "\b" * 80,
    "overrides": "\u202e\u2066",
    "invisible": "\u200b\ufeff",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_stranger_cannot_forge_a_line(name: str, shown: io.StringIO) -> None:
    """Line breaks, terminal commands and direction marks in a caption come out as visible text on the one line."""
    forged = f"{CAPTION}{FORGERIES[name]}2024-10-18 [error] account_banned"
    structlog.get_logger("test").info("post_recorded", caption=forged, nested={"captions": [forged]})
    logging.getLogger("telethon").warning("Unhandled %s", forged)

    lines = shown.getvalue().split("\n")

    assert len(lines) == 3
    assert lines[-1] == ""
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_stranger_cannot_forge_a_line_in_a_traceback(name: str, shown: io.StringIO) -> None:
    """An exception that quotes a stranger adds no line that begins like one of ours."""
    try:
        quote(f"{CAPTION}{FORGERIES[name]}2024-10-18 [error] account_banned")
    except RuntimeError:
        structlog.get_logger("test").exception("step_failed")

    lines = shown.getvalue().split("\n")

    assert not any(line.startswith("2024") for line in lines)
    assert all(line.isprintable() for line in lines)


def test_hostile_words_stay_on_one_line(shown: io.StringIO) -> None:
    """Whatever a caption is made of, one event is one printable line."""
    for words in HOSTILE:
        structlog.get_logger("test").info("post_recorded", caption=words)

    lines = shown.getvalue().split("\n")

    assert len(lines) == len(HOSTILE) + 1
    assert all(line.isprintable() for line in lines)


def test_words_stay_readable(shown: io.StringIO) -> None:
    """Redaction leaves captions, post links, hashes of files and times alone, in the script they were written in."""
    words = {
        "caption": CAPTION,
        "post": "https://t.me/spravdi/41",
        "sha256": "9f86d081" * 8,
        "at": "2024-10-18T10:36:58Z",
    }
    structlog.get_logger("test").info("post_recorded", **words)

    text = shown.getvalue()
    assert all(word in text for word in words.values())
    assert "[redacted]" not in text


def test_json_lines_are_for_machines(restored: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Each JSON line is one object with event, level, time and context, also for what has no JSON form."""
    log.set_up(style="json")
    structlog.get_logger("test").warning("flood_began", method="GetFile", seconds=31, where=io.StringIO)

    line = json.loads(capsys.readouterr().out)
    assert line.items() >= {"event": "flood_began", "level": "warning", "method": "GetFile", "seconds": 31}.items()
    assert line["timestamp"].endswith("Z")


def test_what_is_below_the_level_is_not_logged(shown: io.StringIO) -> None:
    """Our debug lines, and the libraries' below warning, which carry secrets, are not shown."""
    structlog.get_logger("test").debug("quiet")
    logging.getLogger("telethon").info("quiet")

    assert shown.getvalue() == ""
