"""A small worker: claims jobs, puts a file into the vault, writes a custody entry and finishes, until none is left.

As a program (``python -m tests.storage.working STATE_DIR``) it says a line at each step, to be killed at one.
"""

import asyncio
import hashlib
import json
import sys
from pathlib import Path

from core.clock import Clock
from core.model import SYSTEM
from storage import custody, jobs
from storage.opening import Store, open_store

QUEUE = "work"


def content_of(key: str) -> bytes:
    """The file that the work on a key makes."""
    return key.encode() * 5000


def sha256_of(key: str) -> str:
    """The hash of that file."""
    return hashlib.sha256(content_of(key)).hexdigest()


def keys_in(body: str) -> list[str]:
    """The key of a custody entry, if it is of work done."""
    entry = json.loads(body)
    return [entry["subject"]] if entry["action"] == "work.done" else []


async def work_off(store: Store) -> None:
    """Do every job once."""
    while True:
        async with store.database.transaction() as tx:
            job = await jobs.claim(tx, QUEUE, store.clock.now())
        if job is None:
            return
        _say("claimed")
        _work(store, job.key)
        async with store.database.transaction() as tx:
            await custody.record(tx, "work.done", job.key, SYSTEM, store.clock.now())
            await jobs.finish(tx, job)
        _say("saved")


def _work(store: Store, key: str) -> None:
    part = store.vault.part(f"key{key}")
    content = content_of(key)
    for start in range(part.size, len(content), 4096):
        part.write(content[start : start + 4096])
    _say("written")
    part.keep()
    _say("kept")


def _say(step: str) -> None:
    if __name__ == "__main__":
        sys.stdout.write(f"{step}\n")
        sys.stdout.flush()


async def _main(state_dir: Path) -> None:
    async with open_store(state_dir, Clock()) as store:
        async with store.database.transaction() as tx:
            await jobs.requeue_running(tx)
        await work_off(store)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
