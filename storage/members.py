"""The team and what it says of footage: tags, verdicts, notes, claims, places. Every act is an event and in custody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.clock import from_ms, to_ms
from core.model import SYSTEM, Actor, Judgement, Location, Member, Note, Role, Verdict
from storage import custody, opinions
from storage.database import Reader, Row, Tx
from storage.search import fold


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a footage's history: who did what when."""

    at: datetime
    member: str
    act: str  # a sentence in English with a place for what it is about: ``tagged {what}``
    about: str = ""

    @property
    def what(self) -> str:
        """The act in English."""
        return self.act.format(what=self.about)


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back, worded like an event."""

    act: str
    about: str = ""


def actor(member: Member) -> Actor:
    """A member as the custody log names actors."""
    return Actor("member", member.name, member.user_id)


async def seed(tx: Tx, wanted: Iterable[Member], at: datetime) -> None:
    """Make the team what the configuration says; who is no longer in it is set inactive, unless they were invited."""
    team = {member.user_id: member for member in wanted}
    came = await invited(tx)
    for known in await members(tx):
        if known.user_id not in team and known.user_id not in came and known.active:
            await tx.run("UPDATE member SET active = 0 WHERE user_id = :id", id=known.user_id)
            await custody.record(tx, "member.removed", f"member/{known.user_id}", SYSTEM, at, name=known.name)
    for person in team.values():
        if await member(tx, person.user_id) != person:
            await admit(tx, person, at)


async def admit(tx: Tx, person: Member, at: datetime) -> None:
    """Make somebody an active member under this name, with this role."""
    await tx.run(
        """
        INSERT INTO member (user_id, name, role, active, added_at) VALUES (:id, :name, :role, 1, :at)
        ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, role = excluded.role, active = 1
        """,
        id=person.user_id,
        name=person.name,
        role=int(person.role),
        at=to_ms(at),
    )
    subject = f"member/{person.user_id}"
    await custody.record(tx, "member.set", subject, SYSTEM, at, name=person.name, role=person.role.name)


async def invited(reader: Reader) -> frozenset[int]:
    """Who joined by an invitation, by Telegram's numbers."""
    rows = await reader.all("SELECT DISTINCT used_by FROM invite WHERE used_by IS NOT NULL")
    return frozenset(row["used_by"] for row in rows)


async def dismiss(tx: Tx, user_id: int, by: Member, at: datetime) -> bool:
    """Take somebody out of the team who joined by an invitation; false for anybody else."""
    person = await member(tx, user_id)
    if person is None or not person.active or user_id not in await invited(tx):
        return False
    await tx.run("UPDATE member SET active = 0 WHERE user_id = :id", id=user_id)
    await custody.record(tx, "member.removed", f"member/{user_id}", actor(by), at, name=person.name)
    return True


async def member(reader: Reader, user_id: int) -> Member | None:
    """A person by Telegram's number, whether active or not."""
    row = await reader.one("SELECT user_id, name, role, active FROM member WHERE user_id = :id", id=user_id)
    return _member(row) if row else None


async def members(reader: Reader) -> tuple[Member, ...]:
    """Everybody who ever belonged to the team."""
    rows = await reader.all("SELECT user_id, name, role, active FROM member ORDER BY name, user_id")
    return tuple(_member(row) for row in rows)


async def tag(tx: Tx, footage_id: int, tag: str, added: bool, member: Member, at: datetime) -> bool:
    """Add a tag to a footage or take it off; false when it was so already."""
    if (tag in await tags(tx, footage_id)) == added:
        return False
    await tx.run(
        """
        INSERT INTO tag_event (footage_id, tag, added, member, user_id, at)
        VALUES (:footage, :tag, :added, :member, :user_id, :at)
        """,
        footage=footage_id,
        tag=tag,
        added=int(added),
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
    )
    sql = (
        "INSERT INTO footage_tag (footage_id, tag) VALUES (:footage, :tag)"
        if added
        else "DELETE FROM footage_tag WHERE footage_id = :footage AND tag = :tag"
    )
    await tx.run(sql, footage=footage_id, tag=tag)
    action = "tag.added" if added else "tag.removed"
    await custody.record(tx, action, f"footage/{footage_id}", actor(member), at, tag=tag)
    return True


async def tags(reader: Reader, footage_id: int) -> tuple[str, ...]:
    """The tags of a footage, by name."""
    rows = await reader.all("SELECT tag FROM footage_tag WHERE footage_id = :id ORDER BY tag", id=footage_id)
    return tuple(row["tag"] for row in rows)


async def judge(
    tx: Tx, footage_id: int, verdict: Verdict, member: Member, at: datetime, *, needs_second: bool = False
) -> bool:
    """Give a verdict on a footage, or agree with one that waits for a second member; false when nothing changes."""
    standing = await opinions.newest(tx, footage_id)
    if (standing["verdict"] if standing else Verdict.UNREVIEWED) == verdict:
        if standing is None or not _waits(standing) or standing["user_id"] == member.user_id:
            return False
        await opinions.agree(tx, standing["event_id"], footage_id, member, at)
        return True
    await tx.run(
        """
        INSERT INTO verdict_event (footage_id, verdict, member, user_id, at, needs_second)
        VALUES (:footage, :verdict, :member, :user_id, :at, :needs_second)
        """,
        footage=footage_id,
        verdict=str(verdict),
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
        needs_second=int(needs_second),
    )
    await custody.record(tx, "verdict.given", f"footage/{footage_id}", actor(member), at, verdict=str(verdict))
    return True


async def judgement(reader: Reader, footage_id: int) -> Judgement | None:
    """The verdict that stands, with who gave it when, and who agreed."""
    row = await opinions.newest(reader, footage_id)
    if row is None:
        return None
    at = from_ms(row["at"])
    return Judgement(Verdict(row["verdict"]), row["member"], at, row["second"] or "", awaits_second=_waits(row))


def _waits(verdict: Row) -> bool:
    return bool(verdict["needs_second"]) and verdict["second"] is None


async def note(tx: Tx, footage_id: int, text: str, second: float | None, member: Member, at: datetime) -> int:
    """Write a note on a footage, perhaps at a second of it; the note's row. The same note of one moment is one."""
    known = await tx.one(
        """
        SELECT note_id FROM note WHERE footage_id = :footage AND text = :text AND second IS NOT DISTINCT FROM :second
            AND user_id = :user_id AND written_at = :at
        """,
        footage=footage_id,
        text=text,
        second=second,
        user_id=member.user_id,
        at=to_ms(at),
    )
    if known:
        return int(known["note_id"])
    row = await tx.one(
        """
        INSERT INTO note (footage_id, text, second, member, user_id, written_at)
        VALUES (:footage, :text, :second, :member, :user_id, :at) RETURNING note_id
        """,
        footage=footage_id,
        text=text,
        second=second,
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    subject = f"footage/{footage_id}"
    await custody.record(tx, "note.written", subject, actor(member), at, note=row["note_id"], text=text, second=second)
    return int(row["note_id"])


async def withdraw_note(tx: Tx, note_id: int, member: Member, at: datetime) -> bool:
    """Take a note off the card; false when it was off. Its text stays in the history."""
    row = await tx.one(
        "UPDATE note SET withdrawn_at = :at WHERE note_id = :id AND withdrawn_at IS NULL RETURNING footage_id",
        id=note_id,
        at=to_ms(at),
    )
    if row is None:
        return False
    await custody.record(tx, "note.withdrawn", f"footage/{row['footage_id']}", actor(member), at, note=note_id)
    return True


async def notes(reader: Reader, footage_id: int) -> tuple[Note, ...]:
    """The notes on a footage, oldest first."""
    rows = await reader.all(
        "SELECT * FROM note WHERE footage_id = :id AND withdrawn_at IS NULL ORDER BY note_id", id=footage_id
    )
    return tuple(
        Note(row["note_id"], row["text"], row["member"], from_ms(row["written_at"]), row["second"]) for row in rows
    )


async def claim(tx: Tx, footage_id: int, claimed: bool, member: Member, at: datetime) -> bool:
    """Say that a member works on a footage, or no longer; false when that is so already."""
    holder = await claimed_by(tx, footage_id)
    if (holder == member.name) if claimed else (holder is None):
        return False
    await tx.run(
        """
        INSERT INTO claim_event (footage_id, claimed, member, user_id, at)
        VALUES (:footage, :claimed, :member, :user_id, :at)
        """,
        footage=footage_id,
        claimed=int(claimed),
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
    )
    action = "claim.taken" if claimed else "claim.released"
    await custody.record(tx, action, f"footage/{footage_id}", actor(member), at)
    return True


async def claimed_by(reader: Reader, footage_id: int) -> str | None:
    """Who works on a footage."""
    row = await reader.one(
        "SELECT claimed, member FROM claim_event WHERE footage_id = :id ORDER BY at DESC, event_id DESC LIMIT 1",
        id=footage_id,
    )
    return row["member"] if row and row["claimed"] else None


async def undo(tx: Tx, footage_id: int, member: Member, at: datetime) -> Undone | None:
    """Take back a member's newest act, whatever it was; nothing when there is none or somebody changed it since.

    Taking back is an event itself, so doing it twice restores.
    """
    newest = await tx.one(
        """
        SELECT 'tag' AS kind, event_id AS id, at, tag AS value, added AS flag FROM tag_event
            WHERE footage_id = :id AND user_id = :user
        UNION ALL SELECT 'verdict', event_id, at, verdict, 1 FROM verdict_event
            WHERE footage_id = :id AND user_id = :user
        UNION ALL SELECT 'second', opinion_id, second_opinion.at, verdict, 1 FROM second_opinion
            JOIN verdict_event ON verdict_event.event_id = second_opinion.event_id
            WHERE footage_id = :id AND second_opinion.user_id = :user AND withdrawn_at IS NULL
        UNION ALL SELECT 'claim', event_id, at, '', claimed FROM claim_event
            WHERE footage_id = :id AND user_id = :user
        UNION ALL SELECT 'place', location_id, given_at, CASE WHEN name <> '' THEN name ELSE ROUND(latitude, 5) ||
            ', ' || ROUND(longitude, 5) END, given FROM location
            WHERE footage_id = :id AND user_id = :user
        UNION ALL SELECT 'note', note_id, written_at, text, 1 FROM note
            WHERE footage_id = :id AND user_id = :user AND withdrawn_at IS NULL
        ORDER BY at DESC, id DESC LIMIT 1
        """,
        id=footage_id,
        user=member.user_id,
    )
    if newest is None:
        return None
    undoing = _UNDOING[newest["kind"]]
    return await undoing(tx, footage_id, newest, member, at)


async def _undo_tag(tx: Tx, footage_id: int, event: Row, member: Member, at: datetime) -> Undone | None:
    if not await tag(tx, footage_id, event["value"], not event["flag"], member, at):
        return None
    return Undone("tagged {what}" if event["flag"] else "untagged {what}", event["value"])


async def _undo_verdict(tx: Tx, footage_id: int, event: Row, member: Member, at: datetime) -> Undone | None:
    """The verdict before comes back as it was; not when somebody agreed with this one since."""
    rows = await tx.all(
        "SELECT * FROM verdict_event WHERE footage_id = :id ORDER BY at DESC, event_id DESC LIMIT 2", id=footage_id
    )
    standing = await opinions.newest(tx, footage_id)
    if standing is None or standing["event_id"] != event["id"] or standing["second"] is not None:
        return None
    before = rows[1] if len(rows) > 1 else None
    verdict = Verdict(before["verdict"]) if before else Verdict.UNREVIEWED
    needs_second = before is not None and bool(before["needs_second"])
    if not await judge(tx, footage_id, verdict, member, at, needs_second=needs_second):
        return None
    restored = await opinions.newest(tx, footage_id)
    if before is not None and restored is not None:
        await opinions.carry_over(tx, before["event_id"], restored["event_id"])
    return Undone("judged {what}", event["value"])


async def _undo_second(tx: Tx, footage_id: int, event: Row, member: Member, at: datetime) -> Undone | None:
    done = await opinions.withdraw(tx, event["id"], footage_id, member, at)
    return Undone("agreed: {what}", event["value"]) if done else None


async def _undo_claim(tx: Tx, footage_id: int, event: Row, member: Member, at: datetime) -> Undone | None:
    """The claim goes back to whoever had it before."""
    rows = await tx.all(
        "SELECT event_id, claimed, member FROM claim_event WHERE footage_id = :id ORDER BY at DESC, event_id DESC "
        "LIMIT 2",
        id=footage_id,
    )
    if rows[0]["event_id"] != event["id"]:
        return None
    before = rows[1]["member"] if len(rows) > 1 and rows[1]["claimed"] else None
    if before is None or before == member.name:
        done = await claim(tx, footage_id, before is not None, member, at)
    else:
        await _give_back(tx, footage_id, before, member, at)
        done = True
    return Undone("claimed" if event["flag"] else "released") if done else None


async def _give_back(tx: Tx, footage_id: int, holder: str, member: Member, at: datetime) -> None:
    await tx.run(
        """
        INSERT INTO claim_event (footage_id, claimed, member, at, given_by) VALUES (:footage, 1, :holder, :at, :member)
        """,
        footage=footage_id,
        holder=holder,
        at=to_ms(at),
        member=member.name,
    )
    await custody.record(tx, "claim.given_back", f"footage/{footage_id}", actor(member), at, holder=holder)


async def _undo_place(tx: Tx, footage_id: int, event: Row, member: Member, at: datetime) -> Undone | None:
    rows = await tx.all(
        "SELECT * FROM location WHERE footage_id = :id ORDER BY given_at DESC, location_id DESC LIMIT 2", id=footage_id
    )
    if rows[0]["location_id"] != event["id"]:
        return None
    before = rows[1] if len(rows) > 1 and rows[1]["given"] else None
    if before is None:
        done = await take_place_off(tx, footage_id, member, at)
    else:
        await _record_place(tx, footage_id, _location(before), member, at)
        done = True
    act = "located it at {what}" if event["flag"] else "took off the place {what}"
    return Undone(act, event["value"]) if done else None


async def _undo_note(tx: Tx, _footage_id: int, event: Row, member: Member, at: datetime) -> Undone | None:
    return Undone("noted {what}", event["value"]) if await withdraw_note(tx, event["id"], member, at) else None


_UNDOING = {
    "tag": _undo_tag,
    "verdict": _undo_verdict,
    "second": _undo_second,
    "claim": _undo_claim,
    "place": _undo_place,
    "note": _undo_note,
}


async def locate(
    tx: Tx,
    footage_id: int,
    name: str,
    latitude: float | None,
    longitude: float | None,
    precision: str,
    member: Member,
    at: datetime,
    *,
    method: str = "",
) -> bool:
    """Give a footage a place; false when it is the one that stands, whoever gave it."""
    standing = await location(tx, footage_id)
    wanted = (name, latitude, longitude, precision, method)
    if standing and wanted == (
        standing.name,
        standing.latitude,
        standing.longitude,
        standing.precision,
        standing.method,
    ):
        return False
    await _record_place(tx, footage_id, Location(name, latitude, longitude, precision, "", at, method), member, at)
    return True


async def take_place_off(tx: Tx, footage_id: int, member: Member, at: datetime) -> bool:
    """A footage has no place any more; false when it had none."""
    standing = await location(tx, footage_id)
    if standing is None:
        return False
    await _record_place(tx, footage_id, standing, member, at, given=False)
    return True


async def _record_place(
    tx: Tx, footage_id: int, place: Location, member: Member, at: datetime, *, given: bool = True
) -> None:
    await tx.run(
        """
        INSERT INTO location (footage_id, name, latitude, longitude, precision, method, given, words, member, user_id,
            given_at)
        VALUES (:footage, :name, :latitude, :longitude, :precision, :method, :given, :words, :member, :user_id, :at)
        """,
        footage=footage_id,
        name=place.name,
        latitude=place.latitude,
        longitude=place.longitude,
        precision=place.precision,
        method=place.method,
        given=int(given),
        words=fold(place.name),
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
    )
    await custody.record(
        tx,
        "place.given" if given else "place.taken_off",
        f"footage/{footage_id}",
        actor(member),
        at,
        name=place.name,
        latitude=place.latitude,
        longitude=place.longitude,
        precision=place.precision,
        method=place.method,
    )


async def location(reader: Reader, footage_id: int) -> Location | None:
    """The place that a footage was given last; nothing when that was taken off."""
    row = await reader.one(
        "SELECT * FROM location WHERE footage_id = :id ORDER BY given_at DESC, location_id DESC LIMIT 1", id=footage_id
    )
    return _location(row) if row and row["given"] else None


async def history(reader: Reader, footage_id: int) -> tuple[Event, ...]:
    """Who did what to a footage, oldest first."""
    rows = await reader.all(
        """
        SELECT at, member, CASE added WHEN 1 THEN 'tagged {what}' ELSE 'untagged {what}' END AS act, tag AS about,
            1 AS sort, event_id AS id FROM tag_event WHERE footage_id = :id
        UNION ALL SELECT at, member, 'judged {what}', verdict, 2, event_id FROM verdict_event WHERE footage_id = :id
        UNION ALL SELECT second_opinion.at, second_opinion.member, 'agreed: {what}', verdict, 2, opinion_id
            FROM second_opinion JOIN verdict_event ON verdict_event.event_id = second_opinion.event_id
            WHERE footage_id = :id
        UNION ALL SELECT withdrawn_at, second_opinion.member, 'no longer agrees: {what}', verdict, 2, opinion_id
            FROM second_opinion JOIN verdict_event ON verdict_event.event_id = second_opinion.event_id
            WHERE footage_id = :id AND withdrawn_at IS NOT NULL
        UNION ALL SELECT at, COALESCE(given_by, member), CASE WHEN given_by IS NOT NULL
            THEN 'gave the claim back to {what}' WHEN claimed = 1 THEN 'claimed' ELSE 'released' END, member, 3,
            event_id FROM claim_event WHERE footage_id = :id
        UNION ALL SELECT written_at, member, 'noted {what}', text, 4, note_id FROM note WHERE footage_id = :id
        UNION ALL SELECT withdrawn_at, member, 'withdrew the note {what}', text, 4, note_id FROM note
            WHERE footage_id = :id AND withdrawn_at IS NOT NULL
        UNION ALL SELECT given_at, member, CASE given WHEN 1 THEN 'located it at {what}' ELSE
            'took off the place {what}' END, CASE WHEN name <> '' THEN name ELSE ROUND(latitude, 5) || ', ' ||
            ROUND(longitude, 5) END, 5, location_id FROM location WHERE footage_id = :id
        UNION ALL SELECT at, member, 'linked {what} to it', '#F' || gone, 6, event_id FROM link_event WHERE kept = :id
        UNION ALL SELECT at, member, 'linked it to {what}', '#F' || kept, 6, event_id FROM link_event WHERE gone = :id
        UNION ALL SELECT parted_at, parted_by, 'took the link apart: {what}', '#F' || kept || ' ≠ #F' || gone, 7,
            event_id FROM link_event WHERE :id IN (kept, gone) AND parted_at IS NOT NULL
        UNION ALL SELECT given_at, member, CASE same WHEN 1 THEN 'said that copies show the same' ELSE
            'said that copies show different recordings' END, '', 8, MIN(review_id) FROM review
            WHERE asset_id IN (SELECT asset_id FROM footage_asset WHERE footage_id = :id)
                OR other_id IN (SELECT asset_id FROM footage_asset WHERE footage_id = :id)
            GROUP BY given_at, member, same
        UNION ALL SELECT at, member, CASE furniture WHEN 1 THEN 'marked it as channel furniture' ELSE
            'said that it is no channel furniture' END, '', 9, event_id FROM furniture_event WHERE footage_id = :id
        UNION ALL SELECT furniture_review.at, member, CASE rejected WHEN 1 THEN
            'said that a stretch is no channel furniture' ELSE 'said that a stretch is channel furniture' END, '', 10,
            MIN(review_id) FROM furniture_review
            JOIN furniture_stretch ON furniture_stretch.furniture_id = furniture_review.furniture_id
            JOIN footage_asset ON footage_asset.asset_id = furniture_stretch.asset_id AND belongs = 1
            WHERE footage_id = :id GROUP BY furniture_review.at, member, rejected
        UNION ALL SELECT learned_at, CASE marked_by WHEN '' THEN 'firstseen' ELSE marked_by END, CASE marked_by
            WHEN '' THEN 'learned that a stretch is channel furniture' ELSE 'marked a stretch as channel furniture' END,
            '', 11, furniture.furniture_id FROM furniture
            JOIN furniture_stretch ON furniture_stretch.furniture_id = furniture.furniture_id
            JOIN footage_asset ON footage_asset.asset_id = furniture_stretch.asset_id AND belongs = 1
            WHERE footage_id = :id GROUP BY furniture.furniture_id
        ORDER BY 1, 5, 6
        """,
        id=footage_id,
    )
    return tuple(Event(from_ms(row["at"]), row["member"], row["act"], row["about"]) for row in rows)


def _location(row: Row) -> Location:
    return Location(
        row["name"],
        row["latitude"],
        row["longitude"],
        row["precision"],
        row["member"],
        from_ms(row["given_at"]),
        row["method"],
    )


def _member(row: Row) -> Member:
    return Member(row["user_id"], row["name"], Role(row["role"]), bool(row["active"]))
