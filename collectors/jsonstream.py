"""Reads a large JSON file piece by piece: memory holds one value of an array at a time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from core.errors import InputError

CHUNK = 1 << 18  # characters
LONGEST = 1 << 26  # characters: a single value beyond this is no message
_SPACE = " \t\r\n"


class JsonStream:
    """A cursor in a JSON text.

    ``members`` and ``items`` walk into it; whoever is given a place reads it with ``value``, by walking on, or passes
    it with ``skip``.
    """

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._text = ""
        self._at = 0
        self._passed = 0
        self._ended = False
        self._decoder = json.JSONDecoder()

    def members(self) -> Iterator[str]:
        """The names in the object that begins here; the value of each must be read before the next."""
        self._expect("{")
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise self._broken("a name was expected")
            self._expect(":")
            yield name
            if self._next_or_end("}"):
                return

    def items(self) -> Iterator[None]:
        """One step per value of the array that begins here; each must be read before the next."""
        self._expect("[")
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield
            if self._next_or_end("]"):
                return

    def value(self) -> Any:
        """The whole value that begins here."""
        self._peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended or len(self._text) - self._at > LONGEST:
                    raise self._broken(error.msg) from None
                self._more()
                continue
            if end == len(self._text) and not self._ended:  # a number may go on
                self._more()
                continue
            self._at = end
            return found

    def skip(self) -> None:
        """Pass over the value that begins here, however large."""
        if self._peek() == "{":
            for _name in self.members():
                self.skip()
        elif self._peek() == "[":
            for _step in self.items():
                self.skip()
        else:
            self.value()

    def is_array(self) -> bool:
        """Whether an array begins here."""
        return self._peek() == "["

    def is_object(self) -> bool:
        """Whether an object begins here."""
        return self._peek() == "{"

    def end(self) -> None:
        """Nothing but space may follow."""
        if self._peek():
            raise self._broken("something follows the end")

    def _next_or_end(self, closing: str) -> bool:
        found = self._peek()
        if found not in {",", closing} or not found:
            raise self._broken(f"',' or '{closing}' was expected")
        self._at += 1
        return found == closing

    def _expect(self, wanted: str) -> None:
        if self._peek() != wanted:
            raise self._broken(f"'{wanted}' was expected")
        self._at += 1

    def _peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more()

    def _more(self) -> None:
        """Read on; what is behind the cursor is let go, what is ahead of it doubles so that retries stay few."""
        try:
            chunk = self._file.read(max(CHUNK, len(self._text) - self._at))
        except UnicodeDecodeError as error:
            raise InputError(f"{self._path}: is no text in UTF-8 ({error.reason}); nothing was imported") from None
        self._passed += self._at
        self._text = self._text[self._at :] + chunk
        self._at = 0
        self._ended = not chunk

    def _broken(self, why: str) -> InputError:
        where = self._passed + self._at
        return InputError(f"{self._path}: damaged or cut off at character {where} ({why}); nothing was imported")
