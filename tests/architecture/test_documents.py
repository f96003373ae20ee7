"""The documents name only what exists: files, chapters, commands with their options, settings, exit codes."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from core.config import Config
from firstseen import exits
from firstseen.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")), *sorted(ROOT.glob("*/README.md"))]
LINK = re.compile(r"\[[^\]]*\]\((?!\w+:)(?P<path>[^)#]*)(?:#(?P<chapter>[^)]*))?\)")
FENCED = re.compile(r"^```sh\n(?P<block>.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`(?P<code>[^`\n]+)`")
SETTING = re.compile(rf"^(?P<table>{'|'.join(Config.model_fields)})\.(?P<key>\w+)$")


@dataclass(frozen=True)
class Quoted:
    """Something that a document says exists."""

    document: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}: {self.text}"


def chapters(path: Path) -> set[str]:
    """The anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands() -> Iterator[Quoted]:
    """Every firstseen command in the documents' blocks and sentences."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        lines = [line for block in FENCED.finditer(text) for line in block["block"].splitlines()]
        for line in [*lines, *(code["code"] for code in CODE.finditer(text))]:
            if found := re.match(
                r"(?:sudo -u firstseen )?(?:\.venv/bin/|/opt/firstseen/\.venv/bin/)?firstseen (.+)", line
            ):
                yield Quoted(path.relative_to(ROOT).as_posix(), found[1].split(" #", maxsplit=1)[0].strip())


def settings() -> Iterator[Quoted]:
    """Every ``table.key`` of the configuration that the documents mention."""
    for path in DOCUMENTS:
        for code in CODE.finditer(path.read_text(encoding="utf-8")):
            if SETTING.match(code["code"]):
                yield Quoted(path.relative_to(ROOT).as_posix(), code["code"])


def files() -> Iterator[Quoted]:
    """Every file or folder of the checkout that the documents name."""
    top = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    for path in DOCUMENTS:
        for code in CODE.finditer(path.read_text(encoding="utf-8")):
            if "/" in code["code"] and code["code"].split("/")[0] in top:
                yield Quoted(path.relative_to(ROOT).as_posix(), code["code"])


FILES = sorted(set(files()), key=str)
COMMANDS, SETTINGS = sorted(set(commands()), key=str), sorted(set(settings()), key=str)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    """Every link between the documents leads to a file, and to a chapter when it names one."""
    for link in LINK.finditer(path.read_text(encoding="utf-8")):
        target = (path.parent / link["path"]).resolve() if link["path"] else path
        assert target.exists(), link[0]
        assert not link["chapter"] or link["chapter"] in chapters(target), link[0]


@pytest.mark.parametrize("quoted", FILES, ids=str)
def test_files_exist(quoted: Quoted) -> None:
    """Every file and folder that the documents name is there."""
    assert (ROOT / quoted.text).exists()


@pytest.mark.parametrize("quoted", COMMANDS, ids=str)
def test_commands_exist(quoted: Quoted) -> None:
    """Every command in the documents exists with the options it is shown with."""
    command: Any = typer.main.get_command(app)  # of the click that typer carries inside
    words = shlex.split(quoted.text)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        assert name in command.commands, f"firstseen has no command {name}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}

    assert {word for word in words if word.startswith("--")} <= known | {"--help"}


@pytest.mark.parametrize("quoted", SETTINGS, ids=str)
def test_settings_exist(quoted: Quoted) -> None:
    """Every setting in the documents exists in the configuration."""
    table, key = quoted.text.split(".")

    assert hasattr(getattr(Config(), table), key)


def test_exit_codes_are_documented() -> None:
    """The table of exit codes has every code, and no other."""
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = text.partition("## Exit codes")[2].partition("\n## ")[0]
    codes = {value for name, value in vars(exits).items() if name.isupper()}

    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == codes


def test_something_is_checked() -> None:
    """The documents do quote commands, settings and files, so that the checks above are not empty."""
    assert {quoted.text.split()[0] for quoted in COMMANDS} >= {"init", "login", "watch", "doctor", "status"}
    assert SETTINGS
    assert FILES
