"""``firstseen ledger``: what was watched from when to when, how, and how completely."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from core.model import Channel, Tier
from firstseen.naming import iso, iso_or_none, known_channel, label
from storage import channels, ledger, posts
from storage.database import Reader
from storage.opening import Store

HOW = {
    Tier.JOINED: "pushed to account {account}",
    Tier.FAST: "pushed to account {account} without joining",
    Tier.POLL: "asked now and then by account {account}",
    Tier.PREVIEW: "read from its public pages",
}


async def read(store: Store, arguments: Mapping[str, Any], _emit: Callable[..., Awaitable[None]]) -> Any:
    """The ledger of one channel, or of every one that was ever watched."""
    asked = str(arguments.get("channel") or "")
    async with store.database.reader() as reader:
        if asked:
            return [await _of(reader, await known_channel(reader, asked))]
        found = [await channels.channel(reader, one) for one in await ledger.channels_with_ledger(reader)]
        return [await _of(reader, channel) for channel in found if channel is not None]


async def _of(reader: Reader, channel: Channel) -> dict[str, Any]:
    channel_id = channel.channel_id
    counts = await posts.counts(reader, channel_id)
    return {
        "channel": label(channel),
        "channel_id": channel_id,
        "posts": counts["posts"],
        "deleted": counts["deleted"],
        "edited": counts["edited"],
        "unread": counts["unread"],
        "watched": [_span(span) for span in await ledger.spans(reader, channel_id)],
        "unseen": [
            {"since": iso(one.began_at), "until": iso_or_none(one.ended_at), "reason": one.reason}
            for one in await ledger.interruptions(reader, channel_id)
        ],
        "gaps": [_gap(gap) for gap in await channels.gaps(reader, channel_id)],
    }


def _span(span: ledger.Span) -> dict[str, Any]:
    return {
        "since": iso(span.began_at),
        "until": iso_or_none(span.ended_at),
        "ended": span.ended_why,
        "tier": str(span.tier),
        "how": HOW[span.tier].format(account=span.account),
        "above": span.after_message,
        "through": span.through_message,
        "confirmed": iso_or_none(span.confirmed_at),
    }


def _gap(gap: channels.Gap) -> dict[str, Any]:
    return {
        "first": gap.after_message + 1,
        "last": gap.through_message,
        "reason": gap.reason,
        "noticed": iso(gap.noticed_at),
        "closed": iso_or_none(gap.closed_at),
        "recovered": gap.recovered,
    }


def told(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The ledger in lines for people."""
    for entry in entries:
        yield (
            f"{entry['channel']}: {entry['posts']} posts held, {entry['edited']} edited, {entry['deleted']} deleted at "
            f"Telegram, {entry['unread']} not understood"
        )
        for span in entry["watched"]:
            yield f"  watched {_time(span)}, {span['how']}{_ended(span)}"
            yield f"    {_complete(span)}"
        for one in entry["unseen"]:
            read_back = "read back" if one["until"] else "not read back yet"
            yield f"  unseen {_time(one)}: {one['reason']}; {read_back}, but for what was posted and deleted within it"
        for gap in entry["gaps"]:
            yield f"  posts {gap['first']} to {gap['last']}: {gap['reason']}; {_outcome(gap)}"


def _time(entry: Mapping[str, Any]) -> str:
    return f"{entry['since']} to {entry['until'] or 'now'}"


def _ended(span: Mapping[str, Any]) -> str:
    return f"; ended: {span['ended']}" if span["ended"] else ""


def _complete(span: Mapping[str, Any]) -> str:
    if span["confirmed"] is None:
        return "not compared with the channel yet"
    if span["through"] <= span["above"]:
        return f"no post since; compared with the channel at {span['confirmed']}"
    posts_held = f"posts {span['above'] + 1} to {span['through']}"
    return f"complete for {posts_held}; compared with the channel at {span['confirmed']}"


def _outcome(gap: Mapping[str, Any]) -> str:
    if gap["closed"] is None:
        return f"noticed {gap['noticed']}, not read back yet"
    return f"{gap['recovered']} read back by {gap['closed']}" if gap["recovered"] else "nothing there"
