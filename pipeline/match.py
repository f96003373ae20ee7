"""Step: a sighting's asset against everything held → Matches, footage, Findings, and the alerts to make."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.model import PIPELINE, Asset, Finding, Fingerprint, Sighting
from fingerprints.compare import Match, flip
from pipeline import footage as rules
from pipeline.library import Library
from pipeline.priority import priority
from storage import assets, custody, fingerprints, footage, jobs
from storage.database import Reader, Tx
from storage.footage import StoredMatch
from storage.opening import Store

SEQUENCE = 1  # one at a time: a copy must find its elder already filed


@dataclass(frozen=True, slots=True)
class Question:
    """A sighting to be filed; ``prints`` is missing when its asset was matched before."""

    sighting: Sighting
    asset: Asset
    prints: tuple[Fingerprint, ...] | None


@dataclass(frozen=True, slots=True)
class Matched:
    """What the library answered."""

    question: Question
    matches: tuple[tuple[int, Match], ...]


class MatchStep:
    """Files every sighting as new, repost, possible repost or too plain to judge."""

    queue = "match"
    slots = SEQUENCE

    def __init__(self, store: Store, library: Library) -> None:
        self._store = store
        self._library = library

    async def load(self, reader: Reader, key: str) -> Question | None:
        """The sighting, and the fingerprints of its asset when it has no footage yet."""
        sighting = await assets.sighting(reader, int(key))
        asset = await assets.asset(reader, sighting.asset_id) if sighting else None
        if sighting is None or asset is None or not asset.verdict:
            return None
        filed = await footage.home(reader, asset.asset_id) is not None
        prints = None if filed else await fingerprints.of(reader, asset.asset_id)
        return Question(sighting, asset, prints)

    async def work(self, given: Question) -> Matched:
        """Ask the library once per asset, which knows it from then on; what is too plain to judge matches nothing."""
        if given.prints is None or given.asset.plain:
            return Matched(given, ())
        found = await self._library.match(given.prints, exclude=given.asset.asset_id)
        await self._library.add(given.asset.asset_id, given.prints)
        return Matched(given, tuple(found))

    async def save(self, tx: Tx, made: Matched) -> None:
        """Keep the matches, file the asset, and refile every footage that it touches."""
        asset, now = made.question.asset, self._store.clock.now()
        for other_id, match in made.matches:
            await footage.record_match(
                tx, asset.asset_id, other_id, match.relation, match.certain, match.strength, match.to_json(), now
            )
        if await footage.home(tx, asset.asset_id) is None:
            await file_asset(tx, asset, now)
        for footage_id in await touched_by(tx, asset.asset_id):
            await refile(tx, footage_id, now)


async def file_asset(tx: Tx, asset: Asset, now: datetime) -> None:
    """Give an asset its footage by the rules, and its part links."""
    filing = rules.file_asset(await likenesses(tx, asset))
    home = filing.home if filing.home is not None else await footage.create(tx, now)
    for gone in filing.joins:
        await footage.merge(tx, home, gone)
        await custody.record(tx, "footage.joined", f"footage/{gone}", PIPELINE, now, into=home, asset=asset.asset_id)
    await footage.put(tx, home, asset.asset_id, belongs=True)
    for part in filing.parts:
        await footage.put(tx, part, asset.asset_id, belongs=False)
    await custody.record(tx, "asset.filed", f"asset/{asset.asset_id}", PIPELINE, now, footage=home)


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
    members = {seen.asset.asset_id for seen in sightings}
    for asset_id in members:
        for stored, match in await oriented(reader, asset_id):
            tie = rules.Tie(stored.match_id, match.relation, match.strength)
            if stored.other_id in members:
                ties[asset_id, stored.other_id] = tie
            elif linked := await _linked(reader, stored, tie, footage_id, first):
                (parts if stored.certain else possible).setdefault(asset_id, []).append(linked)
    return rules.findings(footage_id, appearances, ties, _strongest(parts), _strongest(possible))


async def oriented(reader: Reader, asset_id: int) -> list[tuple[StoredMatch, Match]]:
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


async def likenesses(reader: Reader, asset: Asset) -> list[rules.Likeness]:
    """The matches of an asset as the rules see them, those that no member rejected."""
    own = await footage.home(reader, asset.asset_id)
    at_home = await footage.footage(reader, own) if own is not None else None
    furniture, found = at_home is not None and at_home.furniture, []
    for stored, match in await oriented(reader, asset.asset_id):
        home = await footage.home(reader, stored.other_id)
        held = await footage.footage(reader, home) if home is not None else None
        if home is None or held is None:
            continue
        found.append(
            rules.Likeness(
                match_id=stored.match_id,
                other_id=stored.other_id,
                footage_id=home,
                relation=match.relation,
                certain=stored.certain,
                strength=match.strength,
                covered=covered(match, asset.duration),
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


def covered(match: Match, duration: float | None) -> float:
    """The share of this asset that the match explains."""
    if not duration:
        return 1.0
    return min(1.0, sum(span.seconds for span in match.spans) / duration)


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
