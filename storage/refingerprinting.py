"""Bringing the fingerprints of an archive to the present versions: how far it came, and what stays as it is.

``present`` names the version of every kind that is made now. An asset is outdated when one of its fingerprints is of
another version; there is at most one such undertaking, and its row says up to which asset it has come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import from_ms, to_ms
from storage.database import Reader, Row, Tx

QUEUE = "refingerprint"  # the queue that its one job waits in
Versions = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """How far it has come: assets ``brought`` to present versions and ``left_old``, and the seconds spent on both."""

    state: str
    versions: str
    asked_at: datetime
    through_asset: int
    total: int
    brought: int
    left_old: int
    seconds: float

    @property
    def left(self) -> int:
        """How many assets are still to be looked at."""
        return max(0, self.total - self.brought - self.left_old)

    def expected_end(self, now: datetime) -> datetime | None:
        """When it will be done if nothing livelier comes between; nothing as long as there is no pace to go by."""
        looked_at = self.brought + self.left_old
        if self.state != "running" or not looked_at:
            return None
        return now + timedelta(seconds=self.seconds / looked_at * self.left)


@dataclass(frozen=True, slots=True)
class LeftOld:
    """An asset that keeps its older fingerprints, and why."""

    asset_id: int
    sha256: str
    reason: str


async def begin(tx: Tx, present: Versions, now: datetime) -> None:
    """Go on with what was paused or runs; else start from the first asset, trying anew what was left as it was."""
    known = await upgrade(tx)
    if known is not None and known.state != "done" and known.versions == _written(present):
        await tx.run("UPDATE refingerprint SET state = 'running'")
        return
    await tx.run("DELETE FROM refingerprint")
    await tx.run("DELETE FROM old_fingerprint")
    await tx.run(
        """
        INSERT INTO refingerprint (only_one, state, versions, asked_at, total)
        VALUES (1, 'running', :versions, :now, :total)
        """,
        versions=_written(present),
        now=to_ms(now),
        total=await outdated(tx, present),
    )


async def pause(tx: Tx) -> None:
    """Stop after the asset in hand."""
    await tx.run("UPDATE refingerprint SET state = 'paused' WHERE state = 'running'")


async def end(tx: Tx) -> None:
    """Say that no asset is left to look at."""
    await tx.run("UPDATE refingerprint SET state = 'done' WHERE state = 'running'")


async def brought(tx: Tx, asset_id: int, seconds: float) -> None:
    """Count an asset whose fingerprints are of the present versions now."""
    await tx.run("DELETE FROM old_fingerprint WHERE asset_id = :id", id=asset_id)
    await _advance(tx, asset_id, seconds, "brought")


async def leave(tx: Tx, asset_id: int, reason: str, seconds: float, now: datetime) -> None:
    """Count an asset that keeps its older fingerprints."""
    await tx.run(
        """
        INSERT INTO old_fingerprint (asset_id, reason, noticed_at) VALUES (:id, :reason, :now)
        ON CONFLICT (asset_id) DO UPDATE SET reason = excluded.reason, noticed_at = excluded.noticed_at
        """,
        id=asset_id,
        reason=reason,
        now=to_ms(now),
    )
    await _advance(tx, asset_id, seconds, "left_old")


async def upgrade(reader: Reader) -> Upgrade | None:
    """How far it has come, if it was ever asked for."""
    row = await reader.one("SELECT * FROM refingerprint")
    return _upgrade(row) if row else None


async def next_outdated(reader: Reader, present: Versions, after: int) -> int | None:
    """The first asset behind ``after`` with a fingerprint of another version."""
    row = await reader.one(
        f"SELECT asset_id FROM fingerprint WHERE {_OTHER.format(_rows(present))} ORDER BY asset_id LIMIT 1", after=after
    )
    return int(row["asset_id"]) if row else None


async def outdated(reader: Reader, present: Versions) -> int:
    """How many assets have a fingerprint of another version."""
    row = await reader.one(
        f"SELECT COUNT(DISTINCT asset_id) AS n FROM fingerprint WHERE {_OTHER.format(_rows(present))}", after=0
    )
    return int(row["n"]) if row else 0


async def left_old(reader: Reader, most: int = 1000) -> Sequence[LeftOld]:
    """The assets that keep their older fingerprints, at most so many."""
    rows = await reader.all(
        """
        SELECT asset.asset_id, asset.sha256, old_fingerprint.reason FROM old_fingerprint
        JOIN asset ON asset.asset_id = old_fingerprint.asset_id ORDER BY asset.asset_id LIMIT :most
        """,
        most=most,
    )
    return tuple(LeftOld(**row) for row in rows)


_OTHER = "asset_id > :after AND (kind, version) NOT IN (VALUES {})"


def _rows(present: Versions) -> str:
    """The versions as SQL; kinds are names of our own, never somebody's input."""
    return ", ".join(f"('{kind}', {version})" for kind, version in sorted(present.items()))


def _written(present: Versions) -> str:
    return " ".join(f"{kind}:{version}" for kind, version in sorted(present.items()))


async def _advance(tx: Tx, asset_id: int, seconds: float, counted: str) -> None:
    await tx.run(
        f"""
        UPDATE refingerprint SET through_asset = :id, seconds = seconds + :seconds, {counted} = {counted} + 1
        """,
        id=asset_id,
        seconds=seconds,
    )


def _upgrade(row: Row) -> Upgrade:
    return Upgrade(
        row["state"],
        row["versions"],
        from_ms(row["asked_at"]),
        row["through_asset"],
        row["total"],
        row["brought"],
        row["left_old"],
        row["seconds"],
    )
