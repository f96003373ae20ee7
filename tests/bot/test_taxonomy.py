"""The tags on offer: changed by leads in the chat, remembered with their history."""

from datetime import UTC, datetime

import pytest

from storage.taxonomy import Change, offered
from tests.bot.newsroom import Newsroom

NOW = datetime(2024, 10, 18, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ((), ("camp", "graphic")),
        ((("added", "drones", ""),), ("camp", "graphic", "drones")),
        ((("renamed", "camp", "barracks"),), ("barracks", "graphic")),
        ((("retired", "camp", ""), ("added", "camp", "")), ("graphic", "camp")),
        ((("renamed", "camp", "graphic"),), ("graphic",)),
        ((("retired", "gone", ""), ("renamed", "gone", "x")), ("camp", "graphic")),
    ],
)
def test_changes_follow_each_other(changes: tuple[tuple[str, str, str], ...], shown: tuple[str, ...]) -> None:
    """A renamed tag keeps its place, a retired one may come back at the end, nothing is offered twice."""
    assert offered(("camp", "graphic"), [Change(NOW, "Olena", *change) for change in changes]) == shown


async def test_leads_change_the_tags_on_offer(newsroom: Newsroom) -> None:
    """What is added is a button, what is renamed is so on every card, what is retired stays where it was given."""
    number = await newsroom.post()
    card = await newsroom.shown(number)
    newsroom.taras.say(newsroom.group, "/addtag drones")
    await newsroom.said("This takes a lead")
    for text in (f"/tag F{number} Vehicles", "/addtag drones", "/renametag vehicles > armour", "/retiretag graphic"):
        newsroom.olena.say(newsroom.group, text)
    await newsroom.said("graphic: retired by Olena")
    await newsroom.shown(number, "Tags: armour")

    newsroom.olena.press(newsroom.group, card, "🏷 Tag")

    await newsroom.until(lambda: "drones" in str(card.labels))
    assert "✓ armour" in str(card.labels)
    assert "graphic" not in str(card.labels)
    assert "vehicles" not in str(card.labels)
    newsroom.olena.say(newsroom.group, "/renametag drones > armour")
    await newsroom.said("no such tag on offer")
    newsroom.ivan.say(newsroom.group, "/tags")
    await newsroom.said("Tags on offer", "drones: added by Olena, 18 Oct 2024", "vehicles: now armour, by Olena")
