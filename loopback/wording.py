"""Words with styles: what a message says, how long Telegram counts it, and where its styles may stand.

Offsets and lengths are in UTF-16 code units throughout, as in the Bot API.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from loopback.faults import ApiError
from loopback.nouns import Entity, User

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
BYTES_LIMIT = 1 << 15
FOUND = (
    ("url", re.compile(r"(?:https?://|(?<![\w@./])(?:www\.|t\.me/))[^\s<>\"]*[^\s<>\".,;:!?)\]'»]")),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<![\w@/])@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w)")),
    ("cashtag", re.compile(r"(?<![\w$])\$[A-Z]{3,8}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w#])#\w*[^\W\d]\w*")),
)


@dataclass(frozen=True)
class Style(Entity):
    """An entity with what only some kinds carry."""

    language: str = ""
    user: User | None = None
    custom_emoji_id: str = ""
    unix_time: int | None = None
    date_time_format: str = ""

    @property
    def end(self) -> int:
        """The first unit after it."""
        return self.offset + self.length


@dataclass(frozen=True)
class Words:
    """A text and its styles, in reading order."""

    text: str = ""
    styles: tuple[Style, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)


NOTHING = Words()


def units(text: str) -> int:
    """How long Telegram counts ``text``: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, offset: int, length: int) -> str:
    """The stretch of ``text`` that an entity names."""
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode("utf-16-le")


def styled(entities: Iterable[Entity]) -> tuple[Style, ...]:
    """Entities of posts as styles."""
    return tuple(
        entity if isinstance(entity, Style) else Style(entity.kind, entity.offset, entity.length, entity.url)
        for entity in entities
    )


def finished(words: Words) -> Words:
    """Words as Telegram keeps them: checked, trimmed, with links, mentions, commands and tags found."""
    if len(words.text.encode()) > BYTES_LIMIT:
        raise ApiError(400, "Bad Request: text is too long")
    _check_places(words)
    seen = tuple(style for style in words.styles if cut(words.text, style.offset, style.length).strip())
    trimmed = _trimmed(Words(words.text, seen))
    return Words(trimmed.text, _in_order([*trimmed.styles, *_found(trimmed)]))


def _check_places(words: Words) -> None:
    size = units(words.text)
    edges = _edges(words.text)
    for style in words.styles:
        if style.offset < 0 or style.length <= 0:
            raise ApiError(400, "Bad Request: ENTITY_BOUNDS_INVALID")
        if style.end > size:
            raise ApiError(
                400,
                f"Bad Request: entity beginning at UTF-16 offset {style.offset} ends after the end of the text "
                f"at UTF-16 offset {style.end}",
            )
        for verb, place in (("begins", style.offset), ("ends", style.end)):
            if place not in edges:
                raise ApiError(
                    400, f"Bad Request: entity {verb} in a middle of a UTF-16 symbol at UTF-16 offset {place}"
                )


def _edges(text: str) -> set[int]:
    """Every offset that does not split a character outside the basic plane."""
    places, at = {0}, 0
    for character in text:
        at += 2 if ord(character) > 0xFFFF else 1
        places.add(at)
    return places


def _trimmed(words: Words) -> Words:
    text = words.text.rstrip()
    first = min((style.offset for style in words.styles), default=units(text))
    lead = min(len(text) - len(text.lstrip()), first)
    text, size = text[lead:], units(text) - lead
    moved = (
        replace(style, offset=style.offset - lead, length=min(style.length, size - style.offset + lead))
        for style in words.styles
    )
    return Words(text, tuple(style for style in moved if style.length > 0))


def _found(words: Words) -> list[Style]:
    """Entities Telegram sees by itself, where no other of the kind that excludes them stands."""
    taken = [(style.offset, style.end) for style in words.styles if style.kind in {"code", "pre", "text_link", "url"}]
    found: list[Style] = []
    for kind, pattern in FOUND:
        for match in pattern.finditer(words.text):
            style = Style(kind, units(words.text[: match.start()]), units(match.group()))
            if all(style.end <= begin or end <= style.offset for begin, end in taken):
                found.append(style)
                taken.append((style.offset, style.end))
    return found


def _in_order(styles: Sequence[Style]) -> tuple[Style, ...]:
    return tuple(sorted(styles, key=lambda style: (style.offset, -style.length)))
