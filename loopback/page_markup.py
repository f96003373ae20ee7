"""t.me's markup for channels and posts: the classes and attributes that readers of previews go by, not the looks.

The traps are those of the real pages: photos only as a background picture, the text of what is answered in the same
class as the post's own, an album's text in that class twice over, "edited" as bare words, and no file for what is big.
"""

import base64
import html
import json
from collections.abc import Sequence

from loopback.nouns import Channel, Forward, Post, WebPage
from loopback.page_media import Addresses, media
from loopback.wording import Style, styled, units

THOUSAND = 1000

_TAGS = {
    "bold": ("<b>", "</b>"),
    "italic": ("<i>", "</i>"),
    "underline": ("<u>", "</u>"),
    "strikethrough": ("<s>", "</s>"),
    "code": ("<code>", "</code>"),
    "pre": ("<pre>", "</pre>"),
    "spoiler": ("<tg-spoiler>", "</tg-spoiler>"),
    "blockquote": ("<blockquote>", "</blockquote>"),
}


def short(count: int) -> str:
    """A count as t.me shows it: 999, 2.88K, 110K, 1.59M."""
    for unit, size in (("M", THOUSAND * THOUSAND), ("K", THOUSAND)):
        if count >= size:
            value = count / size
            digits = 2 if value < 10 else 1 if value < 100 else 0
            factor = 10**digits
            cut = int(value * factor) / factor
            return f"{cut:g}{unit}"
    return str(count)


def words(text: str, styles: Sequence[Style]) -> str:
    """A text with its styles as tags."""
    marks: list[tuple[int, int, int, str]] = []
    for number, style in enumerate(styles):
        begin, end = _tags(style, text)
        marks.append((style.offset, 1, number, begin))
        marks.append((style.end, 0, -number, end))
    marks.sort()
    pieces, at = [], 0
    for character in text:
        while marks and marks[0][0] <= at:
            pieces.append(marks.pop(0)[3])
        pieces.append("<br/>" if character == "\n" else html.escape(character))
        at += units(character)
    return "".join(pieces) + "".join(mark[3] for mark in marks)


def _tags(style: Style, text: str) -> tuple[str, str]:
    if style.kind in {"text_link", "url"}:
        encoded = text.encode("utf-16-le")[2 * style.offset : 2 * style.end]
        address = style.url or encoded.decode("utf-16-le")
        return f'<a href="{html.escape(address)}" target="_blank" rel="noopener">', "</a>"
    return _TAGS.get(style.kind, ("", ""))


# ---------------------------------------------------------------------------------------------------- pages


def channel_page(channel: Channel, groups: Sequence[Sequence[Post]], *, older: bool, at: Addresses) -> str:
    """The preview of a channel: its posts, albums as one, and the way to older ones."""
    name = channel.names[0]
    more = ""
    if older and groups:
        first = groups[0][0].id
        more = (
            '<div class="tgme_widget_message_centered js-messages_more_wrap">'
            f'<a href="/s/{name}?before={first}" class="tme_messages_more js-messages_more" data-before="{first}"></a>'
            "</div>"
        )
    posts = "".join(
        f'<div class="tgme_widget_message_wrap js-widget_message_wrap">{widget(group, at)}</div>' for group in groups
    )
    return _page(
        channel,
        f'{_header(channel)}<main class="tgme_main" data-url="/{name}">'
        f'<section class="tgme_channel_history js-message_history">{more}{posts}</section></main>',
    )


def _header(channel: Channel) -> str:
    return (
        '<div class="tgme_channel_info"><div class="tgme_channel_info_header_title">'
        f"{_auto(channel.title)}</div>"
        f'<div class="tgme_channel_info_header_username"><a href="https://t.me/{channel.names[0]}">'
        f'@{channel.names[0]}</a></div><div class="tgme_channel_info_counters">'
        f'<div class="tgme_channel_info_counter"><span class="counter_value">{short(channel.subscribers)}</span> '
        '<span class="counter_type">subscribers</span></div></div>'
        f'<div class="tgme_channel_info_description">{html.escape(channel.about)}</div></div>'
    )


def landing_page(channel: Channel | None, name: str) -> str:
    """The page that only offers to open Telegram; the same for a name nobody has."""
    if channel is None:
        return _page(None, f'<div class="tgme_page"><a href="tg://resolve?domain={html.escape(name)}">Open</a></div>')
    extra = f"{channel.subscribers:,} subscribers".replace(",", " ")
    return _page(
        channel,
        f'<div class="tgme_page"><div class="tgme_page_title">{_auto(channel.title)}</div>'
        f'<div class="tgme_page_extra">{extra}</div></div>',
    )


def embed_page(channel: Channel, group: Sequence[Post], at: Addresses) -> str:
    """One post, or the album it belongs to, as shown on other sites."""
    return _page(channel, widget(group, at))


def missing_page(channel: Channel | None) -> str:
    """What stands in place of a post that is not there."""
    return _page(channel, '<div class="tgme_widget_message_error">Post not found</div>')


def _page(channel: Channel | None, body: str) -> str:
    title = f"{html.escape(channel.title)} – Telegram" if channel else "Telegram"
    about = html.escape(channel.about) if channel else ""
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta property="og:title" content="{html.escape(channel.title) if channel else "Telegram"}">'
        f'<meta property="og:description" content="{about}"></head><body>{body}</body></html>\n'
    )


# ---------------------------------------------------------------------------------------------------- one post


def widget(group: Sequence[Post], at: Addresses) -> str:
    """A post, or an album as one."""
    first = group[0]
    name = first.channel.names[0]
    service = " service_message" if first.service else ""
    inner = _service(first) if first.service else _bubble(group, at)
    return (
        f'<div class="tgme_widget_message text_not_supported_wrap js-widget_message{service}" '
        f'data-post="{name}/{first.id}" data-view="{_view(first)}">'
        f'<div class="tgme_widget_message_bubble">{_owner(first)}{inner}{_footer(first)}</div></div>'
    )


def _view(post: Post) -> str:
    """What the real page's counter of views sends back: it holds the channel's number."""
    told = json.dumps({"c": -post.channel.id, "p": post.id, "t": int(post.date.timestamp()), "h": "0"})
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _owner(post: Post) -> str:
    name = post.channel.names[0]
    return (
        '<div class="tgme_widget_message_author accent_color"><a class="tgme_widget_message_owner_name" '
        f'href="https://t.me/{name}"><span dir="auto">{html.escape(post.channel.title)}</span></a></div>'
    )


def _service(post: Post) -> str:
    assert post.service is not None
    said = {"pin": "pinned a message", "title": "Channel name was changed to", "photo": "Channel photo updated"}
    spoken = f"{said.get(post.service.kind, 'Channel created')} {post.service.text}".strip()
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{html.escape(spoken)}</div>'


def _bubble(group: Sequence[Post], at: Addresses) -> str:
    first = group[0]
    shown = "".join(media(post, at, grouped=len(group) > 1) for post in group)
    if len(group) > 1:
        shown = (
            '<div class="tgme_widget_message_grouped_wrap js-message_grouped_wrap">'
            f'<div class="tgme_widget_message_grouped js-message_grouped">{shown}</div></div>'
        )
    said = next((post for post in group if post.text), first)
    return _forwarded(first.forward) + _reply(first) + shown + _text(said, twice=len(group) > 1) + _after(said, at)


def _forwarded(forward: Forward | None) -> str:
    if forward is None:
        return ""
    if forward.channel is not None and forward.channel.names:
        where = f"https://t.me/{forward.channel.names[0]}/{forward.post_id}"
        name = f'<a class="tgme_widget_message_forwarded_from_name" href="{where}">{_auto(forward.channel.title)}</a>'
    else:
        who = forward.channel.title if forward.channel else forward.user.first_name if forward.user else forward.name
        name = f'<span class="tgme_widget_message_forwarded_from_name">{_auto(who or "")}</span>'
    return f'<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from {name}</div>'


def _auto(text: str) -> str:
    return f'<span dir="auto">{html.escape(text)}</span>'


def _reply(post: Post) -> str:
    if post.reply is None or post.reply.post_id is None:
        return ""
    where = post.reply.channel or post.channel
    answered = where.posts.get(post.reply.post_id)
    if answered is None or answered.deleted or not where.names:
        return ""
    return (
        f'<a class="tgme_widget_message_reply user-color-default" href="https://t.me/{where.names[0]}/{answered.id}">'
        f'<div class="tgme_widget_message_author accent_color"><span class="tgme_widget_message_author_name" '
        f'dir="auto">{html.escape(where.title)}</span></div>'
        f'<div class="tgme_widget_message_text js-message_reply_text" dir="auto">{html.escape(answered.text)}</div></a>'
    )


def _text(post: Post, *, twice: bool) -> str:
    spoken = words(post.text, styled(post.entities))
    if post.rich is not None:
        spoken = "<br/>".join(html.escape(paragraph) for paragraph in post.rich.paragraphs)
    if not spoken:
        return ""
    inner = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{spoken}</div>'
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{inner}</div>' if twice else inner


def _after(post: Post, at: Addresses) -> str:
    page = post.media
    if not isinstance(page, WebPage):
        return ""
    picture = ""
    if page.photo is not None:
        picture = f'<i class="link_preview_image" style="background-image:url(\'{at.picture(page.photo)}\')"></i>'
    return (
        f'<a class="tgme_widget_message_link_preview" href="{html.escape(page.url)}">{picture}'
        f'<div class="link_preview_title" dir="auto">{html.escape(page.title)}</div>'
        f'<div class="link_preview_description" dir="auto">{html.escape(page.description)}</div></a>'
    )


def _footer(post: Post) -> str:
    edited = "edited &nbsp;" if post.edit_date and not post.edit_hide else ""
    author = ""
    if post.author:
        author = f'<span class="tgme_widget_message_from_author" dir="auto">{html.escape(post.author)}</span>,&nbsp;'
    return (
        '<div class="tgme_widget_message_footer compact js-message_footer"><div class="tgme_widget_message_info short '
        f'js-message_info"><span class="tgme_widget_message_views">{short(post.views)}</span>'
        f'<span class="copyonly"> views</span><span class="tgme_widget_message_meta">{author}{edited}'
        f'<a class="tgme_widget_message_date" href="https://t.me/{post.channel.names[0]}/{post.id}">'
        f'<time datetime="{post.date.isoformat()}" class="time">{post.date:%H:%M}</time></a></span></div></div>'
    )
