"""Step: what deserves a sound although its card stands already → a message of its own under the card, once.

Like every send it is written down before the call; what may have arrived is sent again with a visible mark.
"""

from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters
from aiogram.utils.formatting import Bold, ExpandableBlockQuote, Italic, Text, TextLink, as_list

from bot import words
from bot.callbacks import Act, Press
from bot.calls import Fate, Outcome, attempt
from bot.cleaning import line, paragraph
from bot.hearing import spoken_to
from bot.pace import Lane, Pace
from core.errors import Permanent, Transient
from core.ids import footage_label, post_link
from core.model import Alert, DeliveryState
from pipeline.followers import done
from storage import alerts, footage, relabels, rings
from storage.database import Reader, Tx
from storage.footage import FootageSighting
from storage.opening import Store
from storage.relabels import Relabel
from storage.rings import Ring

REPLY_WINDOW = 30.0  # seconds; a lost reply will not come after this
LONGEST_CAPTION = 400  # units
RELABEL = "relabel"
_log = structlog.get_logger("deliver")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A ring with the card that it hangs under and the post that it tells of."""

    ring: Ring
    alert: Alert
    footage_id: int
    told: FootageSighting
    found: tuple[Relabel, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """How a ring ended."""

    wanted: Wanted
    outcome: Outcome


class RingStep:
    """Sends each ring once."""

    queue = "ring"
    slots = 1

    def __init__(self, store: Store, bot: Bot, pace: Pace) -> None:
        self._store = store
        self._bot = bot
        self._pace = pace

    async def load(self, reader: Reader, key: str) -> Wanted | None:
        """What is to be told; nothing when it was told, or when its post or chat is gone."""
        ring = await rings.ring(reader, int(key))
        alert = await alerts.alert(reader, ring.alert_id) if ring else None
        if ring is None or alert is None or DeliveryState.FAILED in {ring.state, alert.state}:
            return None
        held = await footage.footage(reader, alert.footage_id)
        seen = await footage.sightings(reader, held.footage_id) if held else ()
        told = next((one for one in seen if one.sighting.sighting_id == ring.sighting_id), None)
        if held is None or told is None or ring.state is DeliveryState.SENT:
            return None
        found = await relabels.of_sighting(reader, ring.sighting_id)
        return Wanted(ring, alert, held.footage_id, told, found)

    async def work(self, given: Wanted) -> Rung:
        """Send it once the pace allows it; what must wait or be tried again leaves as Transient."""
        chat_id = given.alert.chat_id
        if (wait := self._pace.wait(chat_id, Lane.ALARM)) > 0:
            raise Transient("waits for its turn in the chat", retry_in=wait)
        async with self._store.database.transaction() as tx:
            ring = await rings.begin(tx, given.ring.ring_id)
        if ring is None:
            raise Permanent(f"ring {given.ring.ring_id} is over")
        self._pace.take(chat_id)
        outcome = await attempt(self._send(given, ring))
        if outcome.fate in {Fate.DONE, Fate.CHAT_GONE, Fate.REFUSED}:
            return Rung(given, outcome)
        await self._put_off(given, outcome)
        raise Transient(outcome.reason, retry_in=outcome.seconds or (REPLY_WINDOW if _unknown(outcome) else 0.0))

    async def save(self, tx: Tx, made: Rung) -> None:
        """Write down the message, or that it can't be sent."""
        done = made.outcome.fate is Fate.DONE
        if not done:
            _log.warning("ring_failed", ring_id=made.wanted.ring.ring_id, reason=made.outcome.reason)
        message_id = made.outcome.message.message_id if made.outcome.message else None
        state = DeliveryState.SENT if done else DeliveryState.FAILED
        await rings.end(tx, made.wanted.ring.ring_id, state, message_id, self._store.clock.now())

    async def _put_off(self, given: Wanted, outcome: Outcome) -> None:
        """The state in which the next try finds the ring."""
        alert, now = given.alert, self._store.clock.now()
        state = DeliveryState.UNKNOWN if _unknown(outcome) else DeliveryState.READY
        async with self._store.database.transaction() as tx:
            await rings.end(tx, given.ring.ring_id, state, None, now)
            if outcome.fate is Fate.MOVED:
                await alerts.migrate_chat(tx, alert.chat_id, outcome.chat_id)
            elif outcome.fate is Fate.TOPIC_GONE:
                await alerts.leave_topic(tx, alert.chat_id, alert.thread_id)
        if outcome.fate is Fate.LATER:
            self._pace.hold(alert.chat_id, outcome.seconds)

    async def _send(self, given: Wanted, ring: Ring) -> Message:
        async with spoken_to(self._store, given.alert.chat_id):
            text, entities = ring_text(given, repeated=ring.repeats > 0).render()
        card = InlineKeyboardButton(
            text=footage_label(given.footage_id), callback_data=Press(Act.CARD, given.footage_id).pack()
        )
        below = given.alert.message_id
        return await self._bot.send_message(
            given.alert.chat_id,
            text,
            entities=entities,
            message_thread_id=given.alert.thread_id,
            reply_parameters=ReplyParameters(message_id=below, allow_sending_without_reply=True) if below else None,
            reply_markup=InlineKeyboardMarkup(inline_keyboard=[[card]]),
            disable_notification=ring.repeats > 0,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )


def ring_text(given: Wanted, *, repeated: bool) -> Text:
    """What is new, who posted it when, and the caption."""
    told = given.told
    at = words.moment(told.sighting.posted_at)
    link = post_link(told.channel.channel_id, told.sighting.message_id, told.channel.username)
    if (deed := done(given.ring.reason)) is not None:
        return _deed_text(given, *deed, repeated=repeated)
    lines = [Text(Bold(f"{words.RING_WORD[given.ring.reason]()} {footage_label(given.footage_id)}"))]
    lines += [Text(words.contrast(one.contrast, line(one.said, 60), line(one.known, 60))) for one in given.found]
    lines.append(Text(f"{line(told.channel.title, 64)}, ", TextLink(at, url=link) if link else at))
    if caption := paragraph(told.text, LONGEST_CAPTION):
        lines.append(ExpandableBlockQuote(caption))
    if repeated:
        lines.append(Italic(words.MAYBE_TOLD()))
    return as_list(*lines)


def _deed_text(given: Wanted, member: str, act: str, about: str, *, repeated: bool) -> Text:
    """Who said what of something that is followed."""
    lines = [Text(Bold(f"{words.RING_WORD['followed']()} {footage_label(given.footage_id)}"))]
    lines.append(Text(f"{line(member, 32)}: {line(words.deed(act, about), 160)}"))
    return as_list(*lines, *([Italic(words.MAYBE_TOLD())] if repeated else []))


def _unknown(outcome: Outcome) -> bool:
    return outcome.fate is Fate.UNKNOWN
