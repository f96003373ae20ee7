"""Who may do what: every handler against every kind of sender in every kind of chat. A handler without a cell fails."""

from collections.abc import AsyncIterator, Iterator
from itertools import product
from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.types import Update

from bot.access import NEEDED, Action, needed_action
from bot.app import Parts, build_parts
from bot.callbacks import Act, Press, word_key
from core.model import Member, Role
from storage import custody, members
from tests.bot.newsroom import Newsroom

ROLES = {"viewer": Role.VIEWER, "tagger": Role.TAGGER, "lead": Role.LEAD, "admin": Role.ADMIN}
SENDERS = ("stranger", *ROLES, "removed", "anonymous admin", "bot", "channel")
PLACES = ("private", "team group", "other group")
USER_IDS = {sender: 900_000_000 + number for number, sender in enumerate(SENDERS)}
ANONYMOUS_BOT, CHANNEL_BOT = 1_087_968_824, 136_817_688
OTHER_GROUP = -1_009_000_000_009

COMMANDS = {
    "write_tag": "/tag F1 vehicles",
    "write_verdict": "/verdict F1 confirmed",
    "write_place": "/place F1 Sergeevka",
    "write_attention": "/follow @astrapress",
    "write_recap": "/recap",
    "write_link": "/link F1 F2",
    "write_unlink": "/unlink F2",
    "write_split": "/split F1",
    "write_claim": "/claim F1",
    "write_note": "/note F1 the same gate",
    "write_find": "/find полигон",
    "write_card": "/card F1",
    "write_status": "/status",
    "write_help": "/help",
    "write_language": "/language uk",
    "write_form": "/cards compact",
    "write_tags": "/tags",
    "write_taxonomy": "/addtag drones",
    "write_team": "/team",
    "write_invite": "/invite tagger",
    "join_team": "/start join-" + 32 * "x",
    "write_seen": "/seen",
}
PRESSES = {
    "press_tag": Press(Act.TAG, 1, word_key("vehicles")).pack(),
    "press_verdict": Press(Act.JUDGE, 1, "confirmed").pack(),
    "press_claim": Press(Act.CLAIM, 1).pack(),
    "press_menu": Press(Act.MENU, 1, "tags").pack(),
    "press_undo": Press(Act.UNDO, 1).pack(),
    "press_reject": Press(Act.REJECT, 1, "a1").pack(),
    "press_accept": Press(Act.ACCEPT, 1, "f1").pack(),
    "press_rejoin": Press(Act.REJOIN, 1, "a1").pack(),
    "press_tell": Press(Act.TELL, 1, "history").pack(),
    "press_card": Press(Act.CARD, 1).pack(),
    "press_place": Press(Act.PLACE, 1, "ask").pack(),
    "press_attend": Press(Act.ATTEND, 1, "follow").pack(),
    "press_save": Press(Act.SAVE).pack(),
    "press_forget": Press(Act.FORGET, 0, "abc").pack(),
    "press_part": Press(Act.PART, 1, "1").pack(),
    "press_mark": Press(Act.FURNISH, 1).pack(),
    "press_page": Press(Act.PAGE, 0, "1").pack(),
    "press_language": Press(Act.SPEAK, 0, "uk").pack(),
    "press_revoke": Press(Act.REVOKE, 0, "1").pack(),
    "press_dismiss": Press(Act.DISMISS, 0, "1").pack(),
    "press_stale": "something|else",
}
IN_REPLY = ("reply_note", "reply_place", "pin_place", "point_at_media")  # to a message of the bot
MEDIA = ("send_media", "point_at_media")
NOTICES = ("membership_changed", "group_moved")  # Telegram's own word about chats; nobody acts
CELLS = (*COMMANDS, *PRESSES, "reply_note", "reply_place", "pin_place", *MEDIA, *NOTICES)
TAKEN_BY = {  # which handler means the same update elsewhere
    ("send_media", "team group"): None,  # a picture in a group that nobody points at is talk
    ("point_at_media", "private"): "send_media",
    ("join_team", "team group"): "write_help",  # an invitation is opened in private
}


def handlers(dispatcher: Dispatcher) -> Iterator[HandlerObject]:
    """Every handler of every conversation."""
    for router in dispatcher.chain_tail:
        for observer in router.observers.values():
            if observer.event_name not in {"update", "error"}:
                yield from observer.handlers


class Recorder:
    """Stands right before the handlers: notes which would run, and runs none."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def __call__(self, _handler: Any, _event: Any, data: dict[str, Any]) -> None:
        """Note the handler's name."""
        self.ran.append(data["handler"].callback.__name__)


def user(sender: str) -> dict[str, Any]:
    """The account that Telegram names as sender."""
    match sender:
        case "anonymous admin":
            return {"id": ANONYMOUS_BOT, "is_bot": True, "first_name": "Group"}
        case "channel":
            return {"id": CHANNEL_BOT, "is_bot": True, "first_name": "Channel"}
    return {"id": USER_IDS[sender], "is_bot": sender == "bot", "first_name": sender}


def place(where: str, sender: str, team_group: int) -> dict[str, Any]:
    """The chat in which it happens."""
    if where == "private":
        return {"id": user(sender)["id"], "type": "private", "first_name": sender}
    return {"id": team_group if where == "team group" else OTHER_GROUP, "type": "supergroup", "title": where}


def update(name: str, sender: str, where: str, newsroom: Newsroom) -> Update:
    """What Telegram would send so that this handler is meant."""
    chat, who = place(where, sender, newsroom.group.id), user(sender)
    me = {"id": newsroom.me.id, "is_bot": True, "first_name": "Firstseen", "username": "firstseen_bot"}
    card = {"message_id": 5, "date": 1, "chat": chat, "from": me, "text": "NEW #F1\nAstra"}
    if name in PRESSES:
        query = {"id": "1", "from": who, "message": card, "chat_instance": "1", "data": PRESSES[name]}
        return Update.model_validate({"update_id": 1, "callback_query": query})
    if name == "membership_changed":
        old, new = ({"user": me, "status": status} for status in ("left", "member"))
        told = {"chat": chat, "from": who, "date": 1, "old_chat_member": old, "new_chat_member": new}
        return Update.model_validate({"update_id": 1, "my_chat_member": told})
    message: dict[str, Any] = {"message_id": 9, "date": 1, "chat": chat, "from": who}
    if sender == "anonymous admin":
        message["sender_chat"] = chat
    if sender == "channel":
        message["sender_chat"] = {"id": -1_001_111, "type": "channel", "title": "News"}
    if name == "group_moved":
        message["migrate_to_chat_id"] = -1_008_888
    if name in MEDIA:
        message["photo"] = [{"file_id": "x", "file_unique_id": "y", "width": 9, "height": 9}]
    elif name == "pin_place":
        message["location"] = {"latitude": 43.8, "longitude": 131.95}
    else:
        message["text"] = COMMANDS.get(name, "43.8012, 131.9540" if name == "reply_place" else "two porches")
    if name in IN_REPLY:
        message["reply_to_message"] = card
    return Update.model_validate({"update_id": 1, "message": message})


@pytest.fixture
async def parts(stage: Newsroom) -> AsyncIterator[Parts]:
    """The bot's own dispatcher and client, over a store that knows a member of every role."""
    parts = build_parts(stage.config, stage.store, stage.drawer, stage.oracle)
    now = stage.store.clock.now()
    async with stage.store.database.transaction() as tx:
        team = [Member(USER_IDS[name], name, role) for name, role in ROLES.items()]
        await members.seed(tx, [*team, Member(USER_IDS["removed"], "removed", Role.ADMIN)], now)
        await members.seed(tx, team, now)
    yield parts
    session = parts.bot.session
    if isinstance(session, AiohttpSession) and session._session is not None:
        await session._session.close()


def test_every_handler_has_a_cell_and_an_action(parts: Parts) -> None:
    """A handler that names no action, or that this matrix does not try, fails here; so does a cell without handler."""
    found = {handler.callback.__name__: needed_action(handler.flags) for handler in handlers(parts.dispatcher)}

    assert sorted(found) == sorted(CELLS)
    assert all(action in NEEDED for action in found.values())
    assert set(NEEDED) == set(Action)
    assert set(found.values()) == set(Action)


async def test_the_matrix(stage: Newsroom, parts: Parts) -> None:
    """Each handler runs for members whose role allows it, in private and in the team's groups, and for nobody else."""
    recorder, needed, dispatcher = Recorder(), {}, parts.dispatcher
    for observer in (dispatcher.message, dispatcher.callback_query, dispatcher.my_chat_member):
        observer.middleware(recorder)
    for handler in handlers(dispatcher):
        action = needed_action(handler.flags)
        assert action is not None
        needed[handler.callback.__name__] = NEEDED[action]

    wrong = []
    for name, sender, where in product(CELLS, SENDERS, PLACES):
        recorder.ran.clear()
        await dispatcher.feed_update(parts.bot, update(name, sender, where, stage))
        meant = TAKEN_BY.get((name, where), name)
        role = needed[meant] if meant is not None else None
        allowed = sender in ROLES and where != "other group" and role is not None and ROLES[sender] >= role
        invited = meant == "join_team" and where == "private" and sender in {"stranger", "removed", *ROLES}
        expected = [meant] if meant is not None and (meant in NOTICES or allowed or invited) else []
        if recorder.ran != expected:
            wrong.append((name, sender, where, list(recorder.ran)))
    assert wrong == []


async def test_strangers_get_nothing_and_change_nothing(newsroom: Newsroom) -> None:
    """Whatever somebody outside the team writes, sends or presses: no answer, no trace in the store."""
    number = await newsroom.post()
    card = await newsroom.shown(number)
    await newsroom.idle()
    stranger = newsroom.world.chats.person("Mallory")
    newsroom.world.chats.add(newsroom.group, stranger)
    before, shown = await _head(newsroom), len(newsroom.group.messages)

    for text in COMMANDS.values():
        stranger.say(newsroom.group, text)
        stranger.say(newsroom.me, text)
    stranger.send_photo(newsroom.me, b"\xff\xd8\xff\xd9")
    stranger.say(newsroom.group, "0:12 gate", reply_to=card)
    for data in PRESSES.values():
        stranger.forge_callback(card, data)
    written = len(newsroom.group.messages)
    await _until_read(newsroom)

    assert await _head(newsroom) == before
    assert newsroom.group.messages[:shown] == [card]
    assert [m for m in newsroom.group.messages[shown:written] if m.sender is newsroom.me.user] == []
    assert all(m.sender is stranger.user for m in stranger.chat_with(newsroom.me).messages)
    assert card.edits == 0


async def test_a_removed_member_is_a_stranger_at_the_next_press(newsroom: Newsroom) -> None:
    """Removal takes effect at once: no button, however old, keeps a right."""
    number = await newsroom.post()
    card = await newsroom.shown(number)
    newsroom.taras.press(newsroom.group, card, "✋ Claim")
    await newsroom.shown(number, "Claimed by Taras")

    async with newsroom.store.database.transaction() as tx:
        await members.seed(tx, [Member(newsroom.olena.id, "Olena", Role.LEAD)], newsroom.store.clock.now())
    press = newsroom.taras.press(newsroom.group, card, "✋ Release")
    await _until_read(newsroom)

    assert press.answer is None
    assert "Claimed by Taras" in card.text


async def test_an_anonymous_administrator_is_told_why(newsroom: Newsroom) -> None:
    """Who speaks for the group is refused with a reason: nobody could say later who it was."""
    number = await newsroom.post()
    await newsroom.shown(number)
    newsroom.world.chats.promote(newsroom.group, newsroom.taras)

    newsroom.taras.say(newsroom.group, f"/tag F{number} vehicles", anonymous=True)

    await newsroom.said("Please act under your own name")
    assert "Tags:" not in newsroom.card(number).text


async def test_foreign_groups_are_left(newsroom: Newsroom) -> None:
    """A group that is not the team's is left as soon as the bot is added or spoken to; nothing is said there."""
    foreign = newsroom.world.chats.group("Elsewhere", [newsroom.olena])
    newsroom.olena.add(foreign, newsroom.me)

    await newsroom.until(lambda: not foreign.member(newsroom.me.user).present)

    assert foreign.messages == []


async def _head(newsroom: Newsroom) -> tuple[int, str]:
    async with newsroom.store.database.reader() as reader:
        return await custody.head(reader)


async def _until_read(newsroom: Newsroom) -> None:
    """Wait until the bot has handled everything said so far: a member's question is answered in order."""
    newsroom.olena.say(newsroom.group, "/help")
    await newsroom.said("/find")
    newsroom.olena.start(newsroom.me)
    await newsroom.said("/find", chat=newsroom.olena.chat_with(newsroom.me))
