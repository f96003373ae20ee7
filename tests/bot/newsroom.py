"""A team at work: the real bot over the loopback Bot API, a real store, people in chats, and posts that are filed.

Posts are filed as matching would file them, then announced and delivered by the real steps. Pictures are drawn by a
plain stand-in that needs no decoder.
"""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from bot.app import BotPart, build_bot
from bot.words import KIND_WORD
from core.config import Config
from core.model import (
    Capture,
    Channel,
    Finding,
    FindingKind,
    Fingerprint,
    Forward,
    MediaKind,
    MediaRef,
    Member,
    Post,
)
from fingerprints import sound
from fingerprints.compare import Match, Span
from loopback.botapi import BotApiServer
from loopback.chat_nouns import Bot, Chat, Message
from loopback.people import Person
from loopback.world import World
from pipeline import worker
from pipeline.announce import AnnounceStep
from pipeline.library import Library
from pipeline.lookup import LookUpAnswer, LookUpProgress, Searched
from pipeline.match import Matched, MatchStep, Question
from pipeline.proofs import Drawing, Picture
from storage import alerts, assets, channels, fingerprints, footage, jobs, members, posts
from storage.database import Tx
from storage.opening import Store
from tests.media import files, synthetic

START = datetime(2024, 10, 18, 9, 0, tzinfo=UTC)
ASTRA = Channel(1_600_100_001, "Astra", "astrapress", "independent", "ru")
SPRAVDI = Channel(1_600_100_002, "SPRAVDI", "spravdi", "Ukrainian", "uk")
PARA_PAX = Channel(1_600_100_003, "ParaPax", "parapax", "Ukrainian", "uk")


class Drawer:
    """Draws a plain picture per drawing; ``drawn`` counts them, ``blind`` footage has no picture."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.drawn: list[str] = []
        self.blind = False
        self.broken = False

    async def plan(self, footage_id: int, sighting_id: int) -> Drawing | None:
        """A sheet of the sighting's asset, or a pair with the earliest one."""
        if self.blind:
            return None
        async with self._store.database.reader() as reader:
            seen = await footage.sightings(reader, footage_id)
            told = next((one for one in seen if one.sighting.sighting_id == sighting_id), None)
        if told is None:
            return None
        files = (told.asset,) if told.sighting == seen[0].sighting else (told.asset, seen[0].asset)
        return Drawing("proof" if len(files) > 1 else "sheet", files, {"footage": footage_id})

    async def draw(self, drawing: Drawing) -> Picture | None:
        """A JPEG whose colour names the drawing, or a voice note."""
        self.drawn.append(drawing.digest)
        if self.broken:
            return None
        if drawing.task == "sound":
            return Picture(files.sound(synthetic.voice(1, 1.0)), drawing.digest)
        written = io.BytesIO()
        colour = tuple(bytes.fromhex(drawing.digest[:6]))
        Image.new("RGB", (320, 180), colour).save(written, "JPEG")
        return Picture(written.getvalue(), drawing.digest)


class Oracle:
    """Answers look-ups with what a test prepared; ``heard`` holds the bytes that it was asked about."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.answer = LookUpAnswer("not_seen", (), Searched(1234, 12, START))

    async def ask(self, path: Path, progress: LookUpProgress) -> LookUpAnswer:
        """Read the file and give the prepared answer."""
        self.heard.append(await asyncio.to_thread(path.read_bytes))
        for stage in ("reading", "matching", "drawing"):
            await progress(stage)
        return self.answer


@dataclass
class Newsroom:
    """The stage and its hands."""

    world: World
    server: BotApiServer
    store: Store
    me: Bot
    group: Chat
    config: Config
    drawer: Drawer
    oracle: Oracle
    olena: Person
    taras: Person
    ivan: Person
    part: BotPart | None = None
    message_ids: dict[int, int] = field(default_factory=dict)

    # ------------------------------------------------------------------------------------------ running

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """The bot and its workers run, as the service runs them."""
        part = build_bot(self.config, self.store, self.drawer, self.oracle)
        self.part = part
        await part.recall()
        async with self.store.database.transaction() as tx:
            team = [Member(person.user_id, person.name, person.rank) for person in self.config.team]
            await members.seed(tx, team, self.store.clock.now())
            await jobs.requeue_running(tx)
        stop, drained = asyncio.Event(), asyncio.Event()
        steps = [*part.steps, AnnounceStep(self.store, self.config.chats), MatchStep(self.store, Library(self.store))]
        try:
            async with asyncio.TaskGroup() as workers:
                for one in worker.parts(steps, self.store):
                    workers.create_task(one.run(drained))
                async with asyncio.TaskGroup() as listening:
                    listening.create_task(part.run(stop))
                    await self.world.wait_until(lambda: self.world.chats.inbox(self.me).polled)
                    yield
                    stop.set()
                drained.set()
                self.store.jobs_ready.wake()
        finally:
            await hang_up(part)

    async def later(self, seconds: float) -> None:
        """Let what may be done now be done, move the hands of both clocks, and wake who waits for work."""
        await self.idle(but_waiting=True)
        self.world.clock.advance(timedelta(seconds=seconds))
        self.store.clock.advance(timedelta(seconds=seconds))
        self.store.jobs_ready.wake()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what the world shows."""
        await self.world.wait_until(condition)

    async def eventually(self, asked: Callable[[], Awaitable[Sequence[str]]], words: str) -> None:
        """Ask again until an answer has these words, giving way in between."""
        async with asyncio.timeout(10):
            while not any(words in one for one in await asked()):
                seen = self.store.jobs_ready.turn
                await self.store.jobs_ready.wait(seen, 0.02)

    async def idle(self, *, but_waiting: bool = False) -> None:
        """Wait until no job is left, or with ``but_waiting`` none that may run now."""
        while True:
            seen = self.store.jobs_ready.turn
            now = self.store.clock.now()
            async with self.store.database.reader() as reader:
                left = await reader.one(
                    """
                    SELECT COUNT(*) AS n FROM job WHERE state = 'running'
                        OR (state = 'ready' AND (:all OR run_at <= :now))
                    """,
                    all=int(not but_waiting),
                    now=round(now.timestamp() * 1000),
                )
            if left is not None and not left["n"]:
                return
            await self.store.jobs_ready.wait(seen, 1.0)

    # ------------------------------------------------------------------------------------------ posting

    async def post(
        self,
        channel: Channel = ASTRA,
        text: str = "Сергеевка, полигон",
        *,
        at: datetime = START,
        of: int | None = None,
        kind: FindingKind | None = None,
        parts: tuple[int, ...] = (),
        match: Match | None = None,
        media: MediaKind = MediaKind.VIDEO,
        content: str | None = None,
        forward: Forward | None = None,
        album: int | None = None,
        capture: Capture = Capture.LIVE,
        plain: bool = False,
        found: Sequence[tuple[int, Match]] | None = None,
    ) -> int:
        """A post with one file, filed as new footage or as a copy ``of`` one; the footage's number.

        What matching ``found``, by asset, leaves the filing to the step that matches.
        """
        message_id = self.message_ids[channel.channel_id] = self.message_ids.get(channel.channel_id, 100) + 1
        content = content if content is not None else f"{channel.channel_id}/{message_id}"
        sha = hashlib.sha256(content.encode()).hexdigest()
        now = self.store.clock.now()
        reference = MediaRef("media", media, file_id=None, size=3_210_000, duration=17.0, width=1280, height=720)
        post = Post(
            channel.channel_id, message_id, at, text, album_id=album, forward=forward, media=(reference,), raw=b"x"
        )
        async with self.store.database.transaction() as tx:
            await channels.record_channel(tx, channel, now)
            await channels.label(tx, channel.channel_id, channel.side, channel.language)
            _, post_id = await posts.record(tx, post, capture, "main", now)
            ((ref_id, _),) = await posts.wanted(tx, post_id)
            asset_id = await assets.record(tx, sha, 3_210_000, media, now)
            sighting_id = await assets.hold(tx, ref_id, asset_id, now)
            await _read(tx, asset_id, media, plain=plain)
            if found is not None:
                return await self._match(tx, sighting_id, found)
            footage_id = of if of is not None and kind is not FindingKind.POSSIBLE else await footage.create(tx, now)
            await footage.put(tx, footage_id, asset_id, belongs=True)
            match_id = None
            if match is not None:
                others = await footage.sightings(tx, of or footage_id)
                elder = next(one.asset for one in others if one.asset.asset_id != asset_id)
                match_id = await footage.record_match(
                    tx, asset_id, elder.asset_id, match.relation, match.certain, match.strength, match.to_json(), now
                )
            finding_kind = kind or (FindingKind.NEW if of is None else FindingKind.REPOST)
            relation = match.relation if match else "" if of is None else "identical"
            finding = Finding(sighting_id, finding_kind, footage_id, relation, 1.0 if of else 0.0, match_id, parts)
            await footage.record_finding(tx, finding, now)
            await jobs.enqueue(tx, "announce", str(sighting_id))
        return footage_id

    async def _match(self, tx: Tx, sighting_id: int, found: Sequence[tuple[int, Match]]) -> int:
        """File a sighting as the step does that matches; the footage's number."""
        sighting = await assets.sighting(tx, sighting_id)
        assert sighting is not None
        asset = await assets.asset(tx, sighting.asset_id)
        assert asset is not None
        step = MatchStep(self.store, Library(self.store))
        await step.save(tx, Matched(Question(sighting, asset, ()), tuple(found)))
        home = await footage.home(tx, asset.asset_id)
        assert home is not None
        return home

    async def delete_post(self, footage_id: int) -> None:
        """The newest post of a footage is deleted at Telegram."""
        async with self.store.database.transaction() as tx:
            seen = (await footage.sightings(tx, footage_id))[-1].sighting
            await posts.delete(tx, seen.channel_id, [seen.message_id], self.store.clock.now())
            for alert in await alerts.of_footage(tx, footage_id):
                await jobs.enqueue(tx, "deliver", str(alert.alert_id))

    # ------------------------------------------------------------------------------------------ looking

    def card(self, footage_id: int, chat: Chat | None = None) -> Message:
        """The newest message of a chat that is the card of a footage."""
        headlines = {f"{kind} #F{footage_id}" for word in KIND_WORD.values() for kind in word.everywhere()}
        return next(
            message
            for message in reversed((chat or self.group).messages)
            if message.text.split("\n")[0].split(" · ")[0] in headlines
        )

    async def shown(self, footage_id: int, *words: str, chat: Chat | None = None) -> Message:
        """The card of a footage once it shows all these words."""
        await self.until(lambda: self._shows(footage_id, words, chat))
        return self.card(footage_id, chat)

    def _shows(self, footage_id: int, wanted: Sequence[str], chat: Chat | None) -> bool:
        try:
            text = self.card(footage_id, chat).text
        except StopIteration:
            return False
        return all(word in text for word in wanted)

    async def said(self, *words: str, chat: Chat | None = None) -> Message:
        """The newest message of the bot with all these words, once there is one."""
        await self.until(lambda: self._said(words, chat))
        return self._said(words, chat)[-1]

    def _said(self, words: Sequence[str], chat: Chat | None) -> list[Message]:
        said = (message for message in (chat or self.group).messages if message.sender is self.me.user)
        return [message for message in said if all(word in message.text for word in words)]


async def hang_up(part: BotPart) -> None:
    """Close a bot's connections at once: aiogram's own close waits a quarter of a second for TLS we do not have."""
    session = getattr(part.bot.session, "_session", None)
    if session is not None:
        await session.close()


async def _read(tx: Tx, asset_id: int, media: MediaKind, *, plain: bool) -> None:
    moving = media in {MediaKind.VIDEO, MediaKind.ANIMATION, MediaKind.VIDEO_NOTE}
    sounding = moving or media in {MediaKind.AUDIO, MediaKind.VOICE}
    seen = media not in {MediaKind.AUDIO, MediaKind.VOICE}
    await assets.set_reading(
        tx,
        asset_id,
        verdict="ok",
        reason="black picture" if plain else "",
        layers="",
        plain=plain,
        duration=17.0 if sounding else None,
        width=1280 if seen else None,
        height=720 if seen else None,
        phash="",
    )
    if sounding:
        await fingerprints.replace(tx, asset_id, [Fingerprint(sound.CODES, 1, b"1234")])


def excerpt(**changes: object) -> Match:
    """Twelve seconds of an older video, mirrored, with other sound."""
    fields: dict[str, object] = {
        "relation": "excerpt",
        "certain": True,
        "strength": 0.93,
        "spans": (Span(5.0, 41.0, 12.0, 1.0),),
        "mirrored": True,
        "evidence": "motion",
    }
    return Match(**(fields | changes))  # type: ignore[arg-type]
