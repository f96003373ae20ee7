"""The two names the Bot API gives a file: one to use it by, a bot's own; one to know it by, the same for every bot."""

import base64
import hashlib
from dataclasses import dataclass

from loopback.faults import ApiError
from loopback.nouns import File, Size

WRONG_ID = "Bad Request: wrong file identifier/HTTP URL specified"


@dataclass(frozen=True)
class Stored:
    """A file, or one of the smaller pictures kept with it."""

    file: File
    size: Size | None = None

    @property
    def content(self) -> bytes:
        """The bytes a download gives."""
        return self.file.content if self.size is None else self.size.content

    @property
    def length(self) -> int:
        """What Telegram says of its length."""
        return self.file.size if self.size is None else len(self.size.content)


class FileBook:
    """Remembers which file every given id stands for, per bot, and equal uploads as one file."""

    def __init__(self) -> None:
        self._given: dict[tuple[int, str], Stored] = {}
        self._paths: dict[tuple[int, str], Stored] = {}
        self._uploads: dict[tuple[str, str, str], File] = {}

    def unique_id(self, stored: Stored) -> str:
        """The name that is the same for all bots and for ever."""
        return "AQAD" + _word(f"{stored.file.id}{_letter(stored)}", 8)

    def file_id(self, bot_id: int, stored: Stored) -> str:
        """The name by which one bot may send or load the file."""
        name = "AgACAgIAAx" + _word(f"{bot_id}:{stored.file.id}{_letter(stored)}", 40)
        self._given[bot_id, name] = stored
        return name

    def find(self, bot_id: int, file_id: str) -> Stored:
        """What an id stands for; another bot's id is as wrong as an invented one."""
        found = self._given.get((bot_id, file_id))
        if found is None:
            raise ApiError(400, WRONG_ID)
        return found

    def path(self, bot_id: int, stored: Stored, folder: str) -> str:
        """Where the bot may load the file from."""
        ending = "jpg" if stored.size or stored.file.kind == "photo" else _ending(stored.file)
        path = f"{folder}/file_{_word(f'{stored.file.id}{_letter(stored)}', 6).encode().hex()}.{ending}"
        self._paths[bot_id, path] = stored
        return path

    def at(self, bot_id: int, path: str) -> Stored | None:
        """The file under a path given out before."""
        return self._paths.get((bot_id, path))

    def known(self, content: bytes, sort: str, name: str) -> File | None:
        """The file an equal upload made before."""
        return self._uploads.get((hashlib.sha256(content).hexdigest(), sort, name))

    def keep(self, file: File, sort: str, name: str) -> File:
        """Remember an upload."""
        self._uploads[hashlib.sha256(file.content).hexdigest(), sort, name] = file
        return file


def _letter(stored: Stored) -> str:
    return "" if stored.size is None else stored.size.type


def _word(source: str, size: int) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(source.encode()).digest())[:size].decode()


def _ending(file: File) -> str:
    if "." in file.name:
        return file.name.rpartition(".")[2]
    return {"video/mp4": "mp4", "audio/ogg": "oga", "audio/mpeg": "mp3"}.get(file.mime, "bin")
