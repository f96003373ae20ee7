"""The case report: one HTML page without scripts that asks the network for nothing; every foreign word is escaped."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from core.ids import channel_label
from core.model import Channel
from core.units import format_size
from evidence import drawings
from evidence.case import Case, CaseFootage
from evidence.wording import length, moment, shown

Pictures = Mapping[str, bytes]  # SHA-256 of a file -> the JPEG or PNG that shows it


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """A custody entry as the report tells it."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    detail: str


def render(case: Case, pictures: Pictures, entries: Sequence[CustodyLine], program: str) -> str:
    """The page: summary, places, each footage with timeline, pictures, sightings, files and acts, and custody."""
    located = [(one.label, one.place) for one in case.footage if one.place is not None]
    return (
        _environment()
        .get_template("report.html")
        .render(
            case=case,
            map=drawings.places(located),
            blocks=[_block(one, pictures) for one in case.footage],
            entries=entries,
            program=program,
            width=drawings.WIDTH,
            map_height=drawings.MAP_HEIGHT,
            row=drawings.ROW,
        )
    )


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("evidence"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(shown=shown, moment=moment, duration=length, size=format_size)
    return made


def _block(one: CaseFootage, pictures: Pictures) -> dict[str, Any]:
    """What the template needs of a footage beside the footage itself."""
    posted = [(_channel(copy.seen.channel), copy.seen.sighting.posted_at) for copy in one.copies]
    return {
        "footage": one,
        "timeline": drawings.timeline([(shown(name), at) for name, at in posted]) if posted else None,
        "channels": [name for name, _ in posted],
        "pictures": [(asset, _inline(pictures[asset.sha256])) for asset in one.assets if asset.sha256 in pictures],
    }


def _channel(channel: Channel) -> str:
    return channel_label(channel.title, channel.username, channel.channel_id)


def _inline(picture: bytes) -> str:
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
