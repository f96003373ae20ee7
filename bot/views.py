"""What storage holds about a footage → the CardView that a card is drawn from."""

from dataclasses import replace

from bot.cards import CardView, Elder, Furnished
from bot.likeness import Likeness
from core.ids import ChannelRef
from core.model import Channel, Finding, FindingKind
from fingerprints import sound
from fingerprints.compare import Match
from pipeline.copies import best_copy
from pipeline.furniture import can_be_furniture
from pipeline.likeness import oriented
from storage import channels, fingerprints, footage, furniture, members, relabels
from storage.database import Reader
from storage.footage import FootageSighting

IDENTICAL = Likeness("identical", certain=True, strength=1.0)


async def card_view(reader: Reader, footage_id: int, *, repeats: int = 0) -> CardView | None:
    """Everything a card of this footage says now; a merged footage shows the one that it became."""
    held = await footage.footage(reader, footage_id)
    if held is None:
        return None
    number = held.footage_id
    seen = await footage.sightings(reader, number)
    told = seen[-1] if seen else None
    finding = await footage.finding(reader, told.sighting.sighting_id) if told else None
    elder = await _elder(reader, number, told, finding)
    return CardView(
        footage_id=number,
        asked_as=footage_id,
        kind=_kind(seen, finding),
        told=told,
        seen=seen,
        likeness=await _likeness(reader, told, finding, await _compared(reader, seen, elder)),
        elder=elder,
        forwarded_from=await _forwarded_from(reader, told),
        tags=await members.tags(reader, number),
        judgement=await members.judgement(reader, number),
        location=await members.location(reader, number),
        claimed_by=await members.claimed_by(reader, number),
        notes=await members.notes(reader, number),
        repeats=repeats,
        relabels=await relabels.of_sighting(reader, told.sighting.sighting_id) if told else (),
        furniture=await furniture.marked(reader, number),
        furnished=await _furnished(reader, told),
        best=await best_copy(reader, seen),
    )


async def _furnished(reader: Reader, told: FootageSighting | None) -> tuple[Furnished, ...]:
    """The furniture in the newest copy, whatever members said of it."""
    stretches = await furniture.in_asset(reader, told.asset.asset_id) if told else ()
    known = [(one, await furniture.learned(reader, one.furniture_id)) for one in stretches]
    return tuple(Furnished(one, learned) for one, learned in known if learned is not None)


def _kind(seen: tuple[FootageSighting, ...], finding: Finding | None) -> FindingKind:
    if finding is not None:
        return finding.kind
    return FindingKind.REPOST if len(seen) > 1 else FindingKind.NEW


async def _elder(
    reader: Reader, footage_id: int, told: FootageSighting | None, finding: Finding | None
) -> Elder | None:
    """The other footage that a possible repost resembles, or that a compilation shows."""
    if told is None or finding is None or not told.belongs:
        return None
    other = finding.parts[0] if finding.kind is FindingKind.POSSIBLE and finding.parts else finding.footage_id
    if other == footage_id:
        return None
    return Elder(other, await earliest(reader, other))


async def earliest(reader: Reader, footage_id: int) -> FootageSighting | None:
    """The first post that shows a recording itself."""
    seen = await footage.sightings(reader, footage_id)
    return next((one for one in seen if one.belongs), seen[0] if seen else None)


async def _compared(
    reader: Reader, seen: tuple[FootageSighting, ...], elder: Elder | None
) -> tuple[FootageSighting, ...]:
    """The copies that the newest one is told against, the earliest first."""
    if elder is not None:
        return await footage.sightings(reader, elder.footage_id)
    return seen[:-1]


async def _likeness(
    reader: Reader, told: FootageSighting | None, finding: Finding | None, others: tuple[FootageSighting, ...]
) -> Likeness | None:
    if told is None or finding is None or finding.kind in {FindingKind.NEW, FindingKind.PLAIN}:
        return None
    matches = {stored.other_id: (stored, match) for stored, match in await oriented(reader, told.asset.asset_id)}
    for other in others:
        if other.asset.asset_id == told.asset.asset_id:
            return IDENTICAL
        if found := matches.get(other.asset.asset_id):
            stored, match = found
            heard = await fingerprints.have(reader, sound.CODES, told.asset.asset_id, other.asset.asset_id)
            likeness = likeness_of(match, certain=stored.certain, both_sound=heard)
            short = can_be_furniture(match, told.asset.duration or 0.0, other.asset.duration or 0.0)
            return replace(likeness, furnishable=stored.match_id if short else None)
    return None


def likeness_of(match: Match, *, certain: bool, both_sound: bool) -> Likeness:
    """What a card says of a match."""
    spans = tuple((span.query_start, span.reference_start, span.seconds, span.speed) for span in match.spans)
    return Likeness(
        match.relation,
        certain,
        match.strength,
        spans,
        match.mirrored,
        picture=match.picture,
        sound=match.sound,
        both_sound=both_sound,
    )


async def _forwarded_from(reader: Reader, told: FootageSighting | None) -> Channel | None:
    if told is None or told.forward is None or told.forward.channel_id is None:
        return None
    return await channels.find_channel(reader, ChannelRef(channel_id=told.forward.channel_id))
