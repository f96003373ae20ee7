"""What travels between the service and the processes that decode: one request, one answer, one outcome.

An answer comes from a process that may have been taken over: every length and type is checked, every word is cut.
"""

import json
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

from fingerprints.media import Limits, Verdict

JSON: TypeAlias = dict[str, "JSON"] | list["JSON"] | str | int | float | bool | None

REQUEST_BYTES = 65_536
FACTS_BYTES = 1_000_000
_REASON_LENGTH = 300
_LAYERS_BYTES = 1_000
_HEAD = struct.Struct("<II")


class Garbled(ValueError):
    """An answer that does not keep to its form."""


@dataclass(frozen=True, slots=True)
class Request:
    """One task on the files whose descriptors travel beside it."""

    task: str
    arguments: Mapping[str, JSON]
    limits: Limits

    def pack(self) -> bytes:
        """As bytes; ValueError when the arguments are too long."""
        packed = json.dumps([self.task, dict(self.arguments), self.limits.as_json()]).encode()
        if len(packed) > REQUEST_BYTES:
            raise ValueError(f"arguments of {len(packed)} bytes are over the limit of {REQUEST_BYTES}")
        return packed

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """What ``pack`` packed."""
        task, arguments, limits = json.loads(packed)
        return cls(task, arguments, Limits.from_json(limits))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a task has to say before its process ends."""

    verdict: Verdict
    reason: str = ""
    payload: bytes = b""
    facts: Mapping[str, JSON] = field(default_factory=dict)

    def pack(self) -> bytes:
        """As bytes: two lengths, JSON, payload."""
        words = json.dumps([self.verdict, self.reason, dict(self.facts)]).encode()
        return _HEAD.pack(len(words), len(self.payload)) + words + self.payload

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """What ``pack`` packed; Garbled for anything else."""
        try:
            words, payload = _split(packed)
            verdict, reason, facts = json.loads(words)
            if not (isinstance(reason, str) and isinstance(facts, dict)):
                raise Garbled("fields of other types than agreed")
            return cls(Verdict(verdict), printable(reason), payload, facts)
        except (ValueError, TypeError, RecursionError) as error:
            raise Garbled(str(error)) from error


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a decoding process ended, as the zygote saw it; ``code`` is negative for a signal, as in subprocess."""

    code: int
    cpu_seconds: float
    cpu_limit: float
    overdue: bool

    def pack(self) -> bytes:
        """As bytes."""
        return json.dumps([self.code, self.cpu_seconds, self.cpu_limit, self.overdue]).encode()

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """What ``pack`` packed."""
        return cls(*json.loads(packed))


def pack_layers(layers: Sequence[str]) -> bytes:
    """The fences in force, said before the task begins so that they are known even if it never ends."""
    return "\t".join(layers).encode() + b"\n"


def split_layers(said: bytes) -> tuple[tuple[str, ...], bytes]:
    """What ``pack_layers`` packed, and what follows it; no layers when they can't be read."""
    line, newline, rest = said[:_LAYERS_BYTES].partition(b"\n")
    if not newline:
        return (), said
    named = line.decode(errors="replace").split("\t")
    return tuple(map(printable, named)), rest + said[_LAYERS_BYTES:]


def printable(words: str) -> str:
    """Words of a stranger as one short line without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in words[:_REASON_LENGTH])


def write_all(fd: int, packed: bytes) -> None:
    """Write everything, however small the pipe."""
    view: Any = memoryview(packed)
    while view:
        view = view[os.write(fd, view) :]


def most_bytes(limits: Limits) -> int:
    """How long an answer may be."""
    return _LAYERS_BYTES + _HEAD.size + FACTS_BYTES + limits.answer_bytes


def _split(packed: bytes) -> tuple[bytes, bytes]:
    if len(packed) < _HEAD.size:
        raise Garbled("no answer")
    words, payload = _HEAD.unpack_from(packed)
    if words > FACTS_BYTES or _HEAD.size + words + payload != len(packed):
        raise Garbled("lengths that do not add up")
    middle = _HEAD.size + words
    return packed[_HEAD.size : middle], packed[middle:]
