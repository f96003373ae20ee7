"""One plan of faults for all three faces: which call, after how many, how often, what happens instead."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class RpcError(Exception):
    """An MTProto error as Telegram words it: ``RpcError(400, "CHANNEL_PRIVATE")``; raised by handlers too."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class ApiError(Exception):
    """A Bot API error: code, description, and the ``parameters`` Telegram adds to some."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(code, description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass(frozen=True)
class Flood:
    """Wait this many seconds: FLOOD_WAIT_X (FLOOD_PREMIUM_WAIT_X) over MTProto, 429 with retry_after elsewhere."""

    seconds: int
    premium: bool = False


@dataclass(frozen=True)
class Cut:
    """The connection ends. ``served`` cuts after the work was done but before the answer left."""

    served: bool = False


@dataclass(frozen=True)
class Silence:
    """The request is taken and never answered; on ``call="push"`` the update is lost on the wire."""


@dataclass(frozen=True)
class Delay:
    """The answer comes ``seconds`` of real time late."""

    seconds: float


@dataclass(frozen=True, eq=False)
class Hold:
    """The answer waits until the test calls ``release``; ``held`` is set once a request waits."""

    held: asyncio.Event = field(default_factory=asyncio.Event)
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: list[Callable[[], None]] = field(default_factory=list)

    def release(self) -> None:
        """Let the waiting answers go, in order, and all later ones."""
        self.freed.set()
        while self.waiting:
            self.waiting.pop(0)()

    async def wait(self) -> None:
        """Used by the faces: stand still until released."""
        self.held.set()
        await self.freed.wait()

    def then(self, answer: Callable[[], None]) -> None:
        """Used by the faces: call ``answer`` once released."""
        self.held.set()
        if self.freed.is_set():
            answer()
        else:
            self.waiting.append(answer)


@dataclass(frozen=True)
class Garbage:
    """Bytes that are no answer at all."""

    body: bytes = b"<html>garbage</html>"


@dataclass(frozen=True)
class TransportError:
    """The four-byte answer of the MTProto transport: 404 (key unknown) or 429 (too many connections)."""

    code: int


@dataclass(frozen=True)
class Status:
    """A bare HTTP status with a body, as a proxy or an overloaded front end gives; for pages and the Bot API."""

    code: int
    body: bytes = b""


Fault = RpcError | ApiError | Flood | Cut | Silence | Delay | Hold | Garbage | TransportError | Status


@dataclass(eq=False)
class Rule:
    """One line of the plan. ``hits`` counts how often it struck; ``when`` narrows it to some requests."""

    face: str
    call: str
    what: Fault
    after: int = 0
    times: int | None = 1
    when: Callable[[Any], bool] | None = None
    seen: int = 0
    hits: int = 0

    def matches(self, face: str, call: str, request: object) -> bool:
        """Whether this rule is about such a request at all."""
        return self.face == face and self.call in {call, "*"} and (self.when is None or self.when(request))

    def strike(self) -> bool:
        """Count one matching request; true when the fault is due for it."""
        self.seen += 1
        due = self.seen > self.after and (self.times is None or self.hits < self.times)
        self.hits += due
        return due


class FaultPlan:
    """Faults by face and call, in the order in which they were added."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(
        self,
        *,
        face: str,
        call: str,
        what: Fault,
        after: int = 0,
        times: int | None = 1,
        when: Callable[[Any], bool] | None = None,
    ) -> Rule:
        """Let ``what`` happen to ``times`` requests (None: to all) after ``after`` undisturbed ones.

        ``face`` is "mtproto", "botapi" or "pages"; ``call`` the method as its face names it, or "*";
        ``when`` sees the face's own request.
        """
        rule = Rule(face, call, what, after, times, when)
        self.rules.append(rule)
        return rule

    def take(self, face: str, call: str, request: object = None) -> Fault | None:
        """The fault due for this request, or None. Every rule about it counts it; the first due one strikes."""
        for rule in self.rules:
            if rule.matches(face, call, request) and rule.strike():
                return rule.what
        return None

    def clear(self) -> None:
        """Undisturbed service from here on."""
        self.rules.clear()
