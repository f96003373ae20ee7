"""The fingerprint table: the truth that every index is rebuilt from."""

from collections.abc import Collection, Sequence
from itertools import groupby

from core.model import Fingerprint
from storage.database import Reader, Row, Tx


async def replace(tx: Tx, asset_id: int, fingerprints: Sequence[Fingerprint]) -> None:
    """Keep exactly these fingerprints of an asset."""
    await tx.run("DELETE FROM fingerprint WHERE asset_id = :id", id=asset_id)
    await tx.many(
        """
        INSERT INTO fingerprint (asset_id, kind, version, quality, payload)
        VALUES (:asset_id, :kind, :version, :quality, :payload)
        """,
        (
            {
                "asset_id": asset_id,
                "kind": one.kind,
                "version": one.version,
                "quality": one.quality,
                "payload": one.payload,
            }
            for one in fingerprints
        ),
    )


async def of(reader: Reader, asset_id: int) -> tuple[Fingerprint, ...]:
    """The fingerprints of an asset."""
    rows = await reader.all("SELECT * FROM fingerprint WHERE asset_id = :id ORDER BY kind, version", id=asset_id)
    return tuple(_fingerprint(row) for row in rows)


async def have(reader: Reader, kind: str, *asset_ids: int) -> bool:
    """Whether each of these assets has a fingerprint of this kind."""
    for asset_id in asset_ids:
        if not await reader.one(
            "SELECT 1 AS yes FROM fingerprint WHERE asset_id = :id AND kind = :k", id=asset_id, k=kind
        ):
            return False
    return True


async def which_have(reader: Reader, kind: str, asset_ids: Collection[int]) -> frozenset[int]:
    """Those of these assets that have a fingerprint of this kind."""
    numbers = ", ".join(map(str, asset_ids))
    rows = await reader.all(
        f"SELECT asset_id FROM fingerprint WHERE kind = :kind AND asset_id IN ({numbers})", kind=kind
    )
    return frozenset(row["asset_id"] for row in rows)


async def some(reader: Reader, asset_ids: Collection[int]) -> dict[int, tuple[Fingerprint, ...]]:
    """The fingerprints of each of these assets that has any."""
    numbers = ", ".join(map(str, asset_ids))
    rows = await reader.all(f"SELECT * FROM fingerprint WHERE asset_id IN ({numbers}) ORDER BY asset_id, kind, version")
    return {
        asset_id: tuple(_fingerprint(row) for row in many)
        for asset_id, many in groupby(rows, key=lambda row: int(row["asset_id"]))
    }


async def marks(reader: Reader) -> dict[int, int]:
    """Of each asset that ever had fingerprints the mark of those that it has now: another one after every change."""
    rows = await reader.all("SELECT asset_id, mark FROM fingerprint_mark ORDER BY asset_id")
    return {row["asset_id"]: row["mark"] for row in rows}


async def mark(reader: Reader, asset_id: int) -> int:
    """The mark of an asset's fingerprints; 0 if it never had any."""
    row = await reader.one("SELECT mark FROM fingerprint_mark WHERE asset_id = :id", id=asset_id)
    return int(row["mark"]) if row else 0


async def identity(reader: Reader) -> str:
    """Which database this is, and no other, but for its copies."""
    row = await reader.one("SELECT name FROM identity")
    return str(row["name"]) if row else ""


async def versions(reader: Reader) -> tuple[tuple[str, int, int], ...]:
    """Per kind and version, how many assets have it."""
    rows = await reader.all("SELECT kind, version, COUNT(*) AS n FROM fingerprint GROUP BY kind, version ORDER BY 1, 2")
    return tuple((row["kind"], row["version"], row["n"]) for row in rows)


def _fingerprint(row: Row) -> Fingerprint:
    return Fingerprint(row["kind"], row["version"], row["payload"], row["quality"])
