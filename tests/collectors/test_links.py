"""Links in posts, followed by the real yt-dlp in a process of its own, against servers on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import web

from collectors.intake import Captured, Intake, Policy, link_key
from collectors.links import LinkStep
from collectors.ytdlp_child import is_public
from core.config import Links
from core.model import Capture, Channel, Link, Post
from loopback.pages import PagesServer
from loopback.world import World
from pipeline.worker import StepPart
from storage import assets, channels, jobs, posts
from storage.opening import Store
from storage.posts import StoredPost

CLIP = b"\x00\x00\x00\x18ftypmp42" + b"walking men" * 4000
WATCHED = Channel(77, "News")
GENERIC = ("generic", "html5")


class Web:
    """A web server that misbehaves by path."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.elsewhere = ""
        self.url = ""
        self.address = ("127.0.0.1", 0)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer as the path says."""
        self.asked.append(request.path)
        match request.path:
            case "/clip.mp4":
                return web.Response(body=CLIP, content_type="video/mp4")
            case "/away":
                raise web.HTTPFound(self.elsewhere)
            case "/endless.mp4":
                return await self._endless(request)
            case "/silent.mp4":
                await asyncio.Event().wait()
        return web.Response(text="<html><body>words only</body></html>", content_type="text/html")

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        while True:
            await response.write(CLIP)


@pytest.fixture
async def site() -> AsyncIterator[Web]:
    """The web server, on a port of its own."""
    site, app = Web(), web.Application()
    app.router.add_get("/{path:.*}", site.serve)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    site.address, site.url = (host, port), f"http://{host}:{port}"
    yield site
    await runner.cleanup()


async def follow(store: Store, step: LinkStep, url: str) -> StoredPost:
    """A post with this link, after the link's job was carried out by the worker."""
    now = store.clock.now()
    post = Post(WATCHED.channel_id, 5, datetime(2024, 10, 18, tzinfo=UTC), "see", links=(Link(url),))
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, WATCHED, now)
        await Intake(Policy(follow_links=True)).take(tx, [post], Captured(WATCHED, Capture.LIVE, "a", now))
    stop, part = asyncio.Event(), StepPart(step, store)
    async with asyncio.TaskGroup() as group:
        group.create_task(part.run(stop))
        async with asyncio.timeout(30):
            while await _waiting(store):
                await store.jobs_ready.wait(store.jobs_ready.turn, 0.05)
        stop.set()
        store.jobs_ready.wake()
    async with store.database.reader() as reader:
        stored = await posts.post(reader, WATCHED.channel_id, 5)
        assert await jobs.parked(reader) == ()
    assert stored is not None
    return stored


async def _waiting(store: Store) -> int:
    async with store.database.reader() as reader:
        return await jobs.waiting(reader, "link")


async def test_a_telegram_link_brings_its_video(store: Store, world: World, pages: PagesServer) -> None:
    """A t.me address in a post gives the video of that post, byte for byte, tied to the post under the role link."""
    teller = world.add_channel("Teller", "teller")
    world.post(teller, "the clip", media=world.video(CLIP))
    step = LinkStep(store, Links(follow=True, proxy=pages.url))
    stored = await follow(store, step, "http://t.me/teller/1")
    (ref,) = stored.post.media
    assert (ref.role, ref.state, ref.kind) == ("link", "held", "video")
    async with store.database.reader() as reader:
        (asset,) = [await assets.asset(reader, one.asset_id or 0) for one in await posts.refs(reader, stored.post_id)]
        assert asset is not None
        assert await jobs.waiting(reader, "fingerprint") == 1
        assert await step.load(reader, link_key(stored.post_id, 0)) is None
    assert store.vault.path(asset.sha256).read_bytes() == CLIP


async def test_an_edit_of_the_words_keeps_the_followed_link(store: Store, world: World, pages: PagesServer) -> None:
    """What a link brought stays with the post when its words change, and capturing the post again is no edit."""
    teller = world.add_channel("Teller", "teller")
    world.post(teller, "the clip", media=world.video(CLIP))
    await follow(store, LinkStep(store, Links(follow=True, proxy=pages.url)), "http://t.me/teller/1")
    when = datetime(2024, 10, 18, tzinfo=UTC)
    captured = Captured(WATCHED, Capture.RECONCILE, "a", store.clock.now())
    same = Post(WATCHED.channel_id, 5, when, "see", links=(Link("http://t.me/teller/1"),))
    edited = Post(WATCHED.channel_id, 5, when, "see this", edited_at=store.clock.now(), links=same.links)
    async with store.database.transaction() as tx:
        assert (await Intake().take(tx, [same], captured)).known == 1
        assert (await Intake().take(tx, [edited], captured)).edited == 1
    async with store.database.reader() as reader:
        stored = await posts.post(reader, WATCHED.channel_id, 5)
    assert stored is not None
    assert [(ref.role, ref.state) for ref in stored.post.media] == [("link", "held")]


async def test_an_address_that_no_extractor_knows_leaves_nothing(store: Store, site: Web) -> None:
    """Most links are pages to read: nothing is connected to and nothing is recorded."""
    stored = await follow(store, LinkStep(store, Links(follow=True), allowed=[site.address]), f"{site.url}/clip.mp4")
    assert (stored.post.media, site.asked) == ((), [])


async def test_a_named_extractor_fetches_a_file(store: Store, site: Web) -> None:
    """Where the operator names the generic extractor, and the address may be reached, the file comes as it is."""
    config = Links(follow=True, extractors=GENERIC)
    stored = await follow(store, LinkStep(store, config, allowed=[site.address]), f"{site.url}/clip.mp4")
    (ref,) = stored.post.media
    assert (ref.state, ref.size) == ("held", len(CLIP))


async def test_addresses_that_are_not_public_are_refused(store: Store, site: Web) -> None:
    """A link into our own network is not followed, however the name is written."""
    stored = await follow(store, LinkStep(store, Links(follow=True, extractors=GENERIC)), f"{site.url}/clip.mp4")
    (ref,) = stored.post.media
    assert (ref.state, site.asked) == ("refused", [])
    assert ref.reason == f"it leads to 127.0.0.1:{site.address[1]}, which is no public address"


async def test_a_redirect_into_our_network_is_refused(store: Store, site: Web) -> None:
    """The address is checked at the moment of connecting: a redirect does not get past."""
    with socket.socket() as inside:
        inside.bind(("127.0.0.1", 0))
        inside.listen()
        site.elsewhere = f"http://127.0.0.1:{inside.getsockname()[1]}/clip.mp4"
        config = Links(follow=True, extractors=GENERIC)
        stored = await follow(store, LinkStep(store, config, allowed=[site.address]), f"{site.url}/away")
    (ref,) = stored.post.media
    assert ref.state == "refused"
    assert "which is no public address" in ref.reason


@pytest.mark.parametrize("path", ["/clip.mp4", "/endless.mp4"])
async def test_what_is_over_the_limit_is_not_kept(store: Store, site: Web, path: str) -> None:
    """Known to be too long or found to be: nothing is kept, nothing is left lying about."""
    config = Links(follow=True, extractors=GENERIC, max_size="20 kB")
    stored = await follow(store, LinkStep(store, config, allowed=[site.address]), f"{site.url}{path}")
    (ref,) = stored.post.media
    assert ref.state == "lost"
    assert list((store.state_dir / "links").iterdir()) == []


async def test_a_server_that_never_answers_is_given_up(store: Store, site: Web) -> None:
    """The parent's time limit ends the child with everything that it started."""
    config = Links(follow=True, extractors=GENERIC, time_limit="3 s")
    stored = await follow(store, LinkStep(store, config, allowed=[site.address]), f"{site.url}/silent.mp4")
    (ref,) = stored.post.media
    assert (ref.state, ref.reason) == ("lost", "not finished after 3 s")


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("149.154.167.99", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", False),  # noqa: S104 -- to be refused
        ("100.64.0.1", False),
        ("/run/socket", False),
        ("localhost", False),
    ],
)
def test_only_public_addresses_may_be_connected_to(host: str, public: bool) -> None:
    """Private, local, mapped and unnamed addresses are none; a name is judged when it is resolved."""
    assert is_public(host) is public
