"""Post → storage, with its files' next steps, in the caller's transaction; used by every source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog

from core.model import Capture, Channel, MediaRef, Post, Recorded, RefState
from pipeline.priority import enqueue_match, priority
from storage import assets, jobs, posts
from storage.database import Reader, Tx
from storage.vault import CHUNK, StoredFile, Vault

FETCH, FETCH_LARGE, FETCH_PREVIEW, LINK = "fetch", "fetch_large", "fetch_preview", "link"
LARGE = 20_000_000  # bytes; from here on Telegram's own clients fetch two at a time instead of five
BROUGHT = frozenset({Capture.EXPORT, Capture.FOLDER})  # files come along or not at all: nothing is fetched
PROTECTED = "the channel forbids copying: metadata only"
_log = structlog.get_logger("intake")


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be done with the files of channels that forbid copying, and whether links are followed."""

    protected: Literal["metadata", "fingerprint", "archive"] = "metadata"
    follow_links: bool = False

    def apply(self, post: Post, channel: Channel) -> Post:
        """The post with the files that may not be fetched marked so."""
        if not channel.protected or self.protected != "metadata":
            return post
        return replace(post, media=tuple(_refused(ref) for ref in post.media))


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch of posts."""

    new: int = 0
    edited: int = 0
    known: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(self.new + other.new, self.edited + other.edited, self.known + other.known)


@dataclass(frozen=True, slots=True)
class Captured:
    """Where posts come from and how, when and by which account we obtained them."""

    channel: Channel
    capture: Capture
    account: str
    at: datetime


class Intake:
    """Records posts and sends their files on their way. Taking a post again changes nothing."""

    def __init__(self, policy: Policy | None = None) -> None:
        self._policy = policy or Policy()

    async def take(self, tx: Tx, taken: Sequence[Post], captured: Captured) -> Taken:
        """Record posts of one channel, oldest first."""
        total = Taken()
        for post in taken:
            total += await self._one(tx, self._policy.apply(post, captured.channel), captured)
        return total

    async def _one(self, tx: Tx, post: Post, captured: Captured) -> Taken:
        adopted = await posts.adopt(tx, post, captured.at)  # an export may have brought it before
        outcome, post_id = await posts.record(tx, post, captured.capture, captured.account, captured.at)
        if outcome is Recorded.KNOWN and not adopted:
            return Taken(known=1)
        await self._send_on(tx, post, post_id, captured)
        if outcome is Recorded.EDITED:
            await amend_cards(tx, post_id)
        log = _log.info if captured.capture is Capture.LIVE else _log.debug
        log("post_recorded", channel_id=post.channel_id, message_id=post.message_id, outcome=str(outcome))
        return Taken(**{str(outcome): 1})

    async def _send_on(self, tx: Tx, post: Post, post_id: int, captured: Captured) -> None:
        if captured.capture in BROUGHT:
            return
        urgency = priority(captured.capture)
        for ref_id, ref in await posts.wanted(tx, post_id):
            if not await hold_known(tx, ref_id, ref, captured.at):
                await jobs.enqueue(tx, queue_of(ref), str(ref_id), priority=urgency)
        if self._policy.follow_links:
            for position in range(len(post.links)):
                await jobs.enqueue(tx, LINK, link_key(post_id, position), priority=urgency)


async def hold_known(tx: Tx, ref_id: int, ref: MediaRef, at: datetime) -> bool:
    """Make a sighting at once of a file whose bytes we hold under Telegram's own id; false when we do not."""
    asset = await assets.by_file_id(tx, ref.file_id) if ref.file_id is not None else None
    if asset is None:
        return False
    await hold(tx, ref_id, asset.asset_id, at)
    return True


async def hold(tx: Tx, ref_id: int, asset_id: int, at: datetime) -> None:
    """Tie a file of a post to the asset it is: a sighting, and the next step (reading it, or matching at once)."""
    sighting_id = await assets.hold(tx, ref_id, asset_id, at)
    asset, sighting = await assets.asset(tx, asset_id), await assets.sighting(tx, sighting_id)
    if asset is None or sighting is None:
        raise LookupError(f"asset {asset_id} or its sighting {sighting_id} is not there")
    if asset.verdict:
        await enqueue_match(tx, sighting_id, sighting.channel_id, sighting.message_id)
    else:
        await jobs.enqueue(tx, "fingerprint", str(asset_id), priority=priority(sighting.capture))


def take_in(vault: Vault, path: Path) -> StoredFile:
    """Copy a file into the vault; blocks, and is Transient while the disk is too full."""
    vault.check_floor()
    incoming = vault.incoming()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                incoming.write(chunk)
        return incoming.keep()
    except BaseException:
        incoming.discard()
        raise


def link_key(post_id: int, position: int) -> str:
    """The job key of a link in a post."""
    return f"{post_id}/{position}"


async def amend_cards(tx: Tx, post_id: int) -> None:
    """Have the cards that show a post say what became of it: edited, deleted."""
    for ref in await posts.refs(tx, post_id):
        if sighting := await assets.sighting_of_ref(tx, ref.ref_id):
            await jobs.enqueue(tx, "announce", str(sighting.sighting_id))


def queue_of(ref: MediaRef) -> str:
    """Large files have slots of their own, so that photos never wait behind videos; public pages are another source."""
    if ref.role == posts.PREVIEW_ROLE:
        return FETCH_PREVIEW
    return FETCH_LARGE if (ref.size or 0) >= LARGE else FETCH


async def holes(reader: Reader, channel_id: int, after: int, before: int) -> bool:
    """Whether a post strictly between two ids of a channel is not stored."""
    between = before - after - 1
    if between <= 0:
        return False
    return len(await posts.known_ids(reader, channel_id, after + 1, before - 1)) < between


def _refused(ref: MediaRef) -> MediaRef:
    return replace(ref, state=RefState.REFUSED, reason=PROTECTED) if ref.state is RefState.WANTED else ref
