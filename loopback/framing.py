"""The three TCP framings of MTProto, told apart by a client's first bytes; no input or output here.

https://core.telegram.org/mtproto/mtproto-transports
"""

import struct
from typing import Protocol
from zlib import crc32

ABRIDGED_TAG = b"\xef"
INTERMEDIATE_TAG = b"\xee\xee\xee\xee"
LONGEST = 1 << 24


class Framing(Protocol):
    """Cuts a stream into packets and wraps packets for the stream."""

    def take(self, buffer: bytearray) -> bytes | None:
        """Remove one whole packet from the front of ``buffer``; None until it is complete."""
        ...

    def wrap(self, packet: bytes) -> bytes:
        """The bytes that carry ``packet``."""
        ...


class Full:
    """Length, counter, packet, CRC-32."""

    def __init__(self) -> None:
        self._sent = 0

    def take(self, buffer: bytearray) -> bytes | None:
        """Remove one packet; a wrong checksum or an impossible length is a ValueError."""
        if len(buffer) < 4:
            return None
        length = int.from_bytes(buffer[:4], "little")
        if not 12 <= length <= LONGEST:
            raise ValueError(f"a full packet cannot have {length} bytes")
        if len(buffer) < length:
            return None
        whole = bytes(buffer[:length])
        del buffer[:length]
        if crc32(whole[:-4]) != int.from_bytes(whole[-4:], "little"):
            raise ValueError("wrong checksum")
        return whole[8:-4]

    def wrap(self, packet: bytes) -> bytes:
        """Count and checksum ``packet``."""
        framed = struct.pack("<ii", len(packet) + 12, self._sent) + packet
        self._sent += 1
        return framed + struct.pack("<I", crc32(framed))


class Abridged:
    """One byte of length in words, four when that is not enough."""

    def take(self, buffer: bytearray) -> bytes | None:
        """Remove one packet; the quick-ack bit is ignored."""
        if not buffer:
            return None
        words, head = buffer[0] & 0x7F, 1
        if words == 0x7F:
            words, head = int.from_bytes(buffer[1:4], "little"), 4
        return _cut(buffer, head, words * 4)

    def wrap(self, packet: bytes) -> bytes:
        """Put the length before ``packet``."""
        words = len(packet) // 4
        head = bytes([words]) if words < 0x7F else b"\x7f" + words.to_bytes(3, "little")
        return head + packet


class Intermediate:
    """Four bytes of length."""

    def take(self, buffer: bytearray) -> bytes | None:
        """Remove one packet; the quick-ack bit is ignored."""
        if len(buffer) < 4:
            return None
        return _cut(buffer, 4, int.from_bytes(buffer[:4], "little") & 0x7FFFFFFF)

    def wrap(self, packet: bytes) -> bytes:
        """Put the length before ``packet``."""
        return struct.pack("<i", len(packet)) + packet


def detect(buffer: bytearray) -> Framing | None:
    """The framing a client's first bytes announce, its tag removed; None while there are too few to tell."""
    if buffer[:1] == ABRIDGED_TAG:
        del buffer[:1]
        return Abridged()
    if len(buffer) < 4:
        return None
    if buffer[:4] == INTERMEDIATE_TAG:
        del buffer[:4]
        return Intermediate()
    return Full()


def _cut(buffer: bytearray, head: int, length: int) -> bytes | None:
    if len(buffer) < head + length:
        return None
    packet = bytes(buffer[head : head + length])
    del buffer[: head + length]
    return packet
