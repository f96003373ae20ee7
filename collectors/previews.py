"""Public channels by their pages on t.me, without any account: later, with smaller pictures, and only what is shown."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import structlog

from collectors.coverage import forget, note_absent
from collectors.intake import Captured, Intake
from collectors.notices import begin_trouble, end_trouble
from collectors.pages import PublicPages
from collectors.preview_page import Preview, read_page
from collectors.wishes import begin_watch
from core.config import Collect
from core.errors import Permanent, Transient
from core.ids import parse_channel
from core.model import Capture, Channel, Tier, Watch
from storage import channels, posts
from storage.channels import Wish
from storage.opening import Store

REST = 1.0  # seconds; the net under the wake-up of storage
LATE = 3  # times the usual pause
LONG_AGO = -1e18
ANY_ID = 2**62
_log = structlog.get_logger("previews")


class Previews:
    """A part that grants wishes for public pages and reads the pages of every channel watched so.

    With ``alone`` there is no account, and every wish is one for public pages.
    """

    name = "previews"

    def __init__(self, pages: PublicPages, store: Store, intake: Intake, collect: Collect, *, alone: bool) -> None:
        self._pages = pages
        self._store = store
        self._intake = intake
        self._collect = collect
        self._alone = alone
        self._read_at: dict[int, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Read pages until ``stop``."""
        while not stop.is_set():
            seen = self._store.jobs_ready.turn
            try:
                await self._grant_wishes(stop)
                await self._visit_due(stop)
                await end_trouble(self._store, self.name)
            except Transient as trouble:
                await begin_trouble(self._store, self.name, str(trouble))
                await self._store.clock.wait(stop, trouble.retry_in)
            await self._store.jobs_ready.wait(seen, REST)

    # ------------------------------------------------------------------------------------------ wishes

    async def _grant_wishes(self, stop: asyncio.Event) -> None:
        async with self._store.database.reader() as reader:
            waiting = [wish for wish in await channels.wishes(reader) if not wish.failure]
        for wish in waiting:
            if stop.is_set() or not (self._alone or wish.tier is Tier.PREVIEW):
                continue
            try:
                await self._grant(wish)
            except Permanent as why:
                async with self._store.database.transaction() as tx:
                    await channels.wish_failed(tx, wish.wish, str(why))
                _log.warning("wish_failed", wish=wish.wish, reason=str(why))

    async def _grant(self, wish: Wish) -> None:
        ref = parse_channel(wish.wish)
        if ref is None or ref.username is None:
            raise Permanent("public pages are found by a public name: give @name or a t.me link")
        page = read_page(await self._pages.page(f"/s/{ref.username}"))
        if page.channel is None:
            raise Permanent("its public page shows no posts")
        ids = _ids(page)
        back = min(self._collect.look_back, len(ids))
        through = ids[-back] - 1 if back else max(ids, default=0)
        watch = Watch(page.channel.channel_id, Tier.PREVIEW, "", through, self._store.clock.now())
        async with self._store.database.transaction() as tx:
            await begin_watch(tx, wish, page.channel, watch)

    # ------------------------------------------------------------------------------------------ visits

    async def _visit_due(self, stop: asyncio.Event) -> None:
        async with self._store.database.reader() as reader:
            watched = await channels.watches(reader, "")
        for watch, channel in watched:
            last = self._read_at.get(watch.channel_id, LONG_AGO)
            began = self._store.clock.monotonic()
            due = began >= last + self._collect.preview_every
            if watch.tier is Tier.PREVIEW and watch.state != "paused" and due and not stop.is_set():
                await self._visit(watch, channel)
                self._read_at[watch.channel_id] = began

    async def _visit(self, watch: Watch, channel: Channel) -> None:
        trouble = f"channel {watch.channel_id}"
        try:
            await self._read(watch, channel)
        except Permanent as why:
            async with self._store.database.transaction() as tx:
                await channels.set_watch_state(tx, watch.channel_id, "private", str(why), self._store.clock.now())
            await begin_trouble(self._store, trouble, f"{channel.title}: {why}")
            return
        within = timedelta(seconds=LATE * self._collect.preview_every)
        async with self._store.database.transaction() as tx:
            now = self._store.clock.now()
            await channels.reconciled(tx, watch.channel_id, now, within=within)
            await channels.set_watch_state(tx, watch.channel_id, "active", "", now)
        await end_trouble(self._store, trouble)

    async def _read(self, watch: Watch, channel: Channel) -> None:
        """Read up to the newest page from below, so that the cursor never passes a post, then compare the newest."""
        newest = read_page(await self._pages.page(f"/s/{channel.username}"))
        if newest.channel is not None and newest.channel.channel_id != watch.channel_id:
            raise Permanent(f"its public name belongs to another channel now: {newest.channel.title}")
        channel = await self._note_channel(channel, newest)
        after, lowest = watch.contiguous_through, min(_ids(newest), default=0)
        while lowest > after + 1 and newest.older:
            page = read_page(await self._pages.page(f"/s/{channel.username}?after={after}"))
            fresh = replace(page, posts=tuple(one for one in page.posts if after < one.post.message_id < lowest))
            if not fresh.posts:
                break
            await self._take(watch, channel, fresh, after, older=True)
            after = fresh.posts[-1].post.message_id
        await self._take(watch, channel, newest, after)

    async def _note_channel(self, channel: Channel, page: Preview) -> Channel:
        """Take over a new title; the channel as it is now."""
        if page.channel is None or page.channel.title == channel.title:
            return channel
        named = replace(channel, title=page.channel.title)
        async with self._store.database.transaction() as tx:
            await channels.record_channel(tx, named, self._store.clock.now())
        return named

    async def _take(self, watch: Watch, channel: Channel, page: Preview, after: int, *, older: bool = False) -> None:
        """Store what a page shows and Telegram itself has not told, mark what is gone from it, and move the cursor.

        Nothing can be above the newest page; above an ``older`` one there is more.
        """
        ids, now = _ids(page), self._store.clock.now()
        if not ids:
            return
        async with self._store.database.transaction() as tx:
            known = await posts.recorded(tx, watch.channel_id, ids[0], ANY_ID)
            shown = [one.post for one in page.posts if not known.get(one.post.message_id)]
            await self._intake.take(tx, shown, Captured(channel, Capture.PREVIEW, "", now))
            seen = await posts.known_ids(tx, watch.channel_id, ids[0], ids[-1] if older else ANY_ID)
            gone = sorted(number for number in seen - set(ids) if not known.get(number))
            await forget(tx, watch.channel_id, gone, now)
            await note_absent(tx, watch.channel_id, after, [number for number in ids if number > after], now)
            await channels.move_cursor(tx, watch.channel_id, ids[-1])


def _ids(page: Preview) -> list[int]:
    return [one.post.message_id for one in page.posts]
