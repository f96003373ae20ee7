from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.model import FindingKind
from pipeline.footage import Appearance, Filing, Likeness, Linked, Tie, file_asset, findings, told

LIKE = Likeness(1, 10, 7, "same", certain=True, strength=0.9, covered=1.0)
OTHER = replace(LIKE, match_id=2, other_id=11, footage_id=8, strength=0.8)
NOON = datetime(2024, 10, 18, 12, tzinfo=UTC)


def seen(number: int, minutes: int, asset: int = 1, *, plain: bool = False) -> Appearance:
    """A sighting so many minutes after noon."""
    return Appearance(number, asset, 1000 + number, number, NOON + timedelta(minutes=minutes), plain)


@pytest.mark.parametrize(
    ("sentence", "likenesses", "filing"),
    [
        ("what matches nothing is a footage of its own", [], Filing(None)),
        ("a whole copy belongs to the footage it copies", [LIKE], Filing(7)),
        ("a possible match joins nothing", [replace(LIKE, certain=False)], Filing(None)),
        ("furniture joins nothing", [replace(LIKE, relation="excerpt", furniture=True)], Filing(None)),
        ("a copy of furniture is furniture", [replace(LIKE, furniture=True), replace(OTHER, strength=1.0)], Filing(7)),
        ("two footages that are both whole copies of it are one", [OTHER, LIKE], Filing(7, joins=(8,))),
        ("an excerpt belongs to the longer recording", [replace(LIKE, relation="excerpt")], Filing(7)),
        ("a still belongs to the video it was taken from", [replace(LIKE, relation="frame")], Filing(7)),
        ("a whole copy decides over an excerpt", [replace(OTHER, relation="excerpt", strength=1.0), LIKE], Filing(7)),
        (
            "a longer copy belongs to the recording that is most of it",
            [replace(LIKE, relation="contains", covered=0.7)],
            Filing(7),
        ),
        (
            "a video that shows a little of a recording is linked to it",
            [replace(LIKE, relation="contains", covered=0.2)],
            Filing(None, parts=(7,)),
        ),
        (
            "a compilation is a footage of its own with its parts, the strongest first",
            [replace(OTHER, relation="contains", covered=0.4), replace(LIKE, relation="contains", covered=0.6)],
            Filing(None, parts=(7, 8)),
        ),
        (
            "a known sound under other pictures is linked",
            [replace(LIKE, relation="audio")],
            Filing(None, parts=(7,)),
        ),
        (
            "a sound file with a known sound belongs to it",
            [replace(LIKE, relation="audio", sound_only=True)],
            Filing(7),
        ),
        (
            "a copy of one recording under the sound of another is linked to the other",
            [LIKE, replace(OTHER, relation="audio")],
            Filing(7, parts=(8,)),
        ),
    ],
)
def test_where_an_asset_belongs(sentence: str, likenesses: list[Likeness], filing: Filing) -> None:
    """Each case is one sentence of the rules."""
    assert file_asset(likenesses) == filing, sentence


THIRD = replace(LIKE, other_id=9, footage_id=9, strength=0.6)


@pytest.mark.parametrize(
    ("sentence", "likenesses", "apart", "filing"),
    [
        ("a copy of two that members told apart joins the stronger one", [LIKE, OTHER], [{7, 8}], Filing(7)),
        ("and the rest still join what they may", [LIKE, OTHER, THIRD], [{7, 8}], Filing(7, joins=(9,))),
        ("nobody joins who differs from one that joined", [LIKE, OTHER, THIRD], [{8, 9}], Filing(7, joins=(8,))),
        ("a copy of one shows no part of the other", [LIKE, replace(OTHER, relation="contains")], [{7, 8}], Filing(7)),
        (
            "a compilation may show parts of both",
            [replace(LIKE, relation="contains", covered=0.3), replace(OTHER, relation="contains", covered=0.3)],
            [{7, 8}],
            Filing(None, parts=(7, 8)),
        ),
    ],
)
def test_what_members_told_apart_stays_apart(
    sentence: str, likenesses: list[Likeness], apart: list[set[int]], filing: Filing
) -> None:
    """Each case is one sentence of the rules."""
    assert file_asset(likenesses, [frozenset(pair) for pair in apart]) == filing, sentence


def test_two_files_with_a_piece_in_common_are_no_excerpts_of_each_other() -> None:
    """What the other's side calls an excerpt must explain nearly all of this one."""
    assert [told("excerpt", share) for share in (0.95, 0.2)] == ["excerpt", "contains"]
    assert told("audio", 0.2) == "audio"


def test_the_earliest_post_is_first_seen_whatever_the_order_of_arrival() -> None:
    """Posted time decides: the copy that was posted first is new, though it was filed last."""
    late, early = seen(1, 30, asset=1), seen(2, 0, asset=2)
    ties = {(1, 2): Tie(5, "mirrored", 0.8)}
    found = findings(9, [late, early], ties, {}, {})
    assert [(one.sighting_id, one.kind, one.relation) for one in found] == [
        (2, FindingKind.NEW, ""),
        (1, FindingKind.REPOST, "mirrored"),
    ]


def test_equal_bytes_are_identical_and_a_chain_of_copies_leads_to_the_earliest_compared() -> None:
    """A copy is told against the earliest copy that it was compared with."""
    chain = [seen(1, 0, asset=1), seen(2, 5, asset=1), seen(3, 9, asset=2), seen(4, 12, asset=3)]
    ties = {(2, 1): Tie(1, "edited", 0.9), (3, 2): Tie(2, "excerpt", 0.7)}
    found = findings(9, chain, ties, {}, {})
    assert [one.relation for one in found] == ["", "identical", "edited", "excerpt"]
    assert [one.match_id for one in found] == [None, None, 1, 2]


def test_a_compilation_is_a_repost_of_what_was_posted_before_it() -> None:
    """Parts that were posted earlier make it a repost; parts posted later do not."""
    parts = {
        1: [
            Linked(20, Tie(1, "contains", 0.9), earlier=True),
            Linked(21, Tie(2, "contains", 0.8), earlier=True),
            Linked(22, Tie(3, "contains", 0.7), earlier=False),
        ]
    }
    (only,) = findings(9, [seen(1, 0)], {}, parts, {})
    assert (only.kind, only.footage_id, only.parts, only.relation) == (FindingKind.REPOST, 20, (21,), "contains")


def test_possible_and_plain_are_told_on_their_own_card() -> None:
    """A possible repost keeps its own footage and names the other; what is too plain says nothing."""
    maybe = {1: [Linked(20, Tie(1, "edited", 0.6), earlier=True)]}
    (possible,) = findings(9, [seen(1, 0)], {}, {}, maybe)
    assert (possible.kind, possible.footage_id, possible.parts) == (FindingKind.POSSIBLE, 9, (20,))
    (plain,) = findings(9, [seen(1, 0, plain=True)], {}, {}, maybe)
    assert plain.kind is FindingKind.PLAIN
    assert findings(9, [], {}, {}, {}) == []
