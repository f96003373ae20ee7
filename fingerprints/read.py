"""A file's bytes → its fingerprints and what else a card says of it."""

import hashlib
import io
import json
import os
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import Unreadable
from core.model import Fingerprint
from fingerprints import decode, photo, sound, video
from fingerprints.media import Limits, MediaClass, Refused
from fingerprints.versions import BYTES, PRESENT

MOST_PRINTS, MOST_PAYLOAD = 64, 128_000_000
FEW_LIVELY = 0.2  # share of frames that show something, below which a video is plain


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a file. ``plain``: too plain to judge, and why. ``phash`` is imagehash's, for people."""

    media: MediaClass
    width: int | None
    height: int | None
    duration: float | None
    has_sound: bool
    plain: bool
    plain_reason: str
    fingerprints: tuple[Fingerprint, ...]
    phash: str
    missing: str = ""


def read_fingerprints(fd: int, limits: Limits) -> Reading:
    """Decode a file wholly and fingerprint it; Refused when it can't be read."""
    media = decode.sniff(fd, limits)
    if media is None:
        raise Refused("an empty file" if os.fstat(fd).st_size == 0 else "not a picture, video or sound that is read")
    reader = {MediaClass.PHOTO: _photo, MediaClass.VIDEO: _video, MediaClass.SOUND: _sound}[media]
    return reader(fd, limits)


def _photo(fd: int, limits: Limits) -> Reading:
    picture = decode.picture(fd, limits)
    prints, reason = photo.fingerprints(picture.rgb)
    return Reading(
        MediaClass.PHOTO,
        picture.width,
        picture.height,
        None,
        has_sound=False,
        plain=bool(reason),
        plain_reason=reason,
        fingerprints=_with_bytes(fd, prints),
        phash=photo.phash(picture.rgb),
        missing=picture.missing,
    )


def _video(fd: int, limits: Limits) -> Reading:
    with decode.video(fd, limits, rate=video.RATE, with_sound_rate=sound.RATE) as stream:
        frames = [frame.rgb for frame in stream]
        heard = stream.sound() if stream.has_sound else None
        prints, lively = video.fingerprints(frames)
        kept = prints if lively >= FEW_LIVELY else ()
        sounds = _sound_prints(heard.samples)[0] if heard is not None else ()
        plain = not kept and not sounds
        return Reading(
            MediaClass.VIDEO,
            stream.width,
            stream.height,
            stream.duration,
            has_sound=stream.has_sound,
            plain=plain,
            plain_reason="too little to see or hear" if plain else "",
            fingerprints=_with_bytes(fd, (*kept, *sounds)),
            phash=photo.phash(frames[len(frames) // 2]),
            missing=stream.missing,
        )


def _sound(fd: int, limits: Limits) -> Reading:
    heard = decode.sound(fd, limits, rate=sound.RATE)
    prints, reason = _sound_prints(heard.samples)
    return Reading(
        MediaClass.SOUND,
        None,
        None,
        heard.duration,
        has_sound=True,
        plain=bool(reason),
        plain_reason=reason,
        fingerprints=_with_bytes(fd, prints),
        phash="",
        missing=heard.missing,
    )


def _sound_prints(samples: NDArray[np.float32]) -> tuple[tuple[Fingerprint, ...], str]:
    prints = sound.fingerprints(samples)
    return prints, "" if prints else "silence, a steady noise, or too short to tell"


def _with_bytes(fd: int, prints: tuple[Fingerprint, ...]) -> tuple[Fingerprint, ...]:
    """Fingerprints with the hash of the file, which is worth something only beside them."""
    if not prints:
        return ()
    digest = hashlib.sha256()
    os.lseek(fd, 0, os.SEEK_SET)
    while chunk := os.read(fd, 1 << 20):
        digest.update(chunk)
    return (*prints, Fingerprint(BYTES, PRESENT[BYTES], digest.digest(), 1.0))


def encode(reading: Reading) -> bytes:
    """A reading as bytes: JSON with the lengths of the payloads, then the payloads."""
    head = {
        "media": str(reading.media),
        "width": reading.width,
        "height": reading.height,
        "duration": reading.duration,
        "has_sound": reading.has_sound,
        "plain": reading.plain,
        "plain_reason": reading.plain_reason,
        "phash": reading.phash,
        "missing": reading.missing,
        "prints": [[one.kind, one.version, one.quality, len(one.payload)] for one in reading.fingerprints],
    }
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + b"".join(one.payload for one in reading.fingerprints)


def decode_reading(packed: bytes) -> Reading:
    """A reading as ``encode`` wrote it; Unreadable for anything else."""
    try:
        (length,) = struct.unpack_from("<I", packed)
        head = json.loads(packed[4 : 4 + length])
        rest = io.BytesIO(packed[4 + length :])
        prints = tuple(_print(rest, *row) for row in head.pop("prints"))
        reading = Reading(**{**head, "media": MediaClass(head["media"])}, fingerprints=prints)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"the decoder's answer can't be read ({error})") from error
    if len(prints) > MOST_PRINTS or rest.read(1):
        raise Unreadable("the decoder's answer can't be read (more than was announced)")
    return reading


def _print(rest: io.BytesIO, kind: str, version: int, quality: float, size: int) -> Fingerprint:
    if not 0 <= size <= MOST_PAYLOAD:
        raise ValueError(f"a payload of {size} bytes")
    payload = rest.read(size)
    if len(payload) != size:
        raise ValueError("less than was announced")
    return Fingerprint(kind, version, payload, quality)
