"""A file descriptor as the decoders want to read it."""

import io
import os
from typing import BinaryIO

_BUFFER = 1 << 16


def reader(fd: int) -> BinaryIO:
    """The file behind a descriptor from its start, buffered; it has no name and closing it leaves the descriptor open.

    Each has a position of its own, so that several passes over one descriptor never disturb each other.
    """
    return io.BufferedReader(_Positioned(fd), _BUFFER)


class _Positioned(io.RawIOBase):
    """Reads by position and so leaves the descriptor's own alone."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("a position before the start of the file")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        count = os.preadv(self._fd, [buffer], self._position)
        self._position += count
        return count
