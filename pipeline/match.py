"""Step: a sighting's asset against everything held → Matches, footage, Findings, and the alerts to make."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.model import Asset, Fingerprint, Sighting
from fingerprints.compare import Match
from fingerprints.masking import masked
from pipeline.filing import file_asset, refile, touched_by
from pipeline.learning import beyond, furnished, learn
from pipeline.library import Library
from pipeline.refiling import loosen
from storage import assets, fingerprints, footage
from storage.database import Reader, Tx
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
        found = await self._match(given.asset, given.prints)
        await self._library.add(given.asset.asset_id)
        return Matched(given, tuple(found))

    async def _match(self, asset: Asset, prints: Sequence[Fingerprint]) -> Sequence[tuple[int, Match]]:
        """All matches; where some show known channel furniture, also those that lie beyond it."""
        found = await self._library.match(prints, exclude=asset.asset_id)
        async with self._store.database.reader() as reader:
            known = await furnished(reader, found, asset.duration or 0.0)
        if not known.seconds:
            return found
        more = await self._library.match(masked(prints, known.seconds), exclude=asset.asset_id)
        return beyond(found, known.resting, more)

    async def save(self, tx: Tx, made: Matched) -> None:
        """Keep the matches, file the asset, and refile every footage that it touches."""
        asset, now = made.question.asset, self._store.clock.now()
        for other_id, match in made.matches:
            await footage.record_match(
                tx, asset.asset_id, other_id, match.relation, match.certain, match.strength, match.to_json(), now
            )
        if await footage.home(tx, asset.asset_id) is None:
            furnished = await learn(tx, asset, now)
            await file_asset(tx, asset, now)
            await loosen(tx, furnished, now)
        for footage_id in await touched_by(tx, asset.asset_id):
            await refile(tx, footage_id, now)
