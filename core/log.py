"""structlog, set up once: JSON lines for the journal, colours on a terminal, secrets taken out of the rendered text."""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable, MutableMapping
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog

_PATTERNS = (
    re.compile(r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}"),  # bot token, also after /bot in an address
    re.compile(r"(?<![\w/])\+\d{9,15}\b"),  # phone number
    re.compile(r"\b1[A-Za-z0-9_-]{300,}={0,2}"),  # Telethon string session
    re.compile(r"(?:t\.me/\+|joinchat/)[A-Za-z0-9_-]{8,}"),  # invite link
)
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
    to: TextIO | None = None,
) -> None:
    """Configure structlog, the standard library's loggers and the last word of a crash for this process.

    Libraries that log (Telethon, aiogram, yt-dlp) come out in the same form at WARNING and above: their debug lines
    carry secrets. ``to`` is standard output unless given: a command that prints results logs to standard error.
    """
    to = to or sys.stdout
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render = (
        _for_terminal(colours=to.isatty())
        if style == "console" or (style == "auto" and to.isatty())
        else _for_journal()
    )
    redactor = Redactor(secrets)
    structlog.configure(
        processors=[*shared, *render, redactor],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(to),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(to)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_strip, *render, redactor])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    sys.excepthook = _log_crash
    threading.excepthook = lambda crash: _log_crash(crash.exc_type, crash.exc_value, crash.exc_traceback)


def _for_terminal(*, colours: bool) -> list[structlog.typing.Processor]:
    console = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=_write_traceback)
    return [_visible, console]


def _for_journal() -> list[structlog.typing.Processor]:
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    json_lines = structlog.processors.JSONRenderer(ensure_ascii=False)
    return [structlog.processors.ExceptionRenderer(tracebacks), _visible, json_lines]


def _log_crash(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """What nobody caught is logged like everything else: a traceback may quote secrets."""
    structlog.get_logger("crash").critical("crashed", exc_info=(kind, error, trace))


def _visible(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make control, direction and invisible characters visible: nobody may forge a line or hide a word in the log."""
    return {key: value if key == "exc_info" else _shown(value) for key, value in event.items()}


def _shown(value: Any) -> Any:  # whatever may be logged
    match value:
        case None | bool() | int() | float():
            return value
        case dict():
            return {_printable(str(key)): _shown(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_shown(inner) for inner in value]
        case _:
            return _printable(str(value))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _write_traceback(file: TextIO, failed: structlog.typing.ExcInfo) -> None:
    """A traceback whose lines can't be taken for log lines, whatever the exception quotes."""
    lines = "".join(traceback.format_exception(*failed)).rstrip("\n").split("\n")
    file.write("\n".join(f"  | {_printable(line)}" for line in lines))


def _strip(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event
