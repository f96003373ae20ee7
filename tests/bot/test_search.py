"""Searching words and tags from the chat, and leafing through what was found."""

from datetime import timedelta

from core.model import Member, Role
from storage import members
from tests.bot.newsroom import ASTRA, PARA_PAX, SPRAVDI, START, Newsroom

SAVE = "🔔 Follow this search"


async def archive(newsroom: Newsroom) -> list[int]:
    """A dozen posts about one place, one about another, one tagged."""
    numbers = [
        await newsroom.post(ASTRA, f"Сергеевка, полигон {number}", at=START + timedelta(hours=number))
        for number in range(12)
    ]
    numbers.append(await newsroom.post(PARA_PAX, "Dozens run past a concrete barrier, Сергіївка"))
    numbers.append(await newsroom.post(SPRAVDI, "개성의 훈련장 Ёлка"))
    taras = Member(newsroom.taras.id, "Taras", Role.TAGGER)
    async with newsroom.store.database.transaction() as tx:
        await members.tag(tx, numbers[12], "training camp", True, taras, newsroom.store.clock.now())
    for _ in range(6):
        await newsroom.later(20)
    return numbers


async def test_find_leafs_through_pages(newsroom: Newsroom) -> None:
    """/find shows the newest five with their numbers as buttons; pages turn in place, by anybody, without memory."""
    numbers = await archive(newsroom)
    newsroom.ivan.say(newsroom.group, "/find сергеевки")
    found = await newsroom.said("Search: сергеевки")
    assert found.labels == [[f"#F{number}" for number in reversed(numbers[7:12])], ["›"], [SAVE]]
    assert "Сергеевка, полигон 11" in found.text

    newsroom.olena.press(newsroom.group, found, "›")
    await newsroom.until(
        lambda: found.labels == [[f"#F{number}" for number in reversed(numbers[2:7])], ["‹", "›"], [SAVE]]
    )
    newsroom.ivan.press(newsroom.group, found, "›")
    await newsroom.until(lambda: found.labels[1] == ["‹"])

    newsroom.ivan.press(newsroom.group, found, found.labels[0][0])
    await newsroom.said("is here")


async def test_find_by_tag_and_word_in_any_script(newsroom: Newsroom) -> None:
    """Tags narrow, with an underscore for a space; Korean and folded Cyrillic are found; nothing is said so."""
    numbers = await archive(newsroom)
    for question, expected in (
        ("#training_camp", [f"#F{numbers[12]}"]),
        ("concrete #training_camp", [f"#F{numbers[12]}"]),
        ("훈련장", [f"#F{numbers[13]}"]),
        ("елка", [f"#F{numbers[13]}"]),
    ):
        await newsroom.later(30)
        newsroom.ivan.say(newsroom.group, f"/find {question}")
        found = await newsroom.said(f"Search: {question}\n")
        assert found.labels == [expected, [SAVE]], question
    newsroom.ivan.say(newsroom.group, "/find vehicles #training_camp")
    await newsroom.said("Nothing here has these words")


async def test_strange_questions_are_harmless(newsroom: Newsroom) -> None:
    """Query syntax, quotes, markup and direction marks are looked for as words, or find nothing."""
    await archive(newsroom)
    for question in ('a" OR "b* NEAR( -', "'); DROP TABLE posts;--", "<b>x</b>", "photo\u202egpj", "#", "* ^ :"):
        await newsroom.later(30)
        newsroom.ivan.say(newsroom.group, f"/find {question}")
        await newsroom.until(lambda: newsroom.group.messages[-1].text.startswith("Search: "))
        assert newsroom.group.messages[-1].sender is newsroom.me.user
