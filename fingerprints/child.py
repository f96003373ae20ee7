"""Decoding outside this process: every file is read by a process of its own that can do nothing else.

The service must survive any file, so it never decodes. ``Isolation`` starts one small process (the zygote) that has
the decoders loaded; per request that one forks, the fork goes behind limits and fences, does one named task on
descriptors open for reading, and answers with bounded bytes. Whatever happens in there becomes a verdict in words.
"""

import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from core.errors import InputError, StateError, Transient
from fingerprints import sandbox
from fingerprints.media import Limits, Verdict
from fingerprints.wire import JSON, Garbled, Outcome, Reply, Request, most_bytes, split_layers

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_GRACE_SECONDS = 15.0
_CHUNK = 1 << 20
# Large pages and few returns to the kernel: a process that lives for milliseconds spends most of them on page faults.
_MALLOC = "glibc.malloc.hugetlb=1:glibc.malloc.top_pad=16777216:glibc.malloc.mmap_threshold=33554432"
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "GLIBC_TUNABLES": _MALLOC,
}
_CRASHES = {
    signal.SIGXCPU: "over {cpu:g} s of processor time",
    signal.SIGSYS: "the decoder tried what no decoder needs, as if taken over",
    signal.SIGKILL: "ended by the system, most likely for want of memory",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one task. ``reason`` is empty only for OK; ``layers`` names the fences that were in force."""

    verdict: Verdict
    reason: str = ""
    payload: bytes = b""
    facts: Mapping[str, JSON] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Zygote:
    process: subprocess.Popen[bytes]
    control: socket.socket
    layers: tuple[str, ...]


class Isolation:
    """Runs tasks on files, ``slots`` at once, from any thread. Start it early; use it as a context or close it."""

    def __init__(self, slots: int = 2) -> None:
        self._free = threading.BoundedSemaphore(slots)
        self._lock = threading.Lock()
        self._closed = False
        self._zygote: _Zygote | None = None
        self._undo: weakref.finalize[[_Zygote], Isolation] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the zygote unless it runs; StateError when it can't."""
        with self._lock:
            self._closed = False
            self._running()

    def close(self) -> None:
        """End the zygote; tasks in hand and those that wait fail as transient."""
        with self._lock:
            self._closed = True
            self._drop()

    def run(self, task: str, files: Sequence[Path], arguments: Mapping[str, JSON], limits: Limits) -> Answer:
        """Do a task of ``fingerprints.tasks`` on files; waits for a free slot.

        Every file ends in an Answer. InputError: not a regular file. Transient: the zygote died under it.
        """
        request = Request(task, arguments, limits).pack()
        with self._free, ExitStack() as held:
            media = [held.enter_context(_opened(path)) for path in files]
            answer, answer_end = _pipe(held)
            outcome, outcome_end = _pipe(held)
            self._send(request, [answer_end.fileno(), outcome_end.fileno(), *media])
            answer_end.close()
            outcome_end.close()
            return self._receive(answer, outcome, limits)

    def _send(self, request: bytes, fds: list[int]) -> None:
        """Hand a request to the zygote, to a new one if it turns out to have died since the last."""
        with self._lock:
            if self._closed:
                raise Transient("decoding has been closed", retry_in=1.0)
            try:
                socket.send_fds(self._running().control, [request], fds)
            except ConnectionError:
                self._drop()
                socket.send_fds(self._running().control, [request], fds)

    def _receive(self, answer: BinaryIO, outcome: BinaryIO, limits: Limits) -> Answer:
        """Wait for a process to end and judge it. The zygote holds the time limits; ours is there if it should hang."""
        deadline = time.monotonic() + limits.video_cpu * limits.wall_factor + limits.wall_spare + _GRACE_SECONDS
        try:
            said = _read_all(answer, most_bytes(limits), deadline)
            seen = _read_all(outcome, _CHUNK, deadline)
        except TimeoutError:
            with self._lock:
                self._drop()
            seen = b""
        if not seen:
            raise Transient("the decoding process was lost; it is started again", retry_in=1.0)
        return _judged(said, Outcome.unpack(seen))

    def _running(self) -> _Zygote:
        """The zygote, started if it is not alive. The lock is held."""
        if self._zygote is not None and self._zygote.process.poll() is not None:
            self._drop()
        if self._zygote is None:
            self._zygote = _started()
            self._undo = weakref.finalize(self, _stopped, self._zygote)
        return self._zygote

    def _drop(self) -> None:
        if self._undo is not None:
            self._undo()
        self._zygote = self._undo = None


def posture(isolation: Isolation) -> Mapping[str, bool]:
    """Every fence by name, and whether this machine's kernel granted it, asked of a process behind them."""
    answer = isolation.run("posture", [], {}, Limits())
    return {layer: layer in answer.layers for layer in sandbox.LAYERS}


def _started() -> _Zygote:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", "-W", "ignore", "-m", "fingerprints.zygote", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env=_ENVIRONMENT,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # a Ctrl-C at the terminal is the service's to handle
        )
    ours.settimeout(_START_SECONDS)
    try:
        ready = ours.recv(_CHUNK)
    except (TimeoutError, ConnectionError):
        ready = b""
    ours.settimeout(None)
    zygote = _Zygote(process, ours, tuple(json.loads(ready or b"[]")))
    if not ready:
        _stopped(zygote)
        raise StateError("the decoding process did not start; standard error says why")
    return zygote


def _stopped(zygote: _Zygote) -> None:
    """Close the socket, on which the zygote and all its processes end; insist if they do not."""
    zygote.control.close()
    try:
        zygote.process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        zygote.process.kill()
        zygote.process.wait()


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A regular file open for reading, nothing else: a pipe or device would hang us or the decoder."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"{path} can't be opened: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise InputError(f"{path} is not a file")
        yield fd
    finally:
        os.close(fd)


def _pipe(held: ExitStack) -> tuple[BinaryIO, BinaryIO]:
    """The reading and the writing end of a new pipe."""
    reading, writing = os.pipe()
    return (
        held.enter_context(os.fdopen(reading, "rb", buffering=0)),
        held.enter_context(os.fdopen(writing, "wb", buffering=0)),
    )


def _read_all(end: BinaryIO, most: int, deadline: float) -> bytes:
    """All bytes until the other side closes, at most one more than ``most``; TimeoutError after ``deadline``."""
    poll = select.poll()
    poll.register(end, select.POLLIN)
    pieces, length = [], 0
    while length <= most:
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
        piece = end.read(min(_CHUNK, most + 1 - length))
        if not piece:
            break
        pieces.append(piece)
        length += len(piece)
    return b"".join(pieces)


def _judged(said: bytes, outcome: Outcome) -> Answer:
    """The answer of a process that ended well, or a verdict on how it ended."""
    layers, answer = split_layers(said)
    try:
        reply = Reply.unpack(answer)
    except Garbled as error:
        reply = Reply(Verdict.KILLED, _last_words(outcome, str(error)))
    return Answer(reply.verdict, reply.reason, reply.payload, reply.facts, layers, outcome.cpu_seconds)


def _last_words(outcome: Outcome, garbled: str) -> str:
    if outcome.overdue:
        return "took far longer than its processor time allows"
    if outcome.code >= 0:
        return f"the decoder ended without a usable answer ({garbled})"
    ended_by = signal.Signals(-outcome.code)
    words = _CRASHES.get(ended_by, f"the decoder crashed ({ended_by.name})")
    return words.format(cpu=outcome.cpu_limit)
