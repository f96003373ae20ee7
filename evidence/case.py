"""What a bag holds: chosen footage with its sightings, posts, files and everything the team said about it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import InputError
from core.ids import footage_label, parse_footage, post_key, post_link
from core.model import Asset, Channel, Finding, Judgement, Location, MediaRef, Note
from pipeline.copies import BestCopy, best_copy
from storage import custody, footage, furniture, members, posts, search
from storage.database import Reader
from storage.footage import FootageSighting
from storage.members import Event
from storage.posts import StoredPost, Wording

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asked to be exported; several conditions must all hold, several footages are all taken."""

    footage: tuple[str, ...] = ()
    words: str = ""
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def __str__(self) -> str:
        parts = [f"footage {', '.join(self.footage)}"] if self.footage else []
        parts += [f"words “{self.words}”"] if self.words else []
        parts += [f"tag “{tag}”" for tag in self.tags]
        parts += [f"posted since {self.since:%Y-%m-%d %H:%M} UTC"] if self.since else []
        parts += [f"posted before {self.until:%Y-%m-%d %H:%M} UTC"] if self.until else []
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Copy:
    """One sighting of a footage, with what was concluded about it."""

    seen: FootageSighting
    finding: Finding | None

    @property
    def key(self) -> str:
        """The post, as custody names it."""
        return post_key(self.seen.sighting.channel_id, self.seen.sighting.message_id)

    @property
    def link(self) -> str:
        """Where the post was on Telegram; empty for one that came from a folder."""
        channel = self.seen.channel
        return post_link(channel.channel_id, self.seen.sighting.message_id, channel.username)


@dataclass(frozen=True, slots=True)
class CaseFootage:
    """One footage with all that is known of it."""

    footage_id: int
    absorbed: tuple[int, ...]
    copies: tuple[Copy, ...]
    tags: tuple[str, ...]
    judgement: Judgement | None
    place: Location | None
    notes: tuple[Note, ...]
    history: tuple[Event, ...]
    best: BestCopy | None = None
    furniture: tuple[int, ...] = ()  # what was found to be channel furniture in its files

    @property
    def label(self) -> str:
        """What members call it."""
        return footage_label(self.footage_id)

    def why_best(self, asset: Asset) -> str:
        """Why a file is the best copy, in words; empty for any other."""
        best = self.best
        return best.best.why if best is not None and best.best.asset_id == asset.asset_id else ""

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Its files, each once, in order of their first sighting."""
        return tuple({copy.seen.asset.asset_id: copy.seen.asset for copy in self.copies}.values())


@dataclass(frozen=True, slots=True)
class CasePost:
    """A post with every wording that was received."""

    key: str
    post_id: int
    channel: Channel
    stored: StoredPost
    wordings: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that goes into one bag."""

    title: str
    wanted: str
    footage: tuple[CaseFootage, ...]
    posts: tuple[CasePost, ...]
    head: tuple[int, str]
    made_at: datetime

    @property
    def files(self) -> tuple[tuple[Asset, MediaRef | None], ...]:
        """Every file once, with the reference that tells its media type."""
        found: dict[str, tuple[Asset, MediaRef | None]] = {}
        refs = {post.key: post.stored.post.media for post in self.posts}
        for copy in (copy for one in self.footage for copy in one.copies):
            matching = [ref for ref in refs.get(copy.key, ()) if ref.kind is copy.seen.asset.kind]
            found.setdefault(copy.seen.asset.sha256, (copy.seen.asset, matching[0] if matching else None))
        return tuple(found.values())


async def gather(reader: Reader, wanted: Wanted, title: str, at: datetime) -> Case:
    """Read a case from the database; an InputError when nothing of the kind is held."""
    ids = await _chosen(reader, wanted)
    if not ids:
        raise InputError(f"nothing is held for: {wanted}")
    chosen = tuple([await _footage(reader, footage_id) for footage_id in ids])
    copies = {copy.key: copy for one in chosen for copy in one.copies}
    found = tuple([await _post(reader, key, copy) for key, copy in sorted(copies.items())])
    return Case(title, str(wanted), chosen, found, await custody.head(reader), at)


def subjects(case: Case) -> frozenset[str]:
    """What the custody entries of a case are about."""
    names = {f"post/{post.key}" for post in case.posts}
    for one in case.footage:
        names |= {f"footage/{number}" for number in (one.footage_id, *one.absorbed)}
        names |= {f"asset/{asset.asset_id}" for asset in one.assets}
        names |= {f"furniture/{number}" for number in one.furniture}
        names |= {f"sighting/{copy.seen.sighting.sighting_id}" for copy in one.copies}
    return frozenset(names)


def entry_of(body: str, about: frozenset[str]) -> dict[str, Any] | None:
    """A custody entry when it is about one of these subjects."""
    entry: dict[str, Any] = json.loads(body)
    return entry if entry["subject"] in about else None


async def _chosen(reader: Reader, wanted: Wanted) -> Sequence[int]:
    ids = [await _numbered(reader, text) for text in wanted.footage]
    if not (wanted.words or wanted.tags or wanted.since or wanted.until):
        return sorted(set(ids))
    found: list[int] = []
    while page := await search.find(
        reader,
        wanted.words,
        tags=wanted.tags,
        since=wanted.since,
        until=wanted.until,
        limit=_PAGE,
        offset=len(found),
    ):
        found += [one.footage_id for one in page]
    return sorted(set(found) & set(ids) if ids else set(found))


async def _numbered(reader: Reader, text: str) -> int:
    number = parse_footage(text)
    held = await footage.footage(reader, number) if number is not None else None
    if held is None:
        raise InputError(f"{text}: no such footage; give its number as the cards show it, like F12")
    return held.footage_id


async def _footage(reader: Reader, footage_id: int) -> CaseFootage:
    seen = await footage.sightings(reader, footage_id)
    copies = [Copy(one, await footage.finding(reader, one.sighting.sighting_id)) for one in seen]
    return CaseFootage(
        footage_id,
        await footage.absorbed(reader, footage_id),
        tuple(copies),
        await members.tags(reader, footage_id),
        await members.judgement(reader, footage_id),
        await members.location(reader, footage_id),
        await members.notes(reader, footage_id),
        await members.history(reader, footage_id),
        await best_copy(reader, seen),
        await _furniture(reader, seen),
    )


async def _furniture(reader: Reader, seen: Sequence[FootageSighting]) -> tuple[int, ...]:
    found = [await furniture.in_asset(reader, asset_id) for asset_id in {one.asset.asset_id for one in seen}]
    return tuple(sorted({stretch.furniture_id for some in found for stretch in some}))


async def _post(reader: Reader, key: str, copy: Copy) -> CasePost:
    sighting = copy.seen.sighting
    stored = await posts.post(reader, sighting.channel_id, sighting.message_id)
    if stored is None:
        raise LookupError(f"post {key} has a sighting and no row")
    return CasePost(key, stored.post_id, copy.seen.channel, stored, await posts.wordings(reader, stored.post_id))
