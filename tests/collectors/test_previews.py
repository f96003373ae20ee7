"""Channels watched by their public pages alone, and what happens when an account sees the same posts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from collectors.intake import Intake
from collectors.pace import Limit
from collectors.pages import PublicPages
from collectors.parts import Part
from collectors.preview_fetch import PreviewFetchStep
from collectors.previews import Previews
from core.config import Fetch
from core.errors import NotAllowed
from core.model import Tier
from loopback.faults import Cut, Flood, Status
from loopback.nouns import Channel
from loopback.pages import PagesServer
from loopback.world import World
from pipeline import worker
from storage import channels, ledger, posts, settings
from storage.opening import Store
from tests.collectors.conftest import COLLECT, Desk

BRISK = Limit(1000, 1.0)


class Reader:
    """Previews over a store, alone."""

    def __init__(self, store: Store, pages: PagesServer) -> None:
        self.store = store
        self.public = PublicPages(store.clock, pages.url, BRISK)
        self.part = Previews(self.public, store, Intake(), COLLECT, alone=True)
        self.step = PreviewFetchStep(self.public, store, Fetch())

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Reader"]:
        """Run the part and its step inside."""
        stop = asyncio.Event()
        parts: list[Part] = [self.part, *worker.parts([self.step], self.store)]
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part.run(stop), name=part.name)
            try:
                yield self
            finally:
                stop.set()
                self.store.jobs_ready.wake()

    async def until(self, condition: Callable[[], Awaitable[object]]) -> None:
        """Return once ``condition`` holds."""
        async with asyncio.timeout(10):
            while not await condition():
                await self.store.jobs_ready.wait(self.store.jobs_ready.turn, 0.02)

    async def wish(self, name: str) -> None:
        """Wish for a channel."""
        async with self.store.database.transaction() as tx:
            await channels.wish(tx, name, Tier.PREVIEW, "ru", "", "test", self.store.clock.now())

    async def until_held(self, channel: Channel, ids: list[int]) -> None:
        """Wait until exactly these posts are stored and not deleted."""

        async def same() -> bool:
            async with self.store.database.reader() as reader:
                return sorted(await posts.known_ids(reader, channel.id, 0, 2**31)) == ids

        await self.until(same)

    def next_round(self) -> None:
        """Let time pass until the pages are due again."""
        self.store.clock.advance(timedelta(seconds=COLLECT.preview_every))


@pytest.fixture
def public(world: World) -> Channel:
    """A public channel that no account has met."""
    return world.add_channel("Public", "public_news")


@pytest.fixture
def alone(store: Store, pages: PagesServer) -> Reader:
    """Previews without any account."""
    return Reader(store, pages)


async def test_a_public_channel_is_read_without_an_account(alone: Reader, world: World, public: Channel) -> None:
    """New posts, edits and deletions are found on its pages; the ledger says how it was watched."""
    first = [world.post(public, f"post {number}") for number in range(3)]
    async with alone.running():
        await alone.wish("@public_news")
        await alone.until_held(public, [post.id for post in first])
        world.edit(first[1], "other words")
        world.delete(first[2])
        alone.next_round()
        await alone.until_held(public, [first[0].id, first[1].id])
        async with alone.store.database.reader() as reader:
            edited = await posts.post(reader, public.id, first[1].id)
            (span,) = await ledger.spans(reader, public.id)
    assert edited is not None
    assert (edited.post.text, edited.version, edited.capture) == ("other words", 2, "preview")
    assert (span.tier, span.account, span.through_message) == (Tier.PREVIEW, "", first[2].id)
    assert {event.face for event in world.log} == {"pages"}


async def test_more_posts_than_a_page_shows_are_all_read(alone: Reader, world: World, public: Channel) -> None:
    """A hundred posts between two readings are read page by page from below, so that the cursor passes none."""
    seen = world.post(public, "seen")
    async with alone.running():
        await alone.wish("public_news")
        await alone.until_held(public, [seen.id])
        later = [world.post(public, f"later {number}") for number in range(100)]
        world.delete(later[40])
        alone.next_round()
        held = [seen.id, *(post.id for post in later if not post.deleted)]
        await alone.until_held(public, held)
        async with alone.store.database.reader() as reader:
            watch = await channels.watch(reader, public.id)
            gaps = await channels.gaps(reader, public.id)
    assert watch is not None
    assert watch.contiguous_through == later[-1].id
    assert [(gap.after_message + 1, gap.through_message) for gap in gaps] == [(later[40].id, later[40].id)]


async def test_files_are_fetched_from_the_page_as_it_is_then(alone: Reader, world: World, public: Channel) -> None:
    """Addresses expire between reading and fetching; what the page does not serve is recorded and not fetched."""
    content = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 40
    shown = world.post(public, "video", media=world.video(content))
    named = world.post(public, "archive", media=world.document(b"PK" * 900, "a.zip"))
    rule = world.faults.add(face="pages", call="post", what=Status(503))
    async with alone.running():
        await alone.wish("public_news")

        async def states() -> list[str]:
            async with alone.store.database.reader() as reader:
                found = [await posts.post(reader, public.id, post.id) for post in (shown, named)]
            return [str(ref.state) for one in found if one for ref in one.post.media]

        await alone.until(lambda: hit(rule.hits))
        world.expire_references()
        alone.store.clock.advance(timedelta(minutes=10))

        async def fetched() -> bool:
            return await states() == ["held", "refused"]

        await alone.until(fetched)
    async with alone.store.database.reader() as reader:
        held = await reader.all("SELECT size FROM asset")
    assert [row["size"] for row in held] == [len(content)]


async def hit(count: int) -> bool:
    """Whether a fault has struck."""
    return count > 0


async def test_what_is_not_public_says_so(alone: Reader, world: World, public: Channel) -> None:
    """A wish for what has no page fails in words; a channel that closes becomes private, and is found again."""
    made = world.post(public, "post")
    world.add_channel("The Group", "the_group", broadcast=False)
    async with alone.running():
        for name in ("the_group", "1234567890", "public_news"):
            await alone.wish(name)
        await alone.until_held(public, [made.id])

        async def failures() -> dict[str, str]:
            async with alone.store.database.reader() as reader:
                return {wish.wish: wish.failure for wish in await channels.wishes(reader)}

        assert "no public page" in (await failures())["the_group"]
        assert "give @name" in (await failures())["1234567890"]
        public.restriction = "copyright"

        async def in_state(state: str) -> bool:
            async with alone.store.database.reader() as reader:
                watch = await channels.watch(reader, public.id)
            return watch is not None and watch.state == state

        alone.next_round()
        await alone.until(lambda: in_state("private"))
        public.restriction = ""
        alone.next_round()
        await alone.until(lambda: in_state("active"))


@pytest.mark.parametrize("fault", [Status(503), Flood(30), Cut()], ids=lambda fault: type(fault).__name__)
async def test_a_page_that_cannot_be_had_is_asked_again(
    alone: Reader, world: World, public: Channel, fault: Status | Flood | Cut
) -> None:
    """Trouble with t.me is shown, waited out as long as it says, and ends."""
    made = world.post(public, "post")
    world.faults.add(face="pages", call="channel", what=fault, times=None)

    async def troubles() -> list[str]:
        async with alone.store.database.reader() as reader:
            return [one.part for one in await settings.troubles(reader)]

    async with alone.running():
        await alone.wish("public_news")
        await alone.until(troubles)
        world.faults.clear()
        alone.store.clock.advance(timedelta(minutes=2))
        await alone.until_held(public, [made.id])

        async def well() -> bool:
            return not await troubles()

        await alone.until(well)


async def test_an_account_that_sees_the_same_posts_adds_to_them(
    alone: Reader, desk: Desk, world: World, public: Channel
) -> None:
    """A post read from the page and then by an account is one post without a false edit; the original is fetched."""
    made = world.post(public, "words", media=world.photo(b"x" * 900))
    async with alone.running():
        await alone.wish("public_news")
        await alone.until_held(public, [made.id])
    async with desk.running(fetch=True):
        now = desk.store.clock.now()
        async with desk.store.database.transaction() as tx:
            await channels.wish(tx, "public_news", Tier.JOINED, "", "", "test", now)
            await channels.ask_backfill(tx, public.id, "test", None, now)

        async def merged() -> bool:
            stored = await desk.post(public, made.id)
            roles = {ref.role: str(ref.state) for ref in stored.post.media} if stored else {}
            return roles.get("media") == "held"

        await desk.until(merged)
        stored = await desk.post(public, made.id)
        async with desk.store.database.reader() as reader:
            spans = await ledger.spans(reader, public.id)
    assert stored is not None
    assert (stored.version, stored.capture, stored.post.text) == (1, "preview", "words")
    assert stored.post.raw_layer > 0
    assert [span.tier for span in spans] == [Tier.PREVIEW, Tier.POLL]


async def test_files_are_loaded_from_telegram_alone(store: Store, pages: PagesServer) -> None:
    """A page that names another host, or another scheme, is not followed."""
    public = PublicPages(store.clock, pages.url, BRISK)
    for address in ("https://example.org/a.mp4", "http://t.me/a.mp4", "file:///etc/passwd", "https://t.me.evil.net/a"):
        with pytest.raises(NotAllowed, match="not Telegram's"):
            public.file(address, 10)


async def test_a_fast_watch_is_pushed_without_joining(desk: Desk, world: World, public: Channel) -> None:
    """Telegram pushes the channel while its difference is asked: a post comes at once, and nothing is joined."""
    now = desk.store.clock.now()
    async with desk.running():
        async with desk.store.database.transaction() as tx:
            await channels.wish(tx, "public_news", Tier.FAST, "", "", "test", now)

        async def followed() -> bool:
            desk.store.clock.advance(timedelta(seconds=11))
            return bool(world.served("updates.getChannelDifference"))

        await desk.until(watched(desk, public, Tier.FAST))
        await desk.until(followed)
        asked = len(world.served("messages.getHistory"))
        made = world.post(public, "pushed")
        await desk.until_held(public, [made.id])
        stored = await desk.post(public, made.id)
    assert stored is not None
    assert stored.capture == "live"
    assert len(world.served("messages.getHistory")) == asked
    assert world.writes() == []


def watched(desk: Desk, channel: Channel, tier: Tier) -> Callable[[], Awaitable[bool]]:
    """Whether a channel is watched in this way."""

    async def so() -> bool:
        async with desk.store.database.reader() as reader:
            watch = await channels.watch(reader, channel.id)
        return watch is not None and watch.tier is tier

    return so


async def test_no_more_than_ten_are_watched_fast(desk: Desk, world: World) -> None:
    """The eleventh is asked now and then, for Telegram allows ten."""
    async with desk.running():
        now = desk.store.clock.now()
        made = [world.add_channel(f"Channel {number}", f"public_{number}") for number in range(11)]
        async with desk.store.database.transaction() as tx:
            for number, channel in enumerate(made):
                await channels.wish(
                    tx, channel.username or "", Tier.FAST, "", "", "test", now + timedelta(seconds=number)
                )
        tiers: list[Tier] = []

        async def granted() -> bool:
            desk.store.clock.advance(timedelta(seconds=61))
            async with desk.store.database.reader() as reader:
                tiers[:] = [watch.tier for watch, _channel in await channels.watches(reader)]
            return len(tiers) == 11

        await desk.until(granted)
    assert sorted(tiers) == [Tier.FAST] * 10 + [Tier.POLL]
