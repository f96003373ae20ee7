"""Pictures that prove: two copies side by side at the same second, two spectrograms, or a contact sheet."""

import io
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fingerprints import decode, lettering, sound
from fingerprints.matching import Match, Span
from fingerprints.media import Limits, MediaClass, Refused
from fingerprints.stills import Pixels

WIDTH, GAP, HEAD = 1280, 8, 44
CELL = (WIDTH - GAP) // 2
ROWS = 3
LETTERS = 22  # pixels
PAPER, INK, MARK = (16, 20, 24), (235, 238, 240), (255, 196, 0)
QUALITY = 82


def compose(query_fd: int, reference_fd: int, match: Match, labels: Sequence[str], limits: Limits) -> bytes:
    """This copy on the left, the other on the right, row by row at the same second; a JPEG about 1280 wide."""
    ours, theirs = decode.sniff(query_fd, limits), decode.sniff(reference_fd, limits)
    if ours is None or theirs is None:
        raise Refused("not a picture, video or sound that is read")
    rows = [
        (_shown(query_fd, ours, match, query, limits), _shown(reference_fd, theirs, match, reference, limits))
        for query, reference in _seconds(match)
    ]
    if match.geometry and ours is not MediaClass.SOUND and match.picture:
        rows = [(_outlined(left, match), right) for left, right in rows]
    page = _page(rows, labels, _marks(match))
    return _jpeg(page)


def sheet(fd: int, label: str, limits: Limits) -> bytes:
    """A contact sheet: the picture, six moments of a video with their times, or a spectrogram; a JPEG."""
    media = decode.sniff(fd, limits)
    if media is None:
        raise Refused("not a picture, video or sound that is read")
    if media is MediaClass.PHOTO:
        return _jpeg(_fitted(decode.picture(fd, limits).rgb, WIDTH, 1600))
    if media is MediaClass.SOUND:
        heard = decode.sound(fd, limits, rate=sound.RATE)
        return _jpeg(_page([(_spectrogram(heard.samples, 0.0, heard.duration),)], [label], ""))
    with decode.video(fd, limits, rate=1.0) as stream:
        frames = [(frame.second, frame.rgb) for frame in stream]
    chosen = [frames[place] for place in sorted({round(n * (len(frames) - 1) / 5) for n in range(6)})]
    cells = [_stamped(_fitted(rgb, CELL, CELL), second) for second, rgb in chosen]
    return _jpeg(_page([tuple(cells[place : place + 2]) for place in range(0, len(cells), 2)], [label], ""))


def _seconds(match: Match) -> list[tuple[float, float]]:
    """Moments that lie on each other, spread over the spans."""
    spans = match.spans or (Span(0.0, 0.0, 0.0),)
    if not match.picture or spans[0].seconds == 0:
        return [(spans[0].query_start, spans[0].reference_start)]
    shares = (0.15, 0.5, 0.85) if len(spans) == 1 else (0.5,)
    moments = [(span, share) for span in spans for share in shares][:ROWS]
    return [
        (span.query_start + share * span.seconds, span.reference_start + share * span.seconds * span.speed)
        for span, share in moments
    ]


def _shown(fd: int, media: MediaClass, match: Match, second: float, limits: Limits) -> Image.Image:
    """One side of a row."""
    if not match.picture:
        length = match.spans[0].seconds if match.spans else 5.0
        heard = decode.sound(fd, limits, rate=sound.RATE)
        return _spectrogram(heard.samples, second, min(length, 20.0))
    if media is MediaClass.PHOTO:
        return _fitted(decode.picture(fd, limits).rgb, CELL, CELL)
    frame = decode.frame_at(fd, second, limits)
    return _stamped(_fitted(frame.rgb, CELL, CELL), second)


def _outlined(picture: Image.Image, match: Match) -> Image.Image:
    """Where the other copy lies in this one."""
    affine = np.array(match.geometry).reshape(2, 3)
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float) @ affine.T
    if match.mirrored:
        corners[:, 0] = 1 - corners[:, 0]
    if float(np.abs(corners - np.array([[0, 0], [1, 0], [1, 1], [0, 1]])).max()) < 0.03:
        return picture
    marked = picture.copy()
    points = [(float(x) * picture.width, float(y) * picture.height) for x, y in corners]
    ImageDraw.Draw(marked).polygon(points, outline=MARK, width=4)
    return marked


def _spectrogram(samples: NDArray[np.float32], second: float, seconds: float) -> Image.Image:
    """What is heard from ``second`` on, low notes at the bottom."""
    piece = samples[int(second * sound.RATE) : int((second + seconds) * sound.RATE)]
    size, step = 512, max(1, len(piece) // 500)
    places = range(0, max(1, len(piece) - size), step)
    windows = np.stack([np.pad(piece[at : at + size], (0, max(0, size - len(piece[at : at + size])))) for at in places])
    power = np.log1p(1000 * np.abs(np.fft.rfft(windows * np.hanning(size), axis=1))).T[::-1]
    scaled = np.asarray(255 * power / max(1e-6, float(power.max())), np.uint8)
    coloured = cv2.cvtColor(cv2.applyColorMap(scaled, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    return _stamped(Image.fromarray(coloured).resize((CELL, 280)), second)


def _page(rows: Sequence[Sequence[Image.Image]], labels: Sequence[str], marks: str) -> Image.Image:
    heights = [max(cell.height for cell in row) for row in rows]
    footer = HEAD if marks else 0
    page = Image.new("RGB", (WIDTH, HEAD + sum(heights) + GAP * len(rows) + footer), PAPER)
    for column, label in enumerate(labels):
        lettering.write(page, column * (CELL + GAP) + 10, 8, lettering.cut(label, LETTERS, CELL - 20), LETTERS, INK)
    top = HEAD
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            page.paste(cell, (column * (CELL + GAP) + (CELL - cell.width) // 2, top + (height - cell.height) // 2))
        top += height + GAP
    if marks:
        lettering.write(page, 10, top + 6, lettering.cut(marks, LETTERS, WIDTH - 20), LETTERS, MARK)
    return page


def _marks(match: Match) -> str:
    said = [
        "mirrored" if match.mirrored else "",
        "same sound, other pictures" if match.sound and not match.picture else "",
        "outline: where the other copy lies in this one" if match.geometry and match.picture else "",
        "" if match.certain else "POSSIBLE: please judge",
    ]
    return " · ".join(one for one in said if one)


def _fitted(rgb: Pixels, width: int, height: int) -> Image.Image:
    scale = min(width / rgb.shape[1], height / rgb.shape[0])
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return Image.fromarray(rgb).resize(size)


def _stamped(picture: Image.Image, second: float) -> Image.Image:
    """The picture with its time code."""
    text = f"{int(second) // 60}:{second % 60:04.1f}"
    ImageDraw.Draw(picture).rectangle((0, 0, lettering.width(text, LETTERS) + 14, 34), fill=PAPER)
    lettering.write(picture, 7, 2, text, LETTERS, MARK)
    return picture


def _jpeg(page: Image.Image) -> bytes:
    written = io.BytesIO()
    page.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()
