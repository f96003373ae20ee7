"""Which originals the retention rules let go, and letting them go: fingerprints, posts and custody stay.

For each appearance of a file the first rule that fits says how long the original is kept from then on; a file goes when
all of its appearances agree. What no rule fits stays, and so does what was not read yet or is under a legal hold.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.config import RetentionRule
from core.units import format_duration
from storage import retention
from storage.opening import Store
from storage.retention import Appearance, HeldFile

Emit = Callable[[str, int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Due:
    """A file whose time is over, by which rule."""

    file: HeldFile
    reason: str


@dataclass(frozen=True, slots=True)
class Retained:
    """What the rules let go, and what only a hold keeps. ``dropped``: whether it was done, not only looked at."""

    due: tuple[Due, ...]
    on_hold: int
    dropped: bool


async def retain(store: Store, rules: Sequence[RetentionRule], emit: Emit, *, drop: bool) -> Retained:
    """Find every original whose time is over; with ``drop`` let each go, in a transaction of its own."""
    now, due, on_hold = store.clock.now(), list[Due](), 0
    async with store.database.reader() as reader:
        kept = await retention.under_hold(reader)
    if drop:
        await remove_leftovers(store)
    async for file in _files(store):
        reason = over(rules, file, now)
        if not reason:
            continue
        if file.asset_id in kept:
            on_hold += 1
            continue
        due.append(Due(file, reason))
    for number, one in enumerate(due if drop else (), 1):
        await _let_go(store, one, now)
        await emit("dropping originals", number, len(due))
    return Retained(tuple(due), on_hold, drop)


def over(rules: Sequence[RetentionRule], file: HeldFile, now: datetime) -> str:
    """The rule by which a file's time is over, in words; empty when it is not over."""
    words = ""
    for seen in file.appearances:
        rule = next((one for one in rules if fits(one, file, seen)), None)
        if rule is None or seen.recorded_at + timedelta(seconds=rule.keep) > now:
            return ""
        words = described(rule)
    return words


def fits(rule: RetentionRule, file: HeldFile, seen: Appearance) -> bool:
    """Whether a rule is about this kind of file as it appeared there."""
    names = {name.lstrip("@").casefold() for name in rule.channels}
    return (
        (not rule.kinds or file.kind in rule.kinds)
        and (not rule.sides or seen.side in rule.sides)
        and (not names or str(seen.channel_id) in names or seen.username.casefold() in names)
    )


def described(rule: RetentionRule) -> str:
    """A rule in words, as the custody log keeps it."""
    parts = [*map(str, rule.kinds), *(f"side {side}" for side in rule.sides), *rule.channels]
    return f"retention rule: {', '.join(parts) or 'everything'} for {format_duration(rule.keep)}"


async def _files(store: Store) -> AsyncIterator[HeldFile]:
    after = 0
    while True:
        async with store.database.reader() as reader:
            page = await retention.held_files(reader, after)
        if not page:
            return
        for file in page:
            yield file
        after = page[-1].asset_id


async def _let_go(store: Store, due: Due, now: datetime) -> None:
    """First the entry, then the bytes: a crash between leaves bytes that the next run removes, never a riddle."""
    async with store.database.transaction() as tx:
        if due.file.asset_id in await retention.under_hold(tx):  # set while this was running
            return
        await retention.drop(tx, due.file, due.reason, now)
    await asyncio.to_thread(store.vault.path(due.file.sha256).unlink, missing_ok=True)


async def remove_leftovers(store: Store) -> None:
    """Remove bytes that a crash left behind their entry; bytes that came again since are younger and stay."""
    async with store.database.reader() as reader:
        gone = await retention.dropped(reader)
    for sha256, at in gone.items():
        path = store.vault.path(sha256)
        if path.exists() and path.stat().st_mtime < at.timestamp():
            path.unlink()
