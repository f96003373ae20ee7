"""What a button carries: version, action, footage and one argument, at most 64 bytes. Never a role, never a right.

Anybody can send any callback data for any message, so what is parsed here is only a wish: who may do it is decided by
``bot.access`` at the time of the press, and everything named is looked up again.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from core.ids import footage_label

VERSION = "1"
LIMIT = 64  # bytes; Telegram's
_FORM = re.compile(
    r"(?P<version>[0-9a-z]{1,3})\|(?P<act>[a-z_]{1,16})\|(?P<footage>\d{1,12})\|(?P<argument>[\w+-]{0,24})", re.ASCII
)


class Act(StrEnum):
    """What a button asks for."""

    CLAIM = "claim"
    TAKE_OVER = "take"
    RELEASE = "release"
    MENU = "menu"
    TAG = "tag"
    UNTAG = "untag"
    JUDGE = "judge"
    REJECT = "reject"
    ACCEPT = "accept"
    REJOIN = "rejoin"
    PART = "part"
    UNDO = "undo"
    TELL = "tell"
    CARD = "card"
    PAGE = "page"
    PLACE = "place"
    ATTEND = "attend"
    FORGET = "forget"
    FURNISH = "furnish"
    UNFURNISH = "unfurnish"
    SPEAK = "speak"
    SAVE = "save"
    REVOKE = "revoke"
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class Press:
    """A button's wish; ``footage_id`` is 0 where none is meant."""

    act: Act
    footage_id: int = 0
    argument: str = ""

    def pack(self) -> str:
        """As callback data."""
        packed = f"{VERSION}|{self.act}|{self.footage_id}|{self.argument}"
        if _FORM.fullmatch(packed) is None:
            raise ValueError(f"{packed!r} can't be callback data of {footage_label(self.footage_id)}")
        return packed


def parse(text: str | None) -> Press | None:
    """Read callback data; nothing for another version, an unknown act or anything foreign."""
    found = _FORM.fullmatch(text or "")
    if found is None or found["version"] != VERSION or found["act"] not in set(Act):
        return None
    return Press(Act(found["act"]), int(found["footage"]), found["argument"])


def word_key(word: str) -> str:
    """A short name for a tag: the same for the same word, whatever the taxonomy's order."""
    return hashlib.sha256(word.encode(errors="surrogatepass")).hexdigest()[:12]
