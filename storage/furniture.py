"""Channel furniture: intros, jingles, logos, end cards, which recur under footage that has nothing else in common.

A member marks a whole footage; a stretch of seconds, shared by otherwise different files of one channel, is learned.
Neither makes a match. Both can be taken back, and what a member rejected is not learned again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.clock import from_ms, to_ms
from core.model import PIPELINE, Member
from storage import custody
from storage.database import Reader, Row, Tx
from storage.members import actor

EXEMPLARS = 6  # assets by which a piece of furniture is found in others


class Place(StrEnum):
    """Where in its files a piece of furniture stands."""

    OPENING = "opening"
    ENDING = "ending"
    WITHIN = "within"


@dataclass(frozen=True, slots=True)
class Mark:
    """Who says that a whole footage is furniture, since when."""

    member: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where furniture stands in a file, in seconds. ``picture`` is false when only the sound is alike."""

    furniture_id: int
    start: float
    seconds: float
    picture: bool = True
    rejected: bool = False

    @property
    def end(self) -> float:
        """The second at which it ends."""
        return self.start + self.seconds


@dataclass(frozen=True, slots=True)
class Learned:
    """A piece of furniture and what it was learned from: footages of one channel, posted on so many days."""

    furniture_id: int
    channel_id: int
    place: Place
    picture: bool
    learned_from: tuple[int, ...]
    days: int
    learned_at: datetime
    marked_by: str = ""  # the member who said so; empty: it was learned
    rejected: bool = False


async def mark(tx: Tx, footage_id: int, furniture: bool, member: Member, at: datetime) -> bool:
    """Say that a footage is furniture as a whole, or that it is not; false when that is so already."""
    if (await marked(tx, footage_id) is not None) == furniture:
        return False
    await tx.run(
        """
        INSERT INTO furniture_event (footage_id, furniture, member, user_id, at)
        VALUES (:footage, :furniture, :member, :user_id, :at)
        """,
        footage=footage_id,
        furniture=int(furniture),
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
    )
    await tx.run(
        "UPDATE footage SET furniture = :furniture WHERE footage_id = :id", id=footage_id, furniture=int(furniture)
    )
    action = "furniture.marked" if furniture else "furniture.unmarked"
    await custody.record(tx, action, f"footage/{footage_id}", actor(member), at, what="footage")
    return True


async def marked(reader: Reader, footage_id: int) -> Mark | None:
    """Who marked a footage as furniture; nothing when it is not."""
    row = await reader.one(
        """
        SELECT footage.furniture, event.member, event.at FROM footage
        JOIN furniture_event AS event ON event.footage_id = footage.footage_id
        WHERE footage.footage_id = :id ORDER BY event.at DESC, event.event_id DESC LIMIT 1
        """,
        id=footage_id,
    )
    return Mark(row["member"], from_ms(row["at"])) if row and row["furniture"] else None


async def learn(
    tx: Tx,
    channel_id: int,
    place: Place,
    picture: bool,
    learned_from: Sequence[int],
    days: int,
    at: datetime,
    member: Member | None = None,
) -> int:
    """A new piece of furniture of a channel, learned or as a member says; its row. ``put`` tells where it stands."""
    footages = " ".join(map(str, learned_from))
    row = await tx.one(
        """
        INSERT INTO furniture (channel_id, place, picture, learned_from, days, marked_by, learned_at)
        VALUES (:channel, :place, :picture, :learned_from, :days, :member, :at) RETURNING furniture_id
        """,
        channel=channel_id,
        place=str(place),
        picture=int(picture),
        learned_from=footages,
        days=days,
        member=member.name if member else "",
        at=to_ms(at),
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    subject, who = f"furniture/{row['furniture_id']}", actor(member) if member else PIPELINE
    await custody.record(tx, "furniture.learned", subject, who, at, channel=channel_id, footage=footages)
    return int(row["furniture_id"])


async def put(tx: Tx, furniture_id: int, asset_id: int, start: float, seconds: float, at: datetime) -> bool:
    """This piece of furniture stands in a file, at these seconds; false when it is known to stand there."""
    row = await tx.one(
        """
        INSERT INTO furniture_stretch (furniture_id, asset_id, start, seconds) VALUES (:id, :asset, :start, :seconds)
        ON CONFLICT (furniture_id, asset_id) DO NOTHING RETURNING asset_id
        """,
        id=furniture_id,
        asset=asset_id,
        start=start,
        seconds=seconds,
    )
    if row is None:
        return False
    subject = f"asset/{asset_id}"
    detail = {"furniture": furniture_id, "start": round(start, 2), "seconds": round(seconds, 2)}
    await custody.record(tx, "furniture.found", subject, PIPELINE, at, **detail)
    return True


async def stretches(reader: Reader, asset_id: int) -> Mapping[int, Sequence[Stretch]]:
    """The furniture in an asset and in all that it was matched with, by asset; rejected ones included."""
    rows = await reader.all(
        """
        SELECT stretch.*, furniture.picture, furniture.rejected FROM furniture_stretch AS stretch
        JOIN furniture ON furniture.furniture_id = stretch.furniture_id
        WHERE stretch.asset_id IN (
            SELECT other_id FROM match WHERE asset_id = :id
            UNION SELECT asset_id FROM match WHERE other_id = :id
            UNION SELECT CAST(:id AS INTEGER))
        ORDER BY stretch.asset_id, stretch.start
        """,
        id=asset_id,
    )
    found: dict[int, list[Stretch]] = {}
    for row in rows:
        found.setdefault(row["asset_id"], []).append(_stretch(row))
    return found


async def in_asset(reader: Reader, asset_id: int) -> tuple[Stretch, ...]:
    """The furniture in one asset, in the order of its seconds; rejected ones included."""
    rows = await reader.all(
        """
        SELECT stretch.*, furniture.picture, furniture.rejected FROM furniture_stretch AS stretch
        JOIN furniture ON furniture.furniture_id = stretch.furniture_id
        WHERE stretch.asset_id = :id ORDER BY stretch.start, stretch.furniture_id
        """,
        id=asset_id,
    )
    return tuple(_stretch(row) for row in rows)


async def state(reader: Reader) -> tuple[int, int]:
    """Changes whenever furniture is found, rejected or restored."""
    row = await reader.one(
        """
        SELECT (SELECT COUNT(*) FROM furniture_stretch) AS stretches, (SELECT COUNT(*) FROM furniture_review) AS reviews
        """
    )
    return (row["stretches"], row["reviews"]) if row else (0, 0)


async def repeated(reader: Reader) -> Mapping[int, Sequence[Stretch]]:
    """The furniture that need not be matched, by asset: the assets that had it first are enough to find it by."""
    rows = await reader.all(
        """
        SELECT * FROM (
            SELECT stretch.*, furniture.picture, furniture.rejected,
                ROW_NUMBER() OVER (PARTITION BY stretch.furniture_id ORDER BY stretch.asset_id) AS place
            FROM furniture_stretch AS stretch
            JOIN furniture ON furniture.furniture_id = stretch.furniture_id WHERE furniture.rejected = 0) AS held
        WHERE place > :exemplars ORDER BY asset_id, start
        """,
        exemplars=EXEMPLARS,
    )
    found: dict[int, list[Stretch]] = {}
    for row in rows:
        found.setdefault(row["asset_id"], []).append(_stretch(row))
    return found


async def seconds_in(reader: Reader, asset_ids: Collection[int]) -> Mapping[int, float]:
    """How many seconds of these assets are furniture that nobody rejected; only of those that have some."""
    numbers = ", ".join(map(str, asset_ids))
    rows = await reader.all(
        f"""
        SELECT stretch.asset_id, SUM(stretch.seconds) AS seconds FROM furniture_stretch AS stretch
        JOIN furniture ON furniture.furniture_id = stretch.furniture_id
        WHERE furniture.rejected = 0 AND stretch.asset_id IN ({numbers}) GROUP BY stretch.asset_id
        """
    )
    return {row["asset_id"]: row["seconds"] for row in rows}


async def learned(reader: Reader, furniture_id: int) -> Learned | None:
    """A piece of furniture by its row."""
    row = await reader.one("SELECT * FROM furniture WHERE furniture_id = :id", id=furniture_id)
    return _learned(row) if row else None


async def holders(reader: Reader, furniture_id: int) -> tuple[int, ...]:
    """The assets in which a piece of furniture stands."""
    rows = await reader.all(
        "SELECT asset_id FROM furniture_stretch WHERE furniture_id = :id ORDER BY asset_id", id=furniture_id
    )
    return tuple(row["asset_id"] for row in rows)


async def reject(tx: Tx, furniture_id: int, rejected: bool, member: Member, at: datetime) -> bool:
    """What was learned is no furniture, or is after all; false when that is so already or nothing was learned."""
    known = await learned(tx, furniture_id)
    if known is None or known.rejected == rejected:
        return False
    await tx.run(
        "UPDATE furniture SET rejected = :rejected WHERE furniture_id = :id", rejected=int(rejected), id=furniture_id
    )
    await tx.run(
        """
        INSERT INTO furniture_review (furniture_id, rejected, member, user_id, at)
        VALUES (:id, :rejected, :member, :user_id, :at)
        """,
        id=furniture_id,
        rejected=int(rejected),
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
    )
    action = "furniture.rejected" if rejected else "furniture.restored"
    await custody.record(tx, action, f"furniture/{furniture_id}", actor(member), at)
    return True


def _stretch(row: Row) -> Stretch:
    return Stretch(row["furniture_id"], row["start"], row["seconds"], bool(row["picture"]), bool(row["rejected"]))


def _learned(row: Row) -> Learned:
    return Learned(
        row["furniture_id"],
        row["channel_id"],
        Place(row["place"]),
        bool(row["picture"]),
        tuple(int(one) for one in row["learned_from"].split()),
        row["days"],
        from_ms(row["learned_at"]),
        row["marked_by"],
        bool(row["rejected"]),
    )
