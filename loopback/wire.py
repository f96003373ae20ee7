"""MTProto 2.0 from the server's side: connections, sessions, encryption; what a request means is not known here.

https://core.telegram.org/mtproto/description and /mtproto/service_messages
"""

import asyncio
import gzip
import os
import struct
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from telethon.crypto import AES, AuthKey
from telethon.extensions import BinaryReader
from telethon.tl import TLObject, functions, types

from loopback.framing import Framing, Full, detect
from loopback.handshake import Handshake, HandshakeError
from loopback.nouns import HOME_DC, Key

CONTAINER = 0x73F1F8DC
GZIP = 0x3072CFA1
RPC_RESULT = 0xF35C6D01
VECTOR = 0x1CB5C415
TRUE, FALSE = 0x997275B5, 0xBC799737
TOO_OLD, TOO_NEW = 300, 30
UNKNOWN_KEY, TOO_MANY = 404, 429


class Host(Protocol):
    """What a connection needs of the server behind it."""

    sessions: dict[tuple[int, int], "Session"]
    skew: int

    @property
    def keys(self) -> dict[int, Key]:
        """The auth keys known."""
        ...

    @property
    def defects(self) -> list[str]:
        """Where breaches of the protocol are written down."""
        ...

    def opened(self, connection: "Connection") -> None:
        """A client connected."""
        ...

    def closed(self, connection: "Connection") -> None:
        """A client is gone."""
        ...

    def adopt(self, secret: bytes, dc: int, salt: int) -> Key:
        """Remember a key just exchanged."""
        ...

    def serve(self, session: "Session", message_id: int, body: bytes) -> None:
        """Answer one request, now or later, through ``session``."""
        ...


@dataclass(frozen=True)
class Numbers:
    """A vector of bare ints or longs, which TL writes without constructors; ``code`` as for ``struct``."""

    values: tuple[int, ...]
    code: str = "i"


def serialize(value: object) -> bytes:
    """TL bytes of an answer: an object, a bool, a vector of objects or of numbers, or bytes that are TL already."""
    match value:
        case bytes():
            return value
        case bool():
            return struct.pack("<I", TRUE if value else FALSE)
        case list():
            return struct.pack("<Ii", VECTOR, len(value)) + b"".join(map(serialize, value))
        case Numbers(values, code):
            return struct.pack(f"<Ii{len(values)}{code}", VECTOR, len(values), *values)
        case TLObject():
            return bytes(value)
    raise TypeError(f"{type(value).__name__} is no TL value")


def unpacked(body: bytes) -> bytes:
    """The bytes inside ``gzip_packed``, or ``body`` itself."""
    if int.from_bytes(body[:4], "little") != GZIP:
        return body
    with BinaryReader(body[4:]) as reader:
        return gzip.decompress(reader.tgread_bytes())


def read(body: bytes) -> Any:
    """The TL object in ``body``; TypeNotFoundError for a constructor outside the schema."""
    with BinaryReader(unpacked(body)) as reader:
        return reader.tgread_object()


def _packed_if_smaller(body: bytes) -> bytes:
    if len(body) <= 512:
        return body
    smaller = struct.pack("<I", GZIP) + TLObject.serialize_bytes(gzip.compress(body, 1))
    return smaller if len(smaller) < len(body) else body


def _aes(secret: bytes, message_key: bytes, offset: int) -> tuple[bytes, bytes]:
    first = sha256(message_key + secret[offset : offset + 36]).digest()
    second = sha256(secret[40 + offset : 76 + offset] + message_key).digest()
    return first[:8] + second[8:24] + first[24:], second[:8] + first[8:24] + second[24:]


class Session:
    """One session of a key on one connection: numbers, encrypts and sends what the server says in it."""

    def __init__(self, key: Key, session_id: int, connection: "Connection") -> None:
        self.key = key
        self.id = session_id
        self.connection = connection
        self.wants_updates = False
        self._content_sent = 0
        self._last_id = 0

    def result(self, message_id: int, value: object) -> None:
        """Answer a request, compressed when that is shorter."""
        body = struct.pack("<Iq", RPC_RESULT, message_id) + _packed_if_smaller(serialize(value))
        self.send(body, answer=True)

    def error(self, message_id: int, code: int, text: str) -> None:
        """Refuse a request."""
        self.send(struct.pack("<Iq", RPC_RESULT, message_id) + bytes(types.RpcError(code, text)), answer=True)

    def say(self, service: Any, *, answer: bool = True) -> None:
        """Send a service message of the protocol itself."""
        self.send(bytes(service), answer=answer, content=False)

    def push(self, updates: bytes) -> None:
        """Send updates nobody asked for."""
        self.send(_packed_if_smaller(updates), answer=False)

    def send(self, body: bytes, *, answer: bool, content: bool = True) -> None:
        """Encrypt one message. Ids are 1 mod 4 in answer and 3 mod 4 unasked, always rising."""
        number = self._content_sent * 2 + content
        self._content_sent += content
        inner = struct.pack("<qqqii", self.key.salt, self.id, self._next_id(answer=answer), number, len(body)) + body
        inner += os.urandom(-(len(inner) + 12) % 16 + 12)
        message_key = sha256(self.key.secret[96:128] + inner).digest()[8:24]
        aes_key, aes_iv = _aes(self.key.secret, message_key, 8)
        encrypted: bytes = AES.encrypt_ige(inner, aes_key, aes_iv)
        self.connection.send(struct.pack("<Q", self.key.id) + message_key + encrypted)

    def _next_id(self, *, answer: bool) -> int:
        fresh = int((time.time() + self.connection.host.skew) * 2**32) & ~3
        self._last_id = max(fresh, (self._last_id & ~3) + 4) | (1 if answer else 3)
        return self._last_id


class Connection(asyncio.Protocol):
    """One client's TCP connection to one data centre."""

    def __init__(self, host: Host, dc: int) -> None:
        self.host = host
        self.dc = dc
        self._buffer = bytearray()
        self._framing: Framing | None = None
        self._handshake: Handshake | None = None
        self._transport: asyncio.Transport | None = None

    # ------------------------------------------------------------------------------------------ asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio on connect."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.host.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why it ended does not matter here
        """Called by asyncio at the end."""
        self._transport = None
        self.host.closed(self)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with whatever arrived; a client that breaks the protocol is cut off."""
        self._buffer += data
        try:
            for packet in self._packets():
                self._packet(packet)
        except (ValueError, HandshakeError):
            self.host.defects.append(traceback.format_exc())
            self.cut()

    @property
    def peer(self) -> str:
        """The client's address, empty once it is gone."""
        return "" if self._transport is None else str(self._transport.get_extra_info("peername")[0])

    def send(self, packet: bytes) -> None:
        """Frame and write one packet; nothing after the connection ended."""
        if self._transport is not None and self._framing is not None:
            self._transport.write(self._framing.wrap(packet))

    def write_raw(self, junk: bytes) -> None:
        """Write bytes that are no packet."""
        if self._transport is not None:
            self._transport.write(junk)

    def cut(self) -> None:
        """End the connection at once, unsent bytes and all."""
        if self._transport is not None:
            self._transport.abort()

    def refuse(self, code: int) -> None:
        """Answer with a transport error and close: four bytes, but three times over for a 429 in the full framing."""
        if code == TOO_MANY and isinstance(self._framing, Full):
            self.write_raw(struct.pack("<iii", -code, -code, -code))
        else:
            self.send(struct.pack("<i", -code))
        if self._transport is not None:
            self._transport.close()

    # ------------------------------------------------------------------------------------------ packets

    def _packets(self) -> Iterator[bytes]:
        self._framing = self._framing or detect(self._buffer)
        while self._framing is not None and (packet := self._framing.take(self._buffer)) is not None:
            yield packet

    def _packet(self, packet: bytes) -> None:
        key_id = int.from_bytes(packet[:8], "little")
        if key_id == 0:
            self._plain(packet)
        elif (key := self.host.keys.get(key_id)) is None or key.dc != self.dc:
            self.refuse(UNKNOWN_KEY)
        else:
            self._encrypted(key, packet)

    def _plain(self, packet: bytes) -> None:
        self._handshake = self._handshake or Handshake(int(time.time()) + self.host.skew)
        answer = bytes(self._handshake.answer(read(packet[20:])))
        message_id = int((time.time() + self.host.skew) * 2**32) & ~3 | 1
        self.send(struct.pack("<qqi", 0, message_id, len(answer)) + answer)
        if self._handshake.secret is not None:
            self.host.adopt(self._handshake.secret, self.dc, self._handshake.salt)
            self._handshake = None

    def _encrypted(self, key: Key, packet: bytes) -> None:
        message_key = packet[8:24]
        inner = AES.decrypt_ige(packet[24:], *_aes(key.secret, message_key, 0))
        if sha256(key.secret[88:120] + inner).digest()[8:24] != message_key:
            raise ValueError("message key does not fit")
        salt, session_id, message_id, number, length = struct.unpack("<qqqii", inner[:32])
        session = self._session(key, session_id, message_id)
        if (wrong := self._clock_error(message_id)) is not None:
            session.say(types.BadMsgNotification(message_id, number, wrong))
        elif salt != key.salt:
            session.say(types.BadServerSalt(message_id, number, 48, key.salt))
        else:
            self._message(session, message_id, inner[32 : 32 + length])

    def _session(self, key: Key, session_id: int, message_id: int) -> Session:
        session = self.host.sessions.get((key.id, session_id))
        if session is None:
            self._end_if_elsewhere(key)
            session = self.host.sessions[key.id, session_id] = Session(key, session_id, self)
            session.say(types.NewSessionCreated(message_id, session_id, key.salt), answer=False)
        session.connection = self
        return session

    def _end_if_elsewhere(self, key: Key) -> None:
        """A key in use from two addresses at once is ended for good, but on the media data centre."""
        peers = {session.connection.peer for session in self.host.sessions.values() if session.key is key} - {""}
        if self.dc == HOME_DC and peers - {self.peer}:
            key.ended = (406, "AUTH_KEY_DUPLICATED")

    def _clock_error(self, message_id: int) -> int | None:
        ahead = (message_id >> 32) - (time.time() + self.host.skew)
        return 17 if ahead > TOO_NEW else 16 if ahead < -TOO_OLD else None

    # ------------------------------------------------------------------------------------------ messages

    def _message(self, session: Session, message_id: int, body: bytes) -> None:
        body = unpacked(body)
        if int.from_bytes(body[:4], "little") == CONTAINER:
            for inner_id, inner in _contained(body):
                self._message(session, inner_id, inner)
        elif not self._service(session, message_id, body):
            self.host.serve(session, message_id, body)

    def _service(self, session: Session, message_id: int, body: bytes) -> bool:
        """Answer a message of the protocol itself; false when it is a request for the server."""
        if (question := _service_question(body)) is None:
            return False
        match question:
            case functions.PingRequest() | functions.PingDelayDisconnectRequest():
                session.say(types.Pong(message_id, question.ping_id))
            case functions.GetFutureSaltsRequest():
                now = int(time.time()) + self.host.skew
                salt = types.FutureSalt(now, now + 86400, session.key.salt)
                session.say(types.FutureSalts(message_id, now, [salt]))
            case functions.DestroySessionRequest():
                session.say(types.DestroySessionOk(question.session_id))
            case types.MsgsStateReq():
                session.say(types.MsgsStateInfo(message_id, chr(4) * len(question.msg_ids)))
            case functions.RpcDropAnswerRequest():
                session.result(message_id, types.RpcAnswerUnknown())
        return True


SERVICE = (
    functions.PingRequest,
    functions.PingDelayDisconnectRequest,
    functions.GetFutureSaltsRequest,
    functions.DestroySessionRequest,
    functions.RpcDropAnswerRequest,
    types.MsgsStateReq,
    types.MsgsAck,
    types.MsgsStateInfo,
    types.MsgResendReq,
    types.HttpWait,
)
SERVICE_IDS = {question.CONSTRUCTOR_ID for question in SERVICE}


def _service_question(body: bytes) -> Any:
    if int.from_bytes(body[:4], "little") not in SERVICE_IDS:
        return None
    return read(body)


def _contained(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Message id and bytes of each message in a container."""
    count, position = int.from_bytes(body[4:8], "little"), 8
    for _ in range(count):
        message_id, _number, length = struct.unpack_from("<qii", body, position)
        yield message_id, body[position + 16 : position + 16 + length]
        position += 16 + length


def key_id(secret: bytes) -> int:
    """The number packets name a key by: the low 64 bits of its SHA-1."""
    number: int = AuthKey(secret).key_id
    return number
