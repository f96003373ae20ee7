"""Step: when a group's message budget is short, the cards that wait become lines of one message.

Nothing is dropped: each line names its footage and has a button that brings the card; a card also comes by itself as
soon as there is something new to tell about that footage.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from aiogram.utils.formatting import Bold, Code, Italic, Text, as_list

from bot import words
from bot.callbacks import Act, Press
from bot.calls import Fate, Outcome, attempt
from bot.cards import CardView
from bot.cleaning import line, paragraph
from bot.hearing import spoken_to
from bot.pace import Lane, Pace
from bot.views import card_view
from core.errors import Transient
from core.ids import footage_label
from core.model import Alert, DeliveryState
from storage import alerts, custody, jobs
from storage.database import Reader, Tx
from storage.opening import Store

LINES = 20
BUTTONS_IN_ROW = 4
_log = structlog.get_logger("deliver")


def digest_key(chat_id: int, thread_id: int | None) -> str:
    """A place for messages as a job key."""
    return f"{chat_id}/{thread_id or ''}"


@dataclass(frozen=True, slots=True)
class Listed:
    """The alerts of one place that wait for their first message."""

    chat_id: int
    thread_id: int | None
    alerts: tuple[tuple[Alert, CardView], ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A digest that was sent: each alert with its delivery."""

    listed: Listed
    deliveries: tuple[tuple[Alert, int], ...]


class DigestStep:
    """Tells of many new alerts in one message."""

    queue = "digest"
    slots = 1

    def __init__(self, store: Store, bot: Bot, pace: Pace, in_hand: set[int]) -> None:
        self._store = store
        self._bot = bot
        self._pace = pace
        self._in_hand = in_hand  # alerts in a digest on its way: their "sending" is no left-over of a crash

    async def load(self, reader: Reader, key: str) -> Listed | None:
        """What waits in this place; nothing when it became so little that the cards can go by themselves."""
        self._in_hand.clear()  # one slot: whatever is left here was sent by a digest whose end could not be saved
        chat, _, thread = key.partition("/")
        place = (int(chat), int(thread) if thread else None)
        waiting = await alerts.unsent(reader, *place)
        if len(waiting) < alerts.DIGEST_FROM:
            return None
        views = [(alert, await card_view(reader, alert.footage_id, repeats=alert.repeats)) for alert in waiting[:LINES]]
        told = tuple((alert, view) for alert, view in views if view is not None)
        return Listed(*place, told, more=len(waiting) > LINES)

    async def work(self, given: Listed) -> Told:
        """Send the list; alerts that a card told of meanwhile are left out."""
        if (wait := self._pace.wait(given.chat_id, Lane.DIGEST)) > 0:
            raise Transient("waits for its turn in the chat", retry_in=wait)
        self._pace.take(given.chat_id)
        deliveries = await self._begin(given)
        chosen = {alert.alert_id for alert, _ in deliveries}
        lines = [one for one in given.alerts if one[0].alert_id in chosen]
        if not lines:
            return Told(given, ())
        outcome = await attempt(self._send(given, lines))
        if outcome.fate is not Fate.DONE:
            await self._give_back(deliveries, outcome)
            self._pace.hold(given.chat_id, outcome.seconds)
            raise Transient(outcome.reason, retry_in=outcome.seconds or 5.0)
        return Told(given, deliveries)

    async def save(self, tx: Tx, made: Told) -> None:
        """The alerts are told of; what did not fit gets the next digest."""
        for alert, delivery_id in made.deliveries:
            self._in_hand.discard(alert.alert_id)
            await alerts.told(tx, alert.alert_id, delivery_id, alert.wanted_version, self._store.clock.now())
        if made.listed.more:
            await jobs.enqueue(tx, self.queue, digest_key(made.listed.chat_id, made.listed.thread_id))

    async def _begin(self, given: Listed) -> tuple[tuple[Alert, int], ...]:
        now = self._store.clock.now()
        begun = []
        async with self._store.database.transaction() as tx:
            for alert, _ in given.alerts:
                present = await alerts.alert(tx, alert.alert_id)
                if present is not None and present.state is DeliveryState.READY and present.message_id is None:
                    self._in_hand.add(alert.alert_id)
                    begun.append((alert, await alerts.sending(tx, alert.alert_id, "send", alert.wanted_version, now)))
        return tuple(begun)

    async def _give_back(self, deliveries: Sequence[tuple[Alert, int]], outcome: Outcome) -> None:
        """The cards go their own way again; where the list may have arrived, they will say that they may be repeats."""
        _log.warning("digest_failed", fate=outcome.fate.name, reason=outcome.reason)
        now = self._store.clock.now()
        async with self._store.database.transaction() as tx:
            for alert, delivery_id in deliveries:
                self._in_hand.discard(alert.alert_id)
                await alerts.failed(tx, alert.alert_id, delivery_id, outcome.reason, now)
                if outcome.fate is Fate.UNKNOWN:
                    await alerts.count_repeat(tx, alert.alert_id)

    async def _send(self, given: Listed, lines: Sequence[tuple[Alert, CardView]]) -> bool:
        async with self._store.database.reader() as reader:
            head = await custody.head(reader)
        async with spoken_to(self._store, given.chat_id):
            text, entities = digest_text([view for _, view in lines], head).render()
        await self._bot.send_message(
            given.chat_id,
            text,
            entities=entities,
            message_thread_id=given.thread_id,
            reply_markup=digest_buttons([view for _, view in lines]),
            disable_notification=not any(alert.loud for alert, _ in lines),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        return True


def digest_text(views: Sequence[CardView], head: tuple[int, str]) -> Text:
    """One line per footage: what, where, when, the first words. The head of the custody log gets a witness outside."""
    shown = Text(f"{words.custody_head(head[0])} ", Code(head[1]))
    lines = (digest_line(view) for view in views)
    return as_list(Bold(words.digest_title(len(views))), *lines, Italic(words.DIGEST_HINT()), shown)


def digest_buttons(views: Sequence[CardView]) -> InlineKeyboardMarkup:
    """A button per footage that brings its card."""
    buttons = [
        InlineKeyboardButton(text=footage_label(view.footage_id), callback_data=Press(Act.CARD, view.footage_id).pack())
        for view in views
    ]
    rows = [buttons[start : start + BUTTONS_IN_ROW] for start in range(0, len(buttons), BUTTONS_IN_ROW)]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def digest_line(view: CardView) -> Text:
    """What, where, when, and the first words."""
    headline = Bold(f"{words.KIND_WORD[view.kind]()} {footage_label(view.footage_id)}")
    if view.told is None:
        return Text(headline)
    told = view.told
    length = f" {words.clock(told.asset.duration)}" if told.asset.duration else ""
    facts = f" · {line(told.channel.title, 32)} · {words.moment(told.sighting.posted_at)}"
    repeat = f" · {words.MAYBE_TOLD()}" if view.repeats else ""
    caption = paragraph(told.text, 60).replace("\n", " ")
    shown = f" · {caption}" if caption else ""
    return Text(headline, f"{facts} · {words.MEDIA_WORD[told.asset.kind]()}{length}{repeat}{shown}")
