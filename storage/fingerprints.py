"""The fingerprint table: the truth that every index is rebuilt from."""

from collections.abc import Collection, Sequence

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


async def stream(
    reader: Reader, after_id: int = 0, limit: int = 200
) -> tuple[tuple[int, tuple[Fingerprint, ...]], ...]:
    """The next ``limit`` assets after ``after_id`` that have fingerprints, each with all of them."""
    rows = await reader.all(
        """
        SELECT fingerprint.* FROM fingerprint
        JOIN (SELECT DISTINCT asset_id FROM fingerprint WHERE asset_id > :after ORDER BY asset_id LIMIT :n) AS page
            ON page.asset_id = fingerprint.asset_id
        ORDER BY fingerprint.asset_id, fingerprint.kind, fingerprint.version
        """,
        after=after_id,
        n=limit,
    )
    assets: dict[int, list[Fingerprint]] = {}
    for row in rows:
        assets.setdefault(row["asset_id"], []).append(_fingerprint(row))
    return tuple((asset_id, tuple(prints)) for asset_id, prints in assets.items())


async def count(reader: Reader) -> int:
    """How many assets have fingerprints."""
    row = await reader.one("SELECT COUNT(DISTINCT asset_id) AS n FROM fingerprint")
    return int(row["n"]) if row else 0


def _fingerprint(row: Row) -> Fingerprint:
    return Fingerprint(row["kind"], row["version"], row["payload"], row["quality"])
