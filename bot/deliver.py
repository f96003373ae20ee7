"""Step: alerts that want a card → messages sent or edited, never more than Telegram allows, never lost, repeats marked.

Telegram has no way to send a message exactly once. So ``sending`` is committed before each call; when nobody can know
whether the call arrived (a crash, a lost reply), the card is sent again with a visible mark, and both messages act on
the same footage. Edits are repeatable and need no mark. A delivery that must wait is put off, not slept through.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog
from aiogram.types import Message

from bot.calls import Fate, Outcome, attempt
from bot.cards import CAPTION_LIMIT, TEXT_LIMIT, Card, CardView, compose
from bot.digests import LINES, digest_key
from bot.hearing import spoken_to
from bot.menus import Menus
from bot.pace import Lane, Pace
from bot.screen import Photo, Pictures, Screen
from bot.views import card_view
from core.errors import Permanent, Transient
from core.model import Alert, DeliveryState
from pipeline.proofs import Drawing
from storage import alerts, forms, jobs, settings, taxonomy
from storage.database import Reader, Tx
from storage.opening import Store

DEBOUNCE = 3.0  # seconds between two edits of a card that nobody is working on
REPLY_WINDOW = 30.0  # seconds; a lost reply will not come after this
LONGEST_WINDOW = 3600.0
OVER = frozenset({Fate.DONE, Fate.AS_IT_WAS, Fate.CHAT_GONE})
UNSENT = frozenset({DeliveryState.READY, DeliveryState.UNKNOWN, DeliveryState.SENDING})
_log = structlog.get_logger("deliver")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A card that is to be shown, what its message shows now, and how many others wait for their first message."""

    alert: Alert
    view: CardView
    shown_digest: str
    picture_digest: str
    waiting: int
    taxonomy: tuple[str, ...] = ()
    compact: bool = False

    @property
    def first(self) -> bool:
        """Whether nothing was shown of this alert yet, neither a card nor a line of a digest."""
        return self.alert.message_id is None and self.alert.state in UNSENT


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card as it should look; ``drawing`` is its picture, ``photo`` is set when that must be sent now."""

    card: Card
    drawing: Drawing | None
    photo: Photo | None = None

    @property
    def picture_digest(self) -> str:
        """Names the picture; empty for none."""
        return self.drawing.digest if self.drawing else ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """How a delivery ended that is over. Without a delivery the card already showed what is wanted."""

    wanted: Wanted
    delivery_id: int | None
    outcome: Outcome
    shown_digest: str
    picture_digest: str


class DeliverStep:
    """Sends each alert's card once and keeps it current."""

    queue = "deliver"
    slots = 3

    def __init__(
        self,
        store: Store,
        screen: Screen,
        pictures: Pictures,
        pace: Pace,
        menus: Menus,
        in_hand: set[int],
        configured_tags: Sequence[str],
    ) -> None:
        self._store = store
        self._screen = screen
        self._pictures = pictures
        self._pace = pace
        self._menus = menus
        self._in_hand = in_hand
        self._configured_tags = tuple(configured_tags)
        self._edited: dict[int, float] = {}

    # -------------------------------------------------------------------------------------------- the three verbs

    async def load(self, reader: Reader, key: str) -> Wanted | None:
        """The alert and all that its card says; nothing for a dead chat or when nothing newer is wanted."""
        alert = await alerts.alert(reader, int(key))
        if alert is None or alert.state is DeliveryState.FAILED:
            return None
        if (
            alert.state is DeliveryState.SENT
            and alert.message_id is None
            and alert.shown_version >= alert.wanted_version
        ):
            return None  # told in a digest
        view = await card_view(reader, alert.footage_id, repeats=alert.repeats)
        if view is None:
            return None
        shown, picture = await alerts.digests(reader, alert.alert_id) if alert.message_id is not None else ("", "")
        waiting = len(await alerts.unsent(reader, alert.chat_id, alert.thread_id))
        offered = await taxonomy.current(reader, self._configured_tags)
        compact = await forms.is_compact(reader, alert.chat_id)
        return Wanted(alert, view, shown, picture, waiting, offered, compact)

    async def work(self, given: Wanted) -> Delivered:
        """Send or edit once the pace allows it; what must wait or be tried again leaves as Transient."""
        async with spoken_to(self._store, given.alert.chat_id):
            return await self._show(given)

    async def _show(self, given: Wanted) -> Delivered:
        wanted = await self._recovered(given)
        drawn = await self._drawn(wanted)
        if wanted.alert.message_id is not None and _shows(wanted, drawn):
            return Delivered(wanted, None, Outcome(Fate.AS_IT_WAS), wanted.shown_digest, wanted.picture_digest)
        await self._await_turn(wanted)
        drawn = await self._with_photo(wanted, drawn)
        await self._await_turn(wanted)
        self._pace.take(wanted.alert.chat_id)
        delivery_id = await self._begin(wanted)
        outcome = await attempt(self._call(wanted, drawn))
        return await self._concluded(wanted, drawn, delivery_id, outcome)

    async def save(self, tx: Tx, made: Delivered) -> None:
        """Write down what the message shows now, or that the chat is lost to us."""
        alert, now = made.wanted.alert, self._store.clock.now()
        if made.outcome.fate is Fate.CHAT_GONE:
            await alerts.failed(tx, alert.alert_id, made.delivery_id or 0, made.outcome.reason, now, dead=True)
            lost = (
                f"no alerts reach chat {alert.chat_id}: {made.outcome.reason}; let the bot in again or change [[chats]]"
            )
            await settings.set_trouble(tx, _trouble(alert.chat_id), lost, now)
            return
        message_id = made.outcome.message.message_id if made.outcome.message else alert.message_id
        if message_id is None:
            raise Permanent(f"Telegram confirmed alert {alert.alert_id} without a message")
        await alerts.sent(
            tx,
            alert.alert_id,
            made.delivery_id or 0,
            message_id,
            alert.wanted_version,
            made.shown_digest,
            made.picture_digest,
            now,
        )
        await settings.clear_trouble(tx, _trouble(alert.chat_id))

    # -------------------------------------------------------------------------------------------- before the call

    async def _recovered(self, wanted: Wanted) -> Wanted:
        """A first card that was being sent when we were stopped may stand in the chat: from now on it says so."""
        alert = wanted.alert
        if alert.state is not DeliveryState.SENDING or alert.message_id is not None:
            return wanted
        if alert.alert_id in self._in_hand:
            raise Transient("a digest is telling of it", retry_in=1.0)
        async with self._store.database.transaction() as tx:
            if await alerts.alert(tx, alert.alert_id) != alert:
                raise Transient("a digest told of it", retry_in=0.0)
            await alerts.mark_unknown(tx, alert.alert_id, None, self._store.clock.now())
            await alerts.count_repeat(tx, alert.alert_id)
        _log.warning("delivery_unknown", alert_id=alert.alert_id, reason="interrupted")
        repeats = alert.repeats + 1
        alert = replace(alert, state=DeliveryState.UNKNOWN, repeats=repeats)
        return replace(wanted, alert=alert, view=replace(wanted.view, repeats=repeats))

    async def _drawn(self, wanted: Wanted) -> Drawn:
        view, drawing = wanted.view, None
        if view.told is not None:
            drawing = await self._pictures.plan(view.footage_id, view.told.sighting.sighting_id)
        return self._composed(wanted, drawing)

    def _composed(self, wanted: Wanted, drawing: Drawing | None) -> Drawn:
        pictured = drawing is not None or bool(wanted.picture_digest)
        limit = CAPTION_LIMIT if pictured else TEXT_LIMIT
        menu = self._menus.of(wanted.alert.alert_id)
        card = compose(wanted.view, limit=limit, menu=menu, taxonomy=wanted.taxonomy, compact=wanted.compact)
        return Drawn(card, drawing)

    async def _with_photo(self, wanted: Wanted, drawn: Drawn) -> Drawn:
        """Draw the picture, unless the message shows it already; a card whose picture can't be drawn goes without."""
        if drawn.drawing is None or drawn.picture_digest == wanted.picture_digest:
            return drawn
        photo = await self._pictures.photo(drawn.drawing)
        return replace(drawn, photo=photo) if photo is not None else self._composed(wanted, None)

    async def _await_turn(self, wanted: Wanted) -> None:
        """Put the delivery off while the chat's budget, or the card's own calm, does not allow it."""
        alert = wanted.alert
        wait = self._pace.wait(alert.chat_id, self._lane(wanted))
        if alert.message_id is not None and not self._menus.busy(alert.alert_id):
            last = self._edited.get(alert.alert_id, float("-inf"))
            wait = max(wait, last + DEBOUNCE - self._store.clock.monotonic())
        if wait <= 0:
            return
        if wanted.first and alert.chat_id < 0 and wanted.waiting >= alerts.DIGEST_FROM:
            async with self._store.database.transaction() as tx:
                await jobs.enqueue(tx, "digest", digest_key(alert.chat_id, alert.thread_id))
        raise Transient("waits for its turn in the chat", retry_in=wait)

    def _lane(self, wanted: Wanted) -> Lane:
        if wanted.first:
            return Lane.CROWDED if wanted.alert.chat_id < 0 and wanted.waiting >= LINES else Lane.CARD
        return Lane.ANSWER if self._menus.busy(wanted.alert.alert_id) else Lane.EDIT

    async def _begin(self, wanted: Wanted) -> int:
        """Commit that the call is about to be made; a digest may have told of the alert meanwhile."""
        alert = wanted.alert
        async with self._store.database.transaction() as tx:
            present = await alerts.alert(tx, alert.alert_id)
            if present is None or (present.state, present.message_id) != (alert.state, alert.message_id):
                raise Transient("somebody else told of it meanwhile", retry_in=0)
            action = "send" if alert.message_id is None else "edit"
            return await alerts.sending(tx, alert.alert_id, action, alert.wanted_version, self._store.clock.now())

    async def _call(self, wanted: Wanted, drawn: Drawn) -> Message | bool:
        alert = wanted.alert
        if alert.message_id is None:
            protect = wanted.view.told is not None and wanted.view.told.channel.protected
            return await self._screen.send(alert, drawn.card, drawn.photo, protect=protect)
        if drawn.photo is not None:
            return await self._screen.change_picture(alert.chat_id, alert.message_id, drawn.card, drawn.photo)
        pictured = bool(wanted.picture_digest)
        return await self._screen.change_words(alert.chat_id, alert.message_id, drawn.card, pictured=pictured)

    # -------------------------------------------------------------------------------------------- after the call

    async def _concluded(self, wanted: Wanted, drawn: Drawn, delivery_id: int, outcome: Outcome) -> Delivered:
        """What is over is handed to ``save``; everything else is written down here and tried again."""
        alert = wanted.alert
        if outcome.fate in {Fate.DONE, Fate.AS_IT_WAS}:
            self._pictures.uploaded(drawn.picture_digest, outcome.message)
            self._edited = {alert.alert_id: self._store.clock.monotonic(), **self._lately_edited(alert.alert_id)}
        if outcome.fate in OVER:
            picture = drawn.picture_digest if drawn.photo is not None else wanted.picture_digest
            return Delivered(wanted, delivery_id, outcome, drawn.card.digest, picture)
        _log.warning("delivery_failed", alert_id=alert.alert_id, fate=outcome.fate.name, reason=outcome.reason)
        async with self._store.database.transaction() as tx:
            await self._write_down(tx, wanted, delivery_id, outcome)
        if outcome.fate is Fate.LATER:
            self._pace.hold(alert.chat_id, outcome.seconds)
        if outcome.fate is Fate.FILE_GONE:
            self._pictures.reject(drawn.picture_digest, drawn.photo)
        if outcome.fate is Fate.REFUSED:
            raise Permanent(f"Telegram refused the card of alert {alert.alert_id}: {outcome.reason}")
        raise Transient(outcome.reason, retry_in=_patience(wanted, outcome))

    def _lately_edited(self, but: int) -> dict[int, float]:
        """The cards whose debounce still runs."""
        since = self._store.clock.monotonic() - DEBOUNCE
        return {alert_id: at for alert_id, at in self._edited.items() if at > since and alert_id != but}

    async def _write_down(self, tx: Tx, wanted: Wanted, delivery_id: int, outcome: Outcome) -> None:
        """The state in which the next try finds the alert."""
        alert, now = wanted.alert, self._store.clock.now()
        if outcome.fate is Fate.UNKNOWN and alert.message_id is None:
            await alerts.mark_unknown(tx, alert.alert_id, delivery_id, now)
            await alerts.count_repeat(tx, alert.alert_id)
            return
        await alerts.failed(tx, alert.alert_id, delivery_id, outcome.reason, now)
        if outcome.fate is Fate.MESSAGE_GONE:
            await alerts.forget_message(tx, alert.alert_id)
        elif outcome.fate is Fate.MOVED:
            await alerts.migrate_chat(tx, alert.chat_id, outcome.chat_id)
        elif outcome.fate is Fate.TOPIC_GONE:
            await alerts.leave_topic(tx, alert.chat_id, alert.thread_id)
            gone = f"topic {alert.thread_id} of chat {alert.chat_id} is gone; its alerts go to the general topic"
            await settings.set_trouble(tx, _trouble(alert.chat_id), gone, now)


def _shows(wanted: Wanted, drawn: Drawn) -> bool:
    """Whether the message shows this card already."""
    same_picture = not drawn.picture_digest or drawn.picture_digest == wanted.picture_digest
    return same_picture and drawn.card.digest == wanted.shown_digest


def _patience(wanted: Wanted, outcome: Outcome) -> float:
    """Seconds until the next try; a card that may stand in the chat is not repeated in haste."""
    if outcome.fate is Fate.UNKNOWN and wanted.alert.message_id is None:
        return min(REPLY_WINDOW * 4.0**wanted.alert.repeats, LONGEST_WINDOW)
    return outcome.seconds or (DEBOUNCE if outcome.fate is Fate.UNKNOWN else 0.0)


def _trouble(chat_id: int) -> str:
    return f"chat {chat_id}"
