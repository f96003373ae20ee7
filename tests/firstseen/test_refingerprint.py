"""Older fingerprints are made anew, also after a death in the middle; what can not be made anew is told."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from core.clock import Clock
from core.config import load
from core.model import Fingerprint, MediaKind
from fingerprints import photo, sound, versions
from fingerprints.child import Isolation
from fingerprints.compare import Prints
from fingerprints.media import Limits
from firstseen import refingerprinting
from firstseen.access import IMPORTING, REFINGERPRINTING, drain, run_command
from firstseen.engine import Engine, open_engine
from firstseen.progress import Bars
from pipeline.library import Library
from pipeline.refingerprint import ARCHIVE, RefingerprintStep
from storage import assets, fingerprints, jobs
from storage import refingerprinting as progress
from storage.opening import Store
from tests.media import files, synthetic
from tests.storage.made import NOW

HELD, LOST = 8, 8  # files, and which of them is not in the vault any more
OLDER = photo.VERSION - 1


@pytest.fixture(scope="module")
def pictures() -> list[synthetic.Pixels]:
    """Pictures that have nothing in common."""
    grains = np.random.default_rng(3).integers(0, 256, (HELD, 12, 16, 3), np.uint8)
    return [np.asarray(Image.fromarray(grain).resize((320, 240), Image.Resampling.BICUBIC)) for grain in grains]


class Archive:
    """The database of a desk, read beside the program that owns it."""

    def __init__(self, state: Path) -> None:
        self.state = state

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.state / "firstseen.sqlite", timeout=30)) as database, database:
            yield database

    def prints(self) -> dict[int, tuple[int, bytes]]:
        """The version and payload of every asset's PDQ."""
        with self._open() as database:
            found = database.execute("SELECT asset_id, version, payload FROM fingerprint WHERE kind = ?", (photo.PDQ,))
            return {asset_id: (version, payload) for asset_id, version, payload in found}

    def make_older(self, pictures: list[synthetic.Pixels]) -> None:
        """Hold what the version before could have read: fingerprints of the same pictures at another size."""
        with self._open() as database:
            for asset_id, picture in enumerate(pictures, 1):
                small = np.asarray(Image.fromarray(picture).resize((280, 210)))
                for one in photo.fingerprints(small)[0]:
                    given = (OLDER, one.payload, asset_id, one.kind)
                    database.execute("UPDATE fingerprint SET version=?, payload=? WHERE asset_id=? AND kind=?", given)

    def lose(self, asset_id: int) -> None:
        """Take a file out of the vault."""
        with self._open() as database:
            ((sha256,),) = database.execute("SELECT sha256 FROM asset WHERE asset_id = ?", (asset_id,))
        next(self.state.rglob(sha256)).unlink()

    def brought(self) -> int:
        """How many assets have present fingerprints."""
        return sum(version == photo.VERSION for version, _ in self.prints().values())


async def finders(engine: Engine, picture: synthetic.Pixels) -> list[int]:
    """The assets that a mirrored copy of a picture leads to."""
    found = await engine.library.match(photo.fingerprints(np.ascontiguousarray(picture[:, ::-1]))[0])
    return [asset_id for asset_id, match in found if match.certain]


def killed_midway(config: Path, archive: Archive) -> None:
    """Run the command and kill it as soon as it has made one file's fingerprints anew."""
    command = [sys.executable, "-m", "firstseen", "refingerprint", "--config", str(config)]
    working = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not archive.brought() and working.returncode is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            working.wait(0.02)
    working.kill()
    working.wait()


async def test_killed_in_the_middle_it_goes_on_and_all_is_found_meanwhile(
    state_dir: Path, tmp_path: Path, pictures: list[synthetic.Pixels]
) -> None:
    """What a killed run had made anew stays, the next makes the rest; older and newer files are found alike."""
    folder, archive, written = tmp_path / "files", Archive(state_dir), tmp_path / "config.toml"
    written.write_text('state_dir = "state"\n')
    config = load(written)
    folder.mkdir()
    for number, picture in enumerate(pictures):
        (folder / f"2024-10-18 {number:02}.jpg").write_bytes(files.photo(picture))
    given = {"path": str(folder), "channel": "Desk files"}
    await run_command(config, Clock(), "import", given, Bars(Console(quiet=True)), then_work=IMPORTING)
    present = archive.prints()
    archive.make_older(pictures)
    archive.lose(LOST)
    older = archive.prints()
    assert all(older[one] != present[one] for one in present)

    await asyncio.to_thread(killed_midway, written, archive)
    midway = archive.prints()
    assert 0 < archive.brought() < HELD - 1
    assert all(midway[one] in (older[one], present[one]) for one in present)
    async with open_engine(config, Clock()) as engine:
        everything = [[number] for number in range(1, HELD + 1)]
        assert [await finders(engine, picture) for picture in pictures] == everything
        async with engine.store.database.transaction() as tx:
            await jobs.take_up(tx, engine.store.clock.now())
        await refingerprinting.start(engine.store, {}, _silent)
        await drain(engine, config, Bars(Console(quiet=True)), REFINGERPRINTING)
        assert [await finders(engine, picture) for picture in pictures] == everything
        ended = await refingerprinting.progress(engine.store, {}, _silent)
    assert (ended["state"], ended["brought"], ended["left_old"], ended["outdated"]) == ("done", HELD - 1, 1, 1)
    assert [kept["reason"] for kept in ended["kept"]] == ["its file is not held any more"]
    assert archive.prints() == {**present, LOST: older[LOST]}
    (line, *_) = refingerprinting.told(ended)
    assert line.startswith("1 file(s) with fingerprints of another version, which can't be made anew")


async def test_it_gives_way_to_live_work_and_pauses(store: Store) -> None:
    """With a file to be read it waits a turn; paused it does nothing; asked again it goes on where it was."""
    step = RefingerprintStep(store, Isolation(), Limits(), Library(store))
    async with store.database.transaction() as tx:
        held = await assets.record(tx, "ab" * 32, 1, MediaKind.PHOTO, NOW)
        other = await assets.record(tx, "cd" * 32, 1, MediaKind.PHOTO, NOW)
        await fingerprints.replace(tx, held, [Fingerprint(photo.PDQ, OLDER, bytes(256))])
        await fingerprints.replace(tx, other, [Fingerprint(photo.PDQ, photo.VERSION, bytes(256))])
    quiet = await refingerprinting.start(store, {}, _silent)
    assert (quiet["state"], quiet["total"], quiet["outdated"]) == ("running", 1, 1)
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "fingerprint", str(other))
    async with store.database.reader() as reader:
        waits = await step.load(reader, ARCHIVE)
    assert waits is not None
    assert (waits.asset, waits.give_way) == (None, True)

    async with store.database.transaction() as tx:
        await jobs.finish(tx, taken) if (taken := await jobs.claim(tx, "fingerprint", store.clock.now())) else None
    async with store.database.reader() as reader:
        turn = await step.load(reader, ARCHIVE)
    assert turn is not None
    assert turn.asset is not None
    made = await step.work(turn)
    async with store.database.transaction() as tx:
        await step.save(tx, made)
    paused = await refingerprinting.pause(store, {}, _silent)
    assert (paused["state"], paused["left_old"], paused["expected_end"]) == ("paused", 1, None)
    async with store.database.reader() as reader:
        assert await step.load(reader, ARCHIVE) is None
        assert [one.asset_id for one in await progress.left_old(reader)] == [held]
    again = await refingerprinting.start(store, {}, _silent)
    assert (again["state"], again["left_old"]) == ("running", 1)


def test_only_versions_that_compare_are_compared() -> None:
    """The newest version that today's code knows is taken; one of a later program is left out, not misread."""
    old, new, later = (Fingerprint(sound.CODES, sound.VERSION + step, bytes(8)) for step in (-1, 0, 1))
    assert Prints.of([new, later, old]).by_kind == {sound.CODES: new}
    assert Prints.of([later]).codes is None
    assert all(standing.compares(standing.present) for standing in versions.KINDS.values())


async def _silent(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""
