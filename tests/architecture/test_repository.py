"""The repository as a whole: locked, portable, packaged as written, and in pieces that can be read."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = {found[1]: found[2] for found in re.finditer(r"^([a-z0-9._-]+)==([^\s;]+)", LOCK, re.MULTILINE)}
REQUIREMENTS = [
    Requirement(text) for text in (*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"])
]
OUTSIDE_THE_WHEEL = {"loopback", "demo", "tests", "benchmarks"}
MAX_LINES = 600
# Written so that this file does not contain what it looks for.
FOREIGN = re.compile(
    r"/(?:home|Users|root|work|mnt)/\w|[A-Z]:\\Users|(?:pypi|pythonhosted|npmjs)[.](?:org|com)|index[-]url\s*=|"
    r"-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE"
)


def tracked() -> list[Path]:
    """Every file that belongs to the repository."""
    git = shutil.which("git")
    assert git, "git is needed to know which files belong to the repository"
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """The text of a file; empty for one that is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_every_locked_package_has_hashes() -> None:
    """Each package of the lock is named with an exact version and at least one SHA-256."""
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    without = [entry.split()[0] for entry in entries if not entry.startswith("#") and "--hash=sha256:" not in entry]

    assert LOCKED
    assert without == []


def test_the_lock_names_no_address() -> None:
    """Where packages come from is the reader's choice: the lock has no index and no link."""
    assert re.findall(r"https?://|--(?:extra-)?index|--find-links| @ ", LOCK) == []


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: str(requirement.name))
def test_the_lock_covers_the_project(requirement: Requirement) -> None:
    """What pyproject.toml asks for is in the lock, in a version that it allows."""
    version = LOCKED.get(canonicalize_name(requirement.name))

    assert version is not None, f"run `make lock`: {requirement.name} is missing"
    assert requirement.specifier.contains(version, prereleases=True)


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    """No tracked file contains paths of somebody's machine, a package registry or a private key."""
    found = [
        (path.relative_to(ROOT).as_posix(), match[0]) for path in tracked() for match in FOREIGN.finditer(text_of(path))
    ]

    assert found == []


def test_no_file_is_too_long_to_read() -> None:
    """No Python file is longer than can be kept in mind."""
    lengths = {
        path.relative_to(ROOT).as_posix(): text_of(path).count("\n") for path in tracked() if path.suffix == ".py"
    }

    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_the_wheel_has_every_package() -> None:
    """Every package of the product is listed for the wheel; loopback, demo and tests are not."""
    folders = {path.parent.relative_to(ROOT) for path in tracked() if path.name == "__init__.py"}
    product = {".".join(folder.parts) for folder in folders if folder.parts[0] not in OUTSIDE_THE_WHEEL}

    assert set(PROJECT["tool"]["setuptools"]["packages"]) == product


def test_the_wheel_has_every_file_that_is_read() -> None:
    """Files beside the code, such as migrations, are listed for the wheel too."""
    listed = {
        path
        for package, patterns in PROJECT["tool"]["setuptools"].get("package-data", {}).items()
        for pattern in patterns
        for path in (ROOT / package).glob(pattern)
    }
    product = [package.split(".", maxsplit=1)[0] for package in PROJECT["tool"]["setuptools"]["packages"]]
    beside = {path for path in tracked() if path.relative_to(ROOT).parts[0] in product and path.suffix != ".py"}

    assert beside
    assert beside <= listed
