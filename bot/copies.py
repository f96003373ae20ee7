"""The best copy of a footage in words, and as a file on demand: unaltered, with why it is the best and where it was."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from aiogram.types import Message
from aiogram.utils.formatting import Bold, Code, Text, TextLink, as_list

from bot import words
from bot.cleaning import line
from bot.outgoing import Outgoing
from bot.tongues import Phrase, say
from core.ids import footage_label, post_link
from core.model import Asset, MediaKind
from core.units import format_size
from pipeline.best import Flaw, Merit
from pipeline.copies import BestCopy

BEST, HEAR = Phrase("⭐ Best copy"), Phrase("🔊 Hear both")
MOST_BYTES = 50_000_000  # that a bot may send
_ENDINGS: Mapping[MediaKind, str] = {
    MediaKind.PHOTO: ".jpg",
    MediaKind.VIDEO: ".mp4",
    MediaKind.ANIMATION: ".mp4",
    MediaKind.VIDEO_NOTE: ".mp4",
    MediaKind.VOICE: ".ogg",
}
MERIT_WORD: Mapping[Merit, Phrase] = {
    Merit.LONGEST: Phrase("longest"),
    Merit.WIDEST: Phrase("widest"),
    Merit.UNEDITED: Phrase("no edits found"),
    Merit.SOUND: Phrase("sound as in the earliest copy"),
    Merit.BARE: Phrase("without channel furniture"),
    Merit.EARLIEST: Phrase("earliest of equal copies"),
    Merit.ONLY: Phrase("the only copy held"),
}
FLAW_WORD: Mapping[Flaw, Phrase] = {
    Flaw.PARTLY_READ: Phrase("can't be read to its end"),
    Flaw.MIRRORED: Phrase("mirrored"),
    Flaw.CROPPED: Phrase("cropped"),
    Flaw.FRAMED: Phrase("within a larger frame"),
    Flaw.RETIMED: Phrase("at another speed"),
    Flaw.EDITED: Phrase("edited"),
    Flaw.OTHER_SOUND: Phrase("other sound than the earliest copy"),
    Flaw.NO_SOUND: Phrase("without sound"),
    Flaw.FURNITURE: Phrase("with channel furniture"),
}


def summary(copy: BestCopy) -> str:
    """One line: whose copy it is, its length and size, and why it is the best."""
    asset = copy.seen.asset
    length = f", {words.clock(asset.duration)}" if asset.duration else ""
    size = f", {asset.width}×{asset.height}" if asset.width else ""
    return f"{line(copy.seen.channel.title, 40)}{length}{size} ({why(copy)})"


def why(copy: BestCopy) -> str:
    """What speaks for a copy; and what against it."""
    merits = ", ".join(MERIT_WORD[merit]() for merit in copy.best.merits)
    flaws = ", ".join(FLAW_WORD[flaw]() for flaw in copy.best.flaws)
    return f"{merits}; {flaws}" if flaws else merits


def described(footage_id: int, copy: BestCopy) -> Text:
    """What stands below the file: the footage, why, the post that it came in, and its hashes."""
    seen, asset = copy.seen, copy.seen.asset
    title = say("{label}: best of {copies}", label=footage_label(footage_id), copies=words.copies(copy.of))
    link = post_link(seen.channel.channel_id, seen.sighting.message_id, seen.channel.username)
    at = words.moment(seen.sighting.posted_at)
    lines = [
        Bold(title),
        Text(why(copy)),
        Text(
            f"{line(seen.channel.title, 40)}, ", TextLink(at, url=link) if link else at, f", {format_size(asset.size)}"
        ),
        Text("SHA-256 ", Code(asset.sha256)),
    ]
    return as_list(*lines, *([Text("pHash ", Code(asset.phash))] if asset.phash else []))


async def send(outgoing: Outgoing, message: Message, footage_id: int, copy: BestCopy, path: Path) -> None:
    """The file below a message as it is held; what is too large for a bot, or missing, is described with its post."""
    text = described(footage_id, copy)
    if copy.seen.asset.size > MOST_BYTES or not await asyncio.to_thread(path.is_file):
        reason = say("The file can't be sent here; its post and its hash stand above.")
        await outgoing.reply(message, as_list(text, Text(reason)))
        return
    protect = copy.seen.channel.protected
    await outgoing.hand_over(message, path, named(footage_id, copy.seen.asset), text, protect=protect)


def named(footage_id: int, asset: Asset) -> str:
    """A file name of ours: the footage and the beginning of the hash."""
    return f"F{footage_id}-{asset.sha256[:12]}{_ENDINGS.get(asset.kind, '')}"
