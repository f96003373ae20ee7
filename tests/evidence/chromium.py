"""Opens a page in a real browser, and tells what it asked for, what went wrong in it, and what it shows.

python -m tests.evidence.chromium PAGE.html PICTURE.jpg

Chromium without a window, over its DevTools protocol. `apt install chromium` brings it on Debian.
"""

import asyncio
import base64
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60.0  # seconds
WIDTH, HEIGHT = 900, 1200
_ALONE = ("--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
_PICTURES = "[...document.images].map(one => [one.alt, one.complete ? one.naturalWidth : 0])"


@dataclass
class Seen:
    """What came of a page: addresses asked for, errors, pictures with their widths, its words, and its top (JPEG)."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    pictures: list[tuple[str, int]] = field(default_factory=list)
    words: str = ""
    screenshot: bytes = b""


def found() -> str | None:
    """The browser of this machine."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


async def opened(address: str) -> Seen:
    """Load a page."""
    async with asyncio.timeout(PATIENCE), _browser() as host, ClientSession() as web:
        async with web.get(f"http://{host}/json/list") as answer:
            target = next(one for one in await answer.json() if one["type"] == "page")
        async with web.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            return await _Tab(socket).visit(address)


@asynccontextmanager
async def _browser() -> AsyncIterator[str]:
    """The host and port where a browser with an empty profile answers."""
    name = found()
    if name is None:
        raise FileNotFoundError("no Chromium on this machine: apt install chromium")
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        place = (f"--user-data-dir={profile}", "--remote-debugging-port=0", f"--window-size={WIDTH},{HEIGHT}")
        process = await asyncio.create_subprocess_exec(
            name,
            *_ALONE,
            *root,
            *place,
            "about:blank",
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "TMPDIR": profile},
        )
        assert process.stderr is not None
        try:
            async for said in process.stderr:
                if b"DevTools listening on ws://" in said:
                    yield said.decode().split("ws://")[1].split("/")[0]
                    break
        finally:
            process.terminate()
            await process.wait()


class _Tab:
    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._seen = Seen()
        self._loaded = False

    async def visit(self, address: str) -> Seen:
        for part in ("Network", "Runtime", "Log", "Page"):
            await self._ask(f"{part}.enable")
        await self._ask("Page.navigate", url=address)
        while not self._loaded:
            self._note(await self._socket.receive_json())
        self._seen.requests.remove(address)
        self._seen.pictures = [(alt, width) for alt, width in await self._value(_PICTURES)]
        self._seen.words = await self._value("document.body.innerText")
        shot = await self._ask("Page.captureScreenshot", format="jpeg", quality=70)
        self._seen.screenshot = base64.b64decode(shot["data"])
        return self._seen

    async def _value(self, expression: str) -> Any:
        answer = await self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"]["value"]

    async def _ask(self, method: str, **parameters: object) -> Any:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while (heard := await self._socket.receive_json()).get("id") != number:
            self._note(heard)
        return heard["result"]

    def _note(self, event: dict[str, Any]) -> None:
        said = event.get("params", {})
        match event["method"]:
            case "Page.loadEventFired":
                self._loaded = True
            case "Network.requestWillBeSent" if not said["request"]["url"].startswith("data:"):
                self._seen.requests.append(said["request"]["url"])
            case "Runtime.exceptionThrown":
                self._seen.errors.append(said["exceptionDetails"]["text"])
            case "Log.entryAdded" if said["entry"]["level"] == "error":
                self._seen.errors.append(said["entry"]["text"])
            case "Runtime.consoleAPICalled":
                self._seen.errors.append(f"console.{said['type']}")
            case _:
                pass


def main() -> None:
    """Open one page and keep how it looks."""
    page, picture = (Path(name) for name in sys.argv[1:3])
    seen = asyncio.run(opened(page.absolute().as_uri()))
    picture.write_bytes(seen.screenshot)
    asked, wrong = seen.requests or "nothing", seen.errors or "none"
    sys.stdout.write(f"{len(seen.pictures)} pictures; asked for {asked}; errors: {wrong}\n")


if __name__ == "__main__":
    main()
