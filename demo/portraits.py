"""Cards as pictures and text: what the chat shows, drawn so that it can be looked at without Telegram."""

import io
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from loopback.chat_nouns import Message

WIDTH, MARGIN, LINE, BUTTON = 720, 20, 24, 40
PAPER, INK, BLUE, SHADE = "#ffffff", "#101418", "#2a6db0", "#e4eef8"


def keep(message: Message, folder: Path, name: str) -> None:
    """Write a message as ``name``.txt and ``name``.png."""
    rows = "\n".join(" ".join(f"[{label}]" for label in row) for row in message.labels)
    links = "\n".join(sorted({style.url for style in message.entities if style.url}))
    (folder / f"{name}.txt").write_text(f"{message.text}\n\n{rows}\n\n{links}\n", encoding="utf-8")
    portrait(message).save(folder / f"{name}.png", optimize=True)


def portrait(message: Message) -> Image.Image:
    """The message as a chat shows it: picture, words, buttons."""
    font = ImageFont.load_default(16)
    lines = _wrapped(message.text, font)
    picture = _picture(message)
    top = 0 if picture is None else picture.height
    height = top + 2 * MARGIN + LINE * len(lines) + (BUTTON + 6) * len(message.labels)
    page = Image.new("RGB", (WIDTH, height), PAPER)
    if picture is not None:
        page.paste(picture, (0, 0))
    draw = ImageDraw.Draw(page)
    y = top + MARGIN
    for line in lines:
        draw.text((MARGIN, y), line, fill=INK, font=font)
        y += LINE
    for row in message.labels:
        _draw_row(draw, row, y, font)
        y += BUTTON + 6
    return page


def _picture(message: Message) -> Image.Image | None:
    if message.file is None or not message.file.mime.startswith("image/"):
        return None
    picture = Image.open(io.BytesIO(message.file.content)).convert("RGB")
    return picture.resize((WIDTH, max(1, round(picture.height * WIDTH / picture.width))))


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    columns = int((WIDTH - 2 * MARGIN) / font.getlength("n"))
    return [piece for line in text.splitlines() for piece in textwrap.wrap(line, columns) or [""]]


def _draw_row(
    draw: ImageDraw.ImageDraw, row: list[str], y: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> None:
    width = (WIDTH - 2 * MARGIN - 6 * (len(row) - 1)) / len(row)
    for column, label in enumerate(row):
        left = MARGIN + column * (width + 6)
        draw.rounded_rectangle((left, y, left + width, y + BUTTON), 8, fill=SHADE)
        draw.text((left + width / 2, y + BUTTON / 2), label, fill=BLUE, font=font, anchor="mm")
