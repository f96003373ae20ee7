"""What the tests of storage begin with: a channel, its posts and their files; and coroutines that are cut short."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.model import Capture, Channel, Finding, FindingKind, MediaKind, MediaRef, Member, Post, Role
from storage import assets, channels, footage, posts
from storage.database import Tx
from storage.migrate import known
from storage.opening import Store
from storage.sqlite import SqliteDatabase, connect

NOW = datetime(2024, 10, 18, 9, 12, tzinfo=UTC)
ASTRA = Channel(1001, "Astra", "astra")
OLENA = Member(7, "Olena", Role.TAGGER)
MARK = Member(8, "Mark", Role.LEAD)
VIDEO = MediaRef("media", MediaKind.VIDEO, file_id=55, size=10)


def a_post(message_id: int = 5, text: str = "Соняшники біля Сергіївки", **more: Any) -> Post:
    """A post of Astra with one video; ``more`` are fields of it."""
    return replace(Post(ASTRA.channel_id, message_id, NOW, text, media=(VIDEO,), raw=b"x", raw_layer=1), **more)


async def taken(tx: Tx, post: Post, capture: Capture = Capture.LIVE) -> int:
    """Record a post of Astra; its row."""
    await channels.record_channel(tx, ASTRA, NOW)
    _, post_id = await posts.record(tx, post, capture, "main", NOW)
    return post_id


async def held(tx: Tx, post_id: int, digits: str = "ab") -> tuple[int, int]:
    """Hold the first wanted file of a post: its asset and sighting."""
    ref_id, ref = (await posts.wanted(tx, post_id))[0]
    asset_id = await assets.record(tx, digits * 32, 10, ref.kind, NOW)
    return asset_id, await assets.hold(tx, ref_id, asset_id, NOW)


async def filed(store: Store, message_id: int = 5, text: str = "Соняшники біля Сергіївки", digits: str = "ab") -> int:
    """A post whose video is held and filed as new: its footage."""
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post(message_id, text))
        asset_id, sighting_id = await held(tx, post_id, digits)
        footage_id = await footage.create(tx, NOW)
        await footage.put(tx, footage_id, asset_id, belongs=True)
        await footage.record_finding(tx, Finding(sighting_id, FindingKind.NEW, footage_id), NOW)
    return footage_id


@asynccontextmanager
async def in_memory() -> AsyncIterator[SqliteDatabase]:
    """A database without a file."""
    database = await connect(Path(":memory:"))
    try:
        async with database.transaction() as tx:
            for migration in known():
                await tx.script(migration.sql)
        yield database
    finally:
        await database.close()


class CutAt:
    """Awaits a coroutine and cancels the task at its ``at``-th suspension, and again at the ones after it if asked."""

    def __init__(self, coroutine: Coroutine[Any, Any, object], at: int, times: int = 1) -> None:
        self._coroutine = coroutine
        self._cuts = range(at, at + times)
        self.was_cut = False

    def __await__(self) -> Generator[Any, Any, object]:
        """Pass everything through, but for the cuts."""
        walk = self._coroutine.__await__()
        error: BaseException | None = None
        step = 0
        while True:
            try:
                awaited = walk.send(None) if error is None else walk.throw(error)
            except StopIteration as done:
                return done.value
            step += 1
            if step in self._cuts:
                self.was_cut = True
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                yield awaited
                error = None
            except BaseException as thrown:  # noqa: BLE001 -- whatever it is goes into the coroutine
                error = thrown


async def cut_short(coroutine: Coroutine[Any, Any, object], at: int, times: int = 1) -> bool:
    """Run a coroutine as a task that is cancelled at a suspension; whether it came that far."""
    cut = CutAt(coroutine, at, times)

    async def run() -> None:
        await cut

    async with asyncio.TaskGroup() as group:
        group.create_task(run())
    return cut.was_cut
