"""Brings in what somebody else saved: Telegram Desktop exports and plain folders of files. Twice is once."""

import asyncio
import hashlib
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from collectors.desktop import RESULT, Item, read_export
from collectors.folders import folder_channel, read_folder
from collectors.intake import Captured, Intake, hold, take_in
from core.model import COLLECTOR, Capture, Channel, RefState, Tier, Watch
from storage import assets, channels, custody, posts
from storage.database import Tx
from storage.opening import Store
from storage.vault import StoredFile

BATCH = 200  # posts in one transaction
Progress = Callable[[str, int, int], Awaitable[None]]
_log = structlog.get_logger("import")


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import held, and what of it was not here yet."""

    channels: tuple[str, ...] = ()
    posts: int = 0
    new: int = 0
    edited: int = 0
    known: int = 0
    forwards: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    files_held: int = 0
    files_absent: int = 0
    notes: tuple[str, ...] = ()


async def _no_progress(_stage: str, _done: int, _total: int) -> None:
    """For callers that do not watch."""


async def import_path(
    store: Store, path: Path, channel_name: str | None = None, progress: Progress = _no_progress
) -> ImportSummary:
    """Import whatever lies at ``path``: an export (its file or folder), else a folder of files."""
    if await asyncio.to_thread(_is_folder, path):
        return await import_folder(store, path, channel_name, progress)
    return await import_export(store, path, channel_name, progress)


async def import_export(
    store: Store, path: Path, channel_name: str | None = None, progress: Progress = _no_progress
) -> ImportSummary:
    """Import the channels of a Telegram Desktop export.

    The file is read to its end first: one that is cut off or damaged is an InputError and changes nothing. An import
    that was interrupted goes on when it is started again.
    """
    await progress("reading", 0, 0)
    export = await asyncio.to_thread(read_export, path)
    imports = [(export.chats[place], place) for place in export.channels]
    bringing = _Bringing(store, Capture.EXPORT, progress, sum(chat.messages for chat, _place in imports))
    for chat, place in imports:
        channel = chat.channel(channel_name if len(imports) == 1 else None)
        await bringing.bring(channel, export.items(place, channel))
    left_out = len(export.chats) - len(imports)
    zoneless = sum(chat.zoneless for chat, _place in imports)
    notes = []
    if left_out:
        notes.append(f"{left_out} chats are no channels and were left out")
    if zoneless:
        notes.append(f"{zoneless} posts give their time without a zone: taken as UTC")
    digest = await asyncio.to_thread(_digest, export.path)
    return await bringing.finish(export.path, digest, notes)


async def import_folder(
    store: Store, path: Path, channel_name: str | None = None, progress: Progress = _no_progress
) -> ImportSummary:
    """Import a folder of files: each is a post of a channel named after the folder, dated by its name or its time."""
    await progress("reading", 0, 0)
    channel = folder_channel(path, channel_name)
    found = await asyncio.to_thread(read_folder, path, channel)
    bringing = _Bringing(store, Capture.FOLDER, progress, len(found))
    await bringing.bring(channel, found)
    return await bringing.finish(path, "", [])


class _Bringing:
    """One import on its way: batch by batch, files first, then the rows that speak of them."""

    def __init__(self, store: Store, capture: Capture, progress: Progress, total: int) -> None:
        self._store = store
        self._capture = capture
        self._progress = progress
        self._total = total
        self._intake = Intake()
        self._counts: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._channels: list[str] = []

    async def bring(self, channel: Channel, items: Iterable[Item]) -> None:
        """Import the items of one channel."""
        now = self._store.clock.now()
        self._channels.append(channel.title)
        async with self._store.database.transaction() as tx:
            known = await channels.channel(tx, channel.channel_id)
            if known is None:
                await channels.record_channel(tx, channel, now)
            if await channels.watch(tx, channel.channel_id) is None:
                await channels.start_watch(tx, Watch(channel.channel_id, Tier.IMPORTED, "", 0, now))
        for batch in _batches(items):
            await self._batch(known or channel, batch)
            await self._progress("importing", self._counts["posts"], self._total)

    async def finish(self, path: Path, digest: str, notes: Iterable[str]) -> ImportSummary:
        """Write the import into the custody log; the sum of it."""
        names = ("posts", "new", "edited", "known", "forwards", "files_held", "files_absent")
        counts = {name: self._counts[name] for name in names}
        async with self._store.database.transaction() as tx:
            now = self._store.clock.now()
            detail: dict[str, str | int] = {"sha256": digest, **counts}
            await custody.record(tx, "import.finished", f"import/{path.name}", COLLECTOR, now, **detail)
        _log.info("import_finished", path=str(path), **counts)
        return ImportSummary(
            channels=tuple(self._channels), kinds=dict(sorted(self._kinds.items())), notes=tuple(notes), **counts
        )

    async def _batch(self, channel: Channel, items: list[Item]) -> None:
        layers = await self._layers(channel, [item.post.message_id for item in items])
        files = [
            await asyncio.to_thread(take_in, self._store.vault, item.file)
            if item.file and await self._lacks_file(item)
            else None
            for item in items
        ]
        captured = Captured(channel, self._capture, "", self._store.clock.now())
        async with self._store.database.transaction() as tx:
            for item, file in zip(items, files, strict=True):
                self._note(item)
                if layers.get(item.post.message_id):
                    self._counts["known"] += 1  # Telegram itself told us more than an export can
                    continue
                taken = await self._intake.take(tx, [item.post], captured)
                self._counts.update(new=taken.new, edited=taken.edited, known=taken.known)
                if file is not None:
                    await self._hold(tx, item, file, captured)

    async def _layers(self, channel: Channel, ids: list[int]) -> dict[int, int]:
        async with self._store.database.reader() as reader:
            return await posts.recorded(reader, channel.channel_id, min(ids), max(ids))

    async def _lacks_file(self, item: Item) -> bool:
        """Whether the file of a post is still to be taken in."""
        async with self._store.database.reader() as reader:
            known = await posts.post(reader, item.post.channel_id, item.post.message_id)
        if known is None:
            return True
        return not known.post.raw_layer and any(ref.state is not RefState.HELD for ref in known.post.media)

    async def _hold(self, tx: Tx, item: Item, file: StoredFile, captured: Captured) -> None:
        """Tie a file that came along to its post, also when an earlier import lacked it."""
        post = await posts.post(tx, item.post.channel_id, item.post.message_id)
        if post is None:
            return
        asset_id = await assets.record(tx, file.sha256, file.size, item.post.media[0].kind, captured.at)
        for ref in await posts.refs(tx, post.post_id):
            if ref.ref.role == "media" and ref.ref.state in {RefState.WANTED, RefState.ABSENT}:
                await hold(tx, ref.ref_id, asset_id, captured.at)

    def _note(self, item: Item) -> None:
        self._kinds[item.kind] += 1
        self._counts["posts"] += 1
        self._counts["forwards"] += item.post.forward is not None
        self._counts["files_held"] += item.file is not None
        self._counts["files_absent"] += any(ref.state is RefState.ABSENT for ref in item.post.media)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    walked = iter(items)
    while batch := list(itertools.islice(walked, BATCH)):
        yield batch


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not (path / RESULT).is_file()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
