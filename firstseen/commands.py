"""What the command line asks of the store, in the service or without it: arguments in, JSON out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from core.ids import footage_label
from core.model import SYSTEM, Tier
from firstseen import __version__, forgetting, ledger, refingerprinting, retaining, verifying
from firstseen.naming import copy_told, iso, known_channel, label
from firstseen.watchlists import Listed, checked, look_ups
from storage import alerts, assets, backup, channels, custody, footage, jobs, members, posts, settings
from storage.database import Reader
from storage.opening import Store

Emit = Callable[[str, int, int], Awaitable[None]]
Arguments = Mapping[str, Any]
Command = Callable[[Store, Arguments, Emit], Awaitable[Any]]


async def watch_add(store: Store, arguments: Arguments, _emit: Emit) -> Any:
    """Ask for channels to be watched; the service resolves them, slowly, and never joins anything."""
    wanted, now = [checked(Listed(**entry)) for entry in arguments["entries"]], store.clock.now()
    async with store.database.transaction() as tx:
        for one in wanted:
            labels = {"country": one.country, "notes": one.notes}
            await channels.wish(tx, one.channel, Tier(one.tier), one.side, one.language, "cli", now, **labels)
            await custody.record(tx, "watch.wished", one.channel, SYSTEM, now, side=one.side)
        waiting = [wish for wish in await channels.wishes(tx) if not wish.failure]
    names = look_ups(Listed(wish.wish, str(wish.tier)) for wish in waiting)
    return {"wished": [one.channel for one in wanted], "look_ups": names}


async def watch_export(store: Store, _arguments: Arguments, _emit: Emit) -> Any:
    """Every watch and wish with its labels, as ``watch add`` takes them."""
    async with store.database.reader() as reader:
        watched = await channels.watches(reader)
        waiting = await channels.wishes(reader)
    listed = [
        Listed(
            f"@{channel.username}" if channel.username else str(channel.channel_id),
            str(watch.tier),
            channel.side,
            channel.language,
            channel.country,
            channel.notes,
        )
        for watch, channel in watched
        if watch.tier is not Tier.IMPORTED
    ]
    listed += [Listed(w.wish, str(w.tier), w.side, w.language, w.country, w.notes) for w in waiting]
    return [asdict(one) for one in listed]


async def watch_label(store: Store, arguments: Arguments, _emit: Emit) -> Any:
    """Set the team's labels of a channel; an empty one leaves what was there."""
    labels = {name: str(arguments.get(name) or "") for name in ("side", "language", "country", "notes")}
    async with store.database.transaction() as tx:
        channel = await known_channel(tx, str(arguments["channel"]))
        await channels.label(tx, channel.channel_id, **labels)
        subject = f"channel/{channel.channel_id}"
        await custody.record(tx, "channel.labelled", subject, SYSTEM, store.clock.now(), **labels)
    return {"labelled": label(channel)}


async def watch_remove(store: Store, arguments: Arguments, _emit: Emit) -> Any:
    """Stop watching a channel; its posts stay."""
    text = str(arguments["channel"])
    async with store.database.transaction() as tx:
        channel = await known_channel(tx, text)
        await channels.stop_watch(tx, channel.channel_id, store.clock.now())
        await custody.record(tx, "watch.removed", text, SYSTEM, store.clock.now())
    return {"removed": label(channel)}


async def watch_list(store: Store, _arguments: Arguments, _emit: Emit) -> Any:
    """Every watch with its state, and what still waits to be resolved."""
    async with store.database.reader() as reader:
        watched = [
            {
                "channel_id": channel.channel_id,
                "channel": label(channel),
                "side": channel.side,
                "language": channel.language,
                "country": channel.country,
                "notes": channel.notes,
                "tier": str(watch.tier),
                "state": watch.state,
                "reason": watch.state_reason,
                "contiguous_through": watch.contiguous_through,
                "since": iso(watch.started_at),
            }
            for watch, channel in await channels.watches(reader)
        ]
        waiting = [{"wish": wish.wish, "failure": wish.failure} for wish in await channels.wishes(reader)]
    return {"watches": watched, "waiting": waiting}


async def backfill(store: Store, arguments: Arguments, _emit: Emit) -> Any:
    """Ask for a channel's older history; the running service reads it slowly."""
    since = datetime.fromisoformat(arguments["since"]) if arguments.get("since") else None
    async with store.database.transaction() as tx:
        channel = await known_channel(tx, str(arguments["channel"]))
        await channels.ask_backfill(tx, channel.channel_id, "cli", since, store.clock.now())
    return {"asked": label(channel)}


async def import_posts(store: Store, arguments: Arguments, emit: Emit) -> Any:
    """Read an export or a folder of files into the store."""
    from collectors.exports import import_path

    summary = await import_path(store, Path(arguments["path"]), arguments.get("channel"), emit)
    return asdict(summary)


async def list_jobs(store: Store, _arguments: Arguments, _emit: Emit) -> Any:
    """How many jobs each queue holds, and those that wait for a person."""
    async with store.database.reader() as reader:
        parked = [asdict(job) for job in await jobs.parked(reader)]
        return {"queues": await jobs.counts(reader), "parked": parked}


async def retry_jobs(store: Store, arguments: Arguments, _emit: Emit) -> Any:
    """Put parked jobs back to work: one by its id, or all."""
    async with store.database.transaction() as tx:
        released = await jobs.release(tx, arguments.get("job_id"))
    store.jobs_ready.wake()
    return {"released": released}


async def status(store: Store, _arguments: Arguments, _emit: Emit) -> Any:
    """The state of the whole in one object."""
    async with store.database.reader() as reader:
        seq, head = await custody.head(reader)
        held = await assets.coverage(reader)
        return {
            "heartbeat_ms": await settings.get(reader, "heartbeat"),
            "posts": await posts.counts(reader),
            "assets": held.assets,
            "channels": held.channels,
            "since": iso(held.since) if held.since else None,
            "watches": len(await channels.watches(reader)),
            "queues": await jobs.counts(reader),
            "troubles": [
                {"part": trouble.part, "message": trouble.message, "since": iso(trouble.since)}
                for trouble in await settings.troubles(reader)
            ],
            "alerts": await alerts.counts(reader),
            "fingerprints": await refingerprinting.told_of(reader, store.clock.now()),
            "custody": {"entries": seq, "head": head},
        }


async def verify(store: Store, arguments: Arguments, emit: Emit) -> Any:
    """Check what is stored against the custody log; the outcome with every problem."""
    known = [str(head) for head in arguments["heads"]]
    return await verifying.verify(store, emit, known=known, read_percent=float(arguments["read_percent"]))


async def take_snapshot(store: Store, _arguments: Arguments, _emit: Emit) -> Any:
    """Copy the database for a backup; where the copy lies, and the head of its custody log."""
    copy, head, at = await backup.take_snapshot(store, __version__)
    return {"copy": str(copy), "head": head, "at": at.isoformat()}


async def record_export(store: Store, arguments: Arguments, _emit: Emit) -> Any:
    """Write down that something was exported; the new head of the custody log."""
    detail: dict[str, str | float] = {
        "wanted": str(arguments["wanted"]),
        "manifest": str(arguments["manifest"]),
        "footage": int(arguments["footage"]),
        "files": int(arguments["files"]),
    }
    async with store.database.transaction() as tx:
        await custody.record(tx, "case.exported", "store", SYSTEM, store.clock.now(), **detail)
        seq, head = await custody.head(tx)
    return {"entries": seq, "hash": head}


async def list_findings(store: Store, _arguments: Arguments, _emit: Emit) -> Any:
    """Every sighting with its finding, footage, earliest copy, tags and verdict, in order of posting."""
    async with store.database.reader() as reader:
        rows = []
        for footage_id in await footage.all_ids(reader):
            rows += await _footage_rows(reader, footage_id)
    return sorted(rows, key=lambda row: (row["posted_at"], row["channel_id"], row["message_id"]))


async def _footage_rows(reader: Reader, footage_id: int) -> list[dict[str, Any]]:
    from pipeline.copies import best_copy

    rows = []
    copies = await footage.sightings(reader, footage_id)
    best = copy_told(await best_copy(reader, copies))
    for seen in copies:
        finding = await footage.finding(reader, seen.sighting.sighting_id)
        if finding is None or not seen.belongs:
            continue
        told = await footage.sightings(reader, finding.footage_id)
        elders = [one for one in told if one.belongs] or list(told)
        judgement = await members.judgement(reader, finding.footage_id)
        rows.append(
            {
                "channel": seen.channel.username or seen.channel.title,
                "channel_id": seen.channel.channel_id,
                "message_id": seen.sighting.message_id,
                "posted_at": iso(seen.sighting.posted_at),
                "kind": str(seen.asset.kind),
                "role": seen.sighting.role,
                "sha256": seen.asset.sha256,
                "phash": seen.asset.phash,
                "best_copy": best,
                "finding": str(finding.kind),
                "footage": footage_label(finding.footage_id),
                "also": [footage_label(part) for part in finding.parts],
                "relation": finding.relation,
                "strength": round(finding.strength, 3),
                "earliest": {
                    "channel": elders[0].channel.username or elders[0].channel.title,
                    "message_id": elders[0].sighting.message_id,
                    "posted_at": iso(elders[0].sighting.posted_at),
                },
                "deleted": seen.deleted_at is not None,
                "tags": list(await members.tags(reader, finding.footage_id)),
                "verdict": str(judgement.verdict) if judgement else "unreviewed",
            }
        )
    return rows


COMMANDS: Mapping[str, Command] = {
    "watch add": watch_add,
    "watch remove": watch_remove,
    "watch export": watch_export,
    "watch label": watch_label,
    "watch list": watch_list,
    "backfill": backfill,
    "import": import_posts,
    "jobs": list_jobs,
    "jobs retry": retry_jobs,
    "status": status,
    "findings": list_findings,
    "verify": verify,
    "export recorded": record_export,
    "snapshot": take_snapshot,
    "ledger": ledger.read,
    "forget": forgetting.forget,
    "retain": retaining.carry_out,
    "hold": retaining.hold,
    "hold lift": retaining.lift,
    "hold list": retaining.list_holds,
    "refingerprint": refingerprinting.start,
    "refingerprint pause": refingerprinting.pause,
    "refingerprint progress": refingerprinting.progress,
}
