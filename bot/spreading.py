"""The spread picture's words: who posted when, what is proof and what is inference."""

import asyncio
from collections.abc import Sequence

from bot import words
from bot.cleaning import line
from core.ids import footage_label
from fingerprints.spread import Legend, Row, Tie, draw
from pipeline.spread import Hung, Shown, chosen, hang, over_time
from storage.footage import FootageSighting


async def spread_picture(footage_id: int, seen: Sequence[FootageSighting]) -> bytes | None:
    """A PNG of how a footage spread; nothing when no post is held."""
    hung = hang(seen)
    if not hung:
        return None
    rows = [_row(shown, hung[0]) for shown in chosen(hung)]
    return await asyncio.to_thread(draw, rows, over_time(hung), _legend(footage_id, hung))


def _legend(footage_id: int, hung: Sequence[Hung]) -> Legend:
    channels = len({one.seen.channel.channel_id for one in hung})
    ends = (words.moment(hung[0].seen.sighting.posted_at), words.moment(hung[-1].seen.sighting.posted_at))
    return Legend(
        title=words.spread_title(footage_label(footage_id)),
        subtitle=words.spread_counts(len(hung), channels),
        forward=words.SPREAD_FORWARD(),
        alike=words.SPREAD_ALIKE(),
        bars=words.SPREAD_BARS(),
        ends=ends,
    )


def _row(shown: Shown, first: Hung) -> Row:
    one = shown.hung
    if one is None:
        return Row("", "", words.more_posts(shown.omitted), "", Tie.GAP)
    seen = one.seen
    at = seen.sighting.posted_at
    lag = at - first.seen.sighting.posted_at
    return Row(
        time=words.short_moment(at),
        lag=f"+{words.span(lag)}" if lag else "",
        name=line(seen.channel.title, 48),
        detail=_detail(one, first),
        tie=one.tie,
        parent=shown.parent,
        hollow=not seen.belongs or seen.deleted_at is not None,
    )


def _detail(one: Hung, first: Hung) -> str:
    """The tie in words, and what is to be known of the copy."""
    seen = one.seen
    marks = [] if seen.belongs else [words.PART()]
    marks += [words.GONE()] if seen.deleted_at is not None else []
    if one.tie is Tie.FORWARD:
        header = seen.forward
        missing = header is not None and one.parent is None
        origin = line(header.name, 32) if header is not None and header.name else words.NOT_HELD()
        return " · ".join([words.forwarded_from(origin) if missing else words.FORWARDED(), *marks])
    if one.tie is Tie.FIRST:
        return " · ".join([words.EARLIEST(), *marks])
    same = seen.asset.asset_id == first.seen.asset.asset_id
    return " · ".join([words.SAME_FILE() if same else words.LOOKS_ALIKE(), *marks])
