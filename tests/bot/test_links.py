"""Linking two footages by hand, taking that apart, and splitting a copy off: all reversible, and nothing lost."""

from datetime import timedelta

import pytest

from core.model import Verdict
from storage import alerts, custody, footage, members
from tests.bot.newsroom import ASTRA, PARA_PAX, SPRAVDI, START, Newsroom


@pytest.fixture
async def pair(newsroom: Newsroom) -> tuple[int, int]:
    """Two footages that nothing matched, the second posted a day later; both have been worked on."""
    elder = await newsroom.post(ASTRA, "two porches")
    younger = await newsroom.post(PARA_PAX, "the same porches from behind", at=START + timedelta(days=1))
    for number, tag in ((elder, "graphic"), (younger, "vehicles")):
        await newsroom.shown(number)
        newsroom.taras.say(newsroom.group, f"/tag F{number} {tag}")
        newsroom.taras.say(newsroom.group, f"/note F{number} note on {number}")
        await newsroom.shown(number, f"Tags: {tag}", "1 note:")
    newsroom.olena.say(newsroom.group, f"/verdict F{younger} confirmed")
    await newsroom.shown(younger, "Verdict: confirmed")
    await newsroom.idle(but_waiting=True)
    await newsroom.later(60)
    return elder, younger


async def test_linked_by_hand(newsroom: Newsroom, pair: tuple[int, int]) -> None:
    """/link makes the one that was posted later part of the other, with all that the team said of both."""
    elder, younger = pair
    newsroom.olena.say(newsroom.group, f"/link F{younger} F{elder}")

    linked = await newsroom.said(f"#F{younger} is part of #F{elder} now")
    card = await newsroom.shown(elder, "2 copies", "Tags: graphic, vehicles", "2 notes:", "Verdict: confirmed")
    assert linked.labels == [["↩ Take apart again"]]
    newsroom.ivan.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "History" in str(card.labels))
    newsroom.ivan.press(newsroom.group, card, "History")
    await newsroom.said("who did what", f"Olena linked #F{younger} to it")


async def test_a_link_is_taken_apart(newsroom: Newsroom, pair: tuple[int, int]) -> None:
    """Each footage gets its copies, tags, notes and verdict back; what was said since stays with the elder."""
    elder, younger = pair
    newsroom.olena.say(newsroom.group, f"/link F{elder} F{younger}")
    linked = await newsroom.said("is part of")
    await newsroom.shown(elder, "2 copies")
    newsroom.taras.say(newsroom.group, f"/tag F{younger} radio")
    await newsroom.shown(elder, "radio")
    await newsroom.later(60)

    first = newsroom.olena.press(newsroom.group, linked, "↩ Take apart again")
    second = newsroom.olena.press(newsroom.group, linked, "↩ Take apart again")

    assert (await first.answered()).text == f"#F{elder} and #F{younger} are two again"
    assert (await second.answered()).text == "No link of a member stands here."
    async with newsroom.store.database.reader() as reader:
        assert await members.tags(reader, elder) == ("graphic", "radio")
        assert await members.tags(reader, younger) == ("vehicles",)
        assert [note.text for note in await members.notes(reader, younger)] == [f"note on {younger}"]
        assert await members.judgement(reader, elder) is None
        judged = await members.judgement(reader, younger)
        assert judged is not None
        assert judged.verdict is Verdict.CONFIRMED
        assert len(await footage.sightings(reader, elder)) == 1
        assert len(await footage.sightings(reader, younger)) == 1
        assert [alert.footage_id for alert in await alerts.of_footage(reader, elder)] == [elder]
        assert await custody.verify(reader) == []
    await newsroom.shown(younger, "NEW", "Tags: vehicles", "Verdict: confirmed")
    await newsroom.shown(elder, "NEW", "Tags: graphic, radio")


async def test_linked_in_reply_and_parted_by_command(newsroom: Newsroom, pair: tuple[int, int]) -> None:
    """In reply to a card one number is enough; /unlink with the old number finds the link; linking again works."""
    elder, younger = pair
    newsroom.olena.say(newsroom.group, f"/link F{elder}", reply_to=newsroom.card(younger))
    await newsroom.said(f"#F{younger} is part of #F{elder} now")
    newsroom.olena.say(newsroom.group, f"/unlink F{younger}")
    await newsroom.said("are two again")
    newsroom.olena.say(newsroom.group, f"/unlink F{younger}")
    await newsroom.said("No link of a member stands here")

    newsroom.olena.say(newsroom.group, f"/link F{elder} F{younger}")

    await newsroom.shown(elder, "2 copies")
    newsroom.olena.say(newsroom.group, f"/link F{elder} F{younger}")
    await newsroom.said(f"Both are #F{elder} already")


async def test_two_links_at_once(newsroom: Newsroom, pair: tuple[int, int]) -> None:
    """Of two leads who link the same at once one does it, and the other is told that it is done."""
    elder, younger = pair
    newsroom.olena.say(newsroom.group, f"/link F{elder} F{younger}")
    newsroom.olena.say(newsroom.group, f"/link F{younger} F{elder}")

    await newsroom.said(f"Both are #F{elder} already")
    await newsroom.shown(elder, "2 copies")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("/link F1", "Two numbers"),
        ("/link F1 F99", "no footage with that number"),
        ("/link F99 F1", "no footage with that number"),
        ("/link F1 nonsense", "Two numbers"),
        ("/unlink F1", "No link of a member"),
        ("/split F1", "has one copy only"),
    ],
)
async def test_half_links(newsroom: Newsroom, pair: tuple[int, int], written: str, said: str) -> None:
    """What names nothing is answered with how it is written."""
    assert pair == (1, 2)
    newsroom.olena.say(newsroom.group, written)

    await newsroom.said(said)


async def test_split_by_the_address_of_a_post(newsroom: Newsroom) -> None:
    """/split takes one copy out for good, by its post or by a button, and the answer has the way back."""
    number = await newsroom.post(ASTRA, "two porches")
    await newsroom.post(SPRAVDI, "two porches", of=number, at=START + timedelta(hours=1))
    await newsroom.shown(number, "2 copies")
    newsroom.olena.say(newsroom.group, f"/split F{number} https://t.me/nobody/5")
    await newsroom.said("no copy in that post")
    newsroom.olena.say(newsroom.group, f"/split F{number}")
    offered = await newsroom.said("Which copy shows something else?")
    assert [label for row in offered.labels for label in row] == [
        "≠ Astra, 18 Oct 2024 09:00 UTC",
        "≠ SPRAVDI, 18 Oct 2024 10:00 UTC",
    ]
    await newsroom.later(60)

    newsroom.olena.say(newsroom.group, f"/split F{number} https://t.me/spravdi/101")

    split = await newsroom.said(f"one copy is not #F{number}")
    await newsroom.until(lambda: "2 copies" not in newsroom.card(number).text)
    await newsroom.later(60)
    back = await newsroom.olena.press(newsroom.group, split, "↩ It is a match after all").answered()
    assert "it is a match after all" in back.text
    await newsroom.shown(number, "2 copies")
