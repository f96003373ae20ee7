"""The one border that foreign text crosses on its way into a message: captions, titles, names, notes.

What is invisible or turns the reading direction becomes visible, what Telegram refuses is replaced, and commands lose
their slash, so that no caption can be tapped into an act of a member. Lengths are in UTF-16 code units, as Telegram
counts.
"""

import re
import unicodedata
from itertools import groupby

ELLIPSIS = "…"
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"[^\S\n]*\n(?:[^\S\n]*\n)+")
_SPACES = re.compile(r"\s+")
_COMMAND = re.compile(r"(?<![\w/<>⁄])/(?=[A-Za-z0-9_])")
_MARK = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"  # accents of any script
_STACKED = re.compile(rf"([{_MARK}]{{3}})[{_MARK}]+")
_JOINERS = frozenset("\u200c\u200d")
_BLANKS = frozenset("\u034f\u115f\u1160\u3164\uffa0\u2800")  # letters and marks by name, empty to the eye
_PICTURES = 0x2400  # Unicode's pictures of the control characters


def units(text: str) -> int:
    """How long Telegram counts ``text``: UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """At most ``limit`` units of ``text``, with an ellipsis where something is missing; no character is split."""
    if units(text) <= limit:
        return text
    kept, left = [], limit - 1
    for character in text:
        left -= 2 if ord(character) > 0xFFFF else 1
        if left < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + ELLIPSIS if limit > 0 else ""


def paragraph(text: str, limit: int) -> str:
    """Foreign text of several lines: clean, without piles of blank lines, cut to ``limit`` units; perhaps empty."""
    lines = _LINE_ENDS.sub("\n", text[: 2 * limit + 64])
    return cut(_BLANK_LINES.sub("\n\n", _visible(lines)).strip(), limit)


def line(text: str, limit: int = 64) -> str:
    """Foreign text on one line: clean, cut to ``limit`` units; a dash when nothing is left."""
    plain = _SPACES.sub(" ", _visible(_LINE_ENDS.sub(" ", text[: 2 * limit + 64]))).strip()
    return cut(plain, limit) or "—"


def _visible(text: str) -> str:
    shown = text if _all_visible(text) else _marked(text)
    return _COMMAND.sub("⁄", _STACKED.sub(r"\1", shown))


def _all_visible(text: str) -> bool:
    """The usual case, without looking at each character: Python's "printable" leaves out all that hides or controls."""
    return all(part.isprintable() for part in text.split("\n")) and _BLANKS.isdisjoint(text)


def _marked(text: str) -> str:
    return "".join(
        _mark([text[place] for place in places]) if hidden else "".join(_legible(text[place]) for place in places)
        for hidden, places in groupby(range(len(text)), lambda place: _hidden(text, place))
    )


def _hidden(text: str, place: int) -> bool:
    """Whether a reader would not see this character: it joins, turns, tags or fills without ink."""
    character = text[place]
    if character.isascii():
        return False
    if character in _JOINERS:
        return not _joins(text, place)
    return unicodedata.category(character) == "Cf" or character in _BLANKS


def _mark(hidden: list[str]) -> str:
    times = f" ×{len(hidden)}" if len(hidden) > 1 else ""
    return f"[U+{ord(hidden[0]):04X}{times}]"


def _legible(character: str) -> str:
    code = ord(character)
    if character in "\n\t":
        return character
    if code < 0x20 or code == 0x7F:
        return chr(_PICTURES + code) if code < 0x20 else "\u2421"
    if 0x80 <= code < 0xA0 or 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE:
        return "\ufffd"
    return character


def _joins(text: str, place: int) -> bool:
    """Whether a joiner stands where people need one: inside an emoji, or between letters of a joining script."""
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if not place or not after:
        return False
    if unicodedata.category(after) == "So" or after in "♀♂⚕⚖✈":
        return unicodedata.category(before) in {"So", "Sk"} or before == "\ufe0f"
    return all("\u0600" <= one <= "\u06ff" or "\u0900" <= one <= "\u0dff" for one in (before, after))
