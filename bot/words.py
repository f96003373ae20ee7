"""Every word that members read, in one place, so that another language can join later.

Constants are whole sentences or labels; functions take values and give sentences. Nothing here is foreign text: what
others wrote crosses ``bot.cleaning`` before it is put beside these words.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.model import FindingKind, MediaKind, Role, Verdict
from storage.attention import Subject

KIND_WORD: Mapping[FindingKind, str] = {
    FindingKind.NEW: "NEW",
    FindingKind.REPOST: "REPOST",
    FindingKind.POSSIBLE: "POSSIBLE REPOST",
    FindingKind.PLAIN: "TOO PLAIN",
}
MEDIA_WORD: Mapping[MediaKind, str] = {
    MediaKind.PHOTO: "Photo",
    MediaKind.VIDEO: "Video",
    MediaKind.ANIMATION: "Animation",
    MediaKind.VIDEO_NOTE: "Video note",
    MediaKind.AUDIO: "Audio",
    MediaKind.VOICE: "Voice note",
    MediaKind.DOCUMENT: "File",
}
VERDICT_WORD: Mapping[Verdict, str] = {
    Verdict.UNREVIEWED: "unreviewed",
    Verdict.IN_REVIEW: "in review",
    Verdict.CONFIRMED: "confirmed",
    Verdict.MISATTRIBUTED: "misattributed",
    Verdict.ALTERED: "staged or altered",
    Verdict.UNRESOLVED: "unresolved",
}
ROLE_WORD: Mapping[Role, str] = {
    Role.VIEWER: "a viewer",
    Role.TAGGER: "a tagger",
    Role.LEAD: "a lead",
    Role.ADMIN: "an admin",
}

RING_WORD: Mapping[str, str] = {"relabel": "⚠ RELABEL", "followed": "🔔 FOLLOWED"}
FOLLOW, MUTE = "🔔 Follow", "🔕 Mute"
SUBJECT_WORD: Mapping[Subject, str] = {
    Subject.FOOTAGE: "footage",
    Subject.CHANNEL: "channel",
    Subject.TAG: "tag",
    Subject.PLACE: "place",
    Subject.WORD: "word",
}
FOLLOWED_HERE, MUTED_HERE, NO_WISHES = "Followed here:", "Muted here:", "Nothing is followed or muted here."
WHAT_TO_FOLLOW = "Follow or mute what? F12, @channel, #tag, place:name, or words of captions."
FOR_YOURSELF = "For yourself, write it to me in private."
NO_CHANNEL = "No channel of that name is held here."
NOTHING_HELD = "Nothing was held back here."
RECAP_HINT = "Held back because muted here. Tap a number for its card; /mute shows what is muted."
CLAIM, RELEASE, TAKE_OVER = "✋ Claim", "✋ Release", "Take over"
TAG, VERDICT, NOT_A_MATCH, SAME, MORE = "🏷 Tag", "⚖ Verdict", "≠ Not a match", "＝ Same footage", "⋯ More"
PLACE, WHERE, PLACE_OFF = "📍 Place", "✎ Say where", "✕ Take it off"
PRECISION_WORD: Mapping[str, str] = {
    "exact": "exact spot",
    "building": "building",
    "street": "street",
    "town": "town",
    "region": "region",
}
METHOD_WORD: Mapping[str, str] = {
    "landmarks": "landmarks",
    "satellite": "satellite imagery",
    "shadows": "shadows",
    "metadata": "metadata",
    "source": "a source's word",
}
PINNED = "a pin on the map"
TIMELINE, EVIDENCE, HISTORY, UNDO, BACK = "Timeline", "Evidence", "History", "↩ Undo mine", "‹ Back"
EARLIER_PAGE, LATER_PAGE = "‹", "›"
TICKED = "✓ "

OUT_OF_DATE = "This button is out of date. The card is being refreshed."
REPEATED_CARD = "This card was sent twice; the buttons here act, the other one shows what came of it."
ANONYMOUS = (
    "Anonymous administrators can't act here: nobody could say later who did it. Please act under your own name."
)
WENT_WRONG = "Something went wrong; it was written down and nothing was changed by halves. Please try again."
NO_FOOTAGE = "There is no footage with that number here."
WHICH_FOOTAGE = "Which footage? Write its number, like F12, or reply to its card."
WHICH_TAG = "Which tag? Like this: /tag F12 vehicles"
TAG_TOO_LONG = "A tag has 1 to 40 characters, on one line."
WHAT_NOTE = "What should be noted? Like this: /note F12 0:12 the same gate as in #F3"
WHICH_VERDICT = "Which verdict? One of: " + ", ".join(VERDICT_WORD[verdict] for verdict in Verdict)
WHAT_PLACE = (
    "Which place? A name, coordinates or a map link, then how precise and how found, like this: "
    "/place F12 Sergeevka range 43.8012, 131.9540; building; satellite imagery"
)
PLACE_CHANGED = "The place was changed meanwhile; the card is being refreshed."
NO_PLACE = "No place is given yet."
WHICH_DAY = "A day is written like 2024-10-18."
WHAT_TO_FIND = "What should be found? Like this: /find Сергеевка #vehicles"
REPLY_TO_MEDIA = "Reply with /seen to a photo, video, voice note or file, or send me one in private."
NOTHING_FOUND = "Nothing here has these words."
NO_MATCH_HERE = "This card rests on no match that could be wrong."
REJECTED = "Noted: not a match, for good."
RESTORED = "Noted: it is a match after all."
LINK_WHICH = "Link which? Two numbers, like this: /link F12 F13"
SPLIT_WHICH = "Which copy shows something else? Write the address of its post after /split F12, or choose:"
NOTHING_TO_SPLIT = "This footage has one copy only."
NO_SUCH_COPY = "This footage has no copy in that post."
NOT_LINKED = "No link of a member stands here."
PART_AGAIN = "↩ Take apart again"
TAKE_BACK = "↩ It is a match after all"
FURNITURE, NO_FURNITURE = "🪑 Mark as furniture", "↩ No furniture"
NOTHING_TO_UNDO = "There is nothing of yours here to undo, or somebody changed it since."
LOOKING = "Looking…"
STAGES: Mapping[str, str] = {
    "downloading": "Looking… downloading the file",
    "reading": "Looking… reading the file",
    "matching": "Looking… comparing it with everything held",
    "drawing": "Looking… drawing the proof",
}
TOO_LARGE = (
    "This file is over 20 MB, more than Telegram lets a bot download, so it was not looked up. "
    "Send a shorter piece, a smaller copy or a screenshot."
)
FILE_GONE = "Telegram no longer gives out this file; please send it again."
SEEN, PART_SEEN, NOT_SEEN = "SEEN", "PART SEEN", "NOT SEEN HERE"
POSSIBLY_SEEN = "POSSIBLY SEEN"
NOT_NEW = "It may still be old elsewhere."
TOO_PLAIN, UNREADABLE = "TOO PLAIN to judge", "UNREADABLE"
POSSIBLE_REPEAT = "possible repeat: this card may stand here twice; both act on the same footage"
MAYBE_TOLD = "perhaps told before"
DIGEST_HINT = "Tap a number for its card."
EARLIEST_OF, EARLIEST = "Earliest we hold of", "earliest we hold"
SPREAD = "🕸 Spread"
SPREAD_FORWARD = "forward: Telegram's own header, proof of origin"
SPREAD_ALIKE = "look-alike: our inference, no proof of who took it from whom"
SPREAD_BARS = "posts over time"
LOOKS_ALIKE, SAME_FILE, NOT_HELD, GONE = "look-alike", "look-alike, the same file", "a post not held here", "gone"
PART, FORWARDED, EDITED = "in part", "forwarded", "edited since"
NO_HISTORY = "Nobody did anything with it yet."
STATUS, ALL_WELL, WAITING, WATCHED, NOTHING = "Status", "No trouble.", "Waiting:", "Watched:", "nothing"
NO_ALERTS, NOT_CHECKED = "No alert was sent in the last day.", "not compared with Telegram yet"
JOINED = "turned out to be the same recording"
EARLIEST_IS_THIS = "Earliest we hold: this post"
NO_COPIES = "No copy is filed under this number any more."
PROTECTED = "Channel forbids copying"

COMMANDS: Sequence[tuple[str, str]] = (
    ("find", "words #tag @channel place:x verdict:x since:2024-10-18: search the archive"),
    ("card", "F12: show the card of a footage"),
    ("seen", "as a reply to media: have we seen this?"),
    ("tag", "F12 word: add a tag"),
    ("untag", "F12 word: take a tag off"),
    ("verdict", "F12 confirmed: judge a footage"),
    ("note", "F12 0:12 text: write a note"),
    ("place", "F12 name or coordinates; precision; method: say where it is"),
    ("unplace", "F12: take the place off"),
    ("link", "F12 F13: the same recording, whatever the matching says"),
    ("unlink", "F13: take a link apart"),
    ("split", "F12 post link: this copy shows something else"),
    ("claim", "F12: say that you work on it"),
    ("release", "F12: you no longer do"),
    ("follow", "F12, @channel, #tag, place:x or words: ring here; alone: what is followed and muted"),
    ("mute", "the same: no cards here, a recap instead"),
    ("unfollow", "the same: end it; also /unmute"),
    ("recap", "what mutes held back here"),
    ("status", "what is watched, what waits, what is wrong"),
    ("help", "how this works"),
)
HELP = "\n".join(
    (
        "firstseen tells whether footage is new or was seen before, where it was first seen, and what the team knows.",
        "",
        (
            "Each footage has one card, kept current. NEW: nothing held looks or sounds like it. REPOST: it does, "
            "and the card shows how. POSSIBLE REPOST: a person has to look. TOO PLAIN: nothing can be said."
        ),
        "“Earliest we hold” is the earliest post known here, not the origin. “Not seen here” names what was searched.",
        "",
        (
            "Under a card: claim it, tag it, give a verdict, say that a match is wrong. Reply to a card to note it, "
            "begin with a time code like 0:12 to tie the note to a second."
        ),
        "Send me a photo, video, voice note or file in private, or reply to one with /seen: I look it up.",
        "",
        *(f"/{name} {words}" for name, words in COMMANDS),
    )
)


def moment(at: datetime) -> str:
    """A time as it is written down: in UTC, to the minute."""
    return f"{at:%-d %b %Y %H:%M} UTC"


def span(distance: timedelta) -> str:
    """How long something took, in its two largest units."""
    seconds = max(0, round(distance.total_seconds()))
    for unit, below, size, smaller in (("d", "h", 86400, 3600), ("h", "min", 3600, 60), ("min", "s", 60, 1)):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            return f"{whole} {unit} {rest // smaller} {below}" if rest // smaller else f"{whole} {unit}"
    return f"{seconds} s"


def clock(seconds: float) -> str:
    """A place in a recording: 0:41, 1:02:03."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def count(number: int, word: str) -> str:
    """``1 copy``, ``2 copies``."""
    if number == 1:
        return f"1 {word}"
    return f"{number:,} {word[:-1]}ies" if word.endswith("y") else f"{number:,} {word}s"


def needs_role(needed: Role, has: Role) -> str:
    """Why a member may not do something."""
    return f"This takes {ROLE_WORD[needed]}; you are {ROLE_WORD[has]}."


def digest_title(number: int) -> str:
    """The first line of a digest."""
    return f"{number} alerts at once, more than Telegram lets a bot send into a group"


def tagged(label: str, tag: str, *, added: bool, changed: bool) -> str:
    """What became of a tag."""
    if not changed:
        return f"{label} has the tag {tag} already" if added else f"{label} has no tag {tag}"
    return f"{label} is tagged {tag}" if added else f"{label} is no longer tagged {tag}"


def judged(label: str, verdict: Verdict) -> str:
    """What became of a verdict."""
    return f"{label} is {VERDICT_WORD[verdict]}"


def claimed(label: str, *, claimed: bool) -> str:
    """What became of a claim."""
    return f"{label} is yours" if claimed else f"{label} is free"


def claimed_already(label: str, holder: str) -> str:
    """Somebody was quicker."""
    return f"{label} was claimed by {holder} meanwhile"


def not_yours(label: str, holder: str) -> str:
    """Only the holder or a lead releases."""
    return f"{label} is claimed by {holder}; only they or a lead release it. You can take it over."


def undone(label: str, what: str) -> str:
    """What was taken back."""
    return f"{label}: undone: {what}"


def budget_wait(seconds: float) -> str:
    """Why a card does not change at once."""
    return f"Telegram lets the bot speak here again in {seconds:.0f} s; the card changes then"


def rejected(label: str, other: str | None, member: str) -> str:
    """What was told apart, by whom."""
    what = f"{label} and {other} do not show the same" if other else f"one copy is not {label}; it is being filed anew"
    return f"{member}: {what}."


def joined(label: str, other: str) -> str:
    """What became one."""
    return f"{label} is part of {other} now"


def furniture_marked(member: str, at: datetime) -> str:
    """On the card of channel furniture."""
    return f"Channel furniture, marked by {member}, {moment(at)}: makes no matches"


def stretch_marked(where: str, member: str) -> str:
    """Which seconds of a copy make no matches, because a member said so."""
    return f"Channel furniture: {where}, marked by {member}: makes no matches"


def stretch_learned(where: str, labels: Sequence[str], more: int, days: int) -> str:
    """Which seconds of a copy make no matches, and what that was learned from."""
    known = ", ".join([*labels, *([f"+{more}"] if more > 0 else [])])
    return f"Channel furniture: {where}, learned from {known} on {days} days: makes no matches"


def heard(where: str) -> str:
    """Seconds of which only the sound is meant."""
    return f"the sound of {where}"


def stretch_button(where: str, *, furniture: bool) -> str:
    """On the button that says of seconds that they are furniture, or of ``furniture`` that it is none."""
    return f"↩ {where} is no furniture" if furniture else f"🪑 {where} is furniture"


def stretch_turned(*, furniture: bool, changed: bool) -> str:
    """What became of a stretch that was said to be furniture, or not."""
    if not changed:
        return "That is so already, or these seconds are too much of their files"
    return "Noted: channel furniture, it makes no matches" if furniture else "Noted: no furniture, it makes matches"


def furnished(label: str, *, furniture: bool, changed: bool) -> str:
    """What became of a mark as channel furniture."""
    if not changed:
        return f"{label} is marked as furniture already" if furniture else f"{label} is not marked as furniture"
    return f"{label} is channel furniture: it makes no matches" if furniture else f"{label} makes matches again"


def noted(label: str, second: float | None) -> str:
    """What became of a note."""
    return f"{label}: noted" if second is None else f"{label}: noted at {clock(second)}"


def located(label: str, place: str, *, changed: bool) -> str:
    """What became of a place."""
    return f"{label} is placed at {place}" if changed else f"{label} was placed at {place} already"


def place_off(label: str, *, changed: bool) -> str:
    """What became of a place that was taken off."""
    return f"{label} has no place any more" if changed else f"{label} has no place"


def ask_place(label: str) -> str:
    """The question whose answer is a place."""
    return (
        f"📍 {label}: answer this with a place: a name, coordinates, a map link, or a location that you send. "
        "You may add how precise and how found: ; street; landmarks"
    )


def contrast(kind: str, said: str, known: str) -> str:
    """In what a copy contradicts what is known."""
    match kind:
        case "place":
            return f"names {said}; known place: {known}"
        case "date":
            return f"names {said}; held since {known}"
        case "mirrored":
            return "is mirrored"
        case _:
            return "has other sound"


def attending(what: str, *, follows: bool, changed: bool) -> str:
    """What became of a wish to follow or to mute."""
    state = "followed" if follows else "muted"
    return f"{what} is {state} here" if changed else f"{what} is {state} here already"


def attention_ended(what: str, *, ended: bool) -> str:
    """What became of a wish that was taken back."""
    return f"{what} is neither followed nor muted here any more" if ended else f"{what} was neither followed nor muted"


def recap_title(number: int) -> str:
    """Over what was held back."""
    return f"{count(number, 'footage')} held back here"


def parted(label: str, other: str) -> str:
    """What became of a link."""
    return f"{label} and {other} are two again"


def linked_already(label: str) -> str:
    """Two numbers of one footage."""
    return f"Both are {label} already"


def bringing(label: str) -> str:
    """The card is on its way."""
    return f"The card of {label} is coming"


def here_it_is(label: str) -> str:
    """The card stands where this answers."""
    return f"{label} is here"


def gone(at: datetime) -> str:
    """A post that was deleted."""
    return f"gone at Telegram, noticed {moment(at)}"


def captured(at: datetime) -> str:
    """When a post was captured."""
    return f"captured {moment(at)}"


def timeline_title(label: str) -> str:
    """Over the posts of a footage."""
    return f"{label}: every post we hold, the earliest first"


def evidence_title(label: str) -> str:
    """Over the hashes of a footage."""
    return f"{label}: files as ingested, by SHA-256"


def history_title(label: str) -> str:
    """Over the acts on a footage."""
    return f"{label}: who did what"


def custody_head(number: int) -> str:
    """Before the hash of the newest custody entry."""
    return f"Custody log, entry {number}: "


def short_moment(at: datetime) -> str:
    """A time beside others of the same footage, in UTC."""
    return f"{at:%-d %b %Y %H:%M}"


def forwarded_from(name: str) -> str:
    """A forward whose origin is not among the posts held."""
    return f"{FORWARDED} from {name}"


def spread_title(label: str) -> str:
    """Over the picture of a spread."""
    return f"{label}: who posted it when"


def spread_counts(posts: int, channels: int) -> str:
    """What the picture of a spread rests on."""
    return f"{count(posts, 'post')} in {count(channels, 'channel')} held here, times in UTC"


def more_posts(number: int) -> str:
    """Posts that a picture leaves out."""
    return f"… {count(number, 'more post')} …"


def more_lines(number: int) -> str:
    """What did not fit."""
    return f"+{number} more"


def searched(assets: int, channels: int, since: datetime | None) -> str:
    """What an answer rests on."""
    if since is None:
        return "Searched: nothing is held yet"
    return f"Searched: {count(assets, 'file')} of {count(channels, 'channel')}, posted since {since:%-d %b %Y}"


def alert_ages(number: int, middle: timedelta, late: timedelta) -> str:
    """How long after a post its card came, over the last day."""
    return f"{count(number, 'alert')} in the last day, half within {span(middle)}, 95 of 100 within {span(late)}"


def checked(age: timedelta) -> str:
    """How long ago a channel was compared with Telegram."""
    return f"compared with Telegram {span(age)} ago"
