"""What members are told of their own acts and wishes, in one sentence each."""

from datetime import datetime

from bot.tongues import LANGUAGES, say, spoken
from bot.words import ROLE_NAME, ROLE_WORD, VERDICT_WORD, clock, moment
from core.model import Role, Verdict


def needs_role(needed: Role, has: Role) -> str:
    """Why a member may not do something."""
    return say("This takes {needed}; you are {has}.", needed=ROLE_WORD[needed](), has=ROLE_WORD[has]())


def which_verdict() -> str:
    """How verdicts are named."""
    return say("Which verdict? One of: {names}", names=", ".join(VERDICT_WORD[verdict]() for verdict in Verdict))


def tagged(label: str, tag: str, *, added: bool, changed: bool) -> str:
    """What became of a tag."""
    match added, changed:
        case True, True:
            return say("{label} is tagged {tag}", label=label, tag=tag)
        case True, False:
            return say("{label} has the tag {tag} already", label=label, tag=tag)
        case False, True:
            return say("{label} is no longer tagged {tag}", label=label, tag=tag)
    return say("{label} has no tag {tag}", label=label, tag=tag)


def judged(label: str, verdict: Verdict, *, waits: bool) -> str:
    """What became of a verdict."""
    word = VERDICT_WORD[verdict]()
    if waits:
        return say("{label}: verdict {verdict}; it awaits a second reviewer", label=label, verdict=word)
    return say("{label}: verdict {verdict}", label=label, verdict=word)


def claimed(label: str, *, claimed: bool) -> str:
    """What became of a claim."""
    return say("{label} is yours", label=label) if claimed else say("{label} is free", label=label)


def claimed_already(label: str, holder: str) -> str:
    """Somebody was quicker."""
    return say("{label} was claimed by {holder} meanwhile", label=label, holder=holder)


def not_yours(label: str, holder: str) -> str:
    """Only the holder or a lead releases."""
    return say(
        "{label} is claimed by {holder}; only they or a lead release it. You can take it over.",
        label=label,
        holder=holder,
    )


def undone(label: str, deed: str) -> str:
    """What was taken back."""
    return say("{label}: undone: {deed}", label=label, deed=deed)


def budget_wait(seconds: float) -> str:
    """Why a card does not change at once."""
    wait = f"{seconds:.0f}"
    return say("Telegram lets the bot speak here again in {wait} s; the card changes then", wait=wait)


def rejected(label: str, other: str | None, member: str) -> str:
    """What was told apart, by whom."""
    if other is None:
        return say("{member}: one copy is not {label}; it is being filed anew.", member=member, label=label)
    return say("{member}: {label} and {other} do not show the same.", member=member, label=label, other=other)


def joined(label: str, other: str) -> str:
    """What became one."""
    return say("{label} is part of {other} now", label=label, other=other)


def parted(label: str, other: str) -> str:
    """What became of a link."""
    return say("{label} and {other} are two again", label=label, other=other)


def linked_already(label: str) -> str:
    """Two numbers of one footage."""
    return say("Both are {label} already", label=label)


def furnished(label: str, *, furniture: bool, changed: bool) -> str:
    """What became of a mark as channel furniture."""
    match furniture, changed:
        case True, True:
            return say("{label} is channel furniture: it makes no matches", label=label)
        case True, False:
            return say("{label} is marked as furniture already", label=label)
        case False, True:
            return say("{label} makes matches again", label=label)
    return say("{label} is not marked as furniture", label=label)


def stretch_turned(*, furniture: bool, changed: bool) -> str:
    """What became of a stretch that was said to be furniture, or not."""
    if not changed:
        return say("That is so already, or these seconds are too much of their files")
    if furniture:
        return say("Noted: channel furniture, it makes no matches")
    return say("Noted: no furniture, it makes matches")


def noted(label: str, second: float | None) -> str:
    """What became of a note."""
    return say("{label}: noted", label=label) if second is None else _noted_at(label, clock(second))


def _noted_at(label: str, time: str) -> str:
    return say("{label}: noted at {time}", label=label, time=time)


def located(label: str, place: str, *, changed: bool) -> str:
    """What became of a place."""
    if changed:
        return say("{label} is placed at {place}", label=label, place=place)
    return say("{label} was placed at {place} already", label=label, place=place)


def place_off(label: str, *, changed: bool) -> str:
    """What became of a place that was taken off."""
    return say("{label} has no place any more", label=label) if changed else say("{label} has no place", label=label)


def ask_place(label: str) -> str:
    """The question whose answer is a place."""
    return f"📍 {label}: " + say(
        "answer this with a place: a name, coordinates, a map link, or a location that you send. "
        "You may add how precise and how found: ; street; landmarks"
    )


def attending(what: str, *, follows: bool, changed: bool) -> str:
    """What became of a wish to follow or to mute."""
    match follows, changed:
        case True, True:
            return say("{what} is followed here", what=what)
        case True, False:
            return say("{what} is followed here already", what=what)
        case False, True:
            return say("{what} is muted here", what=what)
    return say("{what} is muted here already", what=what)


def attention_ended(what: str, *, ended: bool) -> str:
    """What became of a wish that was taken back."""
    if ended:
        return say("{what} is neither followed nor muted here any more", what=what)
    return say("{what} was neither followed nor muted", what=what)


def bringing(label: str) -> str:
    """The card is on its way."""
    return say("The card of {label} is coming", label=label)


def here_it_is(label: str) -> str:
    """The card stands where this answers."""
    return say("{label} is here", label=label)


def language_set() -> str:
    """In the language that was chosen."""
    return say("I speak {language} here now", language=LANGUAGES[spoken()])


def invited(role: Role, link: str, until: datetime) -> str:
    """The link that makes one person a member."""
    return say(
        "For one person, as {role}, until {moment}. Hand it over yourself: whoever opens it first is in.\n{link}",
        role=ROLE_NAME[role](),
        moment=moment(until),
        link=link,
    )


def open_invite(role: Role, member: str, until: datetime) -> str:
    """An invitation that nobody used yet."""
    return say(
        "open invitation: {role}, by {member}, until {moment}",
        role=ROLE_NAME[role](),
        member=member,
        moment=moment(until),
    )


def welcome(role: Role) -> str:
    """To a new member."""
    return say("Welcome to the team; you are {role} now. /help tells how this works.", role=ROLE_WORD[role]())


def tag_changed(act: str, tag: str, became: str, member: str, at: datetime) -> str:
    """What somebody did to the tags on offer."""
    match act:
        case "added":
            return say("{tag}: added by {member}, {moment}", tag=tag, member=member, moment=moment(at))
        case "renamed":
            return say(
                "{tag}: now {became}, by {member}, {moment}", tag=tag, became=became, member=member, moment=moment(at)
            )
    return say("{tag}: retired by {member}, {moment}", tag=tag, member=member, moment=moment(at))
