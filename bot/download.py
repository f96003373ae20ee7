"""Files that members sent, from Telegram's servers into a file of ours, never larger than what a bot may have."""

from typing import BinaryIO

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramRetryAfter
from aiohttp import ClientError, ClientResponseError

from core.errors import Gone, TooLarge, Transient

MOST = 20_000_000  # bytes that Telegram lets a bot download
RETRY_IN = 5.0


async def fetch(bot: Bot, file_id: str, target: BinaryIO) -> int:
    """Write the file to ``target``; its size. TooLarge, Gone, or Transient when the network fails."""
    try:
        found = await bot.get_file(file_id)
        if not found.file_path or (found.file_size or 0) > MOST:
            raise TooLarge(f"the file has {found.file_size} bytes; a bot may download {MOST}")
        return await _stream(bot, found.file_path, target)
    except TelegramBadRequest as error:
        if "too big" in error.message:
            raise TooLarge(error.message) from error
        raise Gone(f"Telegram does not give out the file: {error.message}") from error
    except TelegramRetryAfter as flood:
        raise Transient("Telegram asked to wait", retry_in=flood.retry_after) from flood
    except ClientResponseError as error:
        raise Gone(f"Telegram does not give out the file: {error.status}") from error
    except (AiogramError, ClientError, TimeoutError) as error:
        raise Transient(f"the file could not be downloaded: {error}", retry_in=RETRY_IN) from error


async def _stream(bot: Bot, path: str, target: BinaryIO) -> int:
    size = 0
    async for chunk in bot.session.stream_content(bot.session.api.file_url(bot.token, path), raise_for_status=True):
        size += len(chunk)
        if size > MOST:
            raise TooLarge(f"the file has more than the {MOST} bytes that a bot may download")
        target.write(chunk)
    return size
