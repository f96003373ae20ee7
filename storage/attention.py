"""What a chat follows and mutes, and what a mute held back from it until a recap told of it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.clock import from_ms, to_ms
from core.model import Member
from storage import custody
from storage.database import Reader, Row, Tx
from storage.members import actor


class Subject(StrEnum):
    """What can be followed and muted."""

    FOOTAGE = "footage"
    CHANNEL = "channel"
    TAG = "tag"
    PLACE = "place"
    WORD = "word"
    VERDICT = "verdict"
    SEARCH = "search"  # all of several


@dataclass(frozen=True, slots=True)
class Attention:
    """One wish of a chat: ``meant`` is what is compared, ``shown`` what was written; muted unless it ``follows``."""

    chat_id: int
    subject: Subject
    meant: str
    shown: str
    follows: bool


def search(chat_id: int, parts: Iterable[tuple[Subject, str]], shown: str, *, follows: bool) -> Attention:
    """A wish about what fits all of these; of one part alone it is the wish about that."""
    wanted = sorted((str(subject), meant) for subject, meant in parts)
    if len(wanted) == 1:
        return Attention(chat_id, Subject(wanted[0][0]), wanted[0][1], shown, follows)
    return Attention(chat_id, Subject.SEARCH, json.dumps(wanted, ensure_ascii=False), shown, follows)


def parts_of(wish: Attention) -> tuple[Attention, ...]:
    """The parts of a search, each as a wish of its own."""
    return tuple(replace(wish, subject=Subject(subject), meant=meant) for subject, meant in json.loads(wish.meant))


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A finding that was not told in a chat, and why."""

    footage_id: int
    sighting_id: int
    reason: str
    held_at: datetime
    thread_id: int | None = None


async def wish(tx: Tx, wanted: Attention, member: Member, at: datetime) -> bool:
    """Follow or mute something in a chat; false when that is so already."""
    if wanted in await of_chat(tx, wanted.chat_id):
        return False
    await tx.run(
        """
        INSERT INTO attention (chat_id, subject, meant, shown, follows, member, user_id, set_at)
        VALUES (:chat, :subject, :meant, :shown, :follows, :member, :user_id, :at)
        ON CONFLICT (chat_id, subject, meant) DO UPDATE SET shown = excluded.shown, follows = excluded.follows,
            member = excluded.member, user_id = excluded.user_id, set_at = excluded.set_at
        """,
        chat=wanted.chat_id,
        subject=str(wanted.subject),
        meant=wanted.meant,
        shown=wanted.shown,
        follows=int(wanted.follows),
        member=member.name,
        user_id=member.user_id,
        at=to_ms(at),
    )
    action = "attention.follows" if wanted.follows else "attention.mutes"
    await _tell(tx, action, wanted, member, at)
    return True


async def end(tx: Tx, chat_id: int, subject: Subject, meant: str, member: Member, at: datetime) -> Attention | None:
    """Neither follow nor mute it any longer; what ended, or nothing."""
    row = await tx.one(
        "DELETE FROM attention WHERE chat_id = :chat AND subject = :subject AND meant = :meant RETURNING *",
        chat=chat_id,
        subject=str(subject),
        meant=meant,
    )
    if row is None:
        return None
    ended = _attention(row)
    await _tell(tx, "attention.ended", ended, member, at)
    return ended


async def of_chat(reader: Reader, chat_id: int) -> tuple[Attention, ...]:
    """What a chat follows and mutes, by name."""
    rows = await reader.all("SELECT * FROM attention WHERE chat_id = :chat ORDER BY shown, subject", chat=chat_id)
    return tuple(_attention(row) for row in rows)


async def everywhere(reader: Reader) -> dict[int, tuple[Attention, ...]]:
    """What every chat follows and mutes."""
    wishes: dict[int, tuple[Attention, ...]] = {}
    for row in await reader.all("SELECT * FROM attention ORDER BY chat_id, shown, subject"):
        wishes[row["chat_id"]] = (*wishes.get(row["chat_id"], ()), _attention(row))
    return wishes


async def hold_back(
    tx: Tx, chat_id: int, thread_id: int | None, footage_id: int, sighting_id: int, reason: str, at: datetime
) -> None:
    """Remember what a mute keeps from a chat."""
    await tx.run(
        """
        INSERT INTO held_back (chat_id, thread_id, footage_id, sighting_id, reason, held_at)
        VALUES (:chat, :thread, :footage, :sighting, :reason, :at) ON CONFLICT DO NOTHING
        """,
        chat=chat_id,
        thread=thread_id,
        footage=footage_id,
        sighting=sighting_id,
        reason=reason,
        at=to_ms(at),
    )


async def held(reader: Reader, chat_id: int) -> tuple[HeldBack, ...]:
    """What was held back from a chat and not told yet, oldest first."""
    rows = await reader.all(
        "SELECT * FROM held_back WHERE chat_id = :chat AND told_at IS NULL ORDER BY held_at, sighting_id", chat=chat_id
    )
    return tuple(
        HeldBack(row["footage_id"], row["sighting_id"], row["reason"], from_ms(row["held_at"]), row["thread_id"])
        for row in rows
    )


async def told(tx: Tx, chat_id: int, recapped: Iterable[HeldBack], at: datetime) -> None:
    """A recap told of these."""
    await tx.many(
        "UPDATE held_back SET told_at = :at "
        "WHERE chat_id = :chat AND footage_id = :footage AND sighting_id = :sighting",
        [
            {"at": to_ms(at), "chat": chat_id, "footage": one.footage_id, "sighting": one.sighting_id}
            for one in recapped
        ],
    )


async def _tell(tx: Tx, action: str, wished: Attention, member: Member, at: datetime) -> None:
    subject = f"chat/{wished.chat_id}"
    await custody.record(tx, action, subject, actor(member), at, kind=str(wished.subject), what=wished.shown)


def _attention(row: Row) -> Attention:
    return Attention(row["chat_id"], Subject(row["subject"]), row["meant"], row["shown"], bool(row["follows"]))
