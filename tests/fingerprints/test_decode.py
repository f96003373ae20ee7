"""Pictures, frames and sound come out of every kind of file as they went in, the right way up and at their times."""

import io
import itertools
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from fingerprints import decode
from fingerprints.decode import Limits, MediaClass, Refused
from tests.fingerprints.conftest import OpenBytes
from tests.media import files, hostile, synthetic
from tests.media.synthetic import Clip, Pixels

LIMITS = Limits()
CORNERS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


@pytest.fixture(scope="module")
def clip() -> Clip:
    """Four seconds with sound."""
    return synthetic.clip(11, 4.0, size=(320, 180)).drawn()


def saved(image: Image.Image, form: str, **how: Any) -> bytes:
    """A picture file made by Pillow."""
    written = io.BytesIO()
    image.save(written, form, **how)
    return written.getvalue()


def quarters(width: int = 80, height: int = 60) -> Image.Image:
    """Red and lime above blue and white."""
    whole = Image.new("RGB", (width, height))
    for number, colour in enumerate(CORNERS):
        left, top = number % 2 * width // 2, number // 2 * height // 2
        whole.paste(colour, (left, top, left + width // 2, top + height // 2))
    return whole


def corners(rgb: Pixels) -> list[str]:
    """The nearest colour names at the four corners, row by row."""
    height, width = rgb.shape[:2]
    points = [rgb[y, x].astype(int) for y in (height // 8, -height // 8) for x in (width // 8, -width // 8)]
    return [min(CORNERS, key=lambda name: abs(point - CORNERS[name]).sum()) for point in points]


def difference(one: Pixels, other: Pixels) -> float:
    """Mean difference of two pictures in shades of 256, at the size of the first."""
    fitted = np.asarray(Image.fromarray(other).resize(one.shape[1::-1], Image.Resampling.BOX))
    return float(np.abs(one.astype(float) - fitted).mean())


def second_of(rgb: Pixels, clip: Clip) -> float:
    """When a clip showed the frame that is most like a picture."""
    small = np.asarray(Image.fromarray(rgb).resize((80, 45), Image.Resampling.BOX))
    return min(range(clip.count), key=lambda index: difference(small, clip.draw(index))) / clip.fps


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        (MediaClass.PHOTO, lambda clip: files.photo(clip.draw(0))),
        (MediaClass.PHOTO, lambda clip: files.photo(clip.draw(0), form="PNG")),
        (MediaClass.PHOTO, lambda clip: files.photo(clip.draw(0), form="WEBP")),
        (MediaClass.PHOTO, lambda clip: files.photo(clip.draw(0), form="GIF")),
        (MediaClass.VIDEO, lambda _: hostile.gif(2)),
        (MediaClass.VIDEO, lambda clip: files.video(clip.excerpt(0, 1))),
        (MediaClass.VIDEO, lambda clip: files.video(clip.excerpt(0, 1), form="webm", codec="libvpx")),
        (MediaClass.SOUND, lambda clip: files.sound(clip.sound)),
        (MediaClass.SOUND, lambda clip: files.sound(clip.sound, form="mp4", codec="aac")),
        (MediaClass.SOUND, lambda clip: files.sound(clip.sound, form="mp3", codec="libmp3lame")),
        (MediaClass.SOUND, lambda clip: files.sound(clip.sound, form="wav", codec="pcm_s16le")),
        (MediaClass.SOUND, lambda clip: files.sound(clip.sound, form="flac", codec="flac")),
        (None, lambda _: b"%PDF-1.7 not for us"),
    ],
)
def test_sniff(expected: MediaClass | None, content: Callable[[Clip], bytes], clip: Clip, opened: OpenBytes) -> None:
    """What a file is follows from its content alone."""
    assert decode.sniff(opened(content(clip))) is expected


def test_cover_picture_makes_no_video(clip: Clip, opened: OpenBytes) -> None:
    """A song with a cover picture is a sound."""
    cover = b"\0image/png\0\x03\0" + files.photo(clip.draw(0), form="PNG")
    frame = b"APIC" + struct.pack(">IH", len(cover), 0) + cover
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    tagged = b"ID3\x03\0\0" + size + frame + files.sound(clip.sound, form="mp3", codec="libmp3lame")
    assert decode.sniff(opened(tagged)) is MediaClass.SOUND
    assert decode.sound(opened(tagged), LIMITS).duration == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, ["red", "lime", "blue", "white"]),
        (2, ["lime", "red", "white", "blue"]),
        (3, ["white", "blue", "lime", "red"]),
        (4, ["blue", "white", "red", "lime"]),
        (5, ["red", "blue", "lime", "white"]),
        (6, ["blue", "red", "white", "lime"]),
        (7, ["white", "lime", "blue", "red"]),
        (8, ["lime", "white", "red", "blue"]),
        (77, ["red", "lime", "blue", "white"]),
    ],
)
def test_orientation(orientation: int, expected: list[str], opened: OpenBytes) -> None:
    """A photo comes out as its camera says it was held, and its sides with it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode.picture(opened(saved(quarters(), "JPEG", exif=exif, quality=95)), LIMITS)
    assert corners(picture.rgb) == expected
    assert (picture.width, picture.height) == ((60, 80) if 5 <= orientation <= 8 else (80, 60))


@pytest.mark.parametrize(
    ("image", "form"),
    [
        (quarters().convert("CMYK"), "JPEG"),
        (quarters().quantize(4), "PNG"),
        (quarters().quantize(4), "GIF"),
        (quarters().convert("RGBA"), "PNG"),
        (quarters().convert("RGBA"), "WEBP"),
    ],
)
def test_modes(image: Image.Image, form: str, opened: OpenBytes) -> None:
    """Every way to write colours reads as RGB."""
    assert corners(decode.picture(opened(saved(image, form)), LIMITS).rgb) == list(CORNERS)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_white(mode: str, opened: OpenBytes) -> None:
    """What can be seen through is white."""
    clear = Image.new("RGBA", (40, 40), (9, 9, 9, 0)).convert(mode)
    how = {"transparency": clear.getpixel((0, 0))} if mode == "P" else {}
    rgb = decode.picture(opened(saved(clear, "PNG", **how)), LIMITS).rgb
    assert rgb.min() == 255


def test_sixteen_bits_keep_their_shades(opened: OpenBytes) -> None:
    """A 16-bit grey picture is scaled to 8 bits, not cut at 255."""
    shades = np.linspace(0, 65_535, 256).astype(np.uint16)
    deep = Image.fromarray(np.tile(shades, (16, 1)))
    rgb = decode.picture(opened(saved(deep, "PNG")), LIMITS).rgb
    assert [int(rgb[8, x, 0]) for x in (0, 128, 255)] == pytest.approx([0, 128, 255], abs=2)


def test_large_photo_is_made_small(opened: OpenBytes) -> None:
    """A large photo comes out no larger than asked for and still says how large it is."""
    whole = synthetic.still(3, (4000, 3000))
    picture = decode.picture(opened(files.photo(whole)), LIMITS, max_side=1000)
    assert (picture.rgb.shape, picture.width, picture.height) == ((750, 1000, 3), 4000, 3000)
    assert difference(picture.rgb, whole) < 4


def test_half_a_photo_is_partial(opened: OpenBytes) -> None:
    """The upper part of a photo that was cut off is read, and said to be a part."""
    whole = hostile.jpeg()
    healthy, cut = decode.picture(opened(whole), LIMITS), decode.picture(opened(whole[: len(whole) // 2]), LIMITS)
    assert (healthy.partial, cut.partial) == (False, True)
    assert difference(cut.rgb[:60], healthy.rgb[:60]) < 1


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_first_of_several_pictures(form: str, opened: OpenBytes) -> None:
    """Of an animated WebP or PNG the first picture is read, and that there are more is said."""
    more = [quarters().rotate(90 * turn) for turn in (1, 2)]
    picture = decode.picture(opened(saved(quarters(), form, save_all=True, append_images=more)), LIMITS)
    assert corners(picture.rgb) == list(CORNERS)
    assert picture.missing == "only the first of its pictures was read"


@pytest.mark.parametrize("form", ["BMP", "TIFF", "PPM", "ICO"])
def test_other_picture_formats_are_refused(form: str, opened: OpenBytes) -> None:
    """Formats that Telegram never sends are not opened at all."""
    with pytest.raises(Refused):
        decode.picture(opened(saved(quarters(), form)), LIMITS)


@pytest.mark.parametrize(
    ("form", "codec"),
    [
        ("mp4", "libx264"),
        ("mp4", "libx265"),
        ("matroska", "libx264"),
        ("webm", "libvpx-vp9"),
        ("avi", "mpeg4"),
        ("gif", "gif"),
    ],
)
def test_frames_by_time(form: str, codec: str, clip: Clip, opened: OpenBytes) -> None:
    """Twice a second comes what the video shows at that time, from any container and codec."""
    silent = Clip(clip.draw, clip.count, clip.fps)
    with decode.video(opened(files.video(silent, form=form, codec=codec)), LIMITS, rate=2) as stream:
        frames = list(stream)
    assert [frame.second for frame in frames][:8] == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    for frame in frames[:8]:
        assert second_of(frame.rgb, clip) == pytest.approx(frame.second, abs=1.6 / clip.fps)
    assert (stream.width, stream.height, stream.has_sound, stream.partial) == (320, 180, False, False)
    assert stream.duration == pytest.approx(4, abs=0.2)


def test_pictures_and_sound_in_one_pass(clip: Clip, opened: OpenBytes) -> None:
    """The sound that comes with the frames is the sound that is read alone."""
    fd = opened(files.video(clip))
    with decode.video(fd, LIMITS, rate=2, with_sound_rate=8000) as stream:
        assert len(list(stream)) == 8
        together = stream.sound()
    alone = decode.sound(fd, LIMITS, rate=8000)
    assert together is not None
    assert (together.rate, together.partial, together.samples.dtype.name) == (8000, False, "float32")
    assert together.duration == pytest.approx(4, abs=0.15)
    assert np.array_equal(together.samples, alone.samples)


def test_sound_is_what_was_said(clip: Clip, opened: OpenBytes) -> None:
    """Decoded sound follows the samples it was made of."""
    heard = decode.sound(opened(files.sound(clip.sound, form="flac", codec="flac")), LIMITS, rate=synthetic.VOICE_RATE)
    assert np.corrcoef(heard.samples[: clip.sound.size], clip.sound)[0, 1] > 0.999


def test_sound_is_bounded(clip: Clip, opened: OpenBytes) -> None:
    """More than the limit of sound is not kept, and that is said."""
    sound = decode.sound(opened(files.sound(clip.sound)), Limits(sound_seconds=1.5), rate=8000)
    assert (sound.samples.size, sound.missing) == (12_000, "only the first 2 s of sound were read")


def test_frames_are_bounded(clip: Clip, opened: OpenBytes) -> None:
    """No more frames than the limit come, the sound is read all the same, and what is missing is said."""
    with decode.video(opened(files.video(clip)), Limits(frames=3), rate=2, with_sound_rate=8000) as stream:
        assert [frame.second for frame in stream] == [0, 0.5, 1]
        sound = stream.sound()
    assert (stream.partial, stream.missing) == (True, "only the first 2 s of pictures were read")
    assert sound is not None
    assert sound.duration == pytest.approx(4, abs=0.15)


def test_frames_are_small(opened: OpenBytes) -> None:
    """Frames come no larger than asked for and the stream says how large they are."""
    wide = synthetic.clip(4, 0.4, size=(1280, 720), speech=False)
    with decode.video(opened(files.video(wide)), LIMITS, rate=1, max_side=400) as stream:
        assert next(iter(stream)).rgb.shape == (225, 400, 3)
    assert (stream.width, stream.height) == (1280, 720)


def test_uneven_frame_times(opened: OpenBytes) -> None:
    """Frames at irregular times, as phones record them, are sampled by the clock; one is held, but not for long."""
    times = [0, 100, 200, 1400, 1500, 20_000, 20_100]  # milliseconds
    shades = [np.full((48, 64, 3), 20 + 30 * number, np.uint8) for number in range(len(times))]
    with decode.video(opened(timed_video(times, shades)), LIMITS, rate=2) as stream:
        frames = list(stream)
    seen = [(frame.second, round((int(frame.rgb.mean()) - 20) / 30), frame.held) for frame in frames]
    assert seen[:4] == [(0, 0, False), (0.5, 2, False), (1, 2, True), (1.5, 4, False)]
    assert [second for second, _, _ in seen[4:]] == [2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 20]
    assert seen[-1][1] == 5
    assert all(later.rgb is earlier.rgb for earlier, later in itertools.pairwise(frames) if later.held)


def timed_video(times: Sequence[int], pictures: Sequence[Pixels]) -> bytes:
    """A Matroska file that shows each picture at its millisecond."""
    written = io.BytesIO()
    with av.open(written, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=1000, options={"crf": "10"})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, 1000)
        for millisecond, picture in zip(times, pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = millisecond, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return written.getvalue()


@pytest.mark.parametrize(
    ("matrix", "sides", "expected"),
    [
        ((1, 0, 0, 1), (80, 64), ["red", "lime", "blue", "white"]),
        ((0, 1, -1, 0), (64, 80), ["blue", "red", "white", "lime"]),
        ((-1, 0, 0, -1), (80, 64), ["white", "blue", "lime", "red"]),
        ((0, -1, 1, 0), (64, 80), ["lime", "white", "red", "blue"]),
    ],
)
def test_rotation(
    matrix: tuple[int, int, int, int], sides: tuple[int, int], expected: list[str], opened: OpenBytes
) -> None:
    """A video held upright by a phone comes out upright, in the stream and as a single frame."""
    picture = np.asarray(quarters(80, 64))
    a, b, c, d = (value * 65_536 for value in matrix)
    turned = hostile.overwritten(
        files.video(Clip(lambda _: picture, 10)), b"tkhd", 40, struct.pack(">iiiii", a, b, 0, c, d)
    )
    with decode.video(opened(turned), LIMITS, rate=1) as stream:
        first = next(iter(stream))
    assert corners(first.rgb) == expected
    assert (stream.width, stream.height) == sides
    assert corners(decode.frame_at(opened(turned), 0.3, LIMITS).rgb) == expected


@pytest.mark.parametrize(("form", "codec"), [("mp4", "libx264"), ("webm", "libvpx"), ("gif", "gif")])
def test_single_frame(form: str, codec: str, clip: Clip, opened: OpenBytes) -> None:
    """A frame near a second is the one shown there; past the end it is the last."""
    fd = opened(files.video(Clip(clip.draw, clip.count, clip.fps), form=form, codec=codec, key_every=20))
    for second in (0.0, 1.7, 3.2):
        frame = decode.frame_at(fd, second, LIMITS)
        assert frame.second == pytest.approx(second, abs=1.2 / clip.fps)
        assert second_of(frame.rgb, clip) == pytest.approx(frame.second, abs=1.6 / clip.fps)
    assert decode.frame_at(fd, 99, LIMITS).second == pytest.approx(4, abs=0.2)


def test_half_a_video_is_partial(clip: Clip, opened: OpenBytes) -> None:
    """The first part of a video that was cut off is read, and said to be a part."""
    whole = files.video(clip)
    with decode.video(opened(whole[: len(whole) * 2 // 3]), LIMITS, rate=2) as stream:
        frames = list(stream)
    assert 2 <= len(frames) < 8
    assert stream.missing


def test_processor_time_is_kept(clip: Clip, opened: OpenBytes) -> None:
    """Reading stops by itself before the kernel's limit, with what was read so far."""
    with decode.video(opened(files.video(clip)), Limits(video_cpu=0.0), rate=15) as stream:
        frames = list(stream)
    assert 1 <= len(frames) < clip.count
    assert stream.missing == "reading was stopped at the limit of processor time"


def test_streams_that_are_not_there(opened: OpenBytes) -> None:
    """A sound has no frames and a silent video no sound, and both say so."""
    silent = Clip(hostile.clip().draw, 5)
    with pytest.raises(Refused, match="no moving pictures"):
        decode.frame_at(opened(files.sound(synthetic.voice(1, 1))), 0, LIMITS)
    with pytest.raises(Refused, match="no sound"):
        decode.sound(opened(files.video(silent)), LIMITS)
