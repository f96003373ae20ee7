"""Every word that members read, in one place and in English; ``bot.tongues`` says them in the reader's language.

A ``Phrase`` is a whole sentence or label and is called where it is shown; functions take values and give sentences.
Nothing here is foreign text: what others wrote crosses ``bot.cleaning`` before it is put beside these words. After a
change ``make words`` brings the catalogues under ``bot/locales`` up to date, and a test names what is not translated.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from babel.dates import format_datetime
from babel.numbers import format_decimal

from bot.tongues import Phrase, plural, say, spoken
from core.model import FindingKind, MediaKind, Role, Verdict
from storage.attention import Subject

KIND_WORD: Mapping[FindingKind, Phrase] = {
    FindingKind.NEW: Phrase("NEW"),
    FindingKind.REPOST: Phrase("REPOST"),
    FindingKind.POSSIBLE: Phrase("POSSIBLE REPOST"),
    FindingKind.PLAIN: Phrase("TOO PLAIN"),
}
MEDIA_WORD: Mapping[MediaKind, Phrase] = {
    MediaKind.PHOTO: Phrase("Photo"),
    MediaKind.VIDEO: Phrase("Video"),
    MediaKind.ANIMATION: Phrase("Animation"),
    MediaKind.VIDEO_NOTE: Phrase("Video note"),
    MediaKind.AUDIO: Phrase("Audio"),
    MediaKind.VOICE: Phrase("Voice note"),
    MediaKind.DOCUMENT: Phrase("File"),
}
VERDICT_WORD: Mapping[Verdict, Phrase] = {
    Verdict.UNREVIEWED: Phrase("unreviewed"),
    Verdict.IN_REVIEW: Phrase("in review"),
    Verdict.CONFIRMED: Phrase("confirmed"),
    Verdict.MISATTRIBUTED: Phrase("misattributed"),
    Verdict.ALTERED: Phrase("staged or altered"),
    Verdict.UNRESOLVED: Phrase("unresolved"),
}
ROLE_WORD: Mapping[Role, Phrase] = {
    Role.VIEWER: Phrase("a viewer"),
    Role.TAGGER: Phrase("a tagger"),
    Role.LEAD: Phrase("a lead"),
    Role.ADMIN: Phrase("an admin"),
}
ROLE_NAME: Mapping[Role, Phrase] = {
    Role.VIEWER: Phrase("viewer"),
    Role.TAGGER: Phrase("tagger"),
    Role.LEAD: Phrase("lead"),
    Role.ADMIN: Phrase("admin"),
}
RING_WORD: Mapping[str, Phrase] = {"relabel": Phrase("⚠ RELABEL"), "followed": Phrase("🔔 FOLLOWED")}
SUBJECT_WORD: Mapping[Subject, Phrase] = {
    Subject.FOOTAGE: Phrase("footage"),
    Subject.CHANNEL: Phrase("channel"),
    Subject.TAG: Phrase("tag"),
    Subject.PLACE: Phrase("place"),
    Subject.WORD: Phrase("word"),
    Subject.VERDICT: Phrase("verdict"),
    Subject.SEARCH: Phrase("search"),
}
PRECISION_WORD: Mapping[str, Phrase] = {
    "exact": Phrase("exact spot"),
    "building": Phrase("building"),
    "street": Phrase("street"),
    "town": Phrase("town"),
    "region": Phrase("region"),
}
METHOD_WORD: Mapping[str, Phrase] = {
    "landmarks": Phrase("landmarks"),
    "satellite": Phrase("satellite imagery"),
    "shadows": Phrase("shadows"),
    "metadata": Phrase("metadata"),
    "source": Phrase("a source's word"),
}
LIKENESS_WORD: Mapping[str, Phrase] = {
    "identical": Phrase("the same file as {other}"),
    "same": Phrase("the same recording as {other}"),
    "mirrored": Phrase("the same recording as {other}"),
    "edited": Phrase("the same recording as {other}, edited (cropped, overlaid or re-framed)"),
    "sped_up": Phrase("the same recording as {other} at another speed"),
    "excerpt": Phrase("a piece of {other}"),
    "contains": Phrase("contains a piece of {other}"),
    "frame": Phrase("one frame of {other}"),
    "audio": Phrase("the same sound as {other} under other pictures"),
}
STAGES: Mapping[str, Phrase] = {
    "downloading": Phrase("Looking… downloading the file"),
    "reading": Phrase("Looking… reading the file"),
    "matching": Phrase("Looking… comparing it with everything held"),
    "drawing": Phrase("Looking… drawing the proof"),
}
JUDGED = frozenset({"judged {what}", "agreed: {what}", "no longer agrees: {what}"})
DEEDS = (  # as ``storage.members`` words them
    Phrase("tagged {what}"),
    Phrase("untagged {what}"),
    Phrase("judged {what}"),
    Phrase("agreed: {what}"),
    Phrase("no longer agrees: {what}"),
    Phrase("claimed"),
    Phrase("released"),
    Phrase("gave the claim back to {what}"),
    Phrase("noted {what}"),
    Phrase("withdrew the note {what}"),
    Phrase("located it at {what}"),
    Phrase("took off the place {what}"),
    Phrase("linked {what} to it"),
    Phrase("linked it to {what}"),
    Phrase("took the link apart: {what}"),
    Phrase("said that copies show the same"),
    Phrase("said that copies show different recordings"),
    Phrase("marked it as channel furniture"),
    Phrase("said that it is no channel furniture"),
    Phrase("said that a stretch is channel furniture"),
    Phrase("said that a stretch is no channel furniture"),
    Phrase("learned that a stretch is channel furniture"),
    Phrase("marked a stretch as channel furniture"),
)
REASONS = (  # why a file is too plain to judge, as ``fingerprints`` words them
    Phrase("nearly one colour"),
    Phrase("too little to see"),
    Phrase("nothing but words on one colour"),
    Phrase("too little to see or hear"),
    Phrase("silence, a steady noise, or too short to tell"),
)
PINNED = Phrase("a pin on the map")
_STORED = {  # words that are kept in English and shown in every language
    phrase.english: phrase for phrase in (*PRECISION_WORD.values(), *METHOD_WORD.values(), *REASONS, PINNED)
}

# ------------------------------------------------------------------------------------------------ buttons

FOLLOW_SEARCH = Phrase("🔔 Follow this search")
FOLLOW, MUTE = Phrase("🔔 Follow"), Phrase("🔕 Mute")
CLAIM, RELEASE, TAKE_OVER = Phrase("✋ Claim"), Phrase("✋ Release"), Phrase("Take over")
TAG, VERDICT, MORE = Phrase("🏷 Tag"), Phrase("⚖ Verdict"), Phrase("⋯ More")
NOT_A_MATCH = Phrase("≠ Not a match")
PLACE, WHERE, PLACE_OFF = Phrase("📍 Place"), Phrase("✎ Say where"), Phrase("✕ Take it off")
TIMELINE, SPREAD, EVIDENCE, HISTORY = Phrase("Timeline"), Phrase("🕸 Spread"), Phrase("Evidence"), Phrase("History")
UNDO, BACK = Phrase("↩ Undo mine"), Phrase("‹ Back")
FURNITURE, NO_FURNITURE = Phrase("🪑 Mark as furniture"), Phrase("↩ No furniture")
PART_AGAIN, TAKE_BACK = Phrase("↩ Take apart again"), Phrase("↩ It is a match after all")
REVOKE = Phrase("✕ Take back")
EARLIER_PAGE, LATER_PAGE = "‹", "›"
TICKED, AWAITED = "✓ ", "⏳ "

# ------------------------------------------------------------------------------------------------ answers

FOLLOWED_HERE, MUTED_HERE = Phrase("Followed here:"), Phrase("Muted here:")
NO_WISHES = Phrase("Nothing is followed or muted here.")
WHAT_TO_FOLLOW = Phrase("Follow or mute what? F12, @channel, #tag, place:name, or words of captions.")
FOR_YOURSELF = Phrase("For yourself, write it to me in private.")
NO_CHANNEL = Phrase("No channel of that name is held here.")
NOTHING_HELD = Phrase("Nothing was held back here.")
RECAP_HINT = Phrase("Held back because muted here. Tap a number for its card; /mute shows what is muted.")
OUT_OF_DATE = Phrase("This button is out of date. The card is being refreshed.")
REPEATED_CARD = Phrase("This card was sent twice; the buttons here act, the other one shows what came of it.")
ANONYMOUS = Phrase(
    "Anonymous administrators can't act here: nobody could say later who did it. Please act under your own name."
)
WENT_WRONG = Phrase("Something went wrong; it was written down and nothing was changed by halves. Please try again.")
NO_FOOTAGE = Phrase("There is no footage with that number here.")
WHICH_FOOTAGE = Phrase("Which footage? Write its number, like F12, or reply to its card.")
WHICH_TAG = Phrase("Which tag? Like this: /tag F12 vehicles")
TAG_TOO_LONG = Phrase("A tag has 1 to 40 characters, on one line.")
WHAT_NOTE = Phrase("What should be noted? Like this: /note F12 0:12 the same gate as in #F3")
WHAT_PLACE = Phrase(
    "Which place? A name, coordinates or a map link, then how precise and how found, like this: "
    "/place F12 Sergeevka range 43.8012, 131.9540; building; satellite imagery"
)
PLACE_CHANGED = Phrase("The place was changed meanwhile; the card is being refreshed.")
NO_PLACE = Phrase("No place is given yet.")
WHICH_DAY = Phrase("A day is written like 2024-10-18.")
WHAT_TO_FIND = Phrase("What should be found? Like this: /find Сергеевка #vehicles")
REPLY_TO_MEDIA = Phrase("Reply with /seen to a photo, video, voice note or file, or send me one in private.")
NOTHING_FOUND = Phrase("Nothing here has these words.")
NO_MATCH_HERE = Phrase("This card rests on no match that could be wrong.")
REJECTED = Phrase("Noted: not a match, for good.")
RESTORED = Phrase("Noted: it is a match after all.")
LINK_WHICH = Phrase("Link which? Two numbers, like this: /link F12 F13")
SPLIT_WHICH = Phrase("Which copy shows something else? Write the address of its post after /split F12, or choose:")
NOTHING_TO_SPLIT = Phrase("This footage has one copy only.")
NO_SUCH_COPY = Phrase("This footage has no copy in that post.")
NOT_LINKED = Phrase("No link of a member stands here.")
NOTHING_TO_UNDO = Phrase("There is nothing of yours here to undo, or somebody changed it since.")
LOOKING = Phrase("Looking…")
TOO_LARGE = Phrase(
    "This file is over 20 MB, more than Telegram lets a bot download, so it was not looked up. "
    "Send a shorter piece, a smaller copy or a screenshot."
)
FILE_GONE = Phrase("Telegram no longer gives out this file; please send it again.")
WHICH_FORM = Phrase("How should cards look here? /cards compact or /cards full")
CARDS_COMPACT = Phrase("Cards are compact here from now on; ⋯ More opens all of one.")
CARDS_FULL = Phrase("Cards say everything here from now on.")
WHICH_CHANGE = Phrase("Which tag? Like this: /addtag drones, /renametag old > new, /retiretag drones")
NO_CHANGE = Phrase("That is so already, or there is no such tag on offer.")
INVITE_IN_PRIVATE = Phrase("Write it to me in private: whoever reads an invitation first can use it.")
WHICH_ROLE = Phrase("Invite as what? Like this: /invite tagger; there are viewer, tagger, lead and admin.")
ROLE_TOO_HIGH = Phrase("Nobody invites to a higher role than their own.")
INVITE_OVER = Phrase("This invitation was used, was taken back or has expired.")
MEMBER_ALREADY = Phrase("You belong to the team already; the invitation is left for somebody else.")
REVOKED = Phrase("The invitation is taken back.")
DISMISSED = Phrase("Taken out of the team.")
NOT_DISMISSED = Phrase("Only who came by invitation can be taken out here; others stand in the configuration.")
WHICH_LANGUAGE = Phrase("Which language should I speak here?")

# ------------------------------------------------------------------------------------------------ cards and stories

SEEN, PART_SEEN, NOT_SEEN = Phrase("SEEN"), Phrase("PART SEEN"), Phrase("NOT SEEN HERE")
POSSIBLY_SEEN, TOO_PLAIN, UNREADABLE = Phrase("POSSIBLY SEEN"), Phrase("TOO PLAIN to judge"), Phrase("UNREADABLE")
NOT_NEW = Phrase("It may still be old elsewhere.")
POSSIBLE_REPEAT = Phrase("possible repeat: this card may stand here twice; both act on the same footage")
MAYBE_TOLD = Phrase("perhaps told before")
DIGEST_HINT = Phrase("Tap a number for its card.")
EARLIEST = Phrase("earliest we hold")
EARLIEST_IS_THIS = Phrase("Earliest we hold: this post")
NOT_COMPARED, NOT_FILED = Phrase("not compared"), Phrase("not filed with anything yet")
OF_ALBUM = Phrase("of an album")
AWAITS_SECOND = Phrase("awaiting second reviewer")
NO_COPIES = Phrase("No copy is filed under this number any more.")
PROTECTED = Phrase("Channel forbids copying")
SOMEBODY = Phrase("somebody")
SPREAD_FORWARD = Phrase("forward: Telegram's own header, proof of origin")
SPREAD_ALIKE = Phrase("look-alike: our inference, no proof of who took it from whom")
SPREAD_BARS = Phrase("posts over time")
LOOKS_ALIKE, SAME_FILE = Phrase("look-alike"), Phrase("look-alike, the same file")
NOT_HELD, GONE = Phrase("a post not held here"), Phrase("gone")
PART, FORWARDED, EDITED = Phrase("in part"), Phrase("forwarded"), Phrase("edited since")
MIRRORED, SAME_SOUND, OTHER_SOUND = Phrase("mirrored"), Phrase("same sound"), Phrase("sound differs")
NO_HISTORY = Phrase("Nobody did anything with it yet.")
TAXONOMY = Phrase("Tags on offer")
TEAM, SEARCH, NOTHING = Phrase("Team"), Phrase("Search:"), Phrase("nothing")
MATCH, VERDICT_GIVEN, PLACED = Phrase("Match:"), Phrase("Verdict:"), Phrase("Place:")


def stored(english: str) -> str:
    """A word that is kept in English, in the language that is spoken; what members wrote themselves stays."""
    phrase = _STORED.get(english)
    return phrase() if phrase else english


# ------------------------------------------------------------------------------------------------ times and numbers


def moment(at: datetime) -> str:
    """A time as it is written down: in UTC, to the minute."""
    return f"{short_moment(at)} UTC"


def short_moment(at: datetime) -> str:
    """A time beside others of the same footage, in UTC."""
    return format_datetime(at, "d MMM y HH:mm", locale=spoken())


def span(distance: timedelta) -> str:
    """How long something took, in its two largest units."""
    seconds = max(0, round(distance.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return say("{days} d {hours} h", days=days, hours=hours) if hours else say("{days} d", days=days)
    if hours:
        return (
            say("{hours} h {minutes} min", hours=hours, minutes=minutes) if minutes else say("{hours} h", hours=hours)
        )
    if minutes:
        rest = seconds % 60
        return (
            say("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
            if rest
            else say("{minutes} min", minutes=minutes)
        )
    return say("{seconds} s", seconds=seconds)


def clock(seconds: float) -> str:
    """A place in a recording: 0:41, 1:02:03."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def counted(number: int) -> str:
    """A number as the language writes large ones."""
    return format_decimal(number, locale=spoken())


def copies(number: int) -> str:
    """``1 copy``, ``2 copies``."""
    return plural("{number} copy", "{number} copies", number, number=counted(number))


def channels(number: int) -> str:
    """``1 channel``, ``2 channels``."""
    return plural("{number} channel", "{number} channels", number, number=counted(number))


def posts(number: int) -> str:
    """``1 post``, ``2 posts``."""
    return plural("{number} post", "{number} posts", number, number=counted(number))


def notes(number: int) -> str:
    """Over the notes of a card."""
    return plural("{number} note", "{number} notes", number, number=counted(number))


# ------------------------------------------------------------------------------------------------ on cards


def copies_in(number: int, where: int) -> str:
    """How many copies stand in how many channels."""
    return say("{copies} in {channels}", copies=copies(number), channels=channels(where))


def joined_here(label: str) -> str:
    """A number that became part of the one on the card."""
    return say("{label} turned out to be the same recording", label=label)


def lag(distance: timedelta) -> str:
    """How long after the earliest post another one came."""
    return say("{span} after the earliest we hold", span=span(distance))


def gone(at: datetime) -> str:
    """A post that was deleted."""
    return say("gone at Telegram, noticed {moment}", moment=moment(at))


def forward_header(name: str, at: datetime | None) -> str:
    """What Telegram itself says of a forward: proof of origin, unlike any likeness."""
    if at is None:
        return say("Forwarded from {name} (Telegram's own header)", name=name)
    return say("Forwarded from {name}, {moment} (Telegram's own header)", name=name, moment=moment(at))


def unnamed_channel(channel_id: int) -> str:
    """A channel of which only the number is known."""
    return say("channel {number}", number=channel_id)


def earliest(channel: str, label: str | None = None) -> str:
    """Before the time of the earliest post held, of this footage or of another."""
    if label is None:
        return say("Earliest we hold: {channel}", channel=channel)
    return say("Earliest we hold of {label}: {channel}", label=label, channel=channel)


def seen_in(channels: str) -> str:
    """Which channels showed a footage how often."""
    return say("Seen: {channels}", channels=channels)


def best_copy(facts: str) -> str:
    """The best copy held."""
    return say("Best copy: {facts}", facts=facts)


def tags(names: str) -> str:
    """The tags of a footage."""
    return say("Tags: {names}", names=names)


def agreed(member: str) -> str:
    """Who gave the same verdict as the first reviewer."""
    return say("{member} agrees", member=member)


def found_by(method: str) -> str:
    """How a place was found."""
    return say("by {method}", method=stored(method))


def claimed_by(holder: str) -> str:
    """Who works on a footage."""
    return say("Claimed by {holder}", holder=holder)


def not_footage(label: str) -> str:
    """On the button that rejects a likeness to another footage."""
    return say("≠ not {label}", label=label)


def same_as(label: str) -> str:
    """On the button that accepts a possible repost."""
    return say("＝ Same footage as {label}", label=label)


def furniture_marked(member: str, at: datetime) -> str:
    """On the card of channel furniture."""
    return say("Channel furniture, marked by {member}, {moment}: makes no matches", member=member, moment=moment(at))


def stretch_marked(where: str, member: str) -> str:
    """Which seconds of a copy make no matches, because a member said so."""
    return say("Channel furniture: {where}, marked by {member}: makes no matches", where=where, member=member)


def stretch_learned(where: str, labels: Sequence[str], more: int, days: int) -> str:
    """Which seconds of a copy make no matches, and what that was learned from."""
    known = ", ".join([*labels, *([f"+{more}"] if more > 0 else [])])
    return plural(
        "Channel furniture: {where}, learned from {known} on {days} day: makes no matches",
        "Channel furniture: {where}, learned from {known} on {days} days: makes no matches",
        days,
        where=where,
        known=known,
        days=days,
    )


def heard(where: str) -> str:
    """Seconds of which only the sound is meant."""
    return say("the sound of {where}", where=where)


def stretch_button(where: str, *, furniture: bool) -> str:
    """On the button that says of seconds that they are furniture, or of ``furniture`` that it is none."""
    return say("↩ {where} is no furniture", where=where) if furniture else say("🪑 {where} is furniture", where=where)


def contrast(kind: str, said: str, known: str) -> str:
    """In what a copy contradicts what is known."""
    match kind:
        case "place":
            return say("names {said}; known place: {known}", said=said, known=known)
        case "date":
            return say("names {said}; held since {known}", said=said, known=known)
        case "mirrored":
            return say("is mirrored")
        case _:
            return say("has other sound")


# ------------------------------------------------------------------------------------------------ longer texts


def deed(act: str, about: str) -> str:
    """What somebody did to a footage, as ``storage.members`` words it."""
    return say(act, what=VERDICT_WORD[Verdict(about)]() if act in JUDGED else about)


def digest_title(number: int) -> str:
    """The first line of a digest."""
    return plural(
        "{number} alert, more than Telegram lets a bot send into a group",
        "{number} alerts at once, more than Telegram lets a bot send into a group",
        number,
        number=number,
    )


def recap_title(number: int) -> str:
    """Over what was held back."""
    return plural("{number} footage held back here", "{number} footages held back here", number, number=number)


def captured(at: datetime) -> str:
    """When a post was captured."""
    return say("captured {moment}", moment=moment(at))


def post_captured(channel: str, message_id: int, capture: str) -> str:
    """Which post a file stood in, and how it was captured."""
    return say("{channel}, post {number}, {capture}", channel=channel, number=message_id, capture=capture)


def timeline_title(label: str) -> str:
    """Over the posts of a footage."""
    return say("{label}: every post we hold, the earliest first", label=label)


def evidence_title(label: str) -> str:
    """Over the hashes of a footage."""
    return say("{label}: files as ingested, by SHA-256", label=label)


def history_title(label: str) -> str:
    """Over the acts on a footage."""
    return say("{label}: who did what", label=label)


def custody_head(number: int) -> str:
    """Before the hash of the newest custody entry."""
    return say("Custody log, entry {number}:", number=number)


def forwarded_from(name: str) -> str:
    """A forward whose origin is not among the posts held."""
    return say("forwarded from {name}", name=name)


def spread_title(label: str) -> str:
    """Over the picture of a spread."""
    return say("{label}: who posted it when", label=label)


def spread_counts(number: int, where: int) -> str:
    """What the picture of a spread rests on."""
    return say("{posts} in {channels} held here, times in UTC", posts=posts(number), channels=channels(where))


def more_posts(number: int) -> str:
    """Posts that a picture leaves out."""
    return plural("… {number} more post …", "… {number} more posts …", number, number=counted(number))


def more_lines(number: int) -> str:
    """What did not fit."""
    return say("+{number} more", number=number)


def searched(assets: int, where: int, since: datetime | None) -> str:
    """What an answer rests on."""
    if since is None:
        return say("Searched: nothing is held yet")
    files = plural("{number} file", "{number} files", assets, number=counted(assets))
    day = format_datetime(since, "d MMM y", locale=spoken())
    return say("Searched: {files} of {channels}, posted since {day}", files=files, channels=channels(where), day=day)
