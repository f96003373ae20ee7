"""The ledger of watching: spans, what interrupts them, and how far they are complete."""

from dataclasses import replace
from datetime import timedelta

from core.model import Tier, Watch
from storage import channels, ledger
from storage.opening import Store
from tests.storage.made import ASTRA, NOW

MINUTE = timedelta(minutes=1)
WATCH = Watch(ASTRA.channel_id, Tier.POLL, "main", 10, NOW)


async def test_a_span_lasts_as_long_as_the_way_of_watching(store: Store) -> None:
    """Watching anew in the same way goes on; another tier or account begins a new span above what is complete."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, NOW)
        await channels.start_watch(tx, WATCH)
        await channels.start_watch(tx, replace(WATCH, started_at=NOW + MINUTE))
        await channels.move_cursor(tx, ASTRA.channel_id, 25)
        await channels.start_watch(tx, replace(WATCH, tier=Tier.JOINED, started_at=NOW + 2 * MINUTE))
        await channels.stop_watch(tx, ASTRA.channel_id, NOW + 3 * MINUTE)
        first, second = await ledger.spans(tx, ASTRA.channel_id)
        assert await ledger.open_span(tx, ASTRA.channel_id) is None
    assert (first.tier, first.began_at, first.ended_at) == (Tier.POLL, NOW, NOW + 2 * MINUTE)
    assert (first.after_message, first.through_message) == (10, 25)
    assert (second.tier, second.after_message, second.ended_at) == (Tier.JOINED, 25, NOW + 3 * MINUTE)
    assert second.ended_why == "the team stopped it"


async def test_an_interruption_ends_when_the_channel_was_compared(store: Store) -> None:
    """The earliest beginning counts, never one before the watch; nothing is interrupted that is not watched."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, NOW)
        await ledger.interrupt(tx, ASTRA.channel_id, NOW, "nobody watches")
        assert await ledger.interruptions(tx, ASTRA.channel_id) == ()
        await channels.start_watch(tx, WATCH)
        await ledger.interrupt_account(tx, "main", NOW + 2 * MINUTE, "not connected")
        await ledger.interrupt_account(tx, "main", NOW - MINUTE, "not running")
        await ledger.interrupt_account(tx, "other", NOW, "another account")
        (lasting,) = await ledger.interruptions(tx, ASTRA.channel_id)
        assert (lasting.began_at, lasting.ended_at, lasting.reason) == (NOW, None, "not connected")
        await channels.reconciled(tx, ASTRA.channel_id, NOW + 5 * MINUTE)
        (over,) = await ledger.interruptions(tx, ASTRA.channel_id)
    assert over.ended_at == NOW + 5 * MINUTE


async def test_a_channel_asked_too_late_was_unseen(store: Store) -> None:
    """Between two askings further apart than promised the channel was not watched, and the ledger says so."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, NOW)
        await channels.start_watch(tx, WATCH)
        for minutes in (1, 3, 20):
            await channels.reconciled(tx, ASTRA.channel_id, NOW + minutes * MINUTE, within=3 * MINUTE)
        (late,) = await ledger.interruptions(tx, ASTRA.channel_id)
    assert (late.began_at, late.ended_at) == (NOW + 3 * MINUTE, NOW + 20 * MINUTE)
    assert late.reason == ledger.ASKED_LATE


async def test_a_channel_that_closed_is_unseen_since_it_was_compared_last(store: Store) -> None:
    """When access was lost nobody knows; the ledger takes the last time at which it was certainly there."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, NOW)
        await channels.start_watch(tx, WATCH)
        await channels.reconciled(tx, ASTRA.channel_id, NOW + MINUTE)
        await channels.set_watch_state(tx, ASTRA.channel_id, "private", "public no more", NOW + 9 * MINUTE)
        (lasting,) = await ledger.interruptions(tx, ASTRA.channel_id)
    assert (lasting.began_at, lasting.reason, lasting.ended_at) == (NOW + MINUTE, "public no more", None)
