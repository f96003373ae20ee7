"""Builds everything that collects: the parts that listen and read, the steps that fetch."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from collectors.account import Account
from collectors.asking import Asking
from collectors.backfill import BackfillPart
from collectors.fetch import FetchStep, InHand
from collectors.intake import Intake, Policy
from collectors.links import LinkStep
from collectors.live import Live
from collectors.pace import Ceiling, Pace, limits
from collectors.pages import PublicPages
from collectors.preview_fetch import PreviewFetchStep
from collectors.previews import Previews
from collectors.reconcile import Reconciler
from collectors.shift import OnShift
from collectors.wishes import Wishes
from core.config import Config
from pipeline.worker import Step
from storage.opening import Store


class Part(Protocol):
    """Anything that runs until it is asked to stop."""

    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``."""
        ...


def build_collectors(config: Config, store: Store) -> tuple[Sequence[Part], Sequence[Step]]:
    """The parts of every configured account, and the steps that fetch files and follow links."""
    ceiling = Ceiling(store.clock)
    intake = Intake(Policy(config.collect.protected, config.links.follow))
    accounts: dict[str, Account] = {}
    lost: set[str] = set()
    parts: list[Part] = []
    askings: list[tuple[Account, Asking]] = []
    for entry in config.accounts:
        account, asking = _account(config, store, entry.name, ceiling), Asking()
        Live(account, store, intake, asking)
        parts += [
            OnShift(account, accounts, lost, store),
            Reconciler(account, store, intake, config.collect, asking),
            BackfillPart(account, store, intake, config.collect),
        ]
        accounts[entry.name] = account
        askings.append((account, asking))
    if askings:  # one account at a time looks names up: each look-up counts against all of them
        parts.append(Wishes(askings, store, config.collect))
    pages = PublicPages(store.clock, config.collect.preview_address)
    parts.append(Previews(pages, store, intake, config.collect, alone=not accounts))
    in_hand = InHand()
    sizes = (False, True)
    steps: list[Step] = [FetchStep(store, accounts, config.fetch, large=large, in_hand=in_hand) for large in sizes]
    steps.append(PreviewFetchStep(pages, store, config.fetch))
    if config.links.follow:
        steps.append(LinkStep(store, config.links))
    return parts, steps


def _account(config: Config, store: Store, name: str, ceiling: Ceiling) -> Account:
    pace = Pace(store, name, limits(config.collect.resolves_per_day), ceiling)
    return Account(
        name,
        config.session_path(name),
        telegram=config.telegram,
        api_hash=config.api_hash.get_secret_value(),
        store=store,
        pace=pace,
    )
