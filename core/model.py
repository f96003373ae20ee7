"""The vocabulary as frozen values. Every part speaks in these; none of them knows where it is stored.

Ids that end in ``_id`` without a word before them in a comment are rows of our database; Telegram's own
numbers are called ``channel_id``, ``message_id``, ``file_id`` and ``user_id``.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class Capture(StrEnum):
    """How we obtained a post or a file."""

    LIVE = "live"
    RECONCILE = "reconcile"
    BACKFILL = "backfill"
    PREVIEW = "preview"
    EXPORT = "export"
    FOLDER = "folder"
    UPLOAD = "upload"


class MediaKind(StrEnum):
    """What Telegram calls a file; ``fingerprints`` decides by content what it really is."""

    PHOTO = "photo"
    VIDEO = "video"
    ANIMATION = "animation"
    VIDEO_NOTE = "video_note"
    AUDIO = "audio"
    VOICE = "voice"
    DOCUMENT = "document"


class Tier(StrEnum):
    """How closely a channel is watched."""

    JOINED = "joined"
    FAST = "fast"
    POLL = "poll"
    PREVIEW = "preview"  # by its public pages, without any account
    IMPORTED = "imported"  # no live watch: its posts came from exports or folders


@dataclass(frozen=True, slots=True)
class Channel:
    """A Telegram broadcast channel; names and titles are dated facts about it.

    ``channel_id`` is Telegram's bare positive number. Folders and exports without one get a negative number
    derived from their name.
    """

    channel_id: int
    title: str
    username: str | None = None
    side: str = ""
    language: str = ""
    protected: bool = False
    country: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """Our standing order to follow a channel. Every post up to ``contiguous_through`` is stored or known absent."""

    channel_id: int
    tier: Tier
    account: str
    contiguous_through: int
    started_at: datetime
    state: str = "active"  # active, private, banned, gone, paused
    state_reason: str = ""


@dataclass(frozen=True, slots=True)
class Forward:
    """Where Telegram itself says a post came from: proof of origin, unlike a look-alike."""

    channel_id: int | None
    message_id: int | None
    posted_at: datetime | None
    name: str | None = None


class RefState(StrEnum):
    """What became of a file that a post points to."""

    WANTED = "wanted"
    HELD = "held"
    ABSENT = "absent"  # an export says the file was not included
    REFUSED = "refused"  # by policy or size: fetched only on demand
    LOST = "lost"  # gone before we could fetch it


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A pointer in a post to a file. ``role`` says where in the post it sits: media, live_video, poll and so on.

    ``file_id`` is Telegram's document or photo id, equal for equal files in all channels and accounts.
    """

    role: str
    kind: MediaKind
    position: int = 0
    file_id: int | None = None
    size: int | None = None
    mime: str = ""
    name: str = ""
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    state: RefState = RefState.WANTED
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A web address in a post that may lead to media."""

    url: str


@dataclass(frozen=True, slots=True)
class Post:
    """One message in a channel as captured, keyed by (channel_id, message_id)."""

    channel_id: int
    message_id: int
    posted_at: datetime
    text: str = ""
    album_id: int | None = None
    edited_at: datetime | None = None
    reply_to: int | None = None
    forward: Forward | None = None
    media: tuple[MediaRef, ...] = ()
    links: tuple[Link, ...] = ()
    service: str = ""  # what a service message says: pinned, title changed …; empty for ordinary posts
    raw: bytes = b""  # the TL bytes (or the export's JSON) as received
    raw_layer: int = 0  # the TL layer of ``raw``; 0 for JSON


class Recorded(StrEnum):
    """What intake found a captured post to be."""

    NEW = "new"
    EDITED = "edited"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file's exact bytes, identified by SHA-256, kept unaltered in the vault."""

    asset_id: int
    sha256: str
    size: int
    kind: MediaKind
    verdict: str = ""  # of the decoder: ok, partial, refused, killed; empty until it was read
    reason: str = ""
    plain: bool = False  # too plain to judge
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    phash: str = ""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A compact description of an asset's picture or sound by which likeness is found."""

    kind: str
    version: int
    payload: bytes
    quality: float = 1.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """One appearance of an asset in a post."""

    sighting_id: int
    asset_id: int
    channel_id: int
    message_id: int
    posted_at: datetime
    captured_at: datetime
    capture: Capture
    role: str = "media"


class FindingKind(StrEnum):
    """What matching concluded about one sighting."""

    NEW = "new"
    REPOST = "repost"
    POSSIBLE = "possible"
    PLAIN = "plain"  # too plain to judge


@dataclass(frozen=True, slots=True)
class Finding:
    """What matching concluded about one sighting: new, repost or possible repost of which footage.

    ``relation`` is that of this copy to the earliest one (``""`` for new footage); ``parts`` are further
    footages that this copy contains.
    """

    sighting_id: int
    kind: FindingKind
    footage_id: int
    relation: str = ""
    strength: float = 0.0
    match_id: int | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Footage:
    """The set of assets held to show the same recording; what the team talks about."""

    footage_id: int
    created_at: datetime
    merged_into: int | None = None
    furniture: bool = False


class Role(IntEnum):
    """What a member may do; each includes those below."""

    VIEWER = 1
    TAGGER = 2
    LEAD = 3
    ADMIN = 4


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the team."""

    user_id: int
    name: str
    role: Role
    active: bool = True


class Verdict(StrEnum):
    """The team's dated, signed judgement of a footage."""

    UNREVIEWED = "unreviewed"
    IN_REVIEW = "in_review"
    CONFIRMED = "confirmed"
    MISATTRIBUTED = "misattributed"
    ALTERED = "altered"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Who gave which verdict, when; and who agreed, where a second member has to."""

    verdict: Verdict
    member: str
    given_at: datetime
    second: str = ""
    awaits_second: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Free text by a member, perhaps with a time code in seconds of the footage."""

    note_id: int
    text: str
    member: str
    written_at: datetime
    second: float | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A place given to a footage: where, how precisely (``street``, ``50 m``) and found by which method."""

    name: str
    latitude: float | None
    longitude: float | None
    precision: str
    member: str
    given_at: datetime
    method: str = ""


class DeliveryState(StrEnum):
    """How far one attempt to send or edit an alert came."""

    READY = "ready"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Alert:
    """The one card about a footage in one team chat, created once and then kept current."""

    alert_id: int
    footage_id: int
    chat_id: int
    thread_id: int | None
    message_id: int | None
    shown_version: int
    wanted_version: int
    state: DeliveryState
    loud: bool
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, for the custody log: ``collector``, ``pipeline``, ``system`` or a member."""

    kind: str
    name: str
    user_id: int | None = None


SYSTEM = Actor("system", "firstseen")
COLLECTOR = Actor("collector", "collector")
PIPELINE = Actor("pipeline", "pipeline")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Expected trouble of a part: shown in /status until it ends."""

    part: str
    message: str
    since: datetime
    detail: dict[str, str] = field(default_factory=dict)
