"""One request on its way: disturbed by the fault plan, refused by the account's state, or answered by its handler."""

import asyncio
import traceback
from typing import TYPE_CHECKING, Any

from loopback import rpc_account, rpc_auth, rpc_channels, rpc_messages, rpc_updates, rpc_upload
from loopback.faults import Cut, Delay, Fault, Flood, Garbage, Hold, RpcError, Silence, TransportError
from loopback.rpc import Call, Handler
from loopback.wire import Session
from loopback.world import Event

if TYPE_CHECKING:
    from loopback.mtproto import MTProtoServer

MODULES = (rpc_account, rpc_auth, rpc_channels, rpc_messages, rpc_updates, rpc_upload)
HANDLERS: dict[int, Handler] = {
    number: answer for module in MODULES for number, answer in module.handlers.table.items()
}
PUBLIC = {"auth", "help"}
FROZEN_MAY = {"auth", "help", "users", "updates", "account", "upload"}


class Served:
    """One request on its way to an answer."""

    def __init__(self, server: "MTProtoServer", session: Session, message_id: int, request: Any, event: Event) -> None:
        self.server = server
        self.session = session
        self.message_id = message_id
        self.request = request
        self.event = event

    def run(self, fault: Fault | None) -> None:
        """Answer now, later, wrongly or never."""
        match fault:
            case None:
                self.answer()
            case Delay(seconds):
                asyncio.get_running_loop().call_later(seconds, self.answer)
            case Hold():
                fault.then(self.answer)
            case Cut(served=True):
                self.session.connection.cut()
                self.answer()
            case _:
                self.server.world.settle(self.event, type(fault).__name__)
                self._disturb(fault)

    def _disturb(self, fault: Fault) -> None:
        connection = self.session.connection
        match fault:
            case RpcError(code=code, text=text):
                self._refuse(code, text)
            case Flood(seconds, premium):
                self._refuse(420, f"FLOOD_{'PREMIUM_' * premium}WAIT_{seconds}")
            case Cut():
                connection.cut()
            case Garbage(body):
                connection.write_raw(body)
                connection.cut()
            case TransportError(code):
                connection.refuse(code)
            case Silence():
                pass
            case _:
                raise TypeError(f"{type(fault).__name__} means nothing over MTProto")

    def answer(self) -> None:
        """The honest answer."""
        try:
            value = self._value()
            self.session.result(self.message_id, value)
        except RpcError as error:
            self._refuse(error.code, error.text)
        except Exception:  # noqa: BLE001 - whatever breaks here is our defect, and the test must hear of it
            self.server.world.defects.append(f"{self.event.call}\n{traceback.format_exc()}")
            self._refuse(500, "INTERNAL")
        else:
            self.server.world.settle(self.event, "ok")

    def _refuse(self, code: int, text: str) -> None:
        self.session.error(self.message_id, code, text)
        self.server.world.settle(self.event, f"{code} {text}")

    def _value(self) -> object:
        self._check_account()
        handler = HANDLERS.get(self.request.CONSTRUCTOR_ID)
        if handler is None:
            self.server.world.unhandled.append(self.event.call)
            raise RpcError(400, "INPUT_METHOD_INVALID")
        return handler(Call(self.server, self.session, self.event.call), self.request)

    def _check_account(self) -> None:
        key, space = self.session.key, self.event.call.partition(".")[0]
        if key.ended is not None:
            raise RpcError(*key.ended)
        if key.user is None and key.pending is None and space not in PUBLIC:
            raise RpcError(401, "AUTH_KEY_UNREGISTERED")
        if key.user is not None and key.user.state == "deactivated":
            raise RpcError(401, "USER_DEACTIVATED_BAN")
        if key.user is not None and key.user.state == "frozen" and space not in FROZEN_MAY and self.event.writes:
            raise RpcError(420, "FROZEN_METHOD_INVALID")
