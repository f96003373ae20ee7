"""A story that is cut short at the k-th call to the system or the database, for many k, and then told to its end.

Four live posts arrive, their files are fetched, read, matched and announced: all by the product's own steps, but for
Telegram (files come from memory) and for the decoders (they read the files once, before; each telling has their
answers). The teller forks: this process has no threads, so that forking is safe, and has everything loaded.

``python -m tests.crashes.story kill|ENOSPC|EIO FOLDER [STRIDE]`` prints how many points were tried and what was wrong.
"""

import asyncio
import errno
import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import structlog

from collectors.intake import Captured, Intake, hold
from core.clock import Clock
from core.config import Chat
from core.errors import FirstseenError
from core.model import Capture, MediaKind, MediaRef
from fingerprints.child import Answer, Isolation
from fingerprints.media import Limits
from fingerprints.wire import JSON
from pipeline import worker
from pipeline.announce import AnnounceStep
from pipeline.fingerprint import FingerprintStep
from pipeline.library import Library
from pipeline.match import MatchStep
from storage import assets, channels, footage, jobs, posts, soundness
from storage.database import Reader, Tx
from storage.opening import Store, open_store
from storage.posts import StoredRef
from storage.vault import StoredFile
from tests.media import files, synthetic
from tests.storage.faults import CALLS
from tests.storage.made import ASTRA, a_post

KINDS = ("kill", "ENOSPC", "EIO")
SQL = {"execute", "executemany", "commit"}
DIED, FAILED, TOLD, NEVER_STRUCK = 9, 10, 0, 11
PHOTOS = (
    files.photo(synthetic.still(5, (320, 240))),
    files.photo(synthetic.still(6, (320, 240))),
    files.photo(synthetic.still(5, (320, 240)), quality=50),
)
FILE_OF_POST = {101: 0, 102: 1, 103: 2, 104: 0}
CARDS = 2  # the first and the third photo are one footage
CHAT = Chat(chat_id=-1001)


class Known(Isolation):
    """Gives the answers that the decoders gave before the story began."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__()
        self._answers = answers

    def run(
        self,
        task: str,  # noqa: ARG002 -- one task only
        files: Sequence[Path],
        arguments: Mapping[str, JSON],  # noqa: ARG002 -- without any
        limits: Limits,  # noqa: ARG002 -- of the former reading
    ) -> Answer:
        """The answer to a file of the story."""
        return self._answers[hashlib.sha256(files[0].read_bytes()).hexdigest()]


class Fetching:
    """The step that fetches, from memory instead of from Telegram."""

    queue = "fetch"
    slots = 2

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self, reader: Reader, key: str) -> StoredRef | None:
        """The file that is wanted."""
        found = await posts.ref(reader, int(key))
        return found if found is not None and found.asset_id is None else None

    async def work(self, given: StoredRef) -> tuple[StoredRef, StoredFile]:
        """Into the vault, by the part that an interrupted process may have left."""
        return given, await asyncio.to_thread(self._bring, given)

    def _bring(self, given: StoredRef) -> StoredFile:
        content = PHOTOS[FILE_OF_POST[given.message_id]]
        part = self._store.vault.part(posts.part_name(given.ref_id, given.ref.file_id))
        for start in range(part.size, len(content), 4096):
            part.write(content[start : start + 4096])
        return part.keep()

    async def save(self, tx: Tx, made: tuple[StoredRef, StoredFile]) -> None:
        """As the real step does: asset, Telegram's id, sighting, next job."""
        ref, file = made
        now = self._store.clock.now()
        asset_id = await assets.record(tx, file.sha256, file.size, ref.ref.kind, now)
        if ref.ref.file_id is not None:
            await assets.remember_file(tx, ref.ref.file_id, asset_id)
        await hold(tx, ref.ref_id, asset_id, now)


async def tell(folder: Path, answers: Mapping[str, Answer]) -> None:
    """From a start of the process to the last card."""
    async with open_store(folder, Clock(), program="story") as store:
        async with store.database.transaction() as tx:
            await jobs.take_up(tx, store.clock.now())
        library = Library(store)
        await library.fill()
        await _post(store)
        steps: list[worker.Step] = [
            Fetching(store),
            FingerprintStep(store, Known(answers), Limits(), 1),
            MatchStep(store, library),
            AnnounceStep(store, [CHAT]),
        ]
        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for part in worker.parts(steps, store):
                group.create_task(part.run(done))
            while await _left(store):
                store.clock.advance(timedelta(seconds=1))  # what waits for space need not wait long
                await asyncio.sleep(0.001)
            done.set()
            store.jobs_ready.wake()
        await library.close()


async def _post(store: Store) -> None:
    """The channel's posts, each in a transaction of its own; those that were recorded before change nothing."""
    intake = Intake()
    for message_id, number in FILE_OF_POST.items():
        ref = MediaRef("media", MediaKind.PHOTO, file_id=500 + number, size=len(PHOTOS[number]))
        post = a_post(message_id, f"post {message_id}", media=(ref,), posted_at=store.clock.now())
        async with store.database.transaction() as tx:
            await channels.record_channel(tx, ASTRA, store.clock.now())
            if await posts.post(tx, ASTRA.channel_id, message_id) is None:
                await intake.take(tx, [post], Captured(ASTRA, Capture.LIVE, "main", store.clock.now()))


async def _left(store: Store) -> int:
    async with store.database.reader() as reader:
        return sum([await jobs.waiting(reader, queue) for queue in ("fetch", "fingerprint", "match", "announce")])


async def wrong(folder: Path) -> list[str]:
    """What is not as a story that was told to its end leaves it."""
    async with open_store(folder, Clock(), program="story") as store:
        found = (await soundness.check(store, _silent, read_percent=100)).problems
        async with store.database.reader() as reader:
            held = await posts.known_ids(reader, ASTRA.channel_id, 0, 1000)
            cards = await reader.all("SELECT alert_id FROM alert")
            delivering = await reader.all("SELECT key FROM job WHERE queue = 'deliver' AND state = 'ready'")
            parked = await jobs.parked(reader)
            seen = [len(await footage.sightings(reader, one)) for one in await footage.all_ids(reader)]
        left = sorted(path.name for path in (folder / "tmp").iterdir())
        counted = {
            "posts": (sorted(held), sorted(FILE_OF_POST)),
            "sightings of each footage": (sorted(seen), [1, 3]),
            "cards": (len(cards), CARDS),
            "cards on their way": (len(delivering), CARDS),
            "parked": (len(parked), 0),
            "left in tmp": (left, ["boot"]),
            "files": (len(list(store.vault.names())), len(PHOTOS)),
        }
    return found + [f"{what}: {is_so}, not {should}" for what, (is_so, should) in counted.items() if is_so != should]


async def _silent(_stage: str, _done: int, _total: int) -> None:
    return None


class Strike:
    """Counts the calls of every thread, and strikes at one of them."""

    def __init__(self, kind: str, at: int) -> None:
        self._kind = kind
        self._at = at
        self._lock = threading.Lock()
        self.met = 0

    def arm(self) -> None:
        """Watch this thread and all that it will start."""
        threading.setprofile(self._watch)
        sys.setprofile(self._watch)

    def has_struck(self) -> bool:
        """Whether the point was reached."""
        return self.met >= self._at

    def _watch(self, _frame: FrameType, event: str, called: Any) -> None:
        if event != "c_call":
            return
        sql = _is_sql(called)
        if not sql and not _is_system(called):
            return
        with self._lock:
            self.met += 1
            struck = self.met == self._at
        if struck and self._kind == "kill":
            os._exit(DIED)
        if struck:
            raise _disk_error(self._kind, sql=sql)


def _is_sql(called: Any) -> bool:
    return isinstance(getattr(called, "__self__", None), sqlite3.Connection) and called.__name__ in SQL


def _is_system(called: Any) -> bool:
    return getattr(called, "__module__", "") == "posix" and called.__name__ in CALLS


def _disk_error(kind: str, *, sql: bool) -> Exception:
    if not sql:
        number = errno.ENOSPC if kind == "ENOSPC" else errno.EIO
        return OSError(number, os.strerror(number))
    error = sqlite3.OperationalError("database or disk is full" if kind == "ENOSPC" else "disk I/O error")
    error.sqlite_errorname = "SQLITE_FULL" if kind == "ENOSPC" else "SQLITE_IOERR_WRITE"
    return error


def _told_in_a_fork(folder: Path, answers: Mapping[str, Answer], strike: Strike) -> int:
    """The exit code of a process that is struck while it tells the story."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = FAILED
    with suppress(FirstseenError, OSError, sqlite3.Error, ExceptionGroup):
        strike.arm()
        asyncio.run(tell(folder, answers))
        code = TOLD if strike.has_struck() else NEVER_STRUCK
    os._exit(code)


def _told_again_in_a_fork(folder: Path, answers: Mapping[str, Answer]) -> list[str]:
    """What is wrong after a process that nothing strikes told the story to its end."""
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as said:
            problems: list[str] = json.loads(said.read() or '["the next process died"]')
        os.waitpid(child, 0)
        return problems
    with os.fdopen(writing, "w", encoding="utf-8") as saying:
        asyncio.run(tell(folder, answers))
        json.dump(asyncio.run(wrong(folder)), saying)
    os._exit(0)


def answers_of_decoders() -> dict[str, Answer]:
    """What the real decoders say of the story's files."""
    with tempfile.TemporaryDirectory() as place, Isolation(slots=1) as isolation:
        found = {}
        for number, content in enumerate(PHOTOS):
            path = Path(place) / str(number)
            path.write_bytes(content)
            found[hashlib.sha256(content).hexdigest()] = isolation.run("fingerprint", [path], {}, Limits())
    return found


async def _opened(folder: Path) -> None:
    """A state directory with the present schema."""
    async with open_store(folder, Clock(), program="story"):
        return


def strike_everywhere(kind: str, root: Path, stride: int = 1) -> tuple[int, list[str]]:
    """Tell the story once per point; how many points there were, and what was wrong after which."""
    answers, points, problems = answers_of_decoders(), 0, []
    template = root / "template"
    template.mkdir(mode=0o700)
    asyncio.run(_opened(template))
    for at in range(1, 1_000_000, stride):
        folder = shutil.copytree(template, root / f"{kind}-{at}")
        outcome = _told_in_a_fork(folder, answers, Strike(kind, at))
        problems += [f"{kind} at {at}: {problem}" for problem in _told_again_in_a_fork(folder, answers)]
        shutil.rmtree(folder)
        if outcome == NEVER_STRUCK:
            break
        points += 1
    return points, problems


def main(kind: str, root: str, stride: str = "1") -> int:
    """Strike everywhere; 1 when anything was wrong."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    points, problems = strike_everywhere(kind, Path(root), int(stride))
    json.dump({"kind": kind, "points": points, "problems": problems}, sys.stdout)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
