"""Telethon's client behind our gate: reading only, at our pace, with a time limit, and watched for loss."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from telethon import TelegramClient, errors
from telethon.sessions import Session
from telethon.tl import functions, types

from collectors.pace import Pace
from collectors.readonly import READING, check, method
from core.config import Telegram
from core.errors import Transient, Unsupported

APP_VERSION = "1"
RECONNECTS = 2  # by Telethon itself, at once; after that the account waits longer each time, and says so
RECONNECT_PAUSE = 0.25  # seconds
LOG_LEVEL = logging.INFO  # below, Telethon's log holds what people wrote


class Undecodable(logging.Filter):
    """Counts the objects that Telethon could not read and dropped; it tells them only to its log."""

    def __init__(self, noticed: Callable[[], None]) -> None:
        super().__init__()
        self.count = 0
        self._noticed = noticed

    def listen(self, log: logging.Logger) -> None:
        """Take over from the client that used this log before."""
        for former in [one for one in log.filters if isinstance(one, Undecodable)]:
            log.removeFilter(former)
        log.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Count and swallow such a line, which quotes the bytes."""
        if not str(record.msg).startswith("Type %08x not found"):
            return True
        self.count += 1
        self._noticed()
        return False


class ReadingClient(TelegramClient):  # type: ignore[misc] # telethon has no types
    """A client that can only read.

    ``lost`` is told the channel (or nothing: all of them) about which Telegram let updates drop; ``reconnected``
    that the connection came back on its own. Telethon reports neither.
    """

    def __init__(
        self,
        session: Session,
        telegram: Telegram,
        api_hash: str,
        *,
        account: str,
        pace: Pace | None = None,
        allowed: Iterable[str] = READING,
        lost: Callable[[int | None], None] = lambda _channel: None,
        reconnected: Callable[[], None] = lambda: None,
    ) -> None:
        log = logging.getLogger(f"telethon.{account}")
        log.setLevel(LOG_LEVEL)
        self.undecodable = Undecodable(lambda: lost(None))
        self.undecodable.listen(log.getChild("network.mtprotosender"))
        self._pace = pace
        self._allowed = frozenset(allowed)
        self._limit = telegram.request_timeout
        self._lost = lost
        self._reconnected = reconnected
        type(self)._config = None  # noqa: SLF001 -- Telethon would keep the addresses that an earlier client was told
        super().__init__(
            session,
            telegram.api_id,
            api_hash,
            device_model=telegram.device_model,
            system_version="Linux",
            app_version=APP_VERSION,
            base_logger=log,
            catch_up=True,
            sequential_updates=True,
            flood_sleep_threshold=0,
            request_retries=2,
            connection_retries=RECONNECTS,
            retry_delay=RECONNECT_PAUSE,
            raise_last_call_error=True,
        )

    async def _call(self, sender: Any, request: Any, ordered: bool = False, _threshold: Any = None) -> Any:
        """Every request passes here: Telethon's own, ours, and each part of a download."""
        check(request, self._allowed)
        name = method(request)
        if self._pace is not None:
            try:
                await self._pace.admit(name)
            except Transient as flood:
                raise errors.FloodWaitError(request=request, capture=round(flood.retry_in)) from flood
        try:
            answer = await self.in_time(super()._call(sender, request, ordered=ordered))
        except (errors.FloodWaitError, errors.FloodPremiumWaitError) as flood:
            self._flood_waited_requests.clear()  # our gate remembers, by the clock that tests can move
            if self._pace is not None:
                await self._pace.flooded(name, flood.seconds)
            raise
        except errors.TypeNotFoundError as unknown:
            raise self._unreadable(request) or unknown from unknown
        self._look(request, answer)
        return answer

    async def in_time(self, answer: Awaitable[Any]) -> Any:
        """Await ``answer`` for the request time limit; TimeoutError or ConnectionError, and never a stray cancellation.

        Telethon waits for ever, and ends the requests of a lost connection by cancelling them: our task would end
        unseen.
        """
        task = asyncio.current_task()
        async with asyncio.timeout(self._limit):
            try:
                return await answer
            except asyncio.CancelledError:
                if task is None or task.cancelling():
                    raise
                raise ConnectionError("disconnected while waiting for an answer") from None

    def _look(self, request: Any, answer: Any) -> None:
        match answer:
            case types.updates.ChannelDifferenceTooLong():
                self._lost(request.channel.channel_id)
            case types.updates.DifferenceTooLong():
                self._lost(None)
            case types.upload.FileCdnRedirect():
                raise Unsupported("Telegram sent the file to a third-party server; such bytes are not evidence")

    def _unreadable(self, request: Any) -> Exception | None:
        """What to tell Telethon of a difference that it can't decode: it would hang up, and again after each start.

        It forgets the channel's state instead, and history is read, which can pass over single messages.
        """
        match request:
            case functions.updates.GetChannelDifferenceRequest():
                self._lost(request.channel.channel_id)
                return errors.ChannelInvalidError(request)  # type: ignore[no-any-return] # telethon has no types
            case functions.updates.GetDifferenceRequest():
                self._lost(None)
                return errors.TimedOutError(request)  # type: ignore[no-any-return] # telethon has no types
        return None

    async def _handle_auto_reconnect(self) -> None:
        await super()._handle_auto_reconnect()
        self._reconnected()

    async def connect(self) -> None:
        """Connect within the time limit; Telethon's own has none for the first answer."""
        await self.in_time(super().connect())

    def knows(self, channel_id: int) -> bool:
        """Whether Telethon can tell a gap in this channel's updates."""
        return channel_id in self._message_box.map

    def follow(self, channel_id: int, pts: int) -> None:
        """Let Telethon tell gaps in this channel's updates from ``pts`` on; no effect when it can already."""
        self._message_box.try_set_channel_state(channel_id, pts)

    def begin_updates(self, state: Any) -> None:
        """Set the account's own update state, unless the session brought one: the 15-minute net hangs on it."""
        if self._message_box.is_empty():
            self._message_box.set_state(state)

    @property
    def failure(self) -> BaseException | None:
        """What made Telethon give up on updates; it ends the connection without saying why."""
        reason: BaseException | None = self._updates_error
        return reason

    def remembered_hash(self, channel_id: int) -> int | None:
        """The access hash that the session keeps of a channel."""
        try:
            return int(self.session.get_input_entity(types.PeerChannel(channel_id)).access_hash)
        except ValueError:
            return None
