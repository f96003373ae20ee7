"""The files for systemd: right by its own tools where they exist, and by rules of ours everywhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import CREDENTIALS, Config
from firstseen import exits
from firstseen.cli import DEFAULT_CONFIG

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "systemd"
UNIT = FOLDER / "firstseen.service"
PROGRAM = "/opt/firstseen/.venv/bin/firstseen"
EXPOSURE = 12  # tenths; what is left is the network, which a Telegram client needs
ANALYZE = shutil.which("systemd-analyze") or ""
analyze = pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is not installed")


def settings(section: str) -> dict[str, list[str]]:
    """Every value of every key of a section of the unit, in the order they are written."""
    found: dict[str, list[str]] = {}
    inside = ""
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if header := re.fullmatch(r"\[(\w+)\]", line):
            inside = header[1]
            continue
        key, equals, value = line.partition("=")
        assert equals, f"{line!r} is neither a comment nor a setting"
        if inside == section:
            found.setdefault(key, []).append(value)
    return found


SERVICE = settings("Service")
HARDENING = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "DevicePolicy": "closed",
    "PrivateUsers": "yes",
    "PrivateMounts": "yes",
    "ProtectHostname": "yes",
    "ProtectClock": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
    "ProcSubset": "pid",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "RemoveIPC": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "KeyringMode": "private",
    "NoExecPaths": "/var/lib/firstseen",
    "SystemCallArchitectures": "native",
    "SystemCallErrorNumber": "EPERM",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
}


def seconds(text: str) -> int:
    """A time span of the unit in seconds."""
    number, unit = re.fullmatch(r"(\d+)(min)?", text).groups()  # type: ignore[union-attr] # a time of another form fails
    return int(number) * (60 if unit else 1)


@analyze
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """Systemd's own check finds nothing to say; the program it names is replaced by one that is installed here."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, sys.executable), encoding="utf-8")

    checked = subprocess.run([ANALYZE, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")


@analyze
def test_systemd_finds_little_exposed() -> None:
    """Systemd's own score of what the service could harm stays at what the network alone costs."""
    scored = subprocess.run(
        [ANALYZE, "security", "--offline=true", f"--threshold={EXPOSURE}", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert scored.returncode == 0, scored.stdout.splitlines()[-1]


@pytest.mark.parametrize("key", HARDENING)
def test_the_fence_has_no_hole(key: str) -> None:
    """Every line of the fence stands in the unit, once, as it should be."""
    assert SERVICE.get(key) == [HARDENING[key]]


def test_decoders_may_fence_themselves() -> None:
    """The system call filter leaves out what only root needs, and lets the decoders add fences of their own."""
    assert SERVICE["SystemCallFilter"] == [
        "@system-service",
        "~@privileged @resources",
        "landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp capset",
    ]


def test_credentials_are_those_of_the_configuration() -> None:
    """Systemd hands over exactly the secrets that the configuration knows, from files that tmpfiles creates."""
    given = dict(value.split(":") for value in SERVICE["LoadCredential"])
    made = (FOLDER / "firstseen.tmpfiles.conf").read_text(encoding="utf-8")

    assert tuple(given) == CREDENTIALS
    for name, path in given.items():
        assert path == f"{DEFAULT_CONFIG.parent}/secrets/{name}"
        assert re.search(rf"^f\s+{path}\s+0600\s+firstseen\s+firstseen\s", made, re.MULTILINE)


def test_no_secret_comes_by_the_environment() -> None:
    """The unit sets no environment, which every child process would inherit."""
    assert not {"Environment", "EnvironmentFile", "PassEnvironment"} & SERVICE.keys()


def test_the_program_and_its_configuration() -> None:
    """The unit runs the service with the configuration that the other commands use by themselves."""
    assert SERVICE["ExecStart"] == [f"{PROGRAM} run --config {DEFAULT_CONFIG}"]
    assert SERVICE["Type"] == ["notify"]
    assert SERVICE["NotifyAccess"] == ["main"]
    assert SERVICE["KillMode"] == ["mixed"]
    assert SERVICE["OOMPolicy"] == ["continue"]


def test_it_comes_back_unless_a_person_must_act() -> None:
    """A crash is followed by a new start; the exit code for a person is not."""
    assert SERVICE["Restart"] == ["on-failure"]
    assert SERVICE["RestartPreventExitStatus"] == [str(exits.PERSON_NEEDED)]


def test_there_is_time_to_stop() -> None:
    """A decoder's processor time fits into the stop, and the stop into the watchdog, which is not fed meanwhile."""
    assert Config().media.video_cpu < seconds(SERVICE["TimeoutStopSec"][0]) < seconds(SERVICE["WatchdogSec"][0])


def test_the_state_directory_is_the_default() -> None:
    """Systemd makes the directory that the configuration names by default, for the user that sysusers makes."""
    (user,) = [
        line.split()
        for line in (FOLDER / "firstseen.sysusers.conf").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]

    assert str(Config().state_dir) == f"/var/lib/{SERVICE['StateDirectory'][0]}" == SERVICE["WorkingDirectory"][0]
    assert SERVICE["User"] == SERVICE["Group"] == [user[1]]
    assert user[0] == "u"
    assert str(Config().state_dir) in user
    assert user[-1] == "/usr/sbin/nologin"


@pytest.mark.parametrize("path", ["/etc/firstseen", "/etc/firstseen/secrets", "/var/lib/firstseen"])
def test_folders_are_private(path: str) -> None:
    """The folders of configuration, secrets and state are made for the service's user alone."""
    made = (FOLDER / "firstseen.tmpfiles.conf").read_text(encoding="utf-8")

    assert re.search(rf"^d\s+{path}\s+0700\s+firstseen\s+firstseen\s", made, re.MULTILINE)


TIMED = ("firstseen-verify", "firstseen-backup", "firstseen-retain")


@analyze
@pytest.mark.parametrize("name", TIMED)
def test_timed_units_are_accepted_and_closed(name: str, tmp_path: Path) -> None:
    """Systemd accepts each timer with its service, which is exposed to next to nothing: it has no network."""
    for suffix in ("service", "timer"):
        text = (FOLDER / f"{name}.{suffix}").read_text(encoding="utf-8")
        (tmp_path / f"{name}.{suffix}").write_text(text.replace(PROGRAM, sys.executable), encoding="utf-8")
    copies = [str(tmp_path / f"{name}.{suffix}") for suffix in ("service", "timer")]
    checked = subprocess.run([ANALYZE, "verify", "--man=no", *copies], capture_output=True, text=True, check=False)
    scored = subprocess.run(
        [ANALYZE, "security", "--offline=true", "--threshold=3", str(FOLDER / f"{name}.service")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stderr) == (0, "")
    assert scored.returncode == 0, scored.stdout.splitlines()[-1]
