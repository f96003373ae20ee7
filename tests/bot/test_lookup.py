"""Asking "have we seen this?": where it may be asked, the four honest answers, and what is kept."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from loopback.faults import ApiError, Cut, Flood
from loopback.nouns import Photo
from pipeline.lookup import Hit, LookUpAnswer, Searched
from storage import footage, look_ups
from tests.bot.newsroom import SPRAVDI, START, Newsroom

CLIP = b"\x00\x00\x00\x18ftypmp42 a clip"
SEARCHED = Searched(1234, 12, START)
SENT_BY = {
    "photo": lambda person, where, **more: person.send_photo(where, CLIP, **more),
    "video": lambda person, where, **more: person.send_video(where, CLIP, **more),
    "voice": lambda person, where, **more: person.send_voice(where, CLIP, **more),
    "video note": lambda person, where, **more: person.send_video_note(where, CLIP, **more),
    "audio": lambda person, where, **more: person.send_audio(where, CLIP, **more),
    "animation": lambda person, where, **more: person.send_animation(where, CLIP, **more),
    "file": lambda person, where, **more: person.send_document(where, CLIP, "clip.mp4", **more),
}


async def hit(newsroom: Newsroom, number: int, **changes: object) -> Hit:
    """A likeness of what was sent to a footage."""
    async with newsroom.store.database.reader() as reader:
        earliest = (await footage.sightings(reader, number))[0]
    fields: dict[str, object] = {
        "footage_id": number,
        "asset_id": earliest.asset.asset_id,
        "relation": "excerpt",
        "certain": True,
        "strength": 0.9,
        "spans": ((0.0, 41.0, 12.0, 1.0),),
        "mirrored": True,
        "picture": True,
        "sound": False,
        "earliest": earliest,
    }
    return Hit(**(fields | changes))  # type: ignore[arg-type]


def files(folder: Path) -> list[tuple[Path, bytes]]:
    """Everything that is written below a folder."""
    return [(path, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]


def jpeg() -> bytes:
    """A picture for an answer."""
    written = io.BytesIO()
    Image.new("RGB", (320, 180), (9, 99, 199)).save(written, "JPEG")
    return written.getvalue()


@pytest.mark.parametrize("what", sorted(SENT_BY))
async def test_media_in_private_are_a_question(newsroom: Newsroom, what: str) -> None:
    """Any kind of media sent in private is looked up; "looking…" becomes the answer under the question."""
    newsroom.ivan.start(newsroom.me)
    private = newsroom.ivan.chat_with(newsroom.me)

    question = SENT_BY[what](newsroom.ivan, newsroom.me)
    answer = await newsroom.said("NOT SEEN HERE", chat=private)

    assert answer.text.splitlines() == [
        "NOT SEEN HERE",
        "It may still be old elsewhere.",
        "Searched: 1,234 files of 12 channels, posted since 18 Oct 2024",
    ]
    assert answer.reply_to is question
    assert answer.edits >= 1
    assert newsroom.oracle.heard == [CLIP]


async def test_progress_is_shown_in_private(newsroom: Newsroom) -> None:
    """The stages of a look-up are told on the way."""
    newsroom.ivan.start(newsroom.me)
    newsroom.ivan.send_video(newsroom.me, CLIP)
    private = newsroom.ivan.chat_with(newsroom.me)

    await newsroom.said("NOT SEEN HERE", chat=private)

    told = [edit.before.words.text for edit in private.history]
    assert told[:3] == ["Looking…", "Looking… downloading the file", "Looking… reading the file"]


async def test_seen_shows_the_proof_and_leads_to_the_card(newsroom: Newsroom) -> None:
    """Seen: the number first, which seconds are which, the earliest post, a picture; a button brings the card."""
    number = await newsroom.post(SPRAVDI)
    await newsroom.shown(number)
    found = (await hit(newsroom, number),)
    newsroom.oracle.answer = LookUpAnswer("seen", found, SEARCHED, picture=jpeg())
    newsroom.ivan.start(newsroom.me)
    private = newsroom.ivan.chat_with(newsroom.me)
    newsroom.ivan.send_video(newsroom.me, CLIP)

    answer = await newsroom.said("SEEN", chat=private)

    assert answer.text.splitlines() == [
        f"SEEN #F{number}",
        f"#F{number}: 0:00–0:12 of this is 0:41–0:53 of #F{number}; mirrored",
        f"Earliest we hold of #F{number}: SPRAVDI, 18 Oct 2024 09:00 UTC",
        "Searched: 1,234 files of 12 channels, posted since 18 Oct 2024",
    ]
    assert isinstance(answer.media, Photo)
    assert answer.media.spoiler
    newsroom.ivan.press(newsroom.me, answer, f"#F{number}")
    await newsroom.shown(number, "NEW", chat=private)


@pytest.mark.parametrize(
    ("kind", "certain", "reason", "first"),
    [
        ("part", True, "", "PART SEEN #F1"),
        ("part", False, "", "POSSIBLY SEEN #F1"),
        ("plain", True, "black picture", "TOO PLAIN to judge\nblack picture"),
        ("unreadable", True, "no picture and no sound", "UNREADABLE\nno picture and no sound"),
    ],
)
async def test_the_other_answers(newsroom: Newsroom, kind: Any, certain: bool, reason: str, first: str) -> None:
    """Part seen, possibly seen, too plain, unreadable: each says what is known and no more."""
    number = await newsroom.post(SPRAVDI)
    await newsroom.shown(number)
    found = (await hit(newsroom, number, certain=certain),) if kind == "part" else ()
    newsroom.oracle.answer = LookUpAnswer(kind, found, SEARCHED, reason=reason)
    newsroom.ivan.start(newsroom.me)
    newsroom.ivan.send_video(newsroom.me, CLIP)

    answer = await newsroom.said(first, chat=newsroom.ivan.chat_with(newsroom.me))

    assert answer.text.startswith(first)
    assert ("Searched:" in answer.text) == (kind == "part")


async def test_seen_in_a_group_by_command_mention_and_reply(newsroom: Newsroom) -> None:
    """In the group media are looked up only when pointed at: /seen in reply, a mention, a reply to the bot."""
    number = await newsroom.post()
    card = await newsroom.shown(number)
    talk = newsroom.ivan.send_video(newsroom.group, CLIP)
    newsroom.ivan.say(newsroom.group, "look at that", reply_to=talk)

    newsroom.olena.say(newsroom.group, "/seen", reply_to=talk)
    await newsroom.until(lambda: len(newsroom.oracle.heard) == 1)
    newsroom.ivan.send_video(newsroom.group, CLIP, "/seen")
    await newsroom.until(lambda: len(newsroom.oracle.heard) == 2)
    newsroom.ivan.send_photo(newsroom.group, CLIP, reply_to=card)
    await newsroom.until(lambda: len(newsroom.oracle.heard) == 3)
    await newsroom.idle()

    answers = [message for message in newsroom.group.messages if message.text.startswith("NOT SEEN HERE")]
    assert len(answers) == 3
    assert answers[0].edits == 1


async def test_files_over_the_limit_are_refused_in_words(newsroom: Newsroom) -> None:
    """More than a bot may download: said at once, and not written down as a question."""
    newsroom.ivan.start(newsroom.me)
    media = newsroom.world.video(CLIP, declared_size=25_000_000)
    newsroom.ivan.send(newsroom.me, media)

    await newsroom.said("over 20 MB", chat=newsroom.ivan.chat_with(newsroom.me))
    assert newsroom.oracle.heard == []


async def test_files_that_telegram_no_longer_gives(newsroom: Newsroom) -> None:
    """A file that is gone by the time it is fetched is answered as such."""
    newsroom.world.faults.add(face="botapi", call="getFile", what=ApiError(400, "Bad Request: invalid file_id"))
    newsroom.ivan.start(newsroom.me)
    newsroom.ivan.send_video(newsroom.me, CLIP)

    await newsroom.said("no longer gives out this file", chat=newsroom.ivan.chat_with(newsroom.me))


async def test_a_file_that_turns_out_too_big(newsroom: Newsroom) -> None:
    """A file whose size was not declared and is over the limit is answered like one that was."""
    newsroom.world.faults.add(face="botapi", call="getFile", what=ApiError(400, "Bad Request: file is too big"))
    newsroom.ivan.start(newsroom.me)
    newsroom.ivan.send_video(newsroom.me, CLIP)

    await newsroom.said("over 20 MB", chat=newsroom.ivan.chat_with(newsroom.me))


async def test_a_broken_download_is_tried_again(newsroom: Newsroom) -> None:
    """The network fails in the middle: the question is answered all the same, a little later."""
    newsroom.world.faults.add(face="botapi", call="file", what=Cut())
    newsroom.ivan.start(newsroom.me)
    newsroom.ivan.send_video(newsroom.me, CLIP)
    await newsroom.later(6)

    await newsroom.said("NOT SEEN HERE", chat=newsroom.ivan.chat_with(newsroom.me))


async def test_a_flood_delays_the_answer_and_asks_only_once(newsroom: Newsroom) -> None:
    """When Telegram orders to wait, the answer comes after that; the file is not looked up again for it."""
    newsroom.world.faults.add(
        face="botapi", call="editMessageText", what=Flood(20), when=lambda asked: "NOT SEEN" in asked.text
    )
    question = newsroom.ivan.send_video(newsroom.group, CLIP, "/seen")
    await newsroom.until(lambda: newsroom.oracle.heard)
    await newsroom.later(21)

    answer = await newsroom.said("NOT SEEN HERE")
    assert answer.reply_to is question
    assert len(newsroom.oracle.heard) == 1


async def test_an_answer_whose_place_was_deleted_is_given_anew(newsroom: Newsroom) -> None:
    """Somebody deletes "looking…": the answer comes as a message of its own."""
    newsroom.world.faults.add(
        face="botapi",
        call="editMessageText",
        what=ApiError(400, "Bad Request: message to edit not found"),
        when=lambda asked: "NOT SEEN" in asked.text,
    )
    newsroom.ivan.send_video(newsroom.group, CLIP, "/seen")

    answer = await newsroom.said("NOT SEEN HERE")

    assert answer.edits == 0


async def test_nothing_that_members_send_is_kept(newsroom: Newsroom, tmp_path: Path) -> None:
    """The file is outside the vault while it is read and gone afterwards; only the question is remembered."""
    newsroom.ivan.start(newsroom.me)
    newsroom.ivan.send_video(newsroom.me, CLIP)
    await newsroom.said("NOT SEEN HERE", chat=newsroom.ivan.chat_with(newsroom.me))
    await newsroom.idle()

    assert CLIP not in {content for _, content in files(tmp_path)}
    async with newsroom.store.database.reader() as reader:
        question = await look_ups.look_up(reader, 1)
    assert question is not None
    assert question.answered_at is not None
    assert question.answered_at - question.asked_at < timedelta(minutes=1)
