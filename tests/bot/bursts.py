"""A burst of media posts to one group, by stepped clocks: what the chat shows when, and what the server counted."""

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.bot.newsroom import Newsroom

SETTLING = 600  # steps after the burst at most


class CutOffError(Exception):
    """The bot's process ends here, whatever it was doing."""


@dataclass
class Burst:
    """What became of a burst. Times are seconds since its first post, of the world's clock."""

    posts: int
    first_seen: float | None = None  # the first card
    all_seen: float | None = None  # every footage in a card or a line of a digest
    cards: int = 0
    digests: int = 0
    repeats: int = 0  # cards that say that they may stand twice
    fullest_minute: int = 0  # messages and edits in any 60 seconds
    refusals: int = 0  # 429 by the server
    missing: set[int] = field(default_factory=set)

    @property
    def spoken(self) -> str:
        """The figures on one line each."""
        return "\n".join(
            (
                f"posts {self.posts}, cards {self.cards}, digests {self.digests}, possible repeats {self.repeats}",
                f"first card after {self.first_seen:.0f} s, everything visible after {self.all_seen:.0f} s"
                if self.first_seen is not None and self.all_seen is not None
                else "not everything became visible",
                f"at most {self.fullest_minute} messages and edits a minute, refused by the server: {self.refusals}",
            )
        )


async def burst(newsroom: Newsroom, posts: int, *, over: int = 60, cut_after: int = 0) -> Burst:
    """Post evenly over so many seconds, cut the bot off after some of them, and step on until all is visible."""
    began, made, told = newsroom.world.clock.now(), list[int](), Burst(posts)
    seconds = iter(range(over + SETTLING))
    for second in seconds:
        try:
            async with newsroom.at_work():
                await _work(newsroom, told, made, began, over, itertools.chain((second,), seconds), cut_after)
        except* CutOffError:
            cut_after = 0
        if told.all_seen is not None:
            break
    return _counted(newsroom, told, made)


async def _work(
    newsroom: Newsroom, told: Burst, made: list[int], began: datetime, over: int, seconds: Iterable[int], cut_after: int
) -> None:
    """Post what each second has, and step on; until all is visible, or the cut."""
    for second in seconds:
        while len(made) < min(told.posts, told.posts * (second + 1) // over):
            made.append(await newsroom.post(text=f"clip {len(made)}"))
        if cut_after and second >= cut_after:
            raise CutOffError
        await newsroom.later(1 if second < over else 3)
        _look(newsroom, told, began, made if len(made) == told.posts else None)
        if told.all_seen is not None:
            return


def _look(newsroom: Newsroom, told: Burst, began: datetime, made: list[int] | None) -> None:
    """Note when the first card, and when everything, became visible."""
    now = (newsroom.world.clock.now() - began).total_seconds()
    if told.first_seen is None and any(one.media is not None for one in newsroom.group.messages):
        told.first_seen = now
    if made is not None and not set(made) - visible(newsroom):
        told.all_seen = now


def visible(newsroom: Newsroom) -> set[int]:
    """The footage that the group shows, as a card or as a button under a digest."""
    labels = {label for message in newsroom.group.messages for row in message.labels for label in row}
    heads = {message.text.split("\n")[0].split(" ")[-1] for message in newsroom.group.messages if message.media}
    return {int(one.removeprefix("#F")) for one in labels | heads if one.removeprefix("#F").isdecimal()}


def _counted(newsroom: Newsroom, told: Burst, made: list[int]) -> Burst:
    shown = newsroom.group.messages
    told.missing = set(made) - visible(newsroom)
    told.cards = sum(one.media is not None for one in shown)
    told.digests = sum("alerts at once" in one.text for one in shown)
    told.repeats = sum("possible repeat" in one.text for one in shown)
    told.refusals = sum(event.outcome.startswith("429") for event in newsroom.world.log)
    spoken = [one.date for one in shown] + [edit.at for edit in newsroom.group.history]
    told.fullest_minute = _fullest(spoken)
    return told


def _fullest(spoken: list[datetime]) -> int:
    """The most of these moments that lie within 60 seconds."""
    counts = Counter({at: sum(at <= other < at + timedelta(seconds=60) for other in spoken) for at in set(spoken)})
    return max(counts.values(), default=0)
