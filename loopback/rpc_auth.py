"""Signing in and out: code, password, the way to another data centre."""

from typing import Any

from telethon.tl import functions, types

from loopback.faults import RpcError
from loopback.nouns import HOME_DC, User
from loopback.rpc import Call, Handlers
from loopback.srp import PRIME_BYTES, Challenge
from loopback.tl import View

handlers = Handlers()


@handlers.answers(functions.auth.SendCodeRequest, functions.auth.ResendCodeRequest)
def send_code(call: Call, request: Any) -> object:
    """A new five-digit code, which the test reads from ``world.code``; numbers live on the home data centre."""
    phone = request.phone_number.lstrip("+")
    if not phone.isdigit():
        raise RpcError(406, "PHONE_NUMBER_INVALID")
    if call.session.key.dc != HOME_DC:
        raise RpcError(303, f"PHONE_MIGRATE_{HOME_DC}")
    code = f"{call.world.random.randrange(10_000, 100_000)}"
    call.world.codes[phone] = code
    call.world.stir()
    return types.auth.SentCode(types.auth.SentCodeTypeApp(len(code)), phone_code_hash=f"hash of {phone}")


@handlers.answers(functions.auth.SignInRequest)
def sign_in(call: Call, request: Any) -> object:
    """Right code: signed in, or SESSION_PASSWORD_NEEDED."""
    phone = request.phone_number.lstrip("+")
    sent = call.world.codes.get(phone)
    if sent is None or request.phone_code_hash != f"hash of {phone}":
        raise RpcError(400, "PHONE_CODE_EXPIRED")
    if request.phone_code != sent:
        raise RpcError(400, "PHONE_CODE_INVALID")
    user = next((u for u in call.world.users.values() if u.phone == phone), None)
    if user is None:
        return types.auth.AuthorizationSignUpRequired()
    if user.password is not None:
        call.session.key.pending = user
        raise RpcError(401, "SESSION_PASSWORD_NEEDED")
    return _signed_in(call, user)


@handlers.answers(functions.account.GetPasswordRequest)
def get_password(call: Call, _request: Any) -> object:
    """The two-step question, or that there is none."""
    key = call.session.key
    user = key.pending or call.user
    algorithm = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow
    unknown = types.SecurePasswordKdfAlgoUnknown()
    if user.password is None:
        return types.account.Password(algorithm(b"", b"", 3, PRIME_BYTES), unknown, b"random")
    challenge = call.server.challenges[key.id] = Challenge(call.server.lock(user))
    current = algorithm(challenge.lock.salt1, challenge.lock.salt2, 3, PRIME_BYTES)
    return types.account.Password(
        current,
        unknown,
        b"random",
        has_password=True,
        current_algo=current,
        srp_B=challenge.b_public,
        srp_id=challenge.id,
        hint="the usual",
    )


@handlers.answers(functions.auth.CheckPasswordRequest)
def check_password(call: Call, request: Any) -> object:
    """Right password: signed in. A question can be answered once."""
    key = call.session.key
    challenge = call.server.challenges.pop(key.id, None)
    answer = request.password
    if challenge is None or key.pending is None or answer.srp_id != challenge.id:
        raise RpcError(400, "SRP_ID_INVALID")
    if not challenge.accepts(answer.A, answer.M1):
        raise RpcError(400, "PASSWORD_HASH_INVALID")
    return _signed_in(call, key.pending)


@handlers.answers(functions.auth.LogOutRequest)
def log_out(call: Call, _request: Any) -> object:
    """End this key's sign-in."""
    _ = call.user
    call.session.key.user = None
    return types.auth.LoggedOut()


@handlers.answers(functions.auth.ExportAuthorizationRequest)
def export_authorization(call: Call, request: Any) -> object:
    """A ticket to another data centre."""
    if request.dc_id not in call.server.ports or request.dc_id == call.session.key.dc:
        raise RpcError(400, "DC_ID_INVALID")
    ticket = call.world.random.randbytes(32)
    call.server.tickets[ticket] = call.user
    return types.auth.ExportedAuthorization(call.user.id, ticket)


@handlers.answers(functions.auth.ImportAuthorizationRequest)
def import_authorization(call: Call, request: Any) -> object:
    """The ticket, taken once."""
    user = call.server.tickets.pop(request.bytes, None)
    if user is None or user.id != request.id:
        raise RpcError(400, "AUTH_BYTES_INVALID")
    return _signed_in(call, user)


def _signed_in(call: Call, user: User) -> object:
    call.session.key.user, call.session.key.pending = user, None
    return types.auth.Authorization(View(call.world, user).user(user))
