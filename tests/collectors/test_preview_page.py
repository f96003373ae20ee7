"""What a public page of t.me says: every field that it shows, and the traps of its markup."""

from datetime import UTC, datetime

import pytest

from collectors.markup import parse
from collectors.preview_page import NOT_SERVED, Preview, read_page
from core.model import Forward, MediaKind, RefState
from storage.posts import PREVIEW_ROLE

VIEW = "eyJjIjotMTE4NjkyMTQ5OSwicCI6NTEsInQiOjEsImgiOiIxIn0"  # {"c":-1186921499,"p":51,"t":1,"h":"1"}
CHANNEL = 1186921499


def page(*entries: str) -> Preview:
    """A page of a channel with these entries, in the order and nesting of the real ones."""
    return read_page(
        '<html><body><div class="tgme_channel_info_header_title"><span dir="auto">War &amp; Peace</span></div>'
        '<a href="/s/Warpeace?before=50" class="tme_messages_more js-messages_more" data-before="50"></a>'
        f"<main>{''.join(entries)}</main></body></html>"
    )


def entry(number: int, inside: str, meta: str = "") -> str:
    """One post as the page draws it."""
    return (
        f'<div class="tgme_widget_message text_not_supported_wrap js-widget_message" data-post="Warpeace/{number}" '
        f'data-view="{VIEW}"><div class="tgme_widget_message_bubble">{inside}<div class="tgme_widget_message_footer">'
        f'<span class="tgme_widget_message_meta">{meta}<a class="tgme_widget_message_date" '
        f'href="https://t.me/Warpeace/{number}"><time datetime="2026-08-24T05:58:34+02:00" class="time">03:58</time>'
        "</a></span></div></div></div>"
    )


TEXT = '<div class="tgme_widget_message_text js-message_text" dir="auto">{}</div>'


def test_words_links_time_and_channel_are_read() -> None:
    """Line breaks, emoji drawn as pictures, links once each, the time in UTC, the channel's number and name."""
    words = TEXT.format(
        '<i class="emoji" style="background-image:url(\'//telegram.org/e.png\')"><b>⚡</b></i> a &lt; b<br/>'
        '<a href="https://x.io/?a=1&amp;b=2">here</a> <a href="?q=%23tag">#tag</a> <a href="mailto:a@b.c">mail</a>'
    )
    read = page(entry(51, words, "edited &nbsp;"))
    (shown,) = read.posts
    assert read.channel is not None
    assert (read.channel.channel_id, read.channel.title, read.channel.username) == (CHANNEL, "War & Peace", "Warpeace")
    assert read.older
    assert (shown.post.channel_id, shown.post.message_id) == (CHANNEL, 51)
    assert shown.post.text == "⚡ a < b\nhere #tag mail"
    assert [link.url for link in shown.post.links] == ["https://x.io/?a=1&b=2"]
    assert shown.post.posted_at == datetime(2026, 8, 24, 3, 58, 34, tzinfo=UTC)


CDN, HREF = "https://cdn4.telesco.pe/file/", 'href="https://t.me/Warpeace/51"'


def background(name: str) -> str:
    """A style that shows a picture."""
    return f"style=\"width:800px;background-image:url('{CDN}{name}')\""


def player(kind: str, length: str, source: str = "") -> str:
    """A video as the page draws it; without a source it is too big."""
    video = f'<video src="{CDN}{source}"></video>' if source else "Media is too big"
    return (
        f'<a class="tgme_widget_message_video_player {kind}" {HREF}><i {background("t.jpg")}></i>{video}'
        f'<time class="message_video_duration">{length}</time></a>'
    )


PHOTO = f'<a class="tgme_widget_message_photo_wrap 5 6" {HREF} {background("p.jpg")}></a>'
VOICE = (
    f'<div class="tgme_widget_message_voice_player"><audio class="tgme_widget_message_voice" src="{CDN}a.ogg"></audio>'
    '<time class="tgme_widget_message_voice_duration">0:09</time></div>'
)
ARCHIVE = '<div class="tgme_widget_message_document_wrap"><div class="tgme_widget_message_document">a.zip</div></div>'
FILES = [
    (PHOTO, (MediaKind.PHOTO, RefState.WANTED, f"{CDN}p.jpg", None)),
    (player("", "1:02:05", "v.mp4?token=1"), (MediaKind.VIDEO, RefState.WANTED, f"{CDN}v.mp4?token=1", 3725.0)),
    (player("not_supported", "0:41"), (MediaKind.VIDEO, RefState.REFUSED, "", 41.0)),
    (VOICE, (MediaKind.VOICE, RefState.WANTED, f"{CDN}a.ogg", 9.0)),
    (ARCHIVE, (MediaKind.DOCUMENT, RefState.REFUSED, "", None)),
]


@pytest.mark.parametrize(("markup", "expected"), FILES, ids=[str(kind[0]) for _markup, kind in FILES])
def test_files_are_found_with_their_address(
    markup: str, expected: tuple[MediaKind, RefState, str, float | None]
) -> None:
    """Photos are backgrounds, players have sources, and what is too big or a document is not served, which is said."""
    (shown,) = page(entry(51, markup)).posts
    (ref,) = shown.post.media
    assert (ref.kind, ref.state, shown.address, ref.duration) == expected
    assert ref.role == PREVIEW_ROLE
    assert ref.reason == ("" if ref.state is RefState.WANTED else NOT_SERVED)


def test_an_album_is_posts_of_their_own() -> None:
    """Its parts are numbered by their links, its words come in two elements of one class and belong to the first."""
    photos = "".join(
        f'<a class="tgme_widget_message_photo_wrap grouped_media_wrap" href="https://t.me/Warpeace/{number}?single" '
        f"style=\"background-image:url('https://cdn4.telesco.pe/file/{number}.jpg')\"></a>"
        for number in (51, 52, 53)
    )
    twice = TEXT.format(TEXT.format("three"))
    read = page(entry(51, f'<div class="tgme_widget_message_grouped_wrap">{photos}</div>{twice}'), entry(54, ""))
    assert [(one.post.message_id, one.post.album_id, one.post.text) for one in read.posts] == [
        (51, 51, "three"),
        (52, 51, ""),
        (53, 51, ""),
        (54, None, ""),
    ]
    assert [one.address[-6:] for one in read.posts] == ["51.jpg", "52.jpg", "53.jpg", ""]


def test_what_is_answered_and_forwarded_is_kept_apart() -> None:
    """The words of an answered post are not this one's; its number is, if it is of this channel; so is the origin."""
    reply = (
        '<a class="tgme_widget_message_reply" href="https://t.me/Warpeace/40"><div class="tgme_widget_message_text '
        'js-message_reply_text">the other words</div></a>'
    )
    forward = (
        '<div class="tgme_widget_message_forwarded_from">Forwarded from <a class="tgme_widget_message_forwarded_from'
        '_name" href="https://t.me/astrapress/7"><span dir="auto">Astra</span></a></div>'
    )
    read = page(entry(51, forward + reply + TEXT.format("mine")), entry(52, reply.replace("Warpeace", "Elsewhere")))
    first, second = (one.post for one in read.posts)
    assert (first.text, first.reply_to) == ("mine", 40)
    assert first.forward == Forward(None, 7, None, "Astra")
    assert (second.text, second.reply_to) == ("", None)


def test_what_is_no_page_of_a_channel_has_no_posts() -> None:
    """Nothing, a landing page, broken markup, an entry without the channel's number: no channel and no error."""
    nameless = entry(51, TEXT.format("words")).replace(VIEW, "bm90IGpzb24")
    for text in ("", "<div class='tgme_page'>Open</div>", "<div" * 5000, "<b>" * 5000, nameless):
        assert read_page(text) == Preview(None, (), older=False)


def test_broken_markup_is_still_a_tree() -> None:
    """What is not closed, closed twice or never opened stands where it was written."""
    tree = parse('<p class="a b">one<br>two<b>three</p></i><script>four</script>')
    found = tree.first("b")
    assert found is not None
    assert found.text() == "one\ntwothree"
    assert tree.text() == "one\ntwothree"
