"""``firstseen retain`` and ``firstseen hold``: what the rules let go, and what nothing may let go."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core.config import RetentionRule
from core.errors import InputError
from core.ids import footage_label, parse_footage
from core.model import SYSTEM
from core.units import format_size
from firstseen.naming import iso, known_channel, label
from pipeline.retention import retain
from storage import channels, custody, footage, retention
from storage.database import Reader
from storage.opening import Store

Emit = Callable[[str, int, int], Awaitable[None]]
Arguments = Mapping[str, Any]
KINDS = ("footage", "tag", "channel")


async def carry_out(store: Store, arguments: Arguments, emit: Emit) -> Any:
    """Find what the rules let go, and let it go when ``apply`` says so."""
    rules = [RetentionRule(**rule) for rule in arguments["rules"]]
    found = await retain(store, rules, emit, drop=bool(arguments["apply"]))
    by_rule = Counter(due.reason for due in found.due)
    size = sum(due.file.size for due in found.due)
    if found.dropped:
        async with store.database.transaction() as tx:
            counts = {"files": len(found.due), "bytes": size, "on_hold": found.on_hold}
            await custody.record(tx, "store.retained", "store", SYSTEM, store.clock.now(), **counts)
    return {
        "dropped": found.dropped,
        "files": len(found.due),
        "bytes": size,
        "on_hold": found.on_hold,
        "by_rule": dict(sorted(by_rule.items())),
        "rules": len(rules),
    }


async def hold(store: Store, arguments: Arguments, _emit: Emit) -> Any:
    """Keep every original of a footage, a tag or a channel until the hold is lifted."""
    now, reason = store.clock.now(), _reason(arguments)
    async with store.database.transaction() as tx:
        kind, value, name = await _subject(tx, arguments)
        files = await retention.set_hold(tx, kind, value, reason, now)
        await custody.record(tx, "hold.set", f"{kind}/{value}", SYSTEM, now, reason=reason, files=files)
    return {"held": name, "files": files}


async def lift(store: Store, arguments: Arguments, _emit: Emit) -> Any:
    """Lift the holds of a footage, a tag or a channel; others that keep the same files stay."""
    now, reason = store.clock.now(), _reason(arguments)
    async with store.database.transaction() as tx:
        kind, value, name = await _subject(tx, arguments)
        if not await retention.lift_hold(tx, kind, value, reason, now):
            raise InputError(f"{name}: not under a legal hold; `firstseen hold list` shows those that are")
        await custody.record(tx, "hold.lifted", f"{kind}/{value}", SYSTEM, now, reason=reason)
    return {"lifted": name}


async def list_holds(store: Store, _arguments: Arguments, _emit: Emit) -> Any:
    """Every hold in force, and how many originals they keep together."""
    async with store.database.reader() as reader:
        kept = await retention.under_hold(reader)
        found = [
            {"kind": one.kind, "name": await _name(reader, one), "reason": one.reason, "since": iso(one.set_at)}
            for one in await retention.holds(reader)
        ]
    return {"holds": found, "files": len(kept)}


def told(outcome: Mapping[str, Any]) -> list[str]:
    """The outcome of ``retain`` in lines for people."""
    if not outcome["rules"]:
        return ["no [[retention]] rules: every original is kept for good"]
    did = "dropped" if outcome["dropped"] else "would drop (--apply does it)"
    lines = [f"{did}: {outcome['files']} originals, {format_size(outcome['bytes'])}"]
    lines += [f"  {count} by {rule}" for rule, count in outcome["by_rule"].items()]
    if outcome["on_hold"]:
        lines.append(f"kept under a legal hold, though their time is over: {outcome['on_hold']}")
    return lines


async def _subject(reader: Reader, arguments: Arguments) -> tuple[str, str, str]:
    """Kind, value and name of what a hold is about; InputError unless it is exactly one thing that is known here."""
    given = {kind: str(arguments[kind]).strip() for kind in KINDS if arguments.get(kind)}
    if len(given) != 1:
        raise InputError("say what to hold: one of --footage, --tag and --channel")
    ((kind, text),) = given.items()
    if kind == "channel":
        channel = await known_channel(reader, text)
        return kind, str(channel.channel_id), label(channel)
    if kind == "tag":
        return kind, text, f"tag {text}"
    number = parse_footage(text)
    if number is None or not await footage.sightings(reader, number):
        raise InputError(f"{text}: no such footage here; write it like F12, as its card does")
    return kind, str(number), footage_label(number)


async def _name(reader: Reader, held: retention.Hold) -> str:
    if held.kind == "channel":
        channel = await channels.channel(reader, int(held.value))
        return label(channel) if channel else held.value
    return footage_label(int(held.value)) if held.kind == "footage" else f"tag {held.value}"


def _reason(arguments: Arguments) -> str:
    reason = str(arguments.get("reason") or "").strip()
    if not reason:
        raise InputError("say why, with --reason: it is written into the custody log")
    return reason
