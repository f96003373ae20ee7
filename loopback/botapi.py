"""The Bot API face: an HTTP server on loopback that answers bots as api.telegram.org does."""

import traceback
from datetime import timedelta
from typing import Any

from aiogram.methods import GetUpdates
from aiohttp import web

from loopback import api_account, api_edits, api_files, api_messages, api_rooms, api_whispers
from loopback.api import Answering, Call
from loopback.api_fields import METHODS, Form, Method, Stranger, breaches, decoded, read_form
from loopback.api_files import UPLOAD_LIMIT
from loopback.chat_nouns import Bot
from loopback.faults import ApiError, Cut, Fault
from loopback.http_face import HttpFace
from loopback.inbox import LIMIT, Conflict
from loopback.world import Event

MODULES = (api_account, api_edits, api_files, api_messages, api_rooms, api_whispers)
ANSWERS: dict[type[Method], Answering] = {
    kind: answering for module in MODULES for kind, answering in module.answers.table.items()
}
POLL_SECONDS = 50
LOGGED_OUT = timedelta(minutes=10)
NO_LIMIT = 1 << 40
OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


class BotApiServer(HttpFace):
    """Telegram's Bot API over ``world``; ``url`` is what a client takes for ``https://api.telegram.org``.

    In the fault plan its face is "botapi", its calls the methods' names and "file" for downloads.
    """

    FACE = "botapi"

    def application(self) -> web.Application:
        """Methods, and the files that getFile names."""
        app = web.Application(client_max_size=2 * UPLOAD_LIMIT)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        return app

    def failure(self, error: ApiError) -> web.Response:
        """The Bot API's error object."""
        body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
        if error.parameters:
            body["parameters"] = error.parameters
        return web.json_response(body, status=error.code)

    # ------------------------------------------------------------------------------------------ files

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """The bytes under a path that getFile gave out."""
        path = request.match_info["path"]
        bot = self.world.chats.bots.get(request.match_info["token"])
        event = Event(self.FACE, "file", bot.id if bot else None, self.world.clock.now(), request=path)
        self.world.record(event)
        instead = await self.disturbed(request, event, self.world.faults.take(self.FACE, "file", path))
        if instead is not None:
            return instead
        stored = self.world.chats.book.at(bot.id, path) if bot else None
        self.world.settle(event, "ok" if stored else "404")
        if stored is None:
            return self.failure(ApiError(404, "Not Found") if bot else ApiError(401, "Unauthorized"))
        return web.Response(body=stored.content, content_type="application/octet-stream")

    # ------------------------------------------------------------------------------------------ methods

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """One method call, from the bytes to the bytes."""
        kind = METHODS.get(request.match_info["method"].lower())
        name = kind.__api_method__ if kind else request.match_info["method"]
        bot = self.world.chats.bots.get(request.match_info["token"])
        now = self.world.clock.now()
        event = self.world.record(Event(self.FACE, name, bot.id if bot else None, now, not name.startswith("get")))
        try:
            return await self._served(request, event, bot, kind)
        except Stranger as stranger:
            self.world.unhandled.append(str(stranger))
            return self._refused(event, ApiError(400, f"Bad Request: {stranger}"))
        except ApiError as error:
            return self._refused(event, error)

    async def _served(
        self, request: web.Request, event: Event, bot: Bot | None, kind: type[Method] | None
    ) -> web.StreamResponse:
        form = await self._read(request)
        fault = self._fault(event, form, kind)
        instead = await self.disturbed(request, event, fault)
        if instead is not None:
            return instead
        body = await self._answer(bot, kind, event.call, form)
        if isinstance(fault, Cut):
            return self.cut(request)
        self.world.settle(event, "ok")
        return web.json_response(body)

    async def _read(self, request: web.Request) -> Form:
        within = self.world.chats.limits.stands("upload_size")
        return await read_form(request, UPLOAD_LIMIT if within else NO_LIMIT)

    def _fault(self, event: Event, form: Form, kind: type[Method] | None) -> Fault | None:
        """The fault due; the log and the plan see the request as aiogram's object, if it is one."""
        event.request = form.fields if kind is None else decoded(kind, form)
        return self.world.faults.take(self.FACE, event.call, event.request)

    def _refused(self, event: Event, error: ApiError) -> web.Response:
        self.world.settle(event, f"{error.code} {error.description}")
        return self.failure(error)

    async def _answer(self, bot: Bot | None, kind: type[Method] | None, name: str, form: Form) -> dict[str, Any]:
        if bot is None:
            raise ApiError(401, "Unauthorized")
        if bot.logged_out is not None and self.world.clock.now() - bot.logged_out < LOGGED_OUT:
            raise ApiError(400, "Logged out")
        if kind is None or (kind not in ANSWERS and kind is not GetUpdates):
            self.world.unhandled.append(name)
            raise ApiError(404, "Not Found: method not found")
        ask = decoded(kind, form)
        result = await self._updates(bot, ask) if isinstance(ask, GetUpdates) else self._result(bot, kind, form, ask)
        body = {"ok": True, "result": result}
        self.world.defects.extend(breaches(kind, body))
        return body

    def _result(self, bot: Bot, kind: type[Method], form: Form, ask: Method) -> object:
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
