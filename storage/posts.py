"""Posts with their versions, media references and links; deletions are facts, nothing is overwritten unseen."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.clock import from_ms, to_ms
from core.ids import post_key
from core.model import COLLECTOR, Capture, Forward, Link, MediaKind, MediaRef, Post, Recorded, RefState
from storage import custody, forgetting, search
from storage.database import Reader, Row, Tx

_REF = """media_ref.ref_id, media_ref.post_id, media_ref.version, media_ref.role, media_ref.position, media_ref.kind,
    media_ref.file_id, media_ref.size, media_ref.mime, media_ref.name, media_ref.duration, media_ref.width,
    media_ref.height, media_ref.state, media_ref.reason, media_ref.asset_id"""

_INSERT_REF = """
    INSERT INTO media_ref (post_id, version, role, position, kind, file_id, size, mime, name, duration, width, height,
        state, reason)
    VALUES (:post_id, :version, :role, :position, :kind, :file_id, :size, :mime, :name, :duration, :width, :height,
        :state, :reason)
    ON CONFLICT (post_id, version, role, position) DO NOTHING
"""
_ADOPT_REF = (
    _INSERT_REF.replace("DO NOTHING", "DO UPDATE SET")
    + """
        file_id = excluded.file_id, size = excluded.size, mime = excluded.mime, name = excluded.name,
        duration = excluded.duration, width = excluded.width, height = excluded.height,
        state = CASE WHEN media_ref.state = 'held' THEN 'held' ELSE excluded.state END,
        reason = CASE WHEN media_ref.state = 'held' THEN '' ELSE excluded.reason END
"""
)
PREVIEW_ROLE = "preview"  # of a file as public pages show it: smaller than the one that Telegram keeps
_APART = frozenset({"link", PREVIEW_ROLE})  # files that came on another way: Telegram's message does not name them


@dataclass(frozen=True, slots=True)
class StoredPost:
    """A post as it stands now, with what we know about having it."""

    post_id: int
    post: Post
    captured_at: datetime
    capture: Capture
    deleted_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class StoredRef:
    """A media reference with its place and its file, when held."""

    ref_id: int
    post_id: int
    channel_id: int
    message_id: int
    ref: MediaRef
    asset_id: int | None


@dataclass(frozen=True, slots=True)
class PostVersion:
    """An earlier wording of a post."""

    version: int
    recorded_at: datetime
    edited_at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Wording:
    """A post at one time, with the bytes that it came in; ``raw_layer`` is the TL layer of them, 0 for JSON."""

    version: int
    edited_at: datetime | None
    text: str
    raw: bytes
    raw_layer: int


async def record(tx: Tx, post: Post, capture: Capture, account: str, at: datetime) -> tuple[Recorded, int]:
    """Store a captured post once; changed words or files become a version. What happened, and the post's row."""
    stored = await _row(tx, post.channel_id, post.message_id)
    if stored is None:
        return Recorded.NEW, await _insert(tx, post, capture, account, at)
    if await forgetting.is_forgotten(tx, stored["post_id"]) or not await _differs(tx, stored, post):
        return Recorded.KNOWN, stored["post_id"]
    await _amend(tx, stored, post, at)
    return Recorded.EDITED, stored["post_id"]


async def adopt(tx: Tx, post: Post, at: datetime) -> bool:
    """Join a post that an export brought with Telegram's own copy of it; false when there is no such post.

    The copy adds its bytes, album, origin and file ids; files that the export lacked are wanted again.
    """
    stored = await _row(tx, post.channel_id, post.message_id) if post.raw_layer else None
    if stored is None or stored["raw_layer"] or await forgetting.is_forgotten(tx, stored["post_id"]):
        return False
    forward = post.forward
    await tx.run(
        """
        UPDATE post SET raw = :raw, raw_layer = :layer, album_id = :album, reply_to = :reply_to,
            forward_channel = :f_channel, forward_message = :f_message, forward_posted_at = :f_posted_at,
            forward_name = COALESCE(:f_name, forward_name)
        WHERE post_id = :id
        """,
        id=stored["post_id"],
        raw=post.raw,
        layer=post.raw_layer,
        album=post.album_id,
        reply_to=post.reply_to,
        f_channel=forward.channel_id if forward else None,
        f_message=forward.message_id if forward else None,
        f_posted_at=_ms(forward.posted_at) if forward else None,
        f_name=forward.name if forward else None,
    )
    rows = [_ref_row(stored["post_id"], stored["version"], ref) for ref in post.media]
    await tx.many(_ADOPT_REF, rows)
    key = post_key(post.channel_id, post.message_id)
    detail = {"raw_layer": post.raw_layer, "version": stored["version"], "raw": _digests(post)["raw"]}
    await custody.record(tx, "post.adopted", f"post/{key}", COLLECTOR, at, **detail)
    return True


async def delete(tx: Tx, channel_id: int, message_ids: Iterable[int], at: datetime) -> tuple[int, ...]:
    """Note that posts are gone at Telegram; the rows of those that were there until now."""
    gone = []
    for message_id in message_ids:
        row = await tx.one(
            """
            UPDATE post SET deleted_at = :at
            WHERE channel_id = :channel AND message_id = :message AND deleted_at IS NULL RETURNING post_id
            """,
            at=to_ms(at),
            channel=channel_id,
            message=message_id,
        )
        if row:
            gone.append(int(row["post_id"]))
            await custody.record(tx, "post.deleted", f"post/{post_key(channel_id, message_id)}", COLLECTOR, at)
    return tuple(gone)


async def unread(tx: Tx, channel_id: int, message_id: int, at: datetime, reason: str, raw: bytes) -> None:
    """Keep what could not be converted as it was received."""
    await tx.run(
        """
        INSERT INTO unread_post (channel_id, message_id, captured_at, reason, raw)
        VALUES (:channel, :message, :at, :reason, :raw)
        ON CONFLICT (channel_id, message_id) DO UPDATE SET reason = excluded.reason, raw = excluded.raw
        """,
        channel=channel_id,
        message=message_id,
        at=to_ms(at),
        reason=reason,
        raw=raw,
    )


async def post(reader: Reader, channel_id: int, message_id: int) -> StoredPost | None:
    """A post by its key."""
    row = await _row(reader, channel_id, message_id)
    return await _stored(reader, row) if row else None


async def by_id(reader: Reader, post_id: int) -> StoredPost | None:
    """A post by its row."""
    row = await reader.one("SELECT * FROM post WHERE post_id = :id", id=post_id)
    return await _stored(reader, row) if row else None


async def album(reader: Reader, channel_id: int, album_id: int) -> tuple[StoredPost, ...]:
    """Every post of an album that we hold, in order."""
    rows = await reader.all(
        "SELECT * FROM post WHERE channel_id = :channel AND album_id = :album ORDER BY message_id",
        channel=channel_id,
        album=album_id,
    )
    return tuple([await _stored(reader, row) for row in rows])


async def versions(reader: Reader, post_id: int) -> tuple[PostVersion, ...]:
    """Earlier wordings, oldest first; the present one is in the post itself."""
    rows = await reader.all(
        "SELECT version, recorded_at, edited_at, text FROM post_version WHERE post_id = :id ORDER BY version",
        id=post_id,
    )
    return tuple(
        PostVersion(row["version"], from_ms(row["recorded_at"]), _moment(row["edited_at"]), row["text"]) for row in rows
    )


async def wordings(reader: Reader, post_id: int) -> tuple[Wording, ...]:
    """Every wording of a post as it was received, oldest first, the present one last."""
    rows = await reader.all(
        """
        SELECT version, edited_at, text, raw, raw_layer FROM post_version WHERE post_id = :id
        UNION ALL SELECT version, edited_at, text, raw, raw_layer FROM post WHERE post_id = :id ORDER BY version
        """,
        id=post_id,
    )
    return tuple(
        Wording(row["version"], _moment(row["edited_at"]), row["text"], row["raw"], row["raw_layer"]) for row in rows
    )


async def known_ids(reader: Reader, channel_id: int, low: int, high: int) -> set[int]:
    """The message ids held of a channel between ``low`` and ``high``, both included, deleted ones left out."""
    rows = await reader.all(
        """
        SELECT message_id FROM post
        WHERE channel_id = :channel AND message_id BETWEEN :low AND :high AND deleted_at IS NULL
        """,
        channel=channel_id,
        low=low,
        high=high,
    )
    return {row["message_id"] for row in rows}


async def recorded(reader: Reader, channel_id: int, low: int, high: int) -> dict[int, int]:
    """The message ids ever recorded between ``low`` and ``high``, deleted ones too, with the layer of their bytes."""
    rows = await reader.all(
        "SELECT message_id, raw_layer FROM post WHERE channel_id = :channel AND message_id BETWEEN :low AND :high",
        channel=channel_id,
        low=low,
        high=high,
    )
    return {row["message_id"]: row["raw_layer"] for row in rows}


async def top_id(reader: Reader, channel_id: int) -> int:
    """The highest message id held of a channel; 0 when there is none."""
    row = await reader.one("SELECT MAX(message_id) AS top FROM post WHERE channel_id = :channel", channel=channel_id)
    return int(row["top"]) if row and row["top"] is not None else 0


async def counts(reader: Reader, channel_id: int | None = None) -> dict[str, int]:
    """Posts, edited and deleted ones, files by state, and posts that were not understood."""
    row = await reader.one(
        """
        SELECT COUNT(*) AS posts, COUNT(deleted_at) AS deleted, COUNT(*) FILTER (WHERE version > 1) AS edited
        FROM post WHERE :channel IS NULL OR channel_id = :channel
        """,
        channel=channel_id,
    )
    found = dict(row) if row else {}
    for state in await reader.all(
        """
        SELECT media_ref.state, COUNT(*) AS n FROM media_ref JOIN post ON post.post_id = media_ref.post_id
        WHERE :channel IS NULL OR post.channel_id = :channel GROUP BY media_ref.state ORDER BY media_ref.state
        """,
        channel=channel_id,
    ):
        found[f"files_{state['state']}"] = state["n"]
    unread_row = await reader.one(
        "SELECT COUNT(*) AS n FROM unread_post WHERE :channel IS NULL OR channel_id = :channel", channel=channel_id
    )
    return {**found, "unread": unread_row["n"] if unread_row else 0}


async def wanted(reader: Reader, post_id: int) -> tuple[tuple[int, MediaRef], ...]:
    """The files of a post that are still to be fetched."""
    return tuple((one.ref_id, one.ref) for one in await refs(reader, post_id) if one.ref.state is RefState.WANTED)


async def ref(reader: Reader, ref_id: int) -> StoredRef | None:
    """A media reference by its row."""
    row = await reader.one(
        f"""
        SELECT {_REF}, post.channel_id, post.message_id FROM media_ref JOIN post ON post.post_id = media_ref.post_id
        WHERE ref_id = :id
        """,
        id=ref_id,
    )
    return _ref(row) if row else None


async def refs(reader: Reader, post_id: int) -> tuple[StoredRef, ...]:
    """The media references of a post as it stands now."""
    rows = await reader.all(
        f"""
        SELECT {_REF}, post.channel_id, post.message_id FROM media_ref
        JOIN post ON post.post_id = media_ref.post_id AND post.version = media_ref.version
        WHERE media_ref.post_id = :id ORDER BY media_ref.role, media_ref.position
        """,
        id=post_id,
    )
    return tuple(_ref(row) for row in rows)


async def set_ref_state(tx: Tx, ref_id: int, state: RefState, reason: str) -> None:
    """Say what became of a file that is not held."""
    await tx.run(
        "UPDATE media_ref SET state = :state, reason = :reason WHERE ref_id = :id AND state <> 'held'",
        id=ref_id,
        state=str(state),
        reason=reason,
    )


async def add_ref(tx: Tx, post_id: int, ref: MediaRef) -> int:
    """Add a file that was found through a post later, by following its link; the reference's row."""
    row = await tx.one("SELECT version FROM post WHERE post_id = :id", id=post_id)
    if row is None:
        raise LookupError(f"post {post_id} is not there")
    await tx.many(_INSERT_REF, [_ref_row(post_id, row["version"], ref)])
    added = await tx.one(
        "SELECT ref_id FROM media_ref WHERE post_id = :id AND version = :version AND role = :role AND position = :at",
        id=post_id,
        version=row["version"],
        role=ref.role,
        at=ref.position,
    )
    return int(added["ref_id"]) if added else 0


async def part_names(reader: Reader) -> frozenset[str]:
    """The parts in the vault that a wanted file will resume."""
    rows = await reader.all("SELECT ref_id, file_id FROM media_ref WHERE state = 'wanted'")
    return frozenset(part_name(row["ref_id"], row["file_id"]) for row in rows)


def part_name(ref_id: int, file_id: int | None) -> str:
    """The vault's name of a file on its way in."""
    return f"file{file_id}".replace("-", "n") if file_id is not None else f"ref{ref_id}"


async def _row(reader: Reader, channel_id: int, message_id: int) -> Row | None:
    return await reader.one(
        "SELECT * FROM post WHERE channel_id = :channel AND message_id = :message",
        channel=channel_id,
        message=message_id,
    )


async def _insert(tx: Tx, post: Post, capture: Capture, account: str, at: datetime) -> int:
    forward = post.forward
    row = await tx.one(
        """
        INSERT INTO post (channel_id, message_id, posted_at, captured_at, capture, account, text, album_id, edited_at,
            reply_to, forward_channel, forward_message, forward_posted_at, forward_name, service, raw, raw_layer)
        VALUES (:channel, :message, :posted_at, :at, :capture, :account, :text, :album, :edited_at, :reply_to,
            :f_channel, :f_message, :f_posted_at, :f_name, :service, :raw, :raw_layer)
        RETURNING post_id
        """,
        channel=post.channel_id,
        message=post.message_id,
        posted_at=to_ms(post.posted_at),
        at=to_ms(at),
        capture=str(capture),
        account=account,
        text=post.text,
        album=post.album_id,
        edited_at=_ms(post.edited_at),
        reply_to=post.reply_to,
        f_channel=forward.channel_id if forward else None,
        f_message=forward.message_id if forward else None,
        f_posted_at=_ms(forward.posted_at) if forward else None,
        f_name=forward.name if forward else None,
        service=post.service,
        raw=post.raw,
        raw_layer=post.raw_layer,
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    post_id = int(row["post_id"])
    await _insert_media(tx, post_id, 1, post)
    key = post_key(post.channel_id, post.message_id)
    subject, digests = f"post/{key}", _digests(post)
    await custody.record(tx, "post.recorded", subject, COLLECTOR, at, capture=str(capture), account=account, **digests)
    return post_id


async def _insert_media(tx: Tx, post_id: int, version: int, post: Post) -> None:
    await tx.many(_INSERT_REF, (_ref_row(post_id, version, ref) for ref in post.media))
    await tx.run("DELETE FROM link WHERE post_id = :id", id=post_id)
    rows = [{"post_id": post_id, "position": n, "url": one.url} for n, one in enumerate(post.links)]
    await tx.many("INSERT INTO link (post_id, position, url) VALUES (:post_id, :position, :url)", rows)
    await search.index_post(tx, post_id, post.text)


async def _differs(tx: Tx, stored: Row, post: Post) -> bool:
    """Whether words or files really changed, and the copy at hand is not an older one."""
    edited = _ms(post.edited_at)
    if stored["edited_at"] is not None and (edited is None or edited < stored["edited_at"]):
        return False
    if stored["text"] != post.text:
        return True
    apart = _APART if post.raw_layer else _APART - {PREVIEW_ROLE}
    known = [one.ref for one in await refs(tx, stored["post_id"]) if one.ref.role not in apart]
    held = [(ref.role, ref.position, ref.file_id) for ref in known]
    return sorted(held, key=str) != sorted(((r.role, r.position, r.file_id) for r in post.media), key=str)


async def _amend(tx: Tx, stored: Row, post: Post, at: datetime) -> None:
    version = stored["version"] + 1
    await tx.run(
        """
        INSERT INTO post_version (post_id, version, recorded_at, edited_at, text, raw, raw_layer)
        SELECT post_id, version, :at, edited_at, text, raw, raw_layer FROM post WHERE post_id = :id
        """,
        id=stored["post_id"],
        at=to_ms(at),
    )
    await tx.run(
        """
        UPDATE post SET text = :text, edited_at = :edited_at, version = :version, raw = :raw, raw_layer = :raw_layer
        WHERE post_id = :id
        """,
        id=stored["post_id"],
        text=post.text,
        edited_at=_ms(post.edited_at),
        version=version,
        raw=post.raw,
        raw_layer=post.raw_layer,
    )
    await _keep_refs(tx, stored["post_id"], version, post.media)
    await _insert_media(tx, stored["post_id"], version, post)
    key = post_key(post.channel_id, post.message_id)
    await custody.record(tx, "post.edited", f"post/{key}", COLLECTOR, at, version=version, **_digests(post))


async def _keep_refs(tx: Tx, post_id: int, version: int, media: Iterable[MediaRef]) -> None:
    """Files that an edit left in place go along to the new version as they are: held, wanted or lost, once each."""
    await tx.many(
        """
        UPDATE media_ref SET version = :version
        WHERE post_id = :post_id AND version = :version - 1 AND role = :role AND position = :position
            AND file_id IS NOT DISTINCT FROM :file_id AND name = :name
        """,
        [
            {
                "post_id": post_id,
                "version": version,
                "role": ref.role,
                "position": ref.position,
                "file_id": ref.file_id,
                "name": ref.name,
            }
            for ref in media
        ],
    )
    await tx.many(
        "UPDATE media_ref SET version = :version WHERE post_id = :post_id AND role = :role",
        [{"post_id": post_id, "version": version, "role": role} for role in sorted(_APART)],
    )


async def _stored(reader: Reader, row: Row) -> StoredPost:
    media = tuple(one.ref for one in await refs(reader, row["post_id"]))
    links = await reader.all("SELECT url FROM link WHERE post_id = :id ORDER BY position", id=row["post_id"])
    post = Post(
        channel_id=row["channel_id"],
        message_id=row["message_id"],
        posted_at=from_ms(row["posted_at"]),
        text=row["text"],
        album_id=row["album_id"],
        edited_at=_moment(row["edited_at"]),
        reply_to=row["reply_to"],
        forward=forward_of(row),
        media=media,
        links=tuple(Link(link["url"]) for link in links),
        service=row["service"],
        raw=row["raw"],
        raw_layer=row["raw_layer"],
    )
    return StoredPost(
        row["post_id"],
        post,
        from_ms(row["captured_at"]),
        Capture(row["capture"]),
        _moment(row["deleted_at"]),
        row["version"],
    )


def forward_of(row: Row) -> Forward | None:
    """The forward header of a post's row."""
    if row["forward_channel"] is None and row["forward_name"] is None and row["forward_posted_at"] is None:
        return None
    return Forward(
        row["forward_channel"], row["forward_message"], _moment(row["forward_posted_at"]), row["forward_name"]
    )


def _ref(row: Row) -> StoredRef:
    media = MediaRef(
        role=row["role"],
        kind=MediaKind(row["kind"]),
        position=row["position"],
        file_id=row["file_id"],
        size=row["size"],
        mime=row["mime"],
        name=row["name"],
        duration=row["duration"],
        width=row["width"],
        height=row["height"],
        state=RefState(row["state"]),
        reason=row["reason"],
    )
    return StoredRef(row["ref_id"], row["post_id"], row["channel_id"], row["message_id"], media, row["asset_id"])


def _ref_row(post_id: int, version: int, ref: MediaRef) -> dict[str, object]:
    state = RefState.WANTED if ref.state is RefState.HELD else ref.state
    return {
        "post_id": post_id,
        "version": version,
        "role": ref.role,
        "position": ref.position,
        "kind": str(ref.kind),
        "file_id": ref.file_id,
        "size": ref.size,
        "mime": ref.mime,
        "name": ref.name,
        "duration": ref.duration,
        "width": ref.width,
        "height": ref.height,
        "state": str(state),
        "reason": ref.reason,
    }


def _digests(post: Post) -> dict[str, str]:
    """What the custody log keeps of a wording: the hash of the bytes as received, and of the words read from them."""
    return {"raw": hashlib.sha256(post.raw).hexdigest(), "words": hashlib.sha256(post.text.encode()).hexdigest()}


def _ms(moment: datetime | None) -> int | None:
    return to_ms(moment) if moment is not None else None


def _moment(stored: int | None) -> datetime | None:
    return from_ms(stored) if stored is not None else None
