"""The words of /status."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.tongues import Phrase, plural, say
from bot.words import counted, moment, span

WATCH_WORD: Mapping[str, Phrase] = {
    "active": Phrase("active"),
    "private": Phrase("private"),
    "banned": Phrase("banned"),
    "gone": Phrase("gone"),
    "paused": Phrase("paused"),
    "joined": Phrase("joined"),
    "fast": Phrase("fast watch"),
    "poll": Phrase("polled"),
    "preview": Phrase("by its public pages"),
    "imported": Phrase("imported"),
}
STATUS, ALL_WELL = Phrase("Status"), Phrase("No trouble.")
WAITING, WATCHED = Phrase("Waiting:"), Phrase("Watched:")
NO_ALERTS, NOT_CHECKED = Phrase("No alert was sent in the last day."), Phrase("not compared with Telegram yet")


def trouble(part: str, message: str, since: datetime) -> str:
    """What is wrong, since when; the message is the operator's, as it is logged."""
    return say("⚠ {part}: {message} (since {moment})", part=part, message=message, moment=moment(since))


def parked(number: int) -> str:
    """Jobs that wait for a person."""
    return plural("{number} parked", "{number} parked", number, number=number)


def alert_ages(number: int, middle: timedelta, late: timedelta) -> str:
    """How long after a post its card came, over the last day."""
    alerts = plural("{number} alert", "{number} alerts", number, number=counted(number))
    return say(
        "{alerts} in the last day, half within {middle}, 95 of 100 within {late}",
        alerts=alerts,
        middle=span(middle),
        late=span(late),
    )


def refingerprinted(done: int, total: int, left: timedelta | None) -> str:
    """How far the archive's fingerprints are made anew, and how long it takes yet, if there is a pace to go by."""
    if left is None:
        return say("Fingerprints made anew: {done} of {total}", done=counted(done), total=counted(total))
    return say(
        "Fingerprints made anew: {done} of {total}, about {span} more",
        done=counted(done),
        total=counted(total),
        span=span(left),
    )


def checked(age: timedelta) -> str:
    """How long ago a channel was compared with Telegram."""
    return say("compared with Telegram {span} ago", span=span(age))


def through_post(message_id: int) -> str:
    """Up to which post a channel is complete."""
    return say("through post {number}", number=message_id)


def watch_word(word: str) -> str:
    """The state or the tier of a watch."""
    return WATCH_WORD[word]() if word in WATCH_WORD else word
