"""What the team's chat shows of footage."""

from datetime import timedelta

from tests.bot.newsroom import ASTRA, SPRAVDI, START, Newsroom, excerpt


async def test_new_footage_is_one_card_with_picture_and_buttons(newsroom: Newsroom) -> None:
    """New footage makes one ringing card that says NEW first, shows frames behind a spoiler, and has its buttons."""
    footage = await newsroom.post(SPRAVDI, "Green men collect kit")

    card = await newsroom.shown(footage)

    assert card.text.startswith(f"NEW #F{footage}\nSPRAVDI (@spravdi) · Ukrainian · uk\n18 Oct 2024 09:00 UTC")
    assert "Earliest we hold: this post" in card.text
    assert "Video 0:17 · 1280×720 · 3.2 MB" in card.text
    assert card.text.endswith("Green men collect kit")
    assert card.media is not None
    assert card.media.spoiler
    assert not card.silent
    assert card.labels == [["✋ Claim", "⋯ More"], ["🏷 Tag", "⚖ Verdict"]]


async def test_repost_amends_the_card(newsroom: Newsroom) -> None:
    """A repost edits the one card: REPOST first, the match in words, the earliest copy, the lag; nothing new rings."""
    footage = await newsroom.post(SPRAVDI, "Green men collect kit")
    await newsroom.shown(footage, "NEW")
    later = START + timedelta(days=3, hours=22)

    await newsroom.post(ASTRA, "Сняли сегодня", at=later, of=footage, match=excerpt())
    newsroom.pass_time(5)
    card = await newsroom.shown(footage, "REPOST")

    assert len(newsroom.group.messages) == 1
    assert card.text.startswith(
        f"REPOST #F{footage} · 2 copies in 2 channels\nAstra (@astrapress) · independent · ru\n"
    )
    assert "3 d 22 h after the earliest we hold" in card.text
    assert f"Match: 0:05–0:17 of this is 0:41–0:53 of #F{footage}; mirrored; sound differs" in card.text
    assert "Earliest we hold: SPRAVDI, 18 Oct 2024 09:00 UTC" in card.text
    assert "original" not in card.text.lower()
