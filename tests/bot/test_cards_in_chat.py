"""What the team's chat shows of footage."""

from dataclasses import replace
from datetime import timedelta

from core.config import Chat
from core.model import Capture, FindingKind
from loopback.nouns import Photo
from storage import alerts, footage, jobs
from tests.bot.newsroom import ASTRA, SPRAVDI, START, Newsroom, excerpt


async def test_new_footage_is_one_card_with_picture_and_buttons(newsroom: Newsroom) -> None:
    """New footage makes one ringing card that says NEW first, shows frames behind a spoiler, and has its buttons."""
    footage = await newsroom.post(SPRAVDI, "Green men collect kit")

    card = await newsroom.shown(footage)

    assert card.text.startswith(f"NEW #F{footage}\nSPRAVDI (@spravdi) · Ukrainian · uk\n18 Oct 2024 09:00 UTC")
    assert "Earliest we hold: this post" in card.text
    assert "Video 0:17 · 1280×720 · 3.2 MB" in card.text
    assert card.text.endswith("Green men collect kit")
    assert isinstance(card.media, Photo)
    assert card.media.spoiler
    assert not card.silent
    assert card.labels == [["✋ Claim", "⋯ More"], ["🏷 Tag", "⚖ Verdict", "📍 Place"]]


async def test_repost_amends_the_card(newsroom: Newsroom) -> None:
    """A repost edits the one card: REPOST first, the match in words, the earliest copy, the lag; nothing new rings."""
    footage = await newsroom.post(SPRAVDI, "Green men collect kit")
    await newsroom.shown(footage, "NEW")
    later = START + timedelta(days=3, hours=22)

    await newsroom.post(ASTRA, "Сняли сегодня", at=later, of=footage, match=excerpt())
    await newsroom.later(5)
    card = await newsroom.shown(footage, "REPOST")

    assert len(newsroom.group.messages) == 1
    assert card.text.startswith(
        f"REPOST #F{footage} · 2 copies in 2 channels\nAstra (@astrapress) · independent · ru\n"
    )
    assert "3 d 22 h after the earliest we hold" in card.text
    assert f"Match: 0:05–0:17 of this is 0:41–0:53 of #F{footage}; mirrored; sound differs" in card.text
    assert "Earliest we hold: SPRAVDI, 18 Oct 2024 09:00 UTC" in card.text
    assert "original" not in card.text.lower()


async def test_possible_repost_names_the_other_footage(newsroom: Newsroom) -> None:
    """A likeness that is not certain is a card of its own that names the other footage and offers to judge it."""
    elder = await newsroom.post(SPRAVDI)
    younger = await newsroom.post(
        ASTRA,
        of=elder,
        kind=FindingKind.POSSIBLE,
        parts=(elder,),
        match=excerpt(certain=False, strength=0.61),
        at=START + timedelta(hours=2),
    )

    card = await newsroom.shown(younger, "POSSIBLE REPOST")

    assert f"is 0:41–0:53 of #F{elder}; mirrored; sound differs; not certain (61%)" in card.text
    assert f"Earliest we hold of #F{elder}: SPRAVDI, 18 Oct 2024 09:00 UTC" in card.text
    assert "≠ Not a match" in card.labels[1]


async def test_plain_media_are_not_judged(newsroom: Newsroom) -> None:
    """Black or blank media say that they are too plain to judge, and do not ring."""
    footage = await newsroom.post(kind=FindingKind.PLAIN, plain=True)

    card = await newsroom.shown(footage, "TOO PLAIN")

    assert "black picture" in card.text
    assert "not compared" in card.text
    assert "Earliest" not in card.text
    assert card.silent


async def test_deletion_at_telegram_is_told(newsroom: Newsroom) -> None:
    """A post that is deleted keeps its card, which says when that was noticed."""
    footage = await newsroom.post()
    await newsroom.shown(footage)
    await newsroom.later(60)

    await newsroom.delete_post(footage)

    await newsroom.shown(footage, "gone at Telegram, noticed 18 Oct 2024 09:01 UTC")


async def test_an_album_rings_once(newsroom: Newsroom) -> None:
    """Each footage of an album has its card; only the first of them rings."""
    first = await newsroom.post(text="three views", album=77)
    second = await newsroom.post(text="", album=77)
    third = await newsroom.post(text="", album=77)
    await newsroom.later(3)

    cards = [await newsroom.shown(footage, "of an album") for footage in (first, second, third)]

    assert [card.silent for card in cards] == [False, True, True]


async def test_history_makes_no_card(newsroom: Newsroom) -> None:
    """What is read back from the past is filed without an alert, but amends a card that is there."""
    old = await newsroom.post(SPRAVDI, capture=Capture.BACKFILL)
    await newsroom.idle()
    assert newsroom.group.messages == []

    fresh = await newsroom.post(ASTRA, at=START + timedelta(days=1))
    await newsroom.shown(fresh)
    await newsroom.post(SPRAVDI, of=fresh, capture=Capture.BACKFILL, match=excerpt())
    await newsroom.later(5)

    await newsroom.shown(fresh, "Earliest we hold", "SPRAVDI")
    assert newsroom.group.messages == [newsroom.card(fresh)]
    assert old != fresh


async def test_joined_footage_points_to_what_it_became(newsroom: Newsroom) -> None:
    """When two footages turn out to be one, the younger card shows the elder with a line that says so."""
    elder, younger = await newsroom.post(SPRAVDI), await newsroom.post(ASTRA, at=START + timedelta(hours=1))
    card = await newsroom.shown(younger)
    await newsroom.shown(elder)
    await newsroom.later(5)

    async with newsroom.store.database.transaction() as tx:
        await footage.merge(tx, elder, younger)
        for alert in await alerts.of_footage(tx, elder):
            await jobs.enqueue(tx, "deliver", str(alert.alert_id))

    await newsroom.until(lambda: f"#F{younger} turned out to be the same recording" in card.text)
    assert card.text.startswith(f"NEW #F{elder} · 2 copies in 2 channels\n")


async def test_several_changes_are_one_edit(newsroom: Newsroom) -> None:
    """Reposts that follow each other closely become one edit of the card."""
    first = await newsroom.post(SPRAVDI)
    card = await newsroom.shown(first)
    for hour in range(1, 4):
        await newsroom.post(ASTRA, of=first, at=START + timedelta(hours=hour))
    await newsroom.idle(but_waiting=True)
    edits = card.edits
    await newsroom.later(5)
    await newsroom.shown(first, "4 copies")
    await newsroom.idle()

    assert edits <= 1
    assert card.edits <= 2


async def test_nothing_new_is_no_edit(newsroom: Newsroom) -> None:
    """A card that already shows what is wanted is left alone."""
    first = await newsroom.post()
    card = await newsroom.shown(first)
    await newsroom.idle()
    async with newsroom.store.database.transaction() as tx:
        await jobs.enqueue(tx, "deliver", "1")
    await newsroom.idle()

    assert card.edits == 0
    assert len(newsroom.world.served("editMessageCaption")) == 0


async def test_a_picture_is_uploaded_once(stage: Newsroom) -> None:
    """The same picture goes to a second chat by its file id, without being drawn or sent again."""
    quiet = stage.world.chats.group("Night desk", [stage.olena, stage.me])
    stage.config = stage.config.model_copy(update={"chats": (*stage.config.chats, Chat(chat_id=quiet.id, quiet=True))})
    async with stage.at_work():
        footage_id = await stage.post()
        await stage.shown(footage_id)
        await stage.shown(footage_id, chat=quiet)

        assert stage.card(footage_id, quiet).silent
        assert not stage.card(footage_id).silent
        uploads = [event for event in stage.world.served("sendPhoto") if "attach://" in str(event.request.photo)]
        assert len(uploads) <= 2  # both chats may have begun at once
        assert stage.card(footage_id, quiet).file is not None


async def test_a_card_without_picture_gets_one_later(newsroom: Newsroom) -> None:
    """A card that went out as text becomes a picture with caption when one can be drawn."""
    newsroom.drawer.blind = True
    footage_id = await newsroom.post()
    card = await newsroom.shown(footage_id)
    assert card.media is None

    newsroom.drawer.blind = False
    await newsroom.post(ASTRA, of=footage_id, at=START + timedelta(hours=1))
    await newsroom.later(5)

    await newsroom.shown(footage_id, "REPOST")
    assert newsroom.card(footage_id) is card
    assert card.media is not None


async def test_unreadable_files_make_a_card_without_picture(newsroom: Newsroom) -> None:
    """When the picture can't be drawn the card goes out in words, and drawing is not tried again and again."""
    newsroom.drawer.broken = True
    footage_id = await newsroom.post()
    card = await newsroom.shown(footage_id)
    await newsroom.later(5)
    await newsroom.post(ASTRA, "the same file", of=footage_id, at=START + timedelta(hours=1))
    await newsroom.shown(footage_id, "REPOST")

    assert card.media is None
    assert len(newsroom.drawer.drawn) == 2  # once for each picture that was wanted


async def test_relabels_and_hostile_captions_reach_the_chat_unharmed(newsroom: Newsroom) -> None:
    """Captions that try markup, commands and direction tricks are accepted by Telegram and shown as what they are."""
    texts = ("<b>x</b> &lt; *y*", "/untag@firstseen_bot F1", "photo\u202egpj.exe", "👨‍👩‍👧" * 300)
    numbers = [await newsroom.post(replace(ASTRA, title=text[:60]), text) for text in texts]
    for number in numbers:
        await newsroom.shown(number)

    assert "<b>x</b> &lt; *y*" in newsroom.card(numbers[0]).text
    assert "⁄untag@firstseen_bot F1" in newsroom.card(numbers[1]).text
    assert "photo[U+202E]gpj.exe" in newsroom.card(numbers[2]).text
