"""What the two HTTP faces share: listening on loopback only, and doing to a request what the fault plan says."""

import asyncio
import ipaddress
from types import TracebackType
from typing import Self, cast

from aiohttp import web

from loopback.faults import ApiError, Cut, Delay, Fault, Flood, Garbage, Hold, Silence, Status
from loopback.world import Event, World


class HttpFace:
    """A server over ``world``: an async context manager, or ``start`` and ``stop``; the port stays when started again.

    Subclasses add their routes and word their errors.
    """

    FACE: str

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

    def application(self) -> web.Application:
        """The routes."""
        raise NotImplementedError

    def failure(self, error: ApiError) -> web.Response:
        """An error as this face words it."""
        raise NotImplementedError

    async def start(self) -> None:
        """Listen; a port that was 0 is chosen now and kept."""
        runner = web.AppRunner(self.application(), handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
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

    async def disturbed(self, request: web.Request, event: Event, fault: Fault | None) -> web.StreamResponse | None:
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
        return await self._instead(request, fault)

    async def _instead(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault:
            case ApiError():
                return self.failure(fault)
            case Flood(seconds):
                return self.failure(ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds))
            case Cut():
                return self.cut(request)
            case Silence():
                await asyncio.Event().wait()
            case Garbage(body):
                return web.Response(body=body, content_type="text/html")
            case Status(code, body):
                return web.Response(status=code, body=body, content_type="text/html")
        raise TypeError(f"{type(fault).__name__} means nothing over HTTP")

    @staticmethod
    def cut(request: web.Request) -> web.Response:
        """End the connection without an answer."""
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
