"""What the relabel alarm looks at: a returning copy, and what the team and the earliest post say of its footage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.model import Finding, FindingKind, Judgement, Location, Verdict
from core.places import Point, degrees
from fingerprints import sound
from pipeline.dates import days_named
from pipeline.gazetteer import Gazetteer, Place, world
from pipeline.likeness import oriented
from pipeline.relabel import Claims, Contradiction, Held, contradictions
from storage import fingerprints, footage, members
from storage.database import Reader
from storage.footage import FootageSighting

UNJUDGED = frozenset({Verdict.UNREVIEWED, Verdict.IN_REVIEW})
VAGUE = frozenset({"region", "country"})  # precisions that say no more than the region


@dataclass(frozen=True, slots=True)
class Suspect:
    """A copy of judged or located footage, with its earliest post and the place that the team gave it."""

    text: str
    posted_at: datetime
    earliest_text: str
    since: datetime
    place: Location | None
    mirrored: bool
    other_sound: bool


async def suspect(reader: Reader, finding: Finding) -> Suspect | None:
    """What is to be examined about a sighting; nothing unless it returns footage that is judged or located."""
    if finding.kind is not FindingKind.REPOST:
        return None
    place = await members.location(reader, finding.footage_id)
    if place is None and not _judged(await members.judgement(reader, finding.footage_id)):
        return None
    seen = [one for one in await footage.sightings(reader, finding.footage_id) if one.belongs]
    at = next((n for n, one in enumerate(seen) if one.sighting.sighting_id == finding.sighting_id), 0)
    if at == 0:
        return None
    told, earliest = seen[at], seen[0]
    mirrored, other_sound = await _altered(reader, told, seen[:at])
    return Suspect(
        told.text,
        told.sighting.posted_at,
        earliest.text,
        earliest.sighting.posted_at,
        place,
        mirrored,
        other_sound,
    )


def examine(suspect: Suspect) -> tuple[Contradiction, ...]:
    """Everything in which the copy contradicts what is known. Reads the gazetteer when first called, which is slow."""
    days = days_named(suspect.text, suspect.posted_at)
    gazetteer = world()
    claims = Claims(gazetteer.mentions(suspect.text), days, suspect.mirrored, suspect.other_sound)
    return contradictions(_held(suspect, gazetteer), claims)


def _held(suspect: Suspect, gazetteer: Gazetteer) -> Held:
    place, names = suspect.place, frozenset(gazetteer.named(suspect.earliest_text))
    if place is None:
        mentions = gazetteer.mentions(suspect.earliest_text)
        told = tuple(named for mention in mentions for named in mention.places)
        return Held(told, names, ", ".join(mention.said for mention in mentions[:3]), suspect.since)
    names |= frozenset(gazetteer.named(place.name))
    return Held(_places(place, gazetteer), names, _said(place), suspect.since, place.precision in VAGUE)


def _places(place: Location, gazetteer: Gazetteer) -> tuple[Place, ...]:
    if place.latitude is not None and place.longitude is not None:
        return (gazetteer.at(Point(place.latitude, place.longitude)),)
    return gazetteer.named(place.name)


def _said(place: Location) -> str:
    if place.name or place.latitude is None or place.longitude is None:
        return place.name
    return degrees(Point(place.latitude, place.longitude))


def _judged(judgement: Judgement | None) -> bool:
    return judgement is not None and judgement.verdict not in UNJUDGED


async def _altered(reader: Reader, told: FootageSighting, elders: Sequence[FootageSighting]) -> tuple[bool, bool]:
    """Whether a copy is mirrored, and whether it has other sound, against the first elder that it was matched with."""
    matches = {stored.other_id: match for stored, match in await oriented(reader, told.asset.asset_id)}
    for elder in elders:
        if elder.asset.asset_id == told.asset.asset_id:
            return False, False
        if match := matches.get(elder.asset.asset_id):
            heard = await fingerprints.have(reader, sound.CODES, told.asset.asset_id, elder.asset.asset_id)
            return match.mirrored, heard and match.picture and not match.sound and match.relation != "identical"
    return False, False
