"""Step: Finding + routes → Alerts. One card per footage and chat; only what is new to a chat may ring.

An edit of a card makes no sound. What deserves one although the card stands, a relabel or something followed, gets a
message under it. What a chat muted makes no card there: it is held back, and told in the next recap.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.config import Chat
from core.ids import parse_channel
from core.model import Alert, Channel, Finding, FindingKind, Sighting
from pipeline.attention import Facts, decisive
from pipeline.priority import is_history, priority
from pipeline.relabel import Contradiction, Contrast, news
from pipeline.suspicion import Suspect, examine, suspect
from storage import alerts, assets, attention, channels, footage, jobs, members, posts, relabels, rings
from storage.attention import Attention
from storage.database import Reader, Tx
from storage.opening import Store
from storage.posts import StoredPost
from storage.relabels import Relabel
from storage.search import fold

FOLLOWED = "followed"
WAVE = timedelta(minutes=10)  # copies of one footage that come within this ring once
RECAP_AFTER = timedelta(hours=12)  # what a mute held back is told by then
ALBUM_DEBOUNCE = timedelta(seconds=2)  # the parts of an album arrive one by one


@dataclass(frozen=True, slots=True)
class News:
    """A finding with what decides where it goes and how loud."""

    finding: Finding
    sighting: Sighting
    channel: Channel
    post: StoredPost
    leads_album: bool  # not in an album, or the first of it
    suspect: Suspect | None = None  # a copy of judged or located footage, to be examined
    found: tuple[Contradiction, ...] = ()
    furniture: bool = False  # an intro, a logo, an end card, as members say


class AnnounceStep:
    """Makes or amends the cards that a finding concerns."""

    queue = "announce"
    slots = 1

    def __init__(self, store: Store, routes: Iterable[Chat]) -> None:
        self._store = store
        self._routes = tuple(routes)

    async def load(self, reader: Reader, key: str) -> News | None:
        """The finding of a sighting, with its post and channel."""
        finding = await footage.finding(reader, int(key))
        sighting = await assets.sighting(reader, int(key))
        if finding is None or sighting is None:
            return None
        channel = await channels.channel(reader, sighting.channel_id)
        post = await posts.post(reader, sighting.channel_id, sighting.message_id)
        if channel is None or post is None:
            return None
        leads = await _leads_album(reader, post)
        held = await footage.footage(reader, finding.footage_id)
        furniture = held is not None and held.furniture
        return News(finding, sighting, channel, post, leads, await suspect(reader, finding), furniture=furniture)

    async def work(self, given: News) -> News:
        """Routing is a matter of rules; only a suspect's caption is read, for places and days."""
        if given.suspect is None:
            return given
        return replace(given, found=await asyncio.to_thread(examine, given.suspect))

    async def save(self, tx: Tx, made: News) -> None:
        """Ask for the card in every chat that a route or a member's wish leads to."""
        relabelled = await _note_relabel(tx, made, self._store.clock.now())
        wishes = await attention.everywhere(tx)
        for footage_id in concerned(made.finding):
            facts = await _facts(tx, made, footage_id)
            standing = {alert.chat_id: alert for alert in await alerts.of_footage(tx, footage_id)}
            rung = relabelled and footage_id == made.finding.footage_id
            for route in self._routes:
                chat_id = await alerts.present_chat(tx, route.chat_id)
                wish = decisive(wishes.get(chat_id, ()), facts)
                telling = Telling(footage_id, chat_id, route.thread_id, standing.get(chat_id), wish)
                if reaches(route, made.channel, telling.standing, made.sighting) or telling.followed:
                    await self._tell(tx, made, telling, loud=is_loud(made, route), rings=rung and not route.quiet)
            routed = {await alerts.present_chat(tx, route.chat_id) for route in self._routes}
            for chat_id in sorted((standing.keys() | wishes.keys()) - routed):
                wish = decisive(wishes.get(chat_id, ()), facts)
                telling = Telling(footage_id, chat_id, None, standing.get(chat_id), wish)
                if telling.standing or await _may_follow(tx, telling):
                    await self._tell(tx, made, telling, loud=True, rings=False)

    async def _tell(self, tx: Tx, made: News, telling: "Telling", *, loud: bool, rings: bool) -> None:
        """A card, or the newest state of the one that stands; with a sound, or held back, as the chat wishes."""
        now, standing, history = self._store.clock.now(), telling.standing, is_history(made.sighting.capture)
        if history and standing is None:
            return
        if telling.muted and standing is None:
            await self._hold_back(tx, made, telling)
            return
        alert_id = await alerts.want(
            tx,
            telling.footage_id,
            telling.chat_id,
            telling.thread_id,
            loud=(loud or telling.followed) and not telling.muted,
            trigger_at=made.sighting.captured_at,
        )
        run_at = now + ALBUM_DEBOUNCE if made.post.post.album_id is not None else None
        await jobs.enqueue(tx, "deliver", str(alert_id), run_at=run_at, priority=priority(made.sighting.capture))
        if standing is None or telling.muted or history:
            return
        if rings:
            await _ring(tx, standing, made.sighting, "relabel", now)
        elif telling.followed and not await _rang_lately(tx, standing, now):
            await _ring(tx, standing, made.sighting, FOLLOWED, now)

    async def _hold_back(self, tx: Tx, made: News, telling: "Telling") -> None:
        now, wish = self._store.clock.now(), telling.wish
        reason = f"{wish.subject} {wish.shown}" if wish else ""
        await attention.hold_back(
            tx, telling.chat_id, telling.thread_id, telling.footage_id, made.sighting.sighting_id, reason, now
        )
        await jobs.enqueue(tx, "recap", str(telling.chat_id), run_at=now + RECAP_AFTER)


@dataclass(frozen=True, slots=True)
class Telling:
    """One footage in one chat: the card that stands there, and what the chat wishes."""

    footage_id: int
    chat_id: int
    thread_id: int | None
    standing: Alert | None
    wish: Attention | None

    @property
    def followed(self) -> bool:
        """Whether the chat waits for this."""
        return self.wish is not None and self.wish.follows

    @property
    def muted(self) -> bool:
        """Whether the chat does not want to hear of this."""
        return self.wish is not None and not self.wish.follows


async def _facts(reader: Reader, made: News, footage_id: int) -> Facts:
    """What the finding is about: the footage as the team has it, and the post that was just found."""
    place = await members.location(reader, footage_id)
    judged = await members.judgement(reader, footage_id)
    return Facts(
        footage_id,
        made.channel.channel_id,
        frozenset(tag.casefold() for tag in await members.tags(reader, footage_id)),
        fold(place.name) if place else "",
        fold(made.post.post.text),
        str(judged.verdict) if judged else "",
    )


async def _may_follow(reader: Reader, telling: Telling) -> bool:
    """Whether this is the private chat of an active member who follows it: groups outside the routes hear nothing."""
    if not telling.followed or telling.chat_id <= 0:
        return False
    member = await members.member(reader, telling.chat_id)
    return member is not None and member.active


async def _rang_lately(reader: Reader, standing: Alert, now: datetime) -> bool:
    """A wave of copies of something followed rings once; the card counts the rest."""
    last = await rings.last_wanted(reader, standing.alert_id, FOLLOWED)
    return last is not None and now - last < WAVE


async def _note_relabel(tx: Tx, made: News, now: datetime) -> bool:
    """Keep what a copy contradicts; whether that deserves a sound: no other copy said it, and it is no history."""
    if not made.found:
        return False
    number, sighting = made.finding.footage_id, made.sighting
    before = [
        (Contrast(contrast), claim)
        for contrast, claim in await relabels.claims_of_others(tx, number, sighting.sighting_id)
    ]
    kept = [Relabel(one.contrast, one.said, one.known, one.key) for one in made.found]
    await relabels.record(tx, number, sighting.sighting_id, kept, now)
    return bool(news(made.found, before)) and not is_history(sighting.capture)


async def _ring(tx: Tx, standing: Alert, sighting: Sighting, reason: str, now: datetime) -> None:
    """A message under a card that was shown already; a card that is yet to come rings by itself."""
    if standing.message_id is None and standing.shown_version == 0:
        return
    ring_id = await rings.want(tx, standing.alert_id, sighting.sighting_id, reason, now)
    if ring_id is not None:
        await jobs.enqueue(tx, "ring", str(ring_id))


def concerned(finding: Finding) -> tuple[int, ...]:
    """The footages whose card tells of this finding; a possible repost is told on its own card alone."""
    if finding.kind is FindingKind.REPOST:
        return (finding.footage_id, *finding.parts)
    return (finding.footage_id,)


def reaches(route: Chat, channel: Channel, existing: Alert | None, sighting: Sighting) -> bool:
    """Whether a chat is to hear of it. An existing card is always kept current; history never makes a new one."""
    if existing is not None:
        return True
    if is_history(sighting.capture):
        return False
    if route.sides and channel.side not in route.sides:
        return False
    return not route.channels or any(_means(wanted, channel) for wanted in route.channels)


def is_loud(news: News, route: Chat) -> bool:
    """Whether a new card may make a sound: not for what is too plain, nor furniture, nor an album's other pictures."""
    dull = news.furniture or news.finding.kind is FindingKind.PLAIN
    return not route.quiet and news.leads_album and not dull


def _means(wanted: str, channel: Channel) -> bool:
    ref = parse_channel(wanted)
    if ref is None:
        return wanted == channel.title
    if ref.channel_id is not None:
        return ref.channel_id == channel.channel_id
    return ref.username is not None and ref.username.casefold() == (channel.username or "").casefold()


async def _leads_album(reader: Reader, post: StoredPost) -> bool:
    if post.post.album_id is None:
        return True
    album = await posts.album(reader, post.post.channel_id, post.post.album_id)
    return post.post.message_id == min(other.post.message_id for other in album)
