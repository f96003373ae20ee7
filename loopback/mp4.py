"""Reads size and length off an mp4's own header, as Telegram does with a video it is sent."""

from collections.abc import Iterator
from dataclasses import dataclass

FIXED_POINT = 1 << 16


@dataclass(frozen=True)
class Header:
    """Pixels and seconds."""

    width: int
    height: int
    duration: float


def header(content: bytes) -> Header | None:
    """What the file says of itself; None when it is no mp4 with a picture."""
    moov = next((body for name, body in _boxes(content) if name == b"moov"), b"")
    parts = list(_boxes(moov))
    duration = next((_seconds(body) for name, body in parts if name == b"mvhd"), 0.0)
    tracks = [inner for name, body in parts if name == b"trak" for inner in _boxes(body) if inner[0] == b"tkhd"]
    sizes = [_pixels(body) for _, body in tracks]
    width, height = max(sizes, default=(0, 0))
    return Header(width, height, duration) if width and height else None


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        start = 8
        if size == 1:
            size, start = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        size = size or len(content) - at
        if size < start:
            return
        yield content[at + 4 : at + 8], content[at + start : at + size]
        at += size


def _seconds(mvhd: bytes) -> float:
    """Version 1 of the box has longer times."""
    wide = mvhd[:1] == b"\x01"
    begin, size = (20, 8) if wide else (12, 4)
    scale = int.from_bytes(mvhd[begin : begin + 4], "big")
    length = int.from_bytes(mvhd[begin + 4 : begin + 4 + size], "big")
    return length / scale if scale else 0.0


def _pixels(tkhd: bytes) -> tuple[int, int]:
    width, height = tkhd[-8:-4], tkhd[-4:]
    return int.from_bytes(width, "big") // FIXED_POINT, int.from_bytes(height, "big") // FIXED_POINT
