"""structlog, set up once: JSON lines for the journal, colours on a terminal, secrets taken out of the rendered text."""

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Literal

import structlog

_PATTERNS = (
    re.compile(r"\b\d{6,12}:[A-Za-z0-9_-]{30,}"),  # bot token
    re.compile(r"(?<![\w/])\+\d{9,15}\b"),  # phone number
    re.compile(r"\b1[A-Za-z0-9_-]{300,}={0,2}"),  # Telethon string session
    re.compile(r"(?:t\.me/\+|joinchat/)[A-Za-z0-9_-]{8,}"),  # invite link
)
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if code not in (0x0A, 0x09)}
_BIDI = {code: f"\\u{code:04x}" for code in (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_VISIBLE = _CONTROL | _BIDI
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Redactor:
    """The last step before output: works on the rendered line, so that tracebacks are covered too."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted((s for s in secrets if len(s) >= 6), key=len, reverse=True)

    def __call__(self, _logger: object, _method: str, line: Any) -> str:  # the renderers before it give text
        """Replace every known secret, and what looks like one, by a mark."""
        for secret in self._secrets:
            line = line.replace(secret, "[redacted]")
        for pattern in _PATTERNS:
            line = pattern.sub("[redacted]", line)
        return str(line)


def set_up(
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    style: Literal["auto", "json", "console"] = "auto",
    secrets: Iterable[str] = (),
) -> None:
    """Configure structlog and the standard library's loggers for this process.

    Libraries that log (Telethon, aiogram, yt-dlp) come out in the same form at WARNING and above: their debug lines
    carry secrets.
    """
    console = style == "console" or (style == "auto" and sys.stdout.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _visible,
    ]
    render: list[structlog.typing.Processor]
    if console:
        plain = structlog.dev.plain_traceback
        render = [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)]
    else:
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        render = [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer(default=str)]
    redactor = Redactor(secrets)
    structlog.configure(
        processors=[*shared, *render, redactor],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_strip, *render, redactor])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def _visible(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make control and direction characters visible: nobody may forge a line or hide a word in the log."""
    return {key: value.translate(_VISIBLE) if isinstance(value, str) else value for key, value in event.items()}


def _strip(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event
