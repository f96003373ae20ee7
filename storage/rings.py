"""Messages of their own under cards that stand already, for what deserves a sound: each wanted once, sent once."""

from dataclasses import dataclass
from datetime import datetime

from core.clock import from_ms, to_ms
from core.model import DeliveryState
from storage.database import Reader, Row, Tx


@dataclass(frozen=True, slots=True)
class Ring:
    """What is to ring, and under which card."""

    ring_id: int
    alert_id: int
    sighting_id: int
    reason: str
    state: DeliveryState
    repeats: int


async def want(tx: Tx, alert_id: int, sighting_id: int, reason: str, at: datetime) -> int | None:
    """Ask for a ring; its row, or nothing when this was asked for before."""
    row = await tx.one(
        """
        INSERT INTO ring (alert_id, sighting_id, reason, state, wanted_at)
        VALUES (:alert, :sighting, :reason, 'ready', :at) ON CONFLICT DO NOTHING RETURNING ring_id
        """,
        alert=alert_id,
        sighting=sighting_id,
        reason=reason,
        at=to_ms(at),
    )
    return int(row["ring_id"]) if row else None


async def ring(reader: Reader, ring_id: int) -> Ring | None:
    """A ring by its row."""
    row = await reader.one("SELECT * FROM ring WHERE ring_id = :id", id=ring_id)
    return _ring(row) if row else None


async def last_wanted(reader: Reader, alert_id: int, reason: str) -> datetime | None:
    """When a ring of this reason was last asked for under a card."""
    row = await reader.one(
        "SELECT MAX(wanted_at) AS at FROM ring WHERE alert_id = :alert AND reason = :reason",
        alert=alert_id,
        reason=reason,
    )
    return from_ms(row["at"]) if row and row["at"] is not None else None


async def begin(tx: Tx, ring_id: int) -> Ring | None:
    """Write down that it is about to be sent, before the request leaves; what a crash left in between is a repeat."""
    row = await tx.one(
        """
        UPDATE ring SET repeats = repeats + CASE WHEN state IN ('sending', 'unknown') THEN 1 ELSE 0 END,
            state = 'sending' WHERE ring_id = :id AND state IN ('ready', 'sending', 'unknown') RETURNING *
        """,
        id=ring_id,
    )
    return _ring(row) if row else None


async def end(tx: Tx, ring_id: int, state: DeliveryState, message_id: int | None, at: datetime) -> None:
    """Write down how the sending ended."""
    await tx.run(
        "UPDATE ring SET state = :state, message_id = :message, ended_at = :at WHERE ring_id = :id",
        id=ring_id,
        state=str(state),
        message=message_id,
        at=to_ms(at),
    )


def _ring(row: Row) -> Ring:
    return Ring(
        row["ring_id"],
        row["alert_id"],
        row["sighting_id"],
        row["reason"],
        DeliveryState(row["state"]),
        row["repeats"],
    )
