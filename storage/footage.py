"""Matches, reviews, footage with its assets, and the findings about sightings."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.clock import from_ms, to_ms
from core.model import Actor, Asset, Channel, Finding, FindingKind, Footage, Forward, Sighting
from storage import custody
from storage.assets import asset_of, sighting_of
from storage.database import Reader, Row, Tx
from storage.posts import forward_of

_MOVED_WITH_FOOTAGE = (
    "tag_event",
    "verdict_event",
    "note",
    "claim_event",
    "location",
    "finding",
    "relabel",
    "furniture_event",
)


@dataclass(frozen=True, slots=True)
class StoredMatch:
    """A measured likeness, told from the side of ``asset_id``; ``evidence`` is the matcher's own JSON."""

    match_id: int
    asset_id: int
    other_id: int
    relation: str
    certain: bool
    strength: float
    evidence: str


@dataclass(frozen=True, slots=True)
class FootageSighting:
    """One appearance of a footage with everything a card says about it; ``belongs`` is false for part links."""

    sighting: Sighting
    channel: Channel
    asset: Asset
    belongs: bool
    text: str
    forward: Forward | None
    deleted_at: datetime | None
    edited: bool
    album_id: int | None


async def record_match(
    tx: Tx,
    asset_id: int,
    other_id: int,
    relation: str,
    certain: bool,
    strength: float,
    evidence: str,
    at: datetime,
) -> int:
    """Keep what matching measured between two assets; measuring again replaces it. The match's row."""
    row = await tx.one(
        """
        INSERT INTO match (asset_id, other_id, relation, certain, strength, evidence, matched_at)
        VALUES (:asset, :other, :relation, :certain, :strength, :evidence, :at)
        ON CONFLICT (asset_id, other_id) DO UPDATE SET relation = excluded.relation, certain = excluded.certain,
            strength = excluded.strength, evidence = excluded.evidence, matched_at = excluded.matched_at
        RETURNING match_id
        """,
        asset=asset_id,
        other=other_id,
        relation=relation,
        certain=int(certain),
        strength=strength,
        evidence=evidence,
        at=to_ms(at),
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    return int(row["match_id"])


async def matches_of(reader: Reader, asset_id: int) -> tuple[StoredMatch, ...]:
    """Every match of an asset, measured from either side, oldest first."""
    rows = await reader.all("SELECT * FROM match WHERE asset_id = :id OR other_id = :id ORDER BY match_id", id=asset_id)
    return tuple(_match(row) for row in rows)


async def matches_among(reader: Reader, asset_ids: Collection[int]) -> tuple[StoredMatch, ...]:
    """The matches of some assets with each other, oldest first."""
    numbers = ", ".join(map(str, asset_ids))
    rows = await reader.all(
        f"SELECT * FROM match WHERE asset_id IN ({numbers}) AND other_id IN ({numbers}) ORDER BY match_id"
    )
    return tuple(_match(row) for row in rows)


async def match(reader: Reader, match_id: int) -> StoredMatch | None:
    """A match by its row."""
    row = await reader.one("SELECT * FROM match WHERE match_id = :id", id=match_id)
    return _match(row) if row else None


async def review(tx: Tx, asset_id: int, other_id: int, same: bool, member: Actor, at: datetime) -> None:
    """Remember a member's yes or no to a match; the newest one counts. Saying the same at once again is one act."""
    newest = await tx.one(
        "SELECT same, user_id, given_at FROM review WHERE asset_id = :asset AND other_id = :other "
        "ORDER BY review_id DESC LIMIT 1",
        asset=asset_id,
        other=other_id,
    )
    if newest and (newest["same"], newest["user_id"], newest["given_at"]) == (int(same), member.user_id, to_ms(at)):
        return
    await tx.run(
        """
        INSERT INTO review (asset_id, other_id, same, member, user_id, given_at)
        VALUES (:asset, :other, :same, :member, :user_id, :at)
        """,
        asset=asset_id,
        other=other_id,
        same=int(same),
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
    )
    subject = f"asset/{asset_id}"
    await custody.record(tx, "match.reviewed", subject, member, at, other=other_id, same=same)


async def rejected(reader: Reader, asset_id: int) -> frozenset[int]:
    """The assets that members say are not the same recording as this one."""
    return frozenset(other for other, same in (await _said_of(reader, asset_id)).items() if not same)


async def accepted(reader: Reader, asset_id: int) -> frozenset[int]:
    """The assets that members say are the same recording as this one."""
    return frozenset(other for other, same in (await _said_of(reader, asset_id)).items() if same)


async def _said_of(reader: Reader, asset_id: int) -> dict[int, bool]:
    rows = await reader.all(
        """
        SELECT CASE WHEN asset_id = :id THEN other_id ELSE asset_id END AS other, same FROM review
        WHERE asset_id = :id OR other_id = :id ORDER BY review_id
        """,
        id=asset_id,
    )
    return {row["other"]: bool(row["same"]) for row in rows}


async def told_apart(reader: Reader, footage_id: int) -> frozenset[int]:
    """The footages that members say are not this one: of what was said of any two copies the newest counts.

    Taking a link apart says so too.
    """
    said = await _said_of_footage(
        reader, "SELECT asset_id FROM footage_asset WHERE footage_id = :id AND belongs = 1", footage_id
    )
    parted = await reader.all(
        """
        SELECT CASE WHEN one = :id THEN other ELSE one END AS other, at FROM (
            SELECT COALESCE(kept.merged_into, kept.footage_id) AS one, COALESCE(gone.merged_into, gone.footage_id)
                AS other, parted_at AS at FROM link_event
            JOIN footage AS kept ON kept.footage_id = link_event.kept
            JOIN footage AS gone ON gone.footage_id = link_event.gone WHERE parted_at IS NOT NULL) AS link
        WHERE :id IN (one, other)
        """,
        id=footage_id,
    )
    apart = {(row["at"], row["other"]) for row in parted if row["at"] >= said.get(row["other"], (0, True))[0]}
    return frozenset({other for _, other in apart} | _different(said)) - {footage_id}


async def asset_apart(reader: Reader, asset_id: int) -> frozenset[int]:
    """The footages of which members say that an asset is not of them."""
    return _different(await _said_of_footage(reader, "SELECT CAST(:id AS INTEGER)", asset_id))


def _different(said: Mapping[int, tuple[int, bool]]) -> frozenset[int]:
    return frozenset(other for other, (_, same) in said.items() if not same)


async def _said_of_footage(reader: Reader, ours: str, number: int) -> dict[int, tuple[int, bool]]:
    """The newest word about our assets and those of every other footage: when, and whether they are the same."""
    rows = await reader.all(
        f"""
        SELECT home.footage_id AS other, said.at, said.same FROM (
            SELECT other_id AS asset_id, same, given_at AS at, review_id FROM review WHERE asset_id IN ({ours})
            UNION ALL SELECT asset_id, same, given_at, review_id FROM review WHERE other_id IN ({ours})) AS said
        JOIN footage_asset AS home ON home.asset_id = said.asset_id AND home.belongs = 1
        ORDER BY said.at, said.review_id
        """,
        id=number,
    )
    return {row["other"]: (row["at"], bool(row["same"])) for row in rows}


async def create(tx: Tx, at: datetime) -> int:
    """A new footage."""
    row = await tx.one("INSERT INTO footage (created_at) VALUES (:at) RETURNING footage_id", at=to_ms(at))
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    return int(row["footage_id"])


async def put(tx: Tx, footage_id: int, asset_id: int, *, belongs: bool) -> None:
    """Put an asset into a footage: its recording (moved there from wherever it was), or a part link."""
    if belongs:
        await tx.run("DELETE FROM footage_asset WHERE asset_id = :id AND belongs = 1", id=asset_id)
    await tx.run(
        """
        INSERT INTO footage_asset (footage_id, asset_id, belongs) VALUES (:footage, :asset, :belongs)
        ON CONFLICT (footage_id, asset_id) DO UPDATE SET belongs = MAX(footage_asset.belongs, excluded.belongs)
        """,
        footage=footage_id,
        asset=asset_id,
        belongs=int(belongs),
    )


async def take_out(tx: Tx, footage_id: int, asset_id: int) -> None:
    """Take an asset out of a footage."""
    await tx.run(
        "DELETE FROM footage_asset WHERE footage_id = :footage AND asset_id = :asset",
        footage=footage_id,
        asset=asset_id,
    )


async def home(reader: Reader, asset_id: int) -> int | None:
    """The footage that an asset belongs to."""
    row = await reader.one("SELECT footage_id FROM footage_asset WHERE asset_id = :id AND belongs = 1", id=asset_id)
    return int(row["footage_id"]) if row else None


async def shown_in_part(reader: Reader, asset_id: int) -> tuple[int, ...]:
    """The footages of which an asset shows a part without belonging to them."""
    rows = await reader.all(
        "SELECT footage_id FROM footage_asset WHERE asset_id = :id AND belongs = 0 ORDER BY footage_id", id=asset_id
    )
    return tuple(row["footage_id"] for row in rows)


async def merge(tx: Tx, kept: int, gone: int) -> None:
    """Two footages turn out to be one recording: all of ``gone`` moves to ``kept``, to which its number leads.

    Numbers that were merged before stand for what they became; merging what is one already changes nothing.
    """
    kept, gone = await _present(tx, kept), await _present(tx, gone)
    if kept == gone:
        return
    await tx.run(
        """
        INSERT INTO footage_asset (footage_id, asset_id, belongs)
        SELECT :kept, asset_id, 0 FROM footage_asset WHERE footage_id = :gone AND belongs = 0
        ON CONFLICT (footage_id, asset_id) DO NOTHING
        """,
        kept=kept,
        gone=gone,
    )
    await tx.run("DELETE FROM footage_asset WHERE footage_id = :gone AND belongs = 0", gone=gone)
    await tx.run(
        """
        DELETE FROM footage_asset WHERE footage_id = :kept AND belongs = 0
            AND asset_id IN (SELECT asset_id FROM footage_asset WHERE footage_id = :gone AND belongs = 1)
        """,
        kept=kept,
        gone=gone,
    )
    await tx.run("UPDATE footage_asset SET footage_id = :kept WHERE footage_id = :gone", kept=kept, gone=gone)
    for table in _MOVED_WITH_FOOTAGE:
        await tx.run(f"UPDATE {table} SET footage_id = :kept WHERE footage_id = :gone", kept=kept, gone=gone)
    await tx.run(
        """
        INSERT INTO footage_tag (footage_id, tag) SELECT :kept, tag FROM footage_tag WHERE footage_id = :gone
        ON CONFLICT (footage_id, tag) DO NOTHING
        """,
        kept=kept,
        gone=gone,
    )
    await tx.run("DELETE FROM footage_tag WHERE footage_id = :gone", gone=gone)
    await tx.run(
        """
        UPDATE attention SET meant = :kept WHERE subject = 'footage' AND meant = :gone
            AND chat_id NOT IN (SELECT chat_id FROM attention WHERE subject = 'footage' AND meant = :kept)
        """,
        kept=str(kept),
        gone=str(gone),
    )
    await tx.run(
        "UPDATE footage SET merged_into = :kept WHERE footage_id = :gone OR merged_into = :gone", kept=kept, gone=gone
    )


async def footage(reader: Reader, footage_id: int) -> Footage | None:
    """A footage by its number; a merged one leads to the one that it became."""
    row = await reader.one(
        """
        SELECT now.* FROM footage AS asked JOIN footage AS now
            ON now.footage_id = COALESCE(asked.merged_into, asked.footage_id)
        WHERE asked.footage_id = :id
        """,
        id=footage_id,
    )
    return Footage(row["footage_id"], from_ms(row["created_at"]), None, bool(row["furniture"])) if row else None


async def absorbed(reader: Reader, footage_id: int) -> tuple[int, ...]:
    """The numbers of footages that turned out to be this one."""
    rows = await reader.all("SELECT footage_id FROM footage WHERE merged_into = :id ORDER BY footage_id", id=footage_id)
    return tuple(row["footage_id"] for row in rows)


async def all_ids(reader: Reader) -> tuple[int, ...]:
    """Every footage that was not merged into another."""
    rows = await reader.all("SELECT footage_id FROM footage WHERE merged_into IS NULL ORDER BY footage_id")
    return tuple(row["footage_id"] for row in rows)


async def members(reader: Reader, footage_id: int) -> tuple[tuple[int, bool], ...]:
    """The assets of a footage, and whether each belongs to it or is a part link."""
    rows = await reader.all(
        "SELECT asset_id, belongs FROM footage_asset WHERE footage_id = :id ORDER BY asset_id", id=footage_id
    )
    return tuple((row["asset_id"], bool(row["belongs"])) for row in rows)


async def sightings(reader: Reader, footage_id: int) -> tuple[FootageSighting, ...]:
    """Every appearance of a footage, in order of posting; part links included."""
    rows = await reader.all(
        """
        SELECT asset.*, footage_asset.belongs, sighting.sighting_id, post.channel_id, post.message_id, post.posted_at,
            post.captured_at, post.capture, post.text, post.deleted_at, post.version, post.album_id,
            post.forward_channel, post.forward_message, post.forward_posted_at, post.forward_name, media_ref.role,
            channel.title, channel.username, channel.side, channel.language, channel.protected
        FROM footage_asset
        JOIN asset ON asset.asset_id = footage_asset.asset_id
        JOIN sighting ON sighting.asset_id = asset.asset_id
        JOIN media_ref ON media_ref.ref_id = sighting.ref_id
        JOIN post ON post.post_id = sighting.post_id
        JOIN channel ON channel.channel_id = post.channel_id
        WHERE footage_asset.footage_id = :id
        ORDER BY post.posted_at, post.channel_id, post.message_id, sighting.sighting_id
        """,
        id=footage_id,
    )
    return tuple(_footage_sighting(row) for row in rows)


async def first_post(reader: Reader, footage_id: int) -> tuple[int, datetime] | None:
    """The channel and the time of the earliest post that shows a recording itself."""
    row = await reader.one(
        """
        SELECT post.channel_id, post.posted_at FROM footage_asset
        JOIN sighting ON sighting.asset_id = footage_asset.asset_id
        JOIN post ON post.post_id = sighting.post_id
        WHERE footage_asset.footage_id = :id AND footage_asset.belongs = 1
        ORDER BY post.posted_at, post.channel_id, post.message_id LIMIT 1
        """,
        id=footage_id,
    )
    return (row["channel_id"], from_ms(row["posted_at"])) if row else None


async def record_finding(tx: Tx, finding: Finding, at: datetime) -> bool:
    """Keep what is concluded about a sighting; true when that is new or has changed."""
    known = await tx.one("SELECT * FROM finding WHERE sighting_id = :id", id=finding.sighting_id)
    if known is not None and _finding(known) == finding:
        return False
    await tx.run(
        """
        INSERT INTO finding (sighting_id, kind, footage_id, relation, strength, match_id, parts, made_at, changed_at)
        VALUES (:sighting, :kind, :footage, :relation, :strength, :match, :parts, :at, :at)
        ON CONFLICT (sighting_id) DO UPDATE SET kind = excluded.kind, footage_id = excluded.footage_id,
            relation = excluded.relation, strength = excluded.strength, match_id = excluded.match_id,
            parts = excluded.parts, changed_at = excluded.changed_at
        """,
        sighting=finding.sighting_id,
        kind=str(finding.kind),
        footage=finding.footage_id,
        relation=finding.relation,
        strength=finding.strength,
        match=finding.match_id,
        parts=" ".join(map(str, finding.parts)),
        at=to_ms(at),
    )
    return True


async def finding(reader: Reader, sighting_id: int) -> Finding | None:
    """What is concluded about a sighting."""
    row = await reader.one("SELECT * FROM finding WHERE sighting_id = :id", id=sighting_id)
    return _finding(row) if row else None


async def findings(reader: Reader, footage_id: int) -> tuple[Finding, ...]:
    """What is concluded about the sightings that lead to a footage."""
    rows = await reader.all("SELECT * FROM finding WHERE footage_id = :id ORDER BY sighting_id", id=footage_id)
    return tuple(_finding(row) for row in rows)


async def _present(reader: Reader, footage_id: int) -> int:
    found = await footage(reader, footage_id)
    if found is None:
        raise LookupError(f"footage {footage_id} is not there")
    return found.footage_id


def _match(row: Row) -> StoredMatch:
    return StoredMatch(
        row["match_id"],
        row["asset_id"],
        row["other_id"],
        row["relation"],
        bool(row["certain"]),
        row["strength"],
        row["evidence"],
    )


def _finding(row: Row) -> Finding:
    return Finding(
        row["sighting_id"],
        FindingKind(row["kind"]),
        row["footage_id"],
        row["relation"],
        row["strength"],
        row["match_id"],
        tuple(int(part) for part in row["parts"].split()),
    )


def _footage_sighting(row: Row) -> FootageSighting:
    channel = Channel(
        row["channel_id"], row["title"], row["username"], row["side"], row["language"], bool(row["protected"])
    )
    return FootageSighting(
        sighting_of(row),
        channel,
        asset_of(row),
        bool(row["belongs"]),
        row["text"],
        forward_of(row),
        from_ms(row["deleted_at"]) if row["deleted_at"] is not None else None,
        row["version"] > 1,
        row["album_id"],
    )
