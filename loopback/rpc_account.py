"""The account itself, people, and what the server tells about itself."""

from datetime import timedelta
from typing import Any

from telethon.tl import functions, types

from loopback.faults import RpcError
from loopback.nouns import HOME_DC, Channel, User
from loopback.rpc import Call, Handlers

handlers = Handlers()


@handlers.answers(functions.help.GetConfigRequest)
def config(call: Call, _request: Any) -> object:
    """Where the data centres are; limits as Telegram publishes them."""
    now = call.world.clock.now()
    return types.Config(
        date=now,
        expires=now + timedelta(hours=1),
        test_mode=False,
        this_dc=call.session.key.dc,
        dc_options=[types.DcOption(dc, call.server.host, port) for dc, port in call.server.ports.items()],
        dc_txt_domain_name="loopback.invalid",
        chat_size_max=200,
        megagroup_size_max=200_000,
        forwarded_count_max=100,
        online_update_period_ms=210_000,
        offline_blur_timeout_ms=5_000,
        offline_idle_timeout_ms=30_000,
        online_cloud_timeout_ms=300_000,
        notify_cloud_delay_ms=30_000,
        notify_default_delay_ms=1_500,
        push_chat_period_ms=60_000,
        push_chat_limit=2,
        edit_time_limit=172_800,
        revoke_time_limit=2_147_483_647,
        revoke_pm_time_limit=2_147_483_647,
        rating_e_decay=2_419_200,
        stickers_recent_limit=200,
        channels_read_media_period=604_800,
        call_receive_timeout_ms=20_000,
        call_ring_timeout_ms=90_000,
        call_connect_timeout_ms=30_000,
        call_packet_timeout_ms=10_000,
        me_url_prefix="https://t.me/",
        caption_length_max=1024,
        message_length_max=4096,
        webfile_dc_id=call.session.key.dc,
    )


@handlers.answers(functions.help.GetAppConfigRequest)
def app_config(call: Call, _request: Any) -> object:
    """The limits a collector plans by, and the freeze dates of a frozen account."""
    values = {
        "channels_limit_default": 500,
        "channels_limit_premium": 1000,
        "small_queue_max_active_operations_count": 5,
        "large_queue_max_active_operations_count": 2,
    }
    pairs = [types.JsonObjectValue(key, types.JsonNumber(float(value))) for key, value in values.items()]
    if call.session.key.user and call.session.key.user.state == "frozen":
        pairs += _freeze(call)
    return types.help.AppConfig(hash=1, config=types.JsonObject(pairs))


def _freeze(call: Call) -> list[Any]:
    since = call.world.clock.now().timestamp()
    return [
        types.JsonObjectValue("freeze_since_date", types.JsonNumber(since)),
        types.JsonObjectValue("freeze_until_date", types.JsonNumber(since + 30 * 86400)),
        types.JsonObjectValue("freeze_appeal_url", types.JsonString("https://t.me/spambot")),
    ]


@handlers.answers(functions.help.GetNearestDcRequest)
def nearest_dc(call: Call, _request: Any) -> object:
    """The data centre asked is the near one."""
    return types.NearestDc("UA", call.session.key.dc, HOME_DC)


@handlers.answers(functions.account.GetAuthorizationsRequest)
def authorizations(call: Call, _request: Any) -> object:
    """The devices signed in."""
    now = call.world.clock.now()
    keys = [key for key in call.world.keys.values() if key.user is call.user and key.dc == HOME_DC]
    devices = [
        types.Authorization(
            hash=0 if key is call.session.key else key.id & 0x7FFFFFFF,
            device_model=key.device or "unknown",
            platform="",
            system_version="",
            api_id=1,
            app_name="loopback",
            app_version="1",
            date_created=now,
            date_active=now,
            ip="127.0.0.1",
            country="",
            region="",
            current=key is call.session.key or None,
        )
        for key in keys
    ]
    return types.account.Authorizations(180, devices)


@handlers.answers(functions.account.UpdateStatusRequest)
def update_status(_call: Call, _request: Any) -> object:
    """Online or not: others would see it."""
    return True


@handlers.answers(functions.users.GetUsersRequest)
def users(call: Call, request: Any) -> object:
    """The people named that exist."""
    return [call.view.user(user) for peer in request.id if (user := _user(call, peer))]


@handlers.answers(functions.users.GetFullUserRequest)
def full_user(call: Call, request: Any) -> object:
    """A person's page."""
    user = _user(call, request.id)
    if user is None:
        raise RpcError(400, "USER_ID_INVALID")
    full = types.UserFull(user.id, types.PeerSettings(), types.PeerNotifySettings(), 0)
    return types.users.UserFull(full, [], [call.view.user(user)])


@handlers.answers(functions.contacts.ResolveUsernameRequest)
def resolve(call: Call, request: Any) -> object:
    """Who owns a public name now."""
    found = call.world.channel_named(request.username) or _user_named(call, request.username)
    if found is None:
        raise RpcError(400, "USERNAME_NOT_OCCUPIED")
    if isinstance(found, Channel):
        return types.contacts.ResolvedPeer(types.PeerChannel(found.id), [call.view.channel(found)], [])
    return types.contacts.ResolvedPeer(types.PeerUser(found.id), [], [call.view.user(found)])


def _user_named(call: Call, name: str) -> User | None:
    return next((u for u in call.world.users.values() if (u.username or "").lower() == name.lower()), None)


def _user(call: Call, peer: Any) -> User | None:
    match peer:
        case types.InputUserSelf() | types.InputPeerSelf():
            return call.user
        case types.InputUser(user_id=user_id, access_hash=access_hash):
            right = access_hash == call.view.access_hash("user", user_id)
            return call.world.users.get(user_id) if right else None
    return None
