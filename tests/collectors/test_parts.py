"""What the service is handed."""

from pydantic import SecretStr

from collectors.parts import build_collectors
from core.config import AccountEntry, Config, Links, Telegram
from storage.opening import Store
from tests.telegram import API_HASH, API_ID


def test_every_account_brings_its_parts_and_all_share_the_steps(store: Store) -> None:
    """Two accounts collect, one of them looks names up; files have two queues, links one when they are followed."""
    config = Config(
        state_dir=store.state_dir,
        telegram=Telegram(api_id=API_ID),
        accounts=(AccountEntry(name="one"), AccountEntry(name="two")),
        links=Links(follow=True),
        api_hash=SecretStr(API_HASH),
    )
    parts, steps = build_collectors(config, store)
    assert [part.name for part in parts] == [
        "one",
        "reconcile-one",
        "backfill-one",
        "two",
        "reconcile-two",
        "backfill-two",
        "wishes",
        "previews",
    ]
    slots = [("fetch", 5), ("fetch_large", 2), ("fetch_preview", 1), ("link", 1)]
    assert [(step.queue, step.slots) for step in steps] == slots


def test_without_accounts_public_pages_are_left(store: Store) -> None:
    """Firstseen works on public pages, imports and look-ups alone; links are not followed unless wished."""
    parts, steps = build_collectors(Config(state_dir=store.state_dir), store)
    assert [part.name for part in parts] == ["previews"]
    assert [step.queue for step in steps] == ["fetch", "fetch_large", "fetch_preview"]
