"""What a card does not say: how it spread, the evidence of each file, who did what; and bringing a card."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message
from aiogram.utils.formatting import Text

from bot import copies, notices, voices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press
from bot.desk import Desk, Pressed
from bot.outgoing import shown, topic_of
from bot.spreading import spread_picture
from bot.stories import copy_buttons, evidence, history, timeline
from bot.tongues import aloud
from core.ids import footage_label
from pipeline.copies import best_copy
from storage import alerts, custody, footage, members
from storage.database import Reader
from storage.footage import FootageSighting


def router() -> Router:
    """The conversation about what lies behind a card."""
    made = Router(name="telling")
    made.callback_query.register(press_tell, Pressed(Act.TELL), flags=needs(Action.READ))
    made.callback_query.register(press_card, Pressed(Act.CARD), flags=needs(Action.READ))
    made.message.register(write_card, Command("card"), flags=needs(Action.READ))
    return made


async def press_tell(query: CallbackQuery, press: Press, desk: Desk) -> None:
    """Tell it in a message under the card."""
    if press.argument == "spread":
        await _show_spread(query, press, desk)
        return
    if press.argument == "best":
        await _send_best(query, press, desk)
        return
    if press.argument == "hear":
        await _let_hear(query, press, desk)
        return
    async with desk.store.database.reader() as reader:
        number = await desk.present(reader, press.footage_id)
        seen = await footage.sightings(reader, number) if number else ()
        with aloud():
            story = await _story(reader, press.argument, number, seen) if number else None
    message = shown(query)
    if story is None or message is None:
        await desk.outgoing.answer(query, words.OUT_OF_DATE())
        return
    await desk.outgoing.answer(query)
    await desk.outgoing.reply(message, story, copy_buttons(seen) if press.argument == "evidence" else None)


async def _show_spread(query: CallbackQuery, press: Press, desk: Desk) -> None:
    message = shown(query)
    async with desk.store.database.reader() as reader:
        number = await desk.present(reader, press.footage_id)
        seen = await footage.sightings(reader, number) if number else ()
    if number is None or message is None or not seen:
        await desk.outgoing.answer(query, words.OUT_OF_DATE())
        return
    await desk.outgoing.answer(query)
    with aloud():
        picture, title = await spread_picture(number, seen), words.spread_title(footage_label(number))
    if picture:
        await desk.outgoing.show(message, picture, title)


async def _send_best(query: CallbackQuery, press: Press, desk: Desk) -> None:
    message = shown(query)
    async with desk.store.database.reader() as reader:
        number = await desk.present(reader, press.footage_id)
        best = await best_copy(reader, await footage.sightings(reader, number)) if number else None
    if number is None or message is None or best is None:
        await desk.outgoing.answer(query, words.OUT_OF_DATE())
        return
    await desk.outgoing.answer(query)
    with aloud():
        await copies.send(desk.outgoing, message, number, best, desk.store.vault.path(best.seen.asset.sha256))


async def _let_hear(query: CallbackQuery, press: Press, desk: Desk) -> None:
    message = shown(query)
    async with desk.store.database.reader() as reader:
        number = await desk.present(reader, press.footage_id)
        seen = await footage.sightings(reader, number) if number else ()
    if number is None or message is None or not seen:
        await desk.outgoing.answer(query, words.OUT_OF_DATE())
        return
    await desk.outgoing.answer(query)
    with aloud():
        await voices.send(desk.outgoing, desk.proofs, message, number, seen[-1])


async def press_card(query: CallbackQuery, press: Press, desk: Desk) -> None:
    """Bring the card of the footage on the button."""
    message = shown(query)
    async with desk.store.database.reader() as reader:
        number = await desk.present(reader, press.footage_id)
    if number is None or message is None:
        await desk.outgoing.answer(query, words.OUT_OF_DATE())
        return
    await desk.outgoing.answer(query, notices.bringing(footage_label(number)))
    await _bring(message, number, desk)


async def write_card(message: Message, command: CommandObject, desk: Desk) -> None:
    """/card F12."""
    number, _ = await desk.meant(message, command.args)
    if number is not None:
        await _bring(message, number, desk)


async def _bring(message: Message, number: int, desk: Desk) -> None:
    """One card a chat: where it stands already, point at it."""
    async with desk.store.database.transaction() as tx:
        cards = await alerts.of_footage(tx, number)
        here = next((one for one in cards if one.chat_id == message.chat.id and one.message_id is not None), None)
        if here is None:
            await desk.bring(tx, number, message.chat.id, topic_of(message))
    if here is not None:
        with aloud():
            notice = notices.here_it_is(footage_label(number))
        await desk.outgoing.say(message.chat.id, notice, thread_id=here.thread_id, reply_to=here.message_id)


async def _story(reader: Reader, what: str, number: int, seen: tuple[FootageSighting, ...]) -> Text | None:
    if what == "timeline":
        return timeline(number, seen)
    if what == "evidence":
        return evidence(number, seen, await custody.head(reader))
    if what == "history":
        return history(number, await members.history(reader, number))
    return None
