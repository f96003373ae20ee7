"""The outbox: one card per footage and chat, the version it shows and the one it should, and every delivery."""

from datetime import datetime

from core.clock import from_ms, to_ms
from core.model import Alert, DeliveryState
from storage import forms, languages, settings
from storage.database import Reader, Row, Tx

_ALERT = """alert_id, footage_id, chat_id, thread_id, message_id, shown_version, wanted_version, state, loud, repeats"""

DIGEST_FROM = 5  # alerts that wait for their first message in one place become lines of a digest
LATELY = 2000  # deliveries, more than any minute has


async def want(
    tx: Tx, footage_id: int, chat_id: int, thread_id: int | None, *, loud: bool, trigger_at: datetime
) -> int:
    """Ask for a card in a chat, or for a newer version of the one that is there; the alert's row."""
    row = await tx.one(
        """
        INSERT INTO alert (footage_id, chat_id, thread_id, state, loud, trigger_at)
        VALUES (:footage, :chat, :thread, 'ready', :loud, :at)
        ON CONFLICT (footage_id, chat_id) DO UPDATE SET wanted_version = alert.wanted_version + 1
        RETURNING alert_id
        """,
        footage=footage_id,
        chat=await present_chat(tx, chat_id),
        thread=thread_id,
        loud=int(loud),
        at=to_ms(trigger_at),
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    return int(row["alert_id"])


async def alert(reader: Reader, alert_id: int) -> Alert | None:
    """An alert by its row."""
    row = await reader.one(f"SELECT {_ALERT} FROM alert WHERE alert_id = :id", id=alert_id)
    return _alert(row) if row else None


async def of_footage(reader: Reader, footage_id: int) -> tuple[Alert, ...]:
    """Every card about a footage, and about those that were merged into it."""
    rows = await reader.all(
        f"""
        SELECT {_ALERT} FROM alert WHERE footage_id = :id
            OR footage_id IN (SELECT footage_id FROM footage WHERE merged_into = :id) ORDER BY alert_id
        """,
        id=footage_id,
    )
    return tuple(_alert(row) for row in rows)


async def by_message(reader: Reader, chat_id: int, message_id: int) -> Alert | None:
    """The alert that a message of a chat shows."""
    row = await reader.one(
        f"SELECT {_ALERT} FROM alert WHERE chat_id = :chat AND message_id = :message",
        chat=chat_id,
        message=message_id,
    )
    return _alert(row) if row else None


async def sending(tx: Tx, alert_id: int, action: str, version: int, at: datetime) -> int:
    """Write down that a delivery is about to be tried; committed before the request leaves. The delivery's row."""
    await tx.run("UPDATE alert SET state = 'sending' WHERE alert_id = :id", id=alert_id)
    row = await tx.one(
        """
        INSERT INTO delivery (alert_id, action, version, state, began_at)
        VALUES (:alert, :action, :version, 'sending', :at) RETURNING delivery_id
        """,
        alert=alert_id,
        action=action,
        version=version,
        at=to_ms(at),
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    return int(row["delivery_id"])


async def sent(
    tx: Tx,
    alert_id: int,
    delivery_id: int,
    message_id: int,
    version: int,
    shown_digest: str,
    picture_digest: str,
    at: datetime,
) -> None:
    """Write down that a card shows ``version`` in message ``message_id``."""
    await tx.run(
        """
        UPDATE alert SET state = 'sent', message_id = :message, shown_version = MAX(shown_version, :version),
            shown_digest = :shown, picture_digest = :picture, first_sent_at = COALESCE(first_sent_at, :at)
        WHERE alert_id = :id
        """,
        id=alert_id,
        message=message_id,
        version=version,
        shown=shown_digest,
        picture=picture_digest,
        at=to_ms(at),
    )
    await _end(tx, delivery_id, "sent", "", at)


async def failed(tx: Tx, alert_id: int, delivery_id: int, outcome: str, at: datetime, *, dead: bool = False) -> None:
    """Write down that a delivery certainly did not happen; ``dead`` when trying again is of no use."""
    await tx.run(
        """
        UPDATE alert SET state = CASE WHEN :dead = 1 THEN 'failed' WHEN message_id IS NULL THEN 'ready' ELSE 'sent' END
        WHERE alert_id = :id
        """,
        id=alert_id,
        dead=int(dead),
    )
    await _end(tx, delivery_id, "failed", outcome, at)


async def mark_unknown(tx: Tx, alert_id: int, delivery_id: int | None, at: datetime) -> None:
    """Write down that nobody knows whether a delivery happened: the reply was lost, or we were killed in between."""
    await tx.run("UPDATE alert SET state = 'unknown' WHERE alert_id = :id", id=alert_id)
    if delivery_id is not None:
        await _end(tx, delivery_id, "unknown", "no reply", at)
    else:
        await tx.run(
            "UPDATE delivery SET state = 'unknown', ended_at = :at, outcome = 'interrupted' "
            "WHERE alert_id = :id AND state = 'sending'",
            id=alert_id,
            at=to_ms(at),
        )


async def count_repeat(tx: Tx, alert_id: int) -> None:
    """Write down that a card may stand twice, and will say so."""
    await tx.run("UPDATE alert SET repeats = repeats + 1 WHERE alert_id = :id", id=alert_id)


async def forget_message(tx: Tx, alert_id: int) -> None:
    """The card was deleted in its chat: it will be sent anew."""
    await tx.run("UPDATE alert SET message_id = NULL, state = 'ready' WHERE alert_id = :id", id=alert_id)


async def unknown_sends(reader: Reader) -> tuple[Alert, ...]:
    """The alerts that a crash left in the middle of a delivery."""
    rows = await reader.all(f"SELECT {_ALERT} FROM alert WHERE state = 'sending' ORDER BY alert_id")
    return tuple(_alert(row) for row in rows)


async def digests(reader: Reader, alert_id: int) -> tuple[str, str]:
    """What the card shows now: digests of its words and buttons, and of its picture."""
    row = await reader.one("SELECT shown_digest, picture_digest FROM alert WHERE alert_id = :id", id=alert_id)
    return (row["shown_digest"], row["picture_digest"]) if row else ("", "")


async def unsent(reader: Reader, chat_id: int, thread_id: int | None) -> tuple[Alert, ...]:
    """The alerts of a place that wait for their first message, the oldest first."""
    rows = await reader.all(
        f"""
        SELECT {_ALERT} FROM alert WHERE chat_id = :chat AND thread_id IS NOT DISTINCT FROM :thread
            AND message_id IS NULL AND state = 'ready' ORDER BY trigger_at, alert_id
        """,
        chat=chat_id,
        thread=thread_id,
    )
    return tuple(_alert(row) for row in rows)


async def told(tx: Tx, alert_id: int, delivery_id: int, version: int, at: datetime) -> None:
    """Write down that a digest told of an alert: it has no message of its own until there is more to tell."""
    await tx.run(
        """
        UPDATE alert SET state = 'sent', shown_version = MAX(shown_version, :version),
            first_sent_at = COALESCE(first_sent_at, :at) WHERE alert_id = :id
        """,
        id=alert_id,
        version=version,
        at=to_ms(at),
    )
    await _end(tx, delivery_id, "sent", "in a digest", at)


async def leave_topic(tx: Tx, chat_id: int, thread_id: int | None) -> None:
    """A topic is gone: the alerts that were to stand in it go to the general one."""
    await tx.run(
        "UPDATE alert SET thread_id = NULL WHERE chat_id = :chat AND thread_id IS NOT DISTINCT FROM :thread",
        chat=chat_id,
        thread=thread_id,
    )


async def migrate_chat(tx: Tx, old: int, new: int) -> None:
    """A group became a supergroup under another number.

    Its old messages can't be edited any more: what they told counts as told, and a new card comes when there is more.
    """
    await settings.put(tx, f"chat {old} is now", str(new))
    await languages.move(tx, old, new)
    await forms.move(tx, old, new)
    await tx.run(
        """
        UPDATE alert SET chat_id = :new, thread_id = NULL, message_id = NULL, state = CASE
            WHEN message_id IS NOT NULL OR state = 'sent' THEN 'sent'
            WHEN state = 'failed' THEN 'failed' ELSE 'ready' END
        WHERE chat_id = :old AND footage_id NOT IN (SELECT footage_id FROM alert WHERE chat_id = :new)
        """,
        old=old,
        new=new,
    )
    await tx.run("UPDATE alert SET state = 'failed' WHERE chat_id = :old", old=old)


async def present_chat(reader: Reader, chat_id: int) -> int:
    """The number under which Telegram knows a chat now."""
    moved = await settings.get(reader, f"chat {chat_id} is now")
    return int(moved) if moved else chat_id


async def revive(tx: Tx, chat_id: int) -> tuple[Alert, ...]:
    """A chat lets the bot in again: the alerts that were lost to it are wanted anew."""
    rows = await tx.all(
        f"UPDATE alert SET state = CASE WHEN message_id IS NULL THEN 'ready' ELSE 'sent' END "
        f"WHERE chat_id = :chat AND state = 'failed' RETURNING {_ALERT}",
        chat=chat_id,
    )
    return tuple(_alert(row) for row in rows)


async def ages(reader: Reader, since: datetime) -> tuple[float, ...]:
    """Seconds from capture to card of every alert first sent since then."""
    rows = await reader.all(
        "SELECT first_sent_at - trigger_at AS age FROM alert WHERE first_sent_at >= :since ORDER BY first_sent_at",
        since=to_ms(since),
    )
    return tuple(row["age"] / 1000 for row in rows)


async def spoken_since(reader: Reader, since: datetime) -> tuple[tuple[int, datetime], ...]:
    """When deliveries to which chats were begun, oldest first; those of one digest, begun at once, count as one."""
    rows = await reader.all(
        """
        SELECT chat_id, began_at, COUNT(*) AS n FROM delivery JOIN alert ON alert.alert_id = delivery.alert_id
        WHERE delivery_id > (SELECT COALESCE(MAX(delivery_id), 0) FROM delivery) - :most AND began_at >= :since
        GROUP BY chat_id, began_at ORDER BY began_at
        """,
        most=LATELY,
        since=to_ms(since),
    )
    return tuple(
        (row["chat_id"], from_ms(row["began_at"]))
        for row in rows
        for _ in range(1 if row["n"] >= DIGEST_FROM else row["n"])
    )


async def counts(reader: Reader) -> dict[str, int]:
    """Alerts by state, and how many were marked as possible repeats."""
    rows = await reader.all("SELECT state, COUNT(*) AS n FROM alert GROUP BY state ORDER BY state")
    repeats = await reader.one("SELECT COALESCE(SUM(repeats), 0) AS n FROM alert")
    return {**{row["state"]: row["n"] for row in rows}, "repeats": repeats["n"] if repeats else 0}


async def _end(tx: Tx, delivery_id: int, state: str, outcome: str, at: datetime) -> None:
    await tx.run(
        "UPDATE delivery SET state = :state, outcome = :outcome, ended_at = :at WHERE delivery_id = :id",
        id=delivery_id,
        state=state,
        outcome=outcome,
        at=to_ms(at),
    )


def _alert(row: Row) -> Alert:
    return Alert(
        row["alert_id"],
        row["footage_id"],
        row["chat_id"],
        row["thread_id"],
        row["message_id"],
        row["shown_version"],
        row["wanted_version"],
        DeliveryState(row["state"]),
        bool(row["loud"]),
        row["repeats"],
    )
