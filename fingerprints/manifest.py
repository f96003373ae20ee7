"""A benchmark's manifest, matched by the code that the service runs."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fingerprints.child import Isolation
from fingerprints.index import Matcher
from fingerprints.media import Limits
from fingerprints.read import Reading, decode_reading

SLOTS = 2
Show = Callable[[str, int, int], None]


def check(written: Any) -> None:
    """Raise ValueError, KeyError or TypeError when a manifest has not the shape that is read."""
    for entry in written["index"]:
        str(entry["id"]), str(entry["path"])
    for entry in written["queries"]:
        str(entry["qid"]), str(entry["path"])


def match_manifest(path: Path, show: Show) -> Iterator[dict[str, Any]]:
    """Every certain match: query, match, relation, where it begins on both sides, and how strong it is."""
    written = json.loads(path.read_text(encoding="utf-8"))
    index, queries = written["index"], written["queries"]
    with Isolation(slots=SLOTS) as isolation, ThreadPoolExecutor(SLOTS) as pool:

        def read(entry: Mapping[str, str]) -> Reading | None:
            answer = isolation.run("fingerprint", [path.parent / entry["path"]], {}, Limits())
            return decode_reading(answer.payload) if answer.payload else None

        held = []
        for done, reading in enumerate(pool.map(read, index), start=1):
            held.append(reading.fingerprints if reading is not None and not reading.plain else ())
            show("reading what was seen before", done, len(index))
        matcher = Matcher(held.__getitem__)
        for number, prints in enumerate(held):
            matcher.add(number, prints)
        for done, (query, reading) in enumerate(zip(queries, pool.map(read, queries), strict=True), start=1):
            show("matching", done, len(queries))
            if reading is not None and not reading.plain:
                yield from _lines(query["qid"], matcher, reading, [entry["id"] for entry in index])


def _lines(qid: str, matcher: Matcher, reading: Reading, ids: list[str]) -> Iterator[dict[str, Any]]:
    for number, match in matcher.match(reading.fingerprints):
        if match.certain:
            span = match.spans[0] if match.spans else None
            times = {"t_q": span.query_start, "t_r": span.reference_start} if span else {}
            line = {"query": qid, "match": ids[number], "relation": match.relation, "score": match.strength}
            yield {**line, **times}
