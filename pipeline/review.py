"""What follows when a member says that two things are not the same recording, or that they are after all.

A no is remembered for good, for every pair that it concerns, and can be taken back; a later copy that looks like both
does not overrule it. The files themselves are matched again by the ordinary step; here only what is already filed is
moved.
"""

from datetime import datetime

from core.model import Member
from pipeline.filing import refile
from pipeline.priority import enqueue_match
from storage import assets, custody, footage, links
from storage.database import Reader, Tx
from storage.links import LinkEvent
from storage.members import actor


async def reject_copy(tx: Tx, footage_id: int, asset_id: int, member: Member, now: datetime) -> bool:
    """An asset is no copy and no part of a footage: it leaves, and is matched anew; false when it is not in there."""
    inside = dict(await footage.members(tx, footage_id))
    others = [other_id for other_id, belongs in inside.items() if belongs and other_id != asset_id]
    if asset_id not in inside or not others:
        return False
    for other_id in others:
        await footage.review(tx, asset_id, other_id, same=False, member=actor(member), at=now)
    await footage.take_out(tx, footage_id, asset_id)
    await _tell(tx, "footage.split", footage_id, member, now, asset=asset_id)
    if inside[asset_id]:
        await _match_again(tx, asset_id)
    await _refile(tx, now, footage_id, await footage.home(tx, asset_id))
    return True


async def restore_copy(tx: Tx, footage_id: int, asset_id: int, member: Member, now: datetime) -> bool:
    """Take a rejection back: the asset is a copy of the footage after all; false when nobody rejected it."""
    inside = {other_id for other_id, _ in await footage.members(tx, footage_id)}
    apart = sorted(inside & await footage.rejected(tx, asset_id))
    if asset_id in inside or not apart:
        return False
    for other_id in apart:
        await footage.review(tx, asset_id, other_id, same=True, member=actor(member), at=now)
    home = await footage.home(tx, asset_id)
    if home is not None and await _alone(tx, home, asset_id):
        await footage.merge(tx, footage_id, home)
    else:
        await footage.put(tx, footage_id, asset_id, belongs=True)
    await _tell(tx, "footage.restored", footage_id, member, now, asset=asset_id)
    await _refile(tx, now, footage_id, home)
    return True


async def reject_footage(tx: Tx, footage_id: int, other_id: int, member: Member, now: datetime) -> bool:
    """Two footages do not show the same: every match between them is rejected; false when there is none."""
    pairs = await _pairs(tx, footage_id, other_id)
    for asset_id, elder_id in pairs:
        await footage.review(tx, asset_id, elder_id, same=False, member=actor(member), at=now)
        if await footage.home(tx, asset_id) == footage_id:
            await footage.take_out(tx, other_id, asset_id)
    if pairs:
        await _tell(tx, "footage.told_apart", footage_id, member, now, other=other_id)
        await _refile(tx, now, footage_id, other_id)
    return bool(pairs)


async def restore_footage(tx: Tx, footage_id: int, other_id: int, member: Member, now: datetime) -> bool:
    """Take the rejection of two footages' likeness back: each is filed again by its matches."""
    pairs = await _pairs(tx, footage_id, other_id)
    for asset_id, elder_id in pairs:
        await footage.review(tx, asset_id, elder_id, same=True, member=actor(member), at=now)
        if any(
            one.certain and elder_id in {one.asset_id, one.other_id} for one in await footage.matches_of(tx, asset_id)
        ):
            await footage.put(tx, other_id, asset_id, belongs=False)
    if pairs:
        await _tell(tx, "footage.likened", footage_id, member, now, other=other_id)
        await _refile(tx, now, footage_id, other_id)
    return bool(pairs)


async def join(tx: Tx, footage_id: int, other_id: int, member: Member, now: datetime) -> bool:
    """Two footages are the same recording: the younger becomes part of the elder; false when they already are one."""
    pairs = await _pairs(tx, footage_id, other_id)
    if footage_id == other_id or not pairs:
        return False
    for asset_id, elder_id in pairs:
        await footage.review(tx, asset_id, elder_id, same=True, member=actor(member), at=now)
    await footage.merge(tx, other_id, footage_id)
    await _tell(tx, "footage.joined", footage_id, member, now, into=other_id)
    await _refile(tx, now, other_id)
    return True


async def link(tx: Tx, one: int, other: int, member: Member, now: datetime) -> LinkEvent | None:
    """Two footages are the same recording because a member says so: the one posted later becomes part of the other.

    No match is needed; what was said against one is overruled. Nothing when they are one already.
    """
    if one == other:
        return None
    kept, gone = await _by_age(tx, one, other)
    for asset_id, elder_id in await _pairs(tx, gone, kept):
        await footage.review(tx, asset_id, elder_id, same=True, member=actor(member), at=now)
    event_id = await links.link(tx, kept, gone, member, now)
    await _refile(tx, now, kept)
    return await links.event(tx, event_id)


async def part(tx: Tx, linked: LinkEvent, member: Member, now: datetime) -> None:
    """Take a member's link apart: each footage has its copies and what was said of it, as before."""
    await links.part(tx, linked, member, now)
    await _refile(tx, now, linked.kept, linked.gone)


async def _by_age(reader: Reader, one: int, other: int) -> tuple[int, int]:
    """The footage that was posted earlier, then the other; of those without posts the lower number is the elder."""
    ages = []
    for number in (one, other):
        seen = await footage.sightings(reader, number)
        ages.append((not seen, seen[0].sighting.posted_at.timestamp() if seen else 0.0, number))
    (_, _, kept), (_, _, gone) = sorted(ages)
    return kept, gone


async def _pairs(reader: Reader, footage_id: int, other_id: int) -> tuple[tuple[int, int], ...]:
    """The matched assets of two footages: (one that belongs to the first, one that belongs to the other)."""
    theirs = {asset_id for asset_id, belongs in await footage.members(reader, other_id) if belongs}
    found = []
    for asset_id, belongs in await footage.members(reader, footage_id):
        if belongs:
            matched = await footage.matches_of(reader, asset_id)
            ends = {end for match in matched for end in (match.asset_id, match.other_id)}
            found += [(asset_id, end) for end in sorted(ends & theirs)]
    return tuple(found)


async def _alone(reader: Reader, footage_id: int, asset_id: int) -> bool:
    return [one for one, belongs in await footage.members(reader, footage_id) if belongs] == [asset_id]


async def _match_again(tx: Tx, asset_id: int) -> None:
    for sighting in await assets.sightings_of(tx, asset_id):
        await enqueue_match(tx, sighting.sighting_id, sighting.channel_id, sighting.message_id)


async def _refile(tx: Tx, now: datetime, *numbers: int | None) -> None:
    for number in dict.fromkeys(numbers):
        if number is not None:
            await refile(tx, number, now)


async def _tell(tx: Tx, action: str, footage_id: int, member: Member, now: datetime, **detail: int) -> None:
    await custody.record(tx, action, f"footage/{footage_id}", actor(member), now, **detail)
