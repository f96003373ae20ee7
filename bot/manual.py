"""What the bot understands: the commands with a line on each, and how it all works."""

from collections.abc import Sequence

from aiogram.types import BotCommand

from bot.tongues import Phrase, speaking

COMMANDS: Sequence[tuple[str, Phrase]] = (
    ("find", Phrase("words #tag @channel place:x verdict:x since:2024-10-18: search the archive")),
    ("card", Phrase("F12: show the card of a footage")),
    ("seen", Phrase("as a reply to media: have we seen this?")),
    ("tag", Phrase("F12 word: add a tag")),
    ("untag", Phrase("F12 word: take a tag off")),
    ("verdict", Phrase("F12 confirmed: judge a footage")),
    ("note", Phrase("F12 0:12 text: write a note")),
    ("place", Phrase("F12 name or coordinates; precision; method: say where it is")),
    ("unplace", Phrase("F12: take the place off")),
    ("link", Phrase("F12 F13: the same recording, whatever the matching says")),
    ("unlink", Phrase("F13: take a link apart")),
    ("split", Phrase("F12 post link: this copy shows something else")),
    ("claim", Phrase("F12: say that you work on it")),
    ("release", Phrase("F12: you no longer do")),
    ("follow", Phrase("F12, @channel, #tag, place:x or words: ring here; alone: what is followed and muted")),
    ("mute", Phrase("the same: no cards here, a recap instead")),
    ("unfollow", Phrase("the same: end it; also /unmute")),
    ("recap", Phrase("what mutes held back here")),
    ("status", Phrase("what is watched, what waits, what is wrong")),
    ("cards", Phrase("compact or full: how cards look here")),
    ("tags", Phrase("the tags on offer; leads change them by /addtag, /renametag old > new, /retiretag")),
    ("team", Phrase("who belongs to the team")),
    ("invite", Phrase("tagger: a link for one new member; for leads, in private")),
    ("language", Phrase("in which language I speak here")),
    ("help", Phrase("how this works")),
)
HELP = (
    Phrase(
        "firstseen tells whether footage is new or was seen before, where it was first seen, and what the team knows."
    ),
    Phrase(
        "Each footage has one card, kept current. NEW: nothing held looks or sounds like it. REPOST: it does, "
        "and the card shows how. POSSIBLE REPOST: a person has to look. TOO PLAIN: nothing can be said."
    ),
    Phrase(
        "“Earliest we hold” is the earliest post known here, not the origin. “Not seen here” names what was searched."
    ),
    Phrase(
        "Under a card: claim it, tag it, give a verdict, say that a match is wrong. Reply to a card to note it, "
        "begin with a time code like 0:12 to tie the note to a second."
    ),
    Phrase("Send me a photo, video, voice note or file in private, or reply to one with /seen: I look it up."),
)


def help_text() -> str:
    """What the bot does and understands."""
    first, cards, limits, acts, asking = (one() for one in HELP)
    commands = (f"/{name} {line()}" for name, line in COMMANDS)
    return "\n".join((first, "", cards, limits, "", acts, asking, "", *commands))


def menu(language: str) -> list[BotCommand]:
    """The commands as clients offer them to members whose Telegram speaks ``language``."""
    with speaking(language):
        return [BotCommand(command=name, description=line()) for name, line in COMMANDS]
