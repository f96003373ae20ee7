"""Places: by command, reply, sent location and button; on the card, undone, in the history, found again."""

import pytest

from storage import custody, members
from tests.bot.newsroom import ASTRA, SPRAVDI, Newsroom


@pytest.fixture
async def number(newsroom: Newsroom) -> int:
    """A footage whose card stands in the group."""
    footage = await newsroom.post()
    await newsroom.shown(footage)
    return footage


async def test_place_by_command_with_precision_and_method(newsroom: Newsroom, number: int) -> None:
    """/place takes a name, coordinates, a precision and a method; the card shows all, with a link to the map."""
    newsroom.taras.say(
        newsroom.group, f"/place F{number} Sergeevka range 43.8012, 131.9540; building; satellite imagery"
    )

    card = await newsroom.shown(
        number, "Place: Sergeevka range 43.80120, 131.95400 (building, by satellite imagery), Taras"
    )
    assert any("mlat=43.80120&mlon=131.95400" in (style.url or "") for style in card.entities)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Сергіївка; 2 км", "Place: Сергіївка (2 km), Taras"),
        ("https://yandex.ru/maps/?ll=131.954,43.8012&z=12 ; shadows", "Place: 43.80120, 131.95400 (by shadows), Taras"),
        ("48°00'57\"N 37°48'10\"E gate; street", "Place: gate 48.01583, 37.80278 (street), Taras"),
        ("/tag F1 x; exact", "Place: ⁄tag F1 x (exact spot), Taras"),
    ],
)
async def test_places_in_every_form(newsroom: Newsroom, number: int, written: str, shown: str) -> None:
    """A name, a map link, degrees and minutes, and what only looks like a command are shown as they were meant."""
    newsroom.taras.say(newsroom.group, f"/place F{number} {written}")

    await newsroom.shown(number, shown)


async def test_coordinates_in_reply_to_a_card_are_a_place(newsroom: Newsroom, number: int) -> None:
    """A reply with coordinates or a sent location places the footage; a reply in words stays a note."""
    newsroom.taras.say(newsroom.group, "43.8012, 131.9540; street", reply_to=newsroom.card(number))
    await newsroom.shown(number, "Place: 43.80120, 131.95400 (street), Taras")

    newsroom.olena.send_location(newsroom.group, 43.1056, 131.8735, reply_to=newsroom.card(number))
    await newsroom.shown(number, "Place: 43.10560, 131.87350 (by a pin on the map), Olena")

    newsroom.taras.say(newsroom.group, "0:12 two porches", reply_to=newsroom.card(number))
    await newsroom.shown(number, "0:12 two porches (Taras)", "Place: 43.10560")


async def test_place_by_button(newsroom: Newsroom, number: int) -> None:
    """Place asks where; the answer is the place; then precision and method are one press each, and so is taking off."""
    card = newsroom.card(number)
    newsroom.taras.press(newsroom.group, card, "📍 Place")
    await newsroom.until(lambda: "✎ Say where" in str(card.labels))
    newsroom.taras.press(newsroom.group, card, "✎ Say where")
    asked = await newsroom.said(f"📍 #F{number}: answer this with a place")

    newsroom.taras.say(newsroom.group, "Sergeevka", reply_to=asked)
    await newsroom.shown(number, "Place: Sergeevka, Taras")
    await newsroom.until(lambda: "building" in str(card.labels))
    newsroom.olena.press(newsroom.group, card, "building")
    await newsroom.shown(number, "Place: Sergeevka (building), Olena")
    newsroom.olena.press(newsroom.group, card, "shadows")
    await newsroom.shown(number, "Place: Sergeevka (building, by shadows), Olena")
    await newsroom.until(lambda: "✓ shadows" in str(card.labels))

    answer = await newsroom.taras.press(newsroom.group, card, "✕ Take it off").answered()

    assert answer.text == f"#F{number} has no place any more"
    await newsroom.until(lambda: "Place:" not in card.text)


async def test_a_press_meant_for_another_place_changes_nothing(newsroom: Newsroom, number: int) -> None:
    """When a colleague gave another place meanwhile, the old button says so and the card shows what stands."""
    card = newsroom.card(number)
    newsroom.taras.say(newsroom.group, f"/place F{number} Sergeevka")
    newsroom.taras.press(newsroom.group, card, "📍 Place")
    await newsroom.until(lambda: "building" in str(card.labels))
    old = next(button for row in card.buttons for button in row if button.text == "building")
    newsroom.olena.say(newsroom.group, f"/place F{number} Ussuriysk")
    await newsroom.shown(number, "Place: Ussuriysk, Olena")

    answer = await newsroom.taras.forge_callback(card, old.data or "").answered()

    assert answer.text.startswith("The place was changed meanwhile")
    async with newsroom.store.database.reader() as reader:
        place = await members.location(reader, number)
    assert place is not None
    assert (place.name, place.precision) == ("Ussuriysk", "")


async def test_a_place_is_undone_and_remembered(newsroom: Newsroom, number: int) -> None:
    """Undo brings the place before back; history and custody keep who placed it where."""
    newsroom.taras.say(newsroom.group, f"/place F{number} Sergeevka")
    await newsroom.shown(number, "Place: Sergeevka, Taras")
    newsroom.olena.say(newsroom.group, f"/place F{number} 43.8012, 131.9540")
    card = await newsroom.shown(number, "Place: 43.80120, 131.95400, Olena")
    newsroom.olena.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "↩ Undo mine" in str(card.labels))

    undone = await newsroom.olena.press(newsroom.group, card, "↩ Undo mine").answered()

    assert undone.text == f"#F{number}: undone: located it at 43.8012, 131.954"
    await newsroom.shown(number, "Place: Sergeevka")
    newsroom.ivan.press(newsroom.group, card, "History")
    history = await newsroom.said("who did what", "Taras located it at Sergeevka")
    assert "Olena located it at 43.8012, 131.954" in history.text
    async with newsroom.store.database.reader() as reader:
        assert await custody.verify(reader) == []


async def test_half_places_are_answered_with_an_example(newsroom: Newsroom, number: int) -> None:
    """Nothing, or a link without coordinates, is answered with how it is written; taking off what is not there too."""
    for written in (f"/place F{number}", f"/place F{number} https://t.me/x/1"):
        newsroom.taras.say(newsroom.group, written)
        await newsroom.said("Which place?")
        await newsroom.later(10)
    newsroom.taras.say(newsroom.group, f"/unplace F{number}")
    await newsroom.said(f"#F{number} has no place")


async def test_places_are_found(newsroom: Newsroom, number: int) -> None:
    """/find narrows by place, verdict, channel and time; what was taken off or moved away is not found."""
    other = await newsroom.post(SPRAVDI, "inший полігон")
    newsroom.taras.say(newsroom.group, f"/place F{number} Сергіївка, Приморський край")
    newsroom.olena.say(newsroom.group, f"/verdict F{other} confirmed")
    await newsroom.shown(number, "Place: Сергіївка")
    await newsroom.shown(other, "Verdict: confirmed")
    for question, expected in (
        ("place:сергіївки", [number]),
        ("place:Приморський_край @astrapress", [number]),
        ("place:сергіївка @spravdi", []),
        ("verdict:confirmed", [other]),
        ("полигон since:2024-10-18 until:2024-10-19", [number]),
        ("полигон until:2024-10-17", []),
        ("place:одеса", []),
    ):
        await newsroom.later(20)
        newsroom.ivan.say(newsroom.group, f"/find {question}")
        found = await newsroom.said(f"Search: {question}\n")
        assert [label for row in found.labels[:-1] for label in row] == [f"#F{one}" for one in expected], question
    newsroom.ivan.say(newsroom.group, "/find verdict:nonsense")
    await newsroom.said("Which verdict?")
    newsroom.ivan.say(newsroom.group, "/find since:someday")
    await newsroom.said("A day is written like 2024-10-18")
    assert ASTRA.username == "astrapress"
