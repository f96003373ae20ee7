"""Which copy of a footage is the best, and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fingerprints.matching import Match, Span, flip
from pipeline.best import Best, Candidate, Flaw, Merit, best

NOON = datetime(2024, 10, 18, 12, tzinfo=UTC)
FIRST = Candidate(1, NOON, 40.0, 1280, 720, sounding=True)
SAME = Match("same", True, 0.95, "motion", spans=(Span(0.0, 0.0, 40.0),), sound=True)
CROPPED = replace(SAME, relation="edited", geometry=(1.25, 0.0, -0.125, 0.0, 1.25, -0.125))
BARRED = replace(SAME, relation="edited", geometry=(0.6, 0.0, 0.2, 0.0, 1.0, 0.0))


def later(number: int, **changes: object) -> Candidate:
    """A copy that was posted so many hours after the first."""
    return replace(FIRST, asset_id=number, posted_at=NOON + timedelta(hours=number), **changes)  # type: ignore[arg-type]


def chosen(candidates: list[Candidate], **against_first: Match) -> Best | None:
    """The best of these, each compared with the first as told (``_2`` is the match of copy 2)."""
    matches = {(int(name[1:]), 1): match for name, match in against_first.items()}
    return best(candidates, matches | {(1, one): flip(match) for (one, _), match in matches.items()})


@pytest.mark.parametrize(
    ("sentence", "second", "match", "number", "merits", "flaws"),
    [
        ("of equal copies the earliest", later(2), SAME, 1, {Merit.EARLIEST}, set()),
        ("the longer one", later(2, seconds=60.0), replace(SAME, relation="contains"), 2, {Merit.LONGEST}, set()),
        ("the wider one", later(2, width=1920, height=1080), SAME, 2, {Merit.WIDEST}, set()),
        ("the one that is not cropped", later(2), CROPPED, 1, {Merit.UNEDITED}, set()),
        (
            "a little wider within bars is no better",
            later(2, width=1400),
            BARRED,
            1,
            {Merit.WIDEST, Merit.UNEDITED},
            set(),
        ),
        ("the one that is not mirrored", later(2), replace(SAME, mirrored=True), 1, {Merit.UNEDITED}, set()),
        (
            "much longer is better, though mirrored",
            later(2, seconds=80.0),
            replace(SAME, relation="contains", mirrored=True),
            2,
            {Merit.LONGEST},
            {Flaw.MIRRORED},
        ),
        ("the one with sound", later(2, sounding=False), replace(SAME, sound=False), 1, {Merit.SOUND}, set()),
        ("the one with the first sound", later(2), replace(SAME, sound=False), 1, {Merit.SOUND}, set()),
        (
            "slow motion does not make longer",
            later(2, seconds=50.0),
            replace(SAME, relation="sped_up", spans=(Span(0, 0, 50.0, 0.8),)),
            1,
            {Merit.UNEDITED},
            set(),
        ),
        ("an intro does not make longer", later(2, seconds=45.0, furniture=5.0), SAME, 1, {Merit.BARE}, set()),
        ("the one that can be read to its end", later(2, complete=False), SAME, 1, {Merit.EARLIEST}, set()),
    ],
)
def test_the_better_of_two(
    sentence: str, second: Candidate, match: Match, number: int, merits: set[Merit], flaws: set[Flaw]
) -> None:
    """Each case is one sentence: of the first copy and a later one, which is better and why."""
    found = chosen([second, FIRST], _2=match)
    assert found is not None
    assert (found.asset_id, set(found.merits), set(found.flaws)) == (number, merits, flaws), sentence


def test_a_copy_of_an_edited_copy_is_edited() -> None:
    """What was never compared with the first copy is told by the copy that it came from; mirrored twice is straight."""
    mirrored = replace(SAME, mirrored=True)
    ties = {(2, 1): CROPPED, (3, 2): mirrored, (4, 3): mirrored}
    candidates = [replace(FIRST, width=640, height=360), later(2), later(3), later(4, width=1920, height=1080)]
    found = best(candidates, ties)
    assert found == Best(4, (Merit.WIDEST,), (Flaw.CROPPED,))
    assert found.why == "widest; cropped"


def test_one_copy_and_none() -> None:
    """The only copy is the best there is; without copies there is none."""
    assert best([FIRST], {}) == Best(1, (Merit.ONLY,), ())
    assert best([], {}) is None
