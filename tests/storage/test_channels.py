"""Channels: dated names, access of each account, watches whose cursor never goes back, gaps and backfills."""

from dataclasses import replace
from datetime import timedelta

from core.ids import ChannelRef
from core.model import Channel, Tier, Watch
from storage import channels
from storage.opening import Store
from tests.storage.made import ASTRA, NOW

MINUTE = timedelta(minutes=1)
WATCH = Watch(ASTRA.channel_id, Tier.JOINED, "main", 10, NOW)


async def test_names_are_dated_and_labels_stay(store: Store) -> None:
    """A new name is told once and the former one kept; what the team wrote about the channel is not lost."""
    async with store.database.transaction() as tx:
        assert not await channels.record_channel(tx, ASTRA, NOW)
        await channels.label(tx, ASTRA.channel_id, "ru", "uk")
        renamed = replace(ASTRA, title="Astra TV", protected=True)
        assert await channels.record_channel(tx, renamed, NOW + MINUTE)
        assert not await channels.record_channel(tx, renamed, NOW + 2 * MINUTE)
        assert await channels.channel(tx, ASTRA.channel_id) == replace(renamed, side="ru", language="uk")
        await channels.label(tx, ASTRA.channel_id, "", "en")
        assert await channels.channel(tx, ASTRA.channel_id) == replace(renamed, side="ru", language="en")
        names = await tx.all("SELECT title FROM channel_name ORDER BY noticed_at")
        assert [row["title"] for row in names] == ["Astra", "Astra TV"]


async def test_a_channel_is_found_by_name_or_number(store: Store) -> None:
    """Names are found in any case; a name that moved leads to the channel that was met last."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, NOW)
        await channels.record_channel(tx, Channel(1002, "Astra again", "ASTRA"), NOW + MINUTE)
        by_name = await channels.find_channel(tx, ChannelRef(username="Astra"))
        assert by_name is not None
        assert by_name.channel_id == 1002
        assert await channels.find_channel(tx, ChannelRef(channel_id=1001)) == ASTRA
        assert await channels.find_channel(tx, ChannelRef(username="nobody")) is None


async def test_access_belongs_to_an_account(store: Store) -> None:
    """Each account has its own hash, and the newest counts."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, NOW)
        for value in (-5, -(2**63)):
            await channels.set_access(tx, ASTRA.channel_id, "main", value)
        assert await channels.access(tx, ASTRA.channel_id, "main") == -(2**63)
        assert await channels.access(tx, ASTRA.channel_id, "other") is None


async def test_a_wish_waits_until_it_is_granted(store: Store) -> None:
    """A wish remembers why it failed, forgets it when it is asked again, and goes when it is done."""
    async with store.database.transaction() as tx:
        await channels.wish(tx, "@astra", Tier.JOINED, "", "", "Olena", NOW)
        await channels.wish_failed(tx, "@astra", "no such name")
        (failed,) = await channels.wishes(tx)
        assert failed.failure == "no such name"
        await channels.wish(tx, "@astra", Tier.POLL, "ru", "uk", "Mark", NOW + MINUTE)
        (asked,) = await channels.wishes(tx)
        assert (asked.tier, asked.side, asked.failure, asked.asked_by) == (Tier.POLL, "ru", "", "Olena")
        await channels.wish_done(tx, "@astra")
        assert await channels.wishes(tx) == ()


async def test_the_cursor_of_a_watch_never_goes_back(store: Store) -> None:
    """Neither a late step nor watching anew moves it, down or up; a stopped watch is gone."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, NOW)
        await channels.start_watch(tx, WATCH)
        await channels.move_cursor(tx, ASTRA.channel_id, 20)
        await channels.move_cursor(tx, ASTRA.channel_id, 15)
        assert await channels.watch(tx, ASTRA.channel_id) == replace(WATCH, contiguous_through=20)
        assert await channels.set_watch_state(tx, ASTRA.channel_id, "private", "left", NOW)
        assert not await channels.set_watch_state(tx, ASTRA.channel_id, "private", "left", NOW)
        await channels.start_watch(tx, replace(WATCH, tier=Tier.FAST, contiguous_through=99, started_at=NOW + MINUTE))
        await channels.reconciled(tx, ASTRA.channel_id, NOW)
        again = replace(WATCH, tier=Tier.FAST, contiguous_through=20)
        assert await channels.watches(tx) == ((again, ASTRA),) == await channels.watches(tx, "main")
        assert await channels.watches(tx, "other") == ()
        await channels.ask_backfill(tx, ASTRA.channel_id, "Olena", None, NOW)
        await channels.stop_watch(tx, ASTRA.channel_id, NOW)
        await channels.stop_watch(tx, ASTRA.channel_id, NOW)
        assert await channels.watch(tx, ASTRA.channel_id) is None
        assert await channels.backfills(tx) == ()


async def test_a_gap_is_noted_and_closed_once(store: Store) -> None:
    """The same open gap is one; what it held is counted when it is first closed."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, NOW)
        gap_id = await channels.record_gap(tx, ASTRA.channel_id, 5, 9, "offline", NOW)
        assert await channels.record_gap(tx, ASTRA.channel_id, 5, 9, "offline", NOW) == gap_id
        await channels.close_gap(tx, gap_id, 3, NOW + MINUTE)
        await channels.close_gap(tx, gap_id, 0, NOW + 2 * MINUTE)
        (gap,) = await channels.gaps(tx, ASTRA.channel_id)
        assert (gap.recovered, gap.closed_at) == (3, NOW + MINUTE)
        assert await channels.record_gap(tx, ASTRA.channel_id, 5, 9, "offline", NOW) != gap_id


async def test_a_backfill_goes_on_where_it_was(store: Store) -> None:
    """Progress adds up; asking again keeps the place and reaches further."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, NOW)
        await channels.ask_backfill(tx, ASTRA.channel_id, "Olena", NOW, NOW)
        await channels.backfill_progress(tx, ASTRA.channel_id, 900, 100, "running")
        await channels.backfill_progress(tx, ASTRA.channel_id, None, 7, "done")
        await channels.ask_backfill(tx, ASTRA.channel_id, "Mark", NOW - MINUTE, NOW)
        (order,) = await channels.backfills(tx)
        assert order == channels.Backfill(ASTRA.channel_id, NOW - MINUTE, 900, 107, "waiting")
