"""Channels, who may read them with which access, watches, wishes, gaps and backfills."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import from_ms, to_ms
from core.ids import ChannelRef
from core.model import Channel, Tier, Watch
from storage import ledger
from storage.database import Reader, Row, Tx

_CHANNEL = """channel.channel_id, channel.title, channel.username, channel.side, channel.language, channel.protected,
    channel.country, channel.notes"""
_WATCH = """watch.channel_id AS watched_id, watch.tier, watch.account, watch.contiguous_through, watch.started_at,
    watch.state, watch.state_reason"""


@dataclass(frozen=True, slots=True)
class Wish:
    """A channel that somebody asked to watch and that is not resolved yet."""

    wish: str
    tier: Tier
    side: str
    language: str
    asked_at: datetime
    asked_by: str
    failure: str
    country: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """What lies between two known posts and was not read: after and through are message ids."""

    gap_id: int
    channel_id: int
    after_message: int
    through_message: int
    reason: str
    noticed_at: datetime
    closed_at: datetime | None
    recovered: int


@dataclass(frozen=True, slots=True)
class Backfill:
    """An order to read a channel's older history."""

    channel_id: int
    since: datetime | None
    below_message: int | None
    stored: int
    state: str


async def record_channel(tx: Tx, channel: Channel, at: datetime) -> bool:
    """Keep a channel's present names; true when they differ from those known before. Labels of the team stay."""
    known = await tx.one("SELECT title, username FROM channel WHERE channel_id = :id", id=channel.channel_id)
    await tx.run(
        """
        INSERT INTO channel (channel_id, title, username, side, language, country, notes, protected, recorded_at)
        VALUES (:id, :title, :username, :side, :language, :country, :notes, :protected, :at)
        ON CONFLICT (channel_id) DO UPDATE SET title = excluded.title, username = excluded.username,
            protected = excluded.protected,
            side = CASE WHEN excluded.side = '' THEN channel.side ELSE excluded.side END,
            language = CASE WHEN excluded.language = '' THEN channel.language ELSE excluded.language END,
            country = CASE WHEN excluded.country = '' THEN channel.country ELSE excluded.country END,
            notes = CASE WHEN excluded.notes = '' THEN channel.notes ELSE excluded.notes END
        """,
        id=channel.channel_id,
        title=channel.title,
        username=channel.username,
        side=channel.side,
        language=channel.language,
        country=channel.country,
        notes=channel.notes,
        protected=int(channel.protected),
        at=to_ms(at),
    )
    if known is not None and (known["title"], known["username"]) == (channel.title, channel.username):
        return False
    await tx.run(
        """
        INSERT INTO channel_name (channel_id, noticed_at, title, username) VALUES (:id, :at, :title, :username)
        ON CONFLICT (channel_id, noticed_at) DO UPDATE SET title = excluded.title, username = excluded.username
        """,
        id=channel.channel_id,
        at=to_ms(at),
        title=channel.title,
        username=channel.username,
    )
    return known is not None


async def channel(reader: Reader, channel_id: int) -> Channel | None:
    """A channel by its number."""
    row = await reader.one(f"SELECT {_CHANNEL} FROM channel WHERE channel_id = :id", id=channel_id)
    return _channel(row) if row else None


async def find_channel(reader: Reader, ref: ChannelRef) -> Channel | None:
    """A channel by what somebody typed; names without regard to case."""
    if ref.channel_id is not None:
        return await channel(reader, ref.channel_id)
    row = await reader.one(
        f"SELECT {_CHANNEL} FROM channel WHERE LOWER(username) = LOWER(:name) ORDER BY recorded_at DESC",
        name=ref.username,
    )
    return _channel(row) if row else None


async def label(tx: Tx, channel_id: int, side: str, language: str, country: str = "", notes: str = "") -> None:
    """Set the team's labels of a channel; an empty one leaves what was there."""
    await tx.run(
        """
        UPDATE channel SET side = CASE WHEN :side = '' THEN side ELSE :side END,
            language = CASE WHEN :language = '' THEN language ELSE :language END,
            country = CASE WHEN :country = '' THEN country ELSE :country END,
            notes = CASE WHEN :notes = '' THEN notes ELSE :notes END WHERE channel_id = :id
        """,
        id=channel_id,
        side=side,
        language=language,
        country=country,
        notes=notes,
    )


async def set_access(tx: Tx, channel_id: int, account: str, access_hash: int) -> None:
    """Remember an account's access hash of a channel."""
    await tx.run(
        """
        INSERT INTO channel_access (channel_id, account, access_hash) VALUES (:id, :account, :hash)
        ON CONFLICT (channel_id, account) DO UPDATE SET access_hash = excluded.access_hash
        """,
        id=channel_id,
        account=account,
        hash=access_hash,
    )


async def access(reader: Reader, channel_id: int, account: str) -> int | None:
    """An account's access hash of a channel."""
    row = await reader.one(
        "SELECT access_hash FROM channel_access WHERE channel_id = :id AND account = :account",
        id=channel_id,
        account=account,
    )
    return int(row["access_hash"]) if row else None


async def wish(
    tx: Tx,
    wish: str,
    tier: Tier,
    side: str,
    language: str,
    by: str,
    at: datetime,
    *,
    country: str = "",
    notes: str = "",
) -> None:
    """Note that a channel is to be watched; asking again forgets an earlier failure."""
    await tx.run(
        """
        INSERT INTO watch_wish (wish, tier, side, language, country, notes, asked_at, asked_by)
        VALUES (:wish, :tier, :side, :language, :country, :notes, :at, :by)
        ON CONFLICT (wish) DO UPDATE SET tier = excluded.tier, side = excluded.side, language = excluded.language,
            country = excluded.country, notes = excluded.notes, failure = ''
        """,
        wish=wish,
        tier=str(tier),
        side=side,
        language=language,
        country=country,
        notes=notes,
        at=to_ms(at),
        by=by,
    )
    tx.after_commit("wishes")


async def wishes(reader: Reader) -> tuple[Wish, ...]:
    """What still waits to be resolved, oldest first."""
    rows = await reader.all(
        """
        SELECT wish, tier, side, language, country, notes, asked_at, asked_by, failure FROM watch_wish
        ORDER BY asked_at, wish
        """
    )
    return tuple(
        Wish(
            row["wish"],
            Tier(row["tier"]),
            row["side"],
            row["language"],
            from_ms(row["asked_at"]),
            row["asked_by"],
            row["failure"],
            row["country"],
            row["notes"],
        )
        for row in rows
    )


async def wish_done(tx: Tx, wish: str) -> None:
    """Forget a wish that became a watch."""
    await tx.run("DELETE FROM watch_wish WHERE wish = :wish", wish=wish)


async def wish_failed(tx: Tx, wish: str, failure: str) -> None:
    """Remember why a wish could not be granted."""
    await tx.run("UPDATE watch_wish SET failure = :failure WHERE wish = :wish", wish=wish, failure=failure)


async def start_watch(tx: Tx, watch: Watch) -> None:
    """Begin (or go on) to watch. A cursor stays where it is: what was posted over it is still to be read."""
    await tx.run(
        """
        INSERT INTO watch (channel_id, tier, account, contiguous_through, started_at, state, state_reason)
        VALUES (:id, :tier, :account, :through, :at, :state, :reason)
        ON CONFLICT (channel_id) DO UPDATE SET tier = excluded.tier, account = excluded.account,
            contiguous_through = CASE WHEN watch.tier = 'imported' THEN excluded.contiguous_through
                ELSE watch.contiguous_through END,
            state = excluded.state, state_reason = excluded.state_reason
        """,
        id=watch.channel_id,
        tier=str(watch.tier),
        account=watch.account,
        through=watch.contiguous_through,
        at=to_ms(watch.started_at),
        state=watch.state,
        reason=watch.state_reason,
    )
    await ledger.begin(tx, watch)
    tx.after_commit("watches")


async def watches(reader: Reader, account: str | None = None) -> tuple[tuple[Watch, Channel], ...]:
    """Every watch with its channel, perhaps only those of one account."""
    rows = await reader.all(
        f"""
        SELECT {_WATCH}, {_CHANNEL} FROM watch JOIN channel ON channel.channel_id = watch.channel_id
        WHERE :account IS NULL OR watch.account = :account ORDER BY watch.started_at, watch.channel_id
        """,
        account=account,
    )
    return tuple((_watch(row), _channel(row)) for row in rows)


async def watch(reader: Reader, channel_id: int) -> Watch | None:
    """The watch over one channel."""
    row = await reader.one(f"SELECT {_WATCH} FROM watch WHERE channel_id = :id", id=channel_id)
    return _watch(row) if row else None


async def stop_watch(tx: Tx, channel_id: int, at: datetime) -> None:
    """End a watch; the posts and the ledger stay."""
    await ledger.end(tx, channel_id, at, "the team stopped it")
    await tx.run("DELETE FROM backfill WHERE channel_id = :id", id=channel_id)
    await tx.run("DELETE FROM watch WHERE channel_id = :id", id=channel_id)
    tx.after_commit("watches")


async def set_watch_state(tx: Tx, channel_id: int, state: str, reason: str, at: datetime) -> bool:
    """Remember that a channel became private, banned, gone, or readable again; true when that is a change.

    One that can't be read is unseen since it was last compared with what is stored.
    """
    span = await ledger.open_span(tx, channel_id)
    if span is not None and state != "active":
        await ledger.interrupt(tx, channel_id, span.confirmed_at or at, reason)
    changed = await tx.run(
        "UPDATE watch SET state = :state, state_reason = :reason WHERE channel_id = :id AND state <> :state",
        id=channel_id,
        state=state,
        reason=reason,
    )
    return changed > 0


async def move_cursor(tx: Tx, channel_id: int, contiguous_through: int) -> None:
    """Everything up to here is stored or known absent; the cursor never moves back."""
    await tx.run(
        "UPDATE watch SET contiguous_through = MAX(contiguous_through, :through) WHERE channel_id = :id",
        id=channel_id,
        through=contiguous_through,
    )
    await ledger.advance(tx, channel_id, contiguous_through)


async def reconciled_at(reader: Reader, channel_id: int) -> datetime | None:
    """When a channel's history was last compared with what is stored."""
    row = await reader.one("SELECT reconciled_at FROM watch WHERE channel_id = :id", id=channel_id)
    return from_ms(row["reconciled_at"]) if row and row["reconciled_at"] is not None else None


async def reconciled(tx: Tx, channel_id: int, at: datetime, *, within: timedelta | None = None) -> None:
    """Remember that a channel was compared with what is stored; ``within`` as in ``ledger.confirm``."""
    await tx.run("UPDATE watch SET reconciled_at = :at WHERE channel_id = :id", id=channel_id, at=to_ms(at))
    await ledger.confirm(tx, channel_id, at, within=within)


async def record_gap(tx: Tx, channel_id: int, after: int, through: int, reason: str, at: datetime) -> int:
    """Note that posts between two ids were not read; the gap's id. The same open gap is noted once."""
    known = await tx.one(
        """
        SELECT gap_id FROM gap WHERE channel_id = :id AND after_message = :after AND through_message = :through
            AND closed_at IS NULL
        """,
        id=channel_id,
        after=after,
        through=through,
    )
    if known:
        return int(known["gap_id"])
    row = await tx.one(
        """
        INSERT INTO gap (channel_id, after_message, through_message, reason, noticed_at)
        VALUES (:id, :after, :through, :reason, :at) RETURNING gap_id
        """,
        id=channel_id,
        after=after,
        through=through,
        reason=reason,
        at=to_ms(at),
    )
    return int(row["gap_id"]) if row else 0


async def close_gap(tx: Tx, gap_id: int, recovered: int, at: datetime) -> None:
    """Note that a gap was read back, and how many posts it held."""
    await tx.run(
        "UPDATE gap SET closed_at = :at, recovered = :recovered WHERE gap_id = :id AND closed_at IS NULL",
        id=gap_id,
        recovered=recovered,
        at=to_ms(at),
    )


async def gaps(reader: Reader, channel_id: int) -> tuple[Gap, ...]:
    """Every gap of a channel, in order of notice."""
    rows = await reader.all("SELECT * FROM gap WHERE channel_id = :id ORDER BY gap_id", id=channel_id)
    return tuple(_gap(row) for row in rows)


async def ask_backfill(tx: Tx, channel_id: int, by: str, since: datetime | None, at: datetime) -> None:
    """Order older history; asking again goes on where the last order stopped, perhaps further back."""
    await tx.run(
        """
        INSERT INTO backfill (channel_id, asked_at, asked_by, since, state)
        VALUES (:id, :at, :by, :since, 'waiting')
        ON CONFLICT (channel_id) DO UPDATE SET since = excluded.since, state = 'waiting'
        """,
        id=channel_id,
        at=to_ms(at),
        by=by,
        since=to_ms(since) if since else None,
    )
    tx.after_commit("backfills")


async def backfills(reader: Reader) -> tuple[Backfill, ...]:
    """Every order for older history, oldest first."""
    rows = await reader.all(
        "SELECT channel_id, since, below_message, stored, state FROM backfill ORDER BY asked_at, channel_id"
    )
    return tuple(
        Backfill(
            row["channel_id"],
            from_ms(row["since"]) if row["since"] is not None else None,
            row["below_message"],
            row["stored"],
            row["state"],
        )
        for row in rows
    )


async def backfill_progress(tx: Tx, channel_id: int, below_message: int | None, stored_delta: int, state: str) -> None:
    """Remember how far back an order came."""
    await tx.run(
        """
        UPDATE backfill SET below_message = COALESCE(:below, below_message), stored = stored + :stored, state = :state
        WHERE channel_id = :id
        """,
        id=channel_id,
        below=below_message,
        stored=stored_delta,
        state=state,
    )


def _channel(row: Row) -> Channel:
    return Channel(
        row["channel_id"],
        row["title"],
        row["username"],
        row["side"],
        row["language"],
        bool(row["protected"]),
        row["country"],
        row["notes"],
    )


def _watch(row: Row) -> Watch:
    return Watch(
        row["watched_id"],
        Tier(row["tier"]),
        row["account"],
        row["contiguous_through"],
        from_ms(row["started_at"]),
        row["state"],
        row["state_reason"],
    )


def _gap(row: Row) -> Gap:
    return Gap(
        row["gap_id"],
        row["channel_id"],
        row["after_message"],
        row["through_message"],
        row["reason"],
        from_ms(row["noticed_at"]),
        from_ms(row["closed_at"]) if row["closed_at"] is not None else None,
        row["recovered"],
    )
