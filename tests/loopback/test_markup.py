"""How Telegram reads styles out of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopback.faults import ApiError
from loopback.markup import parsed
from loopback.wording import Style, Words, cut, finished, units

READ = [
    ("html", "<b>bold</b> and <i>it</i>", "bold and it", [("bold", "bold"), ("italic", "it")]),
    ("html", "🇺🇦 <strong>сила</strong>", "🇺🇦 сила", [("bold", "сила")]),
    ("html", "a &lt;b&gt; &amp; &#1054;", "a <b> & О", []),
    ("html", '<a href="https://x.io/?a=1&amp;b=2">x</a>', "x", [("text_link", "x")]),
    ("html", '<a href="tg://user?id=7">Olena</a>', "Olena", [("text_mention", "Olena")]),
    ("html", '<pre><code class="language-py">x = 1</code></pre>', "x = 1", [("pre", "x = 1")]),
    ("html", "<blockquote expandable>long</blockquote>", "long", [("expandable_blockquote", "long")]),
    ("html", '<tg-spoiler>s</tg-spoiler><span class="tg-spoiler">t</span>', "st", [("spoiler", "s"), ("spoiler", "t")]),
    ("html", '<tg-time unix="1729238400" format="r">then</tg-time>', "then", [("date_time", "then")]),
    ("html", "<b>a<i>b</i></b>", "ab", [("bold", "ab"), ("italic", "b")]),
    ("html", "<b>  </b>x", "x", []),
    (
        "markdownv2",
        "*b* _i_ __u__ ~s~ ||p||",
        "b i u s p",
        [(k, k[0] if k != "spoiler" else "p") for k in ("bold", "italic", "underline", "strikethrough", "spoiler")],
    ),
    ("markdownv2", r"1\.5 \- ok", "1.5 - ok", []),
    ("markdownv2", "[x](https://x.io/a_b)", "x", [("text_link", "x")]),
    ("markdownv2", "`a*b` ```py\nc```", "a*b c", [("code", "a*b"), ("pre", "c")]),
    ("markdownv2", ">one\n>two\nrest", "one\ntwo\nrest", [("blockquote", "one\ntwo")]),
    (
        "markdown",
        "*b* _i_ `c` [x](https://x.io)",
        "b i c x",
        [("bold", "b"), ("italic", "i"), ("code", "c"), ("text_link", "x")],
    ),
]
REFUSED = [
    ("html", "<b>open", 'Can\'t find end tag corresponding to start tag "b"'),
    ("html", "é<x>a</x>", 'Unsupported start tag "x" at byte offset 2'),
    ("html", "a</b>", "Unexpected end tag at byte offset 1"),
    ("html", "<b><i>a</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
    ("html", "1 < 2 > 1", 'Unsupported start tag "" at byte offset 2'),
    ("html", "1 < 2", "Unclosed start tag at byte offset 2"),
    ("html", "<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ("markdownv2", "1.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
    ("markdownv2", "a *b", "Can't find end of Bold entity at byte offset 2"),
    ("markdown", "a *b", "Can't find end of the entity starting at byte offset 2"),
]


@pytest.mark.parametrize(("mode", "source", "text", "styles"), READ)
def test_styles_are_read(mode: str, source: str, text: str, styles: list[tuple[str, str]]) -> None:
    """Each parse mode gives Telegram's text and the styles' stretches in UTF-16 units."""
    words = finished(parsed(source, mode))
    assert words.text == text
    assert [(style.kind, cut(text, style.offset, style.length)) for style in words.styles] == styles


@pytest.mark.parametrize(("mode", "source", "why"), REFUSED)
def test_broken_markup_is_refused(mode: str, source: str, why: str) -> None:
    """Markup that does not close or nest is refused with Telegram's own words and byte offset."""
    with pytest.raises(ApiError) as refused:
        parsed(source, mode)
    assert refused.value.description == f"Bad Request: can't parse entities: {why}"


def test_links_mentions_commands_and_tags_are_found() -> None:
    """Telegram marks addresses, mentions, commands and tags by itself, not inside code."""
    words = finished(parsed("/find@desk_bot #новини https://t.me/a/1, @astra_1 a@b.io <code>/not</code>", "html"))
    found = [(style.kind, cut(words.text, style.offset, style.length)) for style in words.styles]
    assert found == [
        ("bot_command", "/find@desk_bot"),
        ("hashtag", "#новини"),
        ("url", "https://t.me/a/1"),
        ("mention", "@astra_1"),
        ("email", "a@b.io"),
        ("code", "/not"),
    ]


@pytest.mark.parametrize(
    ("style", "why"),
    [
        (Style("bold", 0, 9), "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 9"),
        (Style("bold", 1, 1), "entity begins in a middle of a UTF-16 symbol at UTF-16 offset 1"),
        (Style("bold", 0, 1), "entity ends in a middle of a UTF-16 symbol at UTF-16 offset 1"),
        (Style("bold", 0, 0), "ENTITY_BOUNDS_INVALID"),
    ],
)
def test_styles_must_lie_in_the_text_on_whole_characters(style: Style, why: str) -> None:
    """An entity out of bounds or through a surrogate pair is refused."""
    with pytest.raises(ApiError) as refused:
        finished(Words("👀ab", (style,)))
    assert refused.value.description == f"Bad Request: {why}"


@given(st.text(alphabet=st.sampled_from("aя👀 \n<&>"), max_size=30), st.text(alphabet="xй👀", min_size=1, max_size=5))
def test_a_style_keeps_its_words_when_the_text_is_trimmed(around: str, inside: str) -> None:
    """Whatever stands around a styled stretch, after trimming the style still covers the same words."""
    text = f"{around}{inside}{around}"
    words = finished(Words(text, (Style("bold", units(around), units(inside)),)))
    bold = next(style for style in words.styles if style.kind == "bold")
    assert cut(words.text, bold.offset, bold.length) == inside
