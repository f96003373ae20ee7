"""Every place where media hides in a message arrives at the client with its files downloadable."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telethon import errors, functions, types

from loopback.nouns import Channel, Entity, Forward, Media, PollAnswer, Post, Reply, User
from loopback.world import World

OpenClient = Callable[..., Awaitable[Any]]


@pytest.fixture
def reader(world: World) -> User:
    """The account that looks."""
    return world.add_user("Olena")


@pytest.fixture
def news(world: World, reader: User) -> Channel:
    """A joined channel."""
    return world.add_channel("News", "somechannel", members=[reader])


@pytest.fixture
def fetch(open_client: OpenClient, reader: User) -> Callable[[Post], Awaitable[Any]]:
    """Gives the message a client sees for a post, with its client."""

    async def fetched(post: Post) -> Any:
        client = await open_client(reader)
        await client.get_input_entity("somechannel")
        return await client.get_messages("somechannel", ids=post.id)

    return fetched


async def content(message: Any, file: Any) -> bytes:
    """The bytes behind a photo or document, asked for by its own secrets."""
    letter = file.sizes[-1].type if isinstance(file, types.Photo) else ""
    location = types.InputPhotoFileLocation if isinstance(file, types.Photo) else types.InputDocumentFileLocation
    where = location(file.id, file.access_hash, file.file_reference, letter)
    return bytes((await message.client(functions.upload.GetFileRequest(where, 0, 1024 * 1024))).bytes)


Fetch = Callable[[Post], Awaitable[Any]]


async def test_a_live_photo_has_its_video(world: World, news: Channel, fetch: Fetch, jpeg: Any) -> None:
    """The still is the photo, the movement a document beside it."""
    still = jpeg()
    message = await fetch(world.post(news, media=world.photo(still, live=b"moving")))
    assert message.media.live_photo
    assert await content(message, message.media.photo) == still
    assert await content(message, message.media.video) == b"moving"


async def test_a_video_has_qualities_and_cover(world: World, news: Channel, fetch: Fetch, jpeg: Any) -> None:
    """The document is the upload; re-encodings and cover come beside it."""
    video = world.video(b"upload", alt_qualities=[(b"small", 320, 180, "av01")], cover=jpeg(), thumb=jpeg(640, 360))
    message = await fetch(world.post(news, media=video))
    assert await content(message, message.media.document) == b"upload"
    assert await content(message, message.media.alt_documents[0]) == b"small"
    assert await content(message, message.media.video_cover) == jpeg()
    assert [size.type for size in message.document.thumbs] == ["i", "m"]


async def test_polls_carry_media(world: World, news: Channel, fetch: Fetch, jpeg: Any) -> None:
    """On the question, on an answer, in the explanation."""
    choice = PollAnswer("this one", world.photo(jpeg(shade=10)))
    poll = world.poll("Which?", "none", choice, attached=world.video(b"clip"), solution=world.photo(jpeg(shade=90)))
    message = await fetch(world.post(news, media=poll))
    assert await content(message, message.media.attached_media.document) == b"clip"
    assert await content(message, message.media.poll.answers[1].media.photo) == jpeg(shade=10)
    assert await content(message, message.media.results.solution_media.photo) == jpeg(shade=90)


async def test_paid_media_shows_itself_once_bought(world: World, news: Channel, fetch: Fetch) -> None:
    """Before, there is only a preview without a file."""
    message = await fetch(world.post(news, media=world.paid(50, world.video(b"paid"))))
    assert isinstance(message.media.extended_media[0], types.MessageExtendedMediaPreview)
    message = await fetch(world.post(news, media=world.paid(50, world.video(b"paid"), bought=True)))
    assert await content(message, message.media.extended_media[0].media.document) == b"paid"


async def test_stories_are_shared_and_fetched(world: World, news: Channel, fetch: Fetch) -> None:
    """A shared story comes with its media or must be asked for; channel pages list theirs."""
    story = world.story(news, world.video(b"story"))
    bare = await fetch(world.post(news, media=world.shared_story(story)))
    assert bare.media.story is None
    client = bare.client
    peer = await client.get_input_entity("somechannel")
    for request in (
        functions.stories.GetStoriesByIDRequest(peer, [bare.media.id]),
        functions.stories.GetPinnedStoriesRequest(peer, 0, 10),
    ):
        found = (await client(request)).stories[0]
        assert await content(bare, found.media.document) == b"story"
    running = (await client(functions.stories.GetPeerStoriesRequest(peer))).stories.stories
    assert [item.id for item in running] == [story.id]
    whole = await fetch(world.post(news, media=world.shared_story(story, embedded=True)))
    assert await content(whole, whole.media.story.media.document) == b"story"


async def test_a_rich_message_comes_in_part(world: World, news: Channel, fetch: Fetch, jpeg: Any) -> None:
    """``media`` is empty; the files that did not fit are asked for."""
    files = [world.photo(jpeg(shade=shade)).file for shade in range(3)] + [world.video(b"clip").file]
    post = world.post(news, rich=world.rich("Heading", "Words", files=files, sent=2))
    message = await fetch(post)
    assert message.media is None
    assert message.rich_message.part
    assert len(message.rich_message.photos) == 2
    peer = await message.client.get_input_entity("somechannel")
    whole = (await message.client(functions.messages.GetRichMessageRequest(peer, post.id))).messages[0].rich_message
    assert not whole.part
    assert [photo.id for photo in whole.photos] == [file.id for file in files[:3]]
    assert await content(message, whole.documents[0]) == b"clip"


async def test_link_previews_and_quotes_have_files(world: World, news: Channel, fetch: Fetch, jpeg: Any) -> None:
    """A preview's picture, video and instant view; the media of a quoted post from elsewhere."""
    page = world.webpage("https://example.org/a", title="A", photo=jpeg(), video=b"clip", page=[world.video(b"x").file])
    message = await fetch(world.post(news, "https://example.org/a", media=page))
    preview = message.media.webpage
    assert await content(message, preview.photo) == jpeg()
    assert await content(message, preview.document) == b"clip"
    assert await content(message, preview.cached_page.documents[0]) == b"x"
    elsewhere = world.add_channel("Elsewhere", "elsewhere")
    quote = Reply(7, elsewhere, quote="they said", media=world.video(b"quoted"))
    message = await fetch(world.post(news, "indeed", reply=quote))
    assert message.reply_to.quote_text == "they said"
    assert message.reply_to.reply_to_peer_id.channel_id == elsewhere.id
    assert await content(message, message.reply_to.reply_media.document) == b"quoted"


async def test_sound_and_small_kinds_keep_their_marks(world: World, news: Channel, fetch: Fetch, jpeg: Any) -> None:
    """Voice, round, animation, music, plain files, spoilers and self-destruction are what they say."""
    assert (await fetch(world.post(news, media=world.voice(b"ogg")))).voice
    assert (await fetch(world.post(news, media=world.video(b"mp4", round=True)))).video_note
    assert (await fetch(world.post(news, media=world.video(b"mp4", animated=True)))).gif
    music = await fetch(world.post(news, media=world.audio(b"mp3", title="Intercept", performer="GUR")))
    assert (music.audio.attributes[0].title, music.file.performer) == ("Intercept", "GUR")
    plain = await fetch(world.post(news, media=world.document(b"pdf", "map.pdf", "application/pdf")))
    assert (plain.file.name, plain.file.mime_type) == ("map.pdf", "application/pdf")
    brief = await fetch(world.post(news, media=world.photo(jpeg(), spoiler=True, ttl=10)))
    assert (brief.media.spoiler, brief.media.ttl_seconds) == (True, 10)


async def test_noise_is_recognisable(world: World, news: Channel, fetch: Fetch) -> None:
    """Giveaways, places, contacts, lists, streams, what Telegram calls unsupported, and service posts."""
    kinds: list[Media] = [world.giveaway(), world.place(50.4, 30.5), world.place(50.4, 30.5, "Maidan"), world.contact()]
    names = [type((await fetch(world.post(news, media=kind))).media).__name__ for kind in kinds]
    assert names == ["MessageMediaGiveaway", "MessageMediaGeo", "MessageMediaVenue", "MessageMediaContact"]
    tasks = await fetch(world.post(news, media=world.checklist("Today", "look", "check")))
    assert [item.title.text for item in tasks.media.todo.list] == ["look", "check"]
    stream, newer = world.post(news, media=world.stream()), world.post(news, media=world.unsupported())
    assert isinstance((await fetch(stream)).media, types.MessageMediaVideoStream)
    assert isinstance((await fetch(newer)).media, types.MessageMediaUnsupported)
    assert isinstance((await fetch(world.pin(stream))).action, types.MessageActionPinMessage)


async def test_media_of_a_newer_layer_cannot_be_read(world: World, news: Channel, fetch: Fetch) -> None:
    """One such post makes a whole page of history unreadable."""
    with pytest.raises(errors.TypeNotFoundError):
        await fetch(world.post(news, media=world.undecodable()))


async def test_words_keep_their_dress(world: World, news: Channel, fetch: Fetch) -> None:
    """Entities, signature, restriction, protection and origin of a post arrive."""
    news.noforwards = True
    world.restrict(news, "copyright")
    origin = Forward(world.clock.now(), name="Somebody hidden")
    styled = [Entity("bold", 0, 4), Entity("text_link", 5, 4, "https://example.org")]
    message = await fetch(
        world.post(news, "bold link", entities=styled, author="A. Editor", restriction="terms", forward=origin)
    )
    assert message.text == "**bold** [link](https://example.org)"
    assert (message.post_author, message.noforwards) == ("A. Editor", True)
    assert message.restriction_reason[0].reason == "terms"
    assert (message.fwd_from.from_name, message.fwd_from.from_id) == ("Somebody hidden", None)
    chat = await message.get_chat()
    assert (chat.noforwards, chat.restriction_reason[0].reason) == (True, "copyright")
