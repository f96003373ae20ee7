"""A footage as one card: text with entities, and buttons. Pure; every length is settled before anything is built."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity
from aiogram.utils.formatting import Bold, DateTime, ExpandableBlockQuote, Italic, Text, TextLink, as_list

from bot import words
from bot.callbacks import Act, Press, word_key
from bot.cleaning import cut, line, paragraph, units
from bot.copies import BEST, HEAR, summary
from bot.likeness import Likeness, describe, spanned, stretch
from core.ids import footage_label, post_link
from core.model import Channel, FindingKind, Forward, Judgement, Location, Note, Verdict
from core.places import Point, degrees, map_link
from core.units import format_size
from pipeline.best import EQUAL
from pipeline.copies import BestCopy
from storage.footage import FootageSighting
from storage.furniture import Learned, Mark, Stretch
from storage.relabels import Relabel

CAPTION_LIMIT, TEXT_LIMIT = 1024, 4096  # UTF-16 units; Telegram's
FORM = 1  # counts up when the card's form changes, so that old cards are drawn anew
MOST_TAGS, MOST_CHANNELS, MOST_NOTES, MOST_FOOTAGES = 6, 4, 2, 4
_COPIES_IN_MENU, MOST_STRETCHES = 6, 4


@dataclass(frozen=True, slots=True)
class Elder:
    """Another footage that a card names, with its earliest post."""

    footage_id: int
    earliest: FootageSighting | None


@dataclass(frozen=True, slots=True)
class Furnished:
    """A stretch of the newest copy that is channel furniture, or was until a member said no."""

    stretch: Stretch
    learned: Learned


@dataclass(frozen=True, slots=True)
class CardView:
    """Everything a card says. ``told`` is the newest post of the footage, ``seen`` are all, in order of posting."""

    footage_id: int
    asked_as: int
    kind: FindingKind
    told: FootageSighting | None
    seen: tuple[FootageSighting, ...]
    likeness: Likeness | None = None
    elder: Elder | None = None  # of a possible repost, or of a compilation: the footage it shows
    forwarded_from: Channel | None = None
    tags: tuple[str, ...] = ()
    judgement: Judgement | None = None
    location: Location | None = None
    claimed_by: str | None = None
    notes: tuple[Note, ...] = ()
    repeats: int = 0
    relabels: tuple[Relabel, ...] = ()  # in what the newest post contradicts what is known
    furniture: Mark | None = None  # who says that it is an intro, a logo or an end card
    furnished: tuple[Furnished, ...] = ()
    best: BestCopy | None = None

    @property
    def earliest(self) -> FootageSighting | None:
        """The first post that shows the recording itself."""
        return next((one for one in self.seen if one.belongs), self.seen[0] if self.seen else None)


@dataclass(frozen=True, slots=True)
class Card:
    """A message to be shown."""

    text: str
    entities: tuple[MessageEntity, ...]
    buttons: InlineKeyboardMarkup | None

    @property
    def digest(self) -> str:
        """Equal for cards that look the same."""
        shown = [str(FORM), self.text, *(one.model_dump_json() for one in self.entities)]
        shown.append(self.buttons.model_dump_json() if self.buttons else "")
        return hashlib.sha256("\0".join(shown).encode()).hexdigest()


def compose(view: CardView, *, limit: int, menu: str = "", taxonomy: Sequence[str] = (), compact: bool = False) -> Card:
    """The card of a footage within ``limit`` units. ``menu`` names the row of choices that is open.

    A ``compact`` card says what decides whether to look; all of it while a menu is open.
    """
    text, entities = _body(view, limit, compact=compact and not menu).render()
    return Card(text, tuple(entities), keyboard(view, menu, taxonomy))


class Worth(IntEnum):
    """What a line is worth when not all fit: the least is left out first. Headline and verdict always fit."""

    FURNITURE = 1
    BEST_COPY = 2
    CHANNELS = 3
    PLACE = 4
    FILE = 5
    CLAIM = 6
    TAGS = 7
    FORWARD = 8
    EARLIEST = 9
    MATCH = 10
    POST = 11
    ALWAYS = 12


Line = tuple[Worth, Text]


COMPACT = frozenset({Worth.FORWARD, Worth.EARLIEST, Worth.MATCH, Worth.POST, Worth.TAGS, Worth.ALWAYS})
COMPACT_CAPTION = 120  # units


def _body(view: CardView, limit: int, *, compact: bool = False) -> Text:
    """The fixed lines first; the caption and the notes share what is left."""
    above, below = _above(view), _below(view)
    if compact:
        above, below = ([one for one in lines if one[0] in COMPACT] for lines in (above, below))
    while (fixed := sum(len(text) + 1 for _, text in (*above, *below))) > limit:
        least = min(worth for worth, _ in (*above, *below))
        above, below = ([one for one in lines if one[0] != least] for lines in (above, below))
    room = limit - fixed - 1
    quote = _caption(view, min(room, COMPACT_CAPTION) if compact else room)
    if quote is not None:
        fixed += len(quote) + 1
    middle = [quote] if quote is not None else []
    notes = [] if compact else _notes(view, limit - fixed)
    return as_list(*(text for _, text in above), *middle, *(text for _, text in below), *notes)


def _above(view: CardView) -> list[Line]:
    lines = [(Worth.ALWAYS, _headline(view))]
    if view.relabels:
        found = [words.contrast(one.contrast, line(one.said, 60), line(one.known, 60)) for one in view.relabels]
        lines.append((Worth.ALWAYS, Text(Bold(words.RING_WORD["relabel"]()), " ", " · ".join(found))))
    if view.furniture is not None:
        marked = words.furniture_marked(line(view.furniture.member, 32), view.furniture.at)
        lines.append((Worth.ALWAYS, Text(Italic(marked))))
    if view.told is None:
        return [*lines, (Worth.POST, Text(Italic(words.NO_COPIES())))]
    lines += [
        (Worth.POST, _channel_line(view.told.channel)),
        (Worth.POST, _time_line(view, view.told)),
        (Worth.FILE, _file_line(view.told)),
    ]
    if view.told.forward is not None:
        lines.append((Worth.FORWARD, _forward_line(view.told.forward, view.forwarded_from)))
    if view.likeness is not None:
        lines.append((Worth.MATCH, Text(f"{words.MATCH()} ", describe(view.likeness, footage_label(_matched(view))))))
    lines += [(Worth.FURNITURE, _furniture_line(one)) for one in view.furnished if not one.stretch.rejected]
    return lines + _elder_lines(view)


def _furniture_line(one: Furnished) -> Text:
    """Which seconds make no matches, and on whose word."""
    where, learned = _seconds(one), one.learned
    if learned.marked_by:
        return Text(words.stretch_marked(where, line(learned.marked_by, 32)))
    labels = [footage_label(number) for number in learned.learned_from]
    return Text(words.stretch_learned(where, labels[:MOST_FOOTAGES], len(labels) - MOST_FOOTAGES, learned.days))


def _seconds(one: Furnished) -> str:
    seconds = stretch(one.stretch.start, one.stretch.seconds)
    return seconds if one.stretch.picture else words.heard(seconds)


def _headline(view: CardView) -> Text:
    parts: list[Text | str] = [Bold(f"{words.KIND_WORD[view.kind]()} {footage_label(view.footage_id)}")]
    if len(view.seen) > 1:
        channels = len({one.channel.channel_id for one in view.seen})
        parts.append(f" · {words.copies_in(len(view.seen), channels)}")
    if view.asked_as != view.footage_id:
        parts.append(f"\n{words.joined_here(footage_label(view.asked_as))}")
    if view.repeats:
        parts.append(Italic(f"\n⚠ {words.POSSIBLE_REPEAT()}"))
    return Text(*parts)


def _channel_line(channel: Channel) -> Text:
    labels = [line(label, 24) for label in (channel.side, channel.language) if label]
    name = f" (@{channel.username})" if channel.username else ""
    protected = [words.PROTECTED()] if channel.protected else []
    return Text(" · ".join([line(channel.title, 64) + name, *labels, *protected]))


def _time_line(view: CardView, told: FootageSighting) -> Text:
    parts = [*_moment(told), " · ", _lag(view, told)]
    if told.edited:
        parts.append(f" · {words.EDITED()}")
    if told.deleted_at is not None:
        parts.append(f" · {words.gone(told.deleted_at)}")
    return Text(*parts)


def _moment(seen: FootageSighting) -> list[Text | str]:
    """A post's time in UTC, linked to the post, and once more in the reader's own zone."""
    at = seen.sighting.posted_at
    link = post_link(seen.channel.channel_id, seen.sighting.message_id, seen.channel.username)
    utc = words.moment(at)
    return [
        TextLink(utc, url=link) if link else utc,
        " (",
        DateTime(f"{at:%H:%M}", unix_time=at, date_time_format="dt"),
        ")",
    ]


def _lag(view: CardView, told: FootageSighting) -> str:
    earliest = view.earliest
    if view.kind is FindingKind.PLAIN:
        return words.NOT_COMPARED()
    if earliest is None or earliest.sighting.sighting_id == told.sighting.sighting_id:
        return words.EARLIEST_IS_THIS() if view.kind is not FindingKind.POSSIBLE else words.NOT_FILED()
    return words.lag(told.sighting.posted_at - earliest.sighting.posted_at)


def _file_line(told: FootageSighting) -> Text:
    asset = told.asset
    facts = [words.MEDIA_WORD[asset.kind]() + (f" {words.clock(asset.duration)}" if asset.duration else "")]
    if asset.width and asset.height:
        facts.append(f"{asset.width}×{asset.height}")
    facts.append(format_size(asset.size))
    if told.album_id is not None:
        facts.append(words.OF_ALBUM())
    if asset.reason and (asset.plain or asset.verdict != "ok"):
        facts.append(line(words.stored(asset.reason), 80))
    return Text(" · ".join(facts))


def _forward_line(forward: Forward, channel: Channel | None) -> Text:
    """The header that Telegram itself puts on a forward: proof of origin, unlike any likeness."""
    unnamed = words.unnamed_channel(forward.channel_id) if forward.channel_id else words.SOMEBODY()
    name = channel.title if channel else forward.name or unnamed
    return Text(words.forward_header(line(name, 48), forward.posted_at))


def _matched(view: CardView) -> int:
    return view.elder.footage_id if view.elder else view.footage_id


def _elder_lines(view: CardView) -> list[Line]:
    elder, told = view.elder, view.told
    earliest = elder.earliest if elder else view.earliest
    if earliest is None or told is None or earliest.sighting.sighting_id == told.sighting.sighting_id:
        return []
    of = footage_label(elder.footage_id) if elder else None
    first = Text(f"{words.earliest(line(earliest.channel.title, 40), of)}, ", *_moment(earliest))
    lines = [(Worth.EARLIEST, first)]
    if len(view.seen) > 2:
        lines.append((Worth.CHANNELS, Text(words.seen_in(_by_channel(view.seen)))))
    if view.best is not None and view.best.best.merits[0] not in EQUAL:
        lines.append((Worth.BEST_COPY, Text(words.best_copy(summary(view.best)))))
    return lines


def _by_channel(seen: Sequence[FootageSighting]) -> str:
    names = {one.channel.channel_id: one.channel.title for one in seen}
    counted = Counter(one.channel.channel_id for one in seen).most_common()
    shown = [f"{line(names[number], 24)} {times}" for number, times in counted[:MOST_CHANNELS]]
    rest = len(counted) - MOST_CHANNELS
    return " · ".join([*shown, *([f"+{words.channels(rest)}"] if rest > 0 else [])])


def _below(view: CardView) -> list[Line]:
    lines: list[Line] = []
    if view.tags:
        lines.append((Worth.TAGS, Text(words.tags(_named(view.tags)))))
    if view.judgement is not None and view.judgement.verdict is not Verdict.UNREVIEWED:
        judged = view.judgement
        by = f", {line(judged.member, 32)}, {words.moment(judged.given_at)}"
        by += f", {words.agreed(line(judged.second, 32))}" if judged.second else ""
        by += f" · {words.AWAITED}{words.AWAITS_SECOND()}" if judged.awaits_second else ""
        lines.append((Worth.ALWAYS, Text(f"{words.VERDICT_GIVEN()} ", Bold(words.VERDICT_WORD[judged.verdict]()), by)))
    if view.location is not None:
        lines.append(
            (
                Worth.PLACE,
                Text(f"{words.PLACED()} ", *place_words(view.location), f", {line(view.location.member, 32)}"),
            )
        )
    if view.claimed_by is not None:
        lines.append((Worth.CLAIM, Text(words.claimed_by(line(view.claimed_by, 32)))))
    return lines


def place_words(place: Location) -> list[Text | str]:
    """A place by name and coordinates, with how precise it is and how it was found."""
    shown: list[Text | str] = [line(place.name, 64)] if place.name else []
    if place.latitude is not None and place.longitude is not None:
        point = Point(place.latitude, place.longitude)
        shown += [" " if shown else "", TextLink(degrees(point), url=map_link(point))]
    how = [line(words.stored(place.precision), 24)] if place.precision else []
    how += [words.found_by(line(place.method, 48))] if place.method else []
    return [*shown, f" ({', '.join(how)})"] if how else shown


def _named(tags: Sequence[str]) -> str:
    rest = len(tags) - MOST_TAGS
    return ", ".join([*(line(tag, 40) for tag in tags[:MOST_TAGS]), *([f"+{rest}"] if rest > 0 else [])])


def _caption(view: CardView, room: int) -> Text | None:
    shown = paragraph(view.told.text, max(0, min(room, 2 * TEXT_LIMIT))) if view.told is not None and room >= 16 else ""
    return ExpandableBlockQuote(shown) if shown else None


def _notes(view: CardView, room: int) -> list[Text]:
    """The newest notes that fit, and how many there are."""
    if not view.notes or room < 24:
        return []
    shown = [Text(Bold(words.notes(len(view.notes))), ":")]
    room -= len(shown[0]) + 1
    for note in view.notes[: -MOST_NOTES - 1 : -1]:
        at = f"{words.clock(note.second)} " if note.second is not None else ""
        written = cut(f"{at}{line(note.text, 200)} ({line(note.member, 32)})", room)
        if units(written) < 12:
            break
        shown.append(Text(written))
        room -= units(written) + 1
    return shown


# ------------------------------------------------------------------------------------------------ buttons


def keyboard(view: CardView, menu: str, taxonomy: Sequence[str]) -> InlineKeyboardMarkup:
    """Two rows of buttons, or the choices of the menu that is open."""
    rows = {
        "tags": _tag_rows,
        "verdict": _verdict_rows,
        "match": _match_rows,
        "place": _place_rows,
        "more": _more_rows,
    }.get(menu, _main_rows)(view, taxonomy)
    return InlineKeyboardMarkup(inline_keyboard=rows)


Rows = list[list[InlineKeyboardButton]]


def _button(text: str, act: Act, footage_id: int, argument: str = "") -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=Press(act, footage_id, argument).pack())


def _main_rows(view: CardView, _taxonomy: Sequence[str]) -> Rows:
    number = view.footage_id
    if view.claimed_by is None:
        claims = [_button(words.CLAIM(), Act.CLAIM, number)]
    else:
        holder = word_key(view.claimed_by)
        claims = [
            _button(words.RELEASE(), Act.RELEASE, number, holder),
            _button(words.TAKE_OVER(), Act.TAKE_OVER, number, holder),
        ]
    row = [
        _button(words.TAG(), Act.MENU, number, "tags"),
        _button(words.VERDICT(), Act.MENU, number, "verdict"),
        _button(words.PLACE(), Act.MENU, number, "place"),
    ]
    if doubtful(view):
        row.append(_button(words.NOT_A_MATCH(), Act.MENU, number, "match"))
    return [[*claims, _button(words.MORE(), Act.MENU, number, "more")], row]


def doubtful(view: CardView) -> bool:
    """Whether the card rests on a match that a person may reject."""
    return view.elder is not None or len({one.asset.asset_id for one in view.seen}) > 1


def _tag_rows(view: CardView, taxonomy: Sequence[str]) -> Rows:
    offered = list(dict.fromkeys([*taxonomy, *view.tags]))
    buttons = [
        _button(words.TICKED + line(tag, 24), Act.UNTAG, view.footage_id, word_key(tag))
        if tag in view.tags
        else _button(line(tag, 24), Act.TAG, view.footage_id, word_key(tag))
        for tag in offered[:24]
    ]
    return [*_in_rows(buttons, 2), _closing(view)]


def _verdict_rows(view: CardView, _taxonomy: Sequence[str]) -> Rows:
    stands = view.judgement.verdict if view.judgement else Verdict.UNREVIEWED
    mark = words.AWAITED if view.judgement and view.judgement.awaits_second else words.TICKED
    buttons = [
        _button(
            (mark if verdict is stands else "") + words.VERDICT_WORD[verdict](),
            Act.JUDGE,
            view.footage_id,
            verdict,
        )
        for verdict in Verdict
    ]
    return [*_in_rows(buttons, 2), _closing(view)]


def _place_rows(view: CardView, _taxonomy: Sequence[str]) -> Rows:
    """Say where; and of a place that is given how precise, how found, and that it is wrong."""
    number, place = view.footage_id, view.location
    asking = [_button(words.WHERE(), Act.PLACE, number, "ask")]
    if place is None:
        return [asking, _closing(view)]
    key = place_key(place)
    precisions = [
        _button(_ticked(word(), word.english == place.precision), Act.PLACE, number, f"{name}-{key}")
        for name, word in words.PRECISION_WORD.items()
    ]
    methods = [
        _button(_ticked(word(), word.english == place.method), Act.PLACE, number, f"{name}-{key}")
        for name, word in words.METHOD_WORD.items()
    ]
    asking.append(_button(words.PLACE_OFF(), Act.PLACE, number, f"off-{key}"))
    return [asking, *_in_rows(precisions, 3), *_in_rows(methods, 3), _closing(view)]


def place_key(place: Location) -> str:
    """Names a place in a button, so that a press can't change another one that was given meanwhile."""
    return word_key(f"{place.name} {place.latitude} {place.longitude}")[:8]


def _ticked(word: str, stands: bool) -> str:
    return words.TICKED + word if stands else word


def _match_rows(view: CardView, _taxonomy: Sequence[str]) -> Rows:
    """Which likeness is wrong: that with the other footage, or that of one copy with the rest."""
    rows: Rows = []
    if view.elder is not None:
        other = str(view.elder.footage_id)
        label = footage_label(view.elder.footage_id)
        rows.append([_button(words.not_footage(label), Act.REJECT, view.footage_id, f"f{other}")])
        if view.kind is FindingKind.POSSIBLE:
            rows[-1].append(_button(words.same_as(label), Act.ACCEPT, view.footage_id, f"f{other}"))
        if view.likeness is not None and view.likeness.furnishable is not None:
            text = words.stretch_button(spanned(view.likeness), furniture=False)
            rows.append([_button(text, Act.FURNISH, view.footage_id, f"m{view.likeness.furnishable}")])
    first: dict[int, FootageSighting] = {}
    for one in view.seen:
        first.setdefault(one.asset.asset_id, one)
    copies = list(first.items())[-_COPIES_IN_MENU:] if len(first) > 1 else []
    rows += [
        [_button(f"≠ {_copy_label(one)}", Act.REJECT, view.footage_id, f"a{asset_id}")] for asset_id, one in copies
    ]
    return [*rows, _closing(view, undo=False)]


def _copy_label(seen: FootageSighting) -> str:
    return f"{line(seen.channel.title, 24)}, {words.moment(seen.sighting.posted_at)}"


def _more_rows(view: CardView, _taxonomy: Sequence[str]) -> Rows:
    told = [(words.TIMELINE(), "timeline"), (words.EVIDENCE(), "evidence"), (words.HISTORY(), "history")]
    attending = [(words.FOLLOW(), "follow"), (words.MUTE(), "mute")]
    return [
        [_button(text, Act.TELL, view.footage_id, what) for text, what in told],
        [_button(words.SPREAD(), Act.TELL, view.footage_id, "spread"), _best_button(view)],
        [_button(HEAR(), Act.TELL, view.footage_id, "hear"), _furniture_button(view)],
        [_button(text, Act.ATTEND, view.footage_id, what) for text, what in attending],
        *([_stretch_button(view, one)] for one in view.furnished[:MOST_STRETCHES]),
        _closing(view),
    ]


def _best_button(view: CardView) -> InlineKeyboardButton:
    return _button(BEST(), Act.TELL, view.footage_id, "best")


def _furniture_button(view: CardView) -> InlineKeyboardButton:
    if view.furniture is None:
        return _button(words.FURNITURE(), Act.FURNISH, view.footage_id)
    return _button(words.NO_FURNITURE(), Act.UNFURNISH, view.footage_id)


def _stretch_button(view: CardView, one: Furnished) -> InlineKeyboardButton:
    act = Act.FURNISH if one.stretch.rejected else Act.UNFURNISH
    text = words.stretch_button(_seconds(one), furniture=not one.stretch.rejected)
    return _button(text, act, view.footage_id, f"s{one.stretch.furniture_id}")


def _closing(view: CardView, *, undo: bool = True) -> list[InlineKeyboardButton]:
    back = _button(words.BACK(), Act.MENU, view.footage_id, "main")
    return [back, _button(words.UNDO(), Act.UNDO, view.footage_id)] if undo else [back]


def _in_rows(buttons: Sequence[InlineKeyboardButton], width: int) -> Rows:
    return [list(buttons[start : start + width]) for start in range(0, len(buttons), width)]
