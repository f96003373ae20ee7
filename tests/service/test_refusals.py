"""What the service says, and with which exit code, when a person must act."""

import asyncio
import json

from demo.stage import Stage
from firstseen.exits import PERSON_NEEDED


async def refusal(stage: Stage) -> str:
    """Run the service until it gives up; its last words."""
    child = await asyncio.create_subprocess_exec(
        *stage.run_command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(child.communicate(), stage.patience)
    assert child.returncode == PERSON_NEEDED, said.decode()
    assert b"Traceback" not in said
    return said.decode()


async def test_a_wrong_bot_token(stage: Stage) -> None:
    """A token that Telegram does not know ends the service with a sentence that names it."""
    (stage.folder / "secrets" / "bot_token").write_text("1:wrong", encoding="utf-8")
    words = await refusal(stage)
    assert "@BotFather" in words
    assert "1:wrong" not in words


async def test_a_second_service_on_the_same_state(stage: Stage) -> None:
    """Only one service runs on a state directory; the second says so, and the first goes on."""
    await stage.start_service()
    await stage.until_watching(2)
    assert "state" in await refusal(stage)
    assert json.loads(await stage.firstseen("status", "--json"))
    await stage.stop_service()


async def test_a_session_that_others_may_read(stage: Stage) -> None:
    """A session file is a key to the account: one that others may read is refused, with the command that mends it."""
    (stage.folder / "state" / "sessions" / "main.session").chmod(0o644)
    assert "chmod 600" in await refusal(stage)


async def test_an_account_that_was_logged_out(stage: Stage) -> None:
    """An account whose session Telegram ended is named once, with what to do; nothing is tried again."""
    stage.world.end_sessions(next(iter(stage.world.users.values())), text="SESSION_REVOKED")
    words = await refusal(stage)
    assert "main" in words
