"""The fences around a process that decodes: limits, privileges, system calls and files, each by the kernel.

The zygote puts itself behind ``confine`` once, when everything it needs is loaded; each process forked from it goes
behind ``lock_down`` before it sees a byte of a file. Both tell which layers the kernel granted. Constants are those of
the Linux headers; the system call filter follows linux/seccomp.h and linux/filter.h.
"""

import ctypes
import math
import os
import platform
import resource
import signal
import struct
from collections.abc import Iterator
from dataclasses import dataclass

PROCESS = "process of its own"
LIMITS = "resource limits"
PRIVILEGES = "no new privileges"
CAPABILITIES = "no capabilities"
CALLS = "system call filter"
FILES = "no files (Landlock)"
NETWORK = "no network (Landlock)"
SIGNALS = "no signals (Landlock)"
LAYERS = (PROCESS, LIMITS, PRIVILEGES, CAPABILITIES, CALLS, FILES, NETWORK, SIGNALS)

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 15, 22, 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION = 0x20080522

_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446
_LANDLOCK_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many of the rights each version knows

_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_EPERM, _ENOSYS = 0x00050001, 0x00050026
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH, _ARGUMENTS = 0, 4, 16
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000

# name: number on x86_64, number on aarch64
_NUMBERS = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "exit": (60, 93),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "set_tid_address": (218, 96),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "newfstatat": (262, 79),
    "set_robust_list": (273, 99),
    "preadv": (295, 69),
    "preadv2": (327, 286),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}
# No decoder ever needs these: whoever calls them has been taken over.
_FATAL = {
    "socket": (41, 198),
    "connect": (42, 203),
    "sendto": (44, 206),
    "bind": (49, 200),
    "execve": (59, 221),
    "ptrace": (101, 117),
    "process_vm_writev": (311, 271),
    "execveat": (322, 281),
    "io_uring_setup": (425, 425),
}
_CLONE, _PRCTL, _TGKILL, _PRLIMIT = (56, 220), (157, 167), (234, 131), (302, 261)
_CLONE3 = (435, 435)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


@dataclass(frozen=True, slots=True)
class Budget:
    """What the kernel grants one decoding process: address space in bytes, processor time in seconds."""

    memory: int
    cpu_seconds: float


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def confine() -> tuple[str, ...]:
    """Give up, for this process and all it will fork, files, network, capabilities and new privileges."""
    granted = [PRIVILEGES] if _no_new_privileges() else []
    granted += _landlock()
    if _drop_capabilities():
        granted.append(CAPABILITIES)
    return tuple(granted)


def lock_down(budget: Budget, parent: int) -> tuple[str, ...]:
    """Tie this process to its parent's life, set its limits and leave it only the system calls of a decoder."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask to be told
        os._exit(1)
    _set_limits(budget)
    return (PROCESS, LIMITS, CALLS) if _filter_calls() else (PROCESS, LIMITS)


def _set_limits(budget: Budget) -> None:
    seconds = math.ceil(budget.cpu_seconds)
    resource.setrlimit(resource.RLIMIT_AS, (budget.memory, budget.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _no_new_privileges() -> bool:
    return bool(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def _drop_capabilities() -> bool:
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    return bool(_libc.capset(header, bytes(24)) == 0)


def _landlock() -> list[str]:
    """Landlock without a single rule: nothing may be opened, no port used, no process outside signalled."""
    version = _libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return []
    rights = (1 << _LANDLOCK_FILE_RIGHTS[min(version, max(_LANDLOCK_FILE_RIGHTS))]) - 1
    ports, scopes = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
    wanted = struct.pack("QQQ", rights, ports, scopes)
    ruleset = _libc.syscall(_LANDLOCK_CREATE_RULESET, wanted, len(wanted), 0)
    if ruleset < 0:
        return []
    refused = _libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    granted = [FILES] + [NETWORK] * bool(ports) + [SIGNALS] * bool(scopes)
    return [] if refused else granted


def _filter_calls() -> bool:
    """Install the allow-list; False on other machines than x86_64 and aarch64, or where the kernel has no filters."""
    if platform.machine() not in _ARCHITECTURES:
        return False
    column, architecture = _ARCHITECTURES[platform.machine()]
    instructions = b"".join(_instructions(column, architecture))
    program = _Program(len(instructions) // 8, instructions)
    return bool(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _instructions(column: int, architecture: int) -> Iterator[bytes]:
    """The filter: every test either returns or falls through to the next with the call's number still loaded."""
    yield _step(_LOAD, _ARCH)
    yield _step(_EQUAL, architecture, yes=1) + _step(_RETURN, _KILL)
    yield _step(_LOAD, _NR)
    if column == 0:
        yield _step(_AT_LEAST, _X32, no=1) + _step(_RETURN, _KILL)
    for numbers in _NUMBERS.values():
        yield _answer(numbers[column], _step(_RETURN, _ALLOW))
    for numbers in _FATAL.values():
        yield _answer(numbers[column], _step(_RETURN, _KILL))
    # glibc then falls back to clone, whose flags a filter can read: threads yes, processes no.
    yield _answer(_CLONE3[column], _step(_RETURN, _ENOSYS))
    yield _answer(_CLONE[column], _if_argument(0, _ANY_BIT, _CLONE_THREAD))
    yield _answer(_PRCTL[column], _if_argument(0, _EQUAL, _PR_SET_NAME))
    yield _answer(_TGKILL[column], _if_argument(0, _EQUAL, os.getpid()))
    yield _answer(_PRLIMIT[column], _if_null(2))
    yield _step(_RETURN, _EPERM)


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; ``yes`` and ``no`` say how many to skip when a test holds or fails."""
    return struct.pack("HBBI", code, yes, no, value)


def _answer(number: int, body: bytes) -> bytes:
    return _step(_EQUAL, number, no=len(body) // 8) + body


def _if_argument(index: int, test: int, value: int) -> bytes:
    """Allow when the low half of an argument passes the test."""
    load = _step(_LOAD, _ARGUMENTS + 8 * index)
    return load + _step(test, value, no=1) + _step(_RETURN, _ALLOW) + _step(_RETURN, _EPERM)


def _if_null(index: int) -> bytes:
    """Allow when an argument is a null pointer."""
    low = _step(_LOAD, _ARGUMENTS + 8 * index) + _step(_EQUAL, 0, no=3)
    high = _step(_LOAD, _ARGUMENTS + 8 * index + 4) + _step(_EQUAL, 0, no=1)
    return low + high + _step(_RETURN, _ALLOW) + _step(_RETURN, _EPERM)
