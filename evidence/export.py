"""A case as a bag: originals, posts as received, the custody log, tables, maps, the report and a verifier."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from core.model import Asset, MediaRef
from evidence import report, tables
from evidence.bag import Bag, new_bag
from evidence.case import Case, Wanted, entry_of, gather, subjects
from evidence.report import CustodyLine
from pipeline.proofs import Picture, Proofs
from storage import custody
from storage.database import Reader
from storage.opening import Store

Emit = Callable[[str, int, int], Awaitable[None]]
_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/x-wav": ".wav",
}
_README = """\
This is a BagIt bag (RFC 8493), made by firstseen.

data/report.html      the case on one page; it opens in any browser and asks the network for nothing
data/files/           the files as they came, named by their SHA-256
data/posts/           the posts as they came: Telegram's own bytes (.tl, with their layer in posts.jsonl) or JSON
data/pictures/        frames and comparisons drawn by firstseen: working copies, no evidence
data/sightings.csv    which file was seen in which post; the same as .jsonl
data/places.geojson   places that the team gave; the same as .kml
data/custody.jsonl    the custody log up to its head: entries about this case in full, of all others their seals
verify.py             checks all of it:  python3 verify.py

Files from strangers can be hostile: open them on a machine that may be harmed.
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished bag: what it holds, what was missing, and the hash that stands for all of it."""

    path: Path
    footage: int
    posts: int
    files: int
    missing: tuple[str, ...]
    manifest: str
    head: tuple[int, str]


async def export(
    store: Store, proofs: Proofs, wanted: Wanted, target: Path, emit: Emit, *, title: str, program: str
) -> Exported:
    """Write the bag to the new folder ``target``; an InputError when nothing is held or something is there."""
    with new_bag(target) as bag:
        async with store.database.reader() as reader:
            case = await gather(reader, wanted, title, store.clock.now())
            shown = await _write_custody(reader, bag, case)
        items, missing = await _write_files(store, bag, case, emit)
        items += _write_posts(bag, case)
        pictures = await _write_pictures(store, proofs, bag, case, emit)
        _write_tables(bag, case, [item for item in items if shown.covers(item)])
        bag.add("report.html", report.render(case, pictures, shown.lines, program).encode())
        tags = (
            ("Source-Organization", "firstseen desk"),
            ("External-Description", title),
            ("Bagging-Software", f"firstseen {program}"),
            ("Custody-Head", f"{case.head[0]}:{case.head[1]}"),
        )
        extras = {"verify.py": _standalone(), "README.txt": _README.encode()}
        manifest = await asyncio.to_thread(bag.close, tags, extras, case.made_at)
    return Exported(
        target, len(case.footage), len(case.posts), len(case.files) - len(missing), missing, manifest, case.head
    )


class _Shown:
    """The custody entries that a bag shows in full."""

    def __init__(self) -> None:
        self.lines: list[CustodyLine] = []
        self._digests: set[tuple[str, int, str]] = set()

    def take(self, entry: Mapping[str, Any]) -> None:
        """Note an entry for the report, and which bytes it speaks of."""
        detail = entry["detail"]
        words = ", ".join(f"{key} {value}" for key, value in detail.items() if value not in (None, ""))
        self.lines.append(
            CustodyLine(entry["seq"], entry["at"], entry["actor"]["name"], entry["action"], entry["subject"], words)
        )
        for what in ("raw", "sha256"):
            if digest := detail.get(what):
                self._digests.add((entry["subject"], detail.get("version", 1), digest))

    def covers(self, item: Mapping[str, Any]) -> bool:
        """Whether an entry has the hash of these bytes; entries of older versions of firstseen had none for posts."""
        return (item["subject"], item["version"], item["sha256"]) in self._digests


async def _write_custody(reader: Reader, bag: Bag, case: Case) -> _Shown:
    """From the first entry about the case to the head: those about it in full, of the others what the chain needs."""
    shown, about = _Shown(), subjects(case)
    lines = [line async for line in _custody_lines(reader, about, shown)]
    bag.add_lines("custody.jsonl", lines)
    return shown


async def _custody_lines(reader: Reader, about: frozenset[str], shown: _Shown) -> AsyncIterator[str]:
    async for rows in custody.batches(reader):
        for row in rows:
            entry = entry_of(row["body"], about)
            line = {"seq": row["seq"], "prev": row["prev"], "hash": row["hash"]}
            unsealed = custody.is_unsealed(row["body"])
            if entry is not None:
                shown.take(entry)
                yield json.dumps({**line, "body": row["body"], "unsealed": unsealed}, ensure_ascii=False)
            elif shown.lines and unsealed:
                yield json.dumps({**line, "gap": True})
            elif shown.lines:
                yield json.dumps({**line, "seal": custody.seal(row["body"])})


async def _write_files(store: Store, bag: Bag, case: Case, emit: Emit) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Copy every file that is held; the list of them, and the hashes of those that are not there."""
    items, missing = [], []
    for number, (asset, ref) in enumerate(case.files):
        await emit("copying files", number, len(case.files))
        path = store.vault.path(asset.sha256)
        if not path.is_file():
            missing.append(asset.sha256)
            continue
        name = f"files/{asset.sha256}{_suffix(asset, ref)}"
        await asyncio.to_thread(bag.copy, name, path, asset.sha256)
        items.append(_item(f"asset/{asset.asset_id}", 1, asset.sha256, name))
    return items, tuple(missing)


def _suffix(asset: Asset, ref: MediaRef | None) -> str:
    """An ending by the announced media type, from a list of ours: names from outside stay outside."""
    return _SUFFIXES.get(ref.mime, ".bin") if ref is not None and asset.verdict in {"ok", "partial"} else ".bin"


def _write_posts(bag: Bag, case: Case) -> list[dict[str, Any]]:
    items = []
    for post in case.posts:
        for wording in post.wordings:
            name = tables.post_path(post, wording.version, wording.raw_layer)
            items.append(_item(f"post/{post.key}", wording.version, bag.add(name, wording.raw), name))
    return items


def _item(subject: str, version: int, sha256: str, name: str) -> dict[str, Any]:
    return {"subject": subject, "version": version, "sha256": sha256, "path": f"data/{name}"}


async def _picture(store: Store, proofs: Proofs, footage_id: int, sighting_id: int) -> Picture | None:
    drawing = await proofs.plan(footage_id, sighting_id)
    if drawing is None or not all(store.vault.has(asset.sha256) for asset in drawing.assets):
        return None
    return await proofs.draw(drawing)


async def _write_pictures(store: Store, proofs: Proofs, bag: Bag, case: Case, emit: Emit) -> dict[str, bytes]:
    """For each file the picture of its card: frames, or a comparison with the earliest copy."""
    drawn: dict[str, bytes] = {}
    for number, one in enumerate(case.footage):
        await emit("drawing pictures", number, len(case.footage))
        for copy in one.copies:
            sha256 = copy.seen.asset.sha256
            if sha256 in drawn:
                continue
            if picture := await _picture(store, proofs, one.footage_id, copy.seen.sighting.sighting_id):
                drawn[sha256] = picture.content
                ending = "png" if picture.content.startswith(b"\x89PNG") else "jpg"
                bag.add(f"pictures/{sha256}.{ending}", picture.content)
    return drawn


def _write_tables(bag: Bag, case: Case, items: list[dict[str, Any]]) -> None:
    bag.add("sightings.csv", tables.sightings_csv(case).encode())
    bag.add_lines("sightings.jsonl", tables.json_lines(tables.sighting_rows(case)))
    bag.add_lines("posts.jsonl", tables.json_lines(tables.post_rows(case)))
    bag.add("places.geojson", tables.geojson(case).encode())
    bag.add("places.kml", tables.kml(case).encode())
    bag.add("index.json", json.dumps({"items": items}, indent=1).encode())


def _standalone() -> bytes:
    return (resources.files("evidence") / "standalone.py").read_bytes()
