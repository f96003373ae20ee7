"""Search by words and tags: /find Сергеевка #vehicles, leafed through by buttons.

The message of results carries its own question, so that leafing needs no memory and outlives a restart.
"""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.utils.formatting import Bold, Code, Text

from bot import words
from bot.access import Action, needs
from bot.callbacks import Act, Press
from bot.cards import TEXT_LIMIT
from bot.cleaning import line, paragraph
from bot.desk import Desk, Pressed
from bot.outgoing import shown
from bot.questions import Unclear, asked_by, read_question
from bot.stories import fitting
from bot.tongues import aloud
from core.ids import footage_label
from storage import channels, search
from storage.search import Found

PAGE = 5
LONGEST = 120  # units of a question


def router() -> Router:
    """The conversation about what was posted."""
    made = Router(name="search")
    made.message.register(write_find, Command("find"), flags=needs(Action.ASK))
    made.callback_query.register(press_page, Pressed(Act.PAGE), flags=needs(Action.ASK))
    return made


async def write_find(message: Message, command: CommandObject, desk: Desk) -> None:
    """/find words #tag."""
    question = line(command.args or "", LONGEST)
    if not (command.args or "").strip():
        await desk.outgoing.reply(message, words.WHAT_TO_FIND())
        return
    try:
        text, buttons = await _page(desk, question, 0)
    except Unclear as unclear:
        await desk.outgoing.reply(message, str(unclear))
    else:
        await desk.outgoing.reply(message, text, buttons)


async def press_page(query: CallbackQuery, press: Press, desk: Desk) -> None:
    """Leaf through what was found."""
    message = shown(query)
    question = asked_by(message)
    page = int(press.argument) if press.argument.isdigit() else None
    if message is None or question is None or page is None:
        await desk.outgoing.answer(query, words.OUT_OF_DATE())
        return
    await desk.outgoing.answer(query)
    with aloud():
        text, buttons = await _page(desk, question, page)
    await desk.outgoing.rewrite(message.chat.id, message.message_id, text, buttons)


async def _page(desk: Desk, question: str, page: int) -> tuple[Text, InlineKeyboardMarkup]:
    asked = read_question(question)
    async with desk.store.database.reader() as reader:
        channel = await channels.find_channel(reader, asked.channel) if asked.channel else None
        if asked.channel and channel is None:
            found: tuple[Found, ...] = ()
        else:
            found = await search.find(
                reader,
                asked.words,
                tags=asked.tags,
                verdict=asked.verdict,
                channel=channel.channel_id if channel else None,
                place=asked.place,
                since=asked.since,
                until=asked.until,
                limit=PAGE + 1,
                offset=page * PAGE,
            )
    title = Text(f"{words.SEARCH()} ", Code(question))
    lines = [_line(one) for one in found[:PAGE]] or [Text(words.NOTHING_FOUND())]
    return fitting(title, lines, TEXT_LIMIT), _buttons(found, page)


def _line(found: Found) -> Text:
    tags = f" · {', '.join(line(tag, 32) for tag in found.tags[:4])}" if found.tags else ""
    caption = paragraph(found.text, 160).replace("\n", " ")
    facts = f" · {line(found.channel, 40)} · {words.moment(found.posted_at)}{tags}"
    return Text(Bold(footage_label(found.footage_id)), facts, f"\n{caption}" if caption else "")


def _buttons(found: tuple[Found, ...], page: int) -> InlineKeyboardMarkup:
    cards = [
        InlineKeyboardButton(text=footage_label(one.footage_id), callback_data=Press(Act.CARD, one.footage_id).pack())
        for one in found[:PAGE]
    ]
    leaves = [(words.EARLIER_PAGE, page - 1)] if page > 0 else []
    leaves += [(words.LATER_PAGE, page + 1)] if len(found) > PAGE else []
    turning = [
        InlineKeyboardButton(text=text, callback_data=Press(Act.PAGE, 0, str(number)).pack()) for text, number in leaves
    ]
    saving = [InlineKeyboardButton(text=words.FOLLOW_SEARCH(), callback_data=Press(Act.SAVE).pack())]
    return InlineKeyboardMarkup(inline_keyboard=[row for row in (cards, turning, saving) if row])
