"""A plain folder of files as a channel: each file a post, dated by its name or its time of change."""

import hashlib
import mimetypes
import re
from datetime import UTC, datetime
from pathlib import Path

from collectors.desktop import Item
from collectors.media import kind_of_mime
from core.errors import InputError
from core.ids import named_channel_id
from core.model import Channel, MediaKind, MediaRef, Post

_DATE = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)[-_.]?(?P<month>[01]\d)[-_.]?(?P<day>[0-3]\d)"
    r"(?:[T _@-]{1,3}(?P<hour>[0-2]\d)[-_.:h]?(?P<minute>[0-5]\d)(?:[-_.:m]?(?P<second>[0-5]\d))?)?(?!\d)"
)
_ID_BITS = 52


def folder_channel(path: Path, name: str | None = None) -> Channel:
    """The channel that a folder becomes: called ``name`` or as the folder is, numbered by that name."""
    title = name or path.resolve().name
    return Channel(named_channel_id(title), title)


def read_folder(path: Path, channel: Channel) -> list[Item]:
    """Every file under ``path`` as a post, oldest first; hidden files and links to elsewhere are passed over.

    A post is numbered by the place and name of its file, so that importing again adds only new files.
    """
    if not path.is_dir():
        raise InputError(f"{path}: no such folder")
    files = [file for file in sorted(path.rglob("*")) if _is_ours(file, path)]
    if not files:
        raise InputError(f"{path}: holds no file")
    return sorted((_item(file, path, channel) for file in files), key=lambda item: item.post.posted_at)


def _is_ours(file: Path, root: Path) -> bool:
    inside = file.relative_to(root)
    if any(part.startswith(".") for part in inside.parts):
        return False
    folders = [root / parent for parent in inside.parents if parent != Path()]
    return not any(one.is_symlink() for one in (file, *folders)) and file.is_file() and file.stat().st_size > 0


def _item(file: Path, root: Path, channel: Channel) -> Item:
    name = file.relative_to(root).as_posix()
    facts = file.stat()
    mime = mimetypes.guess_type(file.name)[0] or ""
    kind = kind_of_mime(mime)
    ref = MediaRef("media", kind, size=facts.st_size, mime=mime, name=file.name)
    posted_at = date_in(file.name) or datetime.fromtimestamp(int(facts.st_mtime), UTC)
    post = Post(channel.channel_id, _number(name), posted_at, text=name, media=(ref,), raw=name.encode())
    return Item(post, str(kind) if kind is not MediaKind.DOCUMENT else "document", file)


def _number(name: str) -> int:
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return (int.from_bytes(digest[:8], "big") >> (64 - _ID_BITS)) + 1


def date_in(name: str) -> datetime | None:
    """The date, perhaps with a time, in a file's name; taken as UTC. Nothing when there is none or no such day."""
    found = _DATE.search(name)
    if found is None:
        return None
    parts = [int(found[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")]
    try:
        return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc] # six numbers
    except ValueError:
        return None
