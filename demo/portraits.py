"""Cards as pictures and text: what the chat shows, drawn so that it can be looked at without Telegram."""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from loopback.chat_nouns import Message

WIDTH, MARGIN, LINE, BUTTON = 720, 20, 24, 40
LETTERS = 17  # pixels
PAPER, INK, BLUE, SHADE = (255, 255, 255), (16, 20, 24), (42, 109, 176), (228, 238, 248)
_FACE = cv2.FontFace("sans")  # OpenCV 5 carries Latin and Cyrillic letters

Colour = tuple[int, int, int]


def keep(message: Message, folder: Path, name: str) -> None:
    """Write a message as ``name``.txt and ``name``.png."""
    rows = "\n".join(" ".join(f"[{label}]" for label in row) for row in message.labels)
    links = "\n".join(sorted({style.url for style in message.entities if style.url}))
    (folder / f"{name}.txt").write_text(f"{message.text}\n\n{rows}\n\n{links}\n", encoding="utf-8")
    portrait(message).save(folder / f"{name}.png", optimize=True)


def portrait(message: Message) -> Image.Image:
    """The message as a chat shows it: picture, words, buttons."""
    lines = [piece for line in message.text.splitlines() for piece in _wrapped(line)]
    picture = _picture(message)
    top = 0 if picture is None else picture.height
    height = top + 2 * MARGIN + LINE * len(lines) + (BUTTON + 6) * len(message.labels)
    page = Image.new("RGB", (WIDTH, height), PAPER)
    if picture is not None:
        page.paste(picture, (0, 0))
    y = top + MARGIN
    for line in lines:
        _write(page, MARGIN, y, line, INK)
        y += LINE
    for row in message.labels:
        _draw_row(page, row, y)
        y += BUTTON + 6
    return page


def _picture(message: Message) -> Image.Image | None:
    if message.file is None or not message.file.mime.startswith("image/"):
        return None
    picture = Image.open(io.BytesIO(message.file.content)).convert("RGB")
    return picture.resize((WIDTH, max(1, round(picture.height * WIDTH / picture.width))))


def _wrapped(line: str) -> list[str]:
    """A line in pieces that fit."""
    pieces = [""]
    for word in line.split(" "):
        longer = f"{pieces[-1]} {word}".strip()
        if _width(longer) > WIDTH - 2 * MARGIN:
            pieces.append(word)
        else:
            pieces[-1] = longer
    return pieces


def _draw_row(page: Image.Image, row: list[str], y: int) -> None:
    width = (WIDTH - 2 * MARGIN - 6 * (len(row) - 1)) // len(row)
    for column, label in enumerate(row):
        left = MARGIN + column * (width + 6)
        ImageDraw.Draw(page).rounded_rectangle((left, y, left + width, y + BUTTON), 8, fill=SHADE)
        _write(page, left + (width - _width(label)) // 2, y + (BUTTON - LETTERS) // 2, label, BLUE)


def _width(text: str) -> int:
    return int(cv2.getTextSize((0, 0), text, (0, 0), _FACE, LETTERS)[2])


def _write(page: Image.Image, left: int, top: int, text: str, colour: Colour) -> None:
    pixels = np.array(page)
    cv2.putText(pixels, text, (left, top + LETTERS), colour, _FACE, LETTERS)
    page.paste(Image.fromarray(pixels))
