"""Checking, exporting and backing up while the service runs, and the head of the log outside the machine."""

import asyncio
import json
import sys
from pathlib import Path

from demo.stage import Stage
from storage import heads


async def verified(bag: Path, head: str) -> int:
    """The exit code of the verifier in a bag."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(bag / "verify.py"), head, stdout=asyncio.subprocess.DEVNULL
    )
    return await child.wait()


async def test_evidence_leaves_a_running_service(stage: Stage, pictures: list[bytes], tmp_path: Path) -> None:
    """A live post is checked, exported and backed up beside its collecting; the heads that were noted fit the log."""
    await stage.start_service()
    await stage.until_watching(2)
    post = stage.world.post(stage.channels["astra"], "Camp", media=stage.world.photo(pictures[0]))
    await stage.until("a card leads to the post", lambda: stage.card_of(post) is not None)
    await stage.until_settled()

    checked = json.loads(await stage.firstseen("verify", "--read-data", "--json"))
    assert (checked["problems"], checked["posts"], checked["files_read"]) == ([], 1, 1)
    head = f"{checked['head']['entries']}:{checked['head']['hash']}"
    made = json.loads(await stage.firstseen("export", str(tmp_path / "bag"), "--words", "camp", "--json"))
    assert (made["posts"], made["files"], made["missing"]) == (1, 1, [])
    assert await verified(tmp_path / "bag", head) == 0
    saved = json.loads(await stage.firstseen("backup", str(tmp_path / "backup"), "--json"))
    assert (saved["copied"], saved["problems"]) == (1, [])

    shown = (await stage.firstseen("status")).split("head ")[-1].strip()
    await stage.stop_service()
    noted = heads.written(stage.config.parent / "state")
    assert len(noted) >= 3
    after = json.loads(await stage.firstseen("verify", "--head", shown, "--head", head, "--json"))
    assert after["problems"] == []
    assert after["heads_checked"] >= len(noted)
