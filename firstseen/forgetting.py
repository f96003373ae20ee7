"""``firstseen forget``: the contents of a footage or a channel, given up for good and in the open."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core.errors import InputError, NotAllowed
from core.ids import footage_label, parse_footage
from firstseen.naming import known_channel, label
from pipeline.retention import remove_leftovers
from storage import footage, forgetting, search
from storage.database import Reader
from storage.forgetting import Scope
from storage.opening import Store

Emit = Callable[[str, int, int], Awaitable[None]]
Arguments = Mapping[str, Any]
_AT_ONCE = 200  # posts in one transaction


async def forget(store: Store, arguments: Arguments, emit: Emit) -> Any:
    """Say what would be forgotten, or forget it when ``apply`` says so; again after a crash, it goes on."""
    reason = str(arguments.get("reason") or "").strip()
    if not reason:
        raise InputError("say why, with --reason: it is written into the custody log")
    async with store.database.reader() as reader:
        name, scope = await _scope(reader, arguments)
        if await forgetting.on_hold(reader, scope):
            raise InputError(f"{name}: under a legal hold, wholly or in part, which must be lifted first")
    if arguments.get("apply"):
        await _carry_out(store, scope, reason, emit)
    return {
        "name": name,
        "posts": len(scope.posts),
        "files": len(scope.assets),
        "forgotten": bool(arguments.get("apply")),
    }


def told(outcome: Mapping[str, Any]) -> str:
    """The outcome in words."""
    did = "forgotten" if outcome["forgotten"] else "would be forgotten (--apply does it, for good)"
    return f"{outcome['name']}: {outcome['posts']} posts and {outcome['files']} files {did}"


async def _scope(reader: Reader, arguments: Arguments) -> tuple[str, Scope]:
    about, channel = str(arguments.get("footage") or ""), str(arguments.get("channel") or "")
    if bool(about) == bool(channel):
        raise InputError("say what to forget: either --footage or --channel")
    if channel:
        known = await known_channel(reader, channel)
        return label(known), await forgetting.of_channel(reader, known.channel_id)
    number = parse_footage(about)
    if number is None or not await footage.sightings(reader, number):
        raise InputError(f"{about}: no such footage here; write it like F12, as its card does")
    return footage_label(number), await forgetting.of_footage(reader, number)


async def _carry_out(store: Store, scope: Scope, reason: str, emit: Emit) -> None:
    """Files first, each in a transaction of its own whose bytes go after it; then the posts."""
    now, total = store.clock.now(), len(scope.assets) + len(scope.posts)
    for number, asset_id in enumerate(scope.assets, 1):
        async with store.database.transaction() as tx:
            await _still_allowed(tx, Scope((), (asset_id,)))
            sha256 = await forgetting.forget_asset(tx, asset_id, reason, now)
        await asyncio.to_thread(store.vault.path(sha256).unlink, missing_ok=True)
        await emit("forgetting", number, total)
    for start in range(0, len(scope.posts), _AT_ONCE):
        some = scope.posts[start : start + _AT_ONCE]
        async with store.database.transaction() as tx:
            await _still_allowed(tx, Scope(some, ()))
            await forgetting.forget_posts(tx, some, reason, now)
        await emit("forgetting", len(scope.assets) + start + len(some), total)
    async with store.database.transaction() as tx:
        await search.wipe(tx)
    await remove_leftovers(store)


async def _still_allowed(reader: Reader, scope: Scope) -> None:
    if await forgetting.on_hold(reader, scope):
        raise NotAllowed("a legal hold was set meanwhile; what was not forgotten yet stays")
