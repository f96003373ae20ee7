"""The append-only, hash-chained record of what was done to what, when, by whom.

Each entry's hash is SHA-256 over a byte 1, the hash before it and the seal of the entry, which is the SHA-256 of its
canonical JSON. So the chain can be shown to somebody who may read a few entries only: of the others he gets the seal,
and the salt in each keeps him from guessing. Entries of version 1 had no salt, a byte 0, and their JSON in place of the
seal. Triggers refuse UPDATE and DELETE. A chain proves order and completeness only against a head that somebody else
has written down.
"""

import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from core.model import Actor
from storage.database import Reader, Row, Tx

FIRST = "0" * 64
VERSION = 2
_BATCH = 5000
_UNSEALED = '"version":1}'  # how the canonical JSON of the first entries ended


def link(prev: str, body: str) -> str:
    """The hash of an entry with canonical JSON ``body`` after the one with hash ``prev``."""
    if is_unsealed(body):
        return hashlib.sha256(b"\0" + bytes.fromhex(prev) + body.encode()).hexdigest()
    return hashlib.sha256(b"\1" + bytes.fromhex(prev) + bytes.fromhex(seal(body))).hexdigest()


def is_unsealed(body: str) -> bool:
    """Whether an entry is of version 1, of which nothing can be shown without its JSON."""
    return body.endswith(_UNSEALED)


def seal(body: str) -> str:
    """Stands for an entry that is not shown."""
    return hashlib.sha256(body.encode()).hexdigest()


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
        "salt": secrets.token_hex(16),
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
    async for rows in batches(reader):
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


async def batches(reader: Reader, after: int = 0) -> AsyncIterator[Sequence[Row]]:
    """Every entry behind number ``after`` with its number, hash, the hash before and its JSON, some at a time."""
    while rows := await reader.all(
        "SELECT seq, prev, body, hash FROM custody WHERE seq > :after ORDER BY seq LIMIT :n", after=after, n=_BATCH
    ):
        yield rows
        after = rows[-1]["seq"]


def _follows(row: Row, prev: str) -> bool:
    try:
        return bool(row["prev"] == prev and row["hash"] == link(prev, row["body"]))
    except ValueError:  # the hash before was replaced by something that is none
        return False
