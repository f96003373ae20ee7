"""Originals go when their time is over, never under a hold, and everybody who looks later is told so in words."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import Clock
from core.config import RetentionRule
from core.errors import InputError
from core.model import Finding, FindingKind, MediaKind
from firstseen import retaining, verifying
from pipeline.copies import best_copy
from pipeline.retention import over
from storage import assets, backup, custody, footage, posts
from storage.opening import Store, open_store
from storage.retention import Appearance, HeldFile
from tests.storage.made import ASTRA, NOW, a_post, taken

CONTENT = b"evidence " * 500
YEAR = {"keep": "365 d", "kinds": ["video"]}
FILE = HeldFile(1, "ab" * 32, 10, MediaKind.VIDEO, (Appearance(ASTRA.channel_id, "astra", "ua", NOW),))
LATER = Appearance(1002, "digest", "ru", NOW + timedelta(days=300))


async def silent(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def rule(keep: str, **only: Any) -> RetentionRule:
    """A rule as the configuration has it."""
    return RetentionRule.model_validate({"keep": keep, **only})


@pytest.mark.parametrize(
    ("sentence", "rules", "file", "goes"),
    [
        ("without rules everything stays", [], FILE, False),
        ("after its time a file goes", [rule("365 d")], FILE, True),
        ("before that it stays", [rule("500 d")], FILE, False),
        ("the first rule that fits counts", [rule("500 d", kinds=["video"]), rule("1 d")], FILE, False),
        ("a rule for others is none", [rule("1 d", kinds=["photo"]), rule("1 d", sides=["ru"])], FILE, False),
        ("a channel is named as anywhere", [rule("1 d", channels=["@Astra"])], FILE, True),
        ("each appearance begins its time anew", [rule("365 d")], replace(FILE, appearances=(LATER,)), False),
        (
            "where no rule fits one appearance the file stays",
            [rule("1 d", sides=["ua"])],
            replace(FILE, appearances=(*FILE.appearances, LATER)),
            False,
        ),
    ],
)
def test_whose_time_is_over(sentence: str, rules: list[RetentionRule], file: HeldFile, goes: bool) -> None:
    """Each case is one sentence of the rules, 400 days after the file came."""
    assert bool(over(rules, file, NOW + timedelta(days=400))) is goes, sentence


async def held_video(store: Store) -> tuple[int, Path]:
    """A footage whose one video is in the vault and was read; where the video lies."""
    incoming = store.vault.incoming()
    incoming.write(CONTENT)
    kept = incoming.keep()
    async with store.database.transaction() as tx:
        ref_id, ref = (await posts.wanted(tx, await taken(tx, a_post())))[0]
        asset_id = await assets.record(tx, kept.sha256, kept.size, ref.kind, NOW)
        sighting_id = await assets.hold(tx, ref_id, asset_id, NOW)
        await tx.run("UPDATE asset SET verdict = 'ok' WHERE asset_id = :id", id=asset_id)
        footage_id = await footage.create(tx, NOW)
        await footage.put(tx, footage_id, asset_id, belongs=True)
        await footage.record_finding(tx, Finding(sighting_id, FindingKind.NEW, footage_id), NOW)
    return footage_id, store.vault.path(kept.sha256)


async def problems(store: Store) -> list[str]:
    """What a check of everything finds."""
    found: list[str] = (await verifying.verify(store, silent, known=[], read_percent=100))["problems"]
    return found


async def test_an_original_goes_by_rule_but_not_under_a_hold(store: Store, tmp_path: Path) -> None:
    """Looking changes nothing, a hold keeps, applying drops; the checks, a backup and the best copy know of it."""
    footage_id, path = await held_video(store)
    asked = {"rules": [YEAR], "apply": True}
    looked = await retaining.carry_out(store, {**asked, "apply": False}, silent)
    assert (looked["files"], looked["bytes"], path.exists()) == (1, len(CONTENT), True)
    about = {"footage": f"F{footage_id}", "reason": "request of the court"}
    for wrong in ({"footage": "F99", "reason": "x"}, {"tag": "camp"}, {"reason": "x"}, {**about, "tag": "camp"}):
        with pytest.raises(InputError):
            await retaining.hold(store, wrong, silent)
    assert await retaining.hold(store, about, silent) == {"held": f"#F{footage_id}", "files": 1}
    kept = await retaining.carry_out(store, asked, silent)
    assert (kept["files"], kept["on_hold"], path.exists()) == (0, 1, True)
    async with store.database.transaction() as tx:  # filed elsewhere, what was held stays held
        await tx.run("DELETE FROM footage_asset")
    assert (await retaining.carry_out(store, asked, silent))["on_hold"] == 1
    async with store.database.transaction() as tx:
        await footage.put(tx, footage_id, 1, belongs=True)

    await retaining.lift(store, about, silent)
    assert (await retaining.list_holds(store, {}, silent)) == {"holds": [], "files": 0}
    gone = await retaining.carry_out(store, asked, silent)
    assert (gone["files"], path.exists()) == (1, False)
    assert gone["by_rule"] == {"retention rule: video for 365 d": 1}
    checked = await verifying.verify(store, silent, known=[], read_percent=100)
    assert (checked["problems"], checked["files_dropped"]) == ([], 1)
    copy, head, at = await backup.take_snapshot(store, "1")
    made = backup.file_away(store.state_dir, copy, head, at, tmp_path / "backup", program="1", show=_quiet)
    assert (made.snapshot.files, made.problems) == (0, ())
    async with store.database.reader() as reader:
        assert await best_copy(reader, await footage.sightings(reader, footage_id)) is None
    backup.restore(tmp_path / "backup", tmp_path / "restored", show=_quiet)
    async with open_store(tmp_path / "restored", Clock()) as restored:
        assert await problems(restored) == []

    await hold_again(store)
    assert path.exists()
    assert await problems(store) == []


async def hold_again(store: Store) -> None:
    """The same bytes come once more, and the rules are applied after that."""
    incoming = store.vault.incoming()
    incoming.write(CONTENT)
    kept = incoming.keep()
    async with store.database.transaction() as tx:
        await assets.record(tx, kept.sha256, kept.size, MediaKind.VIDEO, NOW)
    await retaining.carry_out(store, {"rules": [], "apply": True}, silent)


async def test_a_drop_that_the_log_does_not_tell_of_is_damage(store: Store) -> None:
    """Nobody makes a file vanish by a row; bytes that a crash left behind their entry go with the next run."""
    _, path = await held_video(store)
    async with store.database.transaction() as tx:
        await tx.run("INSERT INTO dropped_file VALUES (1, 'a rule', 32503680000000)")
    assert await problems(store) == [f"file {path.name}: it is marked as dropped, and no custody entry tells of it"]
    await retaining.carry_out(store, {"rules": [], "apply": True}, silent)
    assert not path.exists()
    async with store.database.reader() as reader:
        assert await custody.verify(reader) == []


def _quiet(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""
