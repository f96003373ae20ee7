"""One isolation for all tests that only use it, and files to hand to it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fingerprints.child import Isolation

MakeFile = Callable[..., Path]
OpenBytes = Callable[[bytes], int]


@pytest.fixture(scope="session")
def isolation() -> Iterator[Isolation]:
    """Two slots, shared: tests that harm it take one of their own."""
    with Isolation(slots=2) as started:
        yield started


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    """Writes bytes to a file of some name."""

    def make(content: bytes, name: str = "asset") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


@pytest.fixture
def opened() -> Iterator[OpenBytes]:
    """Bytes behind a descriptor, as decoders get them."""
    with ExitStack() as held:

        def open_bytes(content: bytes) -> int:
            fd = os.memfd_create("asset")
            held.callback(os.close, fd)
            os.write(fd, content)
            return fd

        yield open_bytes
