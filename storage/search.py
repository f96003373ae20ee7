"""Words of posts, found forgivingly: case, accents and Cyrillic twins are folded, every word matches its beginnings.

The one place with a query per engine: SQLite's FTS5 here.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import from_ms, to_ms
from core.model import Verdict
from storage.database import Reader, Row, Tx

_WORD = re.compile(r"[^\W_]+")
_TWINS = str.maketrans({"ё": "е", "ґ": "г", "ї": "і", "й": "и", "’": None, "ʼ": None, "'": None, "`": None})
_PLACED = (
    "EXISTS (SELECT 1 FROM location WHERE location.given = 1 AND ' ' || location.words LIKE :{} ESCAPE '\\' "
    "AND location.location_id = (SELECT newest.location_id FROM location AS newest "
    "WHERE newest.footage_id = footage.footage_id ORDER BY newest.given_at DESC, newest.location_id DESC LIMIT 1))"
)
_ENDINGS = ((9, 3), (7, 2), (6, 1))  # (letters of a word, letters that inflection may change)


@dataclass(frozen=True, slots=True)
class Found:
    """A footage whose posts have the words."""

    footage_id: int
    post_id: int
    channel: str
    posted_at: datetime
    text: str
    tags: tuple[str, ...]


def fold(text: str) -> str:
    """The words of ``text`` in the form in which they are compared."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_TWINS)
    return " ".join(_WORD.findall(plain))


async def index_post(tx: Tx, post_id: int, text: str) -> None:
    """Make a post's words findable; doing it again replaces them."""
    await tx.run("DELETE FROM post_words WHERE rowid = :id", id=post_id)
    if words := fold(text):
        await tx.run("INSERT INTO post_words (rowid, words) VALUES (:id, :words)", id=post_id, words=words)


async def wipe(tx: Tx) -> None:
    """Write the index of words anew, so that words that were taken out of it are in none of its old pieces."""
    await tx.run("INSERT INTO post_words (post_words) VALUES ('optimize')")


async def find(
    reader: Reader,
    words: str,
    *,
    tags: Sequence[str] = (),
    verdict: Verdict | None = None,
    channel: int | None = None,
    place: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 10,
    offset: int = 0,
) -> tuple[Found, ...]:
    """Footage whose posts have all the words and all the tags, newest first; each once, by its earliest such post.

    ``place`` are words of the name that the team gave its place; ``since`` and ``until`` bound the time of posting.
    """
    query = _query(words)
    if words.strip() and not query:
        return ()
    clauses = ["finding.footage_id = footage.footage_id", "footage.merged_into IS NULL"]
    if query:
        clauses.append("post.post_id IN (SELECT rowid FROM post_words WHERE post_words MATCH :query)")
    if channel is not None:
        clauses.append("post.channel_id = :channel")
    if verdict is not None:
        clauses.append(
            "COALESCE((SELECT verdict FROM verdict_event WHERE verdict_event.footage_id = footage.footage_id "
            "ORDER BY at DESC, event_id DESC LIMIT 1), 'unreviewed') = :verdict"
        )
    if since is not None:
        clauses.append("post.posted_at >= :since")
    if until is not None:
        clauses.append("post.posted_at < :until")
    named: dict[str, str] = {f"place{number}": f"% {stem}%" for number, stem in enumerate(stems(fold(place)))}
    clauses += [_PLACED.format(name) for name in named]
    for tag in tags:
        names = {f"tag{len(named) + number}": spelling for number, spelling in enumerate(await _spellings(reader, tag))}
        named |= names
        clauses.append(
            f"EXISTS (SELECT 1 FROM footage_tag WHERE footage_tag.footage_id = footage.footage_id "
            f"AND footage_tag.tag IN ({', '.join(f':{name}' for name in names)}))"
        )
    rows = await reader.all(
        f"""
        SELECT footage.footage_id, post.post_id, channel.title, post.text, MIN(post.posted_at) AS posted_at
        FROM footage JOIN finding JOIN sighting ON sighting.sighting_id = finding.sighting_id
        JOIN post ON post.post_id = sighting.post_id JOIN channel ON channel.channel_id = post.channel_id
        WHERE {" AND ".join(clauses)}
        GROUP BY footage.footage_id ORDER BY posted_at DESC, footage.footage_id DESC LIMIT :limit OFFSET :offset
        """,
        query=query,
        channel=channel,
        verdict=str(verdict) if verdict else None,
        since=to_ms(since) if since else None,
        until=to_ms(until) if until else None,
        limit=limit,
        offset=offset,
        **named,
    )
    return tuple([await _found(reader, row) for row in rows])


async def _spellings(reader: Reader, tag: str) -> list[str]:
    """How the team wrote a tag, whatever the case: the engine's own LOWER knows Latin letters only."""
    rows = await reader.all("SELECT DISTINCT tag FROM footage_tag ORDER BY tag")
    return [row["tag"] for row in rows if row["tag"].casefold() == tag.casefold()]


async def _found(reader: Reader, row: Row) -> Found:
    tags = await reader.all("SELECT tag FROM footage_tag WHERE footage_id = :id ORDER BY tag", id=row["footage_id"])
    return Found(
        row["footage_id"],
        row["post_id"],
        row["title"],
        from_ms(row["posted_at"]),
        row["text"],
        tuple(one["tag"] for one in tags),
    )


def _query(words: str) -> str:
    """An FTS5 query for the beginnings of all words; letters and digits only, so that no text is syntax."""
    return " ".join(f'"{stem}"*' for stem in stems(fold(words)))


def stems(folded: str) -> tuple[str, ...]:
    """The beginnings that the other forms of these words share."""
    return tuple(_stem(word) for word in folded.split())


def _stem(word: str) -> str:
    """The beginning that other forms of a word share: the longer the word, the more letters may be its ending."""
    ending = next((cut for length, cut in _ENDINGS if len(word) >= length), 0)
    return word[: len(word) - ending]
