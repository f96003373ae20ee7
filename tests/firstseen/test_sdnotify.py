"""What arrives at a socket like systemd's."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from firstseen import sdnotify


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A datagram socket of either kind that ``$NOTIFY_SOCKET`` points to."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@firstseen-{uuid4().hex}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if name.startswith("@") else name)
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield listening


def received(listening: socket.socket) -> list[bytes]:
    """Every datagram that waits."""
    datagrams: list[bytes] = []
    try:
        while True:
            datagrams.append(listening.recv(4096))
    except BlockingIOError:
        return datagrams


def test_each_message_is_one_datagram(systemd: socket.socket) -> None:
    """Ready, status, watchdog and stopping arrive in order, one datagram each."""
    sdnotify.ready()
    sdnotify.status("3 jobs waiting; no trouble")
    sdnotify.watchdog()
    sdnotify.stopping()

    assert received(systemd) == [b"READY=1", b"STATUS=3 jobs waiting; no trouble", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_status_cannot_smuggle_another_assignment(systemd: socket.socket) -> None:
    """Line breaks in a status, which may quote strangers, do not become further assignments."""
    sdnotify.status("a channel called\nMAINPID=1\r\nREADY=1")

    assert received(systemd) == [b"STATUS=a channel called MAINPID=1 READY=1"]


def test_words_in_any_script_arrive(systemd: socket.socket) -> None:
    """A status is sent as UTF-8."""
    sdnotify.status("канал мовчить")

    assert received(systemd) == ["STATUS=канал мовчить".encode()]


def test_a_full_or_missing_listener_does_not_stop_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When nobody listens at the address, the message is logged as lost and the call returns."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))

    sdnotify.watchdog()

    assert "notify_failed" in capsys.readouterr().out


def test_a_listener_that_never_reads_does_not_block(systemd: socket.socket, capsys: pytest.CaptureFixture[str]) -> None:
    """Once the listener's queue is full, messages are given up at once instead of waiting."""
    while "notify_failed" not in capsys.readouterr().out:
        sdnotify.watchdog()

    assert received(systemd)


def test_outside_systemd_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a notify socket the calls do nothing and say nothing."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    sdnotify.ready()

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("120000000", None, 120.0),
        ("500000", "ours", 0.5),
        ("120000000", "1", None),
        (None, None, None),
        ("0", None, None),
        ("soon", None, None),
    ],
)
def test_watchdog_interval(
    usec: str | None, pid: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interval is systemd's microseconds in seconds, and nothing when absent, senseless or for another process."""
    for name, value in (("WATCHDOG_USEC", usec), ("WATCHDOG_PID", pid)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value.replace("ours", str(os.getpid())))

    assert sdnotify.watchdog_interval() == seconds
