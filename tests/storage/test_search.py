"""Words are found in every script and form, and no text is ever syntax."""

import asyncio

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.model import Finding, FindingKind, Verdict
from storage import footage, members, search
from storage.opening import Store
from tests.storage.made import MARK, NOW, OLENA, a_post, filed, held, in_memory, taken

SHELLING = "🔥 Обстріл Сергіївки: її «Ёлка» згоріла, п'ять машин. Video @astra"
CAMP = "훈련소 영상: 블라디보스토크 근처에서 촬영. Führer café ＡＢＣ 5-та бригада"


async def found(store: Store, words: str, **narrowed: object) -> list[int]:
    """The footage with these words."""
    async with store.database.reader() as reader:
        return [one.footage_id for one in await search.find(reader, words, **narrowed)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    [
        "обстріл",
        "ОБСТРІЛ",
        "сергіївка",
        "Сергіївкою",
        "її елка",
        "ЁЛКА",
        "згор",
        "пять",
        "п’ять",
        "маш обст",
        "video ASTRA",
        "серг\u0456\u0456\u0308вки",
        "🔥 обстріл!",
        "«обстріл»",
    ],
)
async def test_cyrillic_words_are_found(store: Store, words: str) -> None:
    """Case, endings, ё and й, apostrophes, order, quotation marks and emoji do not matter; beginnings are enough."""
    footage_id = await filed(store, 5, SHELLING)
    assert await found(store, words) == [footage_id]


@pytest.mark.parametrize(
    "words", ["훈련소", "훈련", "블라디보스토크", "FUHRER", "cafe", "CAFÉ", "abc", "ａｂｃ", "5-та бригада"]
)
async def test_korean_and_latin_words_are_found(store: Store, words: str) -> None:
    """Korean is found without its particles, Latin without its accents, full-width forms as plain ones."""
    footage_id = await filed(store, 5, CAMP)
    assert await found(store, words) == [footage_id]


@pytest.mark.parametrize("words", ["київ", "обстріл київ", "бстріл", "🔥", "!!!", '"', "*", "()"])
async def test_what_is_not_there_is_not_found(store: Store, words: str) -> None:
    """All the words must be there, from their beginning; signs alone find nothing."""
    await filed(store, 5, SHELLING)
    assert await found(store, words) == []


async def test_results_are_narrowed_and_turned_over(store: Store) -> None:
    """Tags in any case, verdict and channel narrow what is found; pages follow each other; the empty word finds all."""
    first = await filed(store, 5, "Обстріл Сергіївки", "ab")
    second = await filed(store, 6, "Обстріл Авдіївки", "cd")
    async with store.database.transaction() as tx:
        await members.tag(tx, first, "Навчальний табір", True, OLENA, NOW)
        await members.tag(tx, first, "training camp", True, OLENA, NOW)
        await members.tag(tx, second, "навчальний ТАБІР", True, OLENA, NOW)
        await members.judge(tx, second, Verdict.CONFIRMED, MARK, NOW)
    both = [second, first]
    assert await found(store, "обстріл") == both
    assert await found(store, "") == both
    assert await found(store, "обстріл", tags=["НАВЧАЛЬНИЙ табір"]) == both
    assert await found(store, "", tags=["Training Camp", "навчальний табір"]) == [first]
    assert await found(store, "", tags=["vehicles"]) == []
    assert await found(store, "", verdict=Verdict.CONFIRMED) == [second]
    assert await found(store, "", verdict=Verdict.UNREVIEWED) == [first]
    assert await found(store, "", channel=1001) == both
    assert await found(store, "", channel=1) == []
    assert await found(store, "", limit=1) == [second]
    assert await found(store, "", limit=1, offset=1) == [first]
    assert await found(store, "", limit=1, offset=2) == []


async def test_merged_footage_is_found_once(store: Store) -> None:
    """After a merge the words of both lead to the one that is left."""
    first = await filed(store, 5, "Обстріл Сергіївки", "ab")
    second = await filed(store, 6, "Пожежа в Сергіївці", "cd")
    async with store.database.transaction() as tx:
        await footage.merge(tx, first, second)
        await search.index_post(tx, 1, "інші слова")
        await search.index_post(tx, 1, "інші слова")
    assert await found(store, "пожежа") == [first]
    assert await found(store, "інші") == [first]
    assert await found(store, "обстріл") == []


HOSTILE = [
    '" OR * NEAR(a b, 3) ^a {a b}: - + AND NOT',
    "words : NULL; DROP TABLE post --",
    "\x00 \U0001e030 \u0345 ǅ ŉ ᾳ ﷺ \u202e",
    "'" * 50,
    "a" * 5000,
    "слово " * 300,
]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=10, max_size=10))
@example(HOSTILE)
def test_no_text_breaks_the_search(texts: list[str]) -> None:
    """Whatever a member types is words and never syntax: each text is searched for, and finds the post that has it."""
    asyncio.run(_search_for(texts))


async def _search_for(texts: list[str]) -> None:
    async with in_memory() as database, database.transaction() as tx:
        for text in texts:
            await search.find(tx, text)
            await search.find(tx, "", tags=[text])
        post_id = await taken(tx, a_post(text=texts[0]))
        asset_id, sighting_id = await held(tx, post_id)
        footage_id = await footage.create(tx, NOW)
        await footage.put(tx, footage_id, asset_id, belongs=True)
        await footage.record_finding(tx, Finding(sighting_id, FindingKind.NEW, footage_id), NOW)
        for text in texts:
            await search.index_post(tx, post_id, text)
            by_own_words = [one.footage_id for one in await search.find(tx, text)]
            assert by_own_words == ([footage_id] if search.fold(text) or not text.strip() else [])
