"""Small facts that must outlive a restart, and the troubles shown in /status."""

from datetime import datetime

from core.clock import from_ms, to_ms
from core.model import Trouble
from storage.database import Reader, Tx


async def get(reader: Reader, name: str) -> str | None:
    """The value of a setting."""
    row = await reader.one("SELECT value FROM setting WHERE name = :name", name=name)
    return str(row["value"]) if row else None


async def put(tx: Tx, name: str, value: str) -> None:
    """Set a setting."""
    await tx.run(
        """
        INSERT INTO setting (name, value) VALUES (:name, :value)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value
        """,
        name=name,
        value=value,
    )


async def set_trouble(tx: Tx, part: str, message: str, at: datetime) -> bool:
    """Say that a part is in trouble; true when it was not, so that it is logged once."""
    known = await tx.one("SELECT message FROM trouble WHERE part = :part", part=part)
    await tx.run(
        """
        INSERT INTO trouble (part, message, since) VALUES (:part, :message, :since)
        ON CONFLICT (part) DO UPDATE SET message = excluded.message
        """,
        part=part,
        message=message,
        since=to_ms(at),
    )
    return known is None


async def clear_trouble(tx: Tx, part: str) -> bool:
    """Say that a part is well again; true when it was in trouble."""
    return await tx.run("DELETE FROM trouble WHERE part = :part", part=part) > 0


async def troubles(reader: Reader) -> tuple[Trouble, ...]:
    """Everything in trouble now, the oldest first."""
    rows = await reader.all("SELECT part, message, since FROM trouble ORDER BY since, part")
    return tuple(Trouble(row["part"], row["message"], from_ms(row["since"])) for row in rows)
