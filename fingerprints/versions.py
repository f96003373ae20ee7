"""Which version of each kind of fingerprint is made now, and which older ones are still compared with it.

Whoever changes how a kind is made raises its ``VERSION`` (the kinds of one reader share it) and decides here what
older ones are worth: as long as today's code unpacks a version and its distances mean the same, ``oldest`` stays, and
an archive is found whole while ``firstseen refingerprint`` works through it. A version below ``oldest``, or made by a
later program, is left in the database and left out of every comparison.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.model import Fingerprint
from fingerprints import photo, sound, video

BYTES = "file.sha256"


@dataclass(frozen=True, slots=True)
class Standing:
    """The version that is made now, and the oldest that is compared with it as it lies in the database."""

    present: int
    oldest: int

    def compares(self, version: int) -> bool:
        """Whether a fingerprint of this version takes part in comparisons."""
        return self.oldest <= version <= self.present


# 2: borders are found by samples and all greys of a picture are made once; hashes move by a bit or two.
_PHOTO = Standing(photo.VERSION, oldest=1)
_VIDEO = Standing(video.VERSION, oldest=1)
_SOUND = Standing(sound.VERSION, oldest=1)
KINDS: Mapping[str, Standing] = {
    photo.PDQ: _PHOTO,
    photo.ORB: _PHOTO,
    photo.LOOK: _PHOTO,
    video.FRAMES: _VIDEO,
    video.ORB: _VIDEO,
    sound.CODES: _SOUND,
    sound.PITCHED: _SOUND,
    BYTES: Standing(1, oldest=1),
}
PRESENT: Mapping[str, int] = {kind: standing.present for kind, standing in KINDS.items()}


def comparable(prints: Iterable[Fingerprint]) -> dict[str, Fingerprint]:
    """Per kind the newest fingerprint that today's code compares; kinds without one are left out."""
    known = (one for one in prints if one.kind in KINDS and KINDS[one.kind].compares(one.version))
    return {one.kind: one for one in sorted(known, key=lambda one: one.version)}
