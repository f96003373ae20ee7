"""``firstseen verify``: the check of everything stored, itself a custody entry."""

import re
from collections.abc import Sequence
from typing import Any

from core.errors import InputError
from core.model import SYSTEM
from storage import custody, heads, settings, soundness
from storage.opening import Store
from storage.soundness import Emit, Soundness

GOOD, COULD_NOT_RUN, DAMAGED = 0, 1, 2
TROUBLE = "integrity"  # the part in trouble, as /status shows it
_MOST_NAMED = 5  # problems that the custody entry itself names


async def verify(store: Store, emit: Emit, *, known: Sequence[str], read_percent: float) -> dict[str, Any]:
    """Check the store against the heads written down here and those ``known`` elsewhere; the outcome as JSON."""
    expected = [*heads.written(store.state_dir), *map(heads.parse_head, known)]
    found = await soundness.check(store, emit, heads=expected, read_percent=read_percent)
    seq, digest = await _record(store, found)
    return {
        "good": not found.problems,
        "problems": found.problems,
        "entries": found.head[0],
        "heads_checked": len(set(expected)),
        "posts": found.posts,
        "files": found.files,
        "files_read": found.files_read,
        "bytes_read": found.bytes_read,
        "unknown_files": found.unknown_files,
        "files_dropped": found.files_dropped,
        "head": {"entries": seq, "hash": digest},
    }


async def _record(store: Store, found: Soundness) -> tuple[int, str]:
    """Write the outcome into the log; the new head is written down unless something was wrong."""
    now = store.clock.now()
    async with store.database.transaction() as tx:
        await custody.record(
            tx,
            "store.verified",
            "store",
            SYSTEM,
            now,
            problems=len(found.problems),
            first_problems="; ".join(found.problems[:_MOST_NAMED]),
            entries=found.head[0],
            files=found.files,
            files_read=found.files_read,
        )
        head = await custody.head(tx)
        if found.problems:
            words = f"{len(found.problems)} problem(s), first: {found.problems[0]}; run firstseen verify for all"
            await settings.set_trouble(tx, TROUBLE, words, now)
        else:
            await settings.clear_trouble(tx, TROUBLE)
    if not found.problems:
        heads.write_down(store.state_dir, head, now)
    return head


def parse_percent(text: str) -> float:
    """The number in ``5%``; anything else is an InputError."""
    found = re.fullmatch(r"\s*(\d{1,3}(?:\.\d{1,3})?)\s*%\s*", text, re.ASCII)
    if found is None or not 0 < (percent := float(found[1])) <= 100:
        raise InputError(f"{text!r}: not a part of the files; write it like 5%")
    return percent


def told(outcome: dict[str, Any]) -> list[str]:
    """The outcome in lines for people."""
    looked = f"{outcome['entries']} custody entries, {outcome['posts']} posts, {outcome['files']} files"
    lines = [f"{looked}; {outcome['files_read']} files read; {outcome['heads_checked']} earlier heads compared"]
    if outcome["unknown_files"]:
        lines.append(f"{outcome['unknown_files']} file(s) that no post knows: left by a crash, or just arriving")
    if outcome["files_dropped"]:
        lines.append(f"{outcome['files_dropped']} of the files were dropped by rule, as the custody log tells of each")
    lines += [f"DAMAGE: {problem}" for problem in outcome["problems"]]
    lines.append("No damage found." if outcome["good"] else f"{len(outcome['problems'])} problem(s) found.")
    lines.append(f"head {outcome['head']['entries']}:{outcome['head']['hash']}")
    return lines
