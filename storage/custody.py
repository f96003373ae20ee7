"""The append-only, hash-chained record of what was done to what, when, by whom.

Each entry's hash is SHA-256 over a zero byte, the hash before it and the entry's canonical JSON. Triggers refuse
UPDATE and DELETE. A chain proves order and completeness only against a head that somebody else has written down.
"""

import hashlib
import json
from datetime import datetime

from core.model import Actor
from storage.database import Reader, Row, Tx

FIRST = "0" * 64
VERSION = 1
_BATCH = 5000


def link(prev: str, body: str) -> str:
    """The hash of an entry with canonical JSON ``body`` after the one with hash ``prev``."""
    return hashlib.sha256(b"\0" + bytes.fromhex(prev) + body.encode()).hexdigest()


def canonical(value: object) -> str:
    """JSON with sorted keys, no spaces and plain UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


async def record(tx: Tx, action: str, subject: str, actor: Actor, at: datetime, **detail: str | float | None) -> str:
    """Append an entry in the transaction that does the thing; the entry's hash."""
    seq, prev = await head(tx)
    entry = {
        "seq": seq + 1,
        "at": at.isoformat(timespec="milliseconds"),
        "actor": {"kind": actor.kind, "name": actor.name, "user_id": actor.user_id},
        "action": action,
        "subject": subject,
        "detail": detail,
        "version": VERSION,
    }
    body = canonical(entry)
    digest = link(prev, body)
    await tx.run(
        "INSERT INTO custody (seq, prev, body, hash) VALUES (:seq, :prev, :body, :hash)",
        seq=seq + 1,
        prev=prev,
        body=body,
        hash=digest,
    )
    return digest


async def head(reader: Reader) -> tuple[int, str]:
    """Number and hash of the newest entry; (0, zeros) for an empty log."""
    row = await reader.one("SELECT seq, hash FROM custody ORDER BY seq DESC LIMIT 1")
    return (row["seq"], row["hash"]) if row else (0, FIRST)


async def verify(reader: Reader, *heads: tuple[int, str]) -> list[str]:
    """Check the whole chain; a sentence for everything wrong. Earlier ``heads`` find what was cut off or rewritten."""
    expected: dict[int, set[str]] = {}
    for number, digest in heads:
        expected.setdefault(number, set()).add(digest)
    problems: list[str] = []
    seq, prev = 0, FIRST
    while rows := await reader.all(
        "SELECT seq, prev, body, hash FROM custody WHERE seq > :seq ORDER BY seq LIMIT :n", seq=seq, n=_BATCH
    ):
        for row in rows:
            if row["seq"] != seq + 1:
                problems.append(f"custody entries {seq + 1} to {row['seq'] - 1} are missing")
            if not _follows(row, prev):
                problems.append(f"custody entry {row['seq']} does not follow from the one before it")
            elif json.loads(row["body"]).get("seq") != row["seq"]:
                problems.append(f"custody entry {row['seq']} carries another number")
            if expected.get(row["seq"], {row["hash"]}) != {row["hash"]}:
                problems.append(f"custody entry {row['seq']} is not the one that was written down")
            seq, prev = row["seq"], row["hash"]
    if expected and seq < max(expected):
        problems.append(f"the custody log ends at {seq}; {max(expected)} was written down")
    return problems


def _follows(row: Row, prev: str) -> bool:
    try:
        return bool(row["prev"] == prev and row["hash"] == link(prev, row["body"]))
    except ValueError:  # the hash before was replaced by something that is none
        return False
