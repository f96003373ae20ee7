"""What bots send and change, read off the chats afterwards."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    LinkPreviewOptions,
    ReplyParameters,
)

from loopback.chat_nouns import Bot, Chat
from loopback.nouns import Place
from loopback.people import Person
from loopback.world import World
from tests.bots import OpenBot
from tests.media.files import video
from tests.media.synthetic import Clip

Jpeg = Callable[..., bytes]


def keyboard(*labels: str) -> InlineKeyboardMarkup:
    """A row of buttons with their own labels as data."""
    row = [InlineKeyboardButton(text=label, callback_data=f"do:{label}") for label in labels]
    return InlineKeyboardMarkup(inline_keyboard=[row])


async def test_a_message_shows_words_styles_and_buttons(open_bot: OpenBot, desk_bot: Bot, desk: Chat) -> None:
    """Text, styles, the answered message and every sort of button stand in the chat as sent."""
    bot = open_bot(desk_bot)
    first = await bot.send_message(desk.id, "first")
    markup = InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text="Claim", callback_data="claim:1", style="success")],
            [
                InlineKeyboardButton(text="Post", url="https://t.me/astra/1"),
                InlineKeyboardButton(text="Hash", copy_text=CopyTextButton(text="abc")),
            ],
        ]
    )
    sent = await bot.send_message(
        desk.id,
        "<b>NEW</b> 🎬 clip",
        reply_markup=markup,
        reply_parameters=ReplyParameters(message_id=first.message_id),
    )
    shown = desk.messages[1]
    assert (shown.id, shown.text, shown.reply_to) == (sent.message_id, "NEW 🎬 clip", desk.messages[0])
    assert [(style.kind, style.offset, style.length) for style in shown.entities] == [("bold", 0, 3)]
    assert shown.labels == [["Claim"], ["Post", "Hash"]]
    buttons = [button for row in shown.buttons for button in row]
    assert [(b.data, b.url, b.copy_text, b.style) for b in buttons] == [
        ("claim:1", None, None, "success"),
        (None, "https://t.me/astra/1", None, None),
        (None, None, "abc", None),
    ]
    assert sent.reply_to_message is not None
    assert sent.reply_markup.model_dump() == markup.model_dump()


async def test_every_kind_of_file_goes_up_and_comes_down(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, jpeg: Jpeg
) -> None:
    """Photo, video, animation, sound, voice, round video and document are shown as such and load byte for byte."""
    bot = open_bot(desk_bot)
    picture = jpeg(1000, 600)
    clip = video(Clip(lambda _: np.zeros((48, 64, 3), np.uint8), 30))
    sound = b"ID3" + bytes(range(256))
    sent = {
        "photo": await bot.send_photo(
            desk.id, BufferedInputFile(picture, "p.jpg"), has_spoiler=True, caption="<i>c</i>"
        ),
        "audio": await bot.send_audio(desk.id, BufferedInputFile(sound, "a.mp3"), duration=3, title="Intercept"),
        "voice": await bot.send_voice(desk.id, BufferedInputFile(sound, "v.ogg"), duration=4),
        "document": await bot.send_document(desk.id, BufferedInputFile(sound, "d.bin")),
        "animation": await bot.send_animation(desk.id, BufferedInputFile(sound, "g.mp4"), width=64, height=64),
        "video": await bot.send_video(desk.id, BufferedInputFile(clip, "v.mp4")),
        "video_note": await bot.send_video_note(desk.id, BufferedInputFile(sound, "n.mp4"), length=240, duration=2),
    }
    for kind, message in sent.items():
        file = getattr(message, kind)
        file = file[-1] if kind == "photo" else file
        shown = desk.kept[message.message_id]
        loaded = await bot.download(file, BytesIO())
        assert loaded is not None
        assert shown.file is not None
        assert loaded.read() == shown.file.content, kind
    seen = sent["video"].video
    assert (seen.width, seen.height, seen.duration) == (64, 48, 2)
    assert sent["photo"].has_media_spoiler
    assert [size.width for size in sent["photo"].photo or []] == [320, 800, 1000]
    assert desk.messages[0].text == "c"


async def test_thumbnails_come_along(open_bot: OpenBot, desk_bot: Bot, desk: Chat, jpeg: Jpeg) -> None:
    """A picture sent with a video is its thumbnail, alone and in an album."""
    bot = open_bot(desk_bot)
    file, thumb = BufferedInputFile(b"mp4", "v.mp4"), BufferedInputFile(jpeg(640, 360), "t.jpg")
    alone = await bot.send_video(desk.id, file, width=64, height=64, thumbnail=thumb)
    assert (alone.video.thumbnail.width, alone.video.thumbnail.height) == (320, 180)
    album = [InputMediaVideo(media=file, width=64, height=64, thumbnail=thumb)] * 2
    grouped = await bot.send_media_group(desk.id, album)
    assert (await bot.get_file(grouped[1].video.thumbnail.file_id)).file_path.startswith("thumbnails/")


async def test_mentions_by_number_are_of_known_people(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person
) -> None:
    """A link to a user's number mentions a known person; to a stranger's it is plain text."""
    sent = await open_bot(desk_bot).send_message(
        desk.id, f'<a href="tg://user?id={olena.id}">her</a> <a href="tg://user?id=5">him</a>'
    )
    assert [(entity.type, entity.user.first_name) for entity in sent.entities] == [("text_mention", "Olena")]


async def test_a_file_keeps_its_names(open_bot: OpenBot, desk_bot: Bot, desk: Chat, world: World, jpeg: Jpeg) -> None:
    """A file sent by id is the same file; equal uploads share the unique id; another bot's id is wrong."""
    bot = open_bot(desk_bot)
    first = await bot.send_photo(desk.id, BufferedInputFile(jpeg(), "p.jpg"))
    again = await bot.send_photo(desk.id, first.photo[-1].file_id)
    equal = await bot.send_photo(desk.id, BufferedInputFile(jpeg(), "p.jpg"))
    other = await bot.send_photo(desk.id, BufferedInputFile(jpeg(shade=9), "p.jpg"))
    names = [message.photo[-1].file_unique_id for message in (first, again, equal, other)]
    assert names[0] == names[1] == names[2] != names[3]
    rival = world.chats.bot("Rival", "rival_bot")
    world.chats.add(desk, rival)
    with pytest.raises(TelegramBadRequest, match="wrong file identifier"):
        await open_bot(rival).send_photo(desk.id, first.photo[-1].file_id)
    with pytest.raises(TelegramBadRequest, match="can't use file of type Photo as Video"):
        await bot.send_video(desk.id, first.photo[-1].file_id)


async def test_impossible_pictures_are_refused(open_bot: OpenBot, desk_bot: Bot, desk: Chat, jpeg: Jpeg) -> None:
    """No picture at all, too long a strip, too wide, over 10 MB, an empty file."""
    bot = open_bot(desk_bot)
    refused = [
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (jpeg(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (jpeg(6000, 4100), "PHOTO_INVALID_DIMENSIONS"),
        (jpeg() + bytes(10 << 20), "is too big for a photo"),
        (b"", "file must be non-empty"),
    ]
    for content, why in refused:
        with pytest.raises(TelegramBadRequest, match=why):
            await bot.send_photo(desk.id, BufferedInputFile(content, "p.jpg"))
    assert not desk.messages


async def test_large_files_cannot_be_loaded(open_bot: OpenBot, desk_bot: Bot, olena: Person) -> None:
    """A file of more than 20 MB is not given out."""
    bot = open_bot(desk_bot)
    olena.send_document(desk_bot, bytes(20 << 20), "fits.bin")
    olena.send_document(desk_bot, bytes((20 << 20) + 1), "large.bin")
    fits, large = [update.message.document for update in await bot.get_updates()]
    await bot.get_file(fits.file_id)
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await bot.get_file(large.file_id)


async def test_an_album_is_one_post(open_bot: OpenBot, desk_bot: Bot, desk: Chat, jpeg: Jpeg) -> None:
    """Uploads and known files mix in an album; its messages share an id and only the first has the caption."""
    bot = open_bot(desk_bot)
    known = await bot.send_photo(desk.id, BufferedInputFile(jpeg(), "p.jpg"))
    media = [
        InputMediaPhoto(media=BufferedInputFile(jpeg(shade=5), "q.jpg"), caption="<b>two</b>"),
        InputMediaPhoto(media=known.photo[-1].file_id, has_spoiler=True),
        InputMediaVideo(media=BufferedInputFile(b"mp4", "v.mp4"), width=64, height=64, duration=1),
    ]
    sent = await bot.send_media_group(desk.id, media)
    album = desk.messages[1:]
    assert {message.album for message in album} == {sent[0].media_group_id}
    assert [message.text for message in album] == ["two", "", ""]
    assert [message.message_id for message in sent] == [message.id for message in album]


async def test_albums_have_their_rules(open_bot: OpenBot, desk_bot: Bot, desk: Chat, jpeg: Jpeg) -> None:
    """One or eleven files, and documents among pictures, make no album."""
    bot = open_bot(desk_bot)
    photo = InputMediaPhoto(media=BufferedInputFile(jpeg(), "p.jpg"))
    document = InputMediaDocument(media=BufferedInputFile(b"d", "d.bin"))
    for media, why in (
        ([photo], "2-10 items"),
        ([photo] * 11, "2-10 items"),
        ([photo, document], "can't use the media of the specified type in the album"),
    ):
        with pytest.raises(TelegramBadRequest, match=why):
            await bot.send_media_group(desk.id, media)


async def test_edits_are_kept_and_counted(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, world: World, jpeg: Jpeg
) -> None:
    """Text, media, caption and buttons change in place; buttons not given again go; the chat keeps what stood."""
    bot = open_bot(desk_bot)
    sent = await bot.send_message(desk.id, "one", reply_markup=keyboard("A"))
    place = {"chat_id": desk.id, "message_id": sent.message_id}
    await bot.edit_message_text("two", **place, reply_markup=keyboard("A"))
    await bot.edit_message_text("three", **place)
    shown = desk.messages[0]
    assert (shown.text, shown.labels, shown.edits) == ("three", [], 2)
    await bot.edit_message_media(InputMediaPhoto(media=BufferedInputFile(jpeg(), "p.jpg"), caption="four"), **place)
    await bot.edit_message_caption(**place, caption="five")
    edited = await bot.edit_message_reply_markup(**place, reply_markup=keyboard("B", "C"))
    assert shown.file is not None
    assert (shown.text, shown.labels, shown.file.kind) == ("five", [["B", "C"]], "photo")
    assert [edit.before.words.text for edit in desk.history] == ["one", "two", "three", "four", "five"]
    assert edited.edit_date is not None


async def test_an_edit_that_changes_nothing_is_refused(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, jpeg: Jpeg
) -> None:
    """The same words, styles, media and buttons once more are "not modified"; another style is a change."""
    bot = open_bot(desk_bot)
    text = await bot.send_message(desk.id, "<b>one</b>", reply_markup=keyboard("A"))
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await text.edit_text("<b>one</b> ", reply_markup=keyboard("A"))
    await text.edit_text("<i>one</i>", reply_markup=keyboard("A"))
    photo = await bot.send_photo(desk.id, BufferedInputFile(jpeg(), "p.jpg"), caption="c")
    same = InputMediaPhoto(media=photo.photo[-1].file_id, caption="c")
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await photo.edit_media(same)


async def test_edits_have_their_rules(open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, jpeg: Jpeg) -> None:
    """Only one's own messages, text where text is, captions where media are, and nothing that is gone."""
    bot = open_bot(desk_bot)
    hers = olena.say(desk, "hers")
    text = await bot.send_message(desk.id, "text")
    photo = await bot.send_photo(desk.id, BufferedInputFile(jpeg(), "p.jpg"))
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("mine", chat_id=desk.id, message_id=hers.id)
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await photo.edit_text("x")
    with pytest.raises(TelegramBadRequest, match="there is no caption in the message to edit"):
        await text.edit_caption(caption="x")
    await text.delete()
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await text.edit_text("x")


async def test_deleting_has_its_rules(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, world: World
) -> None:
    """Within 48 hours, one's own; those of others by an administrator; what is gone is not found."""
    bot = open_bot(desk_bot)
    hers = olena.say(desk, "hers")
    old = await bot.send_message(desk.id, "old")
    with pytest.raises(TelegramBadRequest, match=r"message can't be deleted$"):
        await bot.delete_message(desk.id, hers.id)
    world.chats.promote(desk, desk_bot)
    await bot.delete_message(desk.id, hers.id)
    world.clock.advance(timedelta(hours=48, seconds=1))
    with pytest.raises(TelegramBadRequest, match="message can't be deleted for everyone"):
        await old.delete()
    await old.edit_text("an edit has no such limit")
    young = await bot.send_message(desk.id, "young")
    await young.delete()
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await young.delete()
    assert [message.text for message in desk.messages] == ["an edit has no such limit"]


async def test_copies_and_forwards(open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, jpeg: Jpeg) -> None:
    """A copy bears no header and may have another caption; a forward names its origin; neither keeps the buttons."""
    bot = open_bot(desk_bot)
    photo = olena.send_photo(desk_bot, jpeg(), "seen before?")
    await bot.copy_message(desk.id, olena.id, photo.id, caption="<b>copy</b>")
    forwarded = await bot.forward_message(desk.id, olena.id, photo.id)
    copy, forward = desk.messages
    assert (copy.text, copy.origin, copy.file) == ("copy", None, photo.file)
    assert forward.origin is not None
    assert (forward.text, forward.origin.user) == ("seen before?", olena.user)
    assert forwarded.forward_origin.sender_user.id == olena.id
    protected = await bot.send_message(desk.id, "x", protect_content=True)
    with pytest.raises(TelegramBadRequest, match="can't be forwarded"):
        await protected.forward(olena.id)


async def test_places_reactions_pins_and_typing(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, world: World
) -> None:
    """A location, a reaction, a pin by an administrator only, and a notice of typing."""
    bot = open_bot(desk_bot)
    hers = olena.say(desk, "where?")
    sent = await bot.send_location(desk.id, 44.57, 132.75)
    assert desk.messages[1].media == Place(44.57, 132.75)
    assert (sent.location.latitude, sent.location.longitude) == (44.57, 132.75)
    await bot.set_message_reaction(desk.id, hers.id, [{"type": "emoji", "emoji": "👀"}])
    assert hers.reactions == {desk_bot.id: ("👀",)}
    with pytest.raises(TelegramBadRequest, match="not enough rights to manage pinned messages"):
        await bot.pin_chat_message(desk.id, sent.message_id)
    world.chats.promote(desk, desk_bot)
    await bot.pin_chat_message(desk.id, sent.message_id)
    assert desk.pinned == [desk.messages[1]]
    assert (await bot.get_chat(desk.id)).pinned_message.message_id == sent.message_id
    await bot.send_chat_action(desk.id, "upload_video")
    assert desk.actions == [(desk_bot.user, "upload_video", None)]


async def test_several_messages_at_once(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, world: World, jpeg: Jpeg
) -> None:
    """A person's album reaches the bot with its id; it is forwarded and copied as an album, and deleted in one go."""
    bot = open_bot(desk_bot)
    olena.send_album(desk_bot, [world.photo(jpeg()), world.photo(jpeg(shade=3))], "two")
    heard = [update.message for update in await bot.get_updates()]
    numbers = [message.message_id for message in heard]
    assert len({message.media_group_id for message in heard}) == 1
    forwarded = await bot.forward_messages(desk.id, olena.id, numbers)
    copied = await bot.copy_messages(desk.id, olena.id, numbers)
    first, second, third, fourth = desk.messages
    assert first.album == second.album != third.album == fourth.album
    assert (first.origin is not None, third.origin) == (True, None)
    await bot.delete_messages(desk.id, [made.message_id for made in forwarded + copied])
    assert not desk.messages
    with pytest.raises(TelegramBadRequest, match="there are no messages to copy"):
        await bot.copy_messages(desk.id, desk.id, [copied[0].message_id])


async def test_pins_can_be_taken_away(open_bot: OpenBot, desk_bot: Bot, desk: Chat, world: World) -> None:
    """The newest pin goes first, then all; a bot that is administrator no longer cannot."""
    bot = open_bot(desk_bot)
    world.chats.promote(desk, desk_bot)
    for word in ("one", "two", "three"):
        await bot.pin_chat_message(desk.id, (await bot.send_message(desk.id, word)).message_id)
    await bot.unpin_chat_message(desk.id)
    assert [message.text for message in desk.pinned] == ["one", "two"]
    await bot.unpin_all_chat_messages(desk.id)
    assert desk.pinned == []
    world.chats.demote(desk, desk_bot)
    with pytest.raises(TelegramBadRequest, match="not enough rights"):
        await bot.unpin_all_chat_messages(desk.id)


async def test_muted_bots_and_closed_channels(
    open_bot: OpenBot, desk_bot: Bot, desk: Chat, olena: Person, world: World
) -> None:
    """A muted bot may not write; in a channel only an administrator posts, and edits the posts of others."""
    bot = open_bot(desk_bot)
    world.chats.mute(desk, desk_bot)
    with pytest.raises(TelegramBadRequest, match="not enough rights to send text messages to the chat"):
        await bot.send_message(desk.id, "x")
    channel = world.chats.channel("Own", [olena])
    world.chats.add(channel, desk_bot)
    with pytest.raises(TelegramBadRequest, match="need administrator rights in the channel chat"):
        await bot.send_message(channel.id, "x")
    world.chats.promote(channel, desk_bot)
    post = olena.say(channel, "hers")
    await bot.edit_message_text("edited", chat_id=channel.id, message_id=post.id)
    assert post.text == "edited"


async def test_wishes_that_change_no_word(open_bot: OpenBot, desk_bot: Bot, desk: Chat) -> None:
    """Previews switched off and silence are kept with the message."""
    bot = open_bot(desk_bot)
    sent = await bot.send_message(
        desk.id,
        "https://t.me/a/1",
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        disable_notification=True,
    )
    assert sent.link_preview_options.is_disabled
    assert desk.messages[0].silent
