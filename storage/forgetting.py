"""Forgetting on purpose: words, bytes as received, files and fingerprints go; rows stay as empty places.

The custody log keeps the hashes of what was there from before, and gets an entry for each post and file that says when
it went and why: so it shows that something was removed, and lets whoever still has it prove what that was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import to_ms
from core.ids import post_key
from core.model import SYSTEM
from storage import custody, retention
from storage.database import Reader, Tx

_AT_ONCE = 500
_NEW_POSTS = "post.post_id NOT IN (SELECT post_id FROM forgotten_post)"
_NEW_ASSETS = "asset_id NOT IN (SELECT asset_id FROM forgotten_asset WHERE came_again_at IS NULL)"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be forgotten: rows of posts, rows of assets."""

    posts: tuple[int, ...]
    assets: tuple[int, ...]


async def of_footage(reader: Reader, footage_id: int) -> Scope:
    """Every copy of a footage with every post that showed it, what was forgotten before left out."""
    found = await reader.all(
        f"SELECT asset_id FROM footage_asset WHERE footage_id = :id AND belongs = 1 AND {_NEW_ASSETS}", id=footage_id
    )
    posts = await reader.all(
        f"""
        SELECT DISTINCT post.post_id FROM footage_asset JOIN sighting ON sighting.asset_id = footage_asset.asset_id
        JOIN post ON post.post_id = sighting.post_id
        WHERE footage_asset.footage_id = :id AND footage_asset.belongs = 1 AND {_NEW_POSTS} ORDER BY post.post_id
        """,
        id=footage_id,
    )
    return Scope(tuple(row["post_id"] for row in posts), tuple(row["asset_id"] for row in found))


async def of_channel(reader: Reader, channel_id: int) -> Scope:
    """Every post of a channel, and the files that no other channel posted."""
    posts = await reader.all(
        f"SELECT post_id FROM post WHERE channel_id = :id AND {_NEW_POSTS} ORDER BY post_id", id=channel_id
    )
    found = await reader.all(
        f"""
        SELECT DISTINCT sighting.asset_id FROM sighting JOIN post ON post.post_id = sighting.post_id
        WHERE post.channel_id = :id AND sighting.{_NEW_ASSETS}
            AND NOT EXISTS (
                SELECT 1 FROM sighting AS other JOIN post AS elsewhere ON elsewhere.post_id = other.post_id
                WHERE other.asset_id = sighting.asset_id AND elsewhere.channel_id <> :id)
        """,
        id=channel_id,
    )
    return Scope(tuple(row["post_id"] for row in posts), tuple(row["asset_id"] for row in found))


async def on_hold(reader: Reader, scope: Scope) -> bool:
    """Whether a legal hold keeps a file of these, a file that these posts show, or the channel of one of these."""
    under = await retention.under_hold(reader)
    held_channels = {int(hold.value) for hold in await retention.holds(reader) if hold.kind == "channel"}
    if under & set(scope.assets):
        return True
    for start in range(0, len(scope.posts), _AT_ONCE):
        numbers = ", ".join(map(str, scope.posts[start : start + _AT_ONCE]))
        rows = await reader.all(
            f"""
            SELECT post.channel_id, sighting.asset_id FROM post
            LEFT JOIN sighting ON sighting.post_id = post.post_id WHERE post.post_id IN ({numbers})
            """
        )
        if any(row["channel_id"] in held_channels or row["asset_id"] in under for row in rows):
            return True
    return False


async def forget_posts(tx: Tx, post_ids: Sequence[int], reason: str, at: datetime) -> None:
    """Empty posts in all their versions; number, time and channel stay."""
    for post_id in post_ids:
        row = await tx.one("SELECT channel_id, message_id FROM post WHERE post_id = :id", id=post_id)
        if row is None:
            continue
        await tx.run("UPDATE post SET text = '', raw = x'', forward_name = NULL WHERE post_id = :id", id=post_id)
        await tx.run("UPDATE post_version SET text = '', raw = x'' WHERE post_id = :id", id=post_id)
        await tx.run("UPDATE media_ref SET name = '' WHERE post_id = :id", id=post_id)
        await tx.run(
            "UPDATE media_ref SET state = 'refused', reason = 'forgotten' WHERE post_id = :id AND state = 'wanted'",
            id=post_id,
        )
        await tx.run("DELETE FROM link WHERE post_id = :id", id=post_id)
        await tx.run("DELETE FROM post_words WHERE rowid = :id", id=post_id)
        await tx.run("INSERT INTO forgotten_post (post_id, forgotten_at) VALUES (:id, :at)", id=post_id, at=to_ms(at))
        subject = f"post/{post_key(row['channel_id'], row['message_id'])}"
        await custody.record(tx, "post.forgotten", subject, SYSTEM, at, reason=reason)


async def forget_asset(tx: Tx, asset_id: int, reason: str, at: datetime) -> str:
    """Give up a file and its fingerprints; its hash, by which the caller removes the bytes after the commit."""
    row = await tx.one(
        "UPDATE asset SET phash = '', reason = 'forgotten' WHERE asset_id = :id RETURNING sha256, size", id=asset_id
    )
    if row is None:
        raise RuntimeError(f"asset {asset_id} is not there")
    await tx.run("DELETE FROM fingerprint WHERE asset_id = :id", id=asset_id)
    await tx.run("DELETE FROM telegram_file WHERE asset_id = :id", id=asset_id)
    await tx.run("INSERT INTO forgotten_asset (asset_id, forgotten_at) VALUES (:id, :at)", id=asset_id, at=to_ms(at))
    await tx.run(
        """
        INSERT INTO dropped_file (asset_id, reason, dropped_at) VALUES (:id, :reason, :at)
        ON CONFLICT (asset_id) DO UPDATE SET reason = excluded.reason, dropped_at = excluded.dropped_at
        """,
        id=asset_id,
        reason=f"forgotten: {reason}",
        at=to_ms(at),
    )
    detail: dict[str, str | float | None] = {"sha256": row["sha256"], "size": row["size"], "reason": reason}
    await custody.record(tx, "asset.forgotten", f"asset/{asset_id}", SYSTEM, at, **detail)
    return str(row["sha256"])


async def is_forgotten(reader: Reader, post_id: int) -> bool:
    """Whether a post's contents were given up, so that they are not taken again."""
    return await reader.one("SELECT 1 AS yes FROM forgotten_post WHERE post_id = :id", id=post_id) is not None


async def forgotten_since(reader: Reader, turn: int) -> tuple[tuple[int, int], ...]:
    """Assets that were forgotten after this turn, each with its own turn."""
    rows = await reader.all("SELECT turn, asset_id FROM forgotten_asset WHERE turn > :turn ORDER BY turn", turn=turn)
    return tuple((row["turn"], row["asset_id"]) for row in rows)


async def came_again(tx: Tx, asset_id: int, at: datetime) -> None:
    """The same bytes were posted again: they are a file like any other, read anew."""
    await tx.run("DELETE FROM dropped_file WHERE asset_id = :id", id=asset_id)
    if await tx.run(
        "UPDATE forgotten_asset SET came_again_at = :at WHERE asset_id = :id AND came_again_at IS NULL",
        at=to_ms(at),
        id=asset_id,
    ):
        await tx.run("UPDATE asset SET verdict = '', reason = '' WHERE asset_id = :id", id=asset_id)
