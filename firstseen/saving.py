"""``firstseen backup`` and ``firstseen restore``: run beside a service that may run, and into an empty state."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.config import Config
from core.model import SYSTEM
from firstseen import __version__, verifying
from firstseen.access import run_command
from firstseen.progress import Bars
from storage import backup, custody
from storage.opening import open_store


async def back_up(config: Config, target: Path, keep: int, bars: Bars) -> dict[str, Any]:
    """Copy database and files to ``target``, where only the ``keep`` newest snapshots stay (0: all); the outcome."""
    taken = await run_command(config, Clock(), "snapshot", {}, bars)
    copy, at = Path(taken["copy"]), datetime.fromisoformat(taken["at"])
    head = (int(taken["head"][0]), str(taken["head"][1]))

    def work() -> tuple[backup.BackedUp, list[str]]:
        try:
            made = backup.file_away(config.state_dir, copy, head, at, target, program=__version__, show=bars.show)
        finally:
            copy.unlink(missing_ok=True)
        return made, backup.drop_old(target, keep) if keep and not made.problems else []

    made, dropped = await asyncio.to_thread(work)
    return {**asdict(made), "dropped": dropped}


async def bring_back(config: Config, target: Path, name: str, bars: Bars) -> dict[str, Any]:
    """Restore a snapshot, write that into its custody log, and check everything; the check's outcome as JSON."""
    chosen = await asyncio.to_thread(backup.restore, target, config.state_dir, name=name, show=bars.show)
    async with open_store(config.state_dir, Clock(), program=__version__) as store:
        async with store.database.transaction() as tx:
            await custody.record(tx, "store.restored", "store", SYSTEM, store.clock.now(), snapshot=chosen.name)
        head = f"{chosen.head[0]}:{chosen.head[1]}"
        outcome = await verifying.verify(store, bars.emit, known=[head], read_percent=0)
    return {"snapshot": chosen.name, "made_at": chosen.at, **outcome}
