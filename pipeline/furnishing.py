"""What follows when footage turns out to be channel furniture, or not to be: what rested on it is filed again."""

from dataclasses import dataclass
from datetime import datetime

from core.model import Member
from fingerprints.compare import Match
from pipeline.furniture import can_be_furniture, place_of, without
from pipeline.refiling import loosen, tighten
from storage import assets, footage, furniture
from storage.database import Reader, Tx


async def mark(tx: Tx, footage_id: int, member: Member, now: datetime) -> bool:
    """A member says that a footage is furniture: nothing is a repost because of it; false when it is already."""
    if not await furniture.mark(tx, footage_id, furniture=True, member=member, at=now):
        return False
    await loosen(tx, await _concerned(tx, footage_id), now)
    return True


async def unmark(tx: Tx, footage_id: int, member: Member, now: datetime) -> bool:
    """A member takes it back: what matches the footage is filed by that again; false when it is no furniture."""
    if not await furniture.mark(tx, footage_id, furniture=False, member=member, at=now):
        return False
    await tighten(tx, await _concerned(tx, footage_id), now)
    return True


async def mark_stretch(tx: Tx, match_id: int, member: Member, now: datetime) -> bool:
    """A member says that what two files have in common is furniture; false when that can't be said of this match."""
    stored = await footage.match(tx, match_id)
    match = Match.from_json(stored.evidence) if stored else None
    ours = await _file(tx, stored.asset_id) if stored else None
    theirs = await _file(tx, stored.other_id) if stored else None
    if match is None or ours is None or theirs is None or not can_be_furniture(match, ours.duration, theirs.duration):
        return False
    known = await furniture.in_asset(tx, ours.asset_id), await furniture.in_asset(tx, theirs.asset_id)
    if without(match, *known) is None:
        return False
    for span in match.spans:
        here = (span.query_start, span.seconds, ours.duration)
        there = (span.reference_start, span.seconds * span.speed, theirs.duration)
        place, footages = place_of((here, there)), (ours.home, theirs.home)
        furniture_id = await furniture.learn(tx, ours.channel_id, place, match.picture, footages, 0, now, member)
        await furniture.put(tx, furniture_id, ours.asset_id, *here[:2], now)
        await furniture.put(tx, furniture_id, theirs.asset_id, *there[:2], now)
    await loosen(tx, (ours.asset_id, theirs.asset_id), now)
    return True


@dataclass(frozen=True, slots=True)
class _File:
    asset_id: int
    home: int
    channel_id: int
    duration: float


async def _file(reader: Reader, asset_id: int) -> _File | None:
    asset, home = await assets.asset(reader, asset_id), await footage.home(reader, asset_id)
    posts = await assets.sightings_of(reader, asset_id)
    if asset is None or home is None or not posts or not asset.duration:
        return None
    return _File(asset_id, home, posts[0].channel_id, asset.duration)


async def reject(tx: Tx, furniture_id: int, member: Member, now: datetime) -> bool:
    """What was learned is no furniture: its matches count again, and it is not learned again; false when it is so."""
    if not await furniture.reject(tx, furniture_id, rejected=True, member=member, at=now):
        return False
    await tighten(tx, await furniture.holders(tx, furniture_id), now)
    return True


async def restore(tx: Tx, furniture_id: int, member: Member, now: datetime) -> bool:
    """What was rejected is furniture after all; false when nobody rejected it."""
    if not await furniture.reject(tx, furniture_id, rejected=False, member=member, at=now):
        return False
    await loosen(tx, await furniture.holders(tx, furniture_id), now)
    return True


async def _concerned(reader: Reader, footage_id: int) -> tuple[int, ...]:
    """The copies of a footage and all that they were matched with."""
    found: dict[int, None] = {}
    for asset_id, _ in await footage.members(reader, footage_id):
        for match in await footage.matches_of(reader, asset_id):
            found.update({match.asset_id: None, match.other_id: None})
        found[asset_id] = None
    return tuple(sorted(found))
