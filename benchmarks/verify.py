"""How fast a check of everything is: entries of the custody log a second, and megabytes of files a second.

python -m benchmarks.verify [entries] [megabytes]
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from core.clock import Clock
from core.model import SYSTEM, MediaKind
from storage import assets, custody, soundness
from storage.opening import Store, open_store

AT_ONCE = 5000


async def silent(_stage: str, _done: int, _total: int) -> None:
    """Hears of progress and says nothing."""


async def fill(store: Store, entries: int, megabytes: int) -> None:
    """A log of so many entries, and files of ten megabytes each."""
    now = store.clock.now()
    for start in range(0, entries, AT_ONCE):
        async with store.database.transaction() as tx:
            for number in range(start, min(start + AT_ONCE, entries)):
                await custody.record(tx, "finding.made", f"sighting/{number}", SYSTEM, now, kind="new", strength=0.5)
    for _ in range(megabytes // 10):
        incoming = store.vault.incoming()
        incoming.write(os.urandom(10_000_000))
        kept = incoming.keep()
        async with store.database.transaction() as tx:
            await assets.record(tx, kept.sha256, kept.size, MediaKind.VIDEO, now)


async def main(entries: int, megabytes: int) -> int:
    """Measure; 1 when something is wrong with what was just written."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(Path(folder), Clock()) as store:
            await fill(store, entries, megabytes)
            async with store.database.reader() as reader:
                began = time.process_time()
                problems = await custody.verify(reader)
                chain = time.process_time() - began
            began = time.process_time()
            quick = await soundness.check(store, silent)
            looked = time.process_time()
            full = await soundness.check(store, silent, read_percent=100)
            read = (time.process_time() - looked) - (looked - began)
    print(f"chain alone: {entries / chain:,.0f} entries a second of processor time")
    print(f"chain, and every entry compared with its rows: {entries / (looked - began):,.0f} entries a second")
    print(f"files: {full.bytes_read / read / 1e6:,.0f} MB a second")
    return 1 if problems or quick.problems or full.problems else 0


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    sys.exit(asyncio.run(main(*given, *(50_000, 500)[len(given) :])))
