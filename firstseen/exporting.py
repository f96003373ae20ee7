"""``firstseen export``: a bag written by this process, beside a service that may run, and noted in the custody log."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.config import Config
from core.errors import InputError
from evidence.case import Wanted
from evidence.export import Exported, export
from fingerprints.media import Limits
from firstseen import __version__
from firstseen.access import run_command
from firstseen.fences import fenced
from firstseen.progress import Bars
from pipeline.proofs import Proofs
from storage import retention
from storage.opening import is_held, open_store


async def export_case(config: Config, wanted: Wanted, target: Path, title: str, bars: Bars) -> dict[str, Any]:
    """Write the bag, then record who took what out; the outcome as JSON."""
    clock = Clock()
    limits = Limits(memory=config.media.memory, photo_cpu=config.media.photo_cpu, video_cpu=config.media.video_cpu)
    with fenced(config) as isolation:
        held = is_held(config.state_dir)
        async with open_store(config.state_dir, clock, program=__version__, exclusive=not held) as store:
            proofs = Proofs(store, isolation, limits)
            made = await export(store, proofs, wanted, target, bars.emit, title=title, program=__version__)
            async with store.database.reader() as reader:
                dropped = dict(await retention.why_dropped(reader, made.missing))
    recorded = {"wanted": str(wanted), "manifest": made.manifest, "footage": made.footage, "files": made.files}
    head = await run_command(config, clock, "export recorded", recorded, bars)
    return {**_as_json(made), "dropped": dropped, "recorded": head}


def parse_day(text: str) -> datetime | None:
    """A date, or a date with a time, in UTC; nothing for no text; anything else is an InputError."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r}: not a date; write it like 2024-10-18 or 2024-10-18T09:12") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _as_json(made: Exported) -> dict[str, Any]:
    return {
        "bag": str(made.path),
        "footage": made.footage,
        "posts": made.posts,
        "files": made.files,
        "missing": list(made.missing),
        "manifest": made.manifest,
        "head": {"entries": made.head[0], "hash": made.head[1]},
    }
