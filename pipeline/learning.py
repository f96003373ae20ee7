"""Learns channel furniture from the matches of an asset, before the asset is filed by them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.model import Asset
from fingerprints.compare import Match
from fingerprints.masking import Masked
from pipeline import furniture as rules
from pipeline.furniture import Discovery, File, Shared
from pipeline.likeness import covered, measured
from storage import assets, footage, furniture
from storage.database import Reader, Tx
from storage.footage import StoredMatch
from storage.furniture import Stretch

MOST = 60  # matches that are looked at, the newest
Measured = tuple[StoredMatch, Match]
Found = tuple[int, Match]  # a match with this asset


async def learn(tx: Tx, asset: Asset, now: datetime) -> tuple[int, ...]:
    """Find furniture in an asset by its matches; the other assets in which some was found for the first time."""
    if not asset.duration:
        return ()
    matches = [one for one in await measured(tx, asset.asset_id) if one[1].spans]
    known = await furniture.stretches(tx, asset.asset_id)
    for stored, match in matches:
        again = rules.found_again(match, known.get(stored.other_id, ()), asset.duration)
        for furniture_id, (start, seconds) in again.items():
            await furniture.put(tx, furniture_id, asset.asset_id, start, seconds, now)
    file = await _file(tx, asset)
    new = [one for one in matches if one[0].certain and not _is_known(one, known)][-MOST:]
    if file is None or len(new) < rules.AT_EDGE:
        return ()
    found = rules.discover(file, await _shared(tx, asset, new))
    for discovery in found:
        await _keep(tx, asset, file, discovery, now)
    return tuple(sorted({other for discovery in found for other in discovery.elsewhere}))


@dataclass(frozen=True, slots=True)
class Furnished:
    """The known furniture that matches find in a file, and the other files that share nothing else with it so far."""

    seconds: tuple[Masked, ...]
    resting: frozenset[int]


async def furnished(reader: Reader, found: Sequence[Found], duration: float) -> Furnished:
    """What the matches ``found`` tell of furniture in a file of this length."""
    known = {other_id: await furniture.in_asset(reader, other_id) for other_id, _ in found}
    seconds = {
        Masked(start, seconds, match.picture)
        for other_id, match in found
        for start, seconds in rules.found_again(match, known[other_id], duration).values()
    }
    resting = frozenset(other for other, match in found if rules.without(match, (), known[other]) is None)
    return Furnished(tuple(sorted(seconds, key=lambda one: one.start)), resting)


def beyond(found: Sequence[Found], resting: frozenset[int], more: Sequence[Found]) -> tuple[Found, ...]:
    """Matches with what was found ``more`` when the file was asked about without its furniture.

    Two files are compared along one line through time, so an intro may hide a shorter piece of news at another offset.
    """
    had, new = dict(found), dict(more)
    replaced = resting & new.keys()
    kept = [one for one in found if one[0] not in replaced]
    return (*kept, *((other, new[other]) for other in sorted(new) if other in replaced or other not in had))


def _is_known(one: Measured, known: Mapping[int, Sequence[Stretch]]) -> bool:
    """Whether a match leads to furniture that is known, or that a member rejected."""
    stored, match = one
    return bool(rules.found_again(match, known.get(stored.other_id, ()), float("inf")))


async def _keep(tx: Tx, asset: Asset, file: File, found: Discovery, now: datetime) -> None:
    furniture_id = await furniture.learn(
        tx, file.channel_id, found.place, found.picture, found.learned_from, found.days, now
    )
    await furniture.put(tx, furniture_id, asset.asset_id, found.start, found.seconds, now)
    for other_id, (start, seconds) in found.elsewhere.items():
        await furniture.put(tx, furniture_id, other_id, start, seconds, now)


async def _file(reader: Reader, asset: Asset) -> File | None:
    posts = await assets.sightings_of(reader, asset.asset_id)
    if not posts or not asset.duration:
        return None
    return File(posts[0].channel_id, posts[0].posted_at.date(), asset.duration)


async def _shared(reader: Reader, asset: Asset, matches: Iterable[Measured]) -> list[Shared]:
    found = []
    for stored, match in matches:
        other = await assets.asset(reader, stored.other_id)
        home = await footage.home(reader, stored.other_id)
        first = await footage.first_post(reader, home) if home is not None else None
        if other is None or home is None or first is None or not other.duration:
            continue
        channel_id, posted_at = first
        theirs = sum(span.seconds * span.speed for span in match.spans) / other.duration
        common = max(covered(match, asset.duration), theirs)
        found += [
            Shared(other.asset_id, home, channel_id, posted_at.date(), other.duration, span, common, match.picture)
            for span in match.spans
            if span.seconds
        ]
    return found
