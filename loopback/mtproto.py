"""The MTProto face: listens on loopback, signs accounts in, answers requests, pushes what happens.

Several data centres in one object: the home one and one for media, each on a port of its own.
"""

import asyncio
import base64
import ipaddress
import os
import struct
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from telethon.crypto import AuthKey
from telethon.errors import TypeNotFoundError
from telethon.sessions import SQLiteSession
from telethon.tl import functions

from loopback import rpc_updates, testkey
from loopback.faults import Cut, Silence
from loopback.nouns import HOME_DC, MEDIA_DC, Change, Channel, Key, User
from loopback.rpc import name_of, writes
from loopback.rpc_updates import NEXT_CHECK
from loopback.served import Served
from loopback.srp import Challenge, Lock
from loopback.tl import View
from loopback.wire import Connection, Session, key_id, read
from loopback.world import Event, World

FACE = "mtproto"
STRING_SESSION_VERSION = "1"


class MTProtoServer:
    """Telegram's MTProto servers over ``world``, on 127.0.0.1 only.

    Use as an async context manager, or by ``start`` and ``stop``, which may be repeated on the same ports with
    nothing forgotten. ``skew`` is how many seconds the servers' clock runs ahead of this machine's.
    """

    def __init__(self, world: World, host: str = "127.0.0.1", port: int = 0) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the loopback Telegram serves loopback addresses only, not {host}")
        self.world = world
        self.host = host
        self.ports: dict[int, int] = {HOME_DC: port, MEDIA_DC: 0}
        self.skew = 0
        self.connections: set[Connection] = set()
        self.sessions: dict[tuple[int, int], Session] = {}
        self.challenges: dict[int, Challenge] = {}
        self.tickets: dict[bytes, User] = {}
        self._locks: dict[int, Lock] = {}
        self._followed: dict[tuple[int, int], datetime] = {}
        self._listening: list[asyncio.Server] = []

    # ------------------------------------------------------------------------------------------ running

    @property
    def port(self) -> int:
        """The home data centre's port."""
        return self.ports[HOME_DC]

    @property
    def keys(self) -> dict[int, Key]:
        """The auth keys, which live in the world and so outlive the server."""
        return self.world.keys

    @property
    def defects(self) -> list[str]:
        """Where breaches of the protocol are written down."""
        return self.world.defects

    @property
    def public_key(self) -> str:
        """The PEM a client must trust for a key exchange."""
        return testkey.public_pem()

    async def start(self) -> None:
        """Listen; a port that was 0 is chosen now and kept."""
        loop = asyncio.get_running_loop()
        for dc in self.ports:
            server = await loop.create_server(partial(Connection, self, dc), self.host, self.ports[dc])
            self._listening.append(server)
            self.ports[dc] = server.sockets[0].getsockname()[1]
        self.world.listen(self.push)

    async def stop(self) -> None:
        """End all connections and refuse new ones."""
        self.world.unlisten(self.push)
        for server in self._listening:
            server.close()
        self.drop_connections()
        self.sessions.clear()
        for server in self._listening:
            await server.wait_closed()
        self._listening.clear()
        await self.world.wait_until(lambda: not self.connections)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listening:
            await self.stop()

    def drop_connections(self) -> None:
        """Cut every connection at once; clients may come back."""
        for connection in tuple(self.connections):
            connection.cut()

    def rotate_salts(self) -> None:
        """Make every client's salt wrong, as happens each half hour: the next message is refused and sent again."""
        for key in self.keys.values():
            key.salt = self.world.new_id()

    # ------------------------------------------------------------------------------------------ sessions for clients

    def mint_key(self, user: User, dc: int = HOME_DC) -> Key:
        """A new auth key signed in as ``user``, without exchange or code."""
        secret = self.world.random.randbytes(256)
        key = self.adopt(secret, dc, self.world.new_id())
        key.user = user
        return key

    def mint_session(self, user: User) -> str:
        """A new sign-in as the text of a Telethon ``StringSession``."""
        key = self.mint_key(user)
        address = ipaddress.ip_address(self.host).packed
        packed = struct.pack(f">B{len(address)}sH256s", HOME_DC, address, self.port, key.secret)
        return STRING_SESSION_VERSION + base64.urlsafe_b64encode(packed).decode()

    def mint_session_file(self, user: User, path: Path) -> Path:
        """A new sign-in as a Telethon SQLite session file, readable by its owner only.

        ``path`` ends in ``.session``; the answer is the file written.
        """
        if path.suffix != ".session":
            path = path.with_name(path.name + ".session")
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(SQLiteSession(str(path))) as session:
            session.set_dc(HOME_DC, self.host, self.port)
            session.auth_key = AuthKey(self.mint_key(user).secret)
            session.save()
        return path

    def lock(self, user: User) -> Lock:
        """The account's password as the server keeps it."""
        assert user.password is not None
        return self._locks.setdefault(user.id, Lock.around(user.password))

    # ------------------------------------------------------------------------------------------ what wire asks for

    def opened(self, connection: Connection) -> None:
        """A client connected."""
        self.connections.add(connection)
        self.world.stir()

    def closed(self, connection: Connection) -> None:
        """A client is gone, its sessions with it."""
        self.connections.discard(connection)
        self.sessions = {name: session for name, session in self.sessions.items() if session.connection != connection}
        self.world.stir()

    def adopt(self, secret: bytes, dc: int, salt: int) -> Key:
        """Remember a key."""
        key = Key(key_id(secret), secret, dc, salt=salt)
        self.keys[key.id] = key
        return key

    def serve(self, session: Session, message_id: int, body: bytes) -> None:
        """Answer one request, or do to it what the fault plan says."""
        try:
            request = self._unwrap(session, read(body))
        except TypeNotFoundError as unknown:
            self.world.unhandled.append(f"constructor {unknown.invalid_constructor_id:08x}")
            session.error(message_id, 400, f"INPUT_METHOD_INVALID_{unknown.invalid_constructor_id}")
            return
        name = name_of(request)
        account = session.key.user.id if session.key.user else None
        event = Event(FACE, name, account, self.world.clock.now(), writes(name, request), request)
        self.world.record(event)
        Served(self, session, message_id, request, event).run(self.world.faults.take(FACE, name, request))

    def _unwrap(self, session: Session, request: Any) -> Any:
        quiet = False
        while True:
            match request:
                case functions.InvokeWithLayerRequest():
                    session.key.layer = request.layer
                case functions.InitConnectionRequest():
                    session.key.device = request.device_model
                case functions.InvokeWithoutUpdatesRequest():
                    quiet = True
                case (
                    functions.InvokeAfterMsgRequest()
                    | functions.InvokeAfterMsgsRequest()
                    | functions.InvokeWithTakeoutRequest()
                    | functions.InvokeWithMessagesRangeRequest()
                ):
                    pass
                case _:
                    session.wants_updates |= not quiet
                    return request
            request = request.query

    # ------------------------------------------------------------------------------------------ pushing

    def follow(self, key: Key, channel: Channel) -> None:
        """Push an unjoined public channel to this key while it keeps asking for its difference."""
        self._followed[key.id, channel.id] = self.world.clock.now() + timedelta(seconds=2 * NEXT_CHECK)

    def push(self, change: Change) -> None:
        """Send a change to one session of each key whose account is to hear of it."""
        for session in self._audience(change):
            fault = self.world.faults.take(FACE, "push", change)
            if isinstance(fault, Silence):
                continue
            if isinstance(fault, Cut):
                session.connection.cut()
                continue
            assert session.key.user is not None
            session.push(bytes(View(self.world, session.key.user).updates(change)))

    def push_too_long(self, channel: Channel) -> None:
        """Tell members only that much happened in ``channel``, as Telegram does after a burst."""
        too_long = Change("channel", channel, (), channel.pts, 0, self.world.clock.now())
        for session in self._audience(too_long):
            assert session.key.user is not None
            session.push(rpc_updates.too_long(View(self.world, session.key.user), channel))

    def push_undecodable(self, user: User) -> None:
        """Send ``user`` updates that hold an object of a newer layer, which no client here can read."""
        for session in self._listeners():
            if session.key.user is user:
                session.push(rpc_updates.undecodable(self.world.clock.now()))

    def _audience(self, change: Change) -> list[Session]:
        return [session for session in self._listeners() if self._hears(session.key, change)]

    def _hears(self, key: Key, change: Change) -> bool:
        user, channel = key.user, change.channel
        if user is None or user.state == "deactivated" or key.ended:
            return False
        if change.kind == "channel":
            return user.id in channel.members | channel.banned if change.member is None else change.member == user.id
        if user.id in channel.members:
            return channel.visible_to(user)
        until = self._followed.get((key.id, channel.id))
        return until is not None and until >= self.world.clock.now() and channel.visible_to(user)

    def _listeners(self) -> list[Session]:
        """The oldest session of each key that takes updates."""
        oldest: dict[int, Session] = {}
        for session in self.sessions.values():
            if session.wants_updates and session.key.layer and session.key.dc == HOME_DC:
                oldest.setdefault(session.key.id, session)
        return list(oldest.values())
