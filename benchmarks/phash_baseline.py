"""What most bots do, for comparison: pHash of a photo, and of a video's middle frame; alike at 8 bits or fewer of 64.

python -m benchmarks.phash_baseline BENCH/manifest.json > decisions.jsonl
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import av
import imagehash
from PIL import Image

NEAR = 8


def middle_frame(path: Path) -> Image.Image:
    """The frame in the middle of a video, by the clock."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = container.decode(stream)
        first = next(frames)
        half = (container.duration or 0) / av.time_base / 2 + (first.time or 0.0)
        middle = next((frame for frame in frames if (frame.time or 0.0) >= half), first)
        return Image.fromarray(middle.to_ndarray(format="rgb24"))


def phash(root: Path, entry: Mapping[str, str]) -> imagehash.ImageHash | None:
    """The hash of a manifest's entry; none for a sound."""
    if entry["kind"] == "photo":
        with Image.open(root / entry["path"]) as picture:
            return imagehash.phash(picture.convert("RGB"))
    return imagehash.phash(middle_frame(root / entry["path"])) if entry["kind"] == "video" else None


def main() -> None:
    path = Path(sys.argv[1])
    written = json.loads(path.read_text(encoding="utf-8"))
    held = [(entry, phash(path.parent, entry)) for entry in written["index"]]
    for query in written["queries"]:
        hashed = phash(path.parent, query)
        for entry, other in held:
            if hashed is None or other is None or entry["kind"] != query["kind"] or hashed - other > NEAR:
                continue
            strength = 1 - (hashed - other) / 64
            print(json.dumps({"query": query["qid"], "match": entry["id"], "score": strength}))


if __name__ == "__main__":
    main()
