"""What an account pushes into storage, and what it reads back by itself."""

from datetime import timedelta

import pytest

from collectors.intake import Policy
from core.model import Tier
from loopback.faults import Silence
from loopback.mtproto import MTProtoServer
from loopback.nouns import Channel, User
from loopback.world import World
from storage import channels, posts
from tests.collectors.conftest import Desk


async def test_a_new_post_is_stored_as_it_is_pushed(desk: Desk, world: World, news: Channel) -> None:
    """A post of a watched channel is in storage by the push alone, word for word."""
    async with desk.running():
        await desk.watch(news)
        asked = len(world.served("messages.getHistory"))
        made = world.post(news, "Колонна движется на север")
        await desk.until_held(news, [made.id])
        stored = await desk.post(news, made.id)
        assert stored is not None
        assert (stored.post.text, stored.capture) == ("Колонна движется на север", "live")
        assert len(world.served("messages.getHistory")) == asked


async def test_a_channel_that_nobody_watches_leaves_no_trace(
    desk: Desk, world: World, news: Channel, reader: User
) -> None:
    """The account may be a member of more than is watched; those posts are not stored."""
    private = world.add_channel("Friends", "friends_of_o", members=[reader])
    async with desk.running():
        await desk.watch(news)
        world.post(private, "happy birthday")
        made = world.post(news, "after it")
        await desk.until_held(news, [made.id])
        assert await desk.held(private) == []


async def test_a_real_edit_is_a_version_and_a_hidden_one_is_nothing(desk: Desk, world: World, news: Channel) -> None:
    """Changed words become a version with the old ones kept; reactions, which Telegram sends as edits, do not."""
    async with desk.running():
        await desk.watch(news)
        made = world.post(news, "first words")
        await desk.until_held(news, [made.id])
        world.react(made, 12)
        world.edit(made, "second words")
        marker = world.post(news, "marker")
        await desk.until_held(news, [made.id, marker.id])
        stored = await desk.post(news, made.id)
        assert stored is not None
        assert (stored.post.text, stored.version) == ("second words", 2)
        async with desk.store.database.reader() as reader:
            assert [version.text for version in await posts.versions(reader, stored.post_id)] == ["first words"]


async def test_a_deletion_is_a_fact_about_the_post(desk: Desk, world: World, news: Channel) -> None:
    """A deleted post stays, with the time at which we noticed."""
    async with desk.running():
        await desk.watch(news)
        made = [world.post(news, f"post {number}") for number in range(3)]
        await desk.until_held(news, [post.id for post in made])
        world.delete(made[0], made[2])
        await desk.until_held(news, [made[1].id])
        gone = await desk.post(news, made[0].id)
        assert gone is not None
        assert gone.deleted_at is not None
        assert gone.post.text == "post 0"


async def test_an_album_is_posts_that_share_their_album(desk: Desk, world: World, news: Channel) -> None:
    """The parts of an album arrive as posts of their own under one album id, the words with the first."""
    async with desk.running():
        await desk.watch(news)
        parts = world.post_album(news, [world.photo(bytes([n]) * 900) for n in range(3)], "three pictures")
        await desk.until_held(news, [part.id for part in parts])
        async with desk.store.database.reader() as reader:
            album = await posts.album(reader, news.id, parts[0].grouped_id or 0)
        assert [one.post.text for one in album] == ["three pictures", "", ""]
        assert [len(one.post.media) for one in album] == [1, 1, 1]


@pytest.mark.parametrize("missed", [10, 100, 150])
async def test_what_was_posted_while_stopped_is_read_back(desk: Desk, world: World, news: Channel, missed: int) -> None:
    """Whatever was posted, edited or deleted while the service was down is there after its next start.

    Over 100 posts Telegram drops the updates without a word; the ledger says how many were read back.
    """
    async with desk.running():
        await desk.watch(news)
        first = world.post(news, "seen live")
        doomed = world.post(news, "seen live, deleted later")
        await desk.until_held(news, [first.id, doomed.id])
    world.edit(first, "edited meanwhile")
    world.delete(doomed)
    later = [world.post(news, f"missed {number}") for number in range(missed)]
    desk.build()
    async with desk.running():
        await desk.until_held(news, [first.id, *(post.id for post in later)])

        async def edited() -> bool:
            stored = await desk.post(news, first.id)
            return stored is not None and stored.post.text == "edited meanwhile"

        await desk.until(edited)
        async with desk.store.database.reader() as reader:
            watch = await channels.watch(reader, news.id)
        assert watch is not None
        assert watch.contiguous_through == later[-1].id


async def test_a_gap_is_written_down_and_closed_with_its_count(desk: Desk, world: World, news: Channel) -> None:
    """What push lost and history brought is one line of the ledger; ids that never were are another."""
    async with desk.running():
        await desk.watch(news)
        seen = world.post(news, "seen")
        await desk.until_held(news, [seen.id])
        lost = world.faults.add(face="mtproto", call="push", what=Silence(), times=2)
        missed = [world.post(news, "lost on the wire"), world.post(news, "this too")]
        assert lost.hits == 2
        world.delete(missed[0])
        last = world.post(news, "the next one")
        await desk.until_held(news, [seen.id, missed[1].id, last.id])

        async def closed() -> bool:
            async with desk.store.database.reader() as reader:
                return [gap for gap in await channels.gaps(reader, news.id) if gap.reason == "asked, empty"] != []

        await desk.until(closed)


async def test_a_cut_connection_is_made_up_for(desk: Desk, world: World, news: Channel, mtproto: MTProtoServer) -> None:
    """A post made while the connection was cut arrives without waiting for the next one."""
    async with desk.running():
        await desk.watch(news)
        first = world.post(news, "before")
        await desk.until_held(news, [first.id])
        mtproto.drop_connections()
        second = world.post(news, "while it was cut")
        await desk.until_held(news, [first.id, second.id])


async def test_a_server_that_was_away_is_found_again(
    desk: Desk, world: World, news: Channel, mtproto: MTProtoServer
) -> None:
    """The account waits for Telegram to come back, says so meanwhile, and reads back what it missed."""
    async with desk.running():
        await desk.watch(news)
        await mtproto.stop()
        missed = world.post(news, "during the outage")
        await mtproto.start()
        await desk.until_held(news, [missed.id])


async def test_updates_nobody_can_read_lead_to_reading_history(
    desk: Desk, world: World, news: Channel, mtproto: MTProtoServer, reader: User
) -> None:
    """An object of a newer Telegram is counted, and what it may have held is read from history."""
    async with desk.running():
        await desk.watch(news)
        world.faults.add(face="mtproto", call="push", what=Silence())
        missed = world.post(news, "inside the unreadable update")
        mtproto.push_undecodable(reader)
        await desk.until_held(news, [missed.id])
        assert desk.account.undecodable == 1


async def test_a_post_nobody_can_read_is_kept_apart_and_passed(desk: Desk, world: World, news: Channel) -> None:
    """One undecodable post among others hides none of them; it is counted and named."""
    async with desk.running():
        await desk.watch(news)
        before = world.post(news, "before")
        world.post(news, "from the future", media=world.undecodable())
        after = world.post(news, "after")
        await desk.until_held(news, [before.id, after.id])

        async def counted() -> bool:
            async with desk.store.database.reader() as reader:
                return (await posts.counts(reader, news.id))["unread"] == 1

        await desk.until(counted)


async def test_an_unjoined_channel_is_polled(desk: Desk, world: World, reader: User) -> None:
    """A public channel that the account has not joined is read by asking; it is never joined."""
    public = world.add_channel("Public", "public_news")
    async with desk.running():
        await desk.watch(public)
        made = world.post(public, "for everybody")
        desk.store.clock.advance(timedelta(seconds=desk.collect.poll_every))
        await desk.until_held(public, [made.id])
        async with desk.store.database.reader() as asking:
            watch = await channels.watch(asking, public.id)
        assert watch is not None
        assert watch.tier is Tier.POLL
        assert reader.id not in public.members
        assert world.writes() == []


async def test_a_new_watch_reads_the_last_posts(desk: Desk, world: World, news: Channel) -> None:
    """A channel just added brings as many earlier posts as configured, not its whole history."""
    made = [world.post(news, f"post {number}") for number in range(50)]
    async with desk.running():
        await desk.watch(news)
        assert await desk.held(news) == [post.id for post in made[-desk.collect.look_back :]]


async def test_a_renamed_channel_keeps_its_posts_and_its_old_name(desk: Desk, world: World, news: Channel) -> None:
    """Names are dated facts: a new title and name are noted, the number stays the key."""
    async with desk.running():
        await desk.watch(news)
        world.rename(news, "Other News", username="othernews")

        async def renamed() -> bool:
            async with desk.store.database.reader() as reader:
                channel = await channels.channel(reader, news.id)
            return channel is not None and (channel.title, channel.username) == ("Other News", "othernews")

        await desk.until(renamed)


async def test_lost_access_is_a_state_and_is_found_again(desk: Desk, world: World, news: Channel, reader: User) -> None:
    """A ban is shown as a state of the watch with its reason, and ends by itself when the channel can be read."""
    async with desk.running():
        await desk.watch(news)
        world.ban(news, reader)

        async def in_state(wanted: str) -> bool:
            async with desk.store.database.reader() as asking:
                watch = await channels.watch(asking, news.id)
            return watch is not None and watch.state == wanted

        await desk.until(lambda: in_state("banned"))
        news.banned.clear()
        made = world.post(news, "readable again")
        desk.store.clock.advance(timedelta(seconds=desk.collect.reconcile_every))
        await desk.until(lambda: in_state("active"))
        await desk.until_held(news, [made.id])


async def test_files_of_a_protected_channel_are_recorded_and_not_fetched(
    desk: Desk, world: World, reader: User
) -> None:
    """By default a channel that forbids copying gives metadata only."""
    guarded = world.add_channel("Guarded", "guarded_news", noforwards=True, members=[reader])
    async with desk.running(fetch=True):
        await desk.watch(guarded)
        made = world.post(guarded, "no copies", media=world.photo(b"x" * 900))
        await desk.until_held(guarded, [made.id])
        stored = await desk.post(guarded, made.id)
        assert stored is not None
        assert [(ref.state, ref.reason) for ref in stored.post.media] == [
            ("refused", "the channel forbids copying: metadata only")
        ]
        assert world.served("upload.getFile") == []


async def test_a_policy_may_allow_protected_files(desk: Desk, world: World, reader: User) -> None:
    """With the operator's leave the same post's file is fetched."""
    guarded = world.add_channel("Guarded", "guarded_news", noforwards=True, members=[reader])
    desk.policy = Policy("archive")
    desk.build()
    async with desk.running(fetch=True):
        await desk.watch(guarded)
        made = world.post(guarded, "copies allowed", media=world.photo(b"x" * 900))

        async def held() -> bool:
            stored = await desk.post(guarded, made.id)
            return stored is not None and [ref.state for ref in stored.post.media] == ["held"]

        await desk.until(held)


async def test_older_history_is_read_on_request(desk: Desk, world: World, news: Channel) -> None:
    """A backfill reads everything below the watch's start, as history, and says when it is done."""
    made = [world.post(news, f"post {number}") for number in range(250)]
    async with desk.running():
        await desk.watch(news)
        async with desk.store.database.transaction() as tx:
            await channels.ask_backfill(tx, news.id, "test", None, desk.store.clock.now())
        await desk.until_held(news, [post.id for post in made])

        async def done() -> bool:
            async with desk.store.database.reader() as reader:
                (order,) = await channels.backfills(reader)
            return (order.state, order.stored) == ("done", 230)

        await desk.until(done)
        oldest = await desk.post(news, made[0].id)
        assert oldest is not None
        assert oldest.capture == "backfill"
