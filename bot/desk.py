"""What every conversation needs: the store, a voice, the open menus, the taxonomy; and how a card is kept current."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message

from bot import words
from bot.callbacks import Act, parse
from bot.menus import Menus
from bot.outgoing import Outgoing, shown
from bot.screen import ProofMaker
from core.ids import parse_footage
from core.model import DeliveryState, Member, Verdict
from pipeline import followers
from pipeline.followers import Deed
from storage import alerts, footage, jobs
from storage.database import Reader, Tx
from storage.opening import Store

_KINDS = {kind for word in words.KIND_WORD.values() for kind in word.everywhere()}
_CARD = re.compile(rf"(?:{'|'.join(map(re.escape, sorted(_KINDS)))}) #F(?P<id>\d{{1,12}})\b")


@dataclass(frozen=True, slots=True)
class Desk:
    """Handed to every handler."""

    store: Store
    outgoing: Outgoing
    menus: Menus
    proofs: ProofMaker
    configured_tags: Sequence[str]
    second_reviewer: frozenset[Verdict] = frozenset()  # verdicts that need one

    async def refresh(self, tx: Tx, footage_id: int) -> None:
        """Have every card of a footage show what is now written; somebody is waiting for it."""
        for alert in await alerts.of_footage(tx, footage_id):
            if alert.state is DeliveryState.FAILED:
                continue
            await alerts.want(
                tx, alert.footage_id, alert.chat_id, alert.thread_id, loud=False, trigger_at=self.store.clock.now()
            )
            await jobs.enqueue(tx, "deliver", str(alert.alert_id))
            self.menus.acted(alert.alert_id)

    async def tell_followers(self, tx: Tx, footage_id: int, member: Member, act: str, about: str) -> None:
        """What a member said of a footage rings with those who follow it."""
        deed = Deed(member.name, member.user_id, act, about)
        await followers.tell(tx, footage_id, deed, self.store.clock.now())

    async def bring(self, tx: Tx, footage_id: int, chat_id: int, thread_id: int | None) -> None:
        """Have the card of a footage come to a chat that does not show it yet."""
        alert_id = await alerts.want(tx, footage_id, chat_id, thread_id, loud=False, trigger_at=self.store.clock.now())
        await jobs.enqueue(tx, "deliver", str(alert_id))
        self.menus.acted(alert_id)

    async def present(self, reader: Reader, footage_id: int) -> int | None:
        """The number that a footage goes by now; nothing when there never was one."""
        held = await footage.footage(reader, footage_id)
        return held.footage_id if held else None

    async def meant(self, message: Message, written: str | None) -> tuple[int | None, str]:
        """The footage that a command names, or on whose card it answers; and the rest of its words."""
        first, _, rest = (written or "").strip().partition(" ")
        named = parse_footage(first)
        number, rest = (named, rest.strip()) if named is not None else (card_number(message), (written or "").strip())
        if number is None:
            await self.outgoing.reply(message, words.WHICH_FOOTAGE())
            return None, rest
        async with self.store.database.reader() as reader:
            found = await self.present(reader, number)
        if found is None:
            await self.outgoing.reply(message, words.NO_FOOTAGE())
        return found, rest


def card_number(message: Message) -> int | None:
    """The footage whose card a message answers: only the bot's own messages begin like a card."""
    found = _CARD.match(answered_text(message))
    return int(found["id"]) if found else None


def answered_text(message: Message) -> str:
    """The words of the bot's own message that a message answers; empty when it answers none."""
    card = message.reply_to_message
    if card is None or card.from_user is None or message.bot is None or card.from_user.id != message.bot.id:
        return ""
    return card.text or card.caption or ""


class Pressed(Filter):
    """Lets through presses of buttons with one of these acts, as ``press``."""

    def __init__(self, *acts: Act) -> None:
        self._acts = frozenset(acts)

    async def __call__(self, query: CallbackQuery) -> bool | dict[str, Any]:
        """Read what the button carries."""
        press = parse(query.data)
        if press is None or press.act not in self._acts or shown(query) is None:
            return False
        return {"press": press}
