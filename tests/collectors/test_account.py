"""The account is never at risk: read-only, private, used once, and honest about what a person must mend."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from telethon.sessions import SQLiteSession
from telethon.tl import functions, types

from collectors.pace import Ceiling, Limit, Pace
from collectors.readonly import READING, check, method
from collectors.session import SessionLock, open_session
from core.errors import AccountError, NotAllowed, StateError, Transient
from loopback.faults import Flood, RpcError, TransportError
from loopback.mtproto import MTProtoServer
from loopback.nouns import Channel, User
from loopback.rpc import writes
from loopback.world import World
from storage import channels, settings
from storage.opening import Store
from tests.collectors.conftest import NAME, Desk

SENDING = [
    functions.messages.SendMessageRequest(types.InputPeerSelf(), "no", random_id=1),
    functions.messages.ReadHistoryRequest(types.InputPeerSelf(), 0),
    functions.messages.GetMessagesViewsRequest(types.InputPeerSelf(), [1], increment=True),
    functions.messages.SendReactionRequest(types.InputPeerSelf(), 1),
    functions.channels.JoinChannelRequest(types.InputChannelEmpty()),
    functions.account.UpdateStatusRequest(offline=False),
    functions.auth.LogOutRequest(),
    functions.messages.SetTypingRequest(types.InputPeerSelf(), types.SendMessageTypingAction()),
]


@pytest.mark.parametrize("request_", SENDING, ids=lambda request: type(request).__name__)
def test_what_is_not_reading_is_refused(request_: object) -> None:
    """Alone, in a list, and inside wrappers: nothing that leaves a trace gets out."""
    wrapped = functions.InvokeWithLayerRequest(229, functions.InvokeWithoutUpdatesRequest(request_))
    for way in (request_, [functions.help.GetConfigRequest(), request_], wrapped, [[wrapped]]):
        with pytest.raises(NotAllowed, match="only reads"):
            check(way)


def test_every_allowed_method_is_a_reading_one() -> None:
    """The list of what may be asked names real methods, none of which the loopback counts as a write."""
    spaces = vars(functions)
    for name in READING:
        space, word = name.split(".")
        request = getattr(spaces[space], word[0].upper() + word[1:] + "Request")
        made = request.__new__(request)
        assert method(made) == name
        assert name.startswith("auth.") or not writes(name, made)


async def test_a_sending_request_never_leaves(desk: Desk, world: World, news: Channel) -> None:
    """Whoever calls, the client itself refuses; the server hears nothing that leaves a trace in a whole life."""
    async with desk.running(fetch=True):
        await desk.watch(news)
        made = world.post(news, "with a file", media=world.document(b"x" * 5000, "a.bin"))
        await desk.until_held(news, [made.id])
        client = desk.account._client
        assert client is not None
        with pytest.raises(NotAllowed):
            await client.send_message("somenews", "a slip of the hand")
        with pytest.raises(NotAllowed):
            await client.send_read_acknowledge("somenews")
        with pytest.raises(NotAllowed):
            await desk.account.ask(SENDING[4])
    assert world.writes() == []


async def leaves(desk: Desk) -> BaseException:
    """The error with which the account's part ends."""
    with pytest.raises((AccountError, StateError)) as told:
        await desk.account.run(asyncio.Event())
    return told.value


DEAD = [
    (RpcError(401, "AUTH_KEY_UNREGISTERED"), "not signed in any more"),
    (RpcError(401, "SESSION_REVOKED"), "ended from another device"),
    (RpcError(401, "USER_DEACTIVATED"), "was deleted"),
    (RpcError(401, "USER_DEACTIVATED_BAN"), "is banned by Telegram"),
    (RpcError(406, "AUTH_KEY_DUPLICATED"), "used from two places"),
    (RpcError(420, "FROZEN_METHOD_INVALID"), "has frozen it"),
    (TransportError(404), "not signed in any more"),
]


@pytest.mark.parametrize(("fault", "words"), DEAD, ids=lambda value: str(value)[:40])
async def test_a_dead_account_is_told_once_and_never_retried(
    desk: Desk, world: World, fault: RpcError | TransportError, words: str
) -> None:
    """Every way in which Telegram ends an account leaves as AccountError with what to do, after one try."""
    rule = world.faults.add(face="mtproto", call="updates.getState", what=fault, times=None)
    assert words in str(await leaves(desk))
    assert rule.hits <= 1


async def test_an_account_that_dies_at_work_is_told_too(desk: Desk, world: World, news: Channel) -> None:
    """A session that is ended from another device while we collect ends the part that notices, as AccountError."""
    ended = RpcError(401, "SESSION_REVOKED")

    async def collect() -> None:
        async with desk.running():
            await desk.watch(news)
            world.faults.add(face="mtproto", call="messages.getHistory", what=ended, times=None)
            desk.asking.ask(news.id, "a look")
            await asyncio.Event().wait()

    with pytest.raises(BaseExceptionGroup) as told:
        await collect()
    (cause,) = told.value.exceptions
    assert "ended from another device" in str(_innermost(cause))


def _innermost(error: BaseException) -> BaseException:
    return _innermost(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def test_a_frozen_account_is_told(desk: Desk, reader: User) -> None:
    """Telegram publishes a freeze to the account itself; it still answers, so it must be looked for."""
    reader.state = "frozen"
    assert "frozen" in str(await leaves(desk))


async def test_without_a_session_the_way_out_is_named(desk: Desk) -> None:
    """No session, an empty one, a foreign file: which command helps."""
    desk.session.unlink()
    assert f"firstseen login {NAME}" in str(await leaves(desk))
    desk.session.write_text("not a session")
    desk.session.chmod(0o600)
    assert "no session file" in str(await leaves(desk))
    desk.session.unlink()
    SQLiteSession(str(desk.session)).close()
    desk.session.chmod(0o600)
    assert "never signed in" in str(await leaves(desk))


@pytest.mark.parametrize(("place", "mode"), [("file", 0o640), ("file", 0o604), ("folder", 0o750), ("folder", 0o701)])
async def test_a_session_that_others_may_read_is_refused(desk: Desk, place: str, mode: int) -> None:
    """Whoever reads the file is the account: loose modes stop the start, with the command that mends them."""
    path = desk.session if place == "file" else desk.session.parent
    path.chmod(mode)
    told = await leaves(desk)
    assert isinstance(told, StateError)
    assert f"chmod {'600' if place == 'file' else '700'} {path}" in str(told)


async def test_a_second_process_cannot_use_the_session(desk: Desk, world: World) -> None:
    """While one process holds the session another is refused in one sentence; afterwards it is free."""
    program = (
        "import sys; from pathlib import Path; from collectors.session import SessionLock\n"
        "SessionLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(  # noqa: ASYNC220 -- a process that only waits
        [sys.executable, "-c", program, str(desk.session)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with other:
        assert other.stdout is not None
        assert await asyncio.to_thread(other.stdout.readline) == b"held\n"
        told = await leaves(desk)
        assert isinstance(told, StateError)
        assert "another firstseen uses this session" in str(told)
        assert world.log == []
        other.communicate()
    SessionLock(desk.session).release()


async def test_the_session_remembers_channels_and_no_people(
    desk: Desk, world: World, news: Channel, reader: User
) -> None:
    """Names and phone numbers of people, which Telethon writes into the session, are not there."""
    author = world.add_user("Petro", phone="380001112233")
    with_people = SQLiteSession(str(desk.session))
    with_people.process_entities(types.contacts.ResolvedPeer(None, [], [_person(author)]))
    with_people.save()
    with_people.close()
    async with desk.running():
        await desk.watch(news)
        made = world.post(news, "signed", sender=author)
        await desk.until_held(news, [made.id])
    session = open_session(desk.session, NAME)
    rows = session._cursor().execute("select id, phone, name from entities").fetchall()
    session.close()
    assert [row for row in rows if row[0] > 0] == []
    assert [row[2] for row in rows if row[0] < 0] == ["News"]


def _person(user: User) -> types.User:
    return types.User(user.id, access_hash=5, first_name=user.first_name, phone=user.phone)


async def test_an_outage_is_shown_and_ends(desk: Desk, store: Store, mtproto: MTProtoServer) -> None:
    """While Telegram cannot be reached the trouble says so; it is taken back when it can."""

    async def told() -> list[str]:
        async with store.database.reader() as reader:
            return [one.message for one in await settings.troubles(reader) if one.part == f"account {NAME}"]

    async def well() -> bool:
        return not await told()

    async with desk.running():
        await mtproto.stop()
        await desk.until(told)
        assert "Telegram does not answer" in (await told())[0]
        await mtproto.start()
        store.clock.advance(timedelta(seconds=300))
        await desk.until(well)


async def test_a_public_name_is_looked_up_at_a_harmless_pace(desk: Desk, world: World, store: Store) -> None:
    """Wishes beyond the budget wait, the wait is shown, and the budget survives a restart."""
    desk.paces = {"contacts.resolveUsername": (Limit(2, 600.0),)}
    desk.build()
    wished = [world.add_channel(f"Channel {number}", f"public_{number}") for number in range(3)]
    async with desk.running():
        now = store.clock.now()
        async with store.database.transaction() as tx:
            for channel in wished:
                await channels.wish(tx, channel.username or "", "poll", "", "", "test", now)  # type: ignore[arg-type]

        async def told() -> list[str]:
            async with store.database.reader() as reader:
                return [one.message for one in await settings.troubles(reader) if one.part == "wishes"]

        await desk.until(told)
        assert "wait to be looked up; the next in" in (await told())[0]
        assert len(world.served("contacts.resolveUsername")) == 2
    desk.build()
    async with desk.running():
        await desk.until(told)
        assert len(world.served("contacts.resolveUsername")) == 2
        store.clock.advance(timedelta(seconds=300))

        async def granted() -> bool:
            async with store.database.reader() as reader:
                return len(await channels.watches(reader)) == 3

        await desk.until(granted)


WISHES = [
    ("nobody_here", "nobody has this public name"),
    ("olena_herself", "a person or a bot, not a channel"),
    ("the_group", "a group, not a channel"),
    ("99999999", "unknown to the account: give its public name, or join it with the account first"),
]


@pytest.mark.parametrize(("wish", "failure"), WISHES)
async def test_a_wish_that_cannot_be_granted_says_why(
    desk: Desk, world: World, store: Store, wish: str, failure: str
) -> None:
    """Unknown names, people, groups and strange numbers are answered in words."""
    world.add_user("Olena", username="olena_herself")
    world.add_channel("The Group", "the_group", broadcast=False)
    async with desk.running():
        async with store.database.transaction() as tx:
            await channels.wish(tx, wish, "poll", "", "", "test", store.clock.now())  # type: ignore[arg-type]

        async def failed() -> list[str]:
            async with store.database.reader() as reader:
                return [one.failure for one in await channels.wishes(reader) if one.failure]

        await desk.until(failed)
        assert await failed() == [failure]


async def test_a_joined_private_channel_is_found_by_its_number(
    desk: Desk, world: World, reader: User, store: Store
) -> None:
    """A private channel has no name: the account's own list of chats gives the way to it."""
    private = world.add_channel("Private", members=[reader])
    async with desk.running():
        await desk.watch(private)
        made = world.post(private, "for members")
        await desk.until_held(private, [made.id])
    assert len(world.served("messages.getDialogs")) == 1


async def test_flood_waits_are_exact_and_never_multiplied(store: Store) -> None:
    """A method under a flood wait is refused with the seconds that are left, also after a restart; others are not."""
    pace = Pace(store, NAME, {"messages.getHistory": (Limit(5, 5.0),)}, Ceiling(store.clock))
    await pace.flooded("messages.getHistory", 100)
    store.clock.advance(timedelta(seconds=40))
    for later in (pace, Pace(store, NAME, {"messages.getHistory": (Limit(5, 5.0),)}, Ceiling(store.clock))):
        await later.load()
        with pytest.raises(Transient) as told:
            await later.admit("messages.getHistory")
        assert told.value.retry_in == 60
        await later.admit("updates.getState")
    store.clock.advance(timedelta(seconds=61))
    await pace.admit("messages.getHistory")
    await pace.clear_ended()
    async with store.database.reader() as reader:
        assert await settings.troubles(reader) == ()


async def test_a_flood_of_history_is_waited_out(desk: Desk, world: World, news: Channel) -> None:
    """Reconciliation stops for exactly the wait and then reads on by itself."""
    async with desk.running():
        await desk.watch(news)
        world.faults.add(face="mtproto", call="messages.getHistory", what=Flood(50))
        made = world.post(news, "behind the flood")
        desk.asking.ask(news.id, "a look")

        async def flooded() -> bool:
            async with desk.store.database.reader() as reader:
                return bool(await settings.troubles(reader))

        await desk.until(flooded)
        asked = len(world.served("messages.getHistory"))
        desk.asking.ask(news.id, "another look")

        async def read_on() -> bool:
            desk.store.clock.advance(timedelta(seconds=51))
            return len(world.served("messages.getHistory")) > asked

        await desk.until(read_on)
        await desk.until_held(news, [made.id])


async def test_the_name_of_a_joined_channel_costs_no_look_up(desk: Desk, world: World, news: Channel) -> None:
    """The account's own list of chats has the way to what it has joined; only strangers' names are looked up."""
    stranger = world.add_channel("Stranger", "stranger_news")
    async with desk.running():
        await desk.watch(news, stranger)
    assert [event.request.username for event in world.served("contacts.resolveUsername")] == ["stranger_news"]
    assert len(world.served("messages.getDialogs")) == 1
