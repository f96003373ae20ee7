"""Puts cards on the screen: which Bot API method shows or changes a message with and without a picture."""

from collections import OrderedDict
from typing import Protocol, TypeVar

from aiogram import Bot
from aiogram.types import BufferedInputFile, InputMediaPhoto, LinkPreviewOptions, Message, ReplyParameters

from bot.cards import Card
from core.model import Alert
from pipeline.proofs import Drawing, Picture

Photo = str | BufferedInputFile  # a file id that Telegram gave, or bytes to upload
Kept = TypeVar("Kept")
REMEMBERED_FILES, REMEMBERED_PICTURES = 500, 8


class ProofMaker(Protocol):
    """Draws what a card shows: plans cheaply, draws slowly."""

    async def plan(self, footage_id: int, sighting_id: int) -> Drawing | None:
        """What the card of this sighting in this footage should show; nothing when there is no picture."""
        ...

    async def draw(self, drawing: Drawing) -> Picture | None:
        """Draw it; nothing when the files can't be read."""
        ...


class Pictures:
    """Draws each picture once and uploads it once: Telegram's file id serves every later message."""

    def __init__(self, proofs: ProofMaker) -> None:
        self._proofs = proofs
        self._file_ids: OrderedDict[str, str] = OrderedDict()
        self._drawn: OrderedDict[str, Picture] = OrderedDict()
        self._undrawable: OrderedDict[str, str] = OrderedDict()

    async def plan(self, footage_id: int, sighting_id: int) -> Drawing | None:
        """What is to be drawn; nothing when that failed before."""
        drawing = await self._proofs.plan(footage_id, sighting_id)
        return None if drawing is None or drawing.digest in self._undrawable else drawing

    async def photo(self, drawing: Drawing) -> Photo | None:
        """A file id, or bytes to upload, or nothing when it can't be drawn."""
        if known := self._file_ids.get(drawing.digest):
            return known
        picture = self._drawn.get(drawing.digest) or await self._proofs.draw(drawing)
        if picture is None:
            _keep(self._undrawable, drawing.digest, "", REMEMBERED_FILES)
            return None
        _keep(self._drawn, drawing.digest, picture, REMEMBERED_PICTURES)
        return BufferedInputFile(picture.content, "frames.jpg")

    def uploaded(self, digest: str, message: Message | None) -> None:
        """Remember the file id under which Telegram keeps a picture."""
        if digest and message is not None and message.photo:
            _keep(self._file_ids, digest, message.photo[-1].file_id, REMEMBERED_FILES)

    def reject(self, digest: str, photo: Photo | None) -> None:
        """Telegram does not take this: a file id is forgotten, bytes that it can't show are not tried again."""
        if isinstance(photo, str):
            self._file_ids.pop(digest, None)
        else:
            _keep(self._undrawable, digest, "", REMEMBERED_FILES)


class Screen:
    """The Bot API calls of a card."""

    def __init__(self, bot: Bot, *, spoilers: bool) -> None:
        self._bot = bot
        self._spoilers = spoilers

    async def send(self, alert: Alert, card: Card, photo: Photo | None, *, protect: bool) -> Message:
        """A new message, which rings only when the alert is loud and was not sent before."""
        quiet = not alert.loud or alert.repeats > 0 or alert.shown_version > 0
        if photo is None:
            return await self._bot.send_message(
                alert.chat_id,
                card.text,
                entities=list(card.entities),
                message_thread_id=alert.thread_id,
                reply_markup=card.buttons,
                disable_notification=quiet,
                protect_content=protect,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        return await self._bot.send_photo(
            alert.chat_id,
            photo,
            caption=card.text,
            caption_entities=list(card.entities),
            has_spoiler=self._spoilers,
            message_thread_id=alert.thread_id,
            reply_markup=card.buttons,
            disable_notification=quiet,
            protect_content=protect,
        )

    async def reply(
        self, chat_id: int, message_id: int, thread_id: int | None, card: Card, photo: Photo | None
    ) -> Message:
        """An answer under somebody's message; where that is gone, it stands alone."""
        below = ReplyParameters(message_id=message_id, allow_sending_without_reply=True)
        if photo is None:
            return await self._bot.send_message(
                chat_id,
                card.text,
                entities=list(card.entities),
                message_thread_id=thread_id,
                reply_parameters=below,
                reply_markup=card.buttons,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        return await self._bot.send_photo(
            chat_id,
            photo,
            caption=card.text,
            caption_entities=list(card.entities),
            has_spoiler=self._spoilers,
            message_thread_id=thread_id,
            reply_parameters=below,
            reply_markup=card.buttons,
        )

    async def change_words(self, chat_id: int, message_id: int, card: Card, *, pictured: bool) -> Message | bool:
        """Other words and buttons; the picture, if there is one, stays."""
        if pictured:
            return await self._bot.edit_message_caption(
                chat_id=chat_id,
                message_id=message_id,
                caption=card.text,
                caption_entities=list(card.entities),
                reply_markup=card.buttons,
            )
        return await self._bot.edit_message_text(
            card.text,
            chat_id=chat_id,
            message_id=message_id,
            entities=list(card.entities),
            reply_markup=card.buttons,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )

    async def change_picture(self, chat_id: int, message_id: int, card: Card, photo: Photo) -> Message | bool:
        """Another picture, with words and buttons; a card without a picture gets one."""
        media = InputMediaPhoto(
            media=photo, caption=card.text, caption_entities=list(card.entities), has_spoiler=self._spoilers
        )
        return await self._bot.edit_message_media(
            media, chat_id=chat_id, message_id=message_id, reply_markup=card.buttons
        )


def _keep(store: OrderedDict[str, Kept], key: str, value: Kept, most: int) -> None:
    store[key] = value
    store.move_to_end(key)
    while len(store) > most:
        store.popitem(last=False)
