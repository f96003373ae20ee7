"""What a decoding process can be asked to do: the registry that ``fingerprints.child`` names tasks from.

A task is a function of descriptors, arguments and limits to a ``Product``. It runs confined: whatever it needs must
have been imported before, so import at the top of a module and let ``warm_up`` run every path once.
"""

import contextlib
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import av
import numpy as np
from PIL import Image

from fingerprints import decode, proof, proof_sound, read
from fingerprints.matching import Match
from fingerprints.media import Limits, MediaClass, Refused
from fingerprints.stills import FORMATS, Pixels
from fingerprints.streams import SOUND_RATE
from fingerprints.wire import JSON


@dataclass(frozen=True, slots=True)
class Product:
    """What a task made; ``missing`` says in words what of the file was not read, and makes the verdict partial."""

    payload: bytes = b""
    facts: Mapping[str, JSON] = field(default_factory=dict)
    missing: str = ""


Task: TypeAlias = Callable[[Sequence[int], Mapping[str, JSON], Limits], Product]

_POSTER_SIDE = 640
_POSTER_QUALITY = 80
_POSTER_SECOND = 1.0


def known(fd: int, limits: Limits) -> MediaClass:
    """What a file is; Refused when it is nothing that is read."""
    found = decode.sniff(fd, limits)
    if found is None:
        raise Refused("an empty file" if os.fstat(fd).st_size == 0 else "not a picture, video or sound that is read")
    return found


def preview(fds: Sequence[int], arguments: Mapping[str, JSON], limits: Limits) -> Product:
    """A poster of a photo or video as JPEG, ``side`` pixels at most; a sound has none and gives an empty payload."""
    side = arguments.get("side", _POSTER_SIDE)
    assert isinstance(side, int)
    found = known(fds[0], limits)
    if found is MediaClass.SOUND:
        return Product(facts={"class": found})
    if found is MediaClass.PHOTO:
        picture = decode.picture(fds[0], limits, max_side=side)
        return Product(_jpeg(picture.rgb), {"class": found}, picture.missing)
    frame = decode.frame_at(fds[0], _POSTER_SECOND, limits, max_side=side)
    return Product(_jpeg(frame.rgb), {"class": found, "second": frame.second})


def describe(fds: Sequence[int], _: Mapping[str, JSON], limits: Limits) -> Product:
    """Everything a file holds, read to the end: class, sides, seconds, and whether there is sound."""
    found = known(fds[0], limits)
    if found is MediaClass.PHOTO:
        picture = decode.picture(fds[0], limits)
        sides: dict[str, JSON] = {"width": picture.width, "height": picture.height}
        return Product(facts={"class": found, **sides}, missing=picture.missing)
    if found is MediaClass.SOUND:
        sound = decode.sound(fds[0], limits)
        return Product(facts={"class": found, "duration": sound.duration}, missing=sound.missing)
    with decode.video(fds[0], limits, rate=1.0, with_sound_rate=SOUND_RATE) as stream:
        frames = sum(1 for _ in stream)
        facts: dict[str, JSON] = {"class": found, "width": stream.width, "height": stream.height, "frames": frames}
        return Product(facts={**facts, "duration": stream.duration, "sound": stream.has_sound}, missing=stream.missing)


def posture(_: Sequence[int], __: Mapping[str, JSON], ___: Limits) -> Product:
    """Nothing: the answer's layers are what is asked for."""
    return Product()


def fingerprint(fds: Sequence[int], _: Mapping[str, JSON], limits: Limits) -> Product:
    """A file's reading, packed by ``read.encode``."""
    reading = read.read_fingerprints(fds[0], limits)
    return Product(read.encode(reading), {"class": reading.media}, reading.missing)


def draw_proof(fds: Sequence[int], arguments: Mapping[str, JSON], limits: Limits) -> Product:
    """The picture that proves a ``match`` of two files, under two ``labels``; without a second file, a sheet."""
    if len(fds) < 2:
        return draw_sheet(fds, arguments, limits)
    match, labels = arguments["match"], arguments["labels"]
    assert isinstance(match, str)
    assert isinstance(labels, list)
    return Product(proof.compose(fds[0], fds[1], Match.from_json(match), [str(one) for one in labels], limits))


def draw_sheet(fds: Sequence[int], arguments: Mapping[str, JSON], limits: Limits) -> Product:
    """A contact sheet of one file under a ``label``."""
    return Product(proof.sheet(fds[0], str(arguments.get("label", "")), limits))


def draw_sound(fds: Sequence[int], arguments: Mapping[str, JSON], limits: Limits) -> Product:
    """The voice note that proves a ``match`` of two files; without a second file, how the first one begins."""
    if len(fds) < 2:
        if known(fds[0], limits) is MediaClass.PHOTO:
            return Product()
        return Product(proof_sound.encoded(proof_sound.stretch(fds[0], 0.0, proof_sound.SECONDS, limits)))
    match = arguments["match"]
    assert isinstance(match, str)
    return Product(proof_sound.compose(fds[0], fds[1], Match.from_json(match), limits))


TASKS: Mapping[str, Task] = {
    "describe": describe,
    "fingerprint": fingerprint,
    "posture": posture,
    "preview": preview,
    "proof": draw_proof,
    "sheet": draw_sheet,
    "sound": draw_sound,
}


def warm_up() -> None:
    """Run every task on every format once, so that what is loaded on first use is loaded before the fences stand."""
    for sample in _samples():
        with _in_memory(sample) as fd:
            for task in TASKS.values():
                task((fd,), {}, Limits())


def _jpeg(rgb: Pixels) -> bytes:
    written = io.BytesIO()
    Image.fromarray(rgb).save(written, "JPEG", quality=_POSTER_QUALITY)
    return written.getvalue()


def _samples() -> Iterator[bytes]:
    """A tiny file of each format whose reader loads something on first use."""
    shades = Image.linear_gradient("L").convert("RGB").resize((64, 64))
    for form in FORMATS:
        written = io.BytesIO()
        shades.save(written, form, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
        yield written.getvalue()
    yield _tiny_clip(shades)


def _tiny_clip(shades: Image.Image) -> bytes:
    """A few frames with a few milliseconds of sound."""
    written = io.BytesIO()
    with av.open(written, "w", format="matroska") as container:
        pictures = container.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for index in range(20):
            turned = np.asarray(shades.rotate(9 * index))
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(turned, format="rgb24")))
        container.mux(pictures.encode(None))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        silence.sample_rate = 8000
        container.mux(sound.encode(silence))
    return written.getvalue()


@contextlib.contextmanager
def _in_memory(sample: bytes) -> Iterator[int]:
    fd = os.memfd_create("sample")
    try:
        os.write(fd, sample)
        yield fd
    finally:
        os.close(fd)
