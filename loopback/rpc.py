"""What every request handler is given and may rely on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from telethon.tl import types

from loopback.faults import RpcError
from loopback.nouns import Channel, User
from loopback.tl import View
from loopback.wire import Session
from loopback.world import World

if TYPE_CHECKING:
    from loopback.mtproto import MTProtoServer

READING = ("get", "search", "check", "resolve")
ABOUT_THE_CLIENT = {"auth", "help", "langpack"}


@dataclass(frozen=True)
class Call:
    """One request being served: by whom, over which session, in which world."""

    server: "MTProtoServer"
    session: Session
    name: str

    @property
    def world(self) -> World:
        """The world asked about."""
        return self.server.world

    @property
    def user(self) -> User:
        """The account signed in on this key; AUTH_KEY_UNREGISTERED without one."""
        if self.session.key.user is None:
            raise RpcError(401, "AUTH_KEY_UNREGISTERED")
        return self.session.key.user

    @property
    def view(self) -> View:
        """The world as this account sees it."""
        return View(self.world, self.user)

    def channel(self, peer: Any) -> Channel:
        """The channel a client names by id and its access hash; CHANNEL_INVALID or CHANNEL_PRIVATE."""
        if not isinstance(peer, types.InputChannel | types.InputPeerChannel):
            raise RpcError(400, "PEER_ID_INVALID")
        channel = self.world.channels.get(peer.channel_id)
        if channel is None or peer.access_hash != self.view.access_hash("channel", peer.channel_id):
            raise RpcError(400, "CHANNEL_INVALID")
        if not channel.visible_to(self.user):
            raise RpcError(406 if channel.gone else 400, "CHANNEL_PRIVATE")
        return channel


Handler = Callable[[Call, Any], object]
AnyHandler = TypeVar("AnyHandler", bound=Handler)


class Handlers:
    """Request classes and who answers them; each rpc module fills one by decoration."""

    def __init__(self) -> None:
        self.table: dict[int, Handler] = {}

    def answers(self, *requests: Any) -> Callable[[AnyHandler], AnyHandler]:
        """Mark a function as the handler of these request classes."""

        def remember(handler: AnyHandler) -> AnyHandler:
            self.table |= {request.CONSTRUCTOR_ID: handler for request in requests}
            return handler

        return remember


def name_of(request: Any) -> str:
    """A request as Telegram's documentation names it: ``messages.getHistory``."""
    kind = type(request)
    space = kind.__module__.rpartition(".functions")[2].lstrip(".")
    word = kind.__name__.removesuffix("Request")
    word = word[0].lower() + word[1:]
    return f"{space}.{word}" if space else word


def writes(name: str, request: Any) -> bool:
    """Whether a request leaves a trace that others or the account itself can see; anything unknown does."""
    if name == "messages.getMessagesViews":
        return bool(request.increment)
    space, _, word = name.rpartition(".")
    if name == "auth.resetAuthorizations":
        return True
    return space not in ABOUT_THE_CLIENT and not word.startswith(READING)
