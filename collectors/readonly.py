"""The collecting account only reads: every request outside the list here is refused before it leaves.

A list of what is allowed, not of what is forbidden: a method that Telegram adds tomorrow is refused too.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from core.errors import NotAllowed

WRAPPERS = frozenset(
    {
        "initConnection",
        "invokeAfterMsg",
        "invokeAfterMsgs",
        "invokeWithLayer",
        "invokeWithMessagesRange",
        "invokeWithTakeout",
        "invokeWithoutUpdates",
    }
)
READING = frozenset(
    {
        "auth.exportAuthorization",  # files on other data centres; never leaves the account
        "auth.importAuthorization",
        "channels.getChannels",
        "channels.getFullChannel",
        "channels.getMessages",
        "contacts.resolveUsername",
        "help.getAppConfig",
        "help.getConfig",
        "messages.getDialogs",
        "messages.getHistory",
        "messages.getPeerDialogs",
        "messages.getRichMessage",
        "stories.getStoriesByID",
        "updates.getChannelDifference",
        "updates.getDifference",
        "updates.getState",
        "upload.getFile",
        "users.getUsers",
    }
)
SIGNING_IN = READING | {
    "account.getPassword",
    "auth.checkPassword",
    "auth.exportLoginToken",
    "auth.importLoginToken",
    "auth.sendCode",
    "auth.signIn",
    "help.getCdnConfig",
}


def method(request: Any) -> str:
    """A request as Telegram's documentation names it, ``messages.getHistory``; its wrappers taken off."""
    kind = type(request)
    word = kind.__name__.removesuffix("Request")
    word = word[:1].lower() + word[1:]
    if word in WRAPPERS and hasattr(request, "query"):
        return method(request.query)
    space = kind.__module__.rpartition(".functions")[2].lstrip(".")
    return f"{space}.{word}" if space else word


def inner(request: Any) -> Iterator[Any]:
    """Every single request in what may be a list of them."""
    if isinstance(request, list | tuple | set):
        for one in request:
            yield from inner(one)
    else:
        yield request


def check(request: Any, allowed: Iterable[str] = READING) -> None:
    """Refuse, as NotAllowed, anything but reading; looks into lists and wrappers."""
    for one in inner(request):
        name = method(one)
        if name not in allowed:
            raise NotAllowed(f"{name}: a collecting account only reads; this request was not sent")
