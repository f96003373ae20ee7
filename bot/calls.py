"""What became of a call to the Bot API, in terms of what is to be done about it."""

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import Enum, auto

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import Message
from aiohttp import ClientConnectorError

from core.errors import AccountError

REFUSED_CONNECTION = 2.0  # seconds until the next try when the server could not be reached at all
NOT_ACCEPTED = "Telegram does not accept the bot's token; get a new one from @BotFather and put it into the credentials"


class Fate(Enum):
    """How a call ended."""

    DONE = auto()
    AS_IT_WAS = auto()  # an edit that changed nothing: as good as done
    LATER = auto()  # certainly not done; ``seconds`` says when to try again
    UNKNOWN = auto()  # perhaps done: the reply was lost
    MOVED = auto()  # the group is now ``chat_id``
    MESSAGE_GONE = auto()
    FILE_GONE = auto()  # Telegram no longer knows the file id, or can't make a picture of the bytes
    TOPIC_GONE = auto()
    CHAT_GONE = auto()  # kicked, blocked, deleted: of no use until a person acts
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fate with what belongs to it."""

    fate: Fate
    reason: str = ""
    seconds: float = 0.0
    chat_id: int = 0
    message: Message | None = None


_REASONS = (
    ("is not modified", Fate.AS_IT_WAS),
    ("message to edit not found", Fate.MESSAGE_GONE),
    ("message can't be edited", Fate.MESSAGE_GONE),
    ("MESSAGE_ID_INVALID", Fate.MESSAGE_GONE),
    ("there is no text in the message", Fate.MESSAGE_GONE),
    ("there is no caption in the message", Fate.MESSAGE_GONE),
    ("message thread not found", Fate.TOPIC_GONE),
    ("TOPIC_DELETED", Fate.TOPIC_GONE),
    ("TOPIC_CLOSED", Fate.CHAT_GONE),
    ("chat not found", Fate.CHAT_GONE),
    ("not enough rights", Fate.CHAT_GONE),
    ("need administrator rights", Fate.CHAT_GONE),
    ("file identifier", Fate.FILE_GONE),
    ("file_id", Fate.FILE_GONE),
    ("IMAGE_PROCESS_FAILED", Fate.FILE_GONE),
    ("PHOTO_INVALID_DIMENSIONS", Fate.FILE_GONE),
    ("can't use file of type", Fate.FILE_GONE),
)


async def attempt(call: Awaitable[Message | bool]) -> Outcome:
    """Make the call and say how it ended; a token that is not accepted is an AccountError."""
    try:
        answer = await call
    except TelegramUnauthorizedError as error:
        raise AccountError(NOT_ACCEPTED) from error
    except (TelegramAPIError, ClientDecodeError) as error:
        return _ending(error)
    return Outcome(Fate.DONE, message=answer if isinstance(answer, Message) else None)


def _ending(error: TelegramAPIError | ClientDecodeError) -> Outcome:
    if isinstance(error, TelegramRetryAfter):
        return Outcome(Fate.LATER, f"Telegram asked to wait {error.retry_after} s", float(error.retry_after))
    if isinstance(error, TelegramMigrateToChat):
        return Outcome(Fate.MOVED, error.message, chat_id=error.migrate_to_chat_id)
    if isinstance(error.__cause__, ClientConnectorError):
        return Outcome(Fate.LATER, f"the Bot API can't be reached: {error.message}", REFUSED_CONNECTION)
    return Outcome(_fate(error), error.message)


def _fate(error: TelegramAPIError | ClientDecodeError) -> Fate:
    match error:
        case TelegramForbiddenError():
            return Fate.CHAT_GONE
        case TelegramBadRequest():
            return next((fate for words, fate in _REASONS if words in error.message), Fate.REFUSED)
        case TelegramEntityTooLarge():
            return Fate.FILE_GONE
        case TelegramNetworkError() | TelegramServerError() | ClientDecodeError():
            return Fate.UNKNOWN
    return Fate.REFUSED
