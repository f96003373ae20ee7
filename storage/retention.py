"""Originals that are not kept for ever, and the holds under which they are: rows stay, only bytes go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import from_ms, to_ms
from core.model import PIPELINE, MediaKind
from storage import custody
from storage.database import Reader, Tx

_UNDER = {
    "footage": """
        SELECT footage_asset.asset_id FROM footage
        JOIN footage_asset ON footage_asset.footage_id = COALESCE(footage.merged_into, footage.footage_id)
        WHERE footage.footage_id = CAST(:value AS INTEGER)
    """,
    "tag": """
        SELECT footage_asset.asset_id FROM footage_tag
        JOIN footage_asset ON footage_asset.footage_id = footage_tag.footage_id WHERE footage_tag.tag = :value
    """,
    "channel": """
        SELECT sighting.asset_id FROM post JOIN sighting ON sighting.post_id = post.post_id
        WHERE post.channel_id = CAST(:value AS INTEGER)
    """,
}
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Hold:
    """A footage, tag or channel of which no original is dropped."""

    hold_id: int
    kind: str
    value: str
    reason: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Appearance:
    """Where and when a file was seen, as far as a rule asks."""

    channel_id: int
    username: str
    side: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that was read and whose bytes are kept, with every appearance."""

    asset_id: int
    sha256: str
    size: int
    kind: MediaKind
    appearances: tuple[Appearance, ...]


async def set_hold(tx: Tx, kind: str, value: str, reason: str, at: datetime) -> int:
    """Keep every original of a footage, a tag or a channel from now on; how many there are now."""
    row = await tx.one(
        "INSERT INTO legal_hold (kind, value, reason, set_at) VALUES (:k, :v, :r, :at) RETURNING hold_id",
        k=kind,
        v=value,
        r=reason,
        at=to_ms(at),
    )
    assert row is not None
    await tx.run(
        f"INSERT INTO legal_hold_asset (hold_id, asset_id) SELECT DISTINCT :id, asset_id FROM ({_UNDER[kind]})",
        id=row["hold_id"],
        value=value,
    )
    return await _count(tx, row["hold_id"])


async def lift_hold(tx: Tx, kind: str, value: str, reason: str, at: datetime) -> int:
    """End the holds of a footage, a tag or a channel; how many there were."""
    return await tx.run(
        """
        UPDATE legal_hold SET lifted_at = :at, lifted_because = :reason
        WHERE kind = :kind AND value = :value AND lifted_at IS NULL
        """,
        at=to_ms(at),
        reason=reason,
        kind=kind,
        value=value,
    )


async def holds(reader: Reader) -> tuple[Hold, ...]:
    """Every hold in force, the oldest first."""
    rows = await reader.all("SELECT * FROM legal_hold WHERE lifted_at IS NULL ORDER BY hold_id")
    return tuple(Hold(row["hold_id"], row["kind"], row["value"], row["reason"], from_ms(row["set_at"])) for row in rows)


async def under_hold(reader: Reader) -> frozenset[int]:
    """Every asset that a hold keeps: what was under it when it was set, and what came since."""
    rows = list(
        await reader.all(
            """
            SELECT asset_id FROM legal_hold_asset
            JOIN legal_hold ON legal_hold.hold_id = legal_hold_asset.hold_id AND legal_hold.lifted_at IS NULL
            """
        )
    )
    for hold in await holds(reader):
        rows += await reader.all(_UNDER[hold.kind], value=hold.value)
    return frozenset(row["asset_id"] for row in rows)


async def held_files(reader: Reader, after: int) -> tuple[HeldFile, ...]:
    """The next files behind asset ``after`` that were read and whose bytes are kept."""
    rows = await reader.all(
        """
        SELECT asset.asset_id, asset.sha256, asset.size, asset.kind, channel.channel_id, channel.username,
            channel.side, sighting.recorded_at
        FROM (SELECT * FROM asset WHERE asset_id > :after AND verdict <> ''
                AND asset_id NOT IN (SELECT asset_id FROM dropped_file) ORDER BY asset_id LIMIT :n) AS asset
        JOIN sighting ON sighting.asset_id = asset.asset_id
        JOIN post ON post.post_id = sighting.post_id
        JOIN channel ON channel.channel_id = post.channel_id
        ORDER BY asset.asset_id
        """,
        after=after,
        n=_PAGE,
    )
    files: dict[int, HeldFile] = {}
    for row in rows:
        seen = Appearance(row["channel_id"], row["username"] or "", row["side"], from_ms(row["recorded_at"]))
        known = files.get(row["asset_id"])
        appearances = (*known.appearances, seen) if known else (seen,)
        kind = MediaKind(row["kind"])
        files[row["asset_id"]] = HeldFile(row["asset_id"], row["sha256"], row["size"], kind, appearances)
    return tuple(files.values())


async def drop(tx: Tx, file: HeldFile, reason: str, at: datetime) -> None:
    """Write down that an original goes: its row, its fingerprints and its posts stay."""
    await tx.run(
        "INSERT INTO dropped_file (asset_id, reason, dropped_at) VALUES (:id, :reason, :at)",
        id=file.asset_id,
        reason=reason,
        at=to_ms(at),
    )
    detail: dict[str, str | float | None] = {"sha256": file.sha256, "size": file.size, "reason": reason}
    await custody.record(tx, "asset.dropped", f"asset/{file.asset_id}", PIPELINE, at, **detail)


async def dropped(reader: Reader) -> dict[str, datetime]:
    """When each original that is not kept any more was dropped, by its hash."""
    rows = await reader.all(
        """
        SELECT asset.sha256, dropped_file.dropped_at FROM dropped_file
        JOIN asset ON asset.asset_id = dropped_file.asset_id
        """
    )
    return {row["sha256"]: from_ms(row["dropped_at"]) for row in rows}


async def bytes_gone(reader: Reader, asset_ids: Collection[int]) -> frozenset[int]:
    """Those of these assets whose bytes were dropped."""
    numbers = ", ".join(map(str, asset_ids))
    rows = await reader.all(f"SELECT asset_id FROM dropped_file WHERE asset_id IN ({numbers})")
    return frozenset(row["asset_id"] for row in rows)


async def why_dropped(reader: Reader, hashes: Collection[str]) -> Mapping[str, str]:
    """Of these files those that were dropped, each with the day and the rule."""
    rows: Sequence[Mapping[str, object]] = await reader.all(
        """
        SELECT asset.sha256, dropped_file.reason, dropped_file.dropped_at FROM dropped_file
        JOIN asset ON asset.asset_id = dropped_file.asset_id
        """
    )
    return {
        str(row["sha256"]): f"dropped on {from_ms(int(str(row['dropped_at']))):%Y-%m-%d}: {row['reason']}"
        for row in rows
        if row["sha256"] in hashes
    }


async def _count(reader: Reader, hold_id: int) -> int:
    row = await reader.one("SELECT COUNT(*) AS n FROM legal_hold_asset WHERE hold_id = :id", id=hold_id)
    return int(row["n"]) if row else 0
