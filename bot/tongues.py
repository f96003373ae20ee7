"""The language that is spoken: chosen once where somebody is told something, used wherever a word is said.

``bot.words`` is written in English; the other languages are gettext catalogues under ``bot/locales``, which are
compiled when they are first needed, so that installing takes no tool. Like gettext everywhere, the language is a matter
of the context: a handler or a delivery says ``with speaking(…)`` around all that it composes.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

DOMAIN = "firstseen"
ENGLISH = "en"
LANGUAGES: Mapping[str, str] = {ENGLISH: "English", "uk": "Українська", "fr": "Français"}

_room: ContextVar[str] = ContextVar("room", default=ENGLISH)
_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


class Phrase:
    """Words that are always the same; called, they are said in the language that is spoken."""

    __slots__ = ("english",)

    def __init__(self, english: str) -> None:
        self.english = english

    def __call__(self) -> str:
        """In the language that is spoken."""
        return _catalogue(_spoken.get()).gettext(self.english)

    __str__ = __call__

    def everywhere(self) -> tuple[str, ...]:
        """In all languages, for what members and messages of any time may say."""
        return tuple(_catalogue(language).gettext(self.english) for language in LANGUAGES)


def say(english: str, /, **values: object) -> str:
    """A sentence with values, in the language that is spoken."""
    return _catalogue(_spoken.get()).gettext(english).format(**values)


def plural(one: str, many: str, number: int, /, **values: object) -> str:
    """A sentence about a number, in the form that the language has for it."""
    return _catalogue(_spoken.get()).ngettext(one, many, number).format(**values)


def spoken() -> str:
    """The code of the language that is spoken."""
    return _spoken.get()


@contextmanager
def speaking(room: str, actor: str = "") -> Iterator[None]:
    """Speak the language of the room, or of ``actor``, who alone sees the notice on a press."""
    heard, said = _room.set(room), _spoken.set(actor or room)
    try:
        yield
    finally:
        _spoken.reset(said)
        _room.reset(heard)


@contextmanager
def aloud() -> Iterator[None]:
    """Speak to the whole room, although one member acted."""
    said = _spoken.set(_room.get())
    try:
        yield
    finally:
        _spoken.reset(said)


def known(code: str | None) -> str | None:
    """The language with this code, like ``uk`` or ``fr-CA``; nothing when we don't speak it."""
    language = (code or "").partition("-")[0].casefold()
    return language if language in LANGUAGES else None


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == ENGLISH:
        return NullTranslations()
    written = files("bot") / "locales" / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    compiled = io.BytesIO()
    with written.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
