"""What the team says, where it is told, and the small facts that outlive a restart."""

from datetime import timedelta

from core.model import DeliveryState, Member, Role, Verdict
from storage import alerts, custody, look_ups, members, settings
from storage.database import Tx
from storage.opening import Store
from tests.storage.made import MARK, NOW, OLENA, filed

MINUTE = timedelta(minutes=1)
TEAM_CHAT = -100


async def test_the_team_is_what_the_configuration_says(store: Store) -> None:
    """Who is no longer listed is inactive and not forgotten; an unchanged team writes nothing."""
    async with store.database.transaction() as tx:
        for _ in range(2):
            await members.seed(tx, [OLENA, MARK], NOW)
        assert (await custody.head(tx))[0] == 2
        await members.seed(tx, [Member(7, "Olena", Role.ADMIN)], NOW)
        assert await members.member(tx, 7) == Member(7, "Olena", Role.ADMIN)
        assert await members.member(tx, 8) == Member(8, "Mark", Role.LEAD, active=False)
        assert await members.member(tx, 9) is None
        await members.seed(tx, [OLENA, MARK], NOW)
        assert set(await members.members(tx)) == {OLENA, MARK}


async def test_saying_the_same_twice_is_one_event(store: Store) -> None:
    """Tags, verdicts, notes, claims and places that are there already make neither event nor custody entry."""
    footage_id = await filed(store)
    async with store.database.transaction() as tx:
        begun = (await custody.head(tx))[0]
        for first in (True, False):
            assert await members.tag(tx, footage_id, "camp", True, OLENA, NOW) is first
            assert await members.judge(tx, footage_id, Verdict.CONFIRMED, OLENA, NOW) is first
            assert await members.claim(tx, footage_id, True, OLENA, NOW) is first
            assert await members.note(tx, footage_id, "two porches", None, OLENA, NOW) == 1
            await members.locate(tx, footage_id, "Сергіївка", 46.02, None, "town", OLENA, NOW)
        assert len(await members.history(tx, footage_id)) == 5
        assert (await custody.head(tx))[0] == begun + 5
        assert await members.note(tx, footage_id, "two porches", None, OLENA, NOW + MINUTE) == 2
        assert await members.note(tx, footage_id, "two porches", None, MARK, NOW) == 3
        assert await custody.verify(tx) == []


async def test_taking_back_is_an_event_too(store: Store) -> None:
    """What was said stays in the history in its order; what stands is the last word."""
    footage_id = await filed(store)
    async with store.database.transaction() as tx:
        await members.tag(tx, footage_id, "camp", True, OLENA, NOW)
        await members.tag(tx, footage_id, "camp", False, MARK, NOW + MINUTE)
        await members.judge(tx, footage_id, Verdict.CONFIRMED, OLENA, NOW)
        await members.judge(tx, footage_id, Verdict.UNREVIEWED, MARK, NOW + MINUTE)
        await members.claim(tx, footage_id, True, OLENA, NOW)
        await members.claim(tx, footage_id, False, MARK, NOW + MINUTE)
        assert not await members.claim(tx, footage_id, False, MARK, NOW + MINUTE)
        note_id = await members.note(tx, footage_id, "wrong", 2.0, OLENA, NOW)
        assert await members.withdraw_note(tx, note_id, MARK, NOW + MINUTE)
        assert not await members.withdraw_note(tx, note_id, MARK, NOW + MINUTE)
        assert await members.tags(tx, footage_id) == ()
        assert await members.claimed_by(tx, footage_id) is None
        assert await members.notes(tx, footage_id) == ()
        told = [(event.member, event.what) for event in await members.history(tx, footage_id)]
        assert told[:4] == [
            ("Olena", "tagged camp"),
            ("Olena", "judged confirmed"),
            ("Olena", "claimed"),
            ("Olena", "noted wrong"),
        ]
        assert {"untagged camp", "judged unreviewed", "released"} <= {what for _, what in told[4:]}


async def test_one_card_for_a_footage_and_chat(store: Store) -> None:
    """Wanting it again only wants a newer version; a delivery is written down before and after."""
    footage_id = await filed(store)
    async with store.database.transaction() as tx:
        alert_id = await alerts.want(tx, footage_id, TEAM_CHAT, 3, loud=True, trigger_at=NOW)
        assert await alerts.want(tx, footage_id, TEAM_CHAT, None, loud=False, trigger_at=NOW + MINUTE) == alert_id
        other = await alerts.want(tx, footage_id, -7, None, loud=False, trigger_at=NOW)
        assert [one.alert_id for one in await alerts.of_footage(tx, footage_id)] == [alert_id, other]
        delivery = await alerts.sending(tx, alert_id, "send", 2, NOW)
        assert [one.alert_id for one in await alerts.unknown_sends(tx)] == [alert_id]
        await alerts.sent(tx, alert_id, delivery, 77, 2, "words", "picture", NOW + 3 * timedelta(seconds=1))
        await alerts.sent(tx, alert_id, delivery, 77, 1, "words", "picture", NOW + MINUTE)
        alert = await alerts.by_message(tx, TEAM_CHAT, 77)
        assert alert is not None
        assert (alert.shown_version, alert.wanted_version, alert.state) == (2, 2, DeliveryState.SENT)
        assert (alert.thread_id, alert.loud) == (3, True)
        assert await alerts.digests(tx, alert_id) == ("words", "picture")
        assert await alerts.unknown_sends(tx) == ()
        assert await alerts.ages(tx, NOW) == (3.0,)
        assert await alerts.ages(tx, NOW + MINUTE) == ()


async def test_a_lost_reply_is_unknown_and_a_refusal_is_not(store: Store) -> None:
    """What was left in the air is marked so; what certainly failed waits again, or is given up."""
    footage_id = await filed(store)
    async with store.database.transaction() as tx:
        alert_id = await alerts.want(tx, footage_id, TEAM_CHAT, None, loud=False, trigger_at=NOW)
        states = []
        for dead in (False, True):
            delivery = await alerts.sending(tx, alert_id, "send", 1, NOW)
            await alerts.failed(tx, alert_id, delivery, "refused", NOW, dead=dead)
            states.append(await _state(tx, alert_id))
        delivery = await alerts.sending(tx, alert_id, "send", 1, NOW)
        await alerts.mark_unknown(tx, alert_id, None, NOW)
        states.append(await _state(tx, alert_id))
        assert states == [DeliveryState.READY, DeliveryState.FAILED, DeliveryState.UNKNOWN]
        rows = await tx.all("SELECT state, outcome FROM delivery ORDER BY delivery_id")
        assert [(row["state"], row["outcome"]) for row in rows] == [
            ("failed", "refused"),
            ("failed", "refused"),
            ("unknown", "interrupted"),
        ]


async def _state(tx: Tx, alert_id: int) -> DeliveryState | None:
    alert = await alerts.alert(tx, alert_id)
    return alert.state if alert else None


async def test_a_group_that_moves_takes_its_alerts_along(store: Store) -> None:
    """Alerts wanted under the former number of a group go to the new one."""
    footage_id = await filed(store)
    async with store.database.transaction() as tx:
        alert_id = await alerts.want(tx, footage_id, TEAM_CHAT, 3, loud=False, trigger_at=NOW)
        for _ in range(2):
            await alerts.migrate_chat(tx, TEAM_CHAT, -1001)
        assert await alerts.want(tx, footage_id, TEAM_CHAT, None, loud=False, trigger_at=NOW) == alert_id
        alert = await alerts.alert(tx, alert_id)
        assert alert is not None
        assert (alert.chat_id, alert.thread_id, alert.state) == (-1001, None, DeliveryState.READY)


async def test_a_question_is_asked_once(store: Store) -> None:
    """An update that comes twice is one look-up, which keeps its answer."""
    async with store.database.transaction() as tx:
        asked = await look_ups.ask(tx, TEAM_CHAT, 4, None, 7, "file", "video", 5, NOW)
        await look_ups.answering(tx, asked, 90)
        await look_ups.answered(tx, asked, "seen before", NOW + MINUTE)
        assert await look_ups.ask(tx, TEAM_CHAT, 4, None, 7, "file", "video", 5, NOW + MINUTE) == asked
        look_up = await look_ups.look_up(tx, asked)
        assert look_up is not None
        assert (look_up.asked_at, look_up.answer_id, look_up.answered_at) == (NOW, 90, NOW + MINUTE)
        assert await look_ups.look_up(tx, asked + 1) is None


async def test_trouble_begins_and_ends_once(store: Store) -> None:
    """A part's trouble is told when it begins, keeps its beginning, and ends; settings hold their last value."""
    async with store.database.transaction() as tx:
        assert await settings.set_trouble(tx, "disk", "full", NOW)
        assert not await settings.set_trouble(tx, "disk", "still full", NOW + MINUTE)
        (trouble,) = await settings.troubles(tx)
        assert (trouble.part, trouble.message, trouble.since) == ("disk", "still full", NOW)
        assert await settings.clear_trouble(tx, "disk")
        assert not await settings.clear_trouble(tx, "disk")
        assert await settings.troubles(tx) == ()
        for value in ("1", "2"):
            await settings.put(tx, "offset", value)
        assert await settings.get(tx, "offset") == "2"
        assert await settings.get(tx, "nothing") is None
