"""A case as tables and maps: CSV, JSON Lines, GeoJSON (RFC 7946) and KML 2.2. Pure: a case in, text out."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from core.ids import footage_label
from evidence.case import Case, CaseFootage, CasePost, Copy
from evidence.wording import moment, shown

_KML = "http://www.opengis.net/kml/2.2"
_FORMULA = ("=", "+", "-", "@", "\t")
Value = str | int | float | bool | None | list[str]
Row = Mapping[str, Value]


def sighting_rows(case: Case) -> Iterator[Row]:
    """One row per footage and sighting, in order of posting."""
    for one in case.footage:
        for copy in one.copies:
            yield _sighting(one, copy)


def sightings_csv(case: Case) -> str:
    """The sightings for a spreadsheet: no cell is taken for a formula."""
    written = io.StringIO(newline="")
    rows = list(sighting_rows(case))
    writer = csv.DictWriter(written, fieldnames=list(rows[0]) if rows else [], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return written.getvalue()


def json_lines(rows: Iterator[Row]) -> Iterator[str]:
    """One JSON object per line."""
    return (json.dumps(row, ensure_ascii=False) for row in rows)


def post_rows(case: Case) -> Iterator[Row]:
    """One row per post and wording: what is read from the bytes in ``posts/``."""
    for post in case.posts:
        for wording in post.wordings:
            stored = post.stored
            yield {
                "post": post.key,
                "version": wording.version,
                "channel": post.channel.title,
                "username": post.channel.username,
                "posted_at": moment(stored.post.posted_at),
                "edited_at": moment(wording.edited_at),
                "captured_at": moment(stored.captured_at),
                "capture": str(stored.capture),
                "deletion_noticed_at": moment(stored.deleted_at),
                "text": wording.text,
                "links": [link.url for link in stored.post.links],
                "bytes": post_path(post, wording.version, wording.raw_layer),
                "layer": wording.raw_layer,
            }


def post_path(post: CasePost, version: int, raw_layer: int) -> str:
    """Where the bytes of a wording lie in the payload: TL as Telegram sent it, or JSON as an export had it."""
    return f"posts/{post.key.replace('/', '_')}.v{version}.{'tl' if raw_layer else 'json'}"


def geojson(case: Case) -> str:
    """The places that the team gave, as points."""
    features = []
    for one in _placed(case):
        place = one.place
        assert place is not None
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [place.longitude, place.latitude]},
                "properties": {**_place(one), "posts": [copy.link or copy.key for copy in one.copies]},
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1)


def kml(case: Case) -> str:
    """The same places for programs that read KML, each with its earliest time."""
    ET.register_namespace("", _KML)
    root = ET.Element(f"{{{_KML}}}kml")
    document = ET.SubElement(root, f"{{{_KML}}}Document")
    _child(document, "name", shown(case.title))
    for one in _placed(case):
        place = one.place
        assert place is not None
        mark = ET.SubElement(document, f"{{{_KML}}}Placemark")
        _child(mark, "name", f"{one.label} {shown(place.name)}".strip())
        _child(mark, "description", "\n".join(f"{key}: {value}" for key, value in _place(one).items() if value))
        if one.copies:
            stamp = ET.SubElement(mark, f"{{{_KML}}}TimeStamp")
            _child(stamp, "when", one.copies[0].seen.sighting.posted_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        point = ET.SubElement(mark, f"{{{_KML}}}Point")
        _child(point, "coordinates", f"{place.longitude},{place.latitude}")
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _sighting(one: CaseFootage, copy: Copy) -> Row:
    seen, place = copy.seen, one.place
    return {
        "footage": one.label,
        "finding": str(copy.finding.kind) if copy.finding else "",
        "relation": copy.finding.relation if copy.finding else "",
        "belongs": seen.belongs,
        "also": [footage_label(part) for part in copy.finding.parts] if copy.finding else [],
        "channel": seen.channel.title,
        "username": seen.channel.username,
        "channel_id": seen.channel.channel_id,
        "side": seen.channel.side,
        "message_id": seen.sighting.message_id,
        "link": copy.link,
        "posted_at": moment(seen.sighting.posted_at),
        "captured_at": moment(seen.sighting.captured_at),
        "capture": str(seen.sighting.capture),
        "deletion_noticed_at": moment(seen.deleted_at),
        "edited": seen.edited,
        "forwarded_from": (seen.forward.name or str(seen.forward.channel_id or "")) if seen.forward else "",
        "text": seen.text,
        "sha256": seen.asset.sha256,
        "size": seen.asset.size,
        "kind": str(seen.asset.kind),
        "duration": seen.asset.duration,
        "width": seen.asset.width,
        "height": seen.asset.height,
        "perceptual_hash": seen.asset.phash,
        "best_copy": one.why_best(seen.asset),
        "tags": list(one.tags),
        "verdict": str(one.judgement.verdict) if one.judgement else "unreviewed",
        "place": place.name if place else "",
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
    }


def _placed(case: Case) -> Iterator[CaseFootage]:
    return (
        one for one in case.footage if one.place and one.place.latitude is not None and one.place.longitude is not None
    )


def _place(one: CaseFootage) -> dict[str, str]:
    place = one.place
    assert place is not None
    return {
        "footage": one.label,
        "place": shown(place.name),
        "precision": shown(place.precision),
        "method": shown(place.method),
        "given_by": shown(place.member),
        "given_at": moment(place.given_at),
        "earliest_held": moment(one.copies[0].seen.sighting.posted_at) if one.copies else "",
        "tags": ", ".join(map(shown, one.tags)),
        "verdict": str(one.judgement.verdict) if one.judgement else "unreviewed",
    }


def _cell(value: Value) -> str:
    text = shown("; ".join(value) if isinstance(value, list) else "" if value is None else str(value))
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, (int, float)) else text


def _child(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, f"{{{_KML}}}{name}").text = text
