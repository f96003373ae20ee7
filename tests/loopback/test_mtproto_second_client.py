"""A client that shares no code with Telethon agrees with the loopback servers."""

import asyncio
import hashlib
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from loopback import testkey
from loopback.mtproto import MTProtoServer

pytest.importorskip("pyrogram", reason="kurigram is the second client")

SCRIPT = Path(__file__).with_name("second_client.py")


class Child:
    """The second client's process: lines in, facts out."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process, self._in, self._out = process, process.stdin, process.stdout

    def tell(self, line: str) -> None:
        """Send one line."""
        self._in.write(line.encode() + b"\n")

    def let_go(self) -> None:
        """Close its input."""
        self._in.close()

    async def fact(self, name: str) -> dict[str, Any]:
        """The next fact, which must be ``name``."""
        line = await asyncio.wait_for(self._out.readline(), 30)
        told: dict[str, Any] = json.loads(line)
        assert told["fact"] == name, told
        return told


async def test_kurigram_signs_in_reads_downloads_and_listens(mtproto: MTProtoServer, tmp_path: Path) -> None:
    """Key exchange, code and password, chat, history, byte-exact downloads from two data centres, live updates."""
    world = mtproto.world
    user = world.add_user("Olena", password="correct horse")
    channel = world.add_channel("News", "somechannel", members=[user])
    contents = [os.urandom(400_000), os.urandom(70_000)]
    world.post(channel, "words")
    world.post(channel, "home", media=world.video(contents[0]))
    world.post(channel, "away", media=world.video(contents[1], dc=4))
    process = await asyncio.create_subprocess_exec(
        sys.executable, SCRIPT, stdin=PIPE, stdout=PIPE, env=os.environ | {"PYTHONWARNINGS": "ignore"}
    )
    child = Child(process)
    order = {
        "port": mtproto.port,
        "folder": str(tmp_path),
        "fingerprint": testkey.fingerprint(),
        "modulus": f"{testkey.MODULUS:x}",
        "exponent": testkey.EXPONENT,
        "phone": user.phone,
        "password": user.password,
        "channel": channel.username,
    }
    child.tell(json.dumps(order))
    await child.fact("code sent")
    child.tell(world.code(user))
    await child.fact("password needed")
    assert (await child.fact("signed in"))["user_id"] == user.id
    assert await child.fact("chat") == {"fact": "chat", "title": "News", "id": -1000000000000 - channel.id}
    assert (await child.fact("history"))["texts"] == ["away", "home", "words"]
    for content in reversed(contents):
        assert (await child.fact("file"))["sha256"] == hashlib.sha256(content).hexdigest()
    await child.fact("listening")
    post = world.post(channel, "fresh")
    world.edit(post, "fresher")
    world.delete(post)
    assert (await child.fact("new"))["text"] == "fresh"
    assert (await child.fact("edited"))["text"] == "fresher"
    assert (await child.fact("deleted"))["ids"] == [post.id]
    child.let_go()
    await child.fact("done")
    assert await process.wait() == 0
    assert world.writes() == []
