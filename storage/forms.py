"""Whether the cards of a chat are compact; full ones are the rule."""

from storage import settings
from storage.database import Reader, Tx

COMPACT, FULL = "compact", "full"


async def is_compact(reader: Reader, chat_id: int) -> bool:
    """Whether a chat wants compact cards."""
    return await settings.get(reader, _name(chat_id)) == COMPACT


async def choose(tx: Tx, chat_id: int, form: str) -> None:
    """Draw the cards of a chat in this form from now on."""
    await settings.put(tx, _name(chat_id), form)


async def move(tx: Tx, old: int, new: int) -> None:
    """A group goes on under another number."""
    if await is_compact(tx, old):
        await choose(tx, new, COMPACT)


def _name(chat_id: int) -> str:
    return f"form of cards in chat {chat_id}"
