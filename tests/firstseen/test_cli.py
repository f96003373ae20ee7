"""The command as an operator meets it: what it prints, and its exit codes."""

import contextlib
import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media import files, synthetic

PERSON_NEEDED, WRONG_INPUT = 78, 2


def firstseen(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "firstseen", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration as ``init`` writes it."""
    done = firstseen("init", tmp_path / "desk")
    assert done.returncode == 0, done.stderr
    return tmp_path / "desk" / "config.toml"


def test_init_leaves_what_is_there(config: Path) -> None:
    """A second init refuses and changes nothing."""
    written = config.read_text()
    again = firstseen("init", config.parent)
    assert again.returncode == WRONG_INPUT
    assert "exists already" in again.stderr
    assert config.read_text() == written


def test_every_wrong_key_is_named_at_once(config: Path) -> None:
    """All mistakes of a configuration come in one answer, each with its path."""
    config.write_text('state_dir = "state"\ncolour = 1\n[collect]\npoll_every = "soon"\n[[team]]\nname = "A"\n')
    done = firstseen("status", "--config", config)
    assert done.returncode == PERSON_NEEDED
    for path in ("colour", "collect.poll_every", "team[1].user_id"):
        assert path in done.stderr


def test_a_missing_configuration_says_what_to_do(tmp_path: Path) -> None:
    """No configuration: the answer names the file and the command that writes one."""
    done = firstseen("run", "--config", tmp_path / "none.toml")
    assert done.returncode == PERSON_NEEDED
    assert "firstseen init" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_account_without_session_is_told_to_log_in(config: Path) -> None:
    """The service does not start without the session of an account, and says how to get one."""
    secret = config.parent / "secrets" / "api_hash"
    secret.write_text("0" * 32)
    secret.chmod(0o600)
    text = config.read_text().replace("api_id = 0", "api_id = 5")
    config.write_text(text + '\n[[accounts]]\nname = "main"\n')
    done = firstseen("run", "--config", config)
    assert done.returncode == PERSON_NEEDED
    assert "firstseen login" in done.stderr
    assert "Traceback" not in done.stderr


def test_state_readable_by_others_is_refused(config: Path) -> None:
    """A state directory that others may read is refused with the command that mends it."""
    (config.parent / "state").chmod(0o755)
    done = firstseen("status", "--config", config)
    assert done.returncode == PERSON_NEEDED
    assert "chmod 700" in done.stderr


def test_a_folder_is_imported_matched_and_found(config: Path, tmp_path: Path) -> None:
    """Files of a folder are filed once; a copy is found with its footage; rubbish is said to be unreadable.

    The index is read once; when its files are damaged the next command says so and makes them again.
    """
    folder = tmp_path / "files"
    folder.mkdir()
    picture = synthetic.still(5, (640, 480))
    (folder / "2024-10-18 camp.jpg").write_bytes(files.photo(picture))
    (folder / "2024-10-19 copy.jpg").write_bytes(files.photo(picture, quality=50))
    (folder / "2024-10-20 other.jpg").write_bytes(files.photo(synthetic.still(6, (640, 480))))
    first = firstseen("import", folder, "--channel", "Desk files", "--json", "--config", config)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["new"] == 3
    again = firstseen("import", folder, "--channel", "Desk files", "--json", "--config", config)
    assert json.loads(again.stdout)["new"] == 0
    assert "reading the index" in again.stderr
    rows = json.loads(firstseen("findings", "--config", config).stdout)
    assert [row["finding"] for row in rows] == ["new", "repost", "new"]
    assert rows[1]["footage"] == rows[0]["footage"]
    assert rows[1]["best_copy"] == rows[0]["best_copy"]
    assert (rows[0]["best_copy"]["sha256"], rows[0]["best_copy"]["copies"]) == (rows[0]["sha256"], 2)
    assert re.fullmatch(r"[0-9a-f]{16}", rows[0]["phash"])

    copy, rubbish = tmp_path / "asked.jpg", tmp_path / "rubbish.mp4"
    copy.write_bytes(files.photo(picture[::-1, ::-1][::-1, ::-1], quality=40))
    rubbish.write_bytes(b"not a video at all" * 50)
    done = firstseen("find", copy, rubbish, "--json", "--config", config)
    assert "reading the index" not in done.stderr
    answers = json.loads(done.stdout)
    assert [answer["answer"] for answer in answers] == ["seen", "unreadable"]
    assert answers[0]["hits"][0]["footage"] == rows[0]["footage"]
    assert answers[0]["searched"]["files"] == 3
    assert "best copy held: Desk files (earliest of equal copies)" in answers[0]["text"]

    damaged = max((config.parent / "state" / "index").glob("*/*"), key=lambda path: path.stat().st_size)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    mended = firstseen("find", copy, "--json", "--config", config)
    assert json.loads(mended.stdout)[0]["hits"] == answers[0]["hits"]
    for words in ("index_rebuilt", "bytes instead of", "reading the index"):
        assert words in mended.stderr


def test_a_fence_that_cannot_be_had_stops_the_reading(config: Path, tmp_path: Path) -> None:
    """A required fence that nobody knows is refused by name before any file is opened; doctor says so too."""
    config.write_text(config.read_text() + '\n[media]\nisolation = ["a moat"]\n')
    asked = tmp_path / "asked.jpg"
    asked.write_bytes(files.photo(synthetic.still(5, (64, 48))))
    done = firstseen("find", asked, "--config", config)
    assert done.returncode == PERSON_NEEDED
    assert "'a moat' is none of: process of its own" in done.stderr
    checks = json.loads(firstseen("doctor", "--json", "--config", config).stdout)
    assert any(check["state"] == "wrong" and "a moat" in check["words"] for check in checks)


def test_wrong_arguments_are_refused(config: Path, tmp_path: Path) -> None:
    """Missing files, impossible channels and broken manifests: one sentence each, exit code 2."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"index": 3}')
    for arguments in (
        ("find", tmp_path / "nothing.jpg", "--config", config),
        ("import", tmp_path / "nothing", "--config", config),
        ("watch", "add", "not a channel", "--config", config),
        ("watch", "remove", "@nobody", "--config", config),
        ("match", manifest),
        ("dance",),
    ):
        done = firstseen(*arguments)
        assert done.returncode == WRONG_INPUT, (arguments, done.stderr)
        assert "Traceback" not in done.stderr


def test_doctor_reports_every_layer_in_words(config: Path) -> None:
    """Each check is good, weaker or wrong, and the isolation of decoders was really tried."""
    done = firstseen("doctor", "--json", "--config", config)
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert {"python", "sqlite", "configuration", "state directory", "database"} <= checks.keys()
    assert any(name.startswith("isolation: ") for name in checks)
    assert {check["state"] for check in checks.values()} <= {"good", "weaker", "wrong"}


def test_an_import_that_was_killed_is_taken_up_by_the_next(config: Path, tmp_path: Path) -> None:
    """A job that a killed import had in hand is done by the next one, which does not wait for the dead."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "2024-10-18 camp.jpg").write_bytes(files.photo(synthetic.still(5, (64, 48))))
    assert firstseen("import", folder, "--channel", "Desk files", "--config", config).returncode == 0
    with contextlib.closing(sqlite3.connect(config.parent / "state" / "firstseen.sqlite")) as database, database:
        database.execute(
            "INSERT INTO job (queue, key, priority, state, attempts, run_at) VALUES ('match', '1', 2, 'running', 1, 0)"
        )
    assert firstseen("import", folder, "--channel", "Desk files", "--config", config).returncode == 0
    assert json.loads(firstseen("jobs", "--json", "--config", config).stdout) == {"queues": {}, "parked": []}


def test_footage_is_exported_and_that_is_recorded(config: Path, tmp_path: Path) -> None:
    """A bag has both copies with their proof picture, its own verifier agrees, and the log tells of the export."""
    folder, bag = tmp_path / "files", tmp_path / "bag"
    folder.mkdir()
    picture = synthetic.still(5, (640, 480))
    (folder / "2024-10-18 camp.jpg").write_bytes(files.photo(picture))
    (folder / "2024-10-19 copy.jpg").write_bytes(files.photo(picture, quality=50))
    assert firstseen("import", folder, "--channel", "Desk files", "--config", config).returncode == 0
    done = firstseen("export", bag, "--since", "2024-10-18", "--title", "Camp", "--json", "--config", config)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["footage"], made["posts"], made["files"]) == (1, 2, 2)
    assert len(list((bag / "data" / "pictures").iterdir())) == 2
    assert subprocess.run([sys.executable, bag / "verify.py"], check=False, capture_output=True).returncode == 0
    known = f"{made['recorded']['entries']}:{made['recorded']['hash']}"
    assert firstseen("verify", "--head", known, "--config", config).returncode == 0
    for wrong in ((bag, "--footage", "F1"), (tmp_path / "b",), (tmp_path / "b", "--since", "once")):
        assert firstseen("export", *wrong, "--config", config).returncode == WRONG_INPUT


def test_a_backup_is_restored_and_checked(config: Path, tmp_path: Path) -> None:
    """From import to backup to a new machine: the restored archive is sound and finds what the old one had."""
    folder, target = tmp_path / "files", tmp_path / "backup"
    folder.mkdir()
    (folder / "2024-10-18 camp.jpg").write_bytes(files.photo(synthetic.still(5, (64, 48))))
    assert firstseen("import", folder, "--channel", "Desk files", "--config", config).returncode == 0
    done = firstseen("backup", target, "--keep", 3, "--json", "--config", config)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["copied"] == 1
    in_the_way = firstseen("restore", target, "--config", config)
    assert (in_the_way.returncode, "holds a database" in in_the_way.stderr) == (WRONG_INPUT, True)

    firstseen("init", tmp_path / "new")
    back = firstseen("restore", target, "--json", "--config", tmp_path / "new" / "config.toml")
    assert back.returncode == 0, back.stderr
    outcome = json.loads(back.stdout)
    assert (outcome["good"], outcome["posts"], outcome["files"]) == (True, 1, 1)
    rows = [json.loads(firstseen("findings", "--config", one).stdout) for one in (config, tmp_path / "new/config.toml")]
    assert rows[0] == rows[1] != []


def test_verify_finds_damage_by_its_exit_code(config: Path, tmp_path: Path) -> None:
    """0 for an untouched archive, 2 with the file's name for a changed one, 1 when it could not look."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "2024-10-18 camp.jpg").write_bytes(files.photo(synthetic.still(5, (64, 48))))
    assert firstseen("import", folder, "--channel", "Desk files", "--config", config).returncode == 0
    good = firstseen("verify", "--read-data", "--json", "--config", config)
    assert good.returncode == 0, good.stdout
    outcome = json.loads(good.stdout)
    assert (outcome["problems"], outcome["files_read"], outcome["posts"]) == ([], 1, 1)

    head = f"{outcome['head']['entries']}:{outcome['head']['hash']}"
    assert firstseen("verify", "--head", head, "--config", config).returncode == 0
    (kept,) = (path for path in (config.parent / "state" / "objects").rglob("*") if path.is_file())
    kept.chmod(0o600)
    kept.write_bytes(kept.read_bytes()[:-1] + b"\0")
    assert firstseen("verify", "--config", config).returncode == 0
    bad = firstseen("verify", "--read-data", "--config", config)
    assert bad.returncode == 2
    assert kept.name in bad.stdout
    forged = firstseen("verify", "--head", f"1:{'0' * 64}", "--config", config)
    assert (forged.returncode, "entry 1 is not the one" in forged.stdout) == (2, True)
    for wrong in (("--read-data-subset", "lots"), ("--head", "417"), ("--config", tmp_path / "none.toml")):
        assert firstseen("verify", "--config", config, *wrong).returncode == 1


def test_a_watch_list_goes_in_and_comes_out(config: Path, tmp_path: Path) -> None:
    """A list with labels is noted as a whole, and exported as it was."""
    listed = tmp_path / "list.csv"
    listed.write_text("channel,tier,side,language,country,notes\n@astrapress,preview,ru,ru,RU,often first\n")
    added = firstseen("watch", "add", listed, "--config", config)
    assert added.returncode == 0, added.stderr
    assert "@astrapress: noted" in added.stdout
    assert firstseen("watch", "export", "--config", config).stdout == listed.read_text()
