"""Follow and mute, per person and per chat: what rings, what is held back, and that nothing is dropped silently."""

from datetime import timedelta

import pytest

from core.model import Member, Role
from storage import attention, custody, footage, members
from storage.attention import Attention, Subject
from tests.bot.newsroom import ASTRA, PARA_PAX, SPRAVDI, START, Newsroom

pytestmark = pytest.mark.usefixtures("gazetteer")
LATER = START + timedelta(hours=5)


@pytest.fixture
async def number(newsroom: Newsroom) -> int:
    """A footage whose card stands in the group."""
    made = await newsroom.post(ASTRA, "Колонна под Сергеевкой")
    await newsroom.shown(made)
    await newsroom.idle()
    return made


async def test_what_a_member_follows_rings_in_private(newsroom: Newsroom, number: int) -> None:
    """A channel followed in private brings its cards there, with a sound; the other members hear nothing."""
    newsroom.ivan.start(newsroom.me)
    newsroom.ivan.say(newsroom.me, "/follow @astrapress")
    mine = newsroom.ivan.chat_with(newsroom.me)
    await newsroom.said("Astra is followed here", chat=mine)

    followed = await newsroom.post(ASTRA, "new column")
    other = await newsroom.post(SPRAVDI, "something else")

    card = await newsroom.shown(followed, chat=mine)
    assert not card.silent
    await newsroom.shown(other)
    await newsroom.idle(but_waiting=True)
    assert f"#F{other}" not in str([one.text for one in mine.messages])


@pytest.mark.parametrize("followed", ["F1", "#vehicles", "place:Сергеевка", "колонна"])
async def test_a_copy_of_what_is_followed_rings_under_the_card(newsroom: Newsroom, number: int, followed: str) -> None:
    """Footage, tag, place and word: a further copy rings under the card that stands, once for a wave of copies."""
    assert number == 1
    newsroom.taras.say(newsroom.group, f"/tag F{number} vehicles")
    newsroom.taras.say(newsroom.group, f"/place F{number} Сергеевка")
    await newsroom.shown(number, "Tags: vehicles", "Place: Сергеевка")
    newsroom.olena.say(newsroom.group, f"/follow {followed}")
    await newsroom.said("is followed here")
    await newsroom.later(60)

    await newsroom.post(PARA_PAX, "колонны у Сергеевки", at=LATER, of=number)

    rung = await newsroom.said(f"🔔 FOLLOWED #F{number}", "ParaPax, 18 Oct 2024 14:00 UTC")
    assert not rung.silent
    assert rung.reply_to is newsroom.card(number)
    await newsroom.later(60)
    await newsroom.post(SPRAVDI, "колонна", at=LATER + timedelta(minutes=5), of=number)
    await newsroom.shown(number, "3 copies")
    await newsroom.idle(but_waiting=True)
    assert len([one for one in newsroom.group.messages if one.text.startswith("🔔 FOLLOWED")]) == 1


async def test_what_is_muted_is_held_back_and_recapped(newsroom: Newsroom, number: int) -> None:
    """A muted channel makes no card; /recap lists what was held back and why, and a tap brings the card."""
    await newsroom.shown(await newsroom.post(SPRAVDI, "before"))
    newsroom.olena.say(newsroom.group, "/mute @spravdi")
    await newsroom.said("SPRAVDI is muted here")
    held = await newsroom.post(SPRAVDI, "Green men collect kit")
    await newsroom.idle(but_waiting=True)
    assert f"#F{held}" not in str([one.text for one in newsroom.group.messages])

    newsroom.ivan.say(newsroom.group, "/recap")
    recap = await newsroom.said("1 footage held back here", f"NEW #F{held}", "🔕 channel SPRAVDI")
    assert recap.silent
    newsroom.ivan.press(newsroom.group, recap, f"#F{held}")
    await newsroom.shown(held, "Green men collect kit")

    await newsroom.later(60)
    newsroom.ivan.say(newsroom.group, "/recap")
    await newsroom.said("Nothing was held back here")


async def test_what_is_held_back_is_told_by_itself(newsroom: Newsroom, number: int) -> None:
    """Nobody has to ask: hours later the recap comes by itself, quietly, once."""
    newsroom.olena.say(newsroom.group, "/mute barrier")
    await newsroom.said("barrier is muted here")
    held = [await newsroom.post(PARA_PAX, f"a concrete barrier {each}") for each in range(25)]
    await newsroom.idle(but_waiting=True)
    assert "barrier 3" not in str([one.text for one in newsroom.group.messages])

    for _ in range(4):
        await newsroom.later(6.1 * 3600)
        await newsroom.idle(but_waiting=True)

    recaps = [one.text for one in newsroom.group.messages if "held back here" in one.text]
    assert [text.split(" ")[0] for text in recaps] == ["20", "5"]
    assert all(f"NEW #F{one} " in "\n".join(recaps) for one in held)


async def test_a_muted_card_is_kept_current_in_silence(newsroom: Newsroom, number: int) -> None:
    """Mute on a card: further copies amend it without a sound, even a relabel's; Follow takes its place again."""
    newsroom.taras.say(newsroom.group, f"/place F{number} 43.5, 132.0")
    card = await newsroom.shown(number, "Place:")
    newsroom.olena.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "🔕 Mute" in str(card.labels))
    answer = await newsroom.olena.press(newsroom.group, card, "🔕 Mute").answered()
    assert answer.text == f"#F{number} is muted here"
    await newsroom.later(60)
    before = len(newsroom.group.messages)

    await newsroom.post(PARA_PAX, "під Курськом", at=LATER, of=number)
    await newsroom.shown(number, "2 copies", "⚠ RELABEL")
    await newsroom.idle(but_waiting=True)
    assert len(newsroom.group.messages) == before

    answer = await newsroom.olena.press(newsroom.group, card, "🔔 Follow").answered()
    assert answer.text == f"#F{number} is followed here"


async def test_only_leads_decide_for_a_group(newsroom: Newsroom, number: int) -> None:
    """A tagger can't silence a group, by command or button, but is told how to do so alone."""
    newsroom.taras.say(newsroom.group, "/mute @astrapress")
    await newsroom.said("This takes a lead; you are a tagger. For yourself, write it to me in private.")
    card = newsroom.card(number)
    newsroom.taras.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "🔕 Mute" in str(card.labels))

    answer = await newsroom.taras.press(newsroom.group, card, "🔕 Mute").answered()

    assert answer.alert
    async with newsroom.store.database.reader() as reader:
        assert await attention.of_chat(reader, newsroom.group.id) == ()


async def test_the_list_and_its_end(newsroom: Newsroom, number: int) -> None:
    """/follow alone lists what stands with a button that ends each; an old button says so; commands end it too."""
    for text in ("/follow #vehicles", "/mute place:Одеса", "/mute слово"):
        newsroom.olena.say(newsroom.group, text)
    newsroom.olena.say(newsroom.group, "/follow")
    listed = await newsroom.said("Followed here:\ntag #vehicles\nMuted here:\nplace Одеса\nword слово")
    old = listed.buttons[0][0].data or ""

    answer = await newsroom.olena.press(newsroom.group, listed, "✕ #vehicles").answered()

    assert answer.text == "#vehicles is neither followed nor muted here any more"
    await newsroom.until(lambda: "vehicles" not in listed.text)
    again = await newsroom.olena.forge_callback(listed, old).answered()
    assert "out of date" in again.text
    newsroom.olena.say(newsroom.group, "/unmute СЛОВО")
    await newsroom.said("СЛОВО is neither followed nor muted here any more")
    async with newsroom.store.database.reader() as reader:
        assert [one.shown for one in await attention.of_chat(reader, newsroom.group.id)] == ["Одеса"]
        assert await custody.verify(reader) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [("/follow F99", "no footage with that number"), ("/mute @nobody", "No channel"), ("/follow !?", "or mute what?")],
)
async def test_what_can_not_be_followed(newsroom: Newsroom, number: int, written: str, said: str) -> None:
    """What does not exist, or says nothing, is answered and changes nothing."""
    newsroom.olena.say(newsroom.group, written)

    await newsroom.said(said)


async def test_a_former_member_hears_nothing(newsroom: Newsroom, number: int) -> None:
    """What somebody followed who left the team brings no card to their private chat."""
    newsroom.ivan.start(newsroom.me)
    now = newsroom.store.clock.now()
    ivan, olena = Member(newsroom.ivan.id, "Ivan", Role.VIEWER), Member(newsroom.olena.id, "Olena", Role.LEAD)
    async with newsroom.store.database.transaction() as tx:
        wanted = Attention(newsroom.ivan.id, Subject.CHANNEL, str(ASTRA.channel_id), "Astra", follows=True)
        await attention.wish(tx, wanted, ivan, now)
        await members.seed(tx, [olena], now)

    new = await newsroom.post(ASTRA, "new column")

    await newsroom.shown(new)
    await newsroom.idle(but_waiting=True)
    assert f"#F{new}" not in str([one.text for one in newsroom.ivan.chat_with(newsroom.me).messages])


async def test_what_becomes_of_a_followed_footage_is_followed(newsroom: Newsroom, number: int) -> None:
    """Who follows a footage that turns out to be another one follows that."""
    younger = await newsroom.post(ASTRA, "two porches")
    newsroom.olena.say(newsroom.group, f"/follow F{younger}")
    await newsroom.said("is followed here")

    async with newsroom.store.database.transaction() as tx:
        await footage.merge(tx, number, younger)
        standing = await attention.of_chat(tx, newsroom.group.id)

    assert [one.meant for one in standing] == [str(number)]


async def test_a_saved_search_rings_for_what_fits_all_of_it(newsroom: Newsroom) -> None:
    """A search that was followed from its results brings what fits every part of it, and nothing else."""
    mine = newsroom.ivan.chat_with(newsroom.me)
    newsroom.ivan.start(newsroom.me)
    newsroom.ivan.say(newsroom.me, "/find барьер @parapax since:2024-10-01")
    await newsroom.said("Search:", chat=mine)
    newsroom.ivan.say(newsroom.me, "/follow @parapax #vehicles")
    await newsroom.said("No channel of that name", chat=mine)
    first = await newsroom.post(PARA_PAX, "Бетонный барьер")
    await newsroom.shown(first)
    newsroom.ivan.say(newsroom.me, "/find барьер @parapax since:2024-10-01")
    found = await newsroom.said("Бетонный", chat=mine)

    pressed = newsroom.ivan.press(newsroom.me, found, "🔔 Follow this search")
    assert "is followed here" in (await pressed.answered()).text
    others = [await newsroom.post(ASTRA, "у барьера"), await newsroom.post(PARA_PAX, "колонна")]
    fits = await newsroom.post(PARA_PAX, "ещё у барьеров")

    await newsroom.shown(fits, chat=mine)
    await newsroom.idle(but_waiting=True)
    assert not any(f"NEW #F{number}" in one.text for number in others for one in mine.messages)


async def test_what_members_say_of_followed_footage_rings(newsroom: Newsroom, number: int) -> None:
    """A tag that makes footage fit brings its card to the follower; verdicts and places then ring under it."""
    mine = newsroom.ivan.chat_with(newsroom.me)
    newsroom.ivan.start(newsroom.me)
    newsroom.ivan.say(newsroom.me, "/follow #vehicles")
    await newsroom.said("is followed here", chat=mine)

    newsroom.taras.say(newsroom.group, f"/tag F{number} vehicles")
    card = await newsroom.shown(number, "Tags: vehicles", chat=mine)
    newsroom.olena.say(newsroom.group, f"/verdict F{number} confirmed")
    rung = await newsroom.said("🔔 FOLLOWED", "Olena: judged confirmed", chat=mine)
    newsroom.taras.say(newsroom.group, f"/place F{number} Сергеевка; town")
    await newsroom.said("Taras: located it at Сергеевка", chat=mine)

    assert not card.silent
    assert not rung.silent
    assert rung.reply_to is card
