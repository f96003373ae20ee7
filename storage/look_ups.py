"""Questions that members asked with media; the media itself is not kept."""

from dataclasses import dataclass
from datetime import datetime

from core.clock import from_ms, to_ms
from storage.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class LookUp:
    """A question: who asked where, with which file of the Bot API, and the message that becomes the answer."""

    look_up_id: int
    chat_id: int
    message_id: int
    thread_id: int | None
    user_id: int
    file_id: str
    kind: str
    size: int | None
    asked_at: datetime
    answer_id: int | None
    answered_at: datetime | None


async def ask(
    tx: Tx,
    chat_id: int,
    message_id: int,
    thread_id: int | None,
    user_id: int,
    file_id: str,
    kind: str,
    size: int | None,
    at: datetime,
) -> int:
    """Write a question down once; its row."""
    row = await tx.one(
        """
        INSERT INTO look_up (chat_id, message_id, thread_id, user_id, file_id, kind, size, asked_at)
        VALUES (:chat, :message, :thread, :user, :file, :kind, :size, :at)
        ON CONFLICT (chat_id, message_id) DO UPDATE SET file_id = look_up.file_id RETURNING look_up_id
        """,
        chat=chat_id,
        message=message_id,
        thread=thread_id,
        user=user_id,
        file=file_id,
        kind=kind,
        size=size,
        at=to_ms(at),
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    return int(row["look_up_id"])


async def look_up(reader: Reader, look_up_id: int) -> LookUp | None:
    """A question by its row."""
    row = await reader.one("SELECT * FROM look_up WHERE look_up_id = :id", id=look_up_id)
    if row is None:
        return None
    return LookUp(
        row["look_up_id"],
        row["chat_id"],
        row["message_id"],
        row["thread_id"],
        row["user_id"],
        row["file_id"],
        row["kind"],
        row["size"],
        from_ms(row["asked_at"]),
        row["answer_id"],
        from_ms(row["answered_at"]) if row["answered_at"] is not None else None,
    )


async def answering(tx: Tx, look_up_id: int, answer_id: int) -> None:
    """Remember the message that will be edited into the answer."""
    await tx.run("UPDATE look_up SET answer_id = :answer WHERE look_up_id = :id", id=look_up_id, answer=answer_id)


async def answered(tx: Tx, look_up_id: int, answer: str, at: datetime) -> None:
    """Remember what was answered."""
    await tx.run(
        "UPDATE look_up SET answer = :answer, answered_at = :at WHERE look_up_id = :id",
        id=look_up_id,
        answer=answer,
        at=to_ms(at),
    )
