"""The second pair of eyes: members who agree with a verdict that another member gave."""

from datetime import datetime

from core.clock import to_ms
from core.model import Actor, Member
from storage import custody
from storage.database import Reader, Row, Tx


async def agree(tx: Tx, event_id: int, footage_id: int, member: Member, at: datetime) -> None:
    """A second member gives the verdict of this event, too."""
    await tx.run(
        "INSERT INTO second_opinion (event_id, member, user_id, at) VALUES (:event, :member, :user_id, :at)",
        event=event_id,
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
    )
    by = Actor("member", member.name, member.user_id)
    await custody.record(tx, "verdict.seconded", f"footage/{footage_id}", by, at)


async def withdraw(tx: Tx, opinion_id: int, footage_id: int, member: Member, at: datetime) -> bool:
    """The second member takes that back; false when it was taken back already."""
    done = await tx.run(
        "UPDATE second_opinion SET withdrawn_at = :at WHERE opinion_id = :id AND withdrawn_at IS NULL",
        id=opinion_id,
        at=to_ms(at),
    )
    if done:
        by = Actor("member", member.name, member.user_id)
        await custody.record(tx, "verdict.second_withdrawn", f"footage/{footage_id}", by, at)
    return bool(done)


async def carry_over(tx: Tx, elder_event: int, event: int) -> None:
    """A verdict that comes back by an undo comes back with its second opinion."""
    await tx.run(
        """
        INSERT INTO second_opinion (event_id, member, user_id, at)
        SELECT :event, member, user_id, at FROM second_opinion WHERE event_id = :elder AND withdrawn_at IS NULL
        """,
        event=event,
        elder=elder_event,
    )


async def newest(reader: Reader, footage_id: int) -> Row | None:
    """The verdict event that stands, with the member who agreed with it, if any, as ``second``."""
    return await reader.one(
        """
        SELECT verdict_event.*, (SELECT second_opinion.member FROM second_opinion
            WHERE second_opinion.event_id = verdict_event.event_id AND withdrawn_at IS NULL
            ORDER BY opinion_id LIMIT 1) AS second
        FROM verdict_event WHERE footage_id = :id ORDER BY at DESC, event_id DESC LIMIT 1
        """,
        id=footage_id,
    )
