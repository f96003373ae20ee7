"""What the service must have found at the end: the story's own truth, checked against the findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Expected:
    """The truth about one media post: what it is, and of which earlier post it is a copy.

    ``of`` names the post (as the story calls it) where the footage was first posted; ``relations`` are the relations
    that a person would accept; ``also`` are further posts whose footage it shows.
    """

    finding: str
    of: str = ""
    relations: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


Key = tuple[int, int]
Row = Mapping[str, Any]


def differences(truth: Mapping[str, Expected], posts: Mapping[str, Key], findings: Sequence[Row]) -> list[str]:
    """One sentence for everything that the service got wrong; empty when the whole story is right."""
    rows = {(row["channel_id"], row["message_id"]): row for row in findings}
    wrong = [f"{len(findings)} findings for {len(rows)} posts: something is there twice"] * (len(rows) != len(findings))
    footage = {name: rows[key]["footage"] for name, key in posts.items() if key in rows}
    for name, expected in truth.items():
        row = rows.get(posts[name])
        if row is None:
            wrong.append(f"{name}: no finding")
            continue
        wrong += [f"{name}: {sentence}" for sentence in _compare(expected, row, footage)]
    return wrong


def _compare(expected: Expected, row: Row, footage: Mapping[str, str]) -> list[str]:
    wrong = []
    if row["finding"] != expected.finding:
        wrong.append(f"is {row['finding']}, should be {expected.finding}")
    if expected.relations and row["relation"] not in expected.relations:
        wrong.append(f"relation {row['relation'] or 'none'}, should be {' or '.join(expected.relations)}")
    shown = {row["footage"], *row["also"]}
    named = [name for name in (expected.of, *expected.also) if name]
    wrong += [f"does not lead to {name} ({footage.get(name)})" for name in named if footage.get(name) not in shown]
    return wrong
