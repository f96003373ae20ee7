"""Trouble shown to people: noting it must never become trouble itself, least of all on a full disk."""

import structlog

from core.errors import Transient
from storage import settings
from storage.opening import Store

_log = structlog.get_logger("collectors")


async def begin_trouble(store: Store, part: str, message: str) -> None:
    """Show that ``part`` is in trouble; logged once, when it begins."""
    try:
        async with store.database.transaction() as tx:
            began = await settings.set_trouble(tx, part, message, store.clock.now())
    except Transient as full:
        _log.warning("trouble_not_noted", part=part, message=message, reason=str(full))
        return
    if began:
        _log.warning("trouble_began", part=part, message=message)


async def end_trouble(store: Store, part: str) -> None:
    """Take the trouble of ``part`` back; logged when there was one."""
    try:
        async with store.database.transaction() as tx:
            ended = await settings.clear_trouble(tx, part)
    except Transient as full:
        _log.warning("trouble_not_ended", part=part, reason=str(full))
        return
    if ended:
        _log.info("trouble_ended", part=part)
