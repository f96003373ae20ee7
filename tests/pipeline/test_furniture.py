"""What is channel furniture and what is news that recurs, and what a match is worth without furniture."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from fingerprints.matching import Match, Span
from pipeline.furniture import Discovery, File, Shared, discover, found_again, place_of, without
from pipeline.learning import beyond
from storage.furniture import Place, Stretch

MONDAY = date(2024, 10, 14)
ASTRA, SPRAVDI = 1, 2
FILE = File(ASTRA, MONDAY, 60.0)
INTRO = Span(0.5, 0.0, 5.0)


def shared(number: int, **changes: object) -> Shared:
    """The intro as it stands in another report of another day."""
    base = Shared(number, 10 + number, ASTRA, MONDAY + timedelta(days=number), 40.0, INTRO, common=0.12)
    return replace(base, **changes)  # type: ignore[arg-type]


REPORTS = [shared(1), shared(2), shared(3)]
ENDING = [shared(n, span=Span(54.0, 34.0, 5.5)) for n in (1, 2, 3)]
MIDDLE = [shared(n, span=Span(20.0, 10.0 + n, 6.0)) for n in range(1, 7)]


@pytest.mark.parametrize(
    ("sentence", "found", "places"),
    [
        ("an intro of four reports of one channel is furniture", REPORTS, [Place.OPENING]),
        ("so is an end card", ENDING, [Place.ENDING]),
        ("an intro and an end card are two pieces", [*REPORTS, *ENDING], [Place.OPENING, Place.ENDING]),
        ("a map amid six other reports is furniture", MIDDLE, [Place.WITHIN]),
        ("amid three it may as well be a clip that is news", MIDDLE[:3], []),
        ("three files with one intro may be chance", REPORTS[:2], []),
        ("copies of one footage count once", [shared(n, footage_id=11) for n in (1, 2, 3)], []),
        ("what is posted again and again is news", [shared(n, common=0.9) for n in (1, 2, 3)], []),
        ("a clip of one day is news", [shared(n, posted_on=MONDAY) for n in (1, 2, 3)], []),
        ("what another channel showed is no channel's own", [*REPORTS, shared(4, channel_id=SPRAVDI)], []),
        ("a clip that was posted by itself is footage", [*REPORTS, shared(4, duration=5.2, common=0.96)], []),
        ("a long stretch is no intro", [shared(n, span=Span(0.0, 0.0, 25.0)) for n in (1, 2, 3)], []),
        ("a jingle alone is furniture of the sound", [shared(n, picture=False) for n in (1, 2, 3)], [Place.OPENING]),
    ],
)
def test_what_is_furniture(sentence: str, found: list[Shared], places: list[Place]) -> None:
    """Each case is one sentence of the rules."""
    assert [one.place for one in discover(FILE, found)] == places, sentence


def test_a_discovery_tells_where_it_stands_and_what_it_was_learned_from() -> None:
    """The seconds are told in every file, with the footages and on how many days they were posted."""
    assert discover(FILE, REPORTS) == [
        Discovery(Place.OPENING, True, 0.5, 5.0, (11, 12, 13), 4, {1: (0.0, 5.0), 2: (0.0, 5.0), 3: (0.0, 5.0)})
    ]


STRETCH = Stretch(7, 0.0, 5.0)
MATCH = Match("contains", True, 0.9, "motion", spans=(Span(0.2, 0.1, 5.2), Span(30.0, 29.9, 8.0)))


@pytest.mark.parametrize(
    ("sentence", "match", "stretches", "left"),
    [
        ("what lies beside furniture counts", MATCH, [STRETCH], MATCH.spans[1:]),
        ("furniture alone makes no match", replace(MATCH, spans=MATCH.spans[:1]), [STRETCH], None),
        ("a still of an intro makes none", replace(MATCH, spans=(Span(2.0, 0.0, 0.0),)), [STRETCH], None),
        (
            "a stretch that goes on into news counts",
            replace(MATCH, spans=(Span(0, 0, 9.0),)),
            [STRETCH],
            (Span(0, 0, 9.0),),
        ),
        ("what members rejected is no furniture", MATCH, [replace(STRETCH, rejected=True)], MATCH.spans),
        ("under a jingle the pictures count", MATCH, [replace(STRETCH, picture=False)], MATCH.spans),
        (
            "under a jingle the sound does not",
            replace(MATCH, picture=False),
            [replace(STRETCH, picture=False)],
            MATCH.spans[1:],
        ),
        ("photos have no seconds", replace(MATCH, spans=()), [STRETCH], ()),
    ],
)
def test_a_match_without_furniture(
    sentence: str, match: Match, stretches: list[Stretch], left: tuple[Span, ...] | None
) -> None:
    """Furniture on either side takes its seconds out of a match."""
    for ours, theirs in ((stretches, []), ([], stretches)):
        rest = without(match, ours, theirs)
        assert (rest.spans if rest else None) == left, sentence


def test_furniture_is_found_again_also_when_it_was_rejected() -> None:
    """A new file that shares known furniture has it too, unless it shows hardly anything else."""
    rejected = replace(STRETCH, furniture_id=8, rejected=True)
    assert found_again(MATCH, [STRETCH, rejected], 60.0) == {7: (0.2, 5.2), 8: (0.2, 5.2)}
    assert found_again(MATCH, [STRETCH], 6.0) == {}


def test_where_a_marked_stretch_stands() -> None:
    """A stretch opens files when it begins all of them, and ends them when it ends all."""
    assert place_of([(0.0, 5.0, 60.0), (1.5, 5.0, 9.0)]) is Place.OPENING
    assert place_of([(54.0, 5.0, 60.0), (20.0, 5.0, 25.0)]) is Place.ENDING
    assert place_of([(0.0, 5.0, 60.0), (20.0, 5.0, 60.0)]) is Place.WITHIN


def test_what_an_intro_hid_is_taken_in_its_place() -> None:
    """A match that rests on furniture gives way to one that lies beyond it; all others stay, and new ones come."""
    intro, news = replace(MATCH, spans=MATCH.spans[:1]), replace(MATCH, spans=(Span(20.0, 40.0, 4.0),))
    found = [(1, intro), (2, MATCH), (3, intro)]
    more = [(1, news), (2, news), (4, news)]
    assert beyond(found, frozenset({1, 3}), more) == ((2, MATCH), (3, intro), (1, news), (4, news))
