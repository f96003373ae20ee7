"""Heads of the custody log as they were at some time, written beside the database: a cut or exchanged log shows.

Whoever can change the database can change this file too. What binds is a head that was seen elsewhere: in the team's
chat, on paper, in somebody else's hands.
"""

import json
import os
import re
from datetime import datetime
from pathlib import Path

from core.errors import InputError

FILE = "custody-heads.jsonl"
_HEAD = re.compile(r"^(?P<number>\d{1,18}):\s*(?P<hash>[0-9a-f]{64})$")

Head = tuple[int, str]


def write_down(state_dir: Path, head: Head, at: datetime) -> None:
    """Add a head to the file, synced; the one that was written last is not repeated."""
    known = written(state_dir)
    if head[0] == 0 or (known and known[-1] == head):
        return
    line = "\n" + json.dumps({"at": at.isoformat(timespec="seconds"), "seq": head[0], "hash": head[1]})
    # The line begins with its end mark, so that a line torn before it takes nothing along.
    fd = os.open(state_dir / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, line.encode())
        os.fsync(fd)
    finally:
        os.close(fd)


def written(state_dir: Path) -> list[Head]:
    """Every head that was written down, oldest first; a line that was torn by a crash is left out."""
    path = state_dir / FILE
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    return [head for line in lines if (head := _read(line)) is not None]


def parse_head(text: str) -> Head:
    """The head in ``417:<64 hex digits>``; anything else is an InputError."""
    found = _HEAD.match(text.strip().lower())
    if found is None:
        raise InputError(f"{text!r}: not a head; give number and hash as the chat shows them, like 417:0f3a…")
    return int(found["number"]), found["hash"]


def _read(line: str) -> Head | None:
    try:
        entry = json.loads(line)
        return int(entry["seq"]), str(entry["hash"])
    except (ValueError, KeyError, TypeError):
        return None
