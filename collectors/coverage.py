"""The ledger of coverage: the cursor of a channel, what lies in its gaps, what disappeared from it."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from collectors.convert import Converted, Unread
from collectors.intake import amend_cards, holes
from core.model import Watch
from storage import channels, posts
from storage.database import Tx

_log = structlog.get_logger("coverage")


async def advance(tx: Tx, watch: Watch, message_id: int) -> bool:
    """Move the cursor to a post just stored, unless posts before it are missing; whether they are."""
    if message_id <= watch.contiguous_through:
        return False
    if await holes(tx, watch.channel_id, watch.contiguous_through, message_id):
        return True
    await channels.move_cursor(tx, watch.channel_id, message_id)
    return False


async def note_absent(tx: Tx, channel_id: int, after: int, ids: Sequence[int], at: datetime) -> None:
    """Write down each run of ids over ``after`` that was asked for and does not exist, now that ``ids`` came."""
    for before in ids:
        if before > after + 1:
            known = await posts.known_ids(tx, channel_id, after + 1, before - 1)
            if len(known) < before - after - 1:
                gap = await channels.record_gap(tx, channel_id, after, before - 1, "asked, empty", at)
                await channels.close_gap(tx, gap, 0, at)
        after = before


async def note_unread(tx: Tx, channel_id: int, found: Converted | Unread, at: datetime) -> None:
    """Keep what this program has no word for, and say so."""
    if isinstance(found, Unread):
        message_id, reason, raw = found.message_id, found.reason, found.raw
    elif found.unknown:
        message_id, reason, raw = found.post.message_id, f"unknown media {found.unknown}", found.post.raw
    else:
        return
    _log.warning("post_not_understood", channel_id=channel_id, message_id=message_id, reason=reason)
    await posts.unread(tx, channel_id, message_id, at, reason, raw)


async def forget(tx: Tx, channel_id: int, message_ids: Sequence[int], at: datetime) -> int:
    """Mark posts as deleted at their source and amend the cards that show them; how many were not marked before."""
    deleted = await posts.delete(tx, channel_id, message_ids, at)
    for post_id in deleted:
        await amend_cards(tx, post_id)
    if deleted:
        _log.info("posts_deleted", channel_id=channel_id, count=len(deleted))
    return len(deleted)
