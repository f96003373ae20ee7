"""Compact cards: what decides whether to look, and all of it while a menu is open."""

from bot.cards import TEXT_LIMIT, compose
from tests.bot.newsroom import Newsroom
from tests.bot.test_cards import TAXONOMY, crowded


def test_a_compact_card_is_short_and_keeps_what_decides() -> None:
    """Headline, channel, match, earliest, tags and verdict stay; file, counts and notes go until a menu is open."""
    view = crowded("Сняли сегодня. " * 40, "Astra")
    full = compose(view, limit=TEXT_LIMIT)
    compact = compose(view, limit=TEXT_LIMIT, compact=True)

    for words in ("POSSIBLE REPOST #F12", "Match:", "Earliest we hold", "Tags:", "Verdict:", "Forwarded from"):
        assert words in compact.text
    for words in ("Video", "Claimed by", "Seen:"):
        assert words not in compact.text
    assert len(compact.text) < len(full.text) / 2
    opened = compose(view, limit=TEXT_LIMIT, menu="more", taxonomy=TAXONOMY, compact=True)
    assert opened.text == full.text


async def test_a_group_chooses_compact_cards(newsroom: Newsroom) -> None:
    """A lead chooses; new cards are compact, a menu shows all of one, and the group may go back."""
    newsroom.taras.say(newsroom.group, "/cards compact")
    await newsroom.said("This takes a lead")
    newsroom.olena.say(newsroom.group, "/cards compact")
    await newsroom.said("Cards are compact here")

    number = await newsroom.post()
    card = await newsroom.shown(number)
    assert "Video" not in card.text
    newsroom.ivan.press(newsroom.group, card, "⋯ More")
    await newsroom.shown(number, "Video 0:17")

    newsroom.olena.say(newsroom.group, "/cards full")
    await newsroom.said("Cards say everything")
    assert "Video 0:17" in (await newsroom.shown(await newsroom.post())).text
