"""The relabel alarm in the chat: judged or located footage that returns with another claim rings, once per claim."""

from datetime import timedelta

import pytest

from core.model import Capture
from fingerprints.compare import Match
from loopback.faults import Cut
from storage import custody, relabels
from tests.bot.newsroom import ASTRA, PARA_PAX, SPRAVDI, START, Newsroom, excerpt

pytestmark = pytest.mark.usefixtures("gazetteer")
LATER = START + timedelta(days=3)


@pytest.fixture
async def number(newsroom: Newsroom) -> int:
    """A footage that the team placed."""
    footage = await newsroom.post(ASTRA, "Сергеевка, полигон")
    await newsroom.shown(footage)
    newsroom.taras.say(newsroom.group, f"/place F{footage} Sergeevka range 43.5, 132.0; building; landmarks")
    await newsroom.shown(footage, "Place: Sergeevka range")
    await newsroom.idle()
    await newsroom.later(30)
    return footage


async def test_another_place_in_the_caption_rings(newsroom: Newsroom, number: int) -> None:
    """Located footage that returns under another place rings below its card with what contradicts; so says the card."""
    await newsroom.post(PARA_PAX, "Північнокорейці у Курській області", at=LATER, of=number)

    alarm = await newsroom.said(f"⚠ RELABEL #F{number}")
    assert alarm.text.split("\n")[1:3] == [
        "names Курській; known place: Sergeevka range",
        "ParaPax, 21 Oct 2024 09:00 UTC",
    ]
    assert not alarm.silent
    assert alarm.reply_to is newsroom.card(number)
    assert alarm.labels == [[f"#F{number}"]]
    await newsroom.shown(number, "REPOST", "⚠ RELABEL names Курській; known place: Sergeevka range")


async def test_the_same_place_rings_nothing(newsroom: Newsroom, number: int) -> None:
    """The true place in another language, and a caption without any, amend the card in silence."""
    before = len(newsroom.group.messages)
    await newsroom.post(SPRAVDI, "Полігон під Уссурійськом", at=LATER, of=number)
    await newsroom.post(PARA_PAX, "dozens of soldiers", at=LATER + timedelta(hours=1), of=number)

    await newsroom.shown(number, "3 copies in 3 channels")
    await newsroom.idle(but_waiting=True)
    assert len(newsroom.group.messages) == before
    assert "RELABEL" not in newsroom.card(number).text


async def test_one_wave_rings_once(newsroom: Newsroom, number: int) -> None:
    """Further copies with the same claim, in whatever spelling, ring no more; another claim does."""
    await newsroom.post(PARA_PAX, "під Курськом", at=LATER, of=number)
    await newsroom.said("⚠ RELABEL #F", "names Курськом")
    await newsroom.later(30)
    await newsroom.post(SPRAVDI, "쿠르스크", at=LATER + timedelta(hours=1), of=number)
    await newsroom.shown(number, "names 쿠르스크")
    await newsroom.later(30)
    await newsroom.post(ASTRA, "Сирия, под Алеппо", at=LATER + timedelta(hours=2), of=number)

    await newsroom.said("⚠ RELABEL #F", "names Сирия, Алеппо")
    rung = [one for one in newsroom.group.messages if one.text.startswith("⚠ RELABEL #F")]
    assert len(rung) == 2


async def test_mirrored_with_other_sound_rings(newsroom: Newsroom, number: int) -> None:
    """A located recording that comes back mirrored, with other sound, rings."""
    await newsroom.post(PARA_PAX, "", at=LATER, of=number, match=excerpt())

    alarm = await newsroom.said("⚠ RELABEL #F")
    assert "is mirrored\nhas other sound" in alarm.text or "has other sound\nis mirrored" in alarm.text


async def test_a_judged_day_is_held_against_the_caption(newsroom: Newsroom) -> None:
    """Judged footage that is told to be of a later day rings; what nobody judged or placed rings never."""
    judged, plain = await newsroom.post(ASTRA, "soldiers run"), await newsroom.post(ASTRA, "two porches")
    await newsroom.shown(judged)
    newsroom.olena.say(newsroom.group, f"/verdict F{judged} confirmed")
    await newsroom.shown(judged, "Verdict: confirmed")
    await newsroom.later(30)
    for footage in (plain, judged):
        await newsroom.post(PARA_PAX, "снято сегодня", at=LATER, of=footage)

    await newsroom.said(f"⚠ RELABEL #F{judged}", "names сегодня (21 Oct 2024); held since 18 Oct 2024")
    await newsroom.shown(plain, "2 copies")
    assert f"⚠ RELABEL #F{plain}" not in [one.text.split("\n")[0] for one in newsroom.group.messages]


async def test_history_is_noted_in_silence(newsroom: Newsroom, number: int) -> None:
    """A contradiction that history brings is kept and shown on the card, without a sound."""
    before = len(newsroom.group.messages)
    await newsroom.post(PARA_PAX, "під Курськом", at=LATER, of=number, capture=Capture.BACKFILL)

    await newsroom.shown(number, "⚠ RELABEL names Курськом")
    await newsroom.idle(but_waiting=True)
    assert len(newsroom.group.messages) == before
    async with newsroom.store.database.reader() as reader:
        rows = await reader.all("SELECT body FROM custody WHERE body LIKE '%relabel.noticed%'")
        assert await custody.verify(reader) == []
    assert len(rows) == 1


async def test_an_alarm_is_never_lost_and_never_repeated_in_silence(stage: Newsroom) -> None:
    """An alarm whose answer is lost is sent again with a mark; a stop in between loses none."""
    async with stage.at_work():
        number = await stage.post(ASTRA, "Сергеевка")
        await stage.shown(number)
        stage.taras.say(stage.group, f"/place F{number} 43.5, 132.0")
        await stage.shown(number, "Place:")
        await stage.later(30)
        stage.world.faults.add(face="botapi", call="sendMessage", what=Cut(served=True))
        await stage.post(PARA_PAX, "під Курськом", at=LATER, of=number)
        await stage.said("⚠ RELABEL #F")
        await stage.later(60)
        await stage.said("⚠ RELABEL #F", "perhaps told before")
    async with stage.store.database.reader() as reader:
        assert len(await relabels.claims_of_others(reader, number, 0)) == 1


def test_an_excerpt_keeps_its_relation() -> None:
    """The stand-in for a mirrored copy is one in which pictures matched and sound did not."""
    match: Match = excerpt()
    assert match.picture
    assert match.mirrored
    assert not match.sound
