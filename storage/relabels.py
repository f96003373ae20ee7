"""Copies that contradict what is known of their footage: noticed once per copy, told for good."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.clock import to_ms
from core.model import PIPELINE
from storage import custody
from storage.database import Reader, Row, Tx


@dataclass(frozen=True, slots=True)
class Relabel:
    """One contradiction of one copy; ``claim`` is equal for equal claims in all wordings."""

    contrast: str
    said: str
    known: str
    claim: str


async def record(tx: Tx, footage_id: int, sighting_id: int, found: Iterable[Relabel], at: datetime) -> None:
    """Keep what a copy contradicts; noticing it again replaces the words."""
    for one in found:
        known = await tx.one(
            "SELECT claim FROM relabel WHERE sighting_id = :sighting AND contrast = :contrast",
            sighting=sighting_id,
            contrast=one.contrast,
        )
        await tx.run(
            """
            INSERT INTO relabel (footage_id, sighting_id, contrast, said, known, claim, noticed_at)
            VALUES (:footage, :sighting, :contrast, :said, :known, :claim, :at)
            ON CONFLICT (sighting_id, contrast) DO UPDATE SET footage_id = excluded.footage_id,
                said = excluded.said, known = excluded.known, claim = excluded.claim
            """,
            footage=footage_id,
            sighting=sighting_id,
            contrast=one.contrast,
            said=one.said,
            known=one.known,
            claim=one.claim,
            at=to_ms(at),
        )
        if known is None:
            subject = f"sighting/{sighting_id}"
            await custody.record(
                tx,
                "relabel.noticed",
                subject,
                PIPELINE,
                at,
                footage=footage_id,
                contrast=one.contrast,
                said=one.said,
                known=one.known,
            )


async def of_sighting(reader: Reader, sighting_id: int) -> tuple[Relabel, ...]:
    """What one copy contradicts, place and day first."""
    rows = await reader.all(
        "SELECT * FROM relabel WHERE sighting_id = :id "
        "ORDER BY CASE contrast WHEN 'place' THEN 1 WHEN 'date' THEN 2 ELSE 3 END, contrast",
        id=sighting_id,
    )
    return tuple(_relabel(row) for row in rows)


async def claims_of_others(reader: Reader, footage_id: int, sighting_id: int) -> tuple[tuple[str, str], ...]:
    """(contrast, claim) of every other copy of a footage that was noticed."""
    rows = await reader.all(
        "SELECT DISTINCT contrast, claim FROM relabel WHERE footage_id = :footage AND sighting_id <> :sighting "
        "ORDER BY contrast, claim",
        footage=footage_id,
        sighting=sighting_id,
    )
    return tuple((row["contrast"], row["claim"]) for row in rows)


def _relabel(row: Row) -> Relabel:
    return Relabel(row["contrast"], row["said"], row["known"], row["claim"])
