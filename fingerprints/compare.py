"""Two sets of fingerprints → one Match or nothing: the slow, obvious reference that every index must agree with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from core.model import Fingerprint
from fingerprints import compare_frame, compare_photo, compare_sound, compare_video, photo, sound, video
from fingerprints.gallery import Gallery
from fingerprints.matching import Match, Span, flip
from fingerprints.versions import BYTES, comparable

__all__ = ["Match", "Prints", "Span", "compare", "flip"]


@dataclass(frozen=True)
class Prints:
    """Fingerprints by kind, of versions that can be compared, unpacked when asked for."""

    by_kind: dict[str, Fingerprint]

    @classmethod
    def of(cls, fingerprints: Sequence[Fingerprint]) -> "Prints":
        """The fingerprints of one asset."""
        return cls(comparable(fingerprints))

    @cached_property
    def picture(self) -> photo.Picture | None:
        """A photo with its panels."""
        kinds = [self.by_kind.get(kind) for kind in (photo.PDQ, photo.ORB, photo.LOOK)]
        payloads = [one.payload for one in kinds if one is not None]
        return photo.unpack(*payloads) if len(payloads) == len(kinds) else None

    @cached_property
    def frames(self) -> video.Frames | None:
        """The frames of a video."""
        one = self.by_kind.get(video.FRAMES)
        return video.unpack(one.payload) if one else None

    @cached_property
    def points(self) -> video.Points:
        """The features of a video's frames."""
        one = self.by_kind.get(video.ORB)
        return video.unpack_points(one.payload) if one else video.Points(Gallery(()), Gallery(()))

    @cached_property
    def codes(self) -> sound.Codes | None:
        """The sub-fingerprints of sound that is not too plain."""
        one = self.by_kind.get(sound.CODES)
        return sound.unpack(one.payload) if one else None

    @cached_property
    def pitched(self) -> tuple[sound.Codes, ...]:
        """The same at other pitches."""
        one = self.by_kind.get(sound.PITCHED)
        return sound.unpack_pitched(one.payload) if one else ()

    @property
    def digest(self) -> bytes:
        """The hash of the file itself."""
        one = self.by_kind.get(BYTES)
        return one.payload if one else b""


def compare(query: Sequence[Fingerprint], reference: Sequence[Fingerprint]) -> Match | None:
    """How the query is a copy of the reference, if it is."""
    return compare_prints(Prints.of(query), Prints.of(reference))


def compare_prints(query: Prints, reference: Prints) -> Match | None:
    """The same of unpacked fingerprints: pictures first, then whether the sound is alike too."""
    picture = _picture(query, reference)
    heard = _sound(query, reference)
    if query.digest and query.digest == reference.digest and (picture or heard):
        return replace(
            picture or heard or Match("", True, 1.0, ""),
            relation="identical",
            certain=True,
            strength=1.0,
            evidence="bytes",
        )
    if picture is None:
        return heard
    return replace(picture, sound=heard is not None and heard.certain)


def _picture(query: Prints, reference: Prints) -> Match | None:
    if query.frames is not None and reference.frames is not None:
        return compare_video.compare(query.frames, reference.frames, query.points, reference.points)
    if query.picture is not None:
        if reference.picture is not None:
            return compare_photo.compare(query.picture, reference.picture)
        if reference.frames is not None:
            return compare_frame.compare(query.picture, reference.frames, reference.points)
    if query.frames is not None and reference.picture is not None:
        found = compare_frame.compare(reference.picture, query.frames, query.points)
        return flip(found) if found else None
    return None


def _sound(query: Prints, reference: Prints) -> Match | None:
    if query.codes is None or reference.codes is None:
        return None
    found = compare_sound.compare(query.codes, reference.codes, query.pitched)
    pictures = query.frames is not None or reference.frames is not None
    return replace(found, relation="audio") if found and pictures else found
