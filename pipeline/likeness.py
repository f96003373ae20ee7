"""What was measured between an asset and others, told from its side, as far as it counts."""

from collections.abc import Collection
from dataclasses import replace

from fingerprints.compare import Match, flip
from pipeline.furniture import without
from storage import footage, furniture
from storage.database import Reader
from storage.footage import StoredMatch


async def oriented(reader: Reader, asset_id: int) -> list[tuple[StoredMatch, Match]]:
    """Every match of an asset that counts, told from its side: without channel furniture, none but furniture."""
    known = await furniture.stretches(reader, asset_id)
    ours, found = known.get(asset_id, ()), []
    for stored, match in await measured(reader, asset_id):
        left = without(match, ours, known.get(stored.other_id, ()))
        if left is not None:
            found.append((stored, left))
    return found


async def measured(reader: Reader, asset_id: int) -> list[tuple[StoredMatch, Match]]:
    """Every match of an asset that no member has rejected, told from its side; of a pair the newest counts once."""
    rejected = await footage.rejected(reader, asset_id)
    found: dict[int, tuple[StoredMatch, Match]] = {}
    for stored in await footage.matches_of(reader, asset_id):
        match = Match.from_json(stored.evidence)
        if stored.asset_id != asset_id:
            match = flip(match)
            stored = replace(  # noqa: PLW2901 -- the same match, seen from the other side
                stored, asset_id=stored.other_id, other_id=stored.asset_id, relation=match.relation
            )
        if stored.other_id not in rejected:
            found[stored.other_id] = (stored, match)
    return list(found.values())


async def among(reader: Reader, asset_ids: Collection[int]) -> dict[tuple[int, int], Match]:
    """The certain matches of some assets with each other, of (one, other) from the first one's side."""
    found = {}
    for stored in await footage.matches_among(reader, asset_ids):
        if stored.certain:
            match = Match.from_json(stored.evidence)
            found[stored.asset_id, stored.other_id] = match
            found[stored.other_id, stored.asset_id] = flip(match)
    return found


def covered(match: Match, duration: float | None) -> float:
    """The share of this asset that the match explains."""
    if not duration:
        return 1.0
    return min(1.0, sum(span.seconds for span in match.spans) / duration)
