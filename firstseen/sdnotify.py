"""What systemd is told: ready, status, stopping, watchdog; one datagram each, as sd_notify(3) describes them.

Without ``$NOTIFY_SOCKET`` nothing is listening and nothing is sent. A datagram that can't be delivered is logged and
never stops the service: if it mattered, the watchdog acts on it.
"""

import os
import socket

import structlog

_log = structlog.get_logger("sdnotify")


def ready() -> None:
    """The service does its work from now on."""
    _send("READY=1")


def status(words: str) -> None:
    """One line for ``systemctl status``; line breaks become blanks, since each line is an assignment to systemd."""
    _send("STATUS=" + " ".join(words.split()))


def stopping() -> None:
    """The service has begun to stop."""
    _send("STOPPING=1")


def watchdog() -> None:
    """The service is well at this moment."""
    _send("WATCHDOG=1")


def watchdog_interval() -> float | None:
    """Seconds after which systemd takes a silent service for dead; nothing when it does not watch this process."""
    watched, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not watched.isdecimal() or pid not in {"", str(os.getpid())}:
        return None
    return int(watched) / 1_000_000 or None


def _send(assignment: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket: a name that is no file
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as datagrams:
            datagrams.setblocking(False)
            datagrams.sendto(assignment.encode(), address)
    except OSError as error:
        _log.warning("notify_failed", message=assignment, error=str(error))
