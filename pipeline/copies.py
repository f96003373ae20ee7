"""The best copy of a footage, looked up: the copies that may be it, their matches, and the posts they came in."""

from collections.abc import Sequence
from dataclasses import dataclass

from fingerprints import sound
from pipeline.best import Best, Candidate, best
from pipeline.likeness import among
from storage import fingerprints, furniture, retention
from storage.database import Reader
from storage.footage import FootageSighting

READABLE = frozenset({"ok", "partial"})
MOST = 6  # of the longest, of the widest and of the earliest copies: no other can be the best


@dataclass(frozen=True, slots=True)
class BestCopy:
    """The best copy in its earliest post; ``of`` files were compared for it."""

    seen: FootageSighting
    best: Best
    of: int


async def best_copy(reader: Reader, seen: Sequence[FootageSighting]) -> BestCopy | None:
    """The best of the copies in these sightings of one footage; nothing when none can be read, or no file is kept."""
    first: dict[int, FootageSighting] = {}
    for one in seen:
        if one.belongs and one.asset.verdict in READABLE:
            first.setdefault(one.asset.asset_id, one)
    for gone in await retention.bytes_gone(reader, first):
        del first[gone]
    if not first:
        return None
    shown = _likely(list(first.values()))
    ids = [one.asset.asset_id for one in shown]
    sounding = await fingerprints.which_have(reader, sound.CODES, ids)
    furnished = await furniture.seconds_in(reader, ids)
    candidates = [
        Candidate(
            one.asset.asset_id,
            one.sighting.posted_at,
            one.asset.duration or 0.0,
            one.asset.width or 0,
            one.asset.height or 0,
            sounding=one.asset.asset_id in sounding,
            complete=one.asset.verdict == "ok",
            furniture=furnished.get(one.asset.asset_id, 0.0),
        )
        for one in shown
    ]
    chosen = best(candidates, await among(reader, ids))
    return BestCopy(first[chosen.asset_id], chosen, len(first)) if chosen is not None else None


def _likely(copies: list[FootageSighting]) -> list[FootageSighting]:
    """The longest, the widest and the earliest, in order of posting."""
    longest = sorted(copies, key=lambda one: -(one.asset.duration or 0.0))[:MOST]
    widest = sorted(copies, key=lambda one: -(one.asset.width or 0) * (one.asset.height or 0))[:MOST]
    likely = {one.asset.asset_id for one in (*longest, *widest, *copies[:MOST])}
    return [one for one in copies if one.asset.asset_id in likely]
