"""The Sergeevka case, act by act: what is posted, what the desk does, and what must be true afterwards.

Dates, channel names and places are the case's own; the words are ours; the footage is stand-in material that
``demo.reels`` draws.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from demo.expected import Expected
from demo.reels import Reels
from demo.stage import Stage, StoryError, joined
from loopback.chat_nouns import Chat
from loopback.nouns import Forward, Media, Post
from loopback.people import Person

Say = Callable[[str], None]


def at(day: int, hour: int, minute: int) -> datetime:
    """A moment of October 2024, UTC."""
    return datetime(2024, 10, day, hour, minute, tzinfo=UTC)


@dataclass
class Story:
    """The telling: posts by the names that the truth uses."""

    stage: Stage
    reels: Reels
    say: Say
    posts: dict[str, Post] = field(default_factory=dict)
    truth: dict[str, Expected] = field(default_factory=dict)

    async def tell(self) -> None:
        """All acts after the opening, in order."""
        for act in (
            self.first_clips,
            self.reposts,
            self.astra,
            self.intercepts,
            self.edit_and_deletion,
            self.compilation,
            self.outage,
            self.desk,
            self.relabel,
            self.question,
        ):
            await act()

    async def first_clips(self) -> None:
        """18 October: Spravdi and Para Pax."""
        self._video(
            "queue",
            "spravdi",
            "queue",
            "Men in green queue for kit and walk into a building, one by one.",
            at(18, 9, 12),
        )
        self._new("queue")
        await self._card("queue", "NEW")
        self.say("18 Oct  Spravdi: men collecting kit                        → NEW")
        self._video("run", "parapax", "run", "Dozens of soldiers run past a concrete barrier.", at(18, 11, 40))
        self._new("run")
        await self._card("run", "NEW")
        self.say("18 Oct  Para Pax: soldiers running                         → NEW")

    async def reposts(self) -> None:
        """Within hours: re-encoded with a logo, forwarded, cropped."""
        self._video("queue_logo", "digest", "queue_logo", "Koreans near Vladivostok, our exclusive", at(18, 13, 5))
        self._repost("queue_logo", "queue", "same", "edited")
        await self._copies("queue", 2)
        self.say("18 Oct  War Digest: the queue, re-encoded with a logo      → REPOST, card amended")
        self._forward("run_forward", "run", "front", at(18, 14, 20))
        self._repost("run_forward", "run", "identical")
        await self._copies("run", 2)
        self.say("18 Oct  Front Line: forward of Para Pax                    → REPOST, no download")
        self._video("run_crop", "kyiv", "run_crop", "Filmed this morning at the border", at(19, 7, 31))
        self._repost("run_crop", "run", "edited", "same")
        await self._copies("run", 3)
        self.say("19 Oct  Kyiv Wire: soldiers running, cropped               → REPOST")

    async def astra(self) -> None:
        """22 October: two clips by one narrator, and a mirrored copy."""
        channel = self.stage.channels["astra"]
        clips = [self._clip("porch_one"), self._clip("porch_two")]
        words = "Two clips by one narrator: the camp at Sergeevka, before two buildings with porches."
        album = self.stage.world.post_album(channel, clips, words, date=at(22, 6, 58))
        self.posts["porch_one"], self.posts["porch_two"] = album
        self._new("porch_one")
        self._new("porch_two")
        await self._card("porch_one", "NEW")
        await self._card("porch_two", "NEW")
        self.say("22 Oct  Astra: an album of two clips                       → NEW, NEW (one of them rings)")
        self._video("porch_mirror", "rear", "porch_mirror", "Another barracks, another day", at(22, 9, 44))
        self._repost("porch_mirror", "porch_one", "mirrored")
        await self._copies("porch_one", 2)
        self.say("22 Oct  Rear View: first clip, mirrored                    → REPOST, mirrored")
        still = self.stage.world.photo(self.reels.photos["queue_still"])
        self._post("queue_still", "digest", still, "Screenshot doing the rounds", at(22, 12, 2))
        self._repost("queue_still", "queue", "frame")
        await self._copies("queue", 3)
        self.say("22 Oct  War Digest: one frame of the queue as a photo      → REPOST, frame")

    async def intercepts(self) -> None:
        """23 to 27 October: the Ministry's intercepts, and one of them under other pictures."""
        world, ministry = self.stage.world, self.stage.channels["ministry"]
        world.post(ministry, TRAINING_GROUNDS, date=at(24, 8, 0))
        for number, day in ((1, 23), (2, 25), (3, 27)):
            name = f"intercept_{number}"
            audio = world.audio(self.reels.sounds[name], duration=self.reels.seconds[name])
            self._post(name, "ministry", audio, f"Radio intercept {number}", at(day, 10, 15))
            self._new(name)
        for number in (1, 2, 3):
            await self._card(f"intercept_{number}", "NEW")
        self.say("23-27 Oct  Ministry of Defence: three intercepts as audio  → NEW, NEW, NEW")
        self._video(
            "intercept_video", "front", "intercept_video", "Koreans on the radio, seen from a drone", at(27, 15, 40)
        )
        self._repost("intercept_video", "intercept_1", "audio")
        await self._copies("intercept_1", 2)
        self.say("27 Oct  Front Line: an intercept under other pictures      → REPOST, same sound only")

    async def edit_and_deletion(self) -> None:
        """A caption changes, a post disappears; both are told on the card."""
        self.stage.world.edit(self.posts["intercept_video"], "Radio, source unknown")
        await self._told("intercept_1", "edited")
        self.stage.world.delete(self.posts["porch_mirror"])
        await self._told("porch_one", "gone at Telegram")
        self.say("27 Oct  a caption is edited, a post deleted                → told on the cards; the files stay")

    async def compilation(self) -> None:
        """28 October: a compilation, and a clip wrongly presented."""
        self._video("compilation", "kyiv", "compilation", "All the footage in one minute", at(28, 9, 0))
        self.truth["compilation"] = Expected("repost", "queue", ("contains",), ("run", "porch_one"))
        for name, copies in (("queue", 4), ("run", 4), ("porch_one", 3)):
            await self._copies(name, copies)
        self.say("28 Oct  Kyiv Wire: a compilation of three known clips      → REPOST, each part with its span")
        self._video("other_drill", "rear", "other_drill", "North Koreans in training", at(28, 11, 30))
        self._new("other_drill")
        await self._card("other_drill", "NEW")
        self.say("28 Oct  Rear View: another drill, wrongly presented        → NEW: not the same footage")

    async def outage(self) -> None:
        """The line is cut; seven posts are missed and read back."""
        await self.stage.mtproto.stop()
        for number in range(6):
            self.stage.world.post(
                self.stage.channels["front"], f"Situation report {number + 1}", date=at(29, 6, number)
            )
        self._video("late_copy", "front", "run_low", "Just in", at(29, 6, 30))
        self._repost("late_copy", "run", "same", "edited")
        await self.stage.mtproto.start()
        await self._copies("run", 5)
        self.say("29 Oct  the line is cut; seven posts are missed            → all read back, one is a REPOST")

    async def desk(self) -> None:
        """Members tag, judge, claim and note on the card."""
        olena, marc = self.stage.olena, self.stage.marc
        await self._press(olena, "porch_one", "Tag", "training camp", "Back")
        await self._told("porch_one", "training camp")
        await self._press(marc, "queue", "Verdict", "confirmed", "Back")
        await self._told("queue", "confirmed")
        await self._press(marc, "run", "Claim")
        await self._told("run", "Marc")
        card = self.stage.card_of(self.posts["porch_one"])
        if card is None:
            raise StoryError("the card of the porches is gone")
        olena.say(card.chat, "0:03 two porches, compare with Astra's other clip", reply_to=card)
        await self._told("porch_one", "two porches")
        self.say("desk    Olena tags and notes, Marc judges and claims       → the cards show it")

    async def relabel(self) -> None:
        """Astra's clip is placed; it returns under another place and day; somebody asks how it spread."""
        olena = self.stage.olena
        card = self.stage.card_of(self.posts["porch_one"])
        if card is None:
            raise StoryError("the card of the porches is gone")
        olena.say(card.chat, "/place Sergeevka range 43.5, 132.0; building; two porches", reply_to=card)
        await self._told("porch_one", "Place: Sergeevka range")
        self._video("porch_relabelled", "rear", "porch_mirror", "Курская область, снято сегодня", at(30, 8, 15))
        self._repost("porch_relabelled", "porch_one", "mirrored")
        await self._told("porch_one", "⚠ RELABEL")
        await self._said(card.chat, "⚠ RELABEL #F", "names Курская")
        self.say("30 Oct  Rear View: Astra's clip as “Kursk, filmed today”   → RELABEL, rings under the card")
        await self._spread(olena, card.chat)
        self.say("desk    Olena asks how it spread                           → forwards and look-alikes as a picture")

    async def question(self) -> None:
        """A member sends a clip and asks."""
        olena, bot = self.stage.olena, self.stage.bot
        olena.start(bot)
        chat = olena.chat_with(bot)
        olena.send_video(chat, self.reels.videos["run_asked"], duration=self.reels.seconds["run_asked"])

        def answered() -> bool:
            return any(message.text.startswith("SEEN") for message in chat.messages)

        await self.stage.until("the bot answers a look-up", answered)
        self.say("desk    Olena sends a clip and asks                        → SEEN, with the earliest post we hold")

    def _video(self, name: str, channel: str, reel: str, text: str, when: datetime) -> None:
        self._post(name, channel, self._clip(reel), text, when)

    def _clip(self, reel: str) -> Media:
        return self.stage.world.video(self.reels.videos[reel], duration=self.reels.seconds[reel], w=480, h=270)

    def _post(self, name: str, channel: str, media: Media, text: str, when: datetime) -> None:
        self.posts[name] = self.stage.world.post(self.stage.channels[channel], text, media=media, date=when)

    def _forward(self, name: str, of: str, channel: str, when: datetime) -> None:
        origin = self.posts[of]
        header = Forward(origin.date, origin.channel, origin.id)
        target = self.stage.channels[channel]
        self.posts[name] = self.stage.world.post(target, origin.text, media=origin.media, forward=header, date=when)

    def _new(self, name: str) -> None:
        self.truth[name] = Expected("new")

    def _repost(self, name: str, of: str, *relations: str) -> None:
        self.truth[name] = Expected("repost", of, relations)

    async def _card(self, name: str, head: str) -> None:
        """Wait until the card that leads to a post begins with ``head``."""

        def shown() -> bool:
            card = self.stage.card_of(self.posts[name])
            return card is not None and card.text.startswith(head)

        await self.stage.until(f"a card {head} for {name}", shown)

    async def _told(self, name: str, words: str) -> None:
        """Wait until the card of a post has ``words``."""

        def shown() -> bool:
            card = self.stage.card_of(self.posts[name])
            return card is not None and words in card.text

        await self.stage.until(f"the card of {name} tells {words!r}", shown)

    async def _spread(self, person: Person, chat: Chat) -> None:
        """Ask for the spread picture; a bot that was killed while it drew is asked again."""
        for last in (False, False, True):
            await self._press(person, "porch_one", "More", "Spread")
            try:
                await self._said(chat, "who posted it when")
            except StoryError:
                if last:
                    raise
            else:
                return

    async def _said(self, chat: Chat, *words: str) -> None:
        """Wait until a message of a chat has all these words."""

        def shown() -> bool:
            return any(all(word in message.text for word in words) for message in chat.messages)

        await self.stage.until(f"a message with {words}", shown)

    async def _copies(self, name: str, number: int) -> None:
        await self._told(name, f"{number} copies")

    async def _press(self, person: Person, name: str, *labels: str) -> None:
        """Press a card's buttons one after the other, waiting for each to appear."""
        for label in labels:

            def button(label: str = label) -> str | None:
                card = self.stage.card_of(self.posts[name])
                shown = [] if card is None else [text for row in card.labels for text in row]
                return next((text for text in shown if label in text), None)

            await self.stage.until(f"a button {label!r} on the card of {name}", button)
            card, found = self.stage.card_of(self.posts[name]), button()
            if card is None or found is None:
                raise StoryError(f"the button {label!r} of {name} came and went")
            with contextlib.suppress(TimeoutError):  # a bot that was killed may answer too late
                await person.press(card.chat, card, found).answered()


async def opening(stage: Stage) -> None:
    """Eight channels are to be watched; the service starts and finds them."""
    for side in dict.fromkeys(side for _, _, side in CHANNELS.values()):
        channels = [
            joined(stage, title, username, name) for name, (title, username, of) in CHANNELS.items() if of == side
        ]
        await stage.firstseen("watch", "add", *(str(channel.id) for channel in channels), "--side", side)
    await stage.start_service()
    await stage.until_watching(len(CHANNELS))


CHANNELS = {
    "spravdi": ("Spravdi", "spravdi", "ua"),
    "parapax": ("Para Pax", "parapax", "ua"),
    "astra": ("Astra", "astrapress", "ru-exile"),
    "ministry": ("Міністерство оборони України", "ministry_of_defense_ua", "ministry"),
    "digest": ("War Digest", "war_digest", "aggregator"),
    "front": ("Front Line 24", "front_line_24", "aggregator"),
    "kyiv": ("Kyiv Wire", "kyiv_wire", "aggregator"),
    "rear": ("Rear View", "rear_view", "ru"),
}
TRAINING_GROUNDS = (
    "North Korean soldiers are trained at five grounds in the Far East: Ussuriysk, Ulan-Ude, Ekaterinoslavka, "
    "Knyaze-Volkonskoe and Sergeevka."
)
