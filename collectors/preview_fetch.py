"""Step: a file that a public page shows → bytes in the vault, by the page as it is now: addresses on pages expire."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from collectors.intake import FETCH_PREVIEW, hold
from collectors.pages import PublicPages
from collectors.preview_page import read_page
from core.config import Fetch
from core.errors import Gone, Permanent
from core.model import RefState
from storage import assets, channels, posts
from storage.database import Reader, Tx
from storage.opening import Store
from storage.posts import StoredRef
from storage.vault import StoredFile

_log = structlog.get_logger("preview_fetch")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch, and the channel's public name."""

    ref: StoredRef
    username: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes, or why there are none."""

    ref: StoredRef
    stored: StoredFile | None
    reason: str = ""


class PreviewFetchStep:
    """Downloads what public pages show, one file at a time."""

    queue = FETCH_PREVIEW
    slots = 1

    def __init__(self, pages: PublicPages, store: Store, config: Fetch) -> None:
        self._pages = pages
        self._store = store
        self._config = config

    async def load(self, reader: Reader, key: str) -> Wanted | None:
        """The file, unless it is no longer wanted."""
        ref = await posts.ref(reader, int(key))
        channel = await channels.channel(reader, ref.channel_id) if ref else None
        if ref is None or ref.ref.state is not RefState.WANTED or channel is None:
            return None
        return Wanted(ref, channel.username or "")

    async def work(self, given: Wanted) -> Fetched:
        """Download it; what can't be had is a result, what can be had later is Transient."""
        try:
            return Fetched(given.ref, await self._download(given))
        except Permanent as why:
            return Fetched(given.ref, None, str(why))

    async def save(self, tx: Tx, made: Fetched) -> None:
        """Record asset and sighting with the next step, or why there is none."""
        now = self._store.clock.now()
        if made.stored is None:
            await posts.set_ref_state(tx, made.ref.ref_id, RefState.LOST, made.reason)
            _log.warning("preview_not_fetched", ref_id=made.ref.ref_id, reason=made.reason)
            return
        asset_id = await assets.record(tx, made.stored.sha256, made.stored.size, made.ref.ref.kind, now)
        await hold(tx, made.ref.ref_id, asset_id, now)

    async def _download(self, given: Wanted) -> StoredFile:
        number = given.ref.message_id
        page = read_page(await self._pages.page(f"/{given.username}/{number}?embed=1&single"))
        shown = next((one for one in page.posts if one.post.message_id == number), None)
        if shown is None or not shown.address:
            raise Gone("the public page does not show the file any more")
        vault = self._store.vault
        await asyncio.to_thread(vault.check_floor)
        incoming = await asyncio.to_thread(vault.incoming)
        try:
            async with aclosing(self._pages.file(shown.address, self._config.limit(given.ref.ref.kind))) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(incoming.write, piece)
            return await asyncio.to_thread(incoming.keep)
        except BaseException:
            incoming.discard()
            raise
