"""Posts: once each, with every wording; their files stay the same rows over edits."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.model import Capture, Forward, Link, MediaKind, MediaRef, Post, Recorded, RefState
from storage import assets, custody, posts
from storage.opening import Store
from tests.storage.made import ASTRA, NOW, VIDEO, a_post, held, taken

MINUTE = timedelta(minutes=1)
PHOTO = MediaRef("media", MediaKind.PHOTO, file_id=77, size=3, mime="image/jpeg", name="a.jpg", width=4, height=5)


async def actions(store: Store) -> list[str]:
    """What the custody log says was done."""
    async with store.database.reader() as reader:
        assert await custody.verify(reader) == []
        rows = await reader.all("SELECT body FROM custody ORDER BY seq")
    return [row["body"].split('"action":"')[1].split('"')[0] for row in rows]


async def test_a_post_comes_back_as_it_was_captured(store: Store) -> None:
    """Every field of a post survives storage, and so does how and when we obtained it."""
    post = Post(
        ASTRA.channel_id,
        9,
        NOW,
        "text",
        album_id=4,
        edited_at=NOW + MINUTE,
        reply_to=3,
        forward=Forward(2002, 7, NOW - MINUTE, "Ann"),
        media=(PHOTO, replace(VIDEO, role="live_video", duration=1.5)),
        links=(Link("https://a.example/1"), Link("https://a.example/2")),
        service="pinned",
        raw=b"\x00\xff",
        raw_layer=229,
    )
    async with store.database.transaction() as tx:
        post_id = await taken(tx, post, Capture.BACKFILL)
        stored = await posts.by_id(tx, post_id)
        assert stored is not None
        assert replace(stored.post, media=()) == replace(post, media=())
        assert set(stored.post.media) == set(post.media)
        assert (stored.captured_at, stored.capture, stored.deleted_at) == (NOW, Capture.BACKFILL, None)
        assert await posts.album(tx, ASTRA.channel_id, 4) == (stored,)
        assert await posts.post(tx, ASTRA.channel_id, 10) is None


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, Recorded.KNOWN),
        ({"raw": b"other views"}, Recorded.KNOWN),
        ({"text": "other"}, Recorded.EDITED),
        ({"edited_at": NOW + MINUTE}, Recorded.KNOWN),
        ({"media": (replace(VIDEO, file_id=56),)}, Recorded.EDITED),
        ({"media": ()}, Recorded.EDITED),
        ({"media": (VIDEO, replace(PHOTO, position=1))}, Recorded.EDITED),
    ],
)
async def test_only_words_and_files_make_a_version(store: Store, change: dict[str, Any], outcome: Recorded) -> None:
    """Counters, pins and reactions that Telegram calls edits do not make a version; words and files do."""
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post())
        assert await posts.record(tx, a_post(**change), Capture.LIVE, "main", NOW) == (outcome, post_id)
        assert await posts.record(tx, a_post(**change), Capture.LIVE, "main", NOW) == (Recorded.KNOWN, post_id)
        assert len(await posts.versions(tx, post_id)) == (outcome is Recorded.EDITED)
    assert (await actions(store)).count("post.edited") == (outcome is Recorded.EDITED)


async def test_an_older_copy_changes_nothing(store: Store) -> None:
    """What a slow source brings from before an edit is known already."""
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post())
        for number in (1, 2):
            edited = a_post(text=f"wording {number}", edited_at=NOW + number * MINUTE)
            assert (await posts.record(tx, edited, Capture.LIVE, "main", NOW))[0] is Recorded.EDITED
        for late in (a_post(), a_post(text="wording 1", edited_at=NOW + MINUTE)):
            assert (await posts.record(tx, late, Capture.RECONCILE, "main", NOW))[0] is Recorded.KNOWN
        stored = await posts.by_id(tx, post_id)
        assert stored is not None
        assert (stored.post.text, stored.version) == ("wording 2", 3)
        assert [one.text for one in await posts.versions(tx, post_id)] == [a_post().text, "wording 1"]


async def test_an_edit_of_the_words_leaves_the_files_on_their_way(store: Store) -> None:
    """A caption that is edited while its file is being fetched makes no second reference and no second sighting."""
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post())
        ((before, _),) = await posts.wanted(tx, post_id)
        await posts.record(tx, a_post(text="other", edited_at=NOW), Capture.LIVE, "main", NOW)
        ((after, _),) = await posts.wanted(tx, post_id)
        assert after == before
        asset_id, sighting_id = await held(tx, post_id)
        await posts.record(tx, a_post(text="third", edited_at=NOW + MINUTE), Capture.LIVE, "main", NOW)
        (ref,) = await posts.refs(tx, post_id)
        assert (ref.ref_id, ref.asset_id, ref.ref.state) == (before, asset_id, RefState.HELD)
        assert [one.sighting_id for one in await assets.sightings_of(tx, asset_id)] == [sighting_id]


async def test_a_replaced_file_stays_seen(store: Store) -> None:
    """When an edit swaps the file, the new one is wanted and the sighting of the old one stays."""
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post())
        asset_id, sighting_id = await held(tx, post_id)
        swapped = a_post(media=(replace(VIDEO, file_id=56),), edited_at=NOW)
        await posts.record(tx, swapped, Capture.LIVE, "main", NOW)
        ((wanted, ref),) = await posts.wanted(tx, post_id)
        assert ref.file_id == 56
        assert [one.sighting_id for one in await assets.sightings_of(tx, asset_id)] == [sighting_id]
        assert await assets.sighting_of_ref(tx, wanted) is None


async def test_files_from_links_go_along_with_edits(store: Store) -> None:
    """A file that came by a link belongs to the post as it stands, whatever is edited, and is added once."""
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post())
        linked = MediaRef("link", MediaKind.VIDEO, name="a film")
        ref_id = await posts.add_ref(tx, post_id, linked)
        assert await posts.add_ref(tx, post_id, linked) == ref_id
        await posts.record(tx, a_post(text="other", edited_at=NOW), Capture.LIVE, "main", NOW)
        assert ref_id in {ref.ref_id for ref in await posts.refs(tx, post_id)}
        assert (await posts.record(tx, a_post(text="other", edited_at=NOW), Capture.LIVE, "main", NOW))[
            0
        ] is Recorded.KNOWN


async def test_a_deletion_is_a_fact_about_the_post(store: Store) -> None:
    """A post that Telegram no longer has stays with the time when we noticed, told once."""
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post())
        assert await posts.delete(tx, ASTRA.channel_id, [5, 6], NOW + MINUTE) == (post_id,)
        assert await posts.delete(tx, ASTRA.channel_id, [5], NOW + 2 * MINUTE) == ()
        stored = await posts.by_id(tx, post_id)
        assert stored is not None
        assert stored.deleted_at == NOW + MINUTE
        assert stored.post.text == a_post().text
    assert await actions(store) == ["post.recorded", "post.deleted"]


async def test_a_held_file_has_one_sighting(store: Store) -> None:
    """Holding a file again, saying again what it is, and calling it lost later change nothing."""
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post())
        ((ref_id, _),) = await posts.wanted(tx, post_id)
        asset_id, sighting_id = await held(tx, post_id)
        assert await assets.record(tx, "ab" * 32, 10, MediaKind.DOCUMENT, NOW) == asset_id
        assert await assets.hold(tx, ref_id, asset_id, NOW) == sighting_id
        await posts.set_ref_state(tx, ref_id, RefState.LOST, "gone")
        ref = await posts.ref(tx, ref_id)
        assert ref is not None
        assert (ref.ref.state, ref.asset_id) == (RefState.HELD, asset_id)
        await assets.remember_file(tx, 55, asset_id)
        await assets.remember_file(tx, 55, asset_id)
        by_file = await assets.by_file_id(tx, 55)
        assert by_file == await assets.by_sha(tx, "ab" * 32) == await assets.asset(tx, asset_id)
        assert by_file is not None
        assert by_file.kind is MediaKind.VIDEO
        assert await posts.part_names(tx) == frozenset()
    assert (await actions(store)).count("asset.held") == 1


async def test_what_was_not_fetched_says_why(store: Store) -> None:
    """A file that is lost is no longer wanted, and its part is not kept."""
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post())
        ((ref_id, ref),) = await posts.wanted(tx, post_id)
        assert await posts.part_names(tx) == {posts.part_name(ref_id, ref.file_id)}
        await posts.set_ref_state(tx, ref_id, RefState.LOST, "deleted before it was fetched")
        assert await posts.wanted(tx, post_id) == ()
        assert await posts.part_names(tx) == frozenset()
        (stored,) = await posts.refs(tx, post_id)
        assert stored.ref.reason == "deleted before it was fetched"


async def test_ids_and_counts_tell_what_is_held(store: Store) -> None:
    """Known ids leave out deleted posts; the top is the newest ever held; what was not understood is counted."""
    async with store.database.transaction() as tx:
        for message_id in (3, 5, 8):
            await taken(tx, a_post(message_id))
        await posts.delete(tx, ASTRA.channel_id, [8], NOW)
        await posts.unread(tx, ASTRA.channel_id, 9, NOW, "a new kind", b"raw")
        await posts.unread(tx, ASTRA.channel_id, 9, NOW, "a new kind", b"raw")
        assert await posts.known_ids(tx, ASTRA.channel_id, 1, 9) == {3, 5}
        assert await posts.known_ids(tx, ASTRA.channel_id, 4, 5) == {5}
        assert await posts.top_id(tx, ASTRA.channel_id) == 8
        assert await posts.top_id(tx, 1) == 0
        counted = await posts.counts(tx, ASTRA.channel_id)
        assert counted == await posts.counts(tx)
        assert (counted["posts"], counted["deleted"], counted["files_wanted"], counted["unread"]) == (3, 1, 3, 1)
        assert (await posts.counts(tx, 1))["posts"] == 0
