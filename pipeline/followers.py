"""What members say of footage rings with those who follow it, as a further copy of it does."""

from dataclasses import dataclass
from datetime import datetime

from core.model import Alert, Sighting
from pipeline.attention import Facts, decisive
from storage import alerts, attention, footage, jobs, members, rings
from storage.database import Reader, Tx
from storage.footage import FootageSighting
from storage.search import fold

DEED = "deed "  # how the reason of such a ring begins; what was done follows


@dataclass(frozen=True, slots=True)
class Deed:
    """What a member did to a footage, worded as in its history."""

    member: str
    user_id: int
    act: str
    about: str


async def tell(tx: Tx, footage_id: int, deed: Deed, now: datetime) -> None:
    """Ring under the cards of those who follow the footage as it is now, or bring them its card."""
    seen = await footage.sightings(tx, footage_id)
    if not seen:
        return
    facts = await facts_of(tx, footage_id, seen[-1])
    standing = {alert.chat_id: alert for alert in await alerts.of_footage(tx, footage_id)}
    for chat_id, wishes in (await attention.everywhere(tx)).items():
        wish = decisive(wishes, facts)
        if wish is None or not wish.follows or chat_id == deed.user_id:
            continue
        if alert := standing.get(chat_id):
            await _ring(tx, alert, seen[-1].sighting, deed, now)
        elif chat_id > 0 and await _is_member(tx, chat_id):
            alert_id = await alerts.want(tx, footage_id, chat_id, None, loud=True, trigger_at=now)
            await jobs.enqueue(tx, "deliver", str(alert_id))


async def facts_of(reader: Reader, footage_id: int, told: FootageSighting) -> Facts:
    """What a footage is about, as its newest post and the team have it."""
    place = await members.location(reader, footage_id)
    judged = await members.judgement(reader, footage_id)
    return Facts(
        footage_id,
        told.channel.channel_id,
        frozenset(tag.casefold() for tag in await members.tags(reader, footage_id)),
        fold(place.name) if place else "",
        fold(told.text),
        str(judged.verdict) if judged else "",
    )


def done(reason: str) -> tuple[str, str, str] | None:
    """Who did what about what, of a ring that tells of a deed."""
    if not reason.startswith(DEED):
        return None
    member, act, about = reason.removeprefix(DEED).split("\n", 2)
    return member, act, about


async def _ring(tx: Tx, alert: Alert, sighting: Sighting, deed: Deed, now: datetime) -> None:
    if alert.message_id is None and alert.shown_version == 0:
        return
    reason = f"{DEED}{deed.member}\n{deed.act}\n{deed.about}"
    ring_id = await rings.want(tx, alert.alert_id, sighting.sighting_id, reason, now)
    if ring_id is not None:
        await jobs.enqueue(tx, "ring", str(ring_id))


async def _is_member(reader: Reader, chat_id: int) -> bool:
    member = await members.member(reader, chat_id)
    return member is not None and member.active
