"""Builds Bot and Dispatcher from the parts, and listens. No globals: a second bot in the same process is no trouble.

Updates are asked for by ``getUpdates`` of aiogram's Bot and handed to its Dispatcher, but by a loop of our own: the
library's confirms presses before they are handled, drops those in hand at a stop, and hides a refused token and a
second listener behind endless retries. Here an update is confirmed once its handler has written down what was meant.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import ErrorEvent, Update
from aiogram.utils.token import TokenValidationError

from bot import manual, words
from bot.access import Gate, Rights, TeamChats
from bot.calls import NOT_ACCEPTED
from bot.deliver import DeliverStep
from bot.desk import Desk
from bot.digests import DigestStep
from bot.hearing import Hearing
from bot.lookup_step import Asker, LookUpStep
from bot.menus import Menus
from bot.outgoing import Outgoing, shown
from bot.pace import GROUP_SECONDS, Pace
from bot.recaps import RecapStep
from bot.rings import RingStep
from bot.routers import (
    about,
    attention,
    chats,
    claims,
    forms,
    furniture,
    languages,
    links,
    lookup,
    menus,
    notes,
    places,
    reviews,
    search,
    stale,
    status,
    tags,
    taxonomy,
    team,
    telling,
    verdicts,
)
from bot.screen import Pictures, ProofMaker, Screen
from bot.tongues import ENGLISH, LANGUAGES
from core.config import Config
from core.errors import AccountError, ConfigError, StateError
from pipeline.worker import Step
from storage import alerts, settings
from storage.opening import Store

KINDS = ("message", "callback_query", "my_chat_member")
POLL_SECONDS = 25
SLOW_HANDLER = 2.0  # seconds; then later updates no longer wait for it
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
OFFSET_LIFE = timedelta(hours=20)  # Telegram keeps updates for a day, and may number anew after a week of silence
PART = "bot"
ROUTERS = (
    chats,
    tags,
    verdicts,
    claims,
    places,
    notes,
    menus,
    reviews,
    links,
    furniture,
    attention,
    telling,
    search,
    status,
    languages,
    forms,
    taxonomy,
    team,
    about,
    lookup,
    stale,
)
_log = structlog.get_logger("bot")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the bot is made of, ready to run."""

    bot: Bot
    dispatcher: Dispatcher
    steps: tuple[Step, ...]
    pace: Pace


def build_bot(config: Config, store: Store, proofs: ProofMaker, asker: Asker) -> "BotPart":
    """The bot of this configuration; a token that can't be one is an AccountError."""
    return BotPart(store, build_parts(config, store, proofs, asker))


def build_parts(config: Config, store: Store, proofs: ProofMaker, asker: Asker) -> Parts:
    """Bot, dispatcher and steps, wired."""
    bot = _bot(config)
    pace, open_menus = Pace(store.clock, config.bot.group_budget), Menus(store.clock)
    outgoing = Outgoing(bot, pace, store.clock)
    desk = Desk(store, outgoing, open_menus, proofs, config.bot.tags, frozenset(config.bot.second_reviewer))
    screen = Screen(bot, spoilers=config.bot.spoilers)
    in_hand: set[int] = set()
    steps = (
        DeliverStep(store, screen, Pictures(proofs), pace, open_menus, in_hand, config.bot.tags),
        DigestStep(store, bot, pace, in_hand),
        RingStep(store, bot, pace),
        RecapStep(store, bot, pace),
        LookUpStep(store, bot, outgoing, pace, screen, asker),
    )
    dispatcher = build_dispatcher(desk, pace, TeamChats(config.chats))
    return Parts(bot, dispatcher, steps, pace)


def build_dispatcher(desk: Desk, pace: Pace, team_chats: TeamChats) -> Dispatcher:
    """Gate, rights and every conversation."""
    dispatcher = Dispatcher(disable_fsm=True, desk=desk, pace=pace, team_chats=team_chats)
    dispatcher.update.outer_middleware(Gate(desk.store, team_chats, desk.outgoing))
    dispatcher.update.outer_middleware(Hearing(desk.store))
    for observer in (dispatcher.message, dispatcher.callback_query, dispatcher.my_chat_member):
        observer.middleware(Rights(desk.outgoing))
    dispatcher.errors.register(_went_wrong)
    # the last router takes every press that is left
    dispatcher.include_routers(*(module.router() for module in ROUTERS))
    return dispatcher


def _bot(config: Config) -> Bot:
    session = AiohttpSession(api=TelegramAPIServer.from_base(config.bot.base_url))
    try:
        return Bot(config.bot_token.get_secret_value(), session=session)
    except TokenValidationError as error:
        raise AccountError(NOT_ACCEPTED) from error


async def _went_wrong(event: ErrorEvent, desk: Desk) -> object:
    """A bug in one handler: logged, and the member is told; what ends the service goes on."""
    if isinstance(event.exception, (AccountError, ConfigError, StateError)):
        return UNHANDLED
    _log.error("handler_failed", exc_info=event.exception, update_id=event.update.update_id)
    query, message = event.update.callback_query, event.update.message
    if query is not None and shown(query) is not None:
        await desk.outgoing.answer(query, words.WENT_WRONG(), alert=True)
    elif message is not None:
        await desk.outgoing.reply(message, words.WENT_WRONG())
    return None


class BotPart:
    """Listens to the team; ``steps`` are run by the workers."""

    name = PART

    def __init__(self, store: Store, parts: Parts) -> None:
        self._store = store
        self.bot = parts.bot
        self._dispatcher = parts.dispatcher
        self._pace = parts.pace
        self.steps: Sequence[Step] = parts.steps
        self._pause = FIRST_PAUSE
        self._troubled = True  # a former process may have left in trouble

    async def recall(self) -> None:
        """Before anything is sent: what the process before this one sent lately counts against Telegram's limits."""
        now = self._store.clock.now()
        async with self._store.database.reader() as reader:
            for chat_id, at in await alerts.spoken_since(reader, now - timedelta(seconds=GROUP_SECONDS)):
                self._pace.recall(chat_id, (now - at).total_seconds())

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``; a refused token is an AccountError, all other trouble is shown and waited out."""
        await self._introduce(stop)
        async with asyncio.TaskGroup() as handling:
            await self._listen(stop, handling)

    async def close(self) -> None:
        """Let go of the connections, once the workers that use them have ended too."""
        await self.bot.session.close()

    async def _introduce(self, stop: asyncio.Event) -> None:
        """Set the lists of commands that clients offer, one for each language."""
        while not stop.is_set():
            try:
                for language in LANGUAGES:
                    code = None if language == ENGLISH else language
                    await self.bot.set_my_commands(manual.menu(language), language_code=code)
                await self.bot.me()
            except AiogramError as error:
                await self._trouble(error, stop)
            else:
                return

    async def _listen(self, stop: asyncio.Event, handling: asyncio.TaskGroup) -> None:
        offset = await self._offset()
        while not stop.is_set():
            try:
                updates = await self._next(stop, offset)
            except AiogramError as error:
                await self._trouble(error, stop)
                continue
            await self._well()
            if updates:
                await self._handle(updates, handling)
                offset = updates[-1].update_id + 1
                await self._keep_offset(offset)

    async def _next(self, stop: asyncio.Event, offset: int | None) -> list[Update]:
        """The next updates; none when asked to stop while waiting for them, which leaves them to the next start."""
        async with asyncio.TaskGroup() as group:
            asking, stopping = group.create_task(self._ask(offset)), group.create_task(stop.wait())
            await asyncio.wait((asking, stopping), return_when=asyncio.FIRST_COMPLETED)
            answer = asking.result() if asking.done() else []
            asking.cancel()
            stopping.cancel()
        if isinstance(answer, AiogramError):
            raise answer
        return answer

    async def _ask(self, offset: int | None) -> list[Update] | AiogramError:
        try:
            return await self.bot.get_updates(
                offset=offset, timeout=POLL_SECONDS, allowed_updates=list(KINDS), request_timeout=POLL_SECONDS + 30
            )
        except AiogramError as error:
            return error

    async def _handle(self, updates: Sequence[Update], handling: asyncio.TaskGroup) -> None:
        """Handle what came: in order within a chat, side by side otherwise; who is slow is no longer waited for."""
        by_chat: dict[int, list[Update]] = {}
        for update in updates:
            by_chat.setdefault(_place(update), []).append(update)
        tasks = [handling.create_task(self._in_order(some)) for some in by_chat.values()]
        await asyncio.wait(tasks, timeout=SLOW_HANDLER)

    async def _in_order(self, updates: Sequence[Update]) -> None:
        for update in updates:
            await self._dispatcher.feed_update(self.bot, update)

    async def _offset(self) -> int | None:
        """The next update we have not handled, when Telegram still counts from there."""
        async with self._store.database.reader() as reader:
            kept = await settings.get(reader, self._offset_name)
        if kept is None:
            return None
        offset, _, at_ms = kept.partition(" ")
        fresh = self._store.clock.now_ms() - int(at_ms) < OFFSET_LIFE.total_seconds() * 1000
        return int(offset) if fresh else None

    async def _keep_offset(self, offset: int) -> None:
        async with self._store.database.transaction() as tx:
            await settings.put(tx, self._offset_name, f"{offset} {self._store.clock.now_ms()}")

    @property
    def _offset_name(self) -> str:
        return f"updates of bot {self.bot.id}"

    async def _trouble(self, error: AiogramError, stop: asyncio.Event) -> None:
        """Show what is wrong, and wait: longer every time."""
        if isinstance(error, (TelegramUnauthorizedError, TelegramNotFound)):
            raise AccountError(NOT_ACCEPTED) from error
        self._troubled, message = True, _explained(error)
        async with self._store.database.transaction() as tx:
            begins = await settings.set_trouble(tx, PART, message, self._store.clock.now())
        if begins:
            _log.warning("bot_in_trouble", reason=message)
        pause = float(error.retry_after) if isinstance(error, TelegramRetryAfter) else self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        await self._store.clock.wait(stop, pause)

    async def _well(self) -> None:
        if not self._troubled:
            return
        self._troubled, self._pause = False, FIRST_PAUSE
        async with self._store.database.transaction() as tx:
            ended = await settings.clear_trouble(tx, PART)
        if ended:
            _log.info("bot_recovered")


def _place(update: Update) -> int:
    """The chat in which an update is in order with others."""
    if update.message is not None:
        return update.message.chat.id
    if update.callback_query is not None and update.callback_query.message is not None:
        return update.callback_query.message.chat.id
    return 0


def _explained(error: AiogramError) -> str:
    if isinstance(error, TelegramConflictError):
        return (
            "somebody else uses this bot's token: presses are lost to them. "
            "Stop the other program; if you know of none, have @BotFather revoke the token"
        )
    if isinstance(error, TelegramBadRequest):
        return f"Telegram refuses to give updates: {error.message}"
    return f"Telegram's Bot API can't be reached: {error}"
