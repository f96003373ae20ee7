"""Telegram's three ways to write styles into a text, HTML, MarkdownV2 and the old Markdown, and its own errors."""

import html
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from loopback.faults import ApiError
from loopback.nouns import User
from loopback.wording import Style, Words, units

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
    "blockquote": "blockquote",
}
TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][\w-]*)(?P<rest>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
ATTRIBUTE = re.compile(r"([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+)))?")
REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
RESERVED = "_*[]()~`>#+-=|{}.!"
MARKS = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler"}
KIND_NAMES = {"text_link": "TextUrl", "pre": "Pre", "code": "Code"}


def parsed(text: str, parse_mode: str) -> Words:
    """``text`` read in a parse mode; 400 "can't parse entities" when it is not well formed."""
    readers = {"html": _HtmlReader, "markdownv2": _MarkdownReader, "markdown": _OldMarkdownReader}
    reader = readers.get(parse_mode.lower())
    if reader is None:
        raise ApiError(400, "Bad Request: unsupported parse_mode")
    return reader(text).read()


def _broken(why: str) -> ApiError:
    return ApiError(400, f"Bad Request: can't parse entities: {why}")


@dataclass
class _Open:
    """A style that has begun: what opened it, where in the source, where in the result."""

    kind: str
    mark: str
    source: int
    at: int
    details: dict[str, str] = field(default_factory=dict)


class _Reader:
    """Walks over the source, gathers plain text and styles."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.place = 0
        self.pieces: list[str] = []
        self.length = 0
        self.open: list[_Open] = []
        self.styles: list[Style] = []

    def read(self) -> Words:
        """The words."""
        while self.place < len(self.source):
            self.step()
        self.end()
        return Words("".join(self.pieces), tuple(sorted(self.styles, key=lambda s: (s.offset, -s.length))))

    def step(self) -> None:
        """Take the next piece of the source."""
        raise NotImplementedError

    def end(self) -> None:
        """Whatever must hold at the end."""

    def put(self, text: str) -> None:
        self.pieces.append(text)
        self.length += units(text)

    def byte(self, place: int) -> int:
        """A place in the source as Telegram counts it in errors: bytes of UTF-8."""
        return len(self.source[:place].encode())

    def opened(self, kind: str, mark: str, **details: str) -> None:
        self.open.append(_Open(kind, mark, self.place, self.length, details))

    def closed(self, **details: str) -> None:
        style = self.open.pop()
        size = self.length - style.at
        if size:
            self.styles.append(_style(style.kind, style.at, size, style.details | details))


def _style(kind: str, offset: int, length: int, details: dict[str, str]) -> Style:
    url = details.get("href", "")
    person = urlsplit(url)
    number = parse_qs(person.query).get("id", [""])[0]
    if kind == "text_link" and (person.scheme, person.netloc) == ("tg", "user") and number.isdigit():
        return Style("text_mention", offset, length, user=User(int(number), ""))
    return Style(
        kind,
        offset,
        length,
        url,
        language=details.get("language", ""),
        custom_emoji_id=details.get("emoji-id", ""),
        unix_time=int(details["unix"]) if "unix" in details else None,
        date_time_format=details.get("format", ""),
    )


class _HtmlReader(_Reader):
    def step(self) -> None:
        character = self.source[self.place]
        if character == "<":
            self._tag()
        elif character == "&" and (reference := REFERENCE.match(self.source, self.place)):
            self.put(html.unescape(reference.group()))
            self.place = reference.end()
        else:
            self.put(character)
            self.place += 1

    def end(self) -> None:
        if self.open:
            raise _broken(f'Can\'t find end tag corresponding to start tag "{self.open[-1].mark}"')

    def _tag(self) -> None:
        tag = TAG.match(self.source, self.place)
        if tag is None:
            closing = self.source.startswith("</", self.place)
            raise _broken(self._unclosed(closing=closing))
        name = tag["name"].lower()
        if tag["close"]:
            self._close(name)
        else:
            self._open_tag(name, tag["rest"])
        self.place = tag.end()

    def _unclosed(self, *, closing: bool) -> str:
        at = self.byte(self.place)
        bare = re.compile(r"</?([\w-]*)").match(self.source, self.place)
        name = bare.group(1) if bare else ""
        if ">" in self.source[self.place :] and name not in TAGS:
            return f'Unsupported start tag "{name}" at byte offset {at}'
        return f"Unclosed {'end' if closing else 'start'} tag at byte offset {at}"

    def _open_tag(self, name: str, rest: str) -> None:
        at = self.byte(self.place)
        if name not in TAGS:
            raise _broken(f'Unsupported start tag "{name}" at byte offset {at}')
        found = {m[1].lower(): html.unescape(m[2] or m[3] or m[4] or "") for m in ATTRIBUTE.finditer(rest)}
        if name == "span" and found.get("class") != "tg-spoiler":
            raise _broken(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
        if name == "tg-time" and not found.get("unix", "").isdigit():
            raise _broken(f'Tag "tg-time" must have valid "unix" attribute at byte offset {at}')
        kind = TAGS[name]
        if name == "blockquote" and "expandable" in found:
            kind = "expandable_blockquote"
        if name == "code" and found.get("class", "").startswith("language-"):
            found["language"] = found["class"].removeprefix("language-")
        self.opened(kind, name, **found)

    def _close(self, name: str) -> None:
        at = self.byte(self.place)
        if not self.open:
            raise _broken(f"Unexpected end tag at byte offset {at}")
        last = self.open[-1]
        if last.mark != name:
            raise _broken(f'Unmatched end tag at byte offset {at}, expected "</{last.mark}>", found "</{name}>"')
        self._finish(last)

    def _finish(self, last: _Open) -> None:
        """Close a tag; ``<pre><code class="language-x">`` is one style, a link without address none."""
        inner_code = last.kind == "code" and "language" in last.details
        if inner_code and len(self.open) > 1 and self.open[-2].kind == "pre" and self.open[-2].at == last.at:
            self.open[-2].details["language"] = last.details["language"]
            self.open.pop()
        elif last.kind == "text_link" and not last.details.get("href"):
            self.open.pop()
        else:
            self.closed()


class _MarkdownReader(_Reader):
    """MarkdownV2."""

    def step(self) -> None:
        rest = self.source[self.place : self.place + 3]
        character = rest[0]
        if character == "\\" and len(rest) > 1 and ord(rest[1]) < 127:
            self.put(rest[1])
            self.place += 2
        elif self.open and self.open[-1].kind in {"code", "pre"}:
            self._in_code(rest)
        elif rest == "```" or character == "`":
            self._open_code(rest)
        elif character == ">" and self._line_begins():
            self._quote()
        elif character == "\n":
            self._line_ends()
        elif character in "[]":
            self._link(character)
        else:
            self._mark(character, rest)

    def end(self) -> None:
        self._end_quote()
        if self.open:
            last = self.open[-1]
            name = KIND_NAMES.get(last.kind, last.kind.capitalize())
            raise _broken(f"Can't find end of {name} entity at byte offset {self.byte(last.source)}")

    def _in_code(self, rest: str) -> None:
        mark = self.open[-1].mark
        if rest.startswith(mark):
            self.closed()
            self.place += len(mark)
        else:
            self.put(rest[0])
            self.place += 1

    def _open_code(self, rest: str) -> None:
        if rest != "```":
            self.opened("code", "`")
            self.place += 1
            return
        language = re.compile(r"```(?:([^\s`]+)(?=\s))?\n?").match(self.source, self.place)
        assert language is not None
        self.opened("pre", "```", language=language.group(1) or "")
        self.place = language.end()

    def _line_begins(self) -> bool:
        return self.place == 0 or self.source[self.place - 1] == "\n"

    def _quote(self) -> None:
        if not any(style.kind == "blockquote" for style in self.open):
            self.opened("blockquote", ">")
        self.place += 1

    def _line_ends(self) -> None:
        if not self.source.startswith(">", self.place + 1):
            self._end_quote()
        self.put("\n")
        self.place += 1

    def _end_quote(self) -> None:
        if self.open and self.open[-1].kind == "blockquote":
            self.closed()

    def _link(self, character: str) -> None:
        if character == "[":
            self.opened("text_link", "[")
            self.place += 1
            return
        if not self.open or self.open[-1].kind != "text_link":
            raise self._reserved(character)
        address = re.compile(r"\]\(((?:\\.|[^)\\])*)\)").match(self.source, self.place)
        if address is None:
            raise _broken(f"Can't find end of a URL at byte offset {self.byte(self.place + 1)}")
        self.closed(href=re.sub(r"\\(.)", r"\1", address.group(1)))
        self.place = address.end()

    def _mark(self, character: str, rest: str) -> None:
        mark = next((mark for mark in ("__", "||", "*", "_", "~") if rest.startswith(mark)), None)
        if mark is None:
            if character in RESERVED:
                raise self._reserved(character)
            self.put(character)
            self.place += 1
            return
        if self.open and self.open[-1].mark == mark:
            self.closed()
        else:
            self.opened(MARKS[mark], mark)
        self.place += len(mark)

    def _reserved(self, character: str) -> ApiError:
        return _broken(f"Character '{character}' is reserved and must be escaped with the preceding '\\'")


class _OldMarkdownReader(_Reader):
    """The Markdown of 2015: no nesting."""

    STYLES = re.compile(
        r"(?P<pre>```(?:(?P<language>[^\s`]+)(?=\s))?\n?(?P<block>.*?)```)|`(?P<code>[^`]*)`|\*(?P<bold>[^*]*)\*|"
        r"_(?P<italic>[^_]*)_|\[(?P<label>[^\]]*)\]\((?P<href>[^)]*)\)",
        re.DOTALL,
    )

    def step(self) -> None:
        character = self.source[self.place]
        if character == "\\" and self.source[self.place + 1 : self.place + 2] in {"_", "*", "`", "["}:
            self.put(self.source[self.place + 1])
            self.place += 2
        elif character in "_*`[":
            self._styled()
        else:
            self.put(character)
            self.place += 1

    def _styled(self) -> None:
        found = self.STYLES.match(self.source, self.place)
        if found is None:
            raise _broken(f"Can't find end of the entity starting at byte offset {self.byte(self.place)}")
        kind, text = self._kind(found)
        self.opened(kind, "")
        self.put(text)
        self.closed(href=found["href"] or "", language=found["language"] or "")
        self.place = found.end()

    @staticmethod
    def _kind(found: re.Match[str]) -> tuple[str, str]:
        if found["label"] is not None:
            return "text_link", found["label"]
        if found["pre"] is not None:
            return "pre", found["block"]
        kind = next(kind for kind in ("code", "bold", "italic") if found[kind] is not None)
        return kind, found[kind]
