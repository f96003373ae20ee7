"""Files by their bytes, Telegram's ids of them, and their sightings in posts."""

from dataclasses import dataclass
from datetime import datetime

from core.clock import from_ms, to_ms
from core.model import COLLECTOR, Asset, Capture, MediaKind, Sighting
from storage import custody, forgetting
from storage.database import Reader, Row, Tx

_SIGHTING = """
SELECT sighting.sighting_id, sighting.asset_id, post.channel_id, post.message_id, post.posted_at, post.captured_at,
    post.capture, media_ref.role
FROM sighting JOIN post ON post.post_id = sighting.post_id JOIN media_ref ON media_ref.ref_id = sighting.ref_id
"""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a "not seen here" rests on: files read, channels they came from, the earliest post."""

    assets: int
    channels: int
    since: datetime | None


async def record(tx: Tx, sha256: str, size: int, kind: MediaKind, at: datetime) -> int:
    """The asset with these bytes, made when it is new."""
    await tx.run(
        """
        INSERT INTO asset (sha256, size, kind, held_at) VALUES (:sha256, :size, :kind, :at)
        ON CONFLICT (sha256) DO NOTHING
        """,
        sha256=sha256,
        size=size,
        kind=str(kind),
        at=to_ms(at),
    )
    row = await tx.one("SELECT asset_id FROM asset WHERE sha256 = :sha256", sha256=sha256)
    if row is None:
        raise RuntimeError("an asset that was just written is not there")
    await forgetting.came_again(tx, row["asset_id"], at)
    return int(row["asset_id"])


async def by_file_id(reader: Reader, file_id: int) -> Asset | None:
    """The asset that Telegram knows by this document or photo id, if its bytes are held."""
    row = await reader.one(
        """
        SELECT asset.* FROM asset JOIN telegram_file ON telegram_file.asset_id = asset.asset_id
        WHERE telegram_file.file_id = :file_id
        """,
        file_id=file_id,
    )
    return asset_of(row) if row else None


async def remember_file(tx: Tx, file_id: int, asset_id: int) -> None:
    """Remember Telegram's id of an asset: equal in every channel and account."""
    await tx.run(
        """
        INSERT INTO telegram_file (file_id, asset_id) VALUES (:file_id, :asset_id)
        ON CONFLICT (file_id) DO NOTHING
        """,
        file_id=file_id,
        asset_id=asset_id,
    )


async def asset(reader: Reader, asset_id: int) -> Asset | None:
    """An asset by its row."""
    row = await reader.one("SELECT * FROM asset WHERE asset_id = :id", id=asset_id)
    return asset_of(row) if row else None


async def by_sha(reader: Reader, sha256: str) -> Asset | None:
    """An asset by its bytes."""
    row = await reader.one("SELECT * FROM asset WHERE sha256 = :sha256", sha256=sha256)
    return asset_of(row) if row else None


async def hold(tx: Tx, ref_id: int, asset_id: int, at: datetime) -> int:
    """Say that the file of a media reference is held: its sighting, made when it is new."""
    known = await tx.one("SELECT sighting_id FROM sighting WHERE ref_id = :id", id=ref_id)
    if known:
        return int(known["sighting_id"])
    await tx.run(
        "UPDATE media_ref SET state = 'held', reason = '', asset_id = :asset WHERE ref_id = :id",
        id=ref_id,
        asset=asset_id,
    )
    row = await tx.one(
        """
        INSERT INTO sighting (asset_id, post_id, ref_id, recorded_at)
        SELECT :asset, post_id, ref_id, :at FROM media_ref WHERE ref_id = :id RETURNING sighting_id, post_id
        """,
        asset=asset_id,
        id=ref_id,
        at=to_ms(at),
    )
    if row is None:
        raise RuntimeError(f"media reference {ref_id} is not there")
    sha = await tx.one("SELECT sha256 FROM asset WHERE asset_id = :id", id=asset_id)
    digest = sha["sha256"] if sha else ""
    await custody.record(tx, "asset.held", f"asset/{asset_id}", COLLECTOR, at, sha256=digest, post=row["post_id"])
    return int(row["sighting_id"])


async def set_reading(
    tx: Tx,
    asset_id: int,
    *,
    verdict: str,
    reason: str,
    layers: str,
    plain: bool,
    duration: float | None,
    width: int | None,
    height: int | None,
    phash: str,
) -> None:
    """What the decoder said of an asset, and which layers of isolation were in force."""
    await tx.run(
        """
        UPDATE asset SET verdict = :verdict, reason = :reason, layers = :layers, plain = :plain, duration = :duration,
            width = :width, height = :height, phash = :phash WHERE asset_id = :id
        """,
        id=asset_id,
        verdict=verdict,
        reason=reason,
        layers=layers,
        plain=int(plain),
        duration=duration,
        width=width,
        height=height,
        phash=phash,
    )


async def sighting(reader: Reader, sighting_id: int) -> Sighting | None:
    """A sighting by its row."""
    row = await reader.one(f"{_SIGHTING} WHERE sighting.sighting_id = :id", id=sighting_id)
    return sighting_of(row) if row else None


async def sightings_of(reader: Reader, asset_id: int) -> tuple[Sighting, ...]:
    """Every appearance of an asset, in order of posting."""
    rows = await reader.all(
        f"{_SIGHTING} WHERE sighting.asset_id = :id ORDER BY post.posted_at, post.channel_id, post.message_id",
        id=asset_id,
    )
    return tuple(sighting_of(row) for row in rows)


async def sightings_in(reader: Reader, post_id: int) -> tuple[Sighting, ...]:
    """Every file that a post shows."""
    rows = await reader.all(f"{_SIGHTING} WHERE sighting.post_id = :id ORDER BY sighting.sighting_id", id=post_id)
    return tuple(sighting_of(row) for row in rows)


async def sighting_of_ref(reader: Reader, ref_id: int) -> Sighting | None:
    """The sighting of a media reference, when its file is held."""
    row = await reader.one(f"{_SIGHTING} WHERE sighting.ref_id = :id", id=ref_id)
    return sighting_of(row) if row else None


async def coverage(reader: Reader) -> Coverage:
    """What a "not seen here" rests on."""
    row = await reader.one(
        """
        SELECT COUNT(DISTINCT sighting.asset_id) AS assets, COUNT(DISTINCT post.channel_id) AS channels,
            MIN(post.posted_at) AS since
        FROM sighting JOIN post ON post.post_id = sighting.post_id
        JOIN asset ON asset.asset_id = sighting.asset_id AND asset.verdict IN ('ok', 'partial')
        """
    )
    if row is None or row["since"] is None:
        return Coverage(0, 0, None)
    return Coverage(row["assets"], row["channels"], from_ms(row["since"]))


def sighting_of(row: Row) -> Sighting:
    """A sighting from a row that has its columns."""
    return Sighting(
        row["sighting_id"],
        row["asset_id"],
        row["channel_id"],
        row["message_id"],
        from_ms(row["posted_at"]),
        from_ms(row["captured_at"]),
        Capture(row["capture"]),
        row["role"],
    )


def asset_of(row: Row) -> Asset:
    """An asset from a row of its table."""
    return Asset(
        row["asset_id"],
        row["sha256"],
        row["size"],
        MediaKind(row["kind"]),
        row["verdict"],
        row["reason"],
        bool(row["plain"]),
        row["duration"],
        row["width"],
        row["height"],
        row["phash"],
    )
