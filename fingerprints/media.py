"""What a file is, how much of the machine its reading may take, and how that ended."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self

from core.errors import Unreadable


class MediaClass(StrEnum):
    """What a file is by its content, whatever it is called."""

    PHOTO = "photo"
    VIDEO = "video"
    SOUND = "sound"


class Verdict(StrEnum):
    """How the reading of a file ended."""

    OK = "ok"
    PARTIAL = "partial"  # a usable part of it was read
    REFUSED = "refused"  # nothing of it can or may be read
    KILLED = "killed"  # it took more than its limits allow


class Refused(Unreadable):
    """A file that is not read, with the reason in words that a member understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much the reading of one file may take. The kernel holds the first four, the decoder the rest.

    ``threads`` are the decoder's own, ``frames`` those sampled from a video, ``sound_seconds`` those kept of its
    sound, ``answer_bytes`` what a task may return.
    """

    memory: int = 1_500_000_000
    photo_cpu: float = 10.0
    video_cpu: float = 60.0
    wall_factor: float = 3.0
    wall_spare: float = 10.0
    pixels: int = 50_000_000
    side: int = 20_000
    streams: int = 64
    frames: int = 1_200
    sound_seconds: float = 600.0
    threads: int = 2
    answer_bytes: int = 64_000_000

    def as_json(self) -> dict[str, float]:
        """The limits as they travel to the process that decodes."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, float]) -> Self:
        """The limits as ``as_json`` wrote them."""
        return cls(**fields)  # type: ignore[arg-type]  # integers stay integers in JSON
