"""The public face: t.me's previews and embeds of channels, with their media, to who asks without an account.

It is also a plain HTTP proxy for these hosts alone, so that a client may ask for ``http://t.me/name/7`` itself.
"""

import re
from collections.abc import Sequence

from aiohttp import web

from loopback import page_markup as markup
from loopback.faults import ApiError, Cut
from loopback.http_face import HttpFace
from loopback.nouns import File, Post
from loopback.page_media import Addresses
from loopback.studio import STRIPPED
from loopback.world import Event

PAGE = 20
TME = {"t.me", "telegram.me"}
MEDIA_HOST = "cdn4.telesco.pe"
PREVIEW_SIDE = 800
HEX = re.compile(r"[0-9a-f]{1,16}")


class PagesServer(HttpFace):
    """t.me over ``world``; ``url`` is what a client takes for ``https://t.me``.

    In the fault plan its face is "pages", its calls "channel", "landing", "post" and "media"; ``when`` sees the path.
    """

    FACE = "pages"

    def application(self) -> web.Application:
        """Every path of every host comes through one door, for the host decides."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._serve)
        return app

    def failure(self, error: ApiError) -> web.Response:
        """A bare status, with the time to wait in a header."""
        wait = error.parameters.get("retry_after")
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return web.Response(status=error.code, text=error.description, headers=headers)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        call = self._call(request, parts)
        event = self.world.record(Event(self.FACE, call, None, self.world.clock.now(), request=request.path_qs))
        fault = self.world.faults.take(self.FACE, call, request.path_qs)
        instead = await self.disturbed(request, event, fault)
        if instead is not None:
            return instead
        answer = self._answer(request, call, parts)
        if isinstance(fault, Cut):
            return self.cut(request)
        self.world.settle(event, "ok" if answer.status < 400 else str(answer.status))
        return answer

    def _call(self, request: web.Request, parts: list[str]) -> str:
        """What is asked for, by host and path; "" when it is nothing of Telegram's."""
        host = request.host.partition(":")[0]
        ours = host == self.host
        shapes = {
            "media": (ours or host == MEDIA_HOST) and len(parts) == 2 and parts[0] == "file",
            "channel": (ours or host in TME) and len(parts) == 2 and parts[0] == "s",
            "post": (ours or host in TME) and len(parts) == 2 and parts[1].isdigit(),
            "landing": (ours or host in TME) and len(parts) == 1 and bool(parts[0]),
        }
        return next((call for call, fits in shapes.items() if fits), "")

    def _answer(self, request: web.Request, call: str, parts: list[str]) -> web.Response:
        match call:
            case "media":
                return self._media(request, parts[1])
            case "channel":
                return self._channel(request, parts[1])
            case "post":
                return self._post(request, parts[0], int(parts[1]))
            case "landing":
                return _html(markup.landing_page(self.world.channel_named(parts[0]), parts[0]))
        self.world.unhandled.append(f"pages {request.host}{request.path}")
        return web.Response(status=404)

    # ------------------------------------------------------------------------------------------ pages

    def _channel(self, request: web.Request, name: str) -> web.Response:
        """Twenty posts up to the newest, or below ``before``, or above ``after``; ``q`` searches. No preview: moved."""
        channel = self.world.channel_named(name)
        if channel is None or not channel.broadcast or channel.restriction:
            return web.Response(status=302, headers={"Location": f"/{name}"})
        wanted = request.query.get("q", "").lower()
        groups = [g for g in _groups(channel.history()) if not wanted or wanted in g[0].text.lower()]
        before, after = _number(request, "before"), _number(request, "after")
        if after is not None:
            shown = [group for group in groups if group[0].id > after][:PAGE]
        else:
            shown = [group for group in groups if before is None or group[0].id < before][-PAGE:]
        older = bool(shown) and shown[0] is not groups[0]
        return _html(markup.channel_page(channel, shown, older=older, at=self._at(request)))

    def _post(self, request: web.Request, name: str, number: int) -> web.Response:
        """A post for embedding, with ``single`` without the rest of its album; else the page that opens Telegram."""
        channel = self.world.channel_named(name)
        if "embed" not in request.query:
            return _html(markup.landing_page(channel, name))
        groups = [] if channel is None else _groups(channel.history())
        group = next((group for group in groups if number in {post.id for post in group}), None)
        if channel is None or group is None:
            return _html(markup.missing_page(channel))
        if "single" in request.query:
            group = [post for post in group if post.id == number]
        return _html(markup.embed_page(channel, group, self._at(request)))

    # ------------------------------------------------------------------------------------------ media

    def _at(self, request: web.Request) -> Addresses:
        """Where this client is to load files from: here, or through the proxy from Telegram's media host."""
        base = self.url if request.host.partition(":")[0] == self.host else f"http://{MEDIA_HOST}"
        return Addresses(base, self.world.reference_epoch)

    def _media(self, request: web.Request, name: str) -> web.Response:
        number, _, ending = name.partition(".")
        file = self.world.files.get(int(number, 16)) if HEX.fullmatch(number) else None
        if file is None:
            return web.Response(status=404)
        if ending == "jpg":
            return _bytes(request, _picture(file), "image/jpeg")
        if request.query.get("token") != self._at(request).token(file):
            return web.Response(status=404)
        return _bytes(request, file.content, file.mime)


def _picture(file: File) -> bytes:
    """The largest size the previews show, up to 800 pixels; nothing of a file without pictures."""
    shown = [size for size in file.sizes if size.type != STRIPPED]
    fitting = [size for size in shown if max(size.width, size.height) <= PREVIEW_SIDE]
    return (fitting or shown)[-1].content if shown else b""


def _bytes(request: web.Request, content: bytes, mime: str) -> web.Response:
    """The whole, or the range asked for."""
    try:
        wanted = request.http_range
    except ValueError:
        return web.Response(status=416)
    headers = {"Accept-Ranges": "bytes"}
    if wanted.start is None:
        return web.Response(body=content, content_type=mime, headers=headers)
    begin, end, _ = wanted.indices(len(content))
    if begin >= len(content):
        return web.Response(status=416)
    headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(content)}"
    return web.Response(status=206, body=content[begin:end], content_type=mime, headers=headers)


def _groups(posts: Sequence[Post]) -> list[list[Post]]:
    """Posts in order, those of one album together."""
    groups: list[list[Post]] = []
    for post in posts:
        same_album = groups and post.grouped_id is not None and groups[-1][0].grouped_id == post.grouped_id
        if same_album:
            groups[-1].append(post)
        else:
            groups.append([post])
    return groups


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name, "")
    return int(text) if text.isdigit() else None


def _html(page: str) -> web.Response:
    return web.Response(text=page, content_type="text/html")
