"""Several accounts share the watches: one that Telegram has ended hands what it watched to the others."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from collectors.account import Account
from collectors.notices import begin_trouble
from core.errors import AccountError
from core.model import COLLECTOR, Tier
from storage import channels, custody, ledger
from storage.opening import Store

LOST = "the account was lost"


class OnShift:
    """The part that runs one account. Losing it ends the service only when no other is left."""

    def __init__(self, account: Account, accounts: Mapping[str, Account], lost: set[str], store: Store) -> None:
        self.name = account.name
        self._account = account
        self._accounts = accounts
        self._lost = lost
        self._store = store

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected until ``stop``, or until a person must act."""
        try:
            await self._account.run(stop)
        except AccountError as why:
            self._lost.add(self.name)
            if self._lost >= self._accounts.keys():
                raise
            await self._hand_over(why)

    async def _hand_over(self, why: AccountError) -> None:
        """Wish for every channel anew: an account that is left looks them up, and goes on at the same cursor."""
        now = self._store.clock.now()
        async with self._store.database.transaction() as tx:
            await ledger.interrupt_account(tx, self.name, now, LOST)
            watched = await channels.watches(tx, self.name)
            for watch, channel in watched:
                name = f"@{channel.username}" if channel.username else str(channel.channel_id)
                tier = Tier.FAST if watch.tier is Tier.FAST else Tier.JOINED
                await channels.wish(tx, name, tier, channel.side, channel.language, "handed over", now)
            await custody.record(tx, "account.lost", f"account/{self.name}", COLLECTOR, now, reason=str(why))
        await begin_trouble(self._store, f"account {self.name}", _told(why, len(watched), now))


def _told(why: AccountError, watches: int, at: datetime) -> str:
    return f"{why}; its {watches} watches were handed to the other accounts at {at:%d %b %H:%M} UTC"
