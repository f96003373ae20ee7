"""The best copy: named on the card with its reasons, and handed over on demand, byte for byte."""

from datetime import timedelta

from bot import words
from bot.callbacks import Act, Press
from fingerprints.compare import Match, Span
from tests.bot.newsroom import ASTRA, SPRAVDI, START, Newsroom

MIRRORED = Match("mirrored", True, 0.9, "motion", mirrored=True, spans=(Span(0.0, 0.0, 17.0),), sound=True)


async def test_the_best_copy_on_demand(newsroom: Newsroom) -> None:
    """The earlier copy is not mirrored, so it is the best; a press brings its file, unaltered, with why."""
    incoming = newsroom.store.vault.incoming()
    incoming.write(b"the very bytes")
    kept = incoming.keep()
    number = await newsroom.post(SPRAVDI, content="the very bytes")
    await newsroom.post(ASTRA, at=START + timedelta(hours=1), found=[(1, MIRRORED)])
    card = await newsroom.shown(number, "2 copies", "Best copy: SPRAVDI, 0:17, 1280×720 (no edits found)")
    newsroom.ivan.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "⭐ Best copy" in str(card.labels))

    newsroom.ivan.press(newsroom.group, card, "⭐ Best copy")

    sent = await newsroom.said("#F1: best of 2 copies", "no edits found", kept.sha256)
    assert sent.file is not None
    assert (sent.file.content, sent.reply_to) == (b"the very bytes", card)


async def test_a_file_that_is_not_here_is_described(newsroom: Newsroom) -> None:
    """Where the file can't be sent, its post and its hash are; without any copy the button is out of date."""
    number = await newsroom.post()
    card = await newsroom.shown(number)
    newsroom.ivan.forge_callback(card, Press(Act.TELL, number, "best").pack())
    await newsroom.said("the only copy held", "The file can't be sent here")
    answer = await newsroom.ivan.forge_callback(card, Press(Act.TELL, 99, "best").pack()).answered()
    assert answer.text == words.OUT_OF_DATE()


async def test_both_sides_are_heard_on_demand(newsroom: Newsroom) -> None:
    """A press brings one voice note of both sides of the newest match; a single copy has nothing to be heard beside."""
    number = await newsroom.post(SPRAVDI)
    card = await newsroom.shown(number)
    newsroom.ivan.forge_callback(card, Press(Act.TELL, number, "hear").pack())
    await newsroom.said("There is no other copy to hear beside this one.")

    await newsroom.post(ASTRA, at=START + timedelta(hours=1), found=[(1, MIRRORED)])
    await newsroom.shown(number, "2 copies")
    newsroom.ivan.press(newsroom.group, card, "⋯ More")
    await newsroom.until(lambda: "🔊 Hear both" in str(card.labels))
    newsroom.ivan.press(newsroom.group, card, "🔊 Hear both")
    sent = await newsroom.said("#F1: this copy, a tone, the earlier one")
    assert sent.reply_to == card
    assert sent.file is not None
    assert sent.file.content.startswith(b"OggS")

    newsroom.drawer.broken = True
    newsroom.ivan.forge_callback(card, Press(Act.TELL, number, "hear").pack())
    await newsroom.said("Nothing of what they have in common can be heard.")
