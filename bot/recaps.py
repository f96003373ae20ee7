"""Step: what mutes held back from a chat → one quiet list, with a button per card. Nothing is dropped silently."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiogram import Bot
from aiogram.types import LinkPreviewOptions, Message
from aiogram.utils.formatting import Bold, Italic, Text, as_list

from bot import words
from bot.calls import Fate, Outcome, attempt
from bot.cards import TEXT_LIMIT, CardView
from bot.cleaning import line
from bot.digests import digest_buttons, digest_line
from bot.hearing import spoken_to
from bot.pace import Lane, Pace
from bot.views import card_view
from core.errors import Transient
from storage import alerts, attention, jobs
from storage.attention import HeldBack
from storage.database import Reader, Tx
from storage.opening import Store

LINES = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """What a recap tells: each footage once, with everything of it that was held back."""

    chat_id: int
    footages: tuple[tuple[CardView, str], ...]
    held: tuple[HeldBack, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Recapped:
    """How a recap ended."""

    listed: Listed
    outcome: Outcome


class RecapStep:
    """Tells a chat what was held back from it, some hours after the first of it; ``/recap`` asks for it at once."""

    queue = "recap"
    slots = 1

    def __init__(self, store: Store, bot: Bot, pace: Pace) -> None:
        self._store = store
        self._bot = bot
        self._pace = pace

    async def load(self, reader: Reader, key: str) -> Listed | None:
        """What was held back from this chat; nothing when it was told already."""
        listed = await recap(reader, await alerts.present_chat(reader, int(key)))
        return listed if listed.held else None

    async def work(self, given: Listed) -> Recapped:
        """Send the list; a list whose arrival is unknown is sent again."""
        if (wait := self._pace.wait(given.chat_id, Lane.DIGEST)) > 0:
            raise Transient("waits for its turn in the chat", retry_in=wait)
        self._pace.take(given.chat_id)
        outcome = await attempt(self._send(given))
        if outcome.fate in {Fate.DONE, Fate.CHAT_GONE, Fate.REFUSED}:
            return Recapped(given, outcome)
        self._pace.hold(given.chat_id, outcome.seconds)
        raise Transient(outcome.reason, retry_in=outcome.seconds or 5.0)

    async def save(self, tx: Tx, made: Recapped) -> None:
        """What was listed is told; the rest gets the next list."""
        if made.outcome.fate is not Fate.DONE:
            return
        await attention.told(tx, made.listed.chat_id, made.listed.held, self._store.clock.now())
        if made.listed.more:
            await jobs.enqueue(tx, self.queue, str(made.listed.chat_id))

    async def _send(self, given: Listed) -> Message:
        async with spoken_to(self._store, given.chat_id):
            text, entities = recap_text(given.footages).render()
        return await self._bot.send_message(
            given.chat_id,
            text,
            entities=entities,
            message_thread_id=given.held[0].thread_id,
            reply_markup=digest_buttons([view for view, _ in given.footages]),
            disable_notification=True,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )


async def recap(reader: Reader, chat_id: int) -> Listed:
    """The oldest of what was held back from a chat and not told."""
    held = await attention.held(reader, chat_id)
    views: dict[int, tuple[CardView, str]] = {}
    told: list[HeldBack] = []
    for one in held:
        view = await card_view(reader, one.footage_id)
        if view is not None and view.footage_id not in views and len(views) == LINES:
            return Listed(chat_id, tuple(views.values()), tuple(told), more=True)
        if view is not None:
            views.setdefault(view.footage_id, (view, one.reason))
        told.append(one)
    return Listed(chat_id, tuple(views.values()), tuple(told), more=False)


def recap_text(footages: Sequence[tuple[CardView, str]]) -> Text:
    """One line per footage, with what is muted."""
    lines = [Text(digest_line(view), f" · 🔕 {line(reason, 48)}") for view, reason in footages]
    made = as_list(Bold(words.recap_title(len(footages))), *lines, Italic(words.RECAP_HINT()))
    return (
        made if len(made) <= TEXT_LIMIT else as_list(Bold(words.recap_title(len(footages))), Italic(words.RECAP_HINT()))
    )
