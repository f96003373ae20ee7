"""What follows when footage turns out to be channel furniture, or not to be: what rested on it is filed again."""

from datetime import datetime

from core.model import Member
from pipeline.refiling import loosen, tighten
from storage import footage, furniture
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


async def _concerned(reader: Reader, footage_id: int) -> tuple[int, ...]:
    """The copies of a footage and all that they were matched with."""
    found: dict[int, None] = {}
    for asset_id, _ in await footage.members(reader, footage_id):
        for match in await footage.matches_of(reader, asset_id):
            found.update({match.asset_id: None, match.other_id: None})
        found[asset_id] = None
    return tuple(sorted(found))
