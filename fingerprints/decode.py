"""Picture, frames and sound out of hostile files, with limits.

Everything here is to run in the process that ``fingerprints.child`` confines; benchmarks may call it directly.
All take a descriptor open for reading and never a name, and refuse by ``Refused`` with the reason in words.
"""

import os

from fingerprints import containers
from fingerprints.media import Limits, MediaClass, Refused
from fingerprints.stills import Picture, open_image, picture
from fingerprints.streams import Frame, Sound, VideoStream, frame_at, sound, video

__all__ = [
    "Frame",
    "Limits",
    "MediaClass",
    "Picture",
    "Refused",
    "Sound",
    "VideoStream",
    "frame_at",
    "is_still",
    "picture",
    "sniff",
    "sound",
    "video",
]

_SOUND_ONLY = frozenset({"wav", "flac", "mp3", "aac", "amr"})


def is_still(head: bytes) -> bool:
    """Whether a file that starts with ``head`` can only be a still picture; decodes nothing."""
    return head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def sniff(fd: int, limits: Limits | None = None) -> MediaClass | None:
    """What a file is by its content; nothing for what is never read, Refused for a container that can't be opened."""
    limits = limits or Limits()
    head = os.pread(fd, 4096, 0)
    if is_still(head):
        return MediaClass.PHOTO
    name = containers.demuxer(head)
    if name is None:
        return None
    if name in _SOUND_ONLY:
        return MediaClass.SOUND
    return _animation(fd, limits) if name == "gif" else _tracks(fd, limits)


def _animation(fd: int, limits: Limits) -> MediaClass:
    """A GIF is a video from its second frame on; looking for that one skips the pixels of the first."""
    with open_image(fd, limits) as image:
        return MediaClass.VIDEO if getattr(image, "is_animated", False) else MediaClass.PHOTO


def _tracks(fd: int, limits: Limits) -> MediaClass | None:
    with containers.opened(fd, limits) as container:
        if containers.picture_stream(container):
            return MediaClass.VIDEO
        return MediaClass.SOUND if containers.sound_stream(container) else None
