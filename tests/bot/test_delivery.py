"""Cards under Telegram's limits and mishaps: paced, never lost, a possible repeat says so."""

import re
from contextlib import suppress
from datetime import timedelta

import pytest

from core.config import Chat as Route
from core.model import DeliveryState
from loopback.faults import ApiError, Cut, Flood, Garbage, Hold, Status
from storage import alerts, jobs, settings
from tests.bot.newsroom import ASTRA, SPRAVDI, START, Newsroom

SENDS = ("sendPhoto", "sendMessage")
PACED = (*SENDS, "editMessageCaption", "editMessageMedia", "editMessageText")


def refusals(newsroom: Newsroom) -> list[str]:
    """How often the server's own counters said no."""
    return [event.outcome for event in newsroom.world.log if event.outcome.startswith("429")]


async def state(newsroom: Newsroom, footage: int) -> DeliveryState:
    """How far the card of a footage came."""
    async with newsroom.store.database.reader() as reader:
        (alert,) = await alerts.of_footage(reader, footage)
    return alert.state


# ---------------------------------------------------------------------------------------------------- pace


async def test_sixty_alerts_at_once_stay_within_the_limits(newsroom: Newsroom) -> None:
    """A burst of 60 never meets the server's counter; each alert is a card or a line of a digest with its button."""
    numbers = [await newsroom.post(text=f"clip {number}") for number in range(60)]
    for _ in range(40):
        await newsroom.later(6)
    await newsroom.idle()

    shown = newsroom.group.messages
    digests = [message for message in shown if "alerts at once" in message.text]
    listed = {button.text for message in digests for row in message.buttons for button in row}
    carded = {message.text.split("\n")[0].removeprefix("NEW ") for message in shown if message.media is not None}
    assert refusals(newsroom) == []
    assert carded | listed == {f"#F{number}" for number in numbers}
    assert not carded & listed
    assert 1 <= len(digests) <= 4
    assert all(button in message.text for message in digests for row in message.labels for button in row)


async def test_a_digest_brings_a_card_on_request(newsroom: Newsroom) -> None:
    """A number under a digest brings the card; an alert told in a digest is not sent again by itself."""
    numbers = [await newsroom.post(text=f"clip {number}") for number in range(30)]
    await newsroom.said("alerts at once")
    for _ in range(12):
        await newsroom.later(6)
    await newsroom.idle()
    digest = await newsroom.said("alerts at once")
    label = digest.labels[0][0]
    assert re.search(r"Custody log, entry \d+: [0-9a-f]{64}", digest.text)
    number = int(label.removeprefix("#F"))

    newsroom.ivan.press(newsroom.group, digest, label)

    card = await newsroom.shown(number)
    assert card.silent
    assert number in numbers
    assert refusals(newsroom) == []


async def test_buttons_work_while_the_budget_is_short(newsroom: Newsroom) -> None:
    """New cards leave a reserve: in the middle of a burst a press still changes its card at once."""
    first = await newsroom.post()
    card = await newsroom.shown(first)
    for number in range(25):
        await newsroom.post(text=f"clip {number}")
    await newsroom.said("alerts at once")
    await newsroom.idle(but_waiting=True)

    newsroom.taras.press(newsroom.group, card, "✋ Claim")

    await newsroom.shown(first, "Claimed by Taras")
    assert refusals(newsroom) == []


async def test_an_order_to_wait_is_obeyed_to_the_second(newsroom: Newsroom) -> None:
    """After 429 nothing goes to that chat until the time is up, and then the card comes, unmarked."""
    newsroom.world.faults.add(face="botapi", call="sendPhoto", what=Flood(37))
    first = await newsroom.post()
    second = await newsroom.post()
    await newsroom.idle(but_waiting=True)
    asked = len(newsroom.world.served("sendPhoto"))

    await newsroom.later(36)
    await newsroom.idle(but_waiting=True)
    assert len(newsroom.world.served("sendPhoto")) == asked
    await newsroom.later(1.5)

    assert "repeat" not in (await newsroom.shown(first)).text
    await newsroom.shown(second)


async def test_edits_of_one_card_keep_their_distance(newsroom: Newsroom) -> None:
    """Ten reposts within a second are at most a few edits, and the last one shows them all."""
    first = await newsroom.post(SPRAVDI)
    card = await newsroom.shown(first)
    for minute in range(10):
        await newsroom.post(ASTRA, of=first, at=START + timedelta(minutes=minute))
        await newsroom.idle(but_waiting=True)
    await newsroom.later(4)

    await newsroom.shown(first, "11 copies")
    assert card.edits <= 3


# ---------------------------------------------------------------------------------------------------- unknown fate


async def test_a_lost_reply_means_one_marked_repeat(newsroom: Newsroom) -> None:
    """When the connection ends after Telegram took the card, it is sent once more after a while and says so."""
    newsroom.world.faults.add(face="botapi", call="sendPhoto", what=Cut(served=True))
    number = await newsroom.post()
    await newsroom.shown(number)
    await newsroom.idle(but_waiting=True)
    assert await state(newsroom, number) is DeliveryState.UNKNOWN
    await newsroom.later(31)
    await newsroom.shown(number, "possible repeat")
    await newsroom.idle()

    first, second = newsroom.group.messages
    assert "repeat" not in first.text
    assert second.silent
    newsroom.taras.press(newsroom.group, first, "✋ Claim")
    await newsroom.until(lambda: "Claimed by Taras" in second.text)
    async with newsroom.store.database.reader() as reader:
        assert (await alerts.counts(reader))["repeats"] == 1


async def test_a_crash_between_sending_and_noting_means_one_marked_repeat(stage: Newsroom) -> None:
    """Killed after Telegram has the card and before that is written down: the next start repeats it, marked, once."""
    hold = Hold()
    with suppress(ExceptionGroup):
        async with stage.at_work():
            number = await stage.post()
            rule = stage.world.faults.add(face="botapi", call="sendPhoto", what=hold)
            await stage.until(lambda: rule.hits)
            raise_crash()
    async with stage.store.database.reader() as reader:
        assert [alert.footage_id for alert in await alerts.unknown_sends(reader)] == [number]

    async with stage.at_work():
        await stage.shown(number, "possible repeat")
        await stage.idle()
        assert await state(stage, number) is DeliveryState.SENT
    async with stage.at_work():
        await stage.idle()
    assert [message.text.count("possible repeat") for message in stage.group.messages] == [1]


def raise_crash() -> None:
    """End everything at once, as a kill does."""
    raise RuntimeError("killed")


async def test_a_server_that_can_not_be_reached_costs_no_mark(stage: Newsroom) -> None:
    """When no connection is made, nothing was sent for sure: the card comes unmarked when the server is back."""
    async with stage.at_work():
        await stage.server.stop()
        number = await stage.post()
        await stage.idle(but_waiting=True)
        await stage.server.start()
        await stage.later(3)

        assert "repeat" not in (await stage.shown(number)).text


@pytest.mark.parametrize("fault", [Status(502, b"<html>Bad Gateway</html>"), Garbage(), Cut()])
async def test_an_unclear_answer_to_an_edit_is_simply_repeated(newsroom: Newsroom, fault: object) -> None:
    """Edits are repeatable: a broken answer leads to the same edit again, without any mark."""
    number = await newsroom.post(SPRAVDI)
    await newsroom.shown(number)
    newsroom.world.faults.add(face="botapi", call="editMessageMedia", what=fault)  # type: ignore[arg-type]
    await newsroom.post(ASTRA, of=number, at=START + timedelta(hours=1))
    await newsroom.later(5)
    await newsroom.later(5)

    card = await newsroom.shown(number, "REPOST")
    assert "repeat" not in card.text
    assert len(newsroom.group.messages) == 1


# ---------------------------------------------------------------------------------------------------- lost places


async def test_a_kicked_bot_says_so_and_goes_on_when_let_in_again(newsroom: Newsroom) -> None:
    """Thrown out, the alert is kept as failed and the trouble is shown; let in again, the card comes."""
    newsroom.olena.kick(newsroom.group, newsroom.me)
    number = await newsroom.post()
    await newsroom.idle()

    assert await state(newsroom, number) is DeliveryState.FAILED
    async with newsroom.store.database.reader() as reader:
        (trouble,) = await settings.troubles(reader)
    assert "no alerts reach chat" in trouble.message
    newsroom.olena.add(newsroom.group, newsroom.me)

    await newsroom.shown(number)
    await newsroom.idle()
    async with newsroom.store.database.reader() as reader:
        assert await settings.troubles(reader) == ()


async def test_a_group_that_moves_is_followed(stage: Newsroom) -> None:
    """A group turned supergroup keeps getting its alerts under its new number, each footage once."""
    basic = stage.world.chats.group("Desk", [stage.olena, stage.taras, stage.me], basic=True)
    stage.config = stage.config.model_copy(update={"chats": (Route(chat_id=basic.id),)})
    async with stage.at_work():
        number = await stage.post(SPRAVDI)
        await stage.shown(number, chat=basic)
        moved = stage.world.chats.migrate(basic)
        later = await stage.post()
        await stage.shown(later, chat=moved)
        await stage.later(5)
        await stage.post(ASTRA, of=number, at=START + timedelta(hours=1))
        card = await stage.shown(number, "REPOST", chat=moved)
        stage.taras.press(moved, card, "✋ Claim")
        await stage.shown(number, "Claimed by Taras", chat=moved)
        await stage.idle()

    assert len(moved.messages) == 2


async def test_a_group_that_moved_unnoticed_is_followed(stage: Newsroom) -> None:
    """The same when the bot was not running while the group moved: the refused card tells the new number."""
    basic = stage.world.chats.group("Desk", [stage.olena, stage.me], basic=True)
    stage.config = stage.config.model_copy(update={"chats": (Route(chat_id=basic.id),)})
    moved = stage.world.chats.migrate(basic)
    stage.world.chats.inbox(stage.me).clear()
    async with stage.at_work():
        number = await stage.post()

        await stage.shown(number, chat=moved)


async def test_a_deleted_card_is_sent_anew(newsroom: Newsroom) -> None:
    """When somebody deletes the card, the next change brings it again, silently."""
    number = await newsroom.post()
    card = await newsroom.shown(number)
    newsroom.world.chats.delete(card)

    newsroom.taras.say(newsroom.group, f"/tag F{number} vehicles")

    again = await newsroom.shown(number, "Tags: vehicles")
    assert again is not card
    assert again.silent


async def test_a_topic_and_what_happens_when_it_is_deleted(stage: Newsroom) -> None:
    """Alerts go into the topic of their route; when that is gone they go to the general one, and it is said."""
    forum = stage.world.chats.group("Desk", [stage.olena, stage.me], forum=True)
    topic = stage.world.chats.topic(forum, "Alerts")
    stage.config = stage.config.model_copy(update={"chats": (Route(chat_id=forum.id, thread_id=topic.id),)})
    async with stage.at_work():
        first = await stage.post()
        await stage.shown(first, chat=forum)
        assert forum.in_topic("Alerts") == [stage.card(first, forum)]
        stage.world.chats.delete_topic(forum, topic)

        second = await stage.post()
        card = await stage.shown(second, chat=forum)
        await stage.idle()

    assert card.thread_id is None


async def test_a_refused_picture_goes_without(newsroom: Newsroom) -> None:
    """A picture that Telegram can't process costs the picture, not the alert."""
    newsroom.world.faults.add(
        face="botapi", call="sendPhoto", what=ApiError(400, "Bad Request: IMAGE_PROCESS_FAILED"), times=None
    )
    number = await newsroom.post()

    assert (await newsroom.shown(number)).media is None


async def test_what_telegram_refuses_for_good_is_parked(newsroom: Newsroom) -> None:
    """A refusal without remedy leaves the job to a person, with Telegram's words."""
    newsroom.world.faults.add(
        face="botapi", call="sendPhoto", what=ApiError(400, "Bad Request: SOMETHING_NEW"), times=None
    )
    await newsroom.post()
    await newsroom.idle(but_waiting=True)

    async with newsroom.store.database.reader() as reader:
        (parked,) = await jobs.parked(reader)
    assert "SOMETHING_NEW" in parked.error
    assert newsroom.group.messages == []
