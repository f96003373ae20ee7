"""Footage: one home for each asset, merges that keep everything, findings and reviews that say the last word."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.model import Finding, FindingKind, Fingerprint, Footage, Verdict
from storage import alerts, assets, custody, fingerprints, footage, furniture, members
from storage.opening import Store
from tests.storage.made import MARK, NOW, OLENA, VIDEO, a_post, filed, held, taken

MINUTE = timedelta(minutes=1)
OLENA_ACTS = members.actor(OLENA)


async def two(store: Store) -> tuple[int, int]:
    """Two footages of one asset each."""
    return await filed(store, 5, "first", "ab"), await filed(store, 6, "second", "cd")


async def test_an_asset_has_one_home(store: Store) -> None:
    """Put elsewhere it moves; as a part it may be in several, and a home is never made a part again."""
    first, second = await two(store)
    async with store.database.transaction() as tx:
        ((asset_id, _),) = await footage.members(tx, first)
        await footage.put(tx, second, asset_id, belongs=False)
        assert (await footage.home(tx, asset_id), len(await footage.members(tx, second))) == (first, 2)
        for _ in range(2):
            await footage.put(tx, second, asset_id, belongs=True)
            await footage.put(tx, second, asset_id, belongs=False)
        assert await footage.home(tx, asset_id) == second
        assert await footage.members(tx, first) == ()
        await footage.take_out(tx, second, asset_id)
        assert await footage.home(tx, asset_id) is None


@pytest.mark.parametrize("times", [1, 2])
async def test_a_merge_keeps_everything(store: Store, times: int) -> None:
    """Assets, tags, verdicts, notes, claims, places, findings and their dates move; merging twice is merging once."""
    kept, gone = await two(store)
    async with store.database.transaction() as tx:
        for number, (footage_id, member) in enumerate([(kept, MARK), (gone, OLENA)]):
            at = NOW + number * MINUTE
            await members.tag(tx, footage_id, "camp", True, member, at)
            await members.tag(tx, footage_id, member.name, True, member, at)
            await members.judge(tx, footage_id, Verdict.CONFIRMED if number else Verdict.ALTERED, member, at)
            await members.note(tx, footage_id, f"by {member.name}", 1.0, member, at)
            await members.claim(tx, footage_id, True, member, at)
            await members.locate(tx, footage_id, f"place {number}", 46.1, 30.2, "street", member, at)
        events = set(await members.history(tx, kept)) | set(await members.history(tx, gone))
        findings = {*await footage.findings(tx, kept), *await footage.findings(tx, gone)}
        card = await alerts.want(tx, gone, -5, None, loud=True, trigger_at=NOW)
        for _ in range(times):
            await footage.merge(tx, kept, gone)
        assert await members.tags(tx, kept) == ("Mark", "Olena", "camp")
        judged = await members.judgement(tx, kept)
        assert judged is not None
        assert (judged.verdict, judged.member) == (Verdict.CONFIRMED, "Olena")
        assert [note.text for note in await members.notes(tx, kept)] == ["by Mark", "by Olena"]
        assert await members.claimed_by(tx, kept) == "Olena"
        place = await members.location(tx, kept)
        assert place is not None
        assert place.name == "place 1"
        assert set(await members.history(tx, kept)) == events
        moved = {replace(finding, footage_id=kept) for finding in findings}
        assert set(await footage.findings(tx, kept)) == moved
        assert [belongs for _, belongs in await footage.members(tx, kept)] == [True, True]
        assert await footage.members(tx, gone) == ()
        assert [one.sighting.message_id for one in await footage.sightings(tx, kept)] == [5, 6]
        assert [one.alert_id for one in await alerts.of_footage(tx, kept)] == [card]
        assert await footage.all_ids(tx) == (kept,)
        assert await footage.footage(tx, gone) == await footage.footage(tx, kept) == Footage(kept, NOW)


async def test_merges_follow_each_other(store: Store) -> None:
    """Whatever order footages are merged in, and by whichever of their numbers, all lead to the one that is left."""
    async with store.database.transaction() as tx:
        a, b, c, d = [await footage.create(tx, NOW) for _ in range(4)]
        await footage.merge(tx, a, b)
        await footage.merge(tx, b, c)
        await footage.merge(tx, b, a)
        await footage.merge(tx, c, c)
        await footage.merge(tx, d, c)
        for number in (a, b, c, d):
            led = await footage.footage(tx, number)
            assert led is not None
            assert led.footage_id == d
        assert await footage.footage(tx, 99) is None
        with pytest.raises(LookupError, match="99"):
            await footage.merge(tx, a, 99)


async def test_the_newest_review_counts_from_either_side(store: Store) -> None:
    """A no holds until somebody says yes; the same word of one moment is one act."""
    async with store.database.transaction() as tx:
        first, second = [await assets.record(tx, digits * 32, 1, VIDEO.kind, NOW) for digits in ("ab", "cd")]
        for _ in range(2):
            await footage.review(tx, first, second, False, OLENA_ACTS, NOW)
        assert (await custody.head(tx))[0] == 1
        assert await footage.rejected(tx, first) == {second}
        assert await footage.rejected(tx, second) == {first}
        await footage.review(tx, second, first, True, OLENA_ACTS, NOW + MINUTE)
        assert await footage.rejected(tx, first) == frozenset() == await footage.rejected(tx, second)
        await footage.review(tx, first, second, False, OLENA_ACTS, NOW + 2 * MINUTE)
        assert await footage.rejected(tx, second) == {first}


async def test_a_match_is_measured_anew(store: Store) -> None:
    """A pair has one match, seen from both sides; measuring again replaces what it says."""
    first, second = await two(store)
    async with store.database.transaction() as tx:
        match_id = await footage.record_match(tx, second, first, "near", True, 0.9, "{}", NOW)
        assert await footage.record_match(tx, second, first, "part", False, 0.5, '{"a":1}', NOW) == match_id
        expected = footage.StoredMatch(match_id, second, first, "part", False, 0.5, '{"a":1}')
        assert await footage.match(tx, match_id) == expected
        assert await footage.matches_of(tx, first) == (expected,) == await footage.matches_of(tx, second)


async def test_a_finding_tells_whether_it_changed(store: Store) -> None:
    """The same conclusion again is no change; another one is."""
    first, second = await two(store)
    async with store.database.transaction() as tx:
        (finding,) = await footage.findings(tx, second)
        assert not await footage.record_finding(tx, finding, NOW)
        repost = Finding(finding.sighting_id, FindingKind.REPOST, first, "near", 0.75, None, (second, 7))
        assert await footage.record_finding(tx, repost, NOW)
        assert not await footage.record_finding(tx, repost, NOW)
        assert await footage.finding(tx, finding.sighting_id) == repost
        assert await footage.findings(tx, second) == ()


async def test_sightings_stand_in_order_of_posting(store: Store) -> None:
    """The earliest post comes first, whenever we captured it; parts are marked."""
    footage_id = await filed(store, 5, "later", "ab")
    async with store.database.transaction() as tx:
        early = a_post(9, "earlier", posted_at=NOW - MINUTE)
        asset_id, _ = await held(tx, await taken(tx, early), "cd")
        await footage.put(tx, footage_id, asset_id, belongs=False)
        seen = await footage.sightings(tx, footage_id)
        assert [(one.text, one.belongs) for one in seen] == [("earlier", False), ("later", True)]


async def test_furniture_is_marked_and_unmarked(store: Store) -> None:
    """Marking twice is marking once; who did it when stays in the history, and the desk agrees with the log."""
    footage_id = await filed(store)
    async with store.database.transaction() as tx:
        assert await furniture.mark(tx, footage_id, furniture=True, member=MARK, at=NOW)
        assert not await furniture.mark(tx, footage_id, furniture=True, member=OLENA, at=NOW)
        assert await furniture.marked(tx, footage_id) == furniture.Mark("Mark", NOW)
        held = await footage.footage(tx, footage_id)
        assert held is not None
        assert held.furniture
        assert await furniture.mark(tx, footage_id, furniture=False, member=OLENA, at=NOW + MINUTE)
        assert await furniture.marked(tx, footage_id) is None
        told = [event.what for event in await members.history(tx, footage_id)]
        assert told == ["marked it as channel furniture", "said that it is no channel furniture"]


async def test_fingerprints_are_replaced_and_leave_a_mark(store: Store) -> None:
    """An asset has the fingerprints that it was given last, and whatever changes one of them changes its mark."""
    prints = [Fingerprint("photo.pdq", 1, bytes([number]), 0.5) for number in range(3)]
    async with store.database.transaction() as tx:
        ids = [await assets.record(tx, f"{n:064x}", 1, VIDEO.kind, NOW) for n in range(3)]
        for asset_id, one in zip(ids, prints, strict=True):
            await fingerprints.replace(tx, asset_id, prints[:1])
            await fingerprints.replace(tx, asset_id, [one, replace(one, kind="sound")])
        assert await fingerprints.of(tx, ids[2]) == (prints[2], replace(prints[2], kind="sound"))
        assert await fingerprints.some(tx, ids[1:]) == {one: await fingerprints.of(tx, one) for one in ids[1:]}
        seen = [await fingerprints.marks(tx)]
        await fingerprints.replace(tx, ids[0], [])
        assert await fingerprints.of(tx, ids[0]) == ()
        for change in (
            "UPDATE fingerprint SET payload = x'00' WHERE asset_id = :one",
            "UPDATE fingerprint SET asset_id = :other WHERE asset_id = :one",
        ):
            seen.append(await fingerprints.marks(tx))
            await tx.run(change, one=ids[1], other=ids[0])
        seen.append(await fingerprints.marks(tx))
        assert [seen[0][one] == seen[1][one] for one in ids] == [False, True, True]
        assert [seen[1][one] == seen[2][one] for one in ids] == [True, False, True]
        assert [seen[2][one] == seen[3][one] for one in ids] == [False, False, True]
        assert await fingerprints.mark(tx, ids[2]) == seen[0][ids[2]] != await fingerprints.mark(tx, 99)
