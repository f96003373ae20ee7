"""Verdicts: by the buttons of a card, by /verdict."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import notices, words
from bot.access import Action, needs
from bot.callbacks import Act, Press
from bot.desk import Desk, Pressed
from bot.questions import verdict_named
from core.ids import footage_label
from core.model import Member, Verdict
from storage import members
from storage.database import Tx


def router() -> Router:
    """The conversation about verdicts."""
    made = Router(name="verdicts")
    made.callback_query.register(press_verdict, Pressed(Act.JUDGE), flags=needs(Action.JUDGE))
    made.message.register(write_verdict, Command("verdict"), flags=needs(Action.JUDGE))
    return made


async def press_verdict(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Give the verdict on the button."""
    verdict = next((one for one in Verdict if one == press.argument), None)
    async with desk.store.database.transaction() as tx:
        number = await desk.present(tx, press.footage_id)
        if number is None or verdict is None:
            notice = words.OUT_OF_DATE()
        else:
            notice = await _judge(tx, desk, number, verdict, member)
    await desk.outgoing.answer(query, notice)


async def write_verdict(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/verdict F12 confirmed."""
    number, written = await desk.meant(message, command.args)
    if number is None:
        return
    verdict = verdict_named(written)
    if verdict is None:
        await desk.outgoing.reply(message, notices.which_verdict())
        return
    async with desk.store.database.transaction() as tx:
        notice = await _judge(tx, desk, number, verdict, member)
    await desk.outgoing.reply(message, notice)


async def _judge(tx: Tx, desk: Desk, number: int, verdict: Verdict, member: Member) -> str:
    needs_second = verdict in desk.second_reviewer
    changed = await members.judge(tx, number, verdict, member, desk.store.clock.now(), needs_second=needs_second)
    standing = await members.judgement(tx, number)
    if changed:
        act = "agreed: {what}" if standing is not None and standing.second == member.name else "judged {what}"
        await desk.tell_followers(tx, number, member, act, str(verdict))
    await desk.refresh(tx, number)
    return notices.judged(footage_label(number), verdict, waits=standing is not None and standing.awaits_second)
