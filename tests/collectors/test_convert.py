"""Every shape in which a file hides in a message, through the wire, into a reference with its role."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from collectors.convert import Converted, Unread, convert, read, web_address
from core.model import Forward, MediaKind, MediaRef
from loopback.nouns import Channel, Entity, Media, PollAnswer, Reply, Service, User
from loopback.nouns import Forward as Origin
from loopback.world import World
from storage import posts
from tests.collectors.conftest import Desk
from tests.telegram import OpenClient

JPEG, MP4, OGG = b"\xff\xd8 jpeg" * 9, b"mp4 bytes" * 9, b"OggS" * 9
TTL = "self-destructing: Telegram's terms forbid keeping it"
PREVIEW = "the preview of a link, not the poster's own: fetched on demand"


@dataclass(frozen=True)
class Seen:
    """What of a reference a table row names."""

    role: str
    kind: str
    state: str = "wanted"
    reason: str = ""

    @classmethod
    def of(cls, ref: MediaRef) -> "Seen":
        """The same of a real one."""
        return cls(ref.role, str(ref.kind), str(ref.state), ref.reason)


def story(world: World, *, embedded: bool) -> Media:
    """A story of a channel, shared."""
    return world.shared_story(world.story(world.add_channel("Teller", "teller"), world.video(MP4)), embedded=embedded)


Row = tuple[str, Callable[[World], Media], list[Seen]]
SHAPES: list[Row] = [
    ("photo", lambda w: w.photo(JPEG), [Seen("media", "photo")]),
    ("live photo", lambda w: w.photo(JPEG, live=MP4), [Seen("media", "photo"), Seen("live_video", "video")]),
    ("video", lambda w: w.video(MP4), [Seen("media", "video")]),
    (
        "video with qualities and cover: the original alone",
        lambda w: w.video(MP4, alt_qualities=[(b"small", 320, 180, "h264")], cover=JPEG),
        [Seen("media", "video")],
    ),
    ("round video", lambda w: w.video(MP4, round=True), [Seen("media", "video_note")]),
    ("animation", lambda w: w.video(MP4, animated=True), [Seen("media", "animation")]),
    ("voice", lambda w: w.voice(OGG), [Seen("media", "voice")]),
    ("audio", lambda w: w.audio(b"ID3", title="Intercept"), [Seen("media", "audio")]),
    ("picture as a file", lambda w: w.document(JPEG, "a.png", "image/png"), [Seen("media", "photo")]),
    ("video as a file", lambda w: w.document(MP4, "a.mkv", "video/x-matroska"), [Seen("media", "video")]),
    ("sound as a file", lambda w: w.document(OGG, "a.flac", "audio/flac"), [Seen("media", "audio")]),
    ("document", lambda w: w.document(b"%PDF", "a.pdf", "application/pdf"), [Seen("media", "document")]),
    (
        "poll with media everywhere",
        lambda w: w.poll(
            "Who?", PollAnswer("We", w.photo(JPEG)), "They", attached=w.video(MP4), solution=w.photo(JPEG)
        ),
        [Seen("poll", "video"), Seen("poll_answer", "photo"), Seen("poll_solution", "photo")],
    ),
    (
        "paid, not bought: previews, never the thing",
        lambda w: w.paid(50, w.photo(JPEG), w.video(MP4)),
        [
            Seen("paid", "photo", "refused", "behind a price of 50 stars: never bought"),
            Seen("paid", "video", "refused", "behind a price of 50 stars: never bought"),
        ],
    ),
    ("paid, bought by the account's owner", lambda w: w.paid(5, w.video(MP4), bought=True), [Seen("paid", "video")]),
    ("story with its media", lambda w: story(w, embedded=True), [Seen("story", "video")]),
    ("story without its media", lambda w: story(w, embedded=False), [Seen("story", "video")]),
    (
        "link preview",
        lambda w: w.webpage("https://example.org", photo=JPEG, video=MP4),
        [Seen("preview", "photo", "refused", PREVIEW), Seen("preview", "video", "refused", PREVIEW)],
    ),
    ("self-destructing photo", lambda w: w.photo(JPEG, ttl=10), [Seen("media", "photo", "refused", TTL)]),
    ("self-destructing video", lambda w: w.video(MP4, ttl=10), [Seen("media", "video", "refused", TTL)]),
    ("self-destructing voice", lambda w: w.voice(OGG, ttl=10), [Seen("media", "voice", "refused", TTL)]),
    ("giveaway", lambda w: w.giveaway(), []),
    ("place", lambda w: w.place(48.0, 135.0), []),
    ("venue", lambda w: w.place(48.0, 135.0, "Range"), []),
    ("contact", lambda w: w.contact(), []),
    ("live stream", lambda w: w.stream(), []),
]


async def test_every_shape_arrives_with_its_files_and_roles(desk: Desk, world: World, news: Channel) -> None:
    """One post per row of the table, pushed over the wire: the references stored are those of the row."""
    async with desk.running():
        await desk.watch(news)
        made = {name: world.post(news, name, media=make(world)) for name, make, _wanted in SHAPES}
        await desk.until_held(news, [post.id for post in made.values()])
        for name, _make, wanted in SHAPES:
            stored = await desk.post(news, made[name].id)
            assert stored is not None
            found = [Seen.of(ref) for ref in stored.post.media]
            assert sorted(found, key=str) == sorted(wanted, key=str), name
        async with desk.store.database.reader() as reader:
            assert (await posts.counts(reader, news.id))["unread"] == 0


async def test_a_rich_message_gives_all_its_files_and_words(desk: Desk, world: World, news: Channel) -> None:
    """Files in rich messages are found, also those that Telegram sends only when asked."""
    files = [world.photo_file(JPEG + bytes([n])) for n in range(3)]
    clip = world.file(MP4, mime="video/mp4", name="a.mp4")
    async with desk.running():
        await desk.watch(news)
        whole = world.post(news, rich=world.rich("First words.", "More words.", files=[*files, clip]))
        part = world.post(news, rich=world.rich("In part.", files=[*files, clip], sent=1))
        await desk.until_held(news, [whole.id, part.id])
        for post, words in ((whole, "First words.\nMore words."), (part, "In part.")):
            stored = await desk.post(news, post.id)
            assert stored is not None
            assert stored.post.text == words
            assert {ref.file_id for ref in stored.post.media} == {file.id for file in (*files, clip)}
            assert {ref.role for ref in stored.post.media} == {"rich"}


async def test_media_of_a_quoted_post_is_named_as_such(desk: Desk, world: World, news: Channel) -> None:
    """A reply that shows another chat's media refers to it as quoted; it answers no post of this channel."""
    elsewhere = world.add_channel("Elsewhere", "elsewhere")
    async with desk.running():
        await desk.watch(news)
        quote = Reply(7, elsewhere, "their words", world.photo(JPEG))
        made = world.post(news, "look at this", reply=quote)
        answer = world.post(news, "an answer", reply=Reply(made.id))
        await desk.until_held(news, [made.id, answer.id])
        stored = await desk.post(news, made.id)
        replied = await desk.post(news, answer.id)
        assert stored is not None
        assert replied is not None
        assert [Seen.of(ref) for ref in stored.post.media] == [Seen("quoted", "photo")]
        assert (stored.post.reply_to, replied.post.reply_to) == (None, made.id)


async def test_media_that_telegram_itself_calls_unsupported_is_counted(desk: Desk, world: World, news: Channel) -> None:
    """A post whose media has no word here is stored with its text, kept raw and counted."""
    async with desk.running():
        await desk.watch(news)
        made = world.post(news, "from the future", media=world.unsupported())
        await desk.until_held(news, [made.id])
        async with desk.store.database.reader() as reader:
            assert (await posts.counts(reader, news.id))["unread"] == 1


async def messages(open_client: OpenClient, reader: User, channel: Channel) -> list[Any]:
    """A channel's messages as an unmodified client reads them, oldest first."""
    client = await open_client(reader)
    return [message async for message in client.iter_messages(channel.username, reverse=True, wait_time=0)]


async def test_file_facts_are_taken_over(open_client: OpenClient, world: World, reader: User, news: Channel) -> None:
    """Telegram's file id, size, name, type, length and measures are in the reference; a raw copy is with the post."""
    media = world.video(MP4, 12.5, 640, 360, name="march.mp4")
    world.post(news, "video", media=media)
    (message,) = await messages(open_client, reader, news)
    post = convert(message).post
    assert post.media == (
        MediaRef(
            "media",
            MediaKind.VIDEO,
            file_id=media.file.id,
            size=len(MP4),
            mime="video/mp4",
            name="march.mp4",
            duration=12.5,
            width=640,
            height=360,
        ),
    )
    assert (post.raw, post.raw_layer) == (bytes(message), 229)


async def test_every_forward_header_says_no_more_than_telegram(
    open_client: OpenClient, world: World, reader: User, news: Channel
) -> None:
    """From a channel: its number, message, time and name; from people: at most the name they show."""
    source = world.add_channel("Source", "source_channel")
    then = world.clock.now()
    origins = [
        Origin(then, source, 44),
        Origin(then, user=reader),
        Origin(then, name="Somebody hidden"),
    ]
    for origin in origins:
        world.post(news, "copied", forward=origin)
    found = [
        convert(message, {source.id: "Source"}).post.forward for message in await messages(open_client, reader, news)
    ]
    assert found == [
        Forward(source.id, 44, then, "Source"),
        Forward(None, None, then, None),
        Forward(None, None, then, "Somebody hidden"),
    ]


async def test_links_come_from_every_place(open_client: OpenClient, world: World, reader: User, news: Channel) -> None:
    """Addresses in the text (counted in UTF-16), behind words and in previews, each once and whole."""
    text = "😀 see t.me/other/5 and here"
    entities = [Entity("url", 7, 12), Entity("text_link", 24, 4, "https://example.org/b")]
    world.post(news, text, entities=entities)
    world.post(
        news, "https://example.org/c", entities=[Entity("url", 0, 21)], media=world.webpage("https://example.org/c")
    )
    first, second = await messages(open_client, reader, news)
    assert [link.url for link in convert(first).post.links] == ["https://t.me/other/5", "https://example.org/b"]
    assert [link.url for link in convert(second).post.links] == ["https://example.org/c"]


async def test_hidden_edits_have_no_time_of_edit(
    open_client: OpenClient, world: World, reader: User, news: Channel
) -> None:
    """Reactions date a message as edited and hide it; only a shown edit is one."""
    reacted, edited = world.post(news, "liked"), world.post(news, "edited")
    world.react(reacted)
    world.edit(edited, "edited twice")
    first, second = await messages(open_client, reader, news)
    assert convert(first).post.edited_at is None
    assert convert(second).post.edited_at == edited.edit_date


async def test_service_messages_say_what_happened(
    open_client: OpenClient, world: World, reader: User, news: Channel
) -> None:
    """Service messages are posts with a word for what they announce."""
    pinned = world.post(news, "pin me")
    world.pin(pinned)
    world.rename(news, "Other News")
    world.post(news, service=Service("created"))
    found = [convert(message).post.service for message in await messages(open_client, reader, news)]
    assert found == ["", "PinMessage", "ChatEditTitle: Other News", "ChannelCreate: Other News"]


async def test_what_is_no_post_is_kept_apart(
    open_client: OpenClient, world: World, reader: User, news: Channel
) -> None:
    """A message that breaks an expectation becomes an Unread with its reason, never an exception."""
    world.post(news, "whole")
    (message,) = await messages(open_client, reader, news)
    message.date = None
    found = read(message)
    assert isinstance(found, Unread)
    assert (found.message_id, found.reason) == (message.id, "Message: Message is no post")


async def test_an_object_that_cannot_be_written_is_kept_as_json(
    open_client: OpenClient, world: World, reader: User, news: Channel
) -> None:
    """Half of a group of fields makes Telethon refuse to write a message; its JSON is kept instead."""
    world.post(news, "photo", media=world.photo(JPEG))
    (message,) = await messages(open_client, reader, news)
    message.views, message.forwards = 5, None
    found = read(message)
    assert isinstance(found, Converted)
    assert found.post.raw_layer == 0
    assert json.loads(found.post.raw)["views"] == 5
    assert [ref.kind for ref in found.post.media] == [MediaKind.PHOTO]


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("HTTP://a.example", "HTTP://a.example"),
        ("a.example/x?y=1", "https://a.example/x?y=1"),
        ("t.me/name/5", "https://t.me/name/5"),
        ("somebody@example.org", ""),
        ("tg://resolve?domain=x", ""),
        ("ftp://a.example", ""),
        ("word", ""),
    ],
)
def test_only_web_addresses_are_links(written: str, address: str) -> None:
    """A scheme is added where it is missing; mail, tg and ftp addresses lead nowhere for us."""
    assert web_address(written) == address
