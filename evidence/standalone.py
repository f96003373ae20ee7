#!/usr/bin/env python3
"""Checks this bag with nothing but Python 3.8 or newer: python3 verify.py [NUMBER:HASH].

Checked are: every file against both manifests, and that there is none beside them; the chain of the custody log from
the first entry that is shown to its head; each file and each wording of a post against the entry that tells of its
arrival; and, when given, that the head which you know from elsewhere is in the chain. Exit code 0: all is as it was
when the bag was made. 1: it is not, and each line says what.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import sys
from typing import Any, Iterator

ROOT = pathlib.Path(__file__).resolve().parent


def digest(path: pathlib.Path, algorithm: str) -> str:
    """The hash of a file, read in pieces."""
    found = hashlib.new(algorithm)
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            found.update(chunk)
    return found.hexdigest()


def listed(name: str) -> dict[str, str]:
    """The lines of a manifest: path -> hash."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {path: said for said, path in (line.split(None, 1) for line in lines)}


def check_manifests() -> Iterator[str]:
    """Every listed file is there with its hash; no other file is."""
    for name, algorithm in (
        ("tagmanifest-sha256", "sha256"),
        ("manifest-sha256", "sha256"),
        ("manifest-sha512", "sha512"),
    ):
        for path, said in listed(name + ".txt").items():
            if not (ROOT / path).is_file():
                yield path + ": is missing"
            elif digest(ROOT / path, algorithm) != said:
                yield path + ": was changed (" + algorithm + ")"
    known = {*listed("manifest-sha256.txt"), *listed("tagmanifest-sha256.txt"), "tagmanifest-sha256.txt"}
    for place in sorted(ROOT.rglob("*")):
        if not place.is_dir() and place.relative_to(ROOT).as_posix() not in known:
            yield str(place.relative_to(ROOT)) + ": is not part of the bag"


def check_chain(expected: str) -> Iterator[str]:
    """Each line of the log follows from the one before; the entries that are shown say what their seal says."""
    before: dict[str, Any] | None = None
    heads: dict[int, str] = {}
    found: dict[tuple[str, int], set[str]] = {}
    for text in (ROOT / "data" / "custody.jsonl").read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        body = line.get("body")
        where, start = "custody entry " + str(line["seq"]), bytes.fromhex(line["prev"])
        if line.get("unsealed"):
            rest = b"\0" + start + body.encode()
        elif body is not None:
            rest = b"\1" + start + hashlib.sha256(body.encode()).digest()
        else:
            rest = b"\1" + start + bytes.fromhex(line.get("seal", ""))
        # Of entries of the log's first version, which had no seals, only number and hash can be shown.
        if not line.get("gap") and hashlib.sha256(rest).hexdigest() != line["hash"]:
            yield where + ": its hash is wrong"
        if before is not None and (before["seq"] + 1, before["hash"]) != (line["seq"], line["prev"]):
            yield where + ": does not follow from the one before it"
        if body is not None:
            entry = json.loads(body)
            detail = entry["detail"]
            version = detail.get("version", 1)
            for what in {"raw", "sha256"} & set(detail):
                found.setdefault((entry["subject"], version), set()).add(detail[what])
        before, heads[line["seq"]] = line, line["hash"]
    if expected and heads.get(int(expected.split(":", maxsplit=1)[0])) != expected.split(":")[1].strip().lower():
        yield "the head that you gave is not in this chain"
    for item in json.loads((ROOT / "data" / "index.json").read_text(encoding="utf-8"))["items"]:
        said = found.get((item["subject"], item["version"]), set())
        if item["sha256"] not in said or digest(ROOT / item["path"], "sha256") != item["sha256"]:
            yield item["path"] + ": is not what the custody log says of " + item["subject"]


if __name__ == "__main__":
    problems = list(check_manifests())
    try:
        problems += check_chain(sys.argv[1] if len(sys.argv) > 1 else "")
    except (OSError, ValueError, KeyError, IndexError) as error:
        problems.append("the custody log can't be read: " + repr(error))
    print("\n".join(problems) or "All is as it was when this bag was made.")
    sys.exit(1 if problems else 0)
