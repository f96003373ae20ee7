"""Step: Link → Asset, by yt-dlp in a process of its own. Off unless the operator wants it."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from collectors import ytdlp_child
from collectors.intake import LINK, hold, take_in
from core.config import Links
from core.model import COLLECTOR, MediaKind, MediaRef, RefState
from core.units import format_duration, format_size
from storage import assets, custody, posts
from storage.database import Reader, Tx
from storage.opening import Store
from storage.vault import StoredFile

ROLE = "link"
FOLDER = "links"  # of the state directory: where downloads lie until they are in the vault
SLOTS = 1
ANSWER_MAX = 1 << 16
_log = structlog.get_logger("links")


@dataclass(frozen=True, slots=True)
class Linked:
    """A link in a post, and what following it brought."""

    post_id: int
    position: int
    url: str
    stored: StoredFile | None = None
    about: dict[str, Any] = field(default_factory=dict)
    failure: str = ""
    reason: str = ""


class LinkStep:
    """Follows the links of posts where one of the configured extractors knows the way."""

    queue = LINK
    slots = SLOTS

    def __init__(self, store: Store, config: Links, *, allowed: Iterable[tuple[str, int]] = ()) -> None:
        self._store = store
        self._config = config
        self._allowed = tuple(allowed)  # addresses that need not be public; none but in tests
        self._folder = store.state_dir / FOLDER
        shutil.rmtree(self._folder, ignore_errors=True)  # what a killed process left
        self._folder.mkdir(mode=0o700)

    async def load(self, reader: Reader, key: str) -> Linked | None:
        """The address, unless it was followed already."""
        post_id, _, position = key.partition("/")
        stored = await posts.by_id(reader, int(post_id))
        if stored is None or int(position) >= len(stored.post.links):
            return None
        if any(ref.role == ROLE and ref.position == int(position) for ref in stored.post.media):
            return None
        return Linked(int(post_id), int(position), stored.post.links[int(position)].url)

    async def work(self, given: Linked) -> Linked:
        """Run the child, and believe only the file that is really there."""
        await asyncio.to_thread(self._store.vault.check_floor)
        with TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name)
            about = await self._run_child(given.url, folder)
            if failure := about.get("failure"):
                return replace(given, failure=failure, reason=about["reason"])
            file = _the_file(folder)
            if file is None:
                reason = f"nothing came that is under {format_size(self._config.max_size)}"
                return replace(given, failure=ytdlp_child.FAILED, reason=reason)
            stored = await asyncio.to_thread(take_in, self._store.vault, file)
            return replace(given, stored=stored, about=about)

    async def save(self, tx: Tx, made: Linked) -> None:
        """Add the file to its post under the role ``link``; a link that leads to no media leaves nothing."""
        if made.failure == ytdlp_child.UNSUPPORTED:
            return
        now = self._store.clock.now()
        ref_id = await posts.add_ref(tx, made.post_id, _ref(made))
        if made.stored is not None:
            asset_id = await assets.record(tx, made.stored.sha256, made.stored.size, MediaKind.VIDEO, now)
            await hold(tx, ref_id, asset_id, now)
        outcome = made.reason or "fetched"
        subject = f"link/{made.post_id}/{made.position}"
        await custody.record(tx, "link.followed", subject, COLLECTOR, now, url=made.url, outcome=outcome)
        _log.info("link_followed", url=made.url, outcome=outcome)

    async def _run_child(self, url: str, folder: Path) -> dict[str, Any]:
        order = {
            "url": url,
            "extractors": list(self._config.extractors),
            "max_size": self._config.max_size,
            "proxy": self._config.proxy,
            "allowed": list(self._allowed),
        }
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(Path(ytdlp_child.__file__)),
            cwd=folder,
            env={"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", "YTDLP_NO_PLUGINS": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._config.time_limit):
                answer, _nothing = await child.communicate(json.dumps(order).encode())
        except TimeoutError:
            limit = format_duration(self._config.time_limit)
            return {"failure": ytdlp_child.FAILED, "reason": f"not finished after {limit}"}
        finally:
            await _end(child)
        return _read(answer)


async def _end(child: asyncio.subprocess.Process) -> None:
    """Leave no process of the child's group behind."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()


def _read(answer: bytes) -> dict[str, Any]:
    """The child's last line; a child that died told nothing."""
    lines = answer[-ANSWER_MAX:].splitlines()
    try:
        found: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {"failure": ytdlp_child.FAILED, "reason": "the download ended without an answer: over a limit"}
    return found


def _the_file(folder: Path) -> Path | None:
    """The one file that was downloaded: regular, ours, not empty."""
    files = [path for path in folder.iterdir() if path.name.startswith("media.") and not path.is_symlink()]
    whole = [path for path in files if path.is_file() and path.stat().st_size]
    return max(whole, key=lambda path: path.stat().st_size, default=None)


def _ref(made: Linked) -> MediaRef:
    about = made.about
    kept = made.stored is not None
    refused = made.failure == ytdlp_child.REFUSED
    return MediaRef(
        ROLE,
        MediaKind.VIDEO,
        position=made.position,
        size=made.stored.size if made.stored else None,
        name=str(about.get("title") or ""),
        duration=about.get("duration"),
        width=about.get("width"),
        height=about.get("height"),
        state=RefState.WANTED if kept else RefState.REFUSED if refused else RefState.LOST,
        reason=made.reason,
    )
