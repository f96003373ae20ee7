"""Whether a chat follows or mutes what a finding is about: pure rules.

What is said about one footage counts before what is said about many; of wishes of one kind following counts before
muting, because what somebody waits for must not be lost to what somebody is tired of.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.attention import Attention, Subject, parts_of
from storage.search import fold, stems


@dataclass(frozen=True, slots=True)
class Facts:
    """What a finding is about, as compared."""

    footage_id: int
    channel_id: int
    tags: frozenset[str] = frozenset()  # casefolded
    place: str = ""  # folded words
    caption: str = ""  # folded words
    verdict: str = ""


def applies(wish: Attention, facts: Facts) -> bool:
    """Whether a wish is about this finding."""
    match wish.subject:
        case Subject.FOOTAGE:
            return wish.meant == str(facts.footage_id)
        case Subject.CHANNEL:
            return wish.meant == str(facts.channel_id)
        case Subject.TAG:
            return wish.meant in facts.tags
        case Subject.PLACE:
            return has_words(facts.place, wish.meant)
        case Subject.WORD:
            return has_words(facts.caption, wish.meant)
        case Subject.VERDICT:
            return wish.meant == facts.verdict
        case Subject.SEARCH:
            return all(applies(part, facts) for part in parts_of(wish))


def decisive(wishes: Iterable[Attention], facts: Facts) -> Attention | None:
    """The wish that decides; nothing when none is about this finding."""
    about = [wish for wish in wishes if applies(wish, facts)]
    return min(about, key=lambda wish: (wish.subject is not Subject.FOOTAGE, not wish.follows), default=None)


def has_words(folded: str, meant: str) -> bool:
    """Whether a folded text has the beginnings of all these words, in any order."""
    words = folded.split()
    wanted = stems(fold(meant))
    return bool(wanted) and all(any(word.startswith(stem) for word in words) for stem in wanted)
