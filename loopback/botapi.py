"""The Bot API face: an HTTP server on loopback that answers bots as api.telegram.org does."""

import asyncio
import ipaddress
import json
import traceback
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, cast

from aiogram.methods import GetUpdates
from aiohttp import web

from loopback import api_account, api_edits, api_files, api_messages, api_rooms, api_whispers
from loopback.api import Answering, Call
from loopback.api_fields import METHODS, Form, Method, Stranger, breaches, decoded, read_form
from loopback.api_files import UPLOAD_LIMIT
from loopback.chat_nouns import Bot
from loopback.faults import ApiError, Cut, Delay, Fault, Flood, Garbage, Hold, Silence, Status
from loopback.inbox import LIMIT, Conflict
from loopback.world import Event, World

FACE = "botapi"
MODULES = (api_account, api_edits, api_files, api_messages, api_rooms, api_whispers)
ANSWERS: dict[type[Method], Answering] = {
    kind: answering for module in MODULES for kind, answering in module.answers.table.items()
}
POLL_SECONDS = 50
LOGGED_OUT = timedelta(minutes=10)
OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


class BotApiServer:
    """Telegram's Bot API over ``world``, on 127.0.0.1 only: an async context manager, or ``start`` and ``stop``.

    ``url`` is what a client takes for ``https://api.telegram.org``. The port stays the same when started again.
    """

    def __init__(self, world: World, host: str = "127.0.0.1", port: int = 0) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the loopback Telegram serves loopback addresses only, not {host}")
        self.world = world
        self.host = host
        self.port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The server's address, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen; a port that was 0 is chosen now and kept."""
        app = web.Application(client_max_size=2 * UPLOAD_LIMIT)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, self.host, self.port).start()
        self.port = cast("tuple[str, int]", runner.addresses[0])[1]
        self._runner = runner

    async def stop(self) -> None:
        """Refuse everybody from now on."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # ------------------------------------------------------------------------------------------ files

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """The bytes under a path that getFile gave out."""
        bot = self.world.chats.bots.get(request.match_info["token"])
        event = Event(FACE, "file", bot.id if bot else None, self.world.clock.now(), request=request.match_info["path"])
        self.world.record(event)
        fault = self.world.faults.take(FACE, "file", request.match_info["path"])
        disturbed = await self._disturbed(request, event, fault)
        if disturbed is not None:
            return disturbed
        stored = self.world.chats.book.at(bot.id, request.match_info["path"]) if bot else None
        self.world.settle(event, "ok" if stored else "404")
        if stored is None:
            return _failure(ApiError(404, "Not Found") if bot else ApiError(401, "Unauthorized"))
        return web.Response(body=stored.content, content_type="application/octet-stream")

    # ------------------------------------------------------------------------------------------ methods

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """One method call, from the bytes to the bytes."""
        kind = METHODS.get(request.match_info["method"].lower())
        name = kind.__api_method__ if kind else request.match_info["method"]
        bot = self.world.chats.bots.get(request.match_info["token"])
        event = Event(FACE, name, bot.id if bot else None, self.world.clock.now(), not name.startswith("get"))
        try:
            form = await self._read(request)
            event.request = decoded(kind, form) if kind and bot else form
            self.world.record(event)
            fault = self.world.faults.take(FACE, name, event.request)
            disturbed = await self._disturbed(request, event, fault)
            if disturbed is not None:
                return disturbed
            body = await self._answer(bot, kind, name, form, event.request)
        except (ApiError, Stranger) as error:
            return self._refused(event, error)
        if isinstance(fault, Cut):
            return self._cut(request)
        self.world.settle(event, "ok")
        return web.Response(text=json.dumps(body, ensure_ascii=False), content_type="application/json")

    async def _read(self, request: web.Request) -> Form:
        within = self.world.chats.limits.stands("upload_size")
        return await read_form(request, UPLOAD_LIMIT if within else 1 << 40)

    def _refused(self, event: Event, error: ApiError | Stranger) -> web.Response:
        if isinstance(error, Stranger):
            self.world.unhandled.append(str(error))
            error = ApiError(400, f"Bad Request: {error}")
        if event not in self.world.log[-1:] and event not in self.world.log:
            self.world.record(event)
        self.world.settle(event, f"{error.code} {error.description}")
        return _failure(error)

    async def _answer(
        self, bot: Bot | None, kind: type[Method] | None, name: str, form: Form, ask: Any
    ) -> dict[str, Any]:
        if bot is None:
            raise ApiError(401, "Unauthorized")
        self._check_logged_in(bot)
        if kind is None or (kind not in ANSWERS and kind is not GetUpdates):
            self.world.unhandled.append(name)
            raise ApiError(404, "Not Found: method not found")
        result = await self._updates(bot, ask) if kind is GetUpdates else self._result(bot, kind, form, ask)
        body = {"ok": True, "result": result}
        self.world.defects.extend(breaches(kind, body))
        return body

    def _check_logged_in(self, bot: Bot) -> None:
        if bot.logged_out is not None and self.world.clock.now() - bot.logged_out < LOGGED_OUT:
            raise ApiError(400, "Logged out")

    def _result(self, bot: Bot, kind: type[Method], form: Form, ask: Any) -> object:
        call = Call(self.world, bot, kind.__api_method__, form.files)
        try:
            return ANSWERS[kind](call, ask)
        except ApiError:
            raise
        except Exception as broken:
            self.world.defects.append(f"{call.name}\n{traceback.format_exc()}")
            raise ApiError(500, "Internal Server Error: the loopback broke") from broken

    async def _updates(self, bot: Bot, ask: GetUpdates) -> list[dict[str, object]]:
        """Long polling; the newest poller wins."""
        inbox = self.world.chats.inbox(bot)
        inbox.displace()
        inbox.allow(ask.allowed_updates)
        inbox.confirm(ask.offset or 0, self.world.clock.now())
        self.world.stir()
        seconds = min(max(ask.timeout or 0, 0), POLL_SECONDS)
        if not inbox.waiting and seconds:
            try:
                await inbox.wait(seconds)
            except Conflict as conflict:
                raise ApiError(409, OTHER_POLLER) from conflict
        limit = min(max(ask.limit or LIMIT, 1), LIMIT)
        return [update.json for update in inbox.waiting[:limit]]

    # ------------------------------------------------------------------------------------------ faults

    async def _disturbed(self, request: web.Request, event: Event, fault: Fault | None) -> web.StreamResponse | None:
        """What the fault plan says instead of the honest answer, or None when that is still to come."""
        match fault:
            case None | Cut(served=True):
                return None
            case Delay(seconds):
                await asyncio.sleep(seconds)
                return None
            case Hold():
                await fault.wait()
                return None
        self.world.settle(event, type(fault).__name__)
        match fault:
            case ApiError():
                return _failure(fault)
            case Flood(seconds):
                return _failure(ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds))
            case Cut():
                return self._cut(request)
            case Silence():
                await asyncio.Event().wait()
            case Garbage(body):
                return web.Response(body=body, content_type="text/html")
            case Status(code, body):
                return web.Response(status=code, body=body, content_type="text/html")
        raise TypeError(f"{type(fault).__name__} means nothing to the Bot API")

    @staticmethod
    def _cut(request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


def _failure(error: ApiError) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return web.Response(text=json.dumps(body), status=error.code, content_type="application/json")
