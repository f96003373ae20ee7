from datetime import UTC, datetime

from core.model import (
    Actor,
    Capture,
    Channel,
    Finding,
    FindingKind,
    Fingerprint,
    MediaKind,
    MediaRef,
    Member,
    Post,
    Recorded,
    Role,
    Verdict,
)
from storage import (
    alerts,
    assets,
    channels,
    custody,
    fingerprints,
    footage,
    jobs,
    look_ups,
    members,
    posts,
    search,
)
from storage.opening import Store

NOW = datetime(2024, 10, 18, 9, 12, tzinfo=UTC)
OLENA = Member(7, "Olena", Role.TAGGER)


def a_post(text: str = "Соняшники біля Сергіївки", **more: object) -> Post:
    """A post with one video."""
    video = MediaRef("media", MediaKind.VIDEO, file_id=55, size=10)
    fields: dict[str, object] = {"text": text, "media": (video,), "raw": b"x"}
    return Post(1001, 5, NOW, **(fields | more))  # type: ignore[arg-type]


async def filed(store: Store) -> tuple[int, int]:
    """A post whose video is held and filed as new: its footage and sighting."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, Channel(1001, "Astra", "astra"), NOW)
        _, post_id = await posts.record(tx, a_post(), Capture.LIVE, "main", NOW)
        ((ref_id, _ref),) = await posts.wanted(tx, post_id)
        asset_id = await assets.record(tx, "ab" * 32, 10, MediaKind.VIDEO, NOW)
        sighting_id = await assets.hold(tx, ref_id, asset_id, NOW)
        footage_id = await footage.create(tx, NOW)
        await footage.put(tx, footage_id, asset_id, belongs=True)
        await footage.record_finding(tx, Finding(sighting_id, FindingKind.NEW, footage_id), NOW)
    return footage_id, sighting_id


async def test_post_is_stored_once_and_edits_are_versions(store: Store) -> None:
    """A post recorded again is known; changed words are a version and keep the file and its sighting."""
    footage_id, sighting_id = await filed(store)
    async with store.database.transaction() as tx:
        assert (await posts.record(tx, a_post(), Capture.RECONCILE, "main", NOW))[0] is Recorded.KNOWN
        edited = a_post("Other words", edited_at=NOW)
        assert (await posts.record(tx, edited, Capture.LIVE, "main", NOW))[0] is Recorded.EDITED
        assert (await posts.record(tx, a_post(), Capture.RECONCILE, "main", NOW))[0] is Recorded.KNOWN
        stored = await posts.post(tx, 1001, 5)
        assert stored is not None
        assert stored.post.text == "Other words"
        assert [version.text for version in await posts.versions(tx, stored.post_id)] == ["Соняшники біля Сергіївки"]
        assert [seen.sighting.sighting_id for seen in await footage.sightings(tx, footage_id)] == [sighting_id]
        assert (await footage.sightings(tx, footage_id))[0].edited
        assert await posts.delete(tx, 1001, [5, 6], NOW) == (stored.post_id,)
        assert await posts.delete(tx, 1001, [5], NOW) == ()
        assert await custody.verify(tx) == []


async def test_desk_writes_events_and_search_finds_by_words_and_tags(store: Store) -> None:
    """Tags, verdicts, notes and claims stand; words are found in other forms; hostile text is harmless."""
    footage_id, _ = await filed(store)
    async with store.database.transaction() as tx:
        assert await members.tag(tx, footage_id, "training camp", True, OLENA, NOW)
        assert not await members.tag(tx, footage_id, "training camp", True, OLENA, NOW)
        assert await members.judge(tx, footage_id, Verdict.CONFIRMED, OLENA, NOW)
        await members.note(tx, footage_id, "two porches", 3.0, OLENA, NOW)
        assert await members.claim(tx, footage_id, True, OLENA, NOW)
        assert await members.claimed_by(tx, footage_id) == "Olena"
        assert len(await members.history(tx, footage_id)) == 4
    async with store.database.reader() as reader:
        for words in ("сергіївка", "СОНЯШНИК", "соняшниками", ""):
            found = await search.find(reader, words, tags=["Training Camp"], verdict=Verdict.CONFIRMED)
            assert [one.footage_id for one in found] == [footage_id], words
        for hostile in ('" OR *', "NEAR(", "a AND", "соняшник; DROP TABLE post"):
            await search.find(reader, hostile)
        assert await search.find(reader, "київ") == ()


async def test_merge_moves_everything(store: Store) -> None:
    """A merged footage leads to the one it became, with its tags, findings and assets."""
    footage_id, sighting_id = await filed(store)
    async with store.database.transaction() as tx:
        await members.tag(tx, footage_id, "camp", True, OLENA, NOW)
        kept = await footage.create(tx, NOW)
        await footage.merge(tx, kept, footage_id)
        assert await members.tags(tx, kept) == ("camp",)
        moved = await footage.finding(tx, sighting_id)
        assert moved is not None
        assert moved.footage_id == kept
        led = await footage.footage(tx, footage_id)
        assert led is not None
        assert led.footage_id == kept


async def test_matches_reviews_fingerprints_alerts_and_look_ups(store: Store) -> None:
    """The rest of the nouns keep what they are given, once."""
    footage_id, _ = await filed(store)
    async with store.database.transaction() as tx:
        other = await assets.record(tx, "cd" * 32, 11, MediaKind.VIDEO, NOW)
        first = await footage.record_match(tx, other, 1, "same", True, 0.9, "{}", NOW)
        assert await footage.record_match(tx, other, 1, "edited", True, 0.8, "{}", NOW) == first
        assert [stored.relation for stored in await footage.matches_of(tx, 1)] == ["edited"]
        await footage.review(tx, other, 1, False, Actor("member", "Olena", 7), NOW)
        assert await footage.rejected(tx, 1) == {other}
        await footage.review(tx, 1, other, True, Actor("member", "Olena", 7), NOW)
        assert await footage.rejected(tx, 1) == frozenset()
        await fingerprints.replace(tx, 1, [Fingerprint("photo.pdq", 1, b"abc", 0.5)])
        assert await fingerprints.some(tx, [1]) == {1: (Fingerprint("photo.pdq", 1, b"abc", 0.5),)}
        alert_id = await alerts.want(tx, footage_id, -5, None, loud=True, trigger_at=NOW)
        assert await alerts.want(tx, footage_id, -5, None, loud=False, trigger_at=NOW) == alert_id
        delivery = await alerts.sending(tx, alert_id, "send", 2, NOW)
        await alerts.sent(tx, alert_id, delivery, 77, 2, "words", "picture", NOW)
        shown = await alerts.by_message(tx, -5, 77)
        assert shown is not None
        assert (shown.shown_version, shown.wanted_version, shown.loud) == (2, 2, True)
        asked = await look_ups.ask(tx, 7, 1, None, 7, "file", "video", 5, NOW)
        assert await look_ups.ask(tx, 7, 1, None, 7, "file", "video", 5, NOW) == asked


async def test_queue_runs_a_lock_in_order_and_repeats_what_was_asked_again(store: Store) -> None:
    """Within a lock the lowest position goes first, alone; a job asked for while it runs comes back."""
    async with store.database.transaction() as tx:
        await jobs.enqueue(tx, "match", "b", lock="1", position=2)
        await jobs.enqueue(tx, "match", "a", lock="1", position=1)
        await jobs.enqueue(tx, "match", "c", lock="2", position=9)
    async with store.database.transaction() as tx:
        taken = [await jobs.claim(tx, "match", NOW), await jobs.claim(tx, "match", NOW)]
        assert [job.key for job in taken if job] == ["c", "a"] or [job.key for job in taken if job] == ["a", "c"]
        assert await jobs.claim(tx, "match", NOW) is None
        await jobs.enqueue(tx, "match", "a", lock="1", position=1)
        for job in taken:
            assert job is not None
            await jobs.finish(tx, job)
        again = await jobs.claim(tx, "match", NOW)
        assert again is not None
        assert again.key == "a"
