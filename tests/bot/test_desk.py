"""Tags, verdicts, claims and notes: by buttons and by commands, by two people at once, and taken back."""

import pytest

from core.model import Forward, Verdict
from loopback.nouns import Photo
from storage import custody, members
from tests.bot.newsroom import ASTRA, SPRAVDI, START, Newsroom


@pytest.fixture
async def number(newsroom: Newsroom) -> int:
    """A footage whose card stands in the group."""
    footage = await newsroom.post()
    await newsroom.shown(footage)
    return footage


async def test_tag_by_button(newsroom: Newsroom, number: int) -> None:
    """Tag opens the taxonomy on the card itself; a press adds the tag, shows it ticked and in the text."""
    card = newsroom.card(number)
    newsroom.taras.press(newsroom.group, card, "🏷 Tag")
    await newsroom.until(lambda: ["vehicles", "radio intercept"] in card.labels or "vehicles" in str(card.labels))

    answer = await newsroom.taras.press(newsroom.group, card, "vehicles").answered()

    assert answer.text == f"#F{number} is tagged vehicles"
    await newsroom.shown(number, "Tags: vehicles")
    await newsroom.until(lambda: "✓ vehicles" in str(card.labels))
    newsroom.taras.press(newsroom.group, card, "✓ vehicles")
    await newsroom.until(lambda: "Tags:" not in card.text)
    newsroom.taras.press(newsroom.group, card, "‹ Back")
    await newsroom.until(lambda: card.labels[0] == ["✋ Claim", "⋯ More"])


async def test_tag_by_command(newsroom: Newsroom, number: int) -> None:
    """/tag with a number, or in reply to the card, adds any tag; /untag takes it off; the taxonomy's spelling wins."""
    newsroom.taras.say(newsroom.group, f"/tag F{number} Sergeevka gate")
    await newsroom.said("is tagged Sergeevka gate")
    newsroom.taras.say(newsroom.group, "/tag VEHICLES", reply_to=newsroom.card(number))
    await newsroom.shown(number, "Tags: Sergeevka gate, vehicles")
    newsroom.taras.say(newsroom.group, f"/untag #f{number} sergeevka gate")
    await newsroom.said("has no tag sergeevka gate")
    newsroom.taras.say(newsroom.group, f"/untag #f{number} Sergeevka gate")

    await newsroom.said("no longer tagged Sergeevka gate")
    await newsroom.until(lambda: "Tags: vehicles\n" in newsroom.card(number).text + "\n")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("/tag", "Which footage?"),
        ("/tag F1", "Which tag?"),
        ("/tag F99 vehicles", "no footage with that number"),
        ("/tag F1 " + "x" * 41, "1 to 40 characters"),
        ("/verdict F1 nonsense", "Which verdict?"),
        ("/note F1", "What should be noted?"),
        ("/note F1 0:12", "What should be noted?"),
        ("/find", "What should be found?"),
        ("/seen", "Reply with /seen"),
        ("/claim nothing", "Which footage?"),
    ],
)
async def test_half_commands_are_answered_with_an_example(
    newsroom: Newsroom, number: int, written: str, said: str
) -> None:
    """A command that lacks something says what, and changes nothing."""
    newsroom.olena.say(newsroom.group, written)

    await newsroom.said(said)
    async with newsroom.store.database.reader() as reader:
        assert await members.history(reader, number) == ()


async def test_two_members_at_once_lose_nothing(newsroom: Newsroom, number: int) -> None:
    """Presses of two people on the same card at the same moment both count, and both stand in the history."""
    card = newsroom.card(number)
    newsroom.taras.press(newsroom.group, card, "🏷 Tag")
    await newsroom.until(lambda: "vehicles" in str(card.labels))

    newsroom.taras.press(newsroom.group, card, "vehicles")
    newsroom.olena.press(newsroom.group, card, "graphic")
    newsroom.olena.press(newsroom.group, card, "vehicles")

    await newsroom.shown(number, "Tags: graphic, vehicles")
    async with newsroom.store.database.reader() as reader:
        told = [(event.member, event.what) for event in await members.history(reader, number)]
    assert sorted(told) == [("Olena", "tagged graphic"), ("Taras", "tagged vehicles")]


async def test_verdict_by_button_and_command(newsroom: Newsroom, number: int) -> None:
    """A lead judges by button; the card says the verdict with name and time; a command changes it."""
    card = newsroom.card(number)
    newsroom.olena.press(newsroom.group, card, "⚖ Verdict")
    await newsroom.until(lambda: "misattributed" in str(card.labels))
    newsroom.olena.press(newsroom.group, card, "misattributed")
    await newsroom.shown(number, "Verdict: misattributed, Olena, 18 Oct 2024 09:00 UTC")

    newsroom.olena.say(newsroom.group, f"/verdict F{number} staged or altered")

    await newsroom.shown(number, "Verdict: staged or altered, Olena")


async def test_a_tagger_does_not_judge(newsroom: Newsroom, number: int) -> None:
    """A tagger who presses a verdict is told what it takes; nothing changes."""
    card = newsroom.card(number)
    newsroom.taras.press(newsroom.group, card, "⚖ Verdict")
    await newsroom.until(lambda: "confirmed" in str(card.labels))

    answer = await newsroom.taras.press(newsroom.group, card, "confirmed").answered()

    assert answer.text == "This takes a lead; you are a tagger."
    assert answer.alert
    async with newsroom.store.database.reader() as reader:
        assert await members.judgement(reader, number) is None


async def test_claim_release_and_take_over(newsroom: Newsroom, number: int) -> None:
    """Who claims is shown; another tagger can't release it but can take over; a lead can release."""
    card = newsroom.card(number)
    newsroom.taras.press(newsroom.group, card, "✋ Claim")
    await newsroom.shown(number, "Claimed by Taras")

    newsroom.olena.press(newsroom.group, card, "Take over")
    await newsroom.shown(number, "Claimed by Olena")
    refused = await newsroom.taras.press(newsroom.group, card, "✋ Release").answered()
    assert "is claimed by Olena; only they or a lead release it" in refused.text

    newsroom.olena.press(newsroom.group, card, "✋ Release")
    await newsroom.until(lambda: "Claimed" not in card.text)
    newsroom.taras.say(newsroom.group, "/claim", reply_to=card)
    await newsroom.shown(number, "Claimed by Taras")


async def test_two_claims_at_once_have_one_winner(newsroom: Newsroom, number: int) -> None:
    """Of two who press Claim on the same free card one gets it, and the other is told who."""
    card = newsroom.card(number)

    first = newsroom.taras.press(newsroom.group, card, "✋ Claim")
    second = newsroom.olena.press(newsroom.group, card, "✋ Claim")

    answers = [(await press.answered()).text for press in (first, second)]
    assert answers == [f"#F{number} is yours", f"#F{number} was claimed by Taras meanwhile"]
    await newsroom.shown(number, "Claimed by Taras")


async def test_notes_by_reply_and_by_command(newsroom: Newsroom, number: int) -> None:
    """A reply to the card is a note; a time code ties it to a second; notes stand on the card with their writer."""
    newsroom.taras.say(newsroom.group, "0:12 two porches, same gate", reply_to=newsroom.card(number))
    await newsroom.said("noted at 0:12")
    newsroom.olena.say(newsroom.group, f"/note F{number} compare with Spravdi's clip")

    await newsroom.shown(
        number, "2 notes:", "0:12 two porches, same gate (Taras)", "compare with Spravdi's clip (Olena)"
    )


async def test_what_is_said_beside_a_card_is_no_note(newsroom: Newsroom, number: int) -> None:
    """Talk in the group, replies to people and replies to the bot's other messages are not notes."""
    talk = newsroom.taras.say(newsroom.group, "look at this")
    newsroom.olena.say(newsroom.group, "yes", reply_to=talk)
    newsroom.olena.say(newsroom.group, "/find nothing")
    found = await newsroom.said("Nothing here has these words")
    newsroom.olena.say(newsroom.group, "hm", reply_to=found)
    newsroom.olena.say(newsroom.group, f"/note F{number} the last one")

    await newsroom.shown(number, "1 note:", "the last one")


async def test_undo_takes_back_the_own_last_act(newsroom: Newsroom, number: int) -> None:
    """Undo takes back what the same member did last: tag, verdict or claim; a second press restores it."""
    card = newsroom.card(number)
    newsroom.olena.say(newsroom.group, f"/verdict F{number} confirmed")
    await newsroom.shown(number, "Verdict: confirmed")
    newsroom.olena.say(newsroom.group, f"/verdict F{number} unresolved")
    await newsroom.shown(number, "Verdict: unresolved")
    newsroom.olena.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "↩ Undo mine" in str(card.labels))

    undone = await newsroom.olena.press(newsroom.group, card, "↩ Undo mine").answered()

    assert undone.text == f"#F{number}: undone: judged unresolved"
    await newsroom.shown(number, "Verdict: confirmed")
    nothing = await newsroom.taras.press(newsroom.group, card, "↩ Undo mine").answered()
    assert nothing.text.startswith("There is nothing of yours here to undo")


async def test_undo_of_a_take_over_gives_the_claim_back(newsroom: Newsroom, number: int) -> None:
    """Who took a claim over by mistake gives it back by undo, and the history tells who did so."""
    card = newsroom.card(number)
    newsroom.taras.press(newsroom.group, card, "✋ Claim")
    await newsroom.shown(number, "Claimed by Taras")
    newsroom.olena.press(newsroom.group, card, "Take over")
    await newsroom.shown(number, "Claimed by Olena")
    newsroom.olena.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "↩ Undo mine" in str(card.labels))

    newsroom.olena.press(newsroom.group, card, "↩ Undo mine")

    await newsroom.shown(number, "Claimed by Taras")
    async with newsroom.store.database.reader() as reader:
        told = [(event.member, event.what) for event in await members.history(reader, number)]
    assert told[-1] == ("Olena", "gave the claim back to Taras")


async def test_undo_leaves_what_others_did_since(newsroom: Newsroom, number: int) -> None:
    """A verdict that somebody else has changed since is not taken back from under them."""
    async with newsroom.store.database.transaction() as tx:
        for name, verdict in ((newsroom.olena, Verdict.CONFIRMED), (newsroom.taras, Verdict.UNRESOLVED)):
            member = await members.member(tx, name.id)
            assert member is not None
            await members.judge(tx, number, verdict, member, newsroom.store.clock.now())
    card = newsroom.card(number)
    newsroom.olena.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "↩ Undo mine" in str(card.labels))

    answer = await newsroom.olena.press(newsroom.group, card, "↩ Undo mine").answered()

    assert "somebody changed it since" in answer.text


async def test_more_tells_timeline_evidence_and_history(newsroom: Newsroom, number: int) -> None:
    """More brings the posts, the hashes and who did what, as messages under the card."""
    await newsroom.post(ASTRA, of=number)
    newsroom.taras.say(newsroom.group, f"/tag F{number} vehicles")
    await newsroom.shown(number, "Tags: vehicles")
    card = newsroom.card(number)
    newsroom.ivan.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "Timeline" in str(card.labels))

    for button in ("Timeline", "Evidence", "History"):
        newsroom.ivan.press(newsroom.group, card, button)

    timeline = await newsroom.said("every post we hold")
    evidence = await newsroom.said("files as ingested", "Custody log, entry")
    history = await newsroom.said("who did what", "Taras tagged vehicles")
    assert timeline.text.count("Astra") == 2
    codes = [style for style in evidence.entities if style.kind == "code"][1:]
    hashes = [evidence.text[style.offset : style.offset + style.length] for style in codes]
    assert sorted(hashes) == sorted(button.copy_text or "" for row in evidence.buttons for button in row)
    assert history.reply_to is card


async def test_spread_is_a_picture_under_the_card(newsroom: Newsroom, number: int) -> None:
    """Spread sends one picture of who posted it when, as an answer to the card."""
    await newsroom.post(SPRAVDI, of=number, forward=Forward(ASTRA.channel_id, 101, START, "Astra"))
    card = await newsroom.shown(number, "2 copies")
    newsroom.ivan.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "🕸 Spread" in str(card.labels))

    newsroom.ivan.press(newsroom.group, card, "🕸 Spread")

    sent = await newsroom.said(f"#F{number}: who posted it when")
    assert isinstance(sent.media, Photo)
    assert sent.reply_to is card


async def test_everything_is_in_custody(newsroom: Newsroom, number: int) -> None:
    """Every act of a member is an entry of the custody log, which stays whole."""
    newsroom.taras.say(newsroom.group, f"/tag F{number} vehicles")
    newsroom.taras.say(newsroom.group, f"/note F{number} gate")
    newsroom.olena.say(newsroom.group, f"/verdict F{number} confirmed")
    await newsroom.shown(number, "Tags: vehicles", "1 note:", "Verdict: confirmed")

    async with newsroom.store.database.reader() as reader:
        rows = await reader.all("SELECT body FROM custody ORDER BY seq")
        assert await custody.verify(reader) == []
    acts = [row["body"] for row in rows if f'"user_id":{newsroom.taras.id}' in row["body"]]
    assert len([act for act in acts if '"kind":"member"' in act]) == 2


async def test_a_card_in_private(newsroom: Newsroom, number: int) -> None:
    """A member brings a card into the private chat, acts there, and the group's card follows."""
    newsroom.taras.start(newsroom.me)
    mine = newsroom.taras.chat_with(newsroom.me)
    newsroom.taras.say(newsroom.me, f"/card F{number}")
    card = await newsroom.shown(number, chat=mine)

    newsroom.taras.press(newsroom.me, card, "✋ Claim")

    await newsroom.shown(number, "Claimed by Taras")
    await newsroom.shown(number, "Claimed by Taras", chat=mine)
    newsroom.taras.say(newsroom.group, f"/card F{number}")
    here = await newsroom.said(f"#F{number} is here")
    assert here.reply_to is newsroom.card(number)


async def test_help_and_commands(newsroom: Newsroom) -> None:
    """/start explains what the words mean; clients are offered the list of commands."""
    newsroom.ivan.start(newsroom.me)

    await newsroom.said("Not seen here", "/find", chat=newsroom.ivan.chat_with(newsroom.me))
    assert "find" in str(newsroom.me.commands)
