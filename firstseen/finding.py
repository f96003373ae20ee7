"""``find`` and ``match``: files of the caller against the archive, or against a manifest."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.config import Config
from core.errors import InputError
from core.ids import footage_label, post_link
from fingerprints import manifest
from firstseen.engine import open_engine
from firstseen.naming import copy_told
from firstseen.progress import Bars
from pipeline.lookup import Asker, Hit, LookUpAnswer
from storage.opening import is_held


async def find_files(config: Config, files: Sequence[Path], bars: Bars) -> list[dict[str, Any]]:
    """Look each file up; the answers as JSON with the words for people under ``text``."""

    def fill(done: int, total: int) -> None:
        bars.show("reading the index", done, total)

    answers = []
    async with open_engine(config, Clock(), fill, exclusive=not is_held(config.state_dir)) as engine:
        asker = Asker(engine.store, engine.isolation, engine.library, engine.limits)
        for number, file in enumerate(files):
            bars.show("looking up", number, len(files))
            answers.append(_as_json(file, await asker.ask(file)))
    return answers


def match_manifest(path: Path, bars: Bars) -> Iterator[dict[str, Any]]:
    """Each certain match of the manifest at ``path``; a manifest of another shape is an InputError."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        manifest.check(written)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a manifest with `index` and `queries` ({error})") from error
    return manifest.match_manifest(path, bars.show)


def _as_json(file: Path, answer: LookUpAnswer) -> dict[str, Any]:
    return {
        "file": str(file),
        "answer": answer.kind,
        "reason": answer.reason,
        "searched": {
            "files": answer.searched.assets,
            "channels": answer.searched.channels,
            "since": answer.searched.since.isoformat() if answer.searched.since else None,
        },
        "hits": [_hit(hit) for hit in answer.hits],
        "text": _words(file, answer),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    seen = hit.earliest
    return {
        "footage": footage_label(hit.footage_id),
        "relation": hit.relation,
        "certain": hit.certain,
        "strength": round(hit.strength, 3),
        "mirrored": hit.mirrored,
        "spans": [list(span) for span in hit.spans],
        "earliest": {
            "channel": seen.channel.username or seen.channel.title,
            "message_id": seen.sighting.message_id,
            "posted_at": seen.sighting.posted_at.isoformat(),
            "link": post_link(seen.channel.channel_id, seen.sighting.message_id, seen.channel.username),
        },
        "best_copy": copy_told(hit.best),
    }


def _words(file: Path, answer: LookUpAnswer) -> str:
    searched = answer.searched
    since = f" since {searched.since:%d %b %Y}" if searched.since else ""
    scope = f"{searched.assets} files of {searched.channels} channels{since}"
    match answer.kind:
        case "unreadable":
            return f"{file}: can't be read: {answer.reason}"
        case "plain":
            return f"{file}: too plain to judge: {answer.reason}"
        case "not_seen":
            return f"{file}: not seen here (searched {scope})"
        case "seen" | "part":
            head = "SEEN" if answer.kind == "seen" else "PART SEEN"
            return "\n".join([f"{file}: {head} (searched {scope})", *(f"  {_line(hit)}" for hit in answer.hits)])


def _line(hit: Hit) -> str:
    seen = hit.earliest
    sure = "" if hit.certain else "possibly "
    where = seen.channel.title or seen.channel.username
    link = post_link(seen.channel.channel_id, seen.sighting.message_id, seen.channel.username)
    line = (
        f"{sure}{hit.relation.replace('_', ' ')} of {footage_label(hit.footage_id)}, earliest we hold: {where}, "
        f"{seen.sighting.posted_at:%d %b %Y %H:%M} UTC {link}".rstrip()
    )
    if hit.best is None or hit.best.of < 2:
        return line
    best, why = hit.best.seen, hit.best.best.why
    link = post_link(best.channel.channel_id, best.sighting.message_id, best.channel.username)
    where = best.channel.title or best.channel.username
    return f"{line}\n    best copy held: {where} ({why}) {link}".rstrip()
