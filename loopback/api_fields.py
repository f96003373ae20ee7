"""Reads a Bot API request: which fields came, in which of the four ways, and what they mean to the method.

aiogram's method classes say what a method takes; a field they do not have is refused, at any depth.
"""

import json
import types
import typing
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import aiogram.methods
from aiogram import Bot as Client
from aiogram.client.default import Default
from aiogram.methods import Response, TelegramMethod
from aiogram.types import InputFile
from aiohttp import BodyPartReader, web
from pydantic import BaseModel, ValidationError

from loopback.faults import ApiError

Method = TelegramMethod[Any]
Value = TypeVar("Value")

METHODS: dict[str, type[Method]] = {
    kind.__api_method__.lower(): kind
    for kind in vars(aiogram.methods).values()
    if isinstance(kind, type)
    and issubclass(kind, TelegramMethod)
    and isinstance(kind.__dict__.get("__api_method__"), str)
}
ATTACHED = "attach://"
MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "message_ids": "message identifiers are not specified",
    "from_chat_id": "chat_id is empty",
    "file_id": "file_id not specified",
    "photo": "there is no photo in the request",
    "video": "there is no video in the request",
    "audio": "there is no audio in the request",
    "voice": "there is no voice in the request",
    "document": "there is no document in the request",
    "animation": "there is no animation in the request",
    "video_note": "there is no video note in the request",
}


@dataclass(frozen=True)
class Upload:
    """A file that came with the request."""

    name: str
    content: bytes = field(repr=False)
    mime: str


class Attached(InputFile):
    """Stands where aiogram knows only files to be sent: names an upload or a file id."""

    def __init__(self, reference: str) -> None:
        super().__init__()
        self.reference = reference

    async def read(self, bot: Client) -> AsyncGenerator[bytes, None]:  # noqa: ARG002 - aiogram's signature
        """Nothing is sent from here."""
        raise NotImplementedError
        yield b""


@dataclass
class Form:
    """What a request holds."""

    fields: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)


class Stranger(Exception):
    """The method has no such field."""


def given(value: Value | Default) -> Value | None:
    """A field's value; what the client's defaults would say counts as not given."""
    return None if isinstance(value, Default) else value


async def read_form(request: web.Request, largest: int) -> Form:
    """The fields of the address, and of a urlencoded, multipart or JSON body; no part is over ``largest`` bytes."""
    form = Form(dict(request.query))
    if request.content_type == "multipart/form-data":
        await _read_parts(request, form, largest)
    elif request.content_type == "application/json":
        form.fields |= await _read_json(request)
    elif request.method == "POST":
        form.fields |= dict(await request.post())
    return form


async def _read_json(request: web.Request) -> dict[str, Any]:
    try:
        read = await request.json()
    except ValueError as broken:
        raise ApiError(400, "Bad Request: can't parse request JSON object") from broken
    if not isinstance(read, dict):
        raise ApiError(400, "Bad Request: can't parse request JSON object")
    return read


async def _read_parts(request: web.Request, form: Form, largest: int) -> None:
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise ApiError(400, "Bad Request: can't parse multipart body")
        content = bytes(await part.read())
        if len(content) > largest:
            raise ApiError(413, "Request Entity Too Large")
        if part.filename is None:
            form.fields[part.name] = content.decode()
        else:
            mime = part.headers.get("Content-Type", "application/octet-stream")
            form.files[part.name] = Upload(part.filename, content, mime)


def decoded(kind: type[Method], form: Form) -> Method:
    """The request as an object of aiogram's; ``Stranger`` for a field the method does not have."""
    known = kind.model_fields
    for name in form.files.keys() & known.keys():
        form.fields.setdefault(name, ATTACHED + name)
    unknown = form.fields.keys() - known.keys()
    if unknown:
        raise Stranger(f"{kind.__api_method__} has no {', '.join(sorted(unknown))}")
    values = {name: _value(known[name].annotation, text) for name, text in form.fields.items()}
    try:
        made = kind.model_validate(values)
    except ValidationError as wrong:
        raise _complaint(wrong) from wrong
    foreign = list(strangers(made, kind.__api_method__))
    if foreign:
        raise Stranger(f"unknown fields: {', '.join(foreign)}")
    return made


def _value(annotation: Any, text: Any) -> Any:
    """A field's text, read as JSON where the method takes no text there."""
    kinds = set(_choices(annotation))
    if InputFile in kinds and str not in kinds:
        return Attached(text)
    if str in kinds or not isinstance(text, str) or text[:1] not in {"[", "{"}:
        return text
    try:
        return _thumbs(json.loads(text))
    except ValueError as broken:
        raise ApiError(400, "Bad Request: can't parse JSON object") from broken


def _choices(annotation: Any) -> Iterator[Any]:
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        for choice in typing.get_args(annotation):
            yield from _choices(choice)
    else:
        yield annotation


def _thumbs(read: Any) -> Any:
    """Name uploads where aiogram takes only its own kind of file."""
    if isinstance(read, list):
        return [_thumbs(item) for item in read]
    if isinstance(read, dict):
        inner = {name: _thumbs(item) for name, item in read.items()}
        thumb = inner.get("thumbnail")
        return inner | {"thumbnail": Attached(thumb)} if isinstance(thumb, str) else inner
    return read


def _complaint(wrong: ValidationError) -> ApiError:
    first = wrong.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "request"
    if first["type"] == "missing" and len(first["loc"]) == 1:
        return ApiError(400, "Bad Request: " + MISSING.get(name, f'parameter "{name}" is required'))
    return ApiError(400, f"Bad Request: can't parse {name}: {'.'.join(map(str, first['loc'][1:]))} {first['msg']}")


def strangers(value: object, where: str) -> Iterator[str]:
    """Fields, at any depth, that the Bot API's types do not have: aiogram keeps them instead of complaining."""
    if isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f"{where}.{name}"
        for name in value.model_fields_set & type(value).model_fields.keys():
            yield from strangers(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from strangers(item, f"{where}[{number}]")


def breaches(kind: type[Method], body: Mapping[str, Any]) -> list[str]:
    """What in an answer is not as the Bot API's types have it; empty when all is well."""
    try:
        read = cast("type[BaseModel]", Response.__class_getitem__(kind.__returning__)).model_validate(body)
    except ValidationError as wrong:
        return [f"{kind.__api_method__}: {error['loc']} {error['msg']}" for error in wrong.errors()]
    return list(strangers(read, kind.__api_method__))
