"""What a chat follows and mutes: one row per rule."""

import pytest

from pipeline.attention import Facts, applies, decisive
from storage.attention import Attention, Subject
from storage.search import fold

FACTS = Facts(
    12, 1_600_100_001, frozenset({"vehicles"}), fold("Сергіївка, полігон"), fold("Колонна техники под Уссурийском")
)


def wish(subject: Subject, meant: str, *, follows: bool = False) -> Attention:
    """What a chat wants."""
    return Attention(-100, subject, meant, meant, follows)


@pytest.mark.parametrize(
    ("subject", "meant", "about"),
    [
        (Subject.FOOTAGE, "12", True),
        (Subject.FOOTAGE, "1", False),
        (Subject.CHANNEL, "1600100001", True),
        (Subject.CHANNEL, "16001", False),
        (Subject.TAG, "vehicles", True),
        (Subject.TAG, "vehicle", False),
        (Subject.PLACE, "сергіївки", True),
        (Subject.PLACE, "полігон сергіївка", True),
        (Subject.PLACE, "уссурийск", False),
        (Subject.WORD, "колонны", True),
        (Subject.WORD, "техника колонна", True),
        (Subject.WORD, "он", False),
        (Subject.WORD, "", False),
    ],
)
def test_what_a_wish_is_about(subject: Subject, meant: str, about: bool) -> None:
    """Numbers and tags must be equal; words are forgiving about their endings and order."""
    assert applies(wish(subject, meant), FACTS) is about


def test_which_wish_decides() -> None:
    """A footage's own wish counts first; among equals who waits for something hears of it."""
    muted, followed = wish(Subject.CHANNEL, "1600100001"), wish(Subject.WORD, "колонна", follows=True)
    silenced = wish(Subject.FOOTAGE, "12")

    assert decisive([muted], FACTS) == muted
    assert decisive([muted, followed], FACTS) == followed
    assert decisive([followed, silenced, muted], FACTS) == silenced
    assert decisive([wish(Subject.TAG, "graphic")], FACTS) is None
