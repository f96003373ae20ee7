"""Names in the product are words of its vocabulary: none of those that say nothing, or that promise too much."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("bot", "collectors", "core", "evidence", "fingerprints", "firstseen", "pipeline", "storage")
SAY_NOTHING = {
    *("data", "info", "object", "manager", "handler", "processor", "helper", "helpers"),
    *("util", "utils", "common", "misc", "service", "status", "type"),
}
PROMISE_TOO_MUCH = {"original", "source", "dup", "duplicate"}  # we know the earliest that we hold, and matches
BANNED = SAY_NOTHING | PROMISE_TOO_MUCH
ALLOWED = {
    ("firstseen/service.py", "service"): "the one file that is the service",
    ("firstseen/control.py", "ServiceError"): "what the running service answered",
    ("firstseen/control.py", "ask_service"): "asks the running service",
    ("firstseen/cli.py", "status"): "the command's name, as operators know it from elsewhere",
    ("firstseen/commands.py", "status"): "what that command asks for",
    ("firstseen/sdnotify.py", "status"): "systemd's word for its line",
    ("collectors/convert.py", "service"): "Telegram's service messages",
    ("collectors/desktop.py", "_service"): "Telegram's service messages",
    ("collectors/jsonstream.py", "is_object"): "JSON's word",
    ("collectors/markup.py", "handle_data"): "the name that Python's HTML parser calls",
    ("bot/routers/status.py", "status"): "the bot's command, as members know it from elsewhere",
    ("bot/routers/status.py", "write_status"): "what that command writes",
}


@dataclass(frozen=True)
class Name:
    """A module, class or function and where it stands."""

    path: str
    line: int
    name: str


def modules() -> Iterator[Path]:
    """Every file of the product's code."""
    for package in PRODUCT:
        yield from sorted((ROOT / package).rglob("*.py"))


def names(path: Path) -> Iterator[Name]:
    """The module's name, and those of its classes and functions."""
    where = path.relative_to(ROOT).as_posix()
    yield Name(where, 1, path.stem)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield Name(where, node.lineno, node.name)


def words(name: str) -> set[str]:
    """The words of a name, in snake case or camel case."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


FOUND = [name for path in modules() for name in names(path) if words(name.name) & BANNED]


def test_no_name_says_nothing() -> None:
    """No module, class or function carries a banned word, but for those that are listed with a reason."""
    wrong = [name for name in FOUND if (name.path, name.name) not in ALLOWED]

    assert wrong == []


def test_the_list_of_exceptions_is_current() -> None:
    """Every exception still stands in the code."""
    assert {(name.path, name.name) for name in FOUND} >= ALLOWED.keys()


def test_no_file_is_a_base() -> None:
    """No file is called base, which says that it is under something and not what it is."""
    assert [path for path in modules() if path.stem == "base"] == []


@pytest.mark.parametrize("name", ["DataManager", "parse_info", "HTTPHandler", "get_original", "is_dup", "_utils"])
def test_banned_words_are_found(name: str) -> None:
    """The check sees banned words in every way of writing names."""
    assert words(name) & BANNED


@pytest.mark.parametrize(
    "name", ["metadata_of", "informed", "typed", "resource", "database", "Provenance", "objection"]
)
def test_other_words_are_not_touched(name: str) -> None:
    """Words that merely contain a banned one are fine."""
    assert not words(name) & BANNED
