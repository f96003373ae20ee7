"""The team: who belongs to it, and inviting by a link that makes one person a member once."""

import re
import secrets
from datetime import datetime, timedelta

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, User
from aiogram.utils.deep_linking import create_deep_link
from aiogram.utils.formatting import Bold, Text, as_list

from bot import notices, words
from bot.access import JOINING, Action, needs
from bot.callbacks import Act, Press
from bot.cleaning import line
from bot.desk import Desk, Pressed
from bot.outgoing import shown
from bot.tongues import aloud
from core.model import Member, Role
from storage import invites, members
from storage.database import Reader
from storage.invites import Invite

LIFE = timedelta(days=2)
SECRET_BYTES = 24
LONGEST_NAME = 40  # units
MOST_BUTTONS = 40


def router() -> Router:
    """The conversation about who belongs to the team."""
    made = Router(name="team")
    made.message.register(
        join_team, F.chat.type == "private", F.text.regexp(JOINING).as_("joining"), flags=needs(Action.JOIN)
    )
    made.message.register(write_invite, Command("invite"), flags=needs(Action.INVITE))
    made.message.register(write_team, Command("team"), flags=needs(Action.READ))
    made.callback_query.register(press_revoke, Pressed(Act.REVOKE), flags=needs(Action.INVITE))
    made.callback_query.register(press_dismiss, Pressed(Act.DISMISS), flags=needs(Action.INVITE))
    return made


async def write_invite(message: Message, command: CommandObject, member: Member, desk: Desk) -> None:
    """/invite tagger: a link for one person, in private only: who reads it first is in."""
    role = role_named(command.args or "")
    if message.chat.type != "private":
        await desk.outgoing.reply(message, words.INVITE_IN_PRIVATE())
        return
    if role is None or role > member.role:
        await desk.outgoing.reply(message, words.WHICH_ROLE() if role is None else words.ROLE_TOO_HIGH())
        return
    secret, now = secrets.token_urlsafe(SECRET_BYTES), desk.store.clock.now()
    async with desk.store.database.transaction() as tx:
        made = await invites.make(tx, secret, role, member, now, now + LIFE)
    me = await message.bot.me() if message.bot else None
    link = create_deep_link((me.username if me else None) or "", "start", f"join-{secret}")
    button = _button(words.REVOKE(), Press(Act.REVOKE, 0, str(made.invite_id)))
    await desk.outgoing.reply(
        message, notices.invited(role, link, made.expires_at), InlineKeyboardMarkup(inline_keyboard=[[button]])
    )


async def join_team(message: Message, joining: re.Match[str], desk: Desk, member: Member | None = None) -> None:
    """Open an invitation. A secret that never was gets no answer: strangers learn nothing here."""
    user = message.from_user
    async with desk.store.database.transaction() as tx:
        invite = await invites.by_secret(tx, joining["secret"])
        if invite is None or user is None:
            return
        joined = None
        if member is None:
            joined = await invites.use(tx, invite, user.id, _name(user), desk.store.clock.now())
    if member is not None:
        await desk.outgoing.reply(message, words.MEMBER_ALREADY())
    else:
        await desk.outgoing.reply(message, notices.welcome(joined.role) if joined else words.INVITE_OVER())


async def write_team(message: Message, desk: Desk, member: Member) -> None:
    """/team: everybody with their role; for leads also the open invitations, each with a button to take it back."""
    text, buttons = await _team(desk, member, private=message.chat.type == "private")
    await desk.outgoing.reply(message, text, buttons)


async def press_revoke(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Take an invitation back."""
    async with desk.store.database.transaction() as tx:
        number = int(press.argument) if press.argument.isdecimal() else 0
        done = await invites.revoke(tx, number, member, desk.store.clock.now())
    await desk.outgoing.answer(query, words.REVOKED() if done else words.INVITE_OVER())


async def press_dismiss(query: CallbackQuery, press: Press, member: Member, desk: Desk) -> None:
    """Take somebody out of the team who came by invitation, at most of the own role."""
    async with desk.store.database.transaction() as tx:
        number = int(press.argument) if press.argument.isdecimal() else 0
        person = await members.member(tx, number)
        allowed = person is not None and person.role <= member.role and person.user_id != member.user_id
        done = allowed and await members.dismiss(tx, number, member, desk.store.clock.now())
    await desk.outgoing.answer(query, words.DISMISSED() if done else words.NOT_DISMISSED(), alert=not done)
    message = shown(query)
    if done and message is not None:
        with aloud():
            text, buttons = await _team(desk, member, private=message.chat.type == "private")
        await desk.outgoing.rewrite(message.chat.id, message.message_id, text, buttons)


def role_named(written: str) -> Role | None:
    """The role with this name, in any language."""
    wanted = written.casefold().strip()
    return next(
        (role for role, word in words.ROLE_NAME.items() if wanted in {role.name.lower(), *word.everywhere()}), None
    )


async def _team(desk: Desk, member: Member, *, private: bool) -> tuple[Text, InlineKeyboardMarkup | None]:
    """Everybody with their role; buttons only where no one else sees them, and only for who may press them."""
    now = desk.store.clock.now()
    async with desk.store.database.reader() as reader:
        people = [one for one in await members.members(reader) if one.active]
        came = await members.invited(reader)
        open_ones = await _open(reader, member, now)
    lines = [Text(f"{line(one.name, LONGEST_NAME)} · {words.ROLE_NAME[one.role]()}") for one in people]
    lines += [Text(notices.open_invite(one.role, line(one.made_by, 32), one.expires_at)) for one in open_ones]
    text = as_list(Bold(words.TEAM()), *lines)
    if not private or member.role < Role.LEAD:
        return text, None
    rows = [
        [_button(f"✕ {line(one.name, 24)}", Press(Act.DISMISS, 0, str(one.user_id)))]
        for one in people
        if one.user_id in came and one.role <= member.role and one.user_id != member.user_id
    ]
    rows += [
        [_button(f"{words.REVOKE()}: {words.ROLE_NAME[one.role]()}", Press(Act.REVOKE, 0, str(one.invite_id)))]
        for one in open_ones
    ]
    return text, InlineKeyboardMarkup(inline_keyboard=rows[:MOST_BUTTONS])


async def _open(reader: Reader, member: Member, now: datetime) -> tuple[Invite, ...]:
    return await invites.standing(reader, now) if member.role >= Role.LEAD else ()


def _name(user: User) -> str:
    return line(user.full_name, LONGEST_NAME)


def _button(text: str, press: Press) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=press.pack())
