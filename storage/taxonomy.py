"""The tags that the team offers itself: those of the configuration, as leads changed them since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import from_ms, to_ms
from core.model import Member
from storage import custody, members
from storage.database import Reader, Tx
from storage.members import actor

ADDED, RENAMED, RETIRED = "added", "renamed", "retired"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the taxonomy: who did what to which tag; ``became`` is what it was renamed to."""

    at: datetime
    member: str
    act: str
    tag: str
    became: str = ""


async def current(reader: Reader, configured: Iterable[str]) -> tuple[str, ...]:
    """The tags on offer, in the order in which they came; a renamed one keeps its place."""
    return offered(configured, await changes(reader))


def offered(configured: Iterable[str], changed: Iterable[Change]) -> tuple[str, ...]:
    """The configured tags after these changes."""
    tags = list(dict.fromkeys(configured))
    for change in changed:
        if change.act == ADDED:
            tags.append(change.tag)
        elif change.tag in tags:
            place = tags.index(change.tag)
            tags[place : place + 1] = [change.became] if change.act == RENAMED else []
        tags = list(dict.fromkeys(tags))
    return tuple(tags)


async def changes(reader: Reader) -> tuple[Change, ...]:
    """What leads changed, oldest first."""
    rows = await reader.all("SELECT at, member, act, tag, became FROM taxonomy_event ORDER BY at, event_id")
    return tuple(Change(from_ms(row["at"]), row["member"], row["act"], row["tag"], row["became"]) for row in rows)


async def add(tx: Tx, configured: Sequence[str], tag: str, member: Member, at: datetime) -> bool:
    """Offer another tag; false when one of that spelling is offered already."""
    if await standing(tx, configured, tag) is not None:
        return False
    await _record(tx, Change(at, member.name, ADDED, tag), member)
    return True


async def retire(tx: Tx, configured: Sequence[str], tag: str, member: Member, at: datetime) -> bool:
    """Offer a tag no longer; footage that has it keeps it. False when it is not offered."""
    known = await standing(tx, configured, tag)
    if known is None:
        return False
    await _record(tx, Change(at, member.name, RETIRED, known), member)
    return True


async def rename(
    tx: Tx, configured: Sequence[str], tag: str, became: str, member: Member, at: datetime
) -> tuple[int, ...] | None:
    """Call a tag something else, on all footage too; which footage had it, or nothing when that can't be."""
    known = await standing(tx, configured, tag)
    if known is None or await standing(tx, configured, became) not in {None, known} or known == became:
        return None
    await _record(tx, Change(at, member.name, RENAMED, known, became), member)
    rows = await tx.all("SELECT footage_id FROM footage_tag WHERE tag = :tag ORDER BY footage_id", tag=known)
    for row in rows:
        await members.tag(tx, row["footage_id"], known, False, member, at)
        await members.tag(tx, row["footage_id"], became, True, member, at)
    return tuple(row["footage_id"] for row in rows)


async def standing(reader: Reader, configured: Sequence[str], tag: str) -> str | None:
    """How the team spells a tag that is offered, whatever its case."""
    wanted = tag.casefold()
    return next((one for one in await current(reader, configured) if one.casefold() == wanted), None)


async def _record(tx: Tx, change: Change, member: Member) -> None:
    await tx.run(
        """
        INSERT INTO taxonomy_event (act, tag, became, member, user_id, at)
        VALUES (:act, :tag, :became, :member, :user_id, :at)
        """,
        act=change.act,
        tag=change.tag,
        became=change.became,
        member=change.member,
        user_id=member.user_id,
        at=to_ms(change.at),
    )
    detail = {"tag": change.tag} | ({"became": change.became} if change.became else {})
    await custody.record(tx, f"taxonomy.{change.act}", "taxonomy", actor(member), change.at, **detail)
