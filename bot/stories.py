"""The longer texts behind a card: each line clean, the whole within one message. Pure."""

from collections.abc import Sequence

from aiogram.types import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.formatting import Bold, Code, Text, TextLink, as_list

from bot import words
from bot.cards import TEXT_LIMIT
from bot.cleaning import line
from core.ids import footage_label, post_link
from core.units import format_size
from storage.footage import FootageSighting
from storage.members import Event

MOST_COPIED = 4  # files with a button of their own


def timeline(footage_id: int, seen: Sequence[FootageSighting]) -> Text:
    """Every post that shows the footage, the earliest first, with the time since the earliest."""
    lines = []
    for one in seen:
        link = post_link(one.channel.channel_id, one.sighting.message_id, one.channel.username)
        at = words.moment(one.sighting.posted_at)
        lag = one.sighting.posted_at - seen[0].sighting.posted_at
        facts = [line(one.channel.title, 40), f"+{words.span(lag)}" if lag else words.EARLIEST(), *_marks(one)]
        lines.append(Text(TextLink(at, url=link) if link else at, " · ", " · ".join(facts)))
    return fitting(Bold(words.timeline_title(footage_label(footage_id))), lines)


def _marks(seen: FootageSighting) -> list[str]:
    marks = [] if seen.belongs else [words.PART()]
    if seen.forward is not None:
        marks.append(words.FORWARDED())
    if seen.edited:
        marks.append(words.EDITED())
    if seen.deleted_at is not None:
        marks.append(words.gone(seen.deleted_at))
    return marks


def evidence(footage_id: int, seen: Sequence[FootageSighting], head: tuple[int, str]) -> Text:
    """The SHA-256 and the perceptual hash of every file held, where it was captured and how; the custody log's head."""
    lines = []
    for one in seen:
        how = words.post_captured(line(one.channel.title, 32), one.sighting.message_id, one.sighting.capture)
        captured = words.captured(one.sighting.captured_at)
        seen_hash = ["\npHash ", Code(one.asset.phash)] if one.asset.phash else []
        lines.append(Text(Code(one.asset.sha256), *seen_hash, f"\n{how}, {captured}, {format_size(one.asset.size)}"))
    title = Bold(words.evidence_title(footage_label(footage_id)))
    number, digest = head
    return fitting(title, [Text(f"{words.custody_head(number)} ", Code(digest)), *lines])


def copy_buttons(seen: Sequence[FootageSighting]) -> InlineKeyboardMarkup | None:
    """One tap copies the SHA-256 of a file: the newest of them, each once."""
    files = {one.asset.sha256: line(one.channel.title, 24) for one in seen}
    rows = [
        [InlineKeyboardButton(text=f"⧉ {digest[:8]}… {channel}", copy_text=CopyTextButton(text=digest))]
        for digest, channel in list(files.items())[-MOST_COPIED:]
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def history(footage_id: int, events: Sequence[Event]) -> Text:
    """Who did what when, the newest first."""
    title = Bold(words.history_title(footage_label(footage_id)))
    lines = [
        Text(f"{words.moment(one.at)} · {line(one.member, 32)} {line(words.deed(one.act, one.about), 120)}")
        for one in reversed(events)
    ]
    return fitting(title, lines or [Text(words.NO_HISTORY())])


def fitting(title: Text, lines: Sequence[Text], limit: int = TEXT_LIMIT) -> Text:
    """As many lines as fit under the title, and how many do not."""
    shown, room = [title], limit - len(title) - 32
    for number, one in enumerate(lines):
        room -= len(one) + 1
        if room < 0:
            shown.append(Text(words.more_lines(len(lines) - number)))
            break
        shown.append(one)
    return as_list(*shown)
