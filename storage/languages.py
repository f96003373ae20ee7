"""Which language is spoken in a chat: chosen in a group by a lead, in private by the member or by their Telegram."""

from storage import settings
from storage.database import Reader, Tx


async def chosen(reader: Reader, chat_id: int) -> str | None:
    """The code of the language that was chosen for a chat; nothing when nobody chose one."""
    return await settings.get(reader, _name(chat_id))


async def choose(tx: Tx, chat_id: int, language: str) -> None:
    """Speak this language in a chat from now on."""
    await settings.put(tx, _name(chat_id), language)


async def move(tx: Tx, old: int, new: int) -> None:
    """A group goes on under another number."""
    if (language := await chosen(tx, old)) is not None:
        await choose(tx, new, language)


def _name(chat_id: int) -> str:
    return f"language of chat {chat_id}"
