"""The process that forks one decoding process per request.

It is started once by ``fingerprints.child`` with a clean environment, loads the decoders, puts itself behind fences
and then only forks, waits and kills; it never reads a file's content itself. Its one thread and its one socket are
all it has: when the socket closes, the service is gone, and so is it. (The kernel's death signal would not do here:
it fires when the *thread* that started a process ends, not the process.)
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from typing import NoReturn

import cv2

from fingerprints import sandbox, tasks
from fingerprints.decode import is_still
from fingerprints.media import Refused, Verdict
from fingerprints.wire import REQUEST_BYTES, Outcome, Reply, Request, pack_layers, write_all

_ORPHAN_CHECK_SECONDS = 5.0
_MOST_FILES = 16


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    outcome_fd: int
    cpu_limit: float
    deadline: float


class Zygote:
    """Serves requests from ``control`` until it closes."""

    def __init__(self, control: socket.socket, layers: tuple[str, ...]) -> None:
        self._control, self._layers = control, layers
        self._service, self._pid = os.getppid(), os.getpid()
        self._children: dict[int, _Child] = {}  # by pidfd
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Fork, reap and kill until the service is gone."""
        try:
            while os.getppid() == self._service:
                for fd, _ in self._poll.poll(self._patience()):
                    if fd in self._children:
                        self._reap(fd)
                    elif not self._accept():
                        return
                self._kill_overdue()
        finally:
            for child in self._children.values():
                os.kill(child.pid, signal.SIGKILL)

    def _patience(self) -> float:
        """Milliseconds until something must be done even if nothing happens."""
        now = time.monotonic()
        nearest = min((child.deadline for child in self._children.values()), default=now + _ORPHAN_CHECK_SECONDS)
        return 1000 * min(_ORPHAN_CHECK_SECONDS, max(0.0, nearest - now) + 0.01)

    def _accept(self) -> bool:
        """Fork for the next request; False when there will be none."""
        try:
            packed, fds, _, _ = socket.recv_fds(self._control, REQUEST_BYTES, _MOST_FILES + 2)
        except ConnectionError:
            return False
        if not packed:
            return False
        self._fork(Request.unpack(packed), fds)
        return True

    def _fork(self, request: Request, fds: list[int]) -> None:
        answer_fd, outcome_fd, *media = fds
        limits = request.limits
        still = all(is_still(os.pread(fd, 16, 0)) for fd in media)
        cpu = limits.photo_cpu if still else limits.video_cpu
        pid = os.fork()
        if pid == 0:
            self._live(request, answer_fd, media, sandbox.Budget(limits.memory, cpu))
        child = _Child(pid, outcome_fd, cpu, time.monotonic() + cpu * limits.wall_factor + limits.wall_spare)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = child
        self._poll.register(pidfd, select.POLLIN)
        for fd in (answer_fd, *media):
            os.close(fd)

    def _reap(self, pidfd: int) -> None:
        child = self._children.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _, ended, usage = os.wait4(child.pid, 0)
        overdue = time.monotonic() > child.deadline
        code = os.waitstatus_to_exitcode(ended)
        outcome = Outcome(code, usage.ru_utime + usage.ru_stime, child.cpu_limit, overdue)
        with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
            os.write(child.outcome_fd, outcome.pack())
        os.close(child.outcome_fd)

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if now > child.deadline:
                os.kill(child.pid, signal.SIGKILL)

    def _live(self, request: Request, answer_fd: int, media: list[int], budget: sandbox.Budget) -> NoReturn:
        """The life of a decoding process: go behind the fences, do the task, answer, end."""
        code = 1
        try:
            _close_all_but({answer_fd, *media})
            layers = (*sandbox.lock_down(budget, self._pid), *self._layers)
            write_all(answer_fd, pack_layers(layers))
            write_all(answer_fd, _reply(request, media).pack())
            code = 0
        finally:
            os._exit(code)


def _reply(request: Request, media: list[int]) -> Reply:
    """Do the task and put whatever happens into words."""
    if request.task not in tasks.TASKS:
        return Reply(Verdict.REFUSED, f"there is no task {request.task}")
    try:
        product = tasks.TASKS[request.task](media, request.arguments, request.limits)
    except Refused as error:
        return Reply(Verdict.REFUSED, str(error))
    except MemoryError:
        return Reply(Verdict.KILLED, f"over {request.limits.memory / 1e9:g} GB of memory")
    except Exception as error:  # noqa: BLE001  # decoders raise anything on damaged input: it is the file's verdict
        return Reply(Verdict.REFUSED, f"the decoder gave up ({type(error).__name__}: {error})")
    if len(product.payload) > request.limits.answer_bytes:
        return Reply(Verdict.REFUSED, f"the answer has {len(product.payload)} bytes, over the limit")
    verdict = Verdict.PARTIAL if product.missing else Verdict.OK
    return Reply(verdict, product.missing, product.payload, product.facts)


def _close_all_but(kept: set[int]) -> None:
    os.dup2(0, 2)  # what a decoder complains of goes where standard input is: nowhere
    last = 2
    for fd in sorted(kept):
        os.closerange(last + 1, fd)
        last = fd
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))


def main() -> None:
    """Load, warm up, go behind the fences, tell the service so, serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    cv2.setNumThreads(1)
    tasks.warm_up()
    layers = sandbox.confine()
    gc.collect()
    gc.freeze()
    control.send(json.dumps(layers).encode())
    Zygote(control, layers).serve()


if __name__ == "__main__":
    main()
