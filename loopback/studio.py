"""Makes files and every shape media takes in a post."""

import io
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from PIL import Image, UnidentifiedImageError

from loopback.nouns import (
    HOME_DC,
    Attributes,
    Checklist,
    Contact,
    Document,
    File,
    Giveaway,
    Media,
    Paid,
    Photo,
    Place,
    Poll,
    PollAnswer,
    Rich,
    Size,
    Story,
    StoryShare,
    Stream,
    Undecodable,
    Unsupported,
    WebPage,
)

NO_ATTRIBUTES = Attributes()
STRIPPED = "i"
PHOTO_STEPS = (("m", 320), ("x", 800), ("y", 1280), ("w", 2560))


class Clock:
    """The world's time of day: real time plus what tests have added."""

    def __init__(self) -> None:
        self._shift = timedelta()
        self._stopped: datetime | None = None

    def now(self) -> datetime:
        """Aware UTC, in whole seconds as Telegram's dates are."""
        return ((self._stopped or datetime.now(UTC)) + self._shift).replace(microsecond=0)

    def stop(self) -> None:
        """Stand still from now on, but for ``advance`` and ``set``."""
        self._stopped = self._stopped or datetime.now(UTC)

    def advance(self, step: timedelta) -> None:
        """Move the hands by ``step``."""
        self._shift += step

    def set(self, moment: datetime) -> None:
        """Let it be ``moment`` (aware) now; time runs on from there."""
        self._shift = moment - (self._stopped or datetime.now(UTC))


class Studio:
    """The maker of files; ``files`` holds all by Telegram file id."""

    def __init__(self, seed: int) -> None:
        self.clock = Clock()
        self.random = random.Random(seed)
        self.files: dict[int, File] = {}

    def new_id(self) -> int:
        """A positive 63-bit number not given before."""
        return self.random.getrandbits(62) | 1 << 62

    def file(
        self,
        content: bytes,
        *,
        mime: str,
        name: str = "",
        dc: int = HOME_DC,
        kind: Literal["photo", "document"] = "document",
        attributes: Attributes = NO_ATTRIBUTES,
        sizes: Sequence[Size] = (),
        declared_size: int | None = None,
    ) -> File:
        """Keep ``content`` under a new file id. ``declared_size`` lets Telegram claim another length."""
        size = len(content) if declared_size is None else declared_size
        made = File(self.new_id(), content, mime, name, dc, kind, self.clock.now(), size, attributes, tuple(sizes))
        self.files[made.id] = made
        return made

    def photo_file(self, jpeg: bytes, *, dc: int = HOME_DC) -> File:
        """A photo with the smaller sizes Telegram makes; bytes that are no picture get only the size they claim."""
        sizes = photo_sizes(jpeg)
        largest = sizes[-1]
        shape = Attributes(width=largest.width, height=largest.height)
        return self.file(jpeg, mime="image/jpeg", dc=dc, kind="photo", attributes=shape, sizes=sizes)

    def photo(
        self,
        jpeg: bytes,
        *,
        spoiler: bool = False,
        ttl: int | None = None,
        live: bytes | None = None,
        dc: int = HOME_DC,
    ) -> Photo:
        """A picture; ``live`` is the mp4 of a live photo, ``ttl`` makes it self-destructing."""
        moving = None
        if live is not None:
            shape = Attributes(width=640, height=480, duration=2.0)
            moving = self.file(live, mime="video/mp4", name="live.mp4", dc=dc, attributes=shape)
        return Photo(self.photo_file(jpeg, dc=dc), spoiler=spoiler, ttl=ttl, live=moving)

    def video(
        self,
        mp4: bytes,
        duration: float = 5.0,
        w: int = 640,
        h: int = 360,
        *,
        name: str = "video.mp4",
        round: bool = False,  # noqa: A002 - Telegram's own word for a video note
        animated: bool = False,
        alt_qualities: Iterable[tuple[bytes, int, int, str]] = (),
        cover: bytes | None = None,
        thumb: bytes | None = None,
        spoiler: bool = False,
        ttl: int | None = None,
        dc: int = HOME_DC,
        declared_size: int | None = None,
    ) -> Document:
        """A video. ``alt_qualities`` are (bytes, width, height, codec), ``cover`` and ``thumb`` JPEG pictures."""
        main = self.file(
            mp4,
            mime="video/mp4",
            name="" if round else name,
            dc=dc,
            attributes=Attributes(width=w, height=h, duration=duration, round=round, animated=animated),
            sizes=thumb_sizes(thumb),
            declared_size=declared_size,
        )
        alternatives = tuple(
            self.file(
                content,
                mime="video/mp4",
                dc=dc,
                attributes=Attributes(width=width, height=height, duration=duration, codec=codec),
            )
            for content, width, height, codec in alt_qualities
        )
        picture = None if cover is None else self.photo_file(cover, dc=dc)
        return Document(main, spoiler=spoiler, ttl=ttl, alternatives=alternatives, cover=picture)

    def audio(
        self,
        content: bytes,
        duration: float = 5.0,
        *,
        title: str = "",
        performer: str = "",
        name: str = "audio.mp3",
        mime: str = "audio/mpeg",
        dc: int = HOME_DC,
    ) -> Document:
        """A piece of music or a recording sent as a file."""
        shape = Attributes(duration=duration, title=title, performer=performer)
        return Document(self.file(content, mime=mime, name=name, dc=dc, attributes=shape))

    def voice(self, ogg: bytes, duration: float = 5.0, *, ttl: int | None = None, dc: int = HOME_DC) -> Document:
        """A voice note."""
        shape = Attributes(duration=duration, voice=True)
        return Document(self.file(ogg, mime="audio/ogg", dc=dc, attributes=shape), ttl=ttl)

    def document(
        self,
        content: bytes,
        name: str,
        mime: str = "application/octet-stream",
        *,
        thumb: bytes | None = None,
        dc: int = HOME_DC,
        declared_size: int | None = None,
    ) -> Document:
        """A file sent uncompressed."""
        made = self.file(content, mime=mime, name=name, dc=dc, sizes=thumb_sizes(thumb), declared_size=declared_size)
        return Document(made)

    def poll(
        self,
        question: str,
        *answers: str | PollAnswer,
        attached: Media | None = None,
        solution: Media | None = None,
    ) -> Poll:
        """A poll; answers may be ``PollAnswer`` with media."""
        choices = tuple(PollAnswer(answer) if isinstance(answer, str) else answer for answer in answers)
        return Poll(self.new_id(), question, choices, attached, solution)

    def paid(self, stars: int, *items: Media, bought: bool = False) -> Paid:
        """Media behind a price in stars."""
        return Paid(stars, items, bought)

    def webpage(
        self,
        url: str,
        *,
        title: str = "",
        description: str = "",
        photo: bytes | None = None,
        video: bytes | None = None,
        page: Sequence[File] = (),
    ) -> WebPage:
        """A link preview with its picture, video and instant-view files."""
        picture = None if photo is None else self.photo_file(photo)
        clip = None if video is None else self.video(video).file
        return WebPage(self.new_id(), url, title, description, picture, clip, tuple(page))

    def rich(self, *paragraphs: str, files: Sequence[File] = (), sent: int | None = None) -> Rich:
        """A rich message; ``sent`` files come at once, the rest by ``messages.getRichMessage``."""
        return Rich(paragraphs, tuple(files), sent)

    def shared_story(self, story: Story, *, embedded: bool = False) -> StoryShare:
        """A story shared in a post."""
        return StoryShare(story, embedded)

    def giveaway(self, quantity: int = 5) -> Giveaway:
        """A giveaway that ends in a week."""
        return Giveaway(quantity, self.clock.now() + timedelta(days=7))

    def place(self, latitude: float, longitude: float, title: str = "") -> Place:
        """A point on the map."""
        return Place(latitude, longitude, title)

    def contact(self, phone: str = "+99900000000", first_name: str = "Anna") -> Contact:
        """A phone number in a post."""
        return Contact(phone, first_name)

    def checklist(self, title: str, *items: str) -> Checklist:
        """A list of things to do."""
        return Checklist(title, items)

    def unsupported(self) -> Unsupported:
        """Media Telegram itself declares too new for the client."""
        return Unsupported()

    def stream(self) -> Stream:
        """Notice of a live stream."""
        return Stream()

    def undecodable(self) -> Undecodable:
        """Media the client's schema has no constructor for."""
        return Undecodable()


def photo_sizes(jpeg: bytes) -> tuple[Size, ...]:
    """Telegram's sizes of a picture, smallest first: stripped, steps below its own, and the bytes themselves."""
    try:
        picture = Image.open(io.BytesIO(jpeg)).convert("RGB")
    except (UnidentifiedImageError, OSError):
        return (Size("y", 1280, 720, jpeg),)
    own = max(picture.size)
    steps = [_scaled(picture, letter, side) for letter, side in PHOTO_STEPS if side < own]
    below = [step for step in steps if len(step.content) < len(jpeg)]  # clients call the most bytes the largest
    letter = next((letter for letter, side in PHOTO_STEPS if side >= own), "w")
    return (_stripped(picture), *below, Size(letter, *picture.size, jpeg))


def thumb_sizes(jpeg: bytes | None) -> tuple[Size, ...]:
    """The stripped and the 320-pixel picture a document shows before it is loaded; nothing without ``jpeg``."""
    if jpeg is None:
        return ()
    picture = Image.open(io.BytesIO(jpeg)).convert("RGB")
    return (_stripped(picture), _scaled(picture, "m", 320))


def _scaled(picture: Image.Image, letter: str, side: int) -> Size:
    smaller = picture.copy()
    smaller.thumbnail((side, side))
    return Size(letter, *smaller.size, _jpeg(smaller, 70))


def _stripped(picture: Image.Image) -> Size:
    smaller = picture.copy()
    smaller.thumbnail((40, 40))
    return Size(STRIPPED, *smaller.size, _jpeg(smaller, 20))


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=quality)
    return written.getvalue()
