"""The answer to "have we seen this?" as a message: seen, part seen, not seen here, or nothing can be said. Pure."""

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.formatting import Bold, Text, TextLink, as_list

from bot import words
from bot.callbacks import Act, Press
from bot.cards import CAPTION_LIMIT, TEXT_LIMIT, Card
from bot.cleaning import line
from bot.likeness import Likeness, describe
from core.ids import footage_label, post_link
from pipeline.lookup import Hit, LookUpAnswer, Searched

MOST_HITS = 4


def compose_answer(answer: LookUpAnswer) -> Card:
    """The message of an answer; with a picture it is a caption."""
    text, entities = _fitting(answer).render()
    return Card(text, tuple(entities), _buttons(answer))


def compose_notice(text: str) -> Card:
    """An answer that is one sentence."""
    return Card(text, (), None)


def _fitting(answer: LookUpAnswer) -> Text:
    """The answer with as many hits as fit."""
    limit = CAPTION_LIMIT if answer.picture else TEXT_LIMIT
    for hits in range(min(len(answer.hits), MOST_HITS), 0, -1):
        made = _text(answer, hits)
        if len(made) <= limit:
            return made
    return _text(answer, 0)


def _text(answer: LookUpAnswer, hits: int) -> Text:
    lines = [Text(Bold(_headline(answer)))]
    if answer.reason:
        lines.append(Text(line(words.stored(answer.reason), 200)))
    for hit in answer.hits[:hits]:
        lines += _hit_lines(hit)
    if (rest := len(answer.hits) - hits) > 0:
        lines.append(Text(words.more_lines(rest)))
    if answer.kind == "not_seen":
        lines.append(Text(words.NOT_NEW()))
    if answer.kind not in {"plain", "unreadable"}:
        lines.append(Text(_searched(answer.searched)))
    return as_list(*lines)


def _headline(answer: LookUpAnswer) -> str:
    match answer.kind:
        case "not_seen":
            return words.NOT_SEEN()
        case "plain":
            return words.TOO_PLAIN()
        case "unreadable":
            return words.UNREADABLE()
    best = footage_label(answer.hits[0].footage_id) if answer.hits else ""
    if not any(hit.certain for hit in answer.hits):
        return f"{words.POSSIBLY_SEEN()} {best}".strip()
    return f"{words.SEEN() if answer.kind == 'seen' else words.PART_SEEN()} {best}".strip()


def _hit_lines(hit: Hit) -> list[Text]:
    label, earliest = footage_label(hit.footage_id), hit.earliest
    likeness = Likeness(
        hit.relation, hit.certain, hit.strength, hit.spans, hit.mirrored, picture=hit.picture, sound=hit.sound
    )
    at = words.moment(earliest.sighting.posted_at)
    link = post_link(earliest.channel.channel_id, earliest.sighting.message_id, earliest.channel.username)
    first = f"{words.earliest(line(earliest.channel.title, 40), label)}, "
    return [Text(f"{label}: {describe(likeness, label)}"), Text(first, TextLink(at, url=link) if link else at)]


def _searched(searched: Searched) -> str:
    return words.searched(searched.assets, searched.channels, searched.since)


def _buttons(answer: LookUpAnswer) -> InlineKeyboardMarkup | None:
    row = [
        InlineKeyboardButton(text=footage_label(hit.footage_id), callback_data=Press(Act.CARD, hit.footage_id).pack())
        for hit in answer.hits[:MOST_HITS]
    ]
    return InlineKeyboardMarkup(inline_keyboard=[row]) if row else None
