"""``firstseen refingerprint``: an archive's fingerprints brought to the present versions, paused, and how far it is."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from core.model import SYSTEM
from firstseen.naming import iso, iso_or_none
from storage import custody, fingerprints, refingerprinting
from storage.database import Reader
from storage.opening import Store

Emit = Callable[[str, int, int], Awaitable[None]]
Arguments = Mapping[str, Any]


async def start(store: Store, _arguments: Arguments, _emit: Emit) -> Any:
    """Ask for it, or go on with what was paused; how far it is."""
    from fingerprints.versions import PRESENT
    from pipeline.refingerprint import ask

    now = store.clock.now()
    async with store.database.transaction() as tx:
        await refingerprinting.begin(tx, PRESENT, now)
        upgrade = await refingerprinting.upgrade(tx)
        left = upgrade.left if upgrade else 0
        await custody.record(tx, "store.refingerprint.asked", "store", SYSTEM, now, left=left)
        await ask(tx, now)
        return await told_of(tx, now)


async def pause(store: Store, _arguments: Arguments, _emit: Emit) -> Any:
    """Stop after the file in hand, until it is asked for again."""
    now = store.clock.now()
    async with store.database.transaction() as tx:
        await refingerprinting.pause(tx)
        await custody.record(tx, "store.refingerprint.paused", "store", SYSTEM, now)
        return await told_of(tx, now)


async def progress(store: Store, _arguments: Arguments, _emit: Emit) -> Any:
    """How far it is, which versions are held, and every file that keeps older ones."""
    async with store.database.reader() as reader:
        kept = [{"sha256": one.sha256, "reason": one.reason} for one in await refingerprinting.left_old(reader)]
        return {**await told_of(reader, store.clock.now()), "versions": await _versions(reader), "kept": kept}


async def told_of(reader: Reader, now: datetime) -> dict[str, Any]:
    """How far it is; also of an archive for which nobody asked yet."""
    from fingerprints.versions import PRESENT

    upgrade = await refingerprinting.upgrade(reader)
    return {
        "state": upgrade.state if upgrade else "not asked for",
        "outdated": await refingerprinting.outdated(reader, PRESENT),
        "total": upgrade.total if upgrade else 0,
        "brought": upgrade.brought if upgrade else 0,
        "left_old": upgrade.left_old if upgrade else 0,
        "expected_end": iso_or_none(upgrade.expected_end(now)) if upgrade else None,
        "asked_at": iso(upgrade.asked_at) if upgrade else None,
    }


async def _versions(reader: Reader) -> list[dict[str, Any]]:
    """Every kind and version that is held, by how many files, and whether it takes part in comparisons."""
    from fingerprints.versions import KINDS, PRESENT

    return [
        {
            "kind": kind,
            "version": version,
            "files": files,
            "present": PRESENT.get(kind),
            "searched": kind in KINDS and KINDS[kind].compares(version),
        }
        for kind, version, files in await fingerprints.versions(reader)
    ]


def told(outcome: Mapping[str, Any]) -> list[str]:
    """The outcome in lines for people."""
    lines = [in_words(outcome)]
    for one in outcome["versions"]:
        if one["version"] != one["present"]:
            searched = "searched like the present ones" if one["searched"] else "NOT searched by this program"
            lines.append(f"{one['kind']} of version {one['version']}, not {one['present']}: {one['files']}, {searched}")
    lines += [f"keeps its older fingerprints: file {one['sha256']}: {one['reason']}" for one in outcome.get("kept", ())]
    return lines


def in_words(outcome: Mapping[str, Any]) -> str:
    """How far it is in one line."""
    outdated, state = outcome["outdated"], outcome["state"]
    if not outdated and state in {"not asked for", "done"}:
        return "every fingerprint is of the present version"
    held = f"{outdated} file(s) with fingerprints of another version"
    if state in {"not asked for", "done"} and outdated > outcome["left_old"]:
        return f"{held}: `firstseen refingerprint` makes them anew"
    if state == "done":
        return f"{held}, which can't be made anew: `firstseen refingerprint --progress` says why"
    came = f"{outcome['brought'] + outcome['left_old']} of {outcome['total']} files looked at"
    end = f", done about {outcome['expected_end']}" if outcome["expected_end"] else ""
    return f"fingerprints are made anew ({state}): {came}, {outcome['left_old']} keep what they have{end}"
