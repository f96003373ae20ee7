"""Foreign text as it may be shown: what hides, controls or turns the reading direction becomes visible."""

import unicodedata
from datetime import datetime

from core.units import format_duration

_KEPT = frozenset("\n\t\u200c\u200d")  # line ends, and the joiners that emoji and some scripts are written with


def shown(text: str) -> str:
    """``text`` with every control, format or unassigned character as its number: ``⟨U+202E⟩``."""
    if text.isprintable():
        return text
    return "".join(
        character if character in _KEPT or unicodedata.category(character)[0] != "C" else f"⟨U+{ord(character):04X}⟩"
        for character in text.replace("\r\n", "\n")
    )


def moment(at: datetime | None) -> str:
    """A time in UTC to the second; empty for none."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else ""


def length(seconds: float | None) -> str:
    """A media length for people; empty for none."""
    return format_duration(round(seconds, 1)) if seconds else ""
