"""Downloading: https://core.telegram.org/api/files#downloading-files."""

from hashlib import sha256
from typing import Any

from telethon.tl import functions, types

from loopback.faults import RpcError
from loopback.nouns import File
from loopback.rpc import Call, Handlers

handlers = Handlers()

BLOCK = 1024 * 1024
HASHED_PART = 128 * 1024


@handlers.answers(functions.upload.GetFileRequest)
def get_file(call: Call, request: Any) -> object:
    """One part of a file, from the data centre that holds it; a short part is the last."""
    file, content = _located(call, request.location)
    if file.dc != call.session.key.dc:
        raise RpcError(303, f"FILE_MIGRATE_{file.dc}")
    _check_range(request)
    part = content[request.offset : request.offset + request.limit]
    kind = types.storage.FileJpeg() if content[:2] == b"\xff\xd8" else types.storage.FileUnknown()
    return types.upload.File(kind, int(file.date.timestamp()), part)


@handlers.answers(functions.upload.GetFileHashesRequest)
def get_file_hashes(call: Call, request: Any) -> object:
    """SHA-256 of the parts from ``offset`` on."""
    _file, content = _located(call, request.location)
    starts = range(request.offset - request.offset % HASHED_PART, len(content), HASHED_PART)
    parts = [(start, content[start : start + HASHED_PART]) for start in starts]
    return [types.FileHash(start, len(part), sha256(part).digest()) for start, part in parts]


def _check_range(request: Any) -> None:
    offset, limit = request.offset, request.limit
    grain = 1024 if request.precise else 4096
    if limit <= 0 or limit > BLOCK or limit % grain or (not request.precise and BLOCK % limit):
        raise RpcError(400, "LIMIT_INVALID")
    if offset < 0 or offset % grain or offset // BLOCK != (offset + limit - 1) // BLOCK:
        raise RpcError(400, "OFFSET_INVALID")


def _located(call: Call, location: Any) -> tuple[File, bytes]:
    match location:
        case types.InputDocumentFileLocation():
            file = _referred(call, location, "document")
            return file, _sized(file, location.thumb_size) if location.thumb_size else file.content
        case types.InputPhotoFileLocation():
            file = _referred(call, location, "photo")
            return file, _sized(file, location.thumb_size)
        case types.InputPeerPhotoFileLocation():
            picture = call.channel(location.peer).photo
            if picture is None or picture.id != location.photo_id:
                raise RpcError(400, "LOCATION_INVALID")
            return picture, picture.content
    raise RpcError(400, "LOCATION_INVALID")


def _referred(call: Call, location: Any, kind: str) -> File:
    file = call.world.files.get(location.id)
    if file is None or file.kind != kind or location.access_hash != call.view.access_hash("file", location.id):
        raise RpcError(400, "FILE_ID_INVALID")
    call.view.check_reference(file, location.file_reference)
    return file


def _sized(file: File, letter: str) -> bytes:
    picture = next((picture for picture in file.sizes if picture.type == letter), None)
    if picture is None:
        raise RpcError(400, "LOCATION_INVALID")
    return picture.content
