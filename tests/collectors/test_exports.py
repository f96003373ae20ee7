"""Telegram Desktop exports: everything they say, once, and nothing of a damaged one."""

import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.exports import import_export, import_path
from core.errors import InputError
from core.model import Forward
from loopback.nouns import Channel
from loopback.world import World
from storage import assets, channels, custody, jobs, posts
from storage.opening import Store
from storage.posts import StoredPost
from tests.collectors.conftest import Desk

REAL = Path(__file__).parents[2].parent / "shared" / "data"
NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"
CHANNEL = 1234567890


def message(message_id: int, **more: Any) -> dict[str, Any]:
    """One message as Telegram Desktop writes it."""
    when = 1_700_000_000 + message_id
    return {
        "id": message_id,
        "type": "message",
        "date": datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "date_unixtime": str(when),
        "from": "News",
        "from_id": f"channel{CHANNEL}",
        "text": "",
        "text_entities": [],
        **more,
    }


def write(folder: Path, *messages: dict[str, Any], **more: Any) -> Path:
    """A single channel's export."""
    whole = {"name": "News", "type": "public_channel", "id": CHANNEL, **more, "messages": list(messages)}
    path = folder / "result.json"
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


async def stored(store: Store, message_id: int, channel_id: int = CHANNEL) -> StoredPost:
    """A post that must be there."""
    async with store.database.reader() as reader:
        found = await posts.post(reader, channel_id, message_id)
    assert found is not None
    return found


async def everything(store: Store) -> dict[str, int]:
    """How many rows of each kind there are."""
    async with store.database.reader() as reader:
        counts = await posts.counts(reader)
        seq, _head = await custody.head(reader)
    return {**counts, "custody": seq}


async def test_text_is_read_in_both_of_its_forms(store: Store, tmp_path: Path) -> None:
    """Plain words and lists of styled parts give the same kind of post; links come from both."""
    parts = [
        "Колонна ",
        {"type": "bold", "text": "замечена"},
        " ",
        {"type": "link", "text": "t.me/somewhere/5"},
        {"type": "text_link", "text": " here", "href": "https://example.org/a"},
        {"type": "mention", "text": "@somebody"},
    ]
    await import_export(store, write(tmp_path, message(1, text="plain"), message(2, text=parts)))
    assert (await stored(store, 1)).post.text == "plain"
    styled = (await stored(store, 2)).post
    assert styled.text == "Колонна замечена t.me/somewhere/5 here@somebody"
    assert [link.url for link in styled.links] == ["https://t.me/somewhere/5", "https://example.org/a"]


async def test_times_with_and_without_a_zone(store: Store, tmp_path: Path) -> None:
    """The unix time counts where there is one; an old export's local time is taken as UTC, and that is said."""
    old = message(1)
    del old["date_unixtime"]
    old["date"] = "2019-05-06T07:08:09"
    summary = await import_export(store, write(tmp_path, old, message(2, date="2000-01-01T00:00:00")))
    assert (await stored(store, 1)).post.posted_at == datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert (await stored(store, 2)).post.posted_at == datetime.fromtimestamp(1_700_000_002, UTC)
    assert summary.notes == ("1 posts give their time without a zone: taken as UTC",)


FILES: list[tuple[dict[str, Any], str]] = [
    ({"photo": "photos/a.jpg", "photo_file_size": 4, "width": 2, "height": 1}, "photo"),
    ({"file": "video_files/a.mp4", "media_type": "video_file", "mime_type": "video/mp4"}, "video"),
    ({"file": "round_video_messages/a.mp4", "media_type": "video_message", "mime_type": "video/mp4"}, "video_note"),
    ({"file": "voice_messages/a.ogg", "media_type": "voice_message", "mime_type": "audio/ogg"}, "voice"),
    ({"file": "files/a.mp3", "media_type": "audio_file", "mime_type": "audio/mpeg"}, "audio"),
    ({"file": "video_files/b.mp4", "media_type": "animation", "mime_type": "video/mp4"}, "animation"),
    ({"file": "files/a.png", "mime_type": "image/png"}, "photo"),
    ({"file": "files/a.pdf", "mime_type": "application/pdf"}, "document"),
]


async def test_every_kind_of_file_that_came_along_is_held(store: Store, tmp_path: Path) -> None:
    """Files are taken into the vault as they are and wait to be read; each keeps its kind."""
    for number, (named, _kind) in enumerate(FILES):
        path = tmp_path / str(named.get("photo") or named["file"])
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(f"bytes {number}".encode())
    path = write(tmp_path, *(message(number, **named) for number, (named, _kind) in enumerate(FILES, 1)))
    summary = await import_export(store, path)
    assert summary.files_held == len(FILES)
    assert summary.kinds == Counter(kind for _named, kind in FILES)
    for number, (_named, kind) in enumerate(FILES):
        post = await stored(store, number + 1)
        (ref,) = post.post.media
        assert (ref.kind, ref.state, post.capture) == (kind, "held", "export")
    async with store.database.reader() as reader:
        assert await jobs.waiting(reader, "fingerprint") == len(FILES)
        assert await jobs.waiting(reader, "fetch") == 0


ABSENT = [
    (NOT_INCLUDED, "File not included. Change data exporting settings to download."),
    (
        "(File exceeds maximum size. Change data exporting settings to download.)",
        "File exceeds maximum size. Change data exporting settings to download.",
    ),
    ("(File unavailable, please try again later)", "File unavailable, please try again later"),
    ("video_files/never.mp4", "named in the export but not there"),
    ("../../etc/passwd", "named outside the folder of the export"),
    ("/etc/passwd", "named outside the folder of the export"),
]


@pytest.mark.parametrize(("named", "reason"), ABSENT)
async def test_a_file_that_did_not_come_along_is_absent_with_its_reason(
    store: Store, tmp_path: Path, named: str, reason: str
) -> None:
    """Telegram Desktop's remarks, missing files and paths that lead out of the folder."""
    path = write(tmp_path, message(1, file=named, media_type="video_file", mime_type="video/mp4", file_size=5))
    summary = await import_export(store, path)
    (ref,) = (await stored(store, 1)).post.media
    assert (ref.state, ref.reason, ref.kind, summary.files_absent) == ("absent", reason, "video", 1)


async def test_a_link_out_of_the_folder_is_not_followed(store: Store, tmp_path: Path) -> None:
    """A symbolic link in an export brings nothing in."""
    (tmp_path / "secret").write_bytes(b"not yours")
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "a.jpg").symlink_to(tmp_path / "secret")
    await import_export(store, write(folder, message(1, photo="a.jpg")))
    (ref,) = (await stored(store, 1)).post.media
    assert ref.state == "absent"


async def test_forwards_edits_replies_and_service_messages_are_kept(store: Store, tmp_path: Path) -> None:
    """What an export says around a post is not lost."""
    path = write(
        tmp_path,
        message(1, type="service", action="create_channel", title="News"),
        message(2, forwarded_from="Elsewhere", forwarded_from_id="channel777", text="copied"),
        message(3, forwarded_from="A person", text="from a person"),
        message(4, edited_unixtime="1700009999", edited="2023-11-15T00:00:00", reply_to_message_id=2),
        message(5, reply_to_message_id=9, reply_to_peer_id="channel5"),
        message(6, self_destruct_period_seconds=30, photo=NOT_INCLUDED),
        message(7, poll={"question": "Who?", "answers": [{"text": "We"}, {"text": "They"}]}),
        message(8, media_type="sticker", file="sticker.webp"),
    )
    summary = await import_export(store, path)
    assert (await stored(store, 1)).post.service == "create_channel: News"
    assert (await stored(store, 2)).post.forward == Forward(777, None, None, "Elsewhere")
    assert (await stored(store, 3)).post.forward == Forward(None, None, None, "A person")
    edited = (await stored(store, 4)).post
    assert (edited.edited_at, edited.reply_to) == (datetime.fromtimestamp(1_700_009_999, UTC), 2)
    assert (await stored(store, 5)).post.reply_to is None
    assert (await stored(store, 6)).post.media[0].state == "refused"
    assert (await stored(store, 7)).post.text == "Who?\n– We\n– They"
    assert (await stored(store, 8)).post.media == ()
    assert summary.forwards == 2
    assert summary.kinds == {"photo": 1, "service": 1, "sticker": 1, "text": 5}


async def test_a_second_import_adds_nothing_and_a_later_one_only_what_is_new(store: Store, tmp_path: Path) -> None:
    """The same export twice is once; one made later brings new posts, edits, and files that were missing."""
    first = [message(1, text="one"), message(2, text="two", photo=NOT_INCLUDED)]
    await import_export(store, write(tmp_path, *first))
    before = await everything(store)
    again = await import_export(store, write(tmp_path, *first))
    assert (again.new, again.edited, again.known) == (0, 0, 2)
    assert await everything(store) == {**before, "custody": before["custody"] + 1}
    (tmp_path / "b.jpg").write_bytes(b"came later")
    later = write(
        tmp_path,
        message(1, text="one, mended", edited_unixtime="1700005555", edited="2023-11-14T00:00:00"),
        message(2, text="two", photo="b.jpg"),
        message(3, text="three"),
    )
    summary = await import_export(store, later)
    assert (summary.new, summary.edited, summary.known) == (1, 1, 1)
    assert (await stored(store, 1)).version == 2
    assert (await stored(store, 2)).post.media[0].state == "held"


async def test_a_whole_accounts_export_gives_its_channels_only(store: Store, tmp_path: Path) -> None:
    """Private chats and groups are left out, and the summary says how many."""
    chats = [
        {"name": "Mother", "type": "personal_chat", "id": 5, "messages": [message(1, text="private")]},
        {"name": "News", "type": "public_channel", "id": CHANNEL, "messages": [message(1, text="public")]},
        {"name": None, "type": "private_channel", "id": 999999, "messages": [message(4)]},
    ]
    left = [{"name": "Old News", "type": "public_channel", "id": 888888, "messages": []}]
    whole = {
        "about": "Here is the data you requested.",
        "personal_information": {"user_id": 1, "bio": "…"},
        "contacts": {"about": "…", "list": [{"user_id": 2}]},
        "chats": {"about": "…", "list": chats},
        "left_chats": {"about": "…", "list": left},
    }
    path = tmp_path / "result.json"
    path.write_text(json.dumps(whole), encoding="utf-8")
    summary = await import_path(store, tmp_path)
    assert summary.channels == ("News", "Untitled channel", "Old News")
    assert summary.notes == ("1 chats are no channels and were left out",)
    assert summary.posts == 2
    async with store.database.reader() as reader:
        assert await posts.counts(reader, 5) == await posts.counts(reader, 6)
        watched = await channels.watches(reader)
    assert {watch.tier for watch, _channel in watched} == {"imported"}


SOUND = json.dumps({"name": "N", "type": "public_channel", "id": 55555, "messages": [message(n) for n in range(1, 9)]})
BROKEN = [
    SOUND[: len(SOUND) // 2],
    SOUND[:-1],
    SOUND[:-2],
    SOUND + "x",
    SOUND.replace('"id": 5,', '"id": "five",'),
    SOUND.replace('"date_unixtime": "1700000005"', '"date_unixtime": "soon"'),
    "",
    "[]",
    "{}",
    "null",
    '{"name": "N", "type": "public_channel"}',
    '{"name": "G", "type": "private_group", "id": 1, "messages": []}',
    "\x00\x01",
]


@pytest.mark.parametrize("text", BROKEN)
async def test_a_damaged_export_is_one_error_and_changes_nothing(store: Store, tmp_path: Path, text: str) -> None:
    """Cut off, damaged, foreign or empty: one sentence that names the file, and not a row is written."""
    before = await everything(store)
    path = tmp_path / "result.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as told:
        await import_export(store, path)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)
    assert await everything(store) == before


async def test_a_file_that_is_no_text_is_refused(store: Store, tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are an InputError, as is a file that is not there."""
    path = tmp_path / "result.json"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError):
        await import_export(store, path)
    with pytest.raises(InputError):
        await import_export(store, tmp_path / "nothing.json")


async def test_values_across_the_edges_of_reading_come_whole(store: Store, tmp_path: Path) -> None:
    """An export larger than what is read at once, with a post longer than that, arrives word for word."""
    long = "слово " * 120_000
    many = [message(number, text=f"post {number} " + "x" * 3000) for number in range(1, 400)]
    await import_export(store, write(tmp_path, *many, message(500, text=long)))
    assert (await stored(store, 500)).post.text == long
    assert (await stored(store, 399)).post.text.startswith("post 399 ")


async def test_a_folder_of_files_is_a_channel(store: Store, tmp_path: Path) -> None:
    """Each file is a post, dated by its name or its time; hidden ones and links are passed over; twice is once."""
    folder = tmp_path / "Collected by Anna"
    (folder / "deeper").mkdir(parents=True)
    (folder / "IMG_20241018_143015.jpg").write_bytes(b"one")
    (folder / "deeper" / "walk.mp4").write_bytes(b"two")
    os.utime(folder / "deeper" / "walk.mp4", (1_600_000_000, 1_600_000_000))
    (folder / ".hidden.jpg").write_bytes(b"no")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "link.mp4").symlink_to(folder / "deeper" / "walk.mp4")
    summary = await import_path(store, folder)
    assert (summary.channels, summary.posts, summary.new) == (("Collected by Anna",), 2, 2)
    async with store.database.reader() as reader:
        ((watch, channel),) = await channels.watches(reader)
        ids = await posts.known_ids(reader, watch.channel_id, 0, 2**62)
    assert channel.channel_id < 0
    found = {one.post.text: one.post for one in [await stored(store, one, watch.channel_id) for one in ids]}
    assert found["IMG_20241018_143015.jpg"].posted_at == datetime(2024, 10, 18, 14, 30, 15, tzinfo=UTC)
    assert found["deeper/walk.mp4"].posted_at == datetime.fromtimestamp(1_600_000_000, UTC)
    assert {post.media[0].state for post in found.values()} == {"held"}
    (folder / "new.png").write_bytes(b"three")
    again = await import_path(store, folder)
    assert (again.new, again.known) == (1, 2)


async def test_equal_files_of_a_folder_are_one_asset(store: Store, tmp_path: Path) -> None:
    """The same bytes under two names are two sightings of one asset."""
    folder = tmp_path / "twice"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"same")
    (folder / "b.jpg").write_bytes(b"same")
    await import_path(store, folder, "Named")
    async with store.database.reader() as reader:
        asset = await assets.by_sha(reader, "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5")
        assert asset is not None
        assert len(await assets.sightings_of(reader, asset.asset_id)) == 2


def counted(messages: list[dict[str, Any]]) -> Counter[str]:
    """The kinds in a real export, counted straight from its JSON."""
    names = {"video_file": "video", "video_message": "video_note", "voice_message": "voice", "audio_file": "audio"}
    kinds: Counter[str] = Counter()
    for one in messages:
        if one["type"] == "service":
            kinds["service"] += 1
        elif "photo" in one:
            kinds["photo"] += 1
        elif "media_type" in one:
            kinds[names.get(one["media_type"], one["media_type"])] += 1
        else:
            kinds["text"] += 1
    return kinds


@pytest.mark.skipif(not REAL.exists(), reason="the real exports lie beside the project, not in it")
async def test_a_real_channels_export_is_read_completely(store: Store) -> None:
    """Counts by kind and forwards equal a count of the JSON; again adds nothing; a later export adds what is new."""
    path = REAL / "channel-export" / "result.json"
    messages = json.loads(path.read_text(encoding="utf-8"))["messages"]
    later_path = REAL / "channel-export-later" / "result.json"
    later = json.loads(later_path.read_text(encoding="utf-8"))["messages"]
    summary = await import_export(store, path)
    assert summary.kinds == counted(messages)
    assert summary.new == len({one["id"] for one in messages})
    assert summary.forwards == sum("forwarded_from" in one for one in messages)
    assert summary.files_absent == sum("photo" in one or "file" in one for one in messages)
    again = await import_export(store, path)
    assert (again.new, again.edited) == (0, 0)
    added = await import_export(store, later_path)
    fresh = {one["id"] for one in later} - {one["id"] for one in messages}
    assert (added.new, added.posts) == (len(fresh), len(later))
    async with store.database.reader() as reader:
        rows = await reader.one("SELECT COUNT(*) AS n FROM post WHERE forward_name IS NOT NULL")
    assert rows is not None
    assert rows["n"] == summary.forwards


async def test_a_channel_imported_first_and_watched_later_has_each_post_once(
    desk: Desk, world: World, news: Channel, tmp_path: Path
) -> None:
    """What an export brought is joined with Telegram's own copy: no second version, and missing files are fetched."""
    made = world.post(news, "with a clip", media=world.document(b"clip" * 900, "a.bin"))
    file = {"file": NOT_INCLUDED, "file_name": "a.bin", "mime_type": "application/octet-stream", "file_size": 3600}
    await import_export(desk.store, write(tmp_path, message(made.id, text="with a clip", **file), id=news.id))
    async with desk.running(fetch=True):
        await desk.watch(news)

        async def held() -> bool:
            stored = await desk.post(news, made.id)
            return stored is not None and [ref.state for ref in stored.post.media] == ["held"]

        await desk.until(held)
        stored = await desk.post(news, made.id)
        assert stored is not None
        assert (stored.version, stored.capture, stored.post.raw_layer) == (1, "export", 229)
    again = await import_export(desk.store, tmp_path / "result.json")
    assert (again.new, again.edited, again.known) == (0, 0, 1)
