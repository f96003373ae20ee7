"""Files: byte for byte, each once, through floods, expiry, cuts and full disks."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from core.config import Fetch, Telegram
from core.model import Forward, MediaRef
from loopback.faults import Cut, Flood, RpcError, Silence
from loopback.mtproto import MTProtoServer
from loopback.nouns import MEDIA_DC, Channel, Media, Post
from loopback.world import World
from storage import assets, jobs, settings
from tests.collectors.conftest import Desk
from tests.telegram import API_ID

KIB = 1024
BIG = bytes(range(256)) * 4 * KIB * 2  # 2 MiB: four parts of 512 KiB
Ready = Callable[[], Awaitable[object]]


async def refs(desk: Desk, post: Post) -> list[MediaRef]:
    """The files of a stored post."""
    stored = await desk.post(post.channel, post.id)
    return list(stored.post.media) if stored else []


def settled(desk: Desk, post: Post) -> Ready:
    """Every file of the post has come to an end, good or bad."""

    async def check() -> bool:
        found = await refs(desk, post)
        return bool(found) and all(ref.state != "wanted" for ref in found)

    return check


async def bytes_of(desk: Desk, post: Post) -> list[bytes]:
    """The bytes held for a post's files, in order."""
    async with desk.store.database.reader() as reader:
        found = [await assets.by_file_id(reader, ref.file_id or 0) for ref in await refs(desk, post)]
    return [desk.store.vault.path(asset.sha256).read_bytes() for asset in found if asset]


async def waits_again(desk: Desk, queue: str = "fetch") -> str:
    """What the waiting job of a queue says about its last attempt; empty when none waits."""
    async with desk.store.database.reader() as reader:
        row = await reader.one("SELECT error FROM job WHERE queue = :queue AND state = 'ready'", queue=queue)
    return str(row["error"]) if row else ""


async def test_a_file_is_fetched_byte_for_byte_and_read_next(desk: Desk, world: World, news: Channel) -> None:
    """The vault holds exactly what was posted, and the next step is asked for."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        made = world.post(news, media=world.document(BIG, "march.bin"))
        await desk.until(settled(desk, made))
        assert await bytes_of(desk, made) == [BIG]
        async with desk.store.database.reader() as reader:
            assert await jobs.waiting(reader, "fingerprint") == 1
        assert all(event.request.limit == 512 * KIB for event in world.served("upload.getFile"))


async def test_a_forward_is_recognised_without_loading_a_byte(desk: Desk, world: World, news: Channel) -> None:
    """A file that we hold under Telegram's own id makes a sighting at once, wherever it is posted again."""
    other = world.add_channel("Mirror", "mirror_news", members=list(world.users.values()))
    async with desk.running(fetch=True):
        await desk.watch(news, other)
        first = world.post(news, media=world.document(BIG, "march.bin"))
        await desk.until(settled(desk, first))
        loaded = len(world.served("upload.getFile"))
        copies = [world.forward(first, other), world.forward(first, other, drop_author=True)]
        for copy in copies:
            await desk.until(settled(desk, copy))
        assert len(world.served("upload.getFile")) == loaded
        async with desk.store.database.reader() as reader:
            asset = await assets.by_file_id(reader, (await refs(desk, first))[0].file_id or 0)
            assert asset is not None
            assert len(await assets.sightings_of(reader, asset.asset_id)) == 3
        stored = await desk.post(other, copies[0].id)
        assert stored is not None
        assert stored.post.forward == Forward(news.id, first.id, first.date, "News")


async def test_the_same_file_in_one_burst_is_fetched_once(desk: Desk, world: World, news: Channel) -> None:
    """Copies that arrive while the first is still loading wait for it instead of loading too."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        first = world.post(news, media=world.document(BIG, "march.bin"))
        copies = [world.forward(first, news) for _copy in range(3)]
        for post in (first, *copies):
            await desk.until(settled(desk, post))
        assert len(world.served("upload.getFile")) == len(BIG) // (512 * KIB)


def photo(world: World) -> Media:
    """A picture."""
    return world.photo(BIG[: 900 * KIB])


def document(world: World) -> Media:
    """A file."""
    return world.document(BIG, "march.bin")


@pytest.mark.parametrize("make", [photo, document])
@pytest.mark.parametrize("text", ["FILE_REFERENCE_EXPIRED", "FILE_REFERENCE_0_EXPIRED"])
async def test_an_expired_reference_is_renewed(
    desk: Desk, world: World, news: Channel, make: Callable[[World], Media], text: str
) -> None:
    """In either of Telegram's spellings, for photos as for documents: the message is asked for again."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        world.faults.add(face="mtproto", call="upload.getFile", what=RpcError(400, text))
        made = world.post(news, media=make(world))
        await desk.until(settled(desk, made))
        assert [ref.state for ref in await refs(desk, made)] == ["held"]
        assert len(world.served("channels.getMessages")) == 1


async def test_a_post_deleted_before_its_file_came_is_a_loss_with_its_reason(
    desk: Desk, world: World, news: Channel
) -> None:
    """When the message is gone together with its reference, the file is lost and says so."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        gone = RpcError(400, "FILE_REFERENCE_EXPIRED")
        world.faults.add(face="mtproto", call="upload.getFile", what=gone, times=None)
        hold = world.faults.add(face="mtproto", call="push", what=Silence(), after=1)
        made = world.post(news, media=document(world))
        world.delete(made)
        assert hold.hits == 1
        await desk.until(settled(desk, made))
        assert [(ref.state, ref.reason) for ref in await refs(desk, made)] == [
            ("lost", "the post was deleted before its file could be fetched")
        ]


async def test_a_flood_in_mid_download_is_waited_out_and_resumed(desk: Desk, world: World, news: Channel) -> None:
    """The wait is Telegram's to the second, shown while it lasts, and what was loaded is not loaded again."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        world.faults.add(face="mtproto", call="upload.getFile", what=Flood(31), after=2)
        made = world.post(news, media=document(world))

        async def flooded() -> bool:
            return await waits_again(desk) != ""

        await desk.until(flooded)
        async with desk.store.database.reader() as reader:
            told = [trouble.message for trouble in await settings.troubles(reader)]
        assert len(told) == 1
        assert "wait 31 s with upload.getFile" in told[0]
        asked = len(world.served("upload.getFile"))
        desk.store.clock.advance(timedelta(seconds=32))
        desk.store.jobs_ready.wake()
        await desk.until(settled(desk, made))
        assert await bytes_of(desk, made) == [BIG]
        offsets = [event.request.offset for event in world.served("upload.getFile")[asked:]]
        assert offsets[0] == 2 * 512 * KIB


async def test_other_files_do_not_ask_during_a_flood(desk: Desk, world: World, news: Channel) -> None:
    """A flood wait holds for the method: nothing else of its kind is sent until it is over."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        world.faults.add(face="mtproto", call="upload.getFile", what=Flood(31))
        world.post(news, media=document(world))

        async def flooded() -> bool:
            return await waits_again(desk) != ""

        await desk.until(flooded)
        other = world.post(news, media=photo(world))

        async def both_wait() -> bool:
            async with desk.store.database.reader() as reader:
                rows = await reader.all("SELECT error FROM job WHERE queue = 'fetch' AND error <> ''")
            return len(rows) == 2

        await desk.until(both_wait)
        assert len(world.served("upload.getFile")) == 1
        assert [ref.state for ref in await refs(desk, other)] == ["wanted"]


async def test_a_file_in_another_data_centre_is_fetched_there(desk: Desk, world: World, news: Channel) -> None:
    """A file that names its data centre is asked for there."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        made = world.post(news, media=world.video(BIG, dc=MEDIA_DC))
        await desk.until(settled(desk, made))
        assert await bytes_of(desk, made) == [BIG]


async def test_a_file_that_moved_is_followed(desk: Desk, world: World, news: Channel) -> None:
    """FILE_MIGRATE leads to the data centre that has the file by now."""
    media = world.video(BIG)
    async with desk.running():
        await desk.watch(news)
        made = world.post(news, media=media)
        await desk.until_held(news, [made.id])
    object.__setattr__(media.file, "dc", MEDIA_DC)
    desk.build()
    async with desk.running(fetch=True):
        await desk.until(settled(desk, made))
        assert await bytes_of(desk, made) == [BIG]
    assert "303 FILE_MIGRATE_4" in {event.outcome for event in world.served("upload.getFile")}


async def test_cut_connections_cost_no_byte(desk: Desk, world: World, news: Channel) -> None:
    """A connection cut twice in one file still gives the file."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        world.faults.add(face="mtproto", call="upload.getFile", what=Cut(), after=1, times=2)
        made = world.post(news, media=document(world))
        await desk.until(settled(desk, made))
        assert await bytes_of(desk, made) == [BIG]


async def test_a_request_that_nobody_answers_is_given_up_and_tried_again(
    desk: Desk, world: World, news: Channel
) -> None:
    """Telethon would wait for ever; the time limit turns silence into another try."""
    desk.telegram = Telegram(api_id=API_ID, request_timeout="200 ms")
    desk.build()
    async with desk.running(fetch=True):
        await desk.watch(news)
        world.faults.add(face="mtproto", call="upload.getFile", what=Silence(), after=1)
        made = world.post(news, media=document(world))

        async def given_up() -> bool:
            return "does not answer" in await waits_again(desk)

        await desk.until(given_up)
        desk.store.clock.advance(timedelta(seconds=60))
        desk.store.jobs_ready.wake()
        await desk.until(settled(desk, made))
        assert await bytes_of(desk, made) == [BIG]


async def test_a_download_goes_on_after_a_restart(
    desk: Desk, world: World, news: Channel, mtproto: MTProtoServer
) -> None:
    """What was loaded before the service stopped is not loaded again."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        world.faults.add(face="mtproto", call="upload.getFile", what=Flood(31), after=2)
        made = world.post(news, media=document(world))

        async def flooded() -> bool:
            return await waits_again(desk) != ""

        await desk.until(flooded)
    asked = len(world.served("upload.getFile"))
    desk.build()
    desk.store.clock.advance(timedelta(seconds=60))
    async with desk.running(fetch=True):
        await desk.until(settled(desk, made))
        assert await bytes_of(desk, made) == [BIG]
        assert world.served("upload.getFile")[asked].request.offset == 2 * 512 * KIB


async def test_a_file_of_another_length_than_declared_is_never_kept(desk: Desk, world: World, news: Channel) -> None:
    """A truncated file is not evidence: nothing is kept, and the job waits for a person."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        world.post(news, media=world.document(BIG, "cut.bin", declared_size=len(BIG) + 5))

        async def parked() -> bool:
            async with desk.store.database.reader() as reader:
                return len(await jobs.parked(reader)) == 1

        await desk.until(parked)
        async with desk.store.database.reader() as reader:
            (job,) = await jobs.parked(reader)
        assert job.error == f"Telegram gave {len(BIG)} bytes of a file that it says has {len(BIG) + 5}"
        assert [path for path in (desk.store.state_dir / "objects").rglob("*") if path.is_file()] == []


async def test_a_file_over_the_limit_is_recorded_and_not_fetched(desk: Desk, world: World, news: Channel) -> None:
    """Size limits are per kind; the reference says which one it was."""
    desk.fetching = Fetch(document_max="1 MB")
    desk.build()
    async with desk.running(fetch=True):
        await desk.watch(news)
        made = world.post(news, media=document(world))
        await desk.until(settled(desk, made))
        assert [(ref.state, ref.reason) for ref in await refs(desk, made)] == [
            ("refused", "2.1 MB are over the limit of 1 MB")
        ]
        assert world.served("upload.getFile") == []


async def test_downloads_wait_while_the_disk_is_full(
    desk: Desk, world: World, news: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the floor posts are still recorded, files wait with the reason, and go on when there is room."""
    room = desk.store.vault.free_bytes()
    monkeypatch.setattr(desk.store.vault, "_floor", room * 2)
    async with desk.running(fetch=True):
        await desk.watch(news)
        made = world.post(news, "recorded all the same", media=document(world))

        async def waits() -> bool:
            return "downloads wait until" in await waits_again(desk)

        await desk.until(waits)
        assert world.served("upload.getFile") == []
        monkeypatch.setattr(desk.store.vault, "_floor", 0)
        desk.store.clock.advance(timedelta(seconds=61))
        desk.store.jobs_ready.wake()
        await desk.until(settled(desk, made))
        assert await bytes_of(desk, made) == [BIG]
