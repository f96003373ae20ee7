"""Frames and sound out of hostile video and sound files."""

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream as PictureStream
from numpy.typing import NDArray

from fingerprints import containers
from fingerprints.containers import BROKEN
from fingerprints.media import Limits, Refused
from fingerprints.stills import Pixels, check_size

FRAME_SIDE = 512
SOUND_RATE = 11_025

_HELD_SECONDS = 5.0  # how long a frame stands for the ticks after it when no other follows
_EARLY = 1e-3  # a frame this little before its tick is on time
_CPU_SHARE = 0.8  # stop reading here, to have something to show before the kernel's limit ends it all
_PACKETS_A_LOOK = 16  # from one look at the clock to the next: it is a call into the kernel
_DAMAGED_PACKETS = 2_000
_RATES = range(2_000, 400_001)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a video shows at ``second``: ``rgb`` is height x width x 3, the right way up.

    ``held`` says that it is the frame before once more (the same array), because the video stood still.
    """

    second: float
    rgb: Pixels
    held: bool = False


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono sound: float32 ``samples`` in -1 … 1 at ``rate`` per second; ``missing`` says in words what was not read."""

    samples: NDArray[np.float32]
    rate: int
    duration: float
    missing: str = ""

    @property
    def partial(self) -> bool:
        """Whether some of the sound was not read."""
        return bool(self.missing)


class VideoStream:
    """The frames of a video by presentation time, and its sound, in one pass. Use it as a context and iterate once.

    ``width`` and ``height`` are the first frame's, the right way up; ``rotation`` (degrees, counter-clockwise) has
    been applied. ``duration`` is the container's claim until the frames were read, then what was found; ``missing``
    says in words what was not read.
    """

    def __init__(self, fd: int, limits: Limits, *, rate: float, max_side: int, with_sound_rate: int | None) -> None:
        self._limits, self._rate, self._max_side = limits, rate, max_side
        self._closing = ExitStack()
        try:
            self._open(fd, with_sound_rate)
        except BaseException:
            self._closing.close()
            raise

    def _open(self, fd: int, with_sound_rate: int | None) -> None:
        container = self._closing.enter_context(containers.opened(fd, self._limits))
        stream = containers.picture_stream(container)
        if stream is None:
            raise Refused("no moving pictures that can be decoded")
        sound = containers.sound_stream(container)
        self.has_sound = sound is not None
        self._sound = _Mono(sound, with_sound_rate, self._limits) if sound and with_sound_rate else None
        self._decoder = _Decoder(container, self._limits, stream, self._sound)
        self._frames = self._decoder.frames()
        first = next(self._frames, None)
        if first is None:
            raise Refused("not one frame can be decoded")
        self._describe(stream, container, first)

    def _describe(self, stream: PictureStream, container: InputContainer, first: VideoFrame) -> None:
        self._first = first
        self.rotation = first.rotation % 360
        sides = (first.width, first.height)
        self.width, self.height = sides if self.rotation % 180 == 0 else sides[::-1]
        self.fps = float(stream.average_rate or stream.guessed_rate or 0)
        self.duration = self._claimed = _claimed(stream) or _claimed(container)
        self.missing = ""

    @property
    def partial(self) -> bool:
        """Whether some of the pictures were not read."""
        return bool(self.missing)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def __iter__(self) -> Iterator[Frame]:
        """What is shown at every tick of ``rate`` per second, at most ``limits.frames`` times."""
        scale = _Scaler(self._max_side, self._limits)
        shown = 0
        for begin, end, frame in self._shown():
            first = self._tick(begin)
            for tick in range(first, min(self._tick(end), self._tick(begin + _HELD_SECONDS))):
                if shown == self._limits.frames:
                    self._finish(f"only the first {tick / self._rate:.0f} s of pictures were read")
                    return
                yield Frame(tick / self._rate, scale.last if tick > first else scale(frame), held=tick > first)
                shown += 1
        self._finish()

    def sound(self) -> Sound | None:
        """The sound that was read along with the frames; nothing before they were, or without ``with_sound_rate``."""
        return self._sound.finish(self._decoder.trouble) if self._sound else None

    def _tick(self, second: float) -> int:
        """The first tick at or after ``second``."""
        return math.ceil((second - _EARLY) * self._rate)

    def _shown(self) -> Iterator[tuple[float, float, VideoFrame]]:
        """Frames with the seconds, since the first, from and to which they are shown; steps back in time left out."""
        before, begin, start = self._first, 0.0, _time(self._first) or 0.0
        step = 1 / self.fps if self.fps > 0 else 0.04
        for frame in self._frames:
            at = _time(frame)
            second = begin + step if at is None else at - start
            if second > begin:
                yield begin, second, before
                before, begin = frame, second
        yield begin, begin + step, before
        self.duration = begin + step

    def _finish(self, missing: str = "") -> None:
        if missing:
            self._decoder.stop_pictures()
            for _ in self._frames:
                pass
        self.missing = missing or self._decoder.trouble or _early_end(self.duration, self._claimed)


def video(
    fd: int, limits: Limits, *, rate: float, max_side: int = FRAME_SIDE, with_sound_rate: int | None = None
) -> VideoStream:
    """The frames of a video at ``rate`` per second, the longer side at most ``max_side``, and perhaps its sound."""
    return VideoStream(fd, limits, rate=rate, max_side=max_side, with_sound_rate=with_sound_rate)


def frame_at(fd: int, second: float, limits: Limits, *, max_side: int = FRAME_SIDE) -> Frame:
    """What a video shows at ``second`` (its last frame when it is shorter), without decoding all that lies before."""
    with containers.opened(fd, limits) as container:
        stream = containers.picture_stream(container)
        if stream is None:
            raise Refused("no moving pictures that can be decoded")
        start = float((stream.start_time or 0) * (stream.time_base or 0))
        _seek(container, start + second)
        found: VideoFrame | None = None
        for frame in _Decoder(container, limits, stream, None).frames():
            if found is not None and (_time(frame) or 0.0) - start > second + _EARLY:
                break
            found = frame
        if found is None:
            raise Refused("not one frame can be decoded")
        return Frame((_time(found) or 0.0) - start, _Scaler(max_side, limits)(found))


def sound(fd: int, limits: Limits, *, rate: int = SOUND_RATE) -> Sound:
    """The sound of a sound file or of a video, mono at ``rate``; Refused when there is none that can be decoded."""
    with containers.opened(fd, limits) as container:
        stream = containers.sound_stream(container)
        if stream is None:
            raise Refused("no sound that can be decoded")
        mono = _Mono(stream, rate, limits)
        decoder = _Decoder(container, limits, None, mono)
        for _ in decoder.frames():
            pass
        heard = mono.finish(decoder.trouble, claimed=_claimed(container))
        if not heard.samples.size:
            raise Refused("no sound can be decoded")
        return heard


class _Decoder:
    """One pass over a container: frames come out, sound goes into ``sound`` on the way.

    ``trouble`` says in words what kept it from reading everything.
    """

    def __init__(
        self, container: InputContainer, limits: Limits, pictures: PictureStream | None, sound: "_Mono | None"
    ) -> None:
        self._container, self._limits, self._pictures, self._sound = container, limits, pictures, sound
        self._wanted = tuple(stream for stream in (pictures, sound.stream if sound else None) if stream is not None)
        containers.read_only(container, self._wanted)
        if pictures is not None:
            pictures.thread_type = "AUTO"
            pictures.codec_context.thread_count = limits.threads
        self._damaged = 0
        self._begun = False
        self._until, self._read = time.process_time() + limits.video_cpu * _CPU_SHARE, 0
        self.trouble = ""

    def stop_pictures(self) -> None:
        """From now on only sound is read."""
        self._pictures = None

    def frames(self) -> Iterator[VideoFrame]:
        """Every frame that can be decoded, in presentation order."""
        try:
            for packet in self._container.demux(*self._wanted):
                if packet.stream is self._pictures:
                    yield from self._decoded(cast("Packet[PictureStream]", packet))
                elif self._sound and packet.stream is self._sound.stream:
                    self._hear(cast("Packet[AudioStream]", packet))
                if self._enough():
                    return
        except BROKEN:
            self.trouble = "the file breaks off in the middle"

    def _enough(self) -> bool:
        self._read += 1
        if self._begun and self._read % _PACKETS_A_LOOK == 0 and time.process_time() > self._until:
            self.trouble = "reading was stopped at the limit of processor time"
            return True
        return self._damaged > _DAMAGED_PACKETS or (self._pictures is None and (not self._sound or self._sound.full))

    def _decoded(self, packet: "Packet[PictureStream]") -> Iterator[VideoFrame]:
        try:
            frames = packet.decode()
        except BROKEN:
            self._damage()
            return
        for frame in frames:
            check_size(frame.width, frame.height, self._limits)
            if frame.is_corrupt:
                self._damage()
            else:
                self._begun = True
                yield frame

    def _hear(self, packet: "Packet[AudioStream]") -> None:
        assert self._sound is not None
        try:
            self._sound.feed(packet.decode())
            self._begun = self._begun or self._pictures is None
        except BROKEN:
            self._damage()

    def _damage(self) -> None:
        self._damaged += 1
        self.trouble = f"damaged in {self._damaged} places" if self._damaged > 1 else "damaged in one place"


class _Mono:
    """Collects the sound of ``stream`` at one rate, up to the limit of seconds."""

    def __init__(self, stream: AudioStream, rate: int, limits: Limits) -> None:
        self.stream = stream
        self._rate, self._most = rate, int(limits.sound_seconds * rate)
        self._resampler = self._new_resampler()
        self._format: tuple[int, str, str] | None = None
        self._pieces: list[NDArray[np.float32]] = []
        self._count = 0

    @property
    def full(self) -> bool:
        """Whether more would be thrown away."""
        return self._count >= self._most

    def feed(self, frames: Sequence[AudioFrame]) -> None:
        """Add what a packet holds; a change of rate or channels on the way is followed."""
        for frame in frames:
            if self.full:
                return
            if frame.sample_rate not in _RATES:
                raise Refused(f"a sample rate of {frame.sample_rate} Hz")
            given = (frame.sample_rate, frame.format.name, frame.layout.name)
            if self._format not in {None, given}:
                self._keep(self._resampler.resample(None))
                self._resampler = self._new_resampler()
            self._format = given
            self._keep(self._resampler.resample(frame))

    def finish(self, trouble: str, *, claimed: float = 0.0) -> Sound:
        """All that was collected."""
        cut = self.full
        if not cut:
            self._keep(self._resampler.resample(None))
        samples = np.concatenate(self._pieces)[: self._most] if self._pieces else np.zeros(0, np.float32)
        duration = samples.size / self._rate
        missing = f"only the first {duration:.0f} s of sound were read" if cut else trouble
        return Sound(samples, self._rate, duration, missing or _early_end(duration, _claimed(self.stream) or claimed))

    def _new_resampler(self) -> av.AudioResampler:
        return av.AudioResampler(format="flt", layout="mono", rate=self._rate)

    def _keep(self, frames: Sequence[AudioFrame]) -> None:
        for frame in frames:
            samples = frame.to_ndarray().reshape(-1).astype(np.float32, copy=False)
            self._pieces.append(samples)
            self._count += samples.size


class _Scaler:
    """Frames to RGB the right way up; keeps FFmpeg's scaler, and the ``last`` picture, between frames."""

    def __init__(self, max_side: int, limits: Limits) -> None:
        self._max_side, self._limits = max_side, limits
        self._reformatter = VideoReformatter()
        self.last: Pixels = np.zeros((1, 1, 3), np.uint8)

    def __call__(self, frame: VideoFrame) -> Pixels:
        scale = min(1.0, self._max_side / max(frame.width, frame.height))
        width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        try:
            small = self._reformatter.reformat(frame, width, height, "rgb24", interpolation="AREA", threads=1)
        except BROKEN as error:
            raise Refused(f"frames of the format {frame.format.name} can't be shown") from error
        self.last = np.ascontiguousarray(np.rot90(small.to_ndarray(), round(frame.rotation / 90)))
        return self.last


def _time(frame: VideoFrame) -> float | None:
    """When a frame is shown by the clock of its file, if it says so."""
    return None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)


def _claimed(part: InputContainer | PictureStream | AudioStream) -> float:
    """How many seconds a container or stream says it lasts; 0 when it says nothing."""
    base = 1 / av.time_base if isinstance(part, InputContainer) else part.time_base
    return max(0.0, float((part.duration or 0) * (base or 0)))


def _early_end(read: float, claimed: float) -> str:
    return f"ends after {read:.1f} s of {claimed:.1f} s" if read < claimed * 0.95 - 0.5 else ""


def _seek(container: InputContainer, second: float) -> None:
    """Go to the key frame before ``second``, or stay at the start where a format can't seek."""
    with contextlib.suppress(*BROKEN):
        container.seek(max(0, int(second * av.time_base)))
