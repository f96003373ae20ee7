"""Follow and mute, by commands and a card's buttons: for oneself in private, for a group by its leads; and recaps."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.utils.formatting import Bold, Text, as_list

from bot import notices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press, word_key
from bot.cleaning import line
from bot.desk import Desk, Pressed, card_number
from bot.outgoing import shown
from bot.questions import Unclear, asked_by, read_question
from bot.tongues import aloud
from core.ids import footage_label, parse_channel, parse_footage
from core.model import Member, Role
from storage import attention, channels, jobs
from storage.attention import Attention, Subject
from storage.database import Reader, Tx
from storage.search import fold

LONGEST = 80  # units
MOST_BUTTONS = 40
_PLACE, _VERDICT = "place:", "verdict:"


def router() -> Router:
    """The conversation about what a chat hears of."""
    made = Router(name="attention")
    made.message.register(write_attention, Command("follow", "mute", "unfollow", "unmute"), flags=needs(Action.READ))
    made.message.register(write_recap, Command("recap"), flags=needs(Action.READ))
    made.callback_query.register(press_attend, Pressed(Act.ATTEND), flags=needs(Action.READ))
    made.callback_query.register(press_save, Pressed(Act.SAVE), flags=needs(Action.READ))
    made.callback_query.register(press_forget, Pressed(Act.FORGET), flags=needs(Action.READ))
    return made


async def write_attention(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/follow, /mute, /unfollow, /unmute with F12, @channel, #tag, place:name or words; alone they show what stands."""
    written = (command.args or "").strip()
    number = card_number(message)
    if not written and number is not None:
        written = footage_label(number)
    if not written:
        text, buttons = await _list(message.chat.id, desk)
        await desk.outgoing.reply(message, text, buttons)
        return
    if refusal := _refusal(message.chat.type, member):
        await desk.outgoing.reply(message, refusal)
        return
    async with desk.store.database.transaction() as tx:
        wish = await _read(tx, desk, message.chat.id, written, follows=command.command == "follow")
        notice = wish if isinstance(wish, str) else await _apply(tx, desk, wish, member, command.command)
    await desk.outgoing.reply(message, notice)


async def write_recap(message: Message, desk: Desk) -> None:
    """/recap: what mutes held back from this chat, now."""
    async with desk.store.database.transaction() as tx:
        held = await attention.held(tx, message.chat.id)
        if held:
            await jobs.enqueue(tx, "recap", str(message.chat.id))
    if not held:
        await desk.outgoing.reply(message, words.NOTHING_HELD())


async def press_attend(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Follow or mute the footage of a card, in the chat where the card stands."""
    message = shown(query)
    if message is None:
        return
    if refusal := _refusal(message.chat.type, member):
        await desk.outgoing.answer(query, refusal, alert=True)
        return
    async with desk.store.database.transaction() as tx:
        number = await desk.present(tx, press.footage_id)
        if number is None or press.argument not in {"follow", "mute"}:
            notice = words.OUT_OF_DATE()
        else:
            wish = _footage(message.chat.id, number, follows=press.argument == "follow")
            notice = await _apply(tx, desk, wish, member, press.argument)
    await desk.outgoing.answer(query, notice)


async def press_save(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:  # noqa: ARG001
    """Follow the search that a message of results answers."""
    message = shown(query)
    question = asked_by(message)
    if message is None or question is None:
        await desk.outgoing.answer(query, words.OUT_OF_DATE())
        return
    if refusal := _refusal(message.chat.type, member):
        await desk.outgoing.answer(query, refusal, alert=True)
        return
    async with desk.store.database.transaction() as tx:
        wish = await read_search(tx, message.chat.id, question, follows=True)
        notice = wish if isinstance(wish, str) else await _apply(tx, desk, wish, member, "follow")
    await desk.outgoing.answer(query, notice)


async def press_forget(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Take a wish of the list back."""
    message = shown(query)
    if message is None:
        return
    if refusal := _refusal(message.chat.type, member):
        await desk.outgoing.answer(query, refusal, alert=True)
        return
    async with desk.store.database.transaction() as tx:
        standing = await attention.of_chat(tx, message.chat.id)
        wish = next((one for one in standing if _key(one) == press.argument), None)
        notice = await _apply(tx, desk, wish, member, "unfollow") if wish else words.OUT_OF_DATE()
    await desk.outgoing.answer(query, notice)
    with aloud():
        text, buttons = await _list(message.chat.id, desk)
    await desk.outgoing.rewrite(message.chat.id, message.message_id, text, buttons)


def _refusal(chat_type: str, member: Member) -> str:
    """Why a member may not decide what this chat hears of: alone everybody does, for a group its leads."""
    allowed = chat_type == "private" or member.role >= Role.LEAD
    return "" if allowed else f"{notices.needs_role(Role.LEAD, member.role)} {words.FOR_YOURSELF()}"


async def _apply(tx: Tx, desk: Desk, wish: Attention, member: Member, command: str) -> str:
    now, what = desk.store.clock.now(), line(wish.shown, LONGEST)
    if command in {"follow", "mute"}:
        changed = await attention.wish(tx, wish, member, now)
        return notices.attending(what, follows=wish.follows, changed=changed)
    ended = await attention.end(tx, wish.chat_id, wish.subject, wish.meant, member, now)
    return notices.attention_ended(what, ended=ended is not None)


async def _read(tx: Tx, desk: Desk, chat_id: int, written: str, *, follows: bool) -> Attention | str:
    """The wish in these words, or why there is none."""
    if _is_search(written):
        return await read_search(tx, chat_id, written, follows=follows)
    if (number := parse_footage(written)) is not None:
        present = await desk.present(tx, number)
        return words.NO_FOOTAGE() if present is None else _footage(chat_id, present, follows=follows)
    if written.startswith("@") or "t.me/" in written:
        return await _channel(tx, chat_id, written, follows=follows)
    if written.startswith("#"):
        tag = line(written[1:].replace("_", " "), LONGEST)
        return Attention(chat_id, Subject.TAG, tag.casefold(), f"#{tag}", follows)
    subject, rest = (Subject.PLACE, written[len(_PLACE) :]) if written.startswith(_PLACE) else (Subject.WORD, written)
    if not (meant := fold(rest)[:LONGEST].strip()):
        return words.WHAT_TO_FOLLOW()
    return Attention(chat_id, subject, meant, line(rest, LONGEST), follows)


def _is_search(written: str) -> bool:
    """Whether something is asked for that must hold in several ways: words first, or several narrowings."""
    marks = [part.startswith(("#", "@", _PLACE, _VERDICT)) for part in written.split()]
    return sum(marks) > 1 or (any(marks) and not marks[0]) or written.startswith(_VERDICT)


async def read_search(reader: Reader, chat_id: int, written: str, *, follows: bool) -> Attention | str:
    """The wish to hear of all that a search finds from now on, or why there is none."""
    try:
        asked = read_question(written)
    except Unclear as unclear:
        return str(unclear)
    parts = [(Subject.TAG, tag.casefold()) for tag in asked.tags]
    parts += [(Subject.WORD, fold(asked.words))] if fold(asked.words) else []
    parts += [(Subject.PLACE, fold(asked.place))] if fold(asked.place) else []
    parts += [(Subject.VERDICT, str(asked.verdict))] if asked.verdict else []
    if asked.channel is not None:
        channel = await channels.find_channel(reader, asked.channel)
        if channel is None:
            return words.NO_CHANNEL()
        parts.append((Subject.CHANNEL, str(channel.channel_id)))
    if not parts:
        return words.WHAT_TO_FOLLOW()
    return attention.search(chat_id, parts, line(written, LONGEST), follows=follows)


def _footage(chat_id: int, number: int, *, follows: bool) -> Attention:
    return Attention(chat_id, Subject.FOOTAGE, str(number), footage_label(number), follows)


async def _channel(reader: Reader, chat_id: int, written: str, *, follows: bool) -> Attention | str:
    ref = parse_channel(written)
    channel = await channels.find_channel(reader, ref) if ref else None
    if channel is None:
        return words.NO_CHANNEL()
    return Attention(chat_id, Subject.CHANNEL, str(channel.channel_id), line(channel.title, LONGEST), follows)


async def _list(chat_id: int, desk: Desk) -> tuple[Text, InlineKeyboardMarkup | None]:
    """What is followed and muted here, each with a button that ends it."""
    async with desk.store.database.reader() as reader:
        standing = await attention.of_chat(reader, chat_id)
    if not standing:
        return as_list(Text(words.NO_WISHES()), Text(words.WHAT_TO_FOLLOW())), None
    lines: list[Text] = []
    for title, follows in ((words.FOLLOWED_HERE(), True), (words.MUTED_HERE(), False)):
        some = [one for one in standing if one.follows is follows][:MOST_BUTTONS]
        lines += [Bold(title)] if some else []
        lines += [Text(f"{words.SUBJECT_WORD[one.subject]()} {line(one.shown, LONGEST)}") for one in some]
    buttons = [
        InlineKeyboardButton(text=f"✕ {line(one.shown, 24)}", callback_data=Press(Act.FORGET, 0, _key(one)).pack())
        for one in standing[:MOST_BUTTONS]
    ]
    rows = [buttons[start : start + 2] for start in range(0, len(buttons), 2)]
    return as_list(*lines), InlineKeyboardMarkup(inline_keyboard=rows)


def _key(wish: Attention) -> str:
    return word_key(f"{wish.subject} {wish.meant}")
