"""What is filed already, filed again because matches of it count no more, or count again.

Part links that no match supports any more are taken away; the copies of a footage that no match ties together any more
part, those around the earliest post staying under its number. What a member linked by hand stays as it is.
"""

from collections.abc import Iterable
from datetime import datetime

from core.model import PIPELINE, DeliveryState
from pipeline.filing import file_asset, filing_of, likenesses, refile, touching
from pipeline.likeness import oriented
from storage import alerts, assets, custody, footage, jobs, links
from storage.database import Reader, Tx


async def loosen(tx: Tx, asset_ids: Iterable[int], now: datetime) -> None:
    """Some matches of these assets count no more: undo what rested on them alone."""
    ids = tuple(asset_ids)
    touched = await _homes(tx, ids)
    for asset_id in ids:
        touched += await _drop_parts(tx, asset_id)
    for footage_id in dict.fromkeys(await _homes(tx, ids)):
        touched += await _part(tx, footage_id, frozenset(ids), now)
    await _refile(tx, (*touched, *await _homes(tx, ids)), now)


async def tighten(tx: Tx, asset_ids: Iterable[int], now: datetime) -> None:
    """Some matches of these assets count again: link and join by them what stands alone."""
    ids = tuple(asset_ids)
    touched = await _homes(tx, ids)
    for asset_id in ids:
        touched += await _join(tx, asset_id, now)
    await _refile(tx, (*touched, *await _homes(tx, ids)), now)


async def _homes(reader: Reader, asset_ids: Iterable[int]) -> list[int]:
    return [home for asset_id in asset_ids if (home := await footage.home(reader, asset_id)) is not None]


async def _drop_parts(tx: Tx, asset_id: int) -> list[int]:
    """Take an asset out of the footages that it shows a part of, where no match says so any more."""
    asset = await assets.asset(tx, asset_id)
    counted = [one for one in await likenesses(tx, asset) if one.counts] if asset is not None else []
    supported = {one.footage_id for one in counted}
    dropped = [number for number in await footage.shown_in_part(tx, asset_id) if number not in supported]
    for number in dropped:
        await footage.take_out(tx, number, asset_id)
    return dropped


async def _part(tx: Tx, footage_id: int, asset_ids: frozenset[int], now: datetime) -> list[int]:
    """Part the copies of a footage that nothing ties together any more; the footages that came of it."""
    held = await footage.footage(tx, footage_id)
    if held is None or held.furniture or await links.standing(tx, footage_id) is not None:
        return []
    leaving = [group for group in (await _tied(tx, footage_id))[1:] if group & asset_ids]
    return [await _leave(tx, footage_id, sorted(group), now) for group in leaving]


async def _tied(reader: Reader, footage_id: int) -> list[set[int]]:
    """The copies of a footage in groups that matches tie together, that with the earliest post first."""
    copies = list(dict.fromkeys(s.asset.asset_id for s in await footage.sightings(reader, footage_id) if s.belongs))
    ties = {copy: await _neighbours(reader, copy) & set(copies) for copy in copies}
    groups: list[set[int]] = []
    for copy in copies:
        if not any(copy in group for group in groups):
            groups.append(_reach(copy, ties))
    return groups or [set()]


def _reach(copy: int, ties: dict[int, set[int]]) -> set[int]:
    reached, ahead = {copy}, [copy]
    while ahead:
        new = ties[ahead.pop()] - reached
        reached |= new
        ahead += new
    return reached


async def _neighbours(reader: Reader, asset_id: int) -> set[int]:
    certain = {stored.other_id for stored, _ in await oriented(reader, asset_id) if stored.certain}
    return certain | await footage.accepted(reader, asset_id)


async def _leave(tx: Tx, footage_id: int, leaving: list[int], now: datetime) -> int:
    """These copies go where their matches lead them now, or become a footage of their own."""
    for asset_id in leaving:
        await footage.take_out(tx, footage_id, asset_id)
    first = await assets.asset(tx, leaving[0])
    if first is None:
        raise LookupError(f"asset {leaving[0]} is not there")
    await file_asset(tx, first, now)
    home = await footage.home(tx, leaving[0])
    if home is None:
        raise LookupError(f"asset {leaving[0]} was not filed")
    for asset_id in leaving[1:]:
        await footage.put(tx, home, asset_id, belongs=True)
    await custody.record(tx, "footage.split", f"footage/{footage_id}", PIPELINE, now, into=home, asset=leaving[0])
    return home


async def _join(tx: Tx, asset_id: int, now: datetime) -> list[int]:
    """File an asset by its matches with elder footage, where it stands alone; else only link its parts."""
    asset, home = await assets.asset(tx, asset_id), await footage.home(tx, asset_id)
    if asset is None or home is None:
        return []
    elder = [one for one in await likenesses(tx, asset) if one.footage_id < home]
    filing = await filing_of(tx, elder)
    if filing.home is not None and await _alone(tx, home, asset_id):
        await footage.merge(tx, filing.home, home)
        await custody.record(tx, "footage.joined", f"footage/{home}", PIPELINE, now, into=filing.home, asset=asset_id)
    for part in filing.parts:
        await footage.put(tx, part, asset_id, belongs=False)
    return [*filing.parts, *([filing.home] if filing.home is not None else [])]


async def _alone(reader: Reader, footage_id: int, asset_id: int) -> bool:
    return [one for one, belongs in await footage.members(reader, footage_id) if belongs] == [asset_id]


async def _refile(tx: Tx, numbers: Iterable[int], now: datetime) -> None:
    """Derive the findings of these footages, and of those that show a part of them, anew; their cards follow."""
    every: dict[int, None] = {}
    for number in numbers:
        if (held := await footage.footage(tx, number)) is not None:
            every.update(dict.fromkeys(await touching(tx, held.footage_id)))
    for number in every:
        await refile(tx, number, now)
        for alert in await alerts.of_footage(tx, number):
            if alert.state is not DeliveryState.FAILED:
                await alerts.want(tx, alert.footage_id, alert.chat_id, alert.thread_id, loud=False, trigger_at=now)
                await jobs.enqueue(tx, "deliver", str(alert.alert_id))
