"""Files what was matched: the footage of an asset, its part links, and the findings about its sightings.

The rules stand in ``pipeline.footage``; here storage is asked for what they need and told what they say.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from core.model import PIPELINE, Asset, Finding
from pipeline import footage as rules
from pipeline.likeness import covered, oriented
from pipeline.priority import priority
from storage import assets, custody, footage, jobs
from storage.database import Reader, Tx
from storage.footage import StoredMatch


async def file_asset(tx: Tx, asset: Asset, now: datetime) -> None:
    """Give an asset its footage by the rules, and its part links."""
    filing = await filing_of(tx, await likenesses(tx, asset))
    home = filing.home if filing.home is not None else await footage.create(tx, now)
    for gone in filing.joins:
        await footage.merge(tx, home, gone)
        await custody.record(tx, "footage.joined", f"footage/{gone}", PIPELINE, now, into=home, asset=asset.asset_id)
    await footage.put(tx, home, asset.asset_id, belongs=True)
    for part in filing.parts:
        await footage.put(tx, part, asset.asset_id, belongs=False)
    await custody.record(tx, "asset.filed", f"asset/{asset.asset_id}", PIPELINE, now, footage=home)


async def filing_of(reader: Reader, alike: Sequence[rules.Likeness]) -> rules.Filing:
    """What the rules say of an asset with these likenesses, minding which footages members told apart."""
    candidates = {likeness.footage_id for likeness in alike}
    pairs = [
        frozenset({one, other})
        for one in (candidates if len(candidates) > 1 else ())
        for other in await footage.told_apart(reader, one) & candidates
    ]
    return rules.file_asset(alike, frozenset(pairs))


async def touched_by(reader: Reader, asset_id: int) -> tuple[int, ...]:
    """The footages whose findings a sighting of this asset may change: its home, and those that show a piece of it."""
    home = await footage.home(reader, asset_id)
    return await touching(reader, home) if home is not None else ()


async def touching(reader: Reader, home: int) -> tuple[int, ...]:
    """A footage, and those whose assets show a piece of it."""
    guests = [other for other, belongs in await footage.members(reader, home) if not belongs]
    homes = [await footage.home(reader, guest) for guest in guests]
    return tuple(dict.fromkeys([home, *(found for found in homes if found is not None)]))


async def refile(tx: Tx, footage_id: int, now: datetime) -> tuple[Finding, ...]:
    """Derive the findings of a footage anew; every one that changed is recorded and announced."""
    changed = []
    for finding in await derive(tx, footage_id):
        if await footage.record_finding(tx, finding, now):
            changed.append(finding)
            await _tell(tx, finding, now)
    return tuple(changed)


async def derive(reader: Reader, footage_id: int) -> list[Finding]:
    """What the rules say of each sighting of a footage as things stand."""
    sightings = [seen for seen in await footage.sightings(reader, footage_id) if seen.belongs]
    appearances = [
        rules.Appearance(
            seen.sighting.sighting_id,
            seen.asset.asset_id,
            seen.sighting.channel_id,
            seen.sighting.message_id,
            seen.sighting.posted_at,
            seen.asset.plain,
        )
        for seen in sightings
    ]
    if not appearances:
        return []
    ties: dict[tuple[int, int], rules.Tie] = {}
    parts: dict[int, list[rules.Linked]] = {}
    possible: dict[int, list[rules.Linked]] = {}
    first = min(appearances, key=lambda appearance: appearance.order)
    apart = await footage.told_apart(reader, footage_id)
    members = {seen.asset.asset_id for seen in sightings}
    for asset_id in members:
        for stored, match in await oriented(reader, asset_id):
            tie = rules.Tie(stored.match_id, match.relation, match.strength)
            if stored.other_id in members:
                ties[asset_id, stored.other_id] = tie
            elif (linked := await _linked(reader, stored, tie, footage_id, first)) and linked.footage_id not in apart:
                (parts if stored.certain else possible).setdefault(asset_id, []).append(linked)
    return rules.findings(footage_id, appearances, ties, _strongest(parts), _strongest(possible))


async def likenesses(reader: Reader, asset: Asset) -> list[rules.Likeness]:
    """The matches of an asset as the rules see them, but for footage of which members say that it is another."""
    own = await footage.home(reader, asset.asset_id)
    apart = await footage.asset_apart(reader, asset.asset_id)
    if own is not None:
        apart |= await footage.told_apart(reader, own)
    at_home = await footage.footage(reader, own) if own is not None else None
    furniture, found = at_home is not None and at_home.furniture, []
    for stored, match in await oriented(reader, asset.asset_id):
        home = await footage.home(reader, stored.other_id)
        held = await footage.footage(reader, home) if home is not None else None
        if home is None or held is None or home in apart:
            continue
        share = covered(match, asset.duration)
        found.append(
            rules.Likeness(
                match_id=stored.match_id,
                other_id=stored.other_id,
                footage_id=home,
                relation=rules.told(match.relation, share),
                certain=stored.certain,
                strength=match.strength,
                covered=share,
                sound_only=asset.width is None,
                furniture=furniture or held.furniture,
            )
        )
    return found


async def _linked(
    reader: Reader, stored: StoredMatch, tie: rules.Tie, footage_id: int, first: rules.Appearance
) -> rules.Linked | None:
    home = await footage.home(reader, stored.other_id)
    if home is None or home == footage_id:
        return None
    if await _is_furniture(reader, home) or await _is_furniture(reader, footage_id):
        return None
    elders = await footage.sightings(reader, home)
    orders = [(s.sighting.posted_at, s.sighting.channel_id, s.sighting.message_id) for s in elders if s.belongs]
    return rules.Linked(home, tie, earlier=bool(orders) and min(orders) < first.order)


async def _is_furniture(reader: Reader, footage_id: int) -> bool:
    held = await footage.footage(reader, footage_id)
    return held is None or held.furniture


def _strongest(linked: dict[int, list[rules.Linked]]) -> dict[int, Sequence[rules.Linked]]:
    """Per asset each footage once, the strongest first."""
    return {asset_id: _once(sorted(many, key=_strength)) for asset_id, many in linked.items()}


def _strength(linked: rules.Linked) -> tuple[float, int]:
    return (-linked.tie.strength, linked.footage_id)


def _once(linked: Iterable[rules.Linked]) -> list[rules.Linked]:
    seen: dict[int, rules.Linked] = {}
    for one in linked:
        seen.setdefault(one.footage_id, one)
    return list(seen.values())


async def _tell(tx: Tx, finding: Finding, now: datetime) -> None:
    detail: dict[str, str | float | None] = {
        "kind": str(finding.kind),
        "footage": finding.footage_id,
        "relation": finding.relation,
    }
    await custody.record(tx, "finding.made", f"sighting/{finding.sighting_id}", PIPELINE, now, **detail)
    sighting = await assets.sighting(tx, finding.sighting_id)
    if sighting is not None:
        await jobs.enqueue(tx, "announce", str(finding.sighting_id), priority=priority(sighting.capture))
