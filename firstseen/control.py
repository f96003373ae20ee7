"""Commands that write, while the service holds the database: asked through a socket that only its user may open.

One JSON line asks ``{"command": …, "arguments": {…}}``; lines ``{"progress": [stage, done, total]}`` follow, then one
``{"result": …}`` or ``{"error": …, "exit": code}``.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from core.errors import FirstseenError, StateError
from firstseen.commands import COMMANDS, Emit
from firstseen.exits import exit_code
from storage.opening import Store

_log = structlog.get_logger("control")


def socket_path(state_dir: Path) -> Path:
    """Where a running service listens."""
    return state_dir / "control.sock"


class ControlPart:
    """The service's side of the socket."""

    name = "control"

    def __init__(self, store: Store) -> None:
        self._store = store
        self._path = socket_path(store.state_dir)

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until ``stop``."""
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._answer, path=self._path)
        finally:
            os.umask(before)
        async with server:
            await stop.wait()
        self._path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def emit(stage: str, done: int, total: int) -> None:
            await _send(writer, {"progress": [stage, done, total]})

        try:
            asked = json.loads(await reader.readline())
            result = await COMMANDS[asked["command"]](self._store, asked["arguments"], emit)
            await _send(writer, {"result": result})
        except FirstseenError as error:
            await _send(writer, {"error": str(error), "exit": exit_code(error)})
        except (ValueError, KeyError) as error:
            _log.warning("control_refused", error=repr(error))
            await _send(writer, {"error": f"the running service does not know this command ({error})", "exit": 2})
        except ConnectionError:
            _log.info("control_left")
        finally:
            writer.close()


async def _send(writer: asyncio.StreamWriter, line: Mapping[str, Any]) -> None:
    writer.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    await writer.drain()


class ServiceError(FirstseenError):
    """What the running service answered instead of a result; ``code`` is the exit code it calls for."""

    def __init__(self, message: str, code: int) -> None:
        self.code = code
        super().__init__(message)


class NotAnsweringError(StateError):
    """A firstseen holds the database and does not listen: it is starting, stopping, or importing."""


async def ask_service(state_dir: Path, command: str, arguments: Mapping[str, Any], emit: Emit) -> Any:
    """Have the running service carry out a command; a NotAnsweringError when none listens."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket_path(state_dir), limit=2**24)
    except OSError as error:
        raise NotAnsweringError(
            f"{state_dir}: another firstseen holds the database but does not answer ({error.strerror}); "
            "if it is just starting, stopping or importing, try again in a moment"
        ) from error
    try:
        await _send(writer, {"command": command, "arguments": dict(arguments)})
        async for line in reader:
            answer = json.loads(line)
            if "result" in answer:
                return answer["result"]
            if "error" in answer:
                raise ServiceError(answer["error"], answer["exit"])
            await emit(*answer["progress"])
    finally:
        writer.close()
    raise StateError("the service stopped before it answered; look into its log and try again")
