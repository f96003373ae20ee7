"""config.example.toml against core.config: the example is the documentation of every option, and it can't drift."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo

from core.config import CREDENTIALS, Config, Section

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
LINES = EXAMPLE.read_text(encoding="utf-8").splitlines()
WITH_TABLES = "\n".join(re.sub(r"^#(?=\S)", "", line) for line in LINES)
HEADER = re.compile(r"^#?\[{1,2}(?P<table>\w+)\]{1,2}$")
KEY = re.compile(r"^#?(?P<key>\w+) = ")


@dataclass(frozen=True)
class Option:
    """One key of one table, as the code declares it; the top level is the table with no name."""

    table: str
    key: str
    field: FieldInfo

    def __str__(self) -> str:
        return f"{self.table}.{self.key}".lstrip(".")


def section_of(field: FieldInfo) -> type[Section] | None:
    """The table that a field stands for, be it one or an array of them; nothing for a plain option."""
    inner = get_args(field.annotation)[0] if get_origin(field.annotation) is tuple else field.annotation
    return inner if isinstance(inner, type) and issubclass(inner, Section) else None


def declared() -> Iterator[Option]:
    """Every option of the code that may stand in the file."""
    for name, field in Config.model_fields.items():
        if field.exclude:  # a credential
            continue
        section = section_of(field)
        if section is None:
            yield Option("", name, field)
        else:
            yield from (Option(name, key, inner) for key, inner in section.model_fields.items())


def written() -> dict[tuple[str, str], str]:
    """The comment in front of each (table, key) of the example; tables stand under the empty key."""
    comments, table, comment = {}, "", ""
    for line in LINES:
        if header := HEADER.match(line):
            table = header["table"]
            comments[table, ""] = comment
        elif key := KEY.match(line):
            comments[table, key["key"]] = comment
        comment = line.removeprefix("# ") if line.startswith("# ") else ""
    return comments


OPTIONS = list(declared())
COMMENTS = written()


def test_the_example_is_a_configuration_of_defaults() -> None:
    """Read as it stands, the example changes no default."""
    assert Config.model_validate(tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))) == Config()


def test_the_example_names_every_option_and_no_other() -> None:
    """Every option of the code stands in the example, in the code's order, and nothing else does."""
    named = [(table, key) for table, key in COMMENTS if key]

    assert named == [(option.table, option.key) for option in OPTIONS]


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_the_comment_is_the_description(option: Option) -> None:
    """The line above an option says what the code says about it, in a sentence."""
    assert option.field.description, f"{option} has no description in core/config.py"
    assert COMMENTS[option.table, option.key] == option.field.description
    assert option.field.description.endswith(".")


@pytest.mark.parametrize("option", [one for one in OPTIONS if get_origin(one.field.annotation) is Literal], ids=str)
def test_choices_are_named(option: Option) -> None:
    """Where only certain words are allowed, the comment has them all."""
    assert all(choice in COMMENTS[option.table, option.key] for choice in get_args(option.field.annotation))


@pytest.mark.parametrize("table", sorted({option.table for option in OPTIONS} - {""}))
def test_tables_are_described(table: str) -> None:
    """The line above a table says what the code says about it."""
    section = section_of(Config.model_fields[table])
    assert section is not None
    assert COMMENTS[table, ""] == section.__doc__


def test_commented_tables_are_valid_and_show_defaults() -> None:
    """With the number signs taken away the example is still valid, and optional keys of its tables show defaults."""
    tables: dict[str, Any] = tomllib.loads(WITH_TABLES)
    Config.model_validate(tables)

    shown = [
        (str(option), getattr(Config.model_validate(tables), option.table)[0], option)
        for option in OPTIONS
        if option.table and isinstance(tables[option.table], list)
    ]

    assert {name for name, _, _ in shown} >= {"accounts.name", "team.user_id", "chats.chat_id"}
    for name, table, option in shown:
        optional = not option.field.is_required() and NoneType not in get_args(option.field.annotation)
        assert not optional or getattr(table, option.key) == option.field.default, name


def test_credentials_are_explained_but_not_there() -> None:
    """The example tells where the secrets go and has no place for them."""
    prose = "\n".join(line for line in LINES if line.startswith("# "))

    assert all(name in prose for name in CREDENTIALS)
    assert not set(CREDENTIALS) & tomllib.loads(WITH_TABLES).keys()
