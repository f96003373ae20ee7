"""What people write when they mean a place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.places import Point, Written, degrees, distance, map_link, read_place, read_point

SERGEEVKA = Point(43.8012, 131.954)


@pytest.mark.parametrize(
    ("text", "name", "latitude", "longitude"),
    [
        ("43.8012, 131.9540", "", 43.8012, 131.954),
        ("Sergeevka range 43.8012 131.9540", "Sergeevka range", 43.8012, 131.954),
        ("43,8012 131,9540 полигон", "полигон", 43.8012, 131.954),
        ("N48.01 E37.80", "", 48.01, 37.8),
        ("33.9 S; 18.4 W", "", -33.9, -18.4),
        ("48°00'57\"N 37°48'10\"E the gate", "the gate", 48.015833, 37.802778),
        ("37°48′10″E 48°00′57″N", "", 48.015833, 37.802778),
        ("geo:43.8012,131.9540?z=12", "", 43.8012, 131.954),
        (
            "https://www.google.com/maps/place/Sergeyevka/@43.9,131.1,12z/data=!3m1!4b1!8m2!3d43.8012!4d131.9540",
            "Sergeyevka",
            43.8012,
            131.954,
        ),
        ("https://www.google.com/maps/@43.8012,131.9540,12z", "", 43.8012, 131.954),
        ("https://maps.google.com/?q=43.8012,131.9540 porch", "porch", 43.8012, 131.954),
        ("https://www.openstreetmap.org/?mlat=43.8012&mlon=131.9540#map=5/1/2", "", 43.8012, 131.954),
        ("https://www.openstreetmap.org/#map=12/43.8012/131.9540", "", 43.8012, 131.954),
        ("https://yandex.ru/maps/?ll=131.9540%2C43.8012&z=12", "", 43.8012, 131.954),
        ("https://2gis.ru/?m=131.9540%2C43.8012%2F12", "", 43.8012, 131.954),
        ("https://maps.apple.com/?ll=43.8012,131.9540", "", 43.8012, 131.954),
        ("https://www.bing.com/maps?cp=43.8012~131.9540&lvl=12", "", 43.8012, 131.954),
        ("https://wikimapia.org/#lang=en&lat=43.8012&lon=131.9540&z=12", "", 43.8012, 131.954),
    ],
)
def test_points_in_every_usual_form(text: str, name: str, latitude: float, longitude: float) -> None:
    """Coordinates as people copy them and links of the usual map services give the point and the name beside it."""
    written = read_place(text)

    assert written is not None
    assert written.name == name
    assert written.point is not None
    assert (written.point.latitude, written.point.longitude) == pytest.approx((latitude, longitude), abs=1e-5)


@pytest.mark.parametrize(
    "text", ["18.10 24.10", "on 24, 18", "2:1, 3:4", "0:12 two porches", "18.10.2024 43.8", "95.1234, 12.1234"]
)
def test_numbers_that_are_no_point(text: str) -> None:
    """Dates, scores, time codes and what lies off the globe are not taken for coordinates."""
    assert read_point(text) is None


@pytest.mark.parametrize(
    "text", ["", "  ", "https://t.me/astrapress/5", "https://[broken", "https://maps.app.goo.gl/x"]
)
def test_no_place_at_all(text: str) -> None:
    """Nothing, and links that give away no coordinates, are no place."""
    assert read_place(text) is None


def test_a_name_is_a_place() -> None:
    """Words without coordinates are a place by name."""
    assert read_place("  Sergeevka   range ") == Written("Sergeevka range", None)


@given(st.text(max_size=200))
def test_whatever_is_written_breaks_nothing(text: str) -> None:
    """Any text is read or refused, and a point always lies on the globe."""
    written = read_place(text)
    if written is not None and written.point is not None:
        assert abs(written.point.latitude) <= 90
        assert abs(written.point.longitude) <= 180


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_what_is_shown_can_be_written_again(latitude: float, longitude: float) -> None:
    """The degrees and the link that a card shows are read back as the same point, to a metre or two."""
    point = Point(latitude, longitude)
    for shown in (degrees(point), map_link(point)):
        written = read_point(shown)
        assert written is not None
        assert written.point is not None
        assert distance(point, written.point) < 0.002


def test_distances() -> None:
    """Vladivostok lies 78 km from Sergeevka; the antipode is half the way around."""
    assert distance(SERGEEVKA, SERGEEVKA) == 0
    assert distance(SERGEEVKA, Point(43.1056, 131.8735)) == pytest.approx(77.6, abs=0.5)
    assert distance(Point(0, 0), Point(0, 180)) == pytest.approx(20015, abs=1)
