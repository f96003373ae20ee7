"""The world as one account sees it, in TL: access hashes and file references are the account's own."""

import hashlib
import struct
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from telethon.tl import TLObject, types

from loopback.faults import RpcError
from loopback.nouns import (
    Change,
    Channel,
    Checklist,
    Contact,
    Document,
    Entity,
    File,
    Forward,
    Giveaway,
    Media,
    Paid,
    Photo,
    Place,
    Poll,
    Post,
    Reply,
    Rich,
    Size,
    Story,
    StoryShare,
    Stream,
    Undecodable,
    Unsupported,
    User,
    WebPage,
)
from loopback.studio import STRIPPED
from loopback.world import World

UNKNOWN_CONSTRUCTOR = 0x0BADF00D
REFERENCE = struct.Struct("<BIQQ")
STRIPPED_HEADER = 623  # bytes of JPEG header all stripped thumbs share, which clients put back

ENTITIES: dict[str, Any] = {
    "mention": types.MessageEntityMention,
    "hashtag": types.MessageEntityHashtag,
    "cashtag": types.MessageEntityCashtag,
    "url": types.MessageEntityUrl,
    "email": types.MessageEntityEmail,
    "phone_number": types.MessageEntityPhone,
    "bold": types.MessageEntityBold,
    "italic": types.MessageEntityItalic,
    "underline": types.MessageEntityUnderline,
    "strikethrough": types.MessageEntityStrike,
    "spoiler": types.MessageEntitySpoiler,
    "code": types.MessageEntityCode,
    "blockquote": types.MessageEntityBlockquote,
}


class UnknownObject(TLObject):  # type: ignore[misc] # telethon has no types
    """An object whose constructor stands in no schema: what a client of an older layer cannot read."""

    CONSTRUCTOR_ID = UNKNOWN_CONSTRUCTOR

    def _bytes(self) -> bytes:
        return struct.pack("<IQ", UNKNOWN_CONSTRUCTOR, 1)


def entity(styled: Entity) -> Any:
    """A styled stretch of text."""
    if styled.kind == "text_link":
        return types.MessageEntityTextUrl(styled.offset, styled.length, styled.url)
    if styled.kind == "pre":
        return types.MessageEntityPre(styled.offset, styled.length, "")
    return ENTITIES[styled.kind](styled.offset, styled.length)


def attributes(file: File) -> list[Any]:
    """A document's attributes, in the order Telegram's own apps send them."""
    shape = file.attributes
    made: list[Any] = []
    if file.mime.startswith("video/"):
        made.append(
            types.DocumentAttributeVideo(
                shape.duration,
                shape.width,
                shape.height,
                round_message=shape.round or None,
                supports_streaming=True,
                nosound=shape.animated or None,
                video_codec=shape.codec or None,
            )
        )
    elif file.mime.startswith("audio/"):
        made.append(
            types.DocumentAttributeAudio(
                int(shape.duration),
                voice=shape.voice or None,
                title=shape.title or None,
                performer=shape.performer or None,
            )
        )
    elif file.mime.startswith("image/") and shape.width:
        made.append(types.DocumentAttributeImageSize(shape.width, shape.height))
    if shape.animated:
        made.append(types.DocumentAttributeAnimated())
    if file.name:
        made.append(types.DocumentAttributeFilename(file.name))
    return made


def size(picture: Size) -> Any:
    """One size of a photo; the stripped one comes with its bytes."""
    if picture.type != STRIPPED:
        return types.PhotoSize(picture.type, picture.width, picture.height, len(picture.content))
    body = b"\x01" + bytes([picture.height, picture.width]) + picture.content[STRIPPED_HEADER:-2]
    return types.PhotoStrippedSize(STRIPPED, body)


class View:
    """What ``user`` is shown. Every method answers with a TL object."""

    def __init__(self, world: World, user: User) -> None:
        self.world = world
        self.me = user

    # ------------------------------------------------------------------------------------------ secrets

    def access_hash(self, kind: str, number: int) -> int:
        """This account's access hash of a channel, user or file."""
        digest = hashlib.sha256(f"{kind} {number} {self.me.id}".encode()).digest()
        return int.from_bytes(digest[:8], "little", signed=True)

    def file_reference(self, file: File) -> bytes:
        """A reference that lives ``world.reference_life`` and dies with ``world.expire_references``."""
        issued = int(self.world.clock.now().timestamp())
        return REFERENCE.pack(1, self.world.reference_epoch, issued, file.id ^ self.me.id)

    def check_reference(self, file: File, reference: bytes) -> None:
        """Raise the FILE_REFERENCE error a stale, foreign or missing reference earns."""
        if not reference:
            raise RpcError(400, "FILE_REFERENCE_EMPTY")
        if len(reference) != REFERENCE.size:
            raise RpcError(400, "FILE_REFERENCE_INVALID")
        _version, epoch, issued, owner = REFERENCE.unpack(reference)
        if owner != file.id ^ self.me.id:
            raise RpcError(400, "FILE_REFERENCE_INVALID")
        age = self.world.clock.now().timestamp() - issued
        if epoch != self.world.reference_epoch or age > self.world.reference_life.total_seconds():
            raise RpcError(400, "FILE_REFERENCE_EXPIRED")

    # ------------------------------------------------------------------------------------------ people, channels

    def user(self, user: User) -> Any:
        """A person; of the phone only one's own is shown."""
        myself = user is self.me
        return types.User(
            id=user.id,
            is_self=myself or None,
            bot=user.is_bot or None,
            bot_info_version=1 if user.is_bot else None,
            premium=user.premium or None,
            access_hash=self.access_hash("user", user.id),
            first_name=user.first_name,
            last_name=user.last_name or None,
            username=user.username,
            phone=user.phone if myself else None,
        )

    def channel(self, channel: Channel) -> Any:
        """A channel, or ``ChannelForbidden`` when this account may not look."""
        if not channel.visible_to(self.me):
            return types.ChannelForbidden(
                channel.id,
                self.access_hash("channel", channel.id),
                channel.title,
                broadcast=channel.broadcast or None,
                megagroup=not channel.broadcast or None,
            )
        several = len(channel.names) > 1
        return types.Channel(
            id=channel.id,
            title=channel.title,
            photo=self._channel_photo(channel),
            date=channel.date,
            left=self.me.id not in channel.members or None,
            broadcast=channel.broadcast or None,
            megagroup=not channel.broadcast or None,
            noforwards=channel.noforwards or None,
            has_link=channel.linked is not None or None,
            restricted=bool(channel.restriction) or None,
            access_hash=self.access_hash("channel", channel.id),
            username=None if several else next(iter(channel.names), None),
            usernames=[types.Username(name, active=True) for name in channel.names] if several else None,
            restriction_reason=restriction(channel.restriction),
            participants_count=channel.subscribers,
        )

    def _channel_photo(self, channel: Channel) -> Any:
        if channel.photo is None:
            return types.ChatPhotoEmpty()
        return types.ChatPhoto(channel.photo.id, channel.photo.dc)

    def peers(self, posts: Iterable[Post]) -> tuple[list[Any], list[Any]]:
        """The chats and users an answer with ``posts`` must bring along: their channels, origins and writers."""
        channels: dict[int, Channel] = {}
        users: dict[int, User] = {}
        for post in posts:
            named = [post.channel, post.forward and post.forward.channel, post.reply and post.reply.channel]
            if isinstance(post.media, StoryShare):
                named.append(post.media.story.channel)
            channels |= {channel.id: channel for channel in named if channel}
            writers = [post.sender, post.forward and post.forward.user]
            users |= {writer.id: writer for writer in writers if writer}
        return [self.channel(c) for c in channels.values()], [self.user(u) for u in users.values()]

    # ------------------------------------------------------------------------------------------ posts

    def message(self, post: Post) -> Any:
        """A post as ``Message``, ``MessageService``, or ``MessageEmpty`` once deleted."""
        peer = types.PeerChannel(post.channel.id)
        if post.deleted:
            return types.MessageEmpty(post.id, peer)
        if post.service is not None:
            return self._service(post, peer)
        return types.Message(
            id=post.id,
            peer_id=peer,
            date=post.date,
            message=post.text,
            post=post.channel.broadcast or None,
            edit_hide=(post.edit_hide or None) if post.edit_date else None,
            noforwards=post.channel.noforwards or None,
            from_id=types.PeerUser(post.sender.id) if post.sender else None,
            fwd_from=self._forward(post.forward) if post.forward else None,
            reply_to=self._reply(post.reply) if post.reply else None,
            media=self.media(post.media) if post.media else None,
            entities=[entity(styled) for styled in post.entities] or None,
            views=post.views if post.channel.broadcast else None,
            forwards=0 if post.channel.broadcast else None,
            replies=self._replies(post),
            edit_date=post.edit_date,
            post_author=post.author,
            grouped_id=post.grouped_id,
            reactions=_reactions(post.reactions),
            restriction_reason=restriction(post.restriction),
            ttl_period=post.ttl_period,
            rich_message=self.rich(post.rich) if post.rich else None,
        )

    def _service(self, post: Post, peer: Any) -> Any:
        assert post.service is not None
        return types.MessageService(
            id=post.id,
            peer_id=peer,
            date=post.date,
            post=post.channel.broadcast or None,
            reply_to=self._reply(post.reply) if post.reply else None,
            action=self._action(post),
        )

    def _action(self, post: Post) -> Any:
        assert post.service is not None
        match post.service.kind:
            case "pin":
                return types.MessageActionPinMessage()
            case "title":
                return types.MessageActionChatEditTitle(post.service.text)
            case "photo" if post.channel.photo:
                return types.MessageActionChatEditPhoto(self.photo(post.channel.photo))
            case "created":
                return types.MessageActionChannelCreate(post.channel.title)
        return types.MessageActionHistoryClear()

    def _forward(self, forward: Forward) -> Any:
        peer = None
        if forward.channel is not None:
            peer = types.PeerChannel(forward.channel.id)
        elif forward.user is not None:
            peer = types.PeerUser(forward.user.id)
        return types.MessageFwdHeader(
            date=forward.date,
            from_id=peer,
            from_name=forward.name,
            channel_post=forward.post_id,
            post_author=forward.author,
        )

    def _reply(self, reply: Reply) -> Any:
        elsewhere = None
        if reply.channel is not None:
            elsewhere = types.MessageFwdHeader(
                date=self.world.clock.now(), from_id=types.PeerChannel(reply.channel.id), channel_post=reply.post_id
            )
        return types.MessageReplyHeader(
            quote=bool(reply.quote) or None,
            reply_to_msg_id=reply.post_id,
            reply_to_peer_id=types.PeerChannel(reply.channel.id) if reply.channel else None,
            reply_from=elsewhere,
            reply_media=self.media(reply.media) if reply.media else None,
            quote_text=reply.quote or None,
        )

    def _replies(self, post: Post) -> Any:
        group = post.channel.linked
        if group is None or not post.channel.broadcast:
            return None
        return types.MessageReplies(len(self.world.comments(post)), group.pts, comments=True, channel_id=group.id)

    def rich(self, rich: Rich, *, whole: bool = False) -> Any:
        """A rich message; cut after ``rich.sent`` files unless ``whole``."""
        files = rich.files if whole else rich.files[: rich.sent]
        pictures = [file for file in files if file.kind == "photo"]
        others = [file for file in files if file.kind == "document"]
        caption = types.PageCaption(types.TextEmpty(), types.TextEmpty())
        blocks: list[Any] = [types.PageBlockParagraph(types.TextPlain(words)) for words in rich.paragraphs]
        blocks += [types.PageBlockPhoto(file.id, caption) for file in pictures]
        blocks += [types.PageBlockVideo(file.id, caption) for file in others]
        return types.RichMessage(
            blocks,
            [self.photo(file) for file in pictures],
            [self.document(file) for file in others],
            part=None if whole else rich.part or None,
        )

    # ------------------------------------------------------------------------------------------ media

    def photo(self, file: File) -> Any:
        """A photo with its sizes."""
        return types.Photo(
            id=file.id,
            access_hash=self.access_hash("file", file.id),
            file_reference=self.file_reference(file),
            date=file.date,
            sizes=[size(picture) for picture in file.sizes],
            dc_id=file.dc,
        )

    def document(self, file: File) -> Any:
        """A document with its attributes and thumbs."""
        return types.Document(
            id=file.id,
            access_hash=self.access_hash("file", file.id),
            file_reference=self.file_reference(file),
            date=file.date,
            mime_type=file.mime,
            size=file.size,
            dc_id=file.dc,
            attributes=attributes(file),
            thumbs=[size(picture) for picture in file.sizes] or None,
        )

    def media(self, media: Media) -> Any:
        """Any media of a post."""
        match media:
            case Photo():
                return self._photo_media(media)
            case Document():
                return self._document_media(media)
            case Poll():
                return self._poll(media)
            case Paid():
                return self._paid(media)
            case StoryShare():
                return self._shared(media)
            case WebPage():
                return types.MessageMediaWebPage(self._webpage(media))
            case _:
                return self._plain(media)

    def _plain(self, media: Media) -> Any:
        match media:
            case Giveaway(quantity, until):
                return types.MessageMediaGiveaway([], quantity, until, months=6)
            case Place(latitude, longitude, ""):
                return types.MessageMediaGeo(types.GeoPoint(longitude, latitude, 0))
            case Place(latitude, longitude, title):
                return types.MessageMediaVenue(types.GeoPoint(longitude, latitude, 0), title, "", "", "", "")
            case Contact(phone, first_name):
                return types.MessageMediaContact(phone, first_name, "", "", 0)
            case Checklist(title, items):
                todo = [types.TodoItem(number, _words(item)) for number, item in enumerate(items, 1)]
                return types.MessageMediaToDo(types.TodoList(_words(title), todo))
            case Stream():
                return types.MessageMediaVideoStream(types.InputGroupCall(1, 1))
            case Undecodable():
                return UnknownObject()
            case Unsupported():
                return types.MessageMediaUnsupported()
        raise TypeError(f"{type(media).__name__} is no media")

    def _photo_media(self, media: Photo) -> Any:
        return types.MessageMediaPhoto(
            spoiler=media.spoiler or None,
            live_photo=media.live is not None or None,
            photo=self.photo(media.file),
            ttl_seconds=media.ttl,
            video=self.document(media.live) if media.live else None,
        )

    def _document_media(self, media: Document) -> Any:
        shape = media.file.attributes
        return types.MessageMediaDocument(
            spoiler=media.spoiler or None,
            video=media.file.mime.startswith("video/") or None,
            round=shape.round or None,
            voice=shape.voice or None,
            document=self.document(media.file),
            alt_documents=[self.document(file) for file in media.alternatives] or None,
            video_cover=self.photo(media.cover) if media.cover else None,
            ttl_seconds=media.ttl,
        )

    def _poll(self, poll: Poll) -> Any:
        answers = [
            types.PollAnswer(
                _words(answer.text), bytes([index]), media=self.media(answer.media) if answer.media else None
            )
            for index, answer in enumerate(poll.answers)
        ]
        explained = poll.solution is not None
        results = types.PollResults(
            total_voters=0,
            solution="Because." if explained else None,
            solution_entities=[] if explained else None,
            solution_media=self.media(poll.solution) if poll.solution else None,
        )
        return types.MessageMediaPoll(
            types.Poll(poll.id, _words(poll.question), answers, hash=0, quiz=explained or None),
            results,
            attached_media=self.media(poll.attached) if poll.attached else None,
        )

    def _paid(self, paid: Paid) -> Any:
        if paid.bought:
            items: list[Any] = [types.MessageExtendedMedia(self.media(item)) for item in paid.items]
        else:
            items = [_preview(item) for item in paid.items]
        return types.MessageMediaPaidMedia(paid.stars, items)

    def _shared(self, shared: StoryShare) -> Any:
        story = shared.story
        return types.MessageMediaStory(
            types.PeerChannel(story.channel.id), story.id, story=self.story(story) if shared.embedded else None
        )

    def story(self, story: Story) -> Any:
        """A story of a channel."""
        return types.StoryItem(
            id=story.id,
            date=story.date,
            expire_date=story.date + timedelta(days=1),
            media=self.media(story.media),
            pinned=story.pinned or None,
            public=True,
            caption=story.caption or None,
        )

    def _webpage(self, page: WebPage) -> Any:
        return types.WebPage(
            id=page.id,
            url=page.url,
            display_url=page.url.removeprefix("https://"),
            hash=0,
            type="video" if page.document else "article",
            title=page.title or None,
            description=page.description or None,
            photo=self.photo(page.photo) if page.photo else None,
            document=self.document(page.document) if page.document else None,
            cached_page=self._instant_view(page) if page.page else None,
        )

    def _instant_view(self, page: WebPage) -> Any:
        pictures = [self.photo(file) for file in page.page if file.kind == "photo"]
        others = [self.document(file) for file in page.page if file.kind == "document"]
        return types.Page(page.url, [types.PageBlockTitle(types.TextPlain(page.title))], pictures, others)

    # ------------------------------------------------------------------------------------------ updates

    def update(self, change: Change) -> Any:
        """One change as an update."""
        match change.kind:
            case "new":
                return types.UpdateNewChannelMessage(self.message(change.posts[0]), change.pts, change.pts_count)
            case "edit":
                return types.UpdateEditChannelMessage(self.message(change.posts[0]), change.pts, change.pts_count)
            case "delete":
                ids = [post.id for post in change.posts]
                return types.UpdateDeleteChannelMessages(change.channel.id, ids, change.pts, change.pts_count)
            case "channel":
                return types.UpdateChannel(change.channel.id)
            case "story":
                assert change.story is not None
                return types.UpdateStory(types.PeerChannel(change.channel.id), self.story(change.story))

    def updates(self, change: Change) -> Any:
        """One change with the peers it names, as it is pushed."""
        chats, users = self.peers(change.posts)
        chats = chats or [self.channel(change.channel)]
        return types.Updates([self.update(change)], users, chats, self.world.clock.now(), 0)


def restriction(reason: str) -> list[Any] | None:
    """The list of platforms where something is not shown; None when it is shown everywhere."""
    if not reason:
        return None
    words = f"This content is not available: {reason}."
    return [types.RestrictionReason(platform, reason, words) for platform in ("ios", "android")]


def _reactions(count: int) -> Any:
    if not count:
        return None
    return types.MessageReactions([types.ReactionCount(types.ReactionEmoji("👍"), count)])


def _words(text: str) -> Any:
    return types.TextWithEntities(text, [])


def _preview(item: Media) -> Any:
    file = getattr(item, "file", None)
    shape = file.attributes if isinstance(file, File) else None
    stripped = next((s for s in file.sizes if s.type == STRIPPED), None) if isinstance(file, File) else None
    return types.MessageExtendedMediaPreview(
        w=shape.width if shape else None,
        h=shape.height if shape else None,
        thumb=size(stripped) if stripped else None,
        video_duration=int(shape.duration) or None if shape else None,
    )
