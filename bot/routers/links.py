"""Link and split: members say that two footages are one, or that a copy is none, whatever the matching found."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot import notices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press
from bot.cleaning import line
from bot.desk import Desk, Pressed, card_number
from core.ids import footage_label, parse_channel, parse_footage
from core.model import Member
from pipeline import review
from storage import footage, links
from storage.database import Tx
from storage.footage import FootageSighting
from storage.links import LinkEvent

MOST_COPIES = 12


def router() -> Router:
    """The conversation about what belongs together."""
    made = Router(name="links")
    made.message.register(write_link, Command("link"), flags=needs(Action.REVIEW))
    made.message.register(write_unlink, Command("unlink"), flags=needs(Action.REVIEW))
    made.message.register(write_split, Command("split"), flags=needs(Action.REVIEW))
    made.callback_query.register(press_part, Pressed(Act.PART), flags=needs(Action.REVIEW))
    return made


async def write_link(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/link F12 F13, or /link F13 in reply to a card."""
    number, rest = await desk.meant(message, command.args)
    if number is None:
        return
    async with desk.store.database.transaction() as tx:
        one = await desk.present(tx, number)
        named = parse_footage(rest) if rest else card_number(message)
        other = await desk.present(tx, named) if named is not None else None
        if one is None or other is None:
            linked, notice = None, words.LINK_WHICH() if named is None else words.NO_FOOTAGE()
        else:
            linked = await review.link(tx, one, other, member, desk.store.clock.now())
            notice = _told(linked) if linked else notices.linked_already(footage_label(one))
        if linked is not None:
            await desk.refresh(tx, linked.kept)
    await desk.outgoing.reply(message, notice, _part_button(linked) if linked else None)


async def write_unlink(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/unlink F13: the newest link that this number takes part in."""
    written = (command.args or "").split()
    named = parse_footage(written[0]) if written else None
    number = named if named is not None else (await desk.meant(message, command.args))[0]
    if number is None:
        return
    async with desk.store.database.transaction() as tx:
        notice = await _part(tx, desk, await links.standing(tx, number), member)
    await desk.outgoing.reply(message, notice)


async def press_part(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Take the link apart that the button stands under; of two who press one does it."""
    async with desk.store.database.transaction() as tx:
        linked = await links.event(tx, int(press.argument)) if press.argument.isdecimal() else None
        notice = await _part(tx, desk, linked, member)
    await desk.outgoing.answer(query, notice)


async def write_split(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/split F12 https://t.me/astrapress/123: this copy is another recording; without a post the copies are offered."""
    number, rest = await desk.meant(message, command.args)
    if number is None:
        return
    async with desk.store.database.transaction() as tx:
        copies = _copies(await footage.sightings(tx, number))
        asset_id = _meant(copies, rest)
        done = asset_id is not None and await review.reject_copy(tx, number, asset_id, member, desk.store.clock.now())
        if done:
            await desk.refresh(tx, number)
    if len(copies) < 2:
        await desk.outgoing.reply(message, words.NOTHING_TO_SPLIT())
    elif done:
        await desk.outgoing.reply(
            message,
            notices.rejected(footage_label(number), None, line(member.name, 32)),
            _one_button(words.TAKE_BACK(), Press(Act.REJOIN, number, f"a{asset_id}")),
        )
    elif rest:
        await desk.outgoing.reply(message, words.NO_SUCH_COPY())
    else:
        await desk.outgoing.reply(message, words.SPLIT_WHICH(), _offer(number, copies))


def _copies(seen: tuple[FootageSighting, ...]) -> dict[int, list[FootageSighting]]:
    """The files of a footage, each with its posts."""
    copies: dict[int, list[FootageSighting]] = {}
    for one in seen:
        copies.setdefault(one.asset.asset_id, []).append(one)
    return copies


def _meant(copies: dict[int, list[FootageSighting]], written: str) -> int | None:
    """The file that stands in the post with this address."""
    ref = parse_channel(written) if written else None
    if ref is None or ref.message_id is None:
        return None
    for asset_id, posts in copies.items():
        for one in posts:
            by_name = ref.username is not None and ref.username.casefold() == (one.channel.username or "").casefold()
            by_number = ref.channel_id is not None and ref.channel_id == one.channel.channel_id
            if (by_name or by_number) and one.sighting.message_id == ref.message_id:
                return asset_id
    return None


def _offer(number: int, copies: dict[int, list[FootageSighting]]) -> InlineKeyboardMarkup:
    rows = [
        [
            InlineKeyboardButton(
                text=f"≠ {line(posts[0].channel.title, 24)}, {words.moment(posts[0].sighting.posted_at)}",
                callback_data=Press(Act.REJECT, number, f"a{asset_id}").pack(),
            )
        ]
        for asset_id, posts in list(copies.items())[:MOST_COPIES]
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows)


async def _part(tx: Tx, desk: Desk, linked: LinkEvent | None, member: Member) -> str:
    if linked is None:
        return words.NOT_LINKED()
    await review.part(tx, linked, member, desk.store.clock.now())
    for number in (linked.kept, linked.gone):
        await desk.refresh(tx, number)
    return notices.parted(footage_label(linked.kept), footage_label(linked.gone))


def _told(linked: LinkEvent) -> str:
    return notices.joined(footage_label(linked.gone), footage_label(linked.kept))


def _part_button(linked: LinkEvent) -> InlineKeyboardMarkup:
    return _one_button(words.PART_AGAIN(), Press(Act.PART, linked.kept, str(linked.event_id)))


def _one_button(text: str, press: Press) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text=text, callback_data=press.pack())]])
