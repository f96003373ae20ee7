"""A file descriptor as the decoders want to read it."""

import io
import os


class Reader(io.RawIOBase):
    """Read-only view of a descriptor with a position of its own, so that passes over one file never disturb each other.

    It has no name and opens nothing, so that a decoder can't follow either.
    """

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._position = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position and return it; before the start is a ValueError."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("a position before the start of the file")
        self._position = start + offset
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to ``size`` bytes (all that is left for -1), empty at the end."""
        wanted = max(0, self._size - self._position) if size is None or size < 0 else size
        chunk = os.pread(self._fd, wanted, self._position)
        self._position += len(chunk)
        return chunk

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill ``buffer`` as far as the file goes."""
        chunk = self.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)
