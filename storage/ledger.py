"""The ledger of watching: from when to when a channel was watched, how and how completely, and when it was unseen.

A span is one stretch of watching in one way by one account. An interruption is a time inside it in which nothing could
be seen; it ends when the channel was read back, and what was posted and deleted within it stays unknown.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import from_ms, to_ms
from core.model import Tier, Watch
from storage.database import Reader, Row, Tx

ASKED_LATE = "not asked in time"


@dataclass(frozen=True, slots=True)
class Span:
    """Posts over ``after_message`` and up to ``through_message`` are stored or known absent, as of ``confirmed_at``."""

    channel_id: int
    tier: Tier
    account: str
    began_at: datetime
    after_message: int
    through_message: int
    confirmed_at: datetime | None
    ended_at: datetime | None
    ended_why: str


@dataclass(frozen=True, slots=True)
class Interruption:
    """A time in which a channel could not be seen; without an end it still lasts."""

    channel_id: int
    began_at: datetime
    ended_at: datetime | None
    reason: str


async def begin(tx: Tx, watch: Watch) -> None:
    """Open a span for a watch that begins or goes on in another way; the same way goes on in the open span."""
    if watch.tier is Tier.IMPORTED:
        return
    present = await open_span(tx, watch.channel_id)
    if present is not None and (present.tier, present.account) == (watch.tier, watch.account):
        return
    through = present.through_message if present else watch.contiguous_through
    await end(tx, watch.channel_id, watch.started_at, f"goes on as {watch.tier} by {watch.account or 'nobody'}")
    await tx.run(
        """
        INSERT INTO watch_span (channel_id, tier, account, began_at, after_message, through_message)
        VALUES (:id, :tier, :account, :at, :through, :through)
        """,
        id=watch.channel_id,
        tier=str(watch.tier),
        account=watch.account,
        at=to_ms(watch.started_at),
        through=through,
    )


async def end(tx: Tx, channel_id: int, at: datetime, why: str) -> None:
    """Close the open span of a channel."""
    await tx.run(
        "UPDATE watch_span SET ended_at = :at, ended_why = :why WHERE channel_id = :id AND ended_at IS NULL",
        id=channel_id,
        at=to_ms(at),
        why=why,
    )


async def advance(tx: Tx, channel_id: int, through: int) -> None:
    """Everything up to ``through`` is stored or known absent; called where the cursor moves."""
    await tx.run(
        """
        UPDATE watch_span SET through_message = MAX(through_message, :through)
        WHERE channel_id = :id AND ended_at IS NULL
        """,
        id=channel_id,
        through=through,
    )


async def confirm(tx: Tx, channel_id: int, at: datetime, *, within: timedelta | None = None) -> None:
    """The channel was compared with what is stored and nothing is missing: whatever interrupted the watch is over.

    A channel that is only asked now and then was unseen when more than ``within`` passed since it was asked last.
    """
    present = await open_span(tx, channel_id)
    if present is not None and within is not None:
        before = present.confirmed_at or present.began_at
        if at - before > within:
            await interrupt(tx, channel_id, before, ASKED_LATE)
    await tx.run(
        "UPDATE watch_span SET confirmed_at = :at WHERE channel_id = :id AND ended_at IS NULL",
        id=channel_id,
        at=to_ms(at),
    )
    await tx.run(
        "UPDATE interruption SET ended_at = :at WHERE channel_id = :id AND ended_at IS NULL",
        id=channel_id,
        at=to_ms(at),
    )


async def interrupt(tx: Tx, channel_id: int, since: datetime, reason: str) -> None:
    """A watched channel can't be seen since ``since``; an interruption that lasts keeps its beginning."""
    await _interrupt(tx, "channel_id = :one", since, reason, one=channel_id)


async def interrupt_account(tx: Tx, account: str, since: datetime, reason: str) -> None:
    """Nothing that an account watches can be seen since ``since``, or since it was last compared after that."""
    await _interrupt(tx, "account = :one", since, reason, one=account)


async def open_span(reader: Reader, channel_id: int) -> Span | None:
    """The span in which a channel is watched now."""
    row = await reader.one("SELECT * FROM watch_span WHERE channel_id = :id AND ended_at IS NULL", id=channel_id)
    return _span(row) if row else None


async def spans(reader: Reader, channel_id: int) -> tuple[Span, ...]:
    """Every span of a channel, the oldest first."""
    rows = await reader.all("SELECT * FROM watch_span WHERE channel_id = :id ORDER BY began_at, span_id", id=channel_id)
    return tuple(map(_span, rows))


async def interruptions(reader: Reader, channel_id: int) -> tuple[Interruption, ...]:
    """Every time in which a channel could not be seen, the oldest first."""
    rows = await reader.all(
        "SELECT * FROM interruption WHERE channel_id = :id ORDER BY began_at, interruption_id", id=channel_id
    )
    return tuple(
        Interruption(row["channel_id"], from_ms(row["began_at"]), _moment(row["ended_at"]), row["reason"])
        for row in rows
    )


async def channels_with_ledger(reader: Reader) -> tuple[int, ...]:
    """Every channel that was ever watched, in order of first watch."""
    rows = await reader.all(
        "SELECT channel_id, MIN(began_at) AS first FROM watch_span GROUP BY channel_id ORDER BY first, channel_id"
    )
    return tuple(row["channel_id"] for row in rows)


async def newest_times(reader: Reader, channel_id: int, count: int) -> tuple[datetime, ...]:
    """When the newest posts of a channel were posted, ascending."""
    rows = await reader.all(
        "SELECT posted_at FROM post WHERE channel_id = :id ORDER BY message_id DESC LIMIT :count",
        id=channel_id,
        count=count,
    )
    return tuple(sorted(from_ms(row["posted_at"]) for row in rows))


async def _interrupt(tx: Tx, which: str, since: datetime, reason: str, *, one: int | str) -> None:
    await tx.run(
        f"""
        INSERT INTO interruption (channel_id, began_at, reason)
        SELECT channel_id, MAX(COALESCE(confirmed_at, began_at), :since), :reason FROM watch_span
        WHERE {which} AND ended_at IS NULL
        ON CONFLICT (channel_id) WHERE ended_at IS NULL DO UPDATE SET began_at = MIN(began_at, excluded.began_at)
        """,
        one=one,
        since=to_ms(since),
        reason=reason,
    )


def _span(row: Row) -> Span:
    return Span(
        row["channel_id"],
        Tier(row["tier"]),
        row["account"],
        from_ms(row["began_at"]),
        row["after_message"],
        row["through_message"],
        _moment(row["confirmed_at"]),
        _moment(row["ended_at"]),
        row["ended_why"],
    )


def _moment(stored: int | None) -> datetime | None:
    return from_ms(stored) if stored is not None else None
