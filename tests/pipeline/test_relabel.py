"""The relabel alarm: places and days are found in five languages, and only what can't be so is told."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import Location
from pipeline.dates import days_named
from pipeline.gazetteer import world
from pipeline.relabel import Contradiction, Contrast, news
from pipeline.suspicion import Suspect, examine

POSTED = datetime(2024, 10, 27, 9, 44, tzinfo=UTC)
SINCE = datetime(2024, 10, 22, 6, 58, tzinfo=UTC)
SERGEEVKA = Location("Sergeevka range", 43.5, 132.0, "building", "Taras", SINCE)
SUDZHA = Location("Sudzha", 51.19, 35.27, "town", "Taras", SINCE)


def suspect(text: str, place: Location | None = SERGEEVKA, **changes: object) -> Suspect:
    """A copy posted five days after the earliest one."""
    fields: dict[str, object] = {
        "text": text,
        "posted_at": POSTED,
        "earliest_text": "Сергеевка, Приморский край",
        "since": SINCE,
        "place": place,
        "mirrored": False,
        "other_sound": False,
    }
    return Suspect(**(fields | changes))  # type: ignore[arg-type]


def told(text: str, place: Location | None = SERGEEVKA, **changes: object) -> list[Contrast]:
    """In what this copy contradicts."""
    return [one.contrast for one in examine(suspect(text, place, **changes))]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Північнокорейські військові під Курськом", "Kursk"),
        ("бійці у Харкові", "Kharkiv"),
        ("прямо з Києва", "Kyiv"),
        ("Видео из Мариуполя, часть вторая", "Mariupol"),
        ("заняли Суджу", "Sudzha"),
        ("идут бои в Курской области", "Kursk"),
        ("у Харківській області", "Kharkiv"),
        ("Korean soldiers near Kursk", "Kursk"),
        ("filmed in Chasiv Yar, they say", "Chasiv Yar"),
        ("Des soldats nord-coréens à Koursk", "Kursk"),
        ("장면: 쿠르스크에서 북한군", "Kursk"),
        ("#курск сегодня", "Kursk"),
        ("КУРСК", "Kursk"),
        ("Алеппо. Архив", "Aleppo"),
        ("старое видео, Сирия", "Syria"),
        ("une vidéo de Syrie", "Syria"),
        ("시리아 영상", "Syria"),
    ],
)
def test_places_are_found_in_five_languages(text: str, name: str) -> None:
    """A place is known in whatever language, case form and spelling a caption names it."""
    assert name in [mention.name for mention in world().mentions(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Победа близко. Мир!",
        "Серия видео. Новые кадры. Полный ролик",
        "Dozens of soldiers run past a concrete barrier. Reading the list of training grounds",
        "two porches, one narrator",
        "Как сообщает источник: есть потери",
        "Des dizaines de soldats courent",
        "군인 수십 명",
        "",
    ],
)
def test_ordinary_words_are_no_places(text: str) -> None:
    """Capitals at the beginning of a sentence make no place of a word."""
    assert world().mentions(text) == ()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("23 октября в Курской области", date(2024, 10, 23)),
        ("відео за 23 жовтня 2024 року", date(2024, 10, 23)),
        ("le 1er mai 2022", date(2022, 5, 1)),
        ("October 24, 2024", date(2024, 10, 24)),
        ("the 24th of October", date(2024, 10, 24)),
        ("2024년 10월 18일", date(2024, 10, 18)),
        ("10월 18일 촬영", date(2024, 10, 18)),
        ("снято 18.10.2024", date(2024, 10, 18)),
        ("2024-10-22", date(2024, 10, 22)),
        ("31 декабря", date(2023, 12, 31)),
        ("29 февраля", date(2024, 2, 29)),
        ("сегодня утром", date(2024, 10, 27)),
        ("Hier soir", date(2024, 10, 26)),
        ("오늘", date(2024, 10, 27)),
    ],
)
def test_days_are_found_in_five_languages(text: str, day: date) -> None:
    """A day is known by name, number or as today and yesterday; without a year it is the last one of that name."""
    assert [named.day for named in days_named(text, POSTED)] == [day]


@pytest.mark.parametrize(
    "text", ["50 марта", "16 серия", "5.45 mm", "31.02.2024", "12:30", "1/2", "1.1.1850", "on 24 May 2031"]
)
def test_numbers_that_are_no_days(text: str) -> None:
    """Impossible days, calibres, times, fractions, and days still to come name no day of filming."""
    assert days_named(text, POSTED) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Сергеевка, Приморский край",
        "північнокорейці на полігоні під Уссурійськом",
        "North Korean soldiers in Russia",
        "러시아 연해주",
        "Не Курск, а Сергеевка! Снято под Уссурийском",
        "22 октября",
        "18 октября, а не 25 октября",
        "Dozens of soldiers run past a concrete barrier",
        "",
    ],
)
def test_no_alarm_for_what_may_be_so(text: str) -> None:
    """The true place in any spelling, its country, a day up to the first post, or no claim at all: no alarm."""
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "contrasts"),
    [
        ("Северокорейцы в Курской области", [Contrast.PLACE]),
        ("북한군, 쿠르스크", [Contrast.PLACE]),
        ("Des soldats à Koursk, le 25 octobre", [Contrast.PLACE, Contrast.DATE]),
        ("снято сегодня", [Contrast.DATE]),
        ("October 26", [Contrast.DATE]),
        ("відео з Сирії", [Contrast.PLACE]),
    ],
)
def test_another_place_or_day_is_told(text: str, contrasts: list[Contrast]) -> None:
    """A caption whose places are all elsewhere, or whose days all lie after the first post, contradicts."""
    assert told(text) == contrasts


def test_the_alarm_says_what_against_what() -> None:
    """A contradiction carries the words of the caption, what is known, and a key that is equal for all spellings."""
    russian, korean = (examine(suspect(text))[0] for text in ("под Курском", "쿠르스크"))

    assert russian == Contradiction(Contrast.PLACE, "Курском", "Sergeevka range", "Kursk")
    assert korean.key == russian.key


def test_a_region_is_as_wide_as_it_is() -> None:
    """A caption that names the region of the known town is right; the region's capital by itself is another place."""
    assert told("бої в Курській області", SUDZHA) == []
    assert told("бої в Курську", SUDZHA) == [Contrast.PLACE]
    assert told("бої в Курську", Location("", 51.19, 35.27, "region", "Taras", SINCE)) == []


def test_a_place_by_name_alone_is_looked_up() -> None:
    """Without coordinates the gazetteer says where the team's place is; a name that nobody knows raises no alarm."""
    assert told("під Курськом", Location("Ussuriysk", None, None, "", "Taras", SINCE)) == [Contrast.PLACE]
    assert told("в Уссурийске", Location("Ussuriysk", None, None, "", "Taras", SINCE)) == []
    assert told("під Курськом", Location("the old brick works", None, None, "", "Taras", SINCE)) == []


def test_without_a_place_the_earliest_caption_counts() -> None:
    """Judged footage that nobody placed is compared with what its earliest caption names."""
    assert told("під Курськом", None, earliest_text="під Уссурійськом") == [Contrast.PLACE]
    assert told("під Курськом", None, earliest_text="soldiers run") == []


def test_a_village_that_the_gazetteer_does_not_know() -> None:
    """A caption that repeats the name which the team or the earliest caption used is right, whoever else bears it."""
    assert told("Сергіївка, Одеська область") == []
    assert told("під Сергіївкою", Location("", 43.5, 132.0, "", "Taras", SINCE)) == []
    assert told("під Сергіївкою", earliest_text="", place=Location("", 43.5, 132.0, "", "T", SINCE)) == [Contrast.PLACE]


def test_mirrored_and_other_sound_are_told() -> None:
    """A mirrored copy and one with other sound are told whatever the caption says."""
    assert told("", mirrored=True, other_sound=True) == [Contrast.MIRRORED, Contrast.SOUND]


def test_further_copies_of_a_wave_bring_nothing_new() -> None:
    """What an earlier copy already claimed is known; another claim is news."""
    kursk, mirrored = Contradiction(Contrast.PLACE, "Курск", "x", "Kursk"), Contradiction(Contrast.MIRRORED, key="m")

    assert news([kursk, mirrored], [(Contrast.PLACE, "Kursk")]) == (mirrored,)
    assert news([kursk], [(Contrast.PLACE, "Bakhmut")]) == (kursk,)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400))
def test_any_caption_is_read(text: str) -> None:
    """Whatever stands in a caption, the alarm reads it; the same words at the same place contradict nothing."""
    examine(suspect(text))
    assert all(named.day <= POSTED.date() + timedelta(days=1) for named in days_named(text, POSTED))
