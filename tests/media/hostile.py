"""Files that were made to harm, mislead or exhaust whoever opens them, and what must become of each."""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import av
import numpy as np
from PIL import Image

from fingerprints.media import Verdict
from tests.media import files, synthetic

READ = frozenset({Verdict.OK, Verdict.PARTIAL})
PARTIAL = frozenset({Verdict.PARTIAL})
REFUSED = frozenset({Verdict.REFUSED})
KILLED = frozenset({Verdict.KILLED})
BOUNDED = frozenset({Verdict.OK, Verdict.PARTIAL, Verdict.REFUSED})


@dataclass(frozen=True)
class Case:
    """A file to make, and the verdicts that a sound reader may give on it."""

    name: str
    make: Callable[[], bytes]
    verdicts: frozenset[Verdict]


@cache
def clip() -> synthetic.Clip:
    """Two seconds of a small scene with sound."""
    return synthetic.clip(77, 2.0, size=(160, 96)).drawn()


@cache
def mp4() -> bytes:
    """A sound mp4, its index at the start."""
    return files.video(clip())


@cache
def jpeg() -> bytes:
    """A sound JPEG."""
    return files.photo(synthetic.still(77, (320, 240)))


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *, rows: int | None = None, extra: bytes = b"") -> bytes:
    """A black 1-bit PNG of any size, with as many rows as asked for really in it."""
    row = (width + 7) // 8 + 1
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = _packed_zeros(row * (height if rows is None else rows))
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + extra + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
    )


def _packed_zeros(count: int) -> bytes:
    packer, megabyte = zlib.compressobj(9), bytes(1 << 20)
    pieces = [packer.compress(megabyte) for _ in range(count >> 20)]
    return b"".join([*pieces, packer.compress(bytes(count & 0xFFFFF)), packer.flush()])


def scan_bomb(side: int = 4000, scans: int = 3000) -> bytes:
    """A progressive JPEG whose last scan comes again and again: each walks the whole picture."""
    written = io.BytesIO()
    Image.new("L", (side, side)).save(written, "JPEG", progressive=True)
    whole = written.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * scans + b"\xff\xd9"


def resized_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose frame header claims another size."""
    at = jpeg().index(b"\xff\xc0") + 5
    return jpeg()[:at] + struct.pack(">HH", height, width) + jpeg()[at + 4 :]


def gif(frames: int, *, canvas: tuple[int, int] = (32, 32)) -> bytes:
    """A GIF of one-pixel frames on a canvas."""
    head = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"!\xf9\x04\x04\x05\0\0\0," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return head + frame * frames + b";"


def exif_loop() -> bytes:
    """A JPEG whose EXIF directory points at itself."""
    body = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0"
    return jpeg()[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg()[2:]


def many_tracks(count: int) -> bytes:
    """A sound file in Matroska with ``count`` tracks."""
    written = io.BytesIO()
    with av.open(written, "w", format="matroska") as container:
        tracks = [container.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(count)]
        for track in tracks:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 80), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8000, 0
            container.mux(track.encode(frame))
    return written.getvalue()


def wav(rate: int) -> bytes:
    """A second's worth of samples with any rate in the header."""
    head = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0" + struct.pack("<IIHH", rate, rate, 2, 16)
    return head + b"data" + struct.pack("<I", 96_000) + bytes(96_000)


def overwritten(whole: bytes, box: bytes, offset: int, value: bytes) -> bytes:
    """An mp4 with bytes replaced ``offset`` after every box of a name."""
    changed, at = bytearray(whole), whole.find(box)
    while at >= 0:
        start = at + len(box) + offset
        changed[start : start + len(value)] = value
        at = whole.find(box, at + 1)
    return bytes(changed)


def noisy_frames() -> bytes:
    """A good index over random frames."""
    start = mp4().index(b"mdat") + 4
    return mp4()[:start] + random.Random(3).randbytes(len(mp4()) - start)


def nested_boxes(depth: int = 20_000) -> bytes:
    """Boxes in boxes in boxes."""
    boxes = (struct.pack(">I4s", (depth - i) * 8, b"udta" if i else b"moov") for i in range(depth))
    return b"\0\0\0\x10ftypisom\0\0\0\0" + b"".join(boxes)


def playlists(address: str) -> Iterator[tuple[str, bytes]]:
    """Texts that FFmpeg would take for media and follow to ``address``, to local files or to an open port."""
    yield "hls", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://{address}/a.ts\n#EXT-X-ENDLIST\n".encode()
    yield "hls of a file", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    yield "ffconcat", f"ffconcat version 1.0\nfile 'http://{address}/a.mp4'\n".encode()
    yield "sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 18098 RTP/AVP 96\n"
    yield (
        "dash",
        f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        f'<Representation id="1" mimeType="video/mp4"><BaseURL>http://{address}/a.mp4</BaseURL></Representation>'
        f"</AdaptationSet></Period></MPD>".encode(),
    )
    yield "hls behind mp4's first box", b"\0\0\0\x10ftypisom\0\0\0\0" + f"#EXTM3U\nhttp://{address}/a.ts\n".encode()


CASES = (
    Case("png of 60,000 x 60,000", lambda: png(60_000, 60_000, rows=1), REFUSED),
    Case("png that claims 2^31 x 2^31", lambda: png(2**31 - 1, 2**31 - 1, rows=0), REFUSED),
    Case("png of 1 x 30,000,000", lambda: png(1, 30_000_000, rows=8), REFUSED),
    Case("png just over the area", lambda: png(7_100, 7_100, rows=1), REFUSED),
    Case(
        "png with text that unpacks to 64 MB",
        lambda: png(8, 8, extra=png_chunk(b"zTXt", b"k\0\0" + _packed_zeros(64 << 20))),
        READ,
    ),
    Case(
        "png with a colour profile that unpacks to 64 MB",
        lambda: png(8, 8, extra=png_chunk(b"iCCP", b"k\0\0" + _packed_zeros(64 << 20))),
        READ,
    ),
    Case("png of 50,000 chunks", lambda: png(8, 8, extra=png_chunk(b"tEXt", b"a\0b") * 50_000), READ),
    Case("png cut in half", lambda: _half(files.photo(synthetic.still(77, (320, 240)), form="PNG")), PARTIAL),
    Case("jpeg whose scans never end", scan_bomb, KILLED),
    Case("jpeg that claims 65,500 x 65,500", lambda: resized_jpeg(65_500, 65_500), REFUSED),
    Case("jpeg cut in half", lambda: _half(jpeg()), PARTIAL),
    Case("jpeg with EXIF in a loop", exif_loop, READ),
    Case("jpeg with an archive behind it", lambda: jpeg() + b"PK\x03\x04" + bytes(500), READ),
    Case("jpeg that turns into noise", lambda: jpeg()[:20] + random.Random(2).randbytes(5000), REFUSED),
    Case("gif of 30,000 frames", lambda: gif(30_000), READ),
    Case("gif on a canvas of 65,535 x 65,535", lambda: gif(1, canvas=(65_535, 65_535)), REFUSED),
    Case("gif without an end", lambda: gif(3)[:-8], BOUNDED),
    Case("webp cut in half", lambda: _half(files.photo(synthetic.still(77, (64, 64)), form="WEBP")), BOUNDED),
    Case("mp4 cut in half", lambda: _half(mp4()), PARTIAL),
    Case("mp4 without its index", lambda: mp4()[:64], REFUSED),
    Case("mp4 of nested boxes", nested_boxes, REFUSED),
    Case("mp4 of 100,000 empty boxes", lambda: b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\x08free" * 100_000, REFUSED),
    Case("mp4 of random frames", noisy_frames, BOUNDED),
    Case("mp4 that claims years", lambda: overwritten(mp4(), b"mdhd", 16, b"\xff" * 4), BOUNDED),
    Case("mp4 whose clock stands still", lambda: overwritten(mp4(), b"mdhd", 12, bytes(4)), BOUNDED),
    Case("mp4 that claims 2^32 samples", lambda: overwritten(mp4(), b"stts", 4, b"\xff" * 4), BOUNDED),
    Case("mkv cut in half", lambda: _half(files.video(clip(), form="matroska")), PARTIAL),
    Case("mkv of noise", lambda: files.video(clip(), form="matroska")[:48] + random.Random(6).randbytes(9000), REFUSED),
    Case("mkv of 70 tracks", lambda: many_tracks(70), REFUSED),
    Case("ogg cut in half", lambda: _half(files.sound(synthetic.voice(5, 3.0))), READ),
    Case("wav of 2^31 Hz", lambda: wav(2**31 - 1), REFUSED),
    Case("wav of 1 Hz", lambda: wav(1), REFUSED),
    Case("nothing", bytes, REFUSED),
    Case("zeros", lambda: bytes(65_536), REFUSED),
    Case("noise", lambda: random.Random(1).randbytes(65_536), REFUSED),
    Case("one byte", lambda: b"\xff", REFUSED),
    Case("postscript", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", REFUSED),
    Case("svg that reads a file", lambda: b"<svg><image href='file:///etc/passwd'/></svg>", REFUSED),
    Case("tiff in a loop", lambda: b"II*\0\x08\0\0\0\x01\0\0\x01\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0", REFUSED),
    Case("heic", lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), REFUSED),
    Case("html", lambda: b"<html><script>alert(1)</script></html>", REFUSED),
    Case("png of one pixel", lambda: png(1, 1), READ),
    Case("jpeg of 3 x 700", lambda: files.photo(synthetic.still(5, (3, 700))), READ),
    Case("gif of one frame", lambda: gif(1), READ),
    Case("mp4 of one frame", lambda: files.video(clip().excerpt(0, 1 / synthetic.FPS)), READ),
)


def _half(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def mutant(whole: bytes, chance: random.Random) -> bytes:
    """A file with some of its bytes changed, cut out, doubled or put elsewhere."""
    changed = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        if not changed:
            break
        start = chance.randrange(len(changed))
        piece = changed[start : start + chance.randint(1, 200)]
        match chance.randrange(5):
            case 0:
                changed[start] ^= 1 << chance.randrange(8)
            case 1:
                changed[start : start + 4] = chance.choice([b"\0" * 4, b"\xff" * 4, chance.randbytes(4)])
            case 2:
                del changed[start : start + len(piece)]
            case 3:
                changed[start:start] = piece
            case _:
                at = chance.randrange(len(changed))
                changed[at : at + len(piece)] = piece
    return bytes(changed) or b"\0"
