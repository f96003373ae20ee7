"""Clips, pictures and sounds as files: the bytes that a channel would post."""

import io
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from PIL import Image

from tests.media.synthetic import VOICE_RATE, Clip, Pixels, Samples

_SOUND_CODEC = {"mp4": "aac", "matroska": "libopus", "webm": "libopus", "avi": "libmp3lame"}
_SAME = {"fflags": "+bitexact"}  # no random numbers, no dates: the same bytes for the same clip
# x264's macroblock tree comes out differently from run to run.
_PACE = {
    "libx264": {"preset": "veryfast", "x264-params": "mbtree=0"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}


def photo(rgb: Pixels, *, quality: int = 85, form: str = "JPEG") -> bytes:
    """A picture file: JPEG, PNG, WEBP or GIF."""
    written = io.BytesIO()
    Image.fromarray(rgb).save(written, form, quality=quality)
    return written.getvalue()


def video(clip: Clip, *, form: str = "mp4", codec: str = "libx264", crf: int = 24, key_every: int = 60) -> bytes:
    """A video file with the clip's sound, if it has any; an mp4 begins with its index, as Telegram's do."""
    options = {**_SAME, "movflags": "faststart"} if form == "mp4" else _SAME
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip")
        with av.open(str(path), "w", format=form, options=options) as container:
            _write(container, clip, codec, {"crf": str(crf), "g": str(key_every), **_PACE.get(codec, {})})
        return path.read_bytes()


def _write(container: OutputContainer, clip: Clip, codec: str, options: dict[str, str]) -> None:
    pictures = container.add_stream(codec, rate=clip.fps, options={} if codec == "gif" else options)
    assert isinstance(pictures, av.VideoStream)
    pictures.height, pictures.width = clip.draw(0).shape[:2]
    pictures.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
    sound = _sound_track(container, _SOUND_CODEC[container.format.name]) if clip.sound.size else None
    for index, rgb in enumerate(clip.frames()):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(format=pictures.pix_fmt)
        frame.pts, frame.time_base = index, Fraction(1, clip.fps)
        container.mux(pictures.encode(frame))
    container.mux(pictures.encode(None))
    if sound is not None:
        _mux_sound(container, sound, clip.sound)


def sound(samples: Samples, *, form: str = "ogg", codec: str = "libopus", bit_rate: int = 32_000) -> bytes:
    """A sound file; as it stands a Telegram voice message."""
    written = io.BytesIO()
    with av.open(written, "w", format=form, options=_SAME) as container:
        stream = _sound_track(container, codec)
        stream.bit_rate = bit_rate
        _mux_sound(container, stream, samples)
    return written.getvalue()


def _sound_track(container: OutputContainer, codec: str) -> av.AudioStream:
    stream = container.add_stream(codec, rate=VOICE_RATE)
    assert isinstance(stream, av.AudioStream)
    stream.layout = "mono"
    return stream


def _mux_sound(container: OutputContainer, stream: av.AudioStream, samples: Samples) -> None:
    fitting = av.AudioResampler(format=stream.format.name, layout="mono", rate=stream.rate)
    for frame in _chunks(samples):
        for fit in fitting.resample(frame):
            container.mux(stream.encode(fit))
    for fit in fitting.resample(None):
        container.mux(stream.encode(fit))
    container.mux(stream.encode(None))


def _chunks(samples: Samples) -> Iterator[av.AudioFrame]:
    for start in range(0, samples.size, VOICE_RATE):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + VOICE_RATE], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = VOICE_RATE, start, Fraction(1, VOICE_RATE)
        yield frame
