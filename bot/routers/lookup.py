"""Asking: media sent in private, or pointed at by /seen, a mention or a reply in a group → a question written down."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, Filter
from aiogram.types import Animation, Audio, Document, Message, PhotoSize, Video, VideoNote, Voice

from bot import words
from bot.access import Action, needs
from bot.desk import Desk
from bot.download import MOST
from bot.outgoing import topic_of
from core.model import MediaKind, Member
from storage import jobs, look_ups

UNTOLD = timedelta(seconds=5)  # the question is answered even if nobody could be told that we look
File = PhotoSize | Video | Animation | VideoNote | Audio | Voice | Document


@dataclass(frozen=True, slots=True)
class Asked:
    """A file that somebody asks about."""

    file_id: str
    kind: MediaKind
    size: int | None


def router() -> Router:
    """The conversation about media that members bring."""
    made = Router(name="lookup")
    made.message.register(write_seen, Command("seen"), flags=needs(Action.ASK))
    made.message.register(send_media, F.chat.type == "private", Brought(), flags=needs(Action.ASK))
    made.message.register(point_at_media, PointedOut(), flags=needs(Action.ASK))
    return made


class Brought(Filter):
    """Lets through a message with a file, as ``asked``."""

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        """Find the file."""
        asked = media_of(message)
        return {"asked": asked} if asked is not None else False


class PointedOut(Filter):
    """Lets through media in a group that answers or mentions the bot, and mentions that answer media."""

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        """Find the file that is meant."""
        if message.bot is None:
            return False
        me = await message.bot.me()
        answered = message.reply_to_message
        mentioned = f"@{(me.username or '').lower()}" in (message.text or message.caption or "").lower().split()
        answers_me = answered is not None and answered.from_user is not None and answered.from_user.id == me.id
        own = media_of(message)
        if own is not None and (mentioned or answers_me):
            return {"asked": own}
        theirs = media_of(answered) if answered is not None and mentioned else None
        return {"asked": theirs} if theirs is not None else False


async def write_seen(message: Message, member: Member, desk: Desk) -> None:
    """/seen with media, or as a reply to it."""
    asked = media_of(message) or (media_of(message.reply_to_message) if message.reply_to_message else None)
    if asked is None:
        await desk.outgoing.reply(message, words.REPLY_TO_MEDIA())
        return
    await _ask(message, asked, member, desk)


async def send_media(message: Message, asked: Asked, member: Member, desk: Desk) -> None:
    """Media in a private chat is a question."""
    await _ask(message, asked, member, desk)


async def point_at_media(message: Message, asked: Asked, member: Member, desk: Desk) -> None:
    """So is media in a group that the bot is pointed at."""
    await _ask(message, asked, member, desk)


async def _ask(message: Message, asked: Asked, member: Member, desk: Desk) -> None:
    """Write the question down first, then say that we look; the answer will take that message's place."""
    if (asked.size or 0) > MOST:
        await desk.outgoing.reply(message, words.TOO_LARGE())
        return
    now = desk.store.clock.now()
    async with desk.store.database.transaction() as tx:
        question = await look_ups.ask(
            tx,
            message.chat.id,
            message.message_id,
            topic_of(message),
            member.user_id,
            asked.file_id,
            str(asked.kind),
            asked.size,
            now,
        )
        await jobs.enqueue(tx, "look_up", str(question), priority=jobs.LOOK_UP, run_at=now + UNTOLD)
    looking = await desk.outgoing.reply(message, words.LOOKING())
    async with desk.store.database.transaction() as tx:
        if looking is not None:
            await look_ups.answering(tx, question, looking.message_id)
        await jobs.enqueue(tx, "look_up", str(question), priority=jobs.LOOK_UP, run_at=now)


def media_of(message: Message) -> Asked | None:
    """The file of a message: of a photo the largest size."""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return Asked(largest.file_id, MediaKind.PHOTO, largest.file_size)
    kinds: tuple[tuple[File | None, MediaKind], ...] = (
        (message.animation, MediaKind.ANIMATION),  # Telegram gives an animation as a document, too
        (message.video, MediaKind.VIDEO),
        (message.video_note, MediaKind.VIDEO_NOTE),
        (message.voice, MediaKind.VOICE),
        (message.audio, MediaKind.AUDIO),
        (message.document, MediaKind.DOCUMENT),
    )
    return next((Asked(file.file_id, kind, file.file_size) for file, kind in kinds if file is not None), None)
