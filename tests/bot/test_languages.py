"""The bot's words in other languages: nothing is left untranslated, and everybody is spoken to in their own."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest
from aiogram.types import InlineKeyboardMarkup
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import bot
from bot import manual, words
from bot.cards import TEXT_LIMIT, compose
from bot.menus import MENUS
from bot.tongues import DOMAIN, ENGLISH, LANGUAGES, speaking
from core.model import FindingKind
from tests.bot.newsroom import Newsroom
from tests.bot.test_cards import crowded

FOLDER = Path(bot.__file__).parent
OTHERS = sorted(set(LANGUAGES) - {ENGLISH})
KEYWORDS = {"Phrase": None, "say": None, "plural": (1, 2)}
OURS = {"UTC", "Telegram"}  # words that are the same everywhere


def texts(message: object) -> tuple[str, ...]:
    """The forms of a message: one, or several where it counts."""
    return (message,) if isinstance(message, str) else tuple(message) if isinstance(message, (tuple, list)) else ()


def fields(text: str) -> set[str]:
    """The names of the values in a sentence."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def english() -> set[tuple[str, ...]]:
    """Every message in the code."""
    found = extract_from_dir(FOLDER, method_map=[("**.py", "python")], keywords=KEYWORDS)
    return {texts(message) for _, _, message, _, _ in found}


def catalogue(language: str) -> Catalog:
    """The catalogue of a language as it is committed."""
    with (FOLDER / "locales" / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as lines:
        return read_po(lines, locale=language)


@pytest.mark.parametrize("language", OTHERS)
def test_everything_is_translated(language: str) -> None:
    """Every message of the code has all its forms, with the same values; none is doubtful."""
    known = {texts(message.id): message for message in catalogue(language) if message.id}

    assert english() - set(known) == set()
    for source, message in known.items():
        forms = texts(message.string)
        assert len(forms) == (1 if len(source) == 1 else catalogue(language).num_plurals), source
        assert all(forms), source
        assert not message.fuzzy, source
        assert all(fields(form) == fields(source[-1]) for form in forms), source


@pytest.mark.parametrize(
    ("language", "number", "shown"),
    [
        ("en", 1, "1 copy"),
        ("en", 1234, "1,234 copies"),
        ("fr", 0, "0 copie"),
        ("fr", 2, "2 copies"),
        ("uk", 1, "1 копія"),
        ("uk", 2, "2 копії"),
        ("uk", 5, "5 копій"),
        ("uk", 11, "11 копій"),
        ("uk", 22, "22 копії"),
        ("uk", 101, "101 копія"),
    ],
)
def test_numbers_have_their_forms(language: str, number: int, shown: str) -> None:
    """Each language counts by its own rules."""
    with speaking(language):
        assert words.copies(number) == shown


def labels(buttons: InlineKeyboardMarkup | None) -> Iterator[str]:
    """What stands on the buttons."""
    for row in buttons.inline_keyboard if buttons else ():
        for button in row:
            yield button.text


@pytest.mark.parametrize("kind", FindingKind)
@pytest.mark.parametrize("menu", ["", *sorted(MENUS)])
def test_no_english_is_left_on_a_card(kind: FindingKind, menu: str) -> None:
    """A card whose foreign words are Cyrillic shows no Latin word but units and names, in any menu."""
    with speaking("uk"):
        card = compose(
            replace(crowded("Сергіївка", "Олена"), kind=kind), limit=TEXT_LIMIT, menu=menu, taxonomy=("техніка",)
        )

    shown = " ".join([card.text, *labels(card.buttons)])
    assert set(re.findall(r"(?<![@\w])[A-Za-z]{3,}", shown)) <= OURS


def test_the_command_list_fits_every_language() -> None:
    """Telegram takes descriptions of 256 characters at most, and every language has one for every command."""
    menus = [manual.menu(language) for language in LANGUAGES]

    assert all(len(one.description.encode("utf-16-le")) <= 512 for menu in menus for one in menu)
    assert len({tuple(one.description for one in menu) for menu in menus}) == len(LANGUAGES)


async def test_a_lead_sets_the_language_of_the_group(newsroom: Newsroom) -> None:
    """Cards and answers in the group change; notices on presses stay in the language of who pressed."""
    number = await newsroom.post()
    card = await newsroom.shown(number, "NEW")
    newsroom.taras.say(newsroom.group, "/language uk")
    await newsroom.said("This takes a lead")

    newsroom.olena.say(newsroom.group, "/language uk")
    await newsroom.said("Українська")
    pressed = newsroom.olena.press(newsroom.group, card, "✋ Claim")

    assert (await pressed.answered()).text == f"#F{number} is yours"
    await newsroom.shown(number, "НОВЕ", "У роботі: Olena")
    newsroom.olena.say(newsroom.group, "той самий паркан", reply_to=newsroom.card(number))
    await newsroom.said("записано")


async def test_members_are_spoken_to_in_their_own_language(stage: Newsroom) -> None:
    """At first contact Telegram's word counts, then the member's own choice."""
    stage.taras.user.language = "fr-CA"
    async with stage.at_work():
        stage.taras.say(stage.me, "/find полигон")
        private = stage.taras.chat_with(stage.me)
        await stage.said("Rien ici ne contient ces mots.", chat=private)

        stage.taras.say(stage.me, "/language")
        offer = await stage.said("Quelle langue", chat=private)
        stage.taras.press(stage.me, offer, "Українська")
        await stage.later(1)
        stage.taras.say(stage.me, "/find полигон")
        await stage.said("Тут цих слів немає.", chat=private)
