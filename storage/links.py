"""Footage that a member linked by hand: one becomes part of the other, with a record that lets it be taken apart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import to_ms
from core.model import Member
from storage import custody, footage
from storage.database import Reader, Row, Tx
from storage.members import actor

_KEYS = {  # what moves with a footage, and by which column its rows are told
    "tag_event": "event_id",
    "verdict_event": "event_id",
    "note": "note_id",
    "claim_event": "event_id",
    "location": "location_id",
    "finding": "sighting_id",
    "relabel": "sighting_id",
    "furniture_event": "event_id",
    "footage_asset": "asset_id",
}


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """A link that stands: ``gone`` is part of ``kept``."""

    event_id: int
    kept: int
    gone: int
    member: str
    moved: Mapping[str, Sequence[int]]


async def link(tx: Tx, kept: int, gone: int, member: Member, at: datetime) -> int:
    """Make one footage part of the other, and write down what moved; the event's row."""
    moved = {table: await _rows(tx, table, key, gone) for table, key in _KEYS.items()}
    await footage.merge(tx, kept, gone)
    row = await tx.one(
        """
        INSERT INTO link_event (kept, gone, moved, member, user_id, at)
        VALUES (:kept, :gone, :moved, :member, :user_id, :at) RETURNING event_id
        """,
        kept=kept,
        gone=gone,
        moved=json.dumps(moved),
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    await custody.record(tx, "footage.linked", f"footage/{gone}", actor(member), at, into=kept)
    return int(row["event_id"])


async def standing(reader: Reader, footage_id: int) -> LinkEvent | None:
    """The newest link that stands and that a number takes part in, on either side."""
    row = await reader.one(
        """
        SELECT link_event.* FROM link_event JOIN footage ON footage.footage_id = link_event.gone
        WHERE parted_at IS NULL AND footage.merged_into = link_event.kept AND :id IN (kept, gone)
        ORDER BY event_id DESC LIMIT 1
        """,
        id=footage_id,
    )
    return _link(row) if row else None


async def event(reader: Reader, event_id: int) -> LinkEvent | None:
    """A link by its row, while it stands."""
    row = await reader.one(
        """
        SELECT link_event.* FROM link_event JOIN footage ON footage.footage_id = link_event.gone
        WHERE event_id = :id AND parted_at IS NULL AND footage.merged_into = link_event.kept
        """,
        id=event_id,
    )
    return _link(row) if row else None


async def part(tx: Tx, linked: LinkEvent, member: Member, at: datetime) -> None:
    """Take a link apart: what moved goes back to its old number; what came since stays where it is."""
    await tx.run("UPDATE footage SET merged_into = NULL WHERE footage_id = :gone", gone=linked.gone)
    for table, key in _KEYS.items():
        await tx.many(
            f"UPDATE {table} SET footage_id = :gone WHERE footage_id = :kept AND {key} = :row",
            [{"gone": linked.gone, "kept": linked.kept, "row": row} for row in linked.moved.get(table, ())],
        )
    for number in (linked.kept, linked.gone):
        await _recount_tags(tx, number)
    await tx.run(
        "UPDATE link_event SET parted_at = :at, parted_by = :member WHERE event_id = :id",
        at=to_ms(at),
        member=member.name,
        id=linked.event_id,
    )
    await custody.record(tx, "footage.parted", f"footage/{linked.gone}", actor(member), at, out_of=linked.kept)


async def _rows(reader: Reader, table: str, key: str, footage_id: int) -> list[int]:
    rows = await reader.all(f"SELECT {key} AS row FROM {table} WHERE footage_id = :id ORDER BY {key}", id=footage_id)
    return [row["row"] for row in rows]


async def _recount_tags(tx: Tx, footage_id: int) -> None:
    """The tags of a footage as the sum of its events."""
    await tx.run("DELETE FROM footage_tag WHERE footage_id = :id", id=footage_id)
    await tx.run(
        """
        INSERT INTO footage_tag (footage_id, tag)
        SELECT footage_id, tag FROM tag_event AS newest WHERE footage_id = :id AND added = 1 AND NOT EXISTS (
            SELECT 1 FROM tag_event AS later WHERE later.footage_id = newest.footage_id AND later.tag = newest.tag
                AND (later.at, later.event_id) > (newest.at, newest.event_id))
        """,
        id=footage_id,
    )


def _link(row: Row) -> LinkEvent:
    return LinkEvent(row["event_id"], row["kept"], row["gone"], row["member"], json.loads(row["moved"]))
