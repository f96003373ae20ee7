"""Two sets of fingerprints → one Match or nothing: the slow, obvious reference that every index must agree with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.model import Fingerprint
from fingerprints import compare_photo, compare_sound, compare_video, features, pdq, photo, sound, video
from fingerprints.compare_video import EQUAL_PIECES, LIKELY
from fingerprints.features import Features
from fingerprints.matching import Match, Span, flip

BYTES = "file.sha256"

__all__ = ["Match", "Prints", "Span", "compare", "flip"]


@dataclass(frozen=True)
class Prints:
    """Fingerprints by kind, unpacked when asked for."""

    by_kind: dict[str, Fingerprint]

    @classmethod
    def of(cls, fingerprints: Sequence[Fingerprint]) -> "Prints":
        """The fingerprints of one asset."""
        return cls({one.kind: one for one in fingerprints})

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
        return video.unpack_points(one.payload) if one else video.Points((), ())

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
            return _frame(query.picture.views[0].hashes, query.picture.views[0].features, reference)
    if query.frames is not None and reference.picture is not None:
        view = reference.picture.views[0]
        found = _frame(view.hashes, view.features, query)
        return flip(found) if found else None
    return None


def _frame(hashes: pdq.Hashes, points: tuple[Features, Features], reference: Prints) -> Match | None:
    """A picture taken from a video: the frame nearest to it, by its hashes or by the features of one a second."""
    frames = reference.frames
    if frames is None:
        return None
    bits = pdq.distances(hashes, frames.hashes)
    variant, place = (int(one) for one in np.unravel_index(np.argmin(bits), bits.shape))
    if bits[variant, place] <= compare_photo.CLOSE:
        second = place * video.PDQ_EVERY / video.RATE
        strength = 1 - float(bits[variant, place]) / pdq.BITS
        return _still("pdq", strength, second, certain=True, mirrored=variant in pdq.MIRRORS)
    best: tuple[int, int, bool] | None = None
    for mirrored, mine in enumerate(points):
        for _, number in features.likely_pairs((mine,), reference.points.upright, LIKELY, EQUAL_PIECES):
            aligned = features.align(mine, reference.points.upright[number])
            if aligned is not None and (best is None or aligned.inliers > best[0]):
                best = (aligned.inliers, number, bool(mirrored))
    if best is None or best[0] < compare_photo.MAYBE:
        return None
    second = best[1] * video.ORB_EVERY / video.RATE
    strength = min(1.0, 0.5 + best[0] / 200)
    return _still("orb", strength, second, certain=best[0] >= compare_photo.SURE, mirrored=best[2])


def _still(evidence: str, strength: float, second: float, *, certain: bool, mirrored: bool) -> Match:
    return Match("frame", certain, strength, evidence, mirrored, (Span(0.0, second, 0.0),))


def _sound(query: Prints, reference: Prints) -> Match | None:
    if query.codes is None or reference.codes is None:
        return None
    found = compare_sound.compare(query.codes, reference.codes, query.pitched)
    pictures = query.frames is not None or reference.frames is not None
    return replace(found, relation="audio") if found and pictures else found
