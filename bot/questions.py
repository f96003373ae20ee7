"""What a member asks the archive: words, and what narrows them (#tag @channel place: verdict: since: until:). Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from aiogram.types import Message

from bot import notices, words
from core.ids import ChannelRef, parse_channel
from core.model import Verdict

_NARROWING = ("place:", "verdict:", "since:", "until:")


class Unclear(ValueError):
    """A question that can't be answered as it is written; says how it is written."""


@dataclass(frozen=True, slots=True)
class Question:
    """A search: ``since`` and ``until`` are whole days in UTC, ``until`` included."""

    words: str = ""
    tags: tuple[str, ...] = ()
    channel: ChannelRef | None = None
    place: str = ""
    verdict: Verdict | None = None
    since: datetime | None = None
    until: datetime | None = None


def read_question(written: str) -> Question:
    """The question in these words; an underscore stands for a space. Unclear when a day or a verdict is none."""
    parts = written.split()
    narrowed = {
        name: part.removeprefix(name).replace("_", " ")
        for part in parts
        for name in _NARROWING
        if part.startswith(name) and part != name
    }
    channels = [ref for part in parts if part.startswith("@") and (ref := parse_channel(part))]
    plain = [part for part in parts if not part.startswith(("#", *_NARROWING)) and not _is_channel(part)]
    until = _day(narrowed.get("until:"))
    return Question(
        words=" ".join(plain),
        tags=tuple(part[1:].replace("_", " ") for part in parts if part.startswith("#") and len(part) > 1),
        channel=channels[0] if channels else None,
        place=narrowed.get("place:", ""),
        verdict=_verdict(narrowed.get("verdict:")),
        since=_day(narrowed.get("since:")),
        until=until + timedelta(days=1) if until else None,
    )


def verdict_named(written: str) -> Verdict | None:
    """The verdict with this name, in any language and case and with spaces or underscores."""
    wanted = written.casefold().replace("_", " ").strip()
    named = ((one, {str(one).replace("_", " "), *word.everywhere()}) for one, word in words.VERDICT_WORD.items())
    return next((one for one, names in named if wanted in names), None)


def _is_channel(part: str) -> bool:
    return part.startswith("@") and parse_channel(part) is not None


def _verdict(written: str | None) -> Verdict | None:
    if written is None:
        return None
    found = verdict_named(written)
    if found is None:
        raise Unclear(notices.which_verdict())
    return found


def _day(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(written), time(), UTC)
    except ValueError as error:
        raise Unclear(words.WHICH_DAY()) from error


def asked_by(message: Message | None) -> str | None:
    """The question that a message of results answers: its first styled words."""
    if message is None or not message.text or not message.entities:
        return None
    code = next((one for one in message.entities if one.type == "code"), None)
    return code.extract_from(message.text) if code is not None else None
