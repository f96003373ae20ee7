"""Faults at the k-th call to the system, seen by the interpreter's profiler: the product has no hook for them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

CALLS = {"open", "write", "fsync", "posix_fadvise", "read", "mkdir", "replace", "rename", "chmod", "unlink"}


@contextmanager
def at_call(number: int, strike: Callable[[], None]) -> Iterator[None]:
    """Call ``strike`` in place of the ``number``-th call of module os that changes or reads files, in this thread."""
    met = 0

    def watch(_frame: FrameType, event: str, called: Any) -> None:
        nonlocal met
        if event == "c_call" and called.__module__ == "posix" and called.__name__ in CALLS:
            met += 1
            if met == number:
                sys.setprofile(None)
                strike()

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)


@contextmanager
def calls_made() -> Iterator[list[str]]:
    """The names of those calls in their order, as they are made in this thread."""
    made: list[str] = []

    def watch(_frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and called.__module__ == "posix" and called.__name__ in CALLS:
            made.append(called.__name__)

    sys.setprofile(watch)
    try:
        yield made
    finally:
        sys.setprofile(None)
