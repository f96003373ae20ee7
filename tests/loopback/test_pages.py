"""t.me's previews and embeds, read by plain HTTP and by yt-dlp."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yt_dlp import YoutubeDL
from yt_dlp.utils import DownloadError

from loopback.faults import Cut, Flood, Status
from loopback.nouns import Channel, Entity, Forward
from loopback.page_markup import short
from loopback.page_media import TOO_BIG, clock
from loopback.pages import PAGE, PagesServer
from loopback.world import World

Jpeg = Callable[..., bytes]
Read = Callable[..., Any]
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 40


@pytest.fixture
def channel(world: World) -> Channel:
    """A public channel."""
    return world.add_channel("Astra & Co", "astra_news", about="From the front")


@pytest.fixture
async def read(pages: PagesServer) -> AsyncIterator[Read]:
    """Reads a path: its status and its text."""
    async with aiohttp.ClientSession() as session:

        async def page(path: str) -> tuple[int, str]:
            async with session.get(pages.url + path, allow_redirects=False) as answer:
                return answer.status, await answer.text()

        yield page


def posts_on(page: str) -> list[str]:
    """The posts a page shows."""
    return re.findall(r'data-post="([^"]+)"', page)


async def test_a_channel_shows_twenty_and_the_way_back(world: World, channel: Channel, read: Read) -> None:
    """The newest twenty, then those before; the last page has no way further; deleted ones are not there."""
    posts = [world.post(channel, f"post {number}") for number in range(1, 46)]
    world.delete(posts[43])
    seen: list[str] = []
    path: str | None = "/s/astra_news"
    while path:
        _, page = await read(path)
        assert len(posts_on(page)) <= PAGE
        seen = posts_on(page) + seen
        more = re.search(r'<a href="([^"]+)" class="tme_messages_more[^>]*data-before="(\d+)"', page)
        assert more is None or more[1].endswith(f"before={more[2]}")
        path = more and more[1]
    assert seen == [f"astra_news/{post.id}" for post in posts if not post.deleted]


async def test_a_post_shows_what_readers_look_for(world: World, channel: Channel, read: Read, jpeg: Jpeg) -> None:
    """Words with links, the time in UTC, views, "edited", the answered post, and the photo as a background."""
    when = datetime(2024, 10, 22, 9, 30, tzinfo=UTC)
    link = Entity("text_link", 3, 4, "https://x.io/?a=1&b=2")
    first = world.post(channel, "a < b\nlink", date=when, media=world.photo(jpeg(1600, 900)), views=1_590_000)
    world.edit(first, "🎬 link", entities=[link])
    _, page = await read("/s/Astra_News")
    assert '🎬 <a href="https://x.io/?a=1&amp;b=2" target="_blank" rel="noopener">link</a>' in page
    assert '<time datetime="2024-10-22T09:30:00+00:00" class="time">09:30</time>' in page
    assert '<span class="tgme_widget_message_views">1.59M</span>' in page
    assert re.search(r'tgme_widget_message_meta">edited &nbsp;<a', page)
    assert "Astra &amp; Co" in page
    picture = re.search(r"tgme_widget_message_photo_wrap[^>]+background-image:url\('([^']+)'\)", page)
    assert picture is not None
    async with aiohttp.ClientSession() as session, session.get(picture[1]) as answer:
        assert (await answer.read())[:2] == b"\xff\xd8"


async def test_forwards_and_answers(world: World, channel: Channel, read: Read) -> None:
    """A forward links to its first home or only names it; the answered text stands in a box of its own."""
    brigade = world.add_channel("Brigade", "brigade")
    original = world.post(brigade, "first seen")
    world.forward(original, channel)
    world.post(channel, "from a person", forward=Forward(datetime.now(UTC), name="Somebody"))
    _, page = await read("/s/astra_news")
    assert f'<a class="tgme_widget_message_forwarded_from_name" href="https://t.me/brigade/{original.id}">' in page
    assert '<span class="tgme_widget_message_forwarded_from_name"><span dir="auto">Somebody</span>' in page


async def test_videos_are_served_signed_unless_big(world: World, channel: Channel, read: Read, jpeg: Jpeg) -> None:
    """A video has a source with a token that ends; a big one only a picture, a length and the class that says so."""
    world.post(channel, media=world.video(MP4, 76.0, thumb=jpeg()))
    world.post(channel, media=world.video(MP4, 3725.0, declared_size=TOO_BIG + 1))
    _, page = await read("/s/astra_news")
    small, big = re.findall(r'<a class="tgme_widget_message_video_player.+?</a>', page)
    assert ">1:16</time>" in small
    assert ">1:02:05</time>" in big
    assert "not_supported " in big
    assert "Media is too big" in big
    assert "<video" not in big
    source = re.search(r'<video src="([^"]+\.mp4\?token=\w+)"', small)
    assert source is not None
    async with aiohttp.ClientSession() as session:
        async with session.get(source[1]) as answer:
            assert await answer.read() == MP4
        async with session.get(source[1], headers={"Range": "bytes=100-199"}) as answer:
            assert (answer.status, await answer.read()) == (206, MP4[100:200])
        async with session.get(source[1].partition("?")[0]) as answer:
            assert answer.status == 404
        world.expire_references()
        async with session.get(source[1]) as answer:
            assert answer.status == 404


async def test_every_medium_has_its_place(world: World, channel: Channel, read: Read) -> None:
    """Voice notes and round videos are served; documents, polls, places and previews are shown."""
    for media in (
        world.voice(b"ogg", 3),
        world.video(MP4, round=True),
        world.document(b"x", "report.pdf"),
        world.audio(b"x", title="Intercept", performer="Ministry"),
        world.poll("Where?", "here", "there"),
        world.place(44.5, 132.7),
        world.webpage("https://x.io/a", title="Title"),
        world.paid(5, world.video(MP4)),
    ):
        world.post(channel, media=media)
    _, page = await read("/s/astra_news")
    for mark in (
        '<audio class="tgme_widget_message_voice js-message_voice" src="http',
        'class="tgme_widget_message_roundvideo js-message_roundvideo"',
        'tgme_widget_message_document_title accent_color" dir="auto">report.pdf',
        "Ministry",
        'tgme_widget_message_poll_question">Where?',
        "maps?q=44.5,132.7",
        '<div class="link_preview_title" dir="auto">Title',
        "Please open Telegram to view this post",
    ):
        assert mark in page


async def test_an_album_is_one_post(world: World, channel: Channel, read: Read, jpeg: Jpeg) -> None:
    """An album shows once under its first number; embedding any part shows all of it, with "single" only that."""
    album = world.post_album(channel, [world.photo(jpeg()), world.video(MP4), world.video(MP4)], "album")
    _, page = await read("/s/astra_news")
    assert posts_on(page) == [f"astra_news/{album[0].id}"]
    assert page.count('tgme_widget_message_text js-message_text"') == 2
    _, whole = await read(f"/astra_news/{album[2].id}?embed=1")
    _, single = await read(f"/astra_news/{album[2].id}?embed=1&single")
    assert (whole.count("<video"), single.count("<video")) == (2, 1)


async def test_what_has_no_preview(world: World, channel: Channel, read: Read) -> None:
    """Groups, restricted and private channels and unknown names send readers on; a missing post says so."""
    group = world.add_channel("Group", "a_group", broadcast=False)
    assert (await read(f"/s/{group.username}"))[0] == 302
    assert (await read("/s/nobody_here"))[0] == 302
    assert "Post not found" in (await read("/astra_news/99?embed=1"))[1]
    assert "subscribers" in (await read("/astra_news"))[1]
    assert "tg://resolve?domain=nobody_here" in (await read("/nobody_here"))[1]
    world.make_private(channel)
    assert (await read("/s/astra_news"))[0] == 302


async def test_faults_strike_pages_too(world: World, channel: Channel, read: Read) -> None:
    """Floods, error pages and cuts come as planned, by the kind of page."""
    world.faults.add(face="pages", call="channel", what=Flood(30))
    world.faults.add(face="pages", call="post", what=Status(502))
    assert (await read("/s/astra_news"))[0] == 429
    assert (await read("/astra_news/1?embed=1"))[0] == 502
    world.faults.add(face="pages", call="channel", what=Cut(), times=2)  # aiohttp asks once more
    with pytest.raises(aiohttp.ClientError):
        await read("/s/astra_news")
    assert [event.outcome for event in world.served("channel", face="pages")] == ["Flood", "Cut", "Cut"]


async def test_other_paths_are_noted(world: World, read: Read) -> None:
    """What is nothing of Telegram's is 404 and noted for the test."""
    assert (await read("/a/b/c"))[0] == 404
    assert len(world.unhandled) == 1
    world.unhandled.clear()


# ---------------------------------------------------------------------------------------------------- yt-dlp


def fetched(pages: PagesServer, address: str, folder: Path, **options: Any) -> Any:
    """What yt-dlp makes of an address through the proxy; runs in a thread."""
    settings: Any = {
        "proxy": pages.url,
        "outtmpl": str(folder / "%(id)s.%(ext)s"),
        "allowed_extractors": ["default", "-generic"],
        "quiet": True,
        "noprogress": True,
        "logger": Quiet(),
        "cachedir": False,
        "js_runtimes": {},
        **options,
    }
    with YoutubeDL(settings) as downloader:
        return downloader.extract_info(address)


class Quiet:
    """Swallows yt-dlp's own reports."""

    def debug(self, said: str) -> None:
        """Progress."""

    warning = error = debug


async def test_yt_dlp_loads_a_post(pages: PagesServer, world: World, channel: Channel, tmp_path: Path) -> None:
    """The unmodified Telegram extractor reads title, author, time and length and loads the very bytes."""
    when = datetime(2024, 10, 22, 9, 30, tzinfo=UTC)
    post = world.post(channel, "two buildings", media=world.video(MP4, 35.0), date=when)
    found = await asyncio.to_thread(fetched, pages, f"http://t.me/astra_news/{post.id}", tmp_path)
    assert found["extractor"] == "telegram:embed"
    assert (found["title"], found["channel"], found["duration"]) == ("two buildings", "Astra & Co", 35)
    assert found["timestamp"] == int(when.timestamp())
    assert (tmp_path / f"{post.id}.mp4").read_bytes() == MP4


async def test_yt_dlp_knows_albums(pages: PagesServer, world: World, channel: Channel, tmp_path: Path) -> None:
    """A post of two videos is a playlist; asked for one it is one."""
    album = world.post_album(channel, [world.video(MP4), world.video(MP4[::-1])], "two")
    address = f"http://t.me/astra_news/{album[1].id}"
    both = await asyncio.to_thread(fetched, pages, address, tmp_path / "both")
    one = await asyncio.to_thread(fetched, pages, address, tmp_path / "one", noplaylist=True)
    assert [entry["id"] for entry in both["entries"]] == [str(post.id) for post in album]
    assert one["id"] == str(album[1].id)
    assert (tmp_path / "one" / f"{album[1].id}.mp4").read_bytes() == MP4[::-1]


async def test_yt_dlp_goes_nowhere_else(pages: PagesServer, world: World, tmp_path: Path) -> None:
    """The proxy serves Telegram's hosts only: another address is refused and noted."""
    with pytest.raises(DownloadError):
        await asyncio.to_thread(fetched, pages, "http://example.com/v.mp4", tmp_path, allowed_extractors=["generic"])
    assert any("example.com" in note for note in world.unhandled)
    world.unhandled.clear()


# ---------------------------------------------------------------------------------------------------- figures


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (2884, "2.88K"),
        (38_444, "38.4K"),
        (110_300, "110K"),
        (1_590_000, "1.59M"),
        (10_700_000, "10.7M"),
    ],
)
def test_counts_are_short(count: int, shown: str) -> None:
    """Counts as t.me cuts them."""
    assert short(count) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(6, "0:06"), (76, "1:16"), (3725.9, "1:02:05")])
def test_lengths_are_clocks(seconds: float, shown: str) -> None:
    """Lengths as t.me writes them."""
    assert clock(seconds) == shown
    assert html.escape(shown) == shown
