"""Opening video and sound files with FFmpeg so that they can only be what they look like.

FFmpeg takes some texts for play lists and follows them to other files and to the network, whatever the file is
called and even from a byte stream. So the first bytes choose the one demuxer that may read a file, no protocol is
allowed at all, and only known decoders start.
"""

import contextlib
from collections.abc import Iterator
from typing import TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from fingerprints.media import Limits, Refused
from fingerprints.reader import reader

_VIDEO_DECODERS = (
    "h264 hevc vp8 vp9 libdav1d av1 mpeg4 msmpeg4 msmpeg4v2 msmpeg4v1 h263 flv mpeg1video mpeg2video mjpeg gif theora "
    "prores dvvideo"
)
_SOUND_DECODERS = (
    "aac aac_latm mp3 mp3float mp2 mp2float opus libopus vorbis flac alac ac3 eac3 amrnb amrwb libopencore_amrnb "
    "libopencore_amrwb pcm_s16le pcm_s16be pcm_s24le pcm_s32le pcm_f32le pcm_u8 pcm_alaw pcm_mulaw "
    "adpcm_ima_wav adpcm_ms adpcm_ima_qt"
)
DECODERS = frozenset(f"{_VIDEO_DECODERS} {_SOUND_DECODERS}".split())
BROKEN = (av.FFmpegError, ArithmeticError, LookupError, OSError, TypeError, ValueError)

_Kind = TypeVar("_Kind", VideoStream, AudioStream)


def demuxer(head: bytes) -> str | None:
    """The one demuxer that may read a file that starts with ``head``; nothing for files that are no container."""
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free"}:
        return None if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS else "mov"
    if head[:4] == b"RIFF":
        return {b"AVI ": "avi", b"WAVE": "wav"}.get(head[8:12])
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "mpegts"
    return "mp3" if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 else None


_STILL_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"})
_MAGICS = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"OggS", "ogg"),
    (b"GIF8", "gif"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
    (b"#!AMR", "amr"),
    (b"FLV\x01", "flv"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\xff\xf1", "aac"),
    (b"\xff\xf9", "aac"),
)


@contextlib.contextmanager
def opened(fd: int, limits: Limits) -> Iterator[InputContainer]:
    """The container of a file; Refused when its first bytes are no container's or it has too many streams.

    Opening already decodes a few frames, so the kernel's limits must be in force before.
    """
    file = reader(fd)
    name = demuxer(file.read(4096))
    if name is None:
        raise Refused("not a video or sound format that is read")
    file.seek(0)
    options = {"format_whitelist": name, "protocol_whitelist": "", "codec_whitelist": ",".join(sorted(DECODERS))}
    try:
        container = av.open(file, "r", format=name, options=options, metadata_errors="replace")
    except BROKEN as error:
        raise Refused(f"the {name} container can't be read ({type(error).__name__})") from error
    with container:
        if len(container.streams) > limits.streams:
            raise Refused(f"{len(container.streams)} streams are over the limit of {limits.streams}")
        yield container


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The moving pictures of a file, cover pictures left out."""
    return _first(container.streams.video)


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The first sound track of a file."""
    return _first(container.streams.audio)


def read_only(container: InputContainer, wanted: tuple[Stream, ...]) -> None:
    """Let the demuxer skip the streams that nobody will decode."""
    for stream in container.streams:
        if stream not in wanted:
            stream.discard = Discard.all


def _first(streams: tuple[_Kind, ...]) -> _Kind | None:
    for stream in streams:
        cover = stream.disposition & (Disposition.attached_pic | Disposition.still_image)
        codec = getattr(stream.codec_context, "codec", None)  # no context when FFmpeg has no decoder
        if not cover and codec is not None and codec.name in DECODERS:
            return stream
    return None
