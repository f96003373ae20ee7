"""t.me over plain HTTP, as any browser without an account sees it: politely, with limits, and only there."""

from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import aiohttp

from collectors.pace import Bucket, Limit
from core.clock import Clock
from core.errors import Gone, NotAllowed, TooLarge, Transient

HOSTS = ("t.me", "telegram.org", "telesco.pe", "cdn-telegram.org")
LARGEST_PAGE = 8_000_000  # bytes
PIECE = 1 << 16
BUSY = 60.0  # seconds until a page that could not be had is asked again
PATIENCE = aiohttp.ClientTimeout(total=600, sock_connect=30, sock_read=60)
POLITE = Limit(30, 60.0)
BROWSER = {"User-Agent": "Mozilla/5.0 (compatible; firstseen)", "Accept-Language": "en"}


class PublicPages:
    """Reads pages and files of t.me, at most ``POLITE`` of them. Errors are Transient, Gone, NotAllowed or TooLarge."""

    def __init__(self, clock: Clock, address: str, limit: Limit = POLITE) -> None:
        self._clock = clock
        self._address = address.rstrip("/")
        self._bucket = Bucket(limit, clock.now())

    async def page(self, path: str) -> str:
        """The text of a page; NotAllowed where t.me leads away from it, which it does for what is not public."""
        whole = bytearray()
        async for piece in self._read(f"{self._address}{path}", LARGEST_PAGE):
            whole += piece
        return whole.decode("utf-8", "replace")

    def file(self, address: str, limit: int) -> AsyncGenerator[bytes, None]:
        """The bytes of a file that a page names; only from Telegram's own hosts."""
        host = urlsplit(address).hostname or ""
        known = any(host == one or host.endswith(f".{one}") for one in HOSTS)
        if not address.startswith(f"{self._address}/") and not (known and address.startswith("https://")):
            raise NotAllowed(f"a page names a file at {host or 'nowhere'}, which is not Telegram's")
        return self._read(address, limit)

    async def _read(self, address: str, limit: int) -> AsyncGenerator[bytes, None]:
        await self._clock.sleep(self._bucket.take(self._clock.now()))
        size = 0
        try:
            async with (
                aiohttp.ClientSession(timeout=PATIENCE, headers=BROWSER) as session,
                session.get(address, allow_redirects=False) as answer,
            ):
                _check(answer)
                async for piece in answer.content.iter_chunked(PIECE):
                    size += len(piece)
                    if size > limit:
                        raise TooLarge(f"more than {limit} bytes")
                    yield piece
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Transient(f"t.me does not answer: {str(error) or type(error).__name__}", retry_in=BUSY) from error


def _check(answer: aiohttp.ClientResponse) -> None:
    if 300 <= answer.status < 400:
        raise NotAllowed("it has no public page: private, restricted, a group, or a person")
    if answer.status in {404, 410}:
        raise Gone("t.me does not have it any more")
    if answer.status != 200:
        wait = answer.headers.get("Retry-After", "")
        raise Transient(f"t.me answered {answer.status}", retry_in=float(wait) if wait.isdigit() else BUSY)
