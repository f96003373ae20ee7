"""Buttons that are old, foreign or forged: answered, harmless, and the card is brought up to date."""

import pytest

from bot import words
from bot.callbacks import Act, Press, word_key
from storage import alerts, footage, members
from tests.bot.newsroom import ASTRA, Newsroom


@pytest.fixture
async def number(newsroom: Newsroom) -> int:
    """A footage whose card stands in the group."""
    made = await newsroom.post()
    await newsroom.shown(made)
    await newsroom.idle()
    return made


@pytest.mark.parametrize(
    "data",
    [
        "",
        "x",
        "0|tag|1|abc",
        "2|tag|1|abc",
        "1|dance|1|",
        "1|tag|1",
        "1|tag|99|abc",
        "1|tag|1|ffffffffffff",
        "1|tag|-1|x",
        "1|judge|1|true",
        "1|judge|99|confirmed",
        "1|claim|99|",
        "1|tell|1|secrets",
        "1|tell|99|history",
        "1|card|99|",
        "1|page|0|1",
        "1|page|0|x",
        "1|tag|1|abc\n1|judge|1|confirmed",
        "t:1:2:" + "A" * 58,
        "١|tag|١|abc",
        "1|tag|" + "9" * 12 + "|abc",
    ],
)
async def test_forged_presses_are_answered_and_change_nothing(newsroom: Newsroom, number: int, data: str) -> None:
    """Whatever a client makes up as callback data is answered "out of date"; nothing is written."""
    card = newsroom.card(number)
    before = card.content

    answer = await newsroom.olena.forge_callback(card, data).answered()

    assert answer.text == words.OUT_OF_DATE()
    await newsroom.idle(but_waiting=True)
    async with newsroom.store.database.reader() as reader:
        assert await members.history(reader, number) == ()
    assert card.content == before


async def test_harmless_nonsense_about_matches(newsroom: Newsroom, number: int) -> None:
    """Reviews of matches that do not exist say so and part nothing."""
    card = newsroom.card(number)
    for act, argument in ((Act.REJECT, "a99"), (Act.REJECT, "f99"), (Act.REJECT, ""), (Act.ACCEPT, f"f{number}")):
        answer = await newsroom.olena.forge_callback(card, Press(act, number, argument).pack()).answered()
        assert answer.text == words.NO_MATCH_HERE()
    answer = await newsroom.olena.forge_callback(card, Press(Act.REJOIN, number, "a99").pack()).answered()
    assert answer.text == words.NOTHING_TO_UNDO()


async def test_a_press_of_an_older_form_refreshes_the_card(newsroom: Newsroom, number: int) -> None:
    """A button of a former version is out of date; the card it hangs on is drawn anew with what is true now."""
    card = newsroom.card(number)
    async with newsroom.store.database.transaction() as tx:
        olena = await members.member(tx, newsroom.olena.id)
        assert olena is not None
        await members.tag(tx, number, "vehicles", True, olena, newsroom.store.clock.now())
    assert "Tags:" not in card.text

    answer = await newsroom.taras.forge_callback(card, f"0:tag:{number}:vehicles").answered()

    assert answer.text == words.OUT_OF_DATE()
    await newsroom.shown(number, "Tags: vehicles")


async def test_a_role_in_the_button_is_worth_nothing(newsroom: Newsroom, number: int) -> None:
    """A viewer who sends the very data of a lead's button is refused."""
    card = newsroom.card(number)

    answer = await newsroom.ivan.forge_callback(card, Press(Act.JUDGE, number, "confirmed").pack()).answered()

    assert answer.text == "This takes a lead; you are a viewer."


async def test_a_button_whose_tag_left_the_taxonomy(newsroom: Newsroom, number: int) -> None:
    """A tag that is neither offered nor on the footage any more can't be pressed."""
    card = newsroom.card(number)

    answer = await newsroom.taras.forge_callback(
        card, Press(Act.TAG, number, word_key("an abandoned tag")).pack()
    ).answered()

    assert answer.text == words.OUT_OF_DATE()


async def test_pressing_twice_is_pressing_once(newsroom: Newsroom, number: int) -> None:
    """A button says what it does: pressed twice before the card changed, it still does just that."""
    card = newsroom.card(number)
    data = Press(Act.TAG, number, word_key("vehicles")).pack()

    answers = [await newsroom.taras.forge_callback(card, data).answered() for _ in range(2)]

    assert [answer.text for answer in answers] == [
        f"#F{number} is tagged vehicles",
        f"#F{number} has the tag vehicles already",
    ]
    await newsroom.shown(number, "Tags: vehicles")


async def test_buttons_of_a_joined_footage_act_on_what_it_became(newsroom: Newsroom, number: int) -> None:
    """A press on the card of a footage that was joined into another acts on the other."""
    younger = await newsroom.post(ASTRA)
    card = await newsroom.shown(younger)
    async with newsroom.store.database.transaction() as tx:
        await footage.merge(tx, number, younger)

    answer = await newsroom.taras.press(newsroom.group, card, "✋ Claim").answered()

    assert answer.text == f"#F{number} is yours"
    async with newsroom.store.database.reader() as reader:
        assert {alert.footage_id for alert in await alerts.of_footage(reader, number)} == {number, younger}


async def test_a_broken_handler_is_told_and_does_not_stop_the_bot(newsroom: Newsroom, number: int) -> None:
    """When something breaks inside, who pressed or wrote is told, and the next press works."""
    card = newsroom.card(number)
    async with newsroom.store.database.transaction() as tx:
        await tx.run("ALTER TABLE note RENAME TO note_elsewhere")

    newsroom.taras.say(newsroom.group, f"/note F{number} gate")
    await newsroom.said("Something went wrong")
    answer = await newsroom.taras.forge_callback(card, Press(Act.TELL, number, "history").pack()).answered()
    assert answer.text == words.WENT_WRONG()
    async with newsroom.store.database.transaction() as tx:
        await tx.run("ALTER TABLE note_elsewhere RENAME TO note")

    newsroom.taras.press(newsroom.group, card, "✋ Claim")
    await newsroom.shown(number, "Claimed by Taras")
