"""Decoding happens in processes that can do nothing else, and nothing that happens to them reaches the service."""

import asyncio
import os
import platform
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import InputError, Transient
from fingerprints import child, sandbox, wire
from fingerprints.child import Isolation
from fingerprints.media import Limits, Verdict
from tests.fingerprints.conftest import MakeFile
from tests.media import files, hostile, synthetic

LIMITS = Limits()
PATIENCE = 20.0
FILTERED = platform.machine() in {"x86_64", "aarch64"}


@pytest.fixture
def own_isolation() -> Iterator[Isolation]:
    """One that a test may harm."""
    with Isolation(slots=2) as started:
        yield started


@pytest.fixture
def good(make_file: MakeFile) -> Path:
    """A healthy photo."""
    return make_file(hostile.jpeg(), "good")


@pytest.fixture
def endless(make_file: MakeFile) -> Path:
    """A file that takes all the time it is given."""
    return make_file(hostile.scan_bomb(), "endless")


def zygote_pid(isolation: Isolation) -> int:
    """The process that forks."""
    assert isolation._zygote is not None
    return isolation._zygote.process.pid


def children(pid: int) -> list[int]:
    """The processes that a process has forked."""
    return [int(found) for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def has_ended(pidfd: int) -> bool:
    """Whether a process ends within our patience."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(PATIENCE * 1000))


def test_every_fence_is_named(isolation: Isolation) -> None:
    """The posture names every fence, standing or not, and an answer names those that stood."""
    found = child.posture(isolation)
    assert set(found) == set(sandbox.LAYERS)
    assert found[sandbox.PROCESS]
    assert found[sandbox.LIMITS]
    assert found[sandbox.PRIVILEGES]
    assert found[sandbox.CALLS] == FILTERED


def test_answers_name_their_fences(isolation: Isolation, good: Path, endless: Path) -> None:
    """The fences in force are told with every answer, that of a killed process included."""
    standing = {name for name, stands in child.posture(isolation).items() if stands}
    for path in (good, endless):
        answer = isolation.run("describe", [path], {}, Limits(photo_cpu=1))
        assert set(answer.layers) == standing


@pytest.mark.parametrize(
    ("deed", "ending"),
    [
        ("open('/etc/passwd')", "PermissionError"),
        ("os.listdir('/')", "PermissionError"),
        ("os.open('/tmp/x', os.O_CREAT | os.O_WRONLY)", "PermissionError"),
        ("os.fork()", "PermissionError"),
        ("os.kill(os.getppid(), 9)", "PermissionError"),
        ("resource.setrlimit(resource.RLIMIT_CPU, (999, 999))", "ValueError"),
        ("os.unlink('/etc/passwd')", "PermissionError"),
        ("bytearray(3_000_000_000)", "MemoryError"),
        ("socket.socket()", "SIGSYS"),
        ("os.execv('/bin/true', ['true'])", "SIGSYS"),
        ("[hash(n) for n in iter(int, 1)]", "SIGXCPU"),
        ("threading.Thread(target=int).start()", "fine"),
    ],
)
@pytest.mark.skipif(not FILTERED, reason=f"no system call filter for {platform.machine()}")
def test_fences_hold(deed: str, ending: str) -> None:
    """Behind the fences no file can be opened, no process or socket made, no signal sent, no limit raised."""
    script = f"""
import os, resource, socket, threading
from fingerprints import sandbox
sandbox.confine()
sandbox.lock_down(sandbox.Budget(memory=1_500_000_000, cpu_seconds=1), os.getppid())
try:
    {deed}
except BaseException as error:
    os.write(1, type(error).__name__.encode())
    os._exit(0)
os.write(1, b"fine")
os._exit(0)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    said = ended.stdout.decode() if ended.returncode == 0 else signal.Signals(-ended.returncode).name
    assert said == ending, ended.stderr


def test_processor_time(own_isolation: Isolation, good: Path, endless: Path) -> None:
    """A file that takes too long is killed, with the limit in words; others at the same time and after are not."""
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(own_isolation.run, "describe", [endless], {}, Limits(photo_cpu=1))
        meanwhile = [own_isolation.run("describe", [good], {}, LIMITS) for _ in range(5)]
        killed = slow.result()
    assert (killed.verdict, killed.reason) == (Verdict.KILLED, "over 1 s of processor time")
    assert killed.cpu_seconds > 0
    assert {answer.verdict for answer in meanwhile} == {Verdict.OK}
    assert own_isolation.run("describe", [good], {}, LIMITS).verdict is Verdict.OK


def test_waiting_time(isolation: Isolation, endless: Path) -> None:
    """A process that is over its time by the clock is killed even if it has processor time left."""
    answer = isolation.run("describe", [endless], {}, Limits(photo_cpu=60, wall_factor=0.005, wall_spare=0))
    assert (answer.verdict, answer.reason) == (Verdict.KILLED, "took far longer than its processor time allows")


def test_memory(isolation: Isolation, make_file: MakeFile) -> None:
    """A picture that needs more memory than it may have ends in a verdict that says so."""
    wide = make_file(hostile.png(6_900, 6_900))
    answer = isolation.run("describe", [wide], {}, Limits(memory=450_000_000))
    assert (answer.verdict, answer.reason) == (Verdict.KILLED, "over 0.45 GB of memory")


def test_answers_are_bounded(isolation: Isolation, good: Path) -> None:
    """A task that makes more than an answer may hold is refused."""
    answer = isolation.run("preview", [good], {}, Limits(answer_bytes=100))
    assert (answer.verdict, answer.payload) == (Verdict.REFUSED, b"")


def test_preview(isolation: Isolation, make_file: MakeFile, good: Path) -> None:
    """A photo and a video have a poster in JPEG, a sound has none."""
    photo = isolation.run("preview", [good], {"side": 64}, LIMITS)
    video = isolation.run("preview", [make_file(hostile.mp4(), "v")], {}, LIMITS)
    sound = isolation.run("preview", [make_file(files.sound(synthetic.voice(1, 1)), "s")], {}, LIMITS)
    assert photo.payload.startswith(b"\xff\xd8\xff")
    assert len(photo.payload) < 10_000
    assert video.payload.startswith(b"\xff\xd8\xff")
    assert (sound.verdict, sound.payload) == (Verdict.OK, b"")


def test_many_at_once(isolation: Isolation, good: Path) -> None:
    """Many threads may ask at once; each gets its own answer."""
    sides = [16 + number for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda side: isolation.run("preview", [good], {"side": side}, LIMITS), sides))
    assert len({answer.payload for answer in answers}) == len(sides)


async def test_inside_an_event_loop(isolation: Isolation, good: Path) -> None:
    """It works from an event loop's threads, the loop turning meanwhile."""
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(asyncio.to_thread(isolation.run, "describe", [good], {}, LIMITS)) for _ in range(6)]
    assert {task.result().verdict for task in asked} == {Verdict.OK}


def test_no_descriptor_stays_open(isolation: Isolation, good: Path) -> None:
    """Neither we nor the zygote keep a descriptor of a task that ended."""
    folders = [Path("/proc/self/fd"), Path(f"/proc/{zygote_pid(isolation)}/fd")]
    isolation.run("describe", [good], {}, LIMITS)
    before = [len(list(folder.iterdir())) for folder in folders]
    for _ in range(10):
        isolation.run("describe", [good], {}, LIMITS)
    assert [len(list(folder.iterdir())) for folder in folders] == before


def test_no_secrets_inside(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decoding processes know nothing of our environment."""
    monkeypatch.setenv("CANARY", "5:token")
    with Isolation() as fresh:
        fresh.run("describe", [good], {}, LIMITS)
        known = Path(f"/proc/{zygote_pid(fresh)}/environ").read_bytes()
    assert b"LANG=" in known
    assert b"CANARY" not in known


def test_zygote_dies(own_isolation: Isolation, good: Path, endless: Path) -> None:
    """When the zygote dies only the task in hand fails, as transient; the next finds a new zygote."""
    before = zygote_pid(own_isolation)
    with ThreadPoolExecutor(1) as threads:
        in_hand = threads.submit(own_isolation.run, "describe", [endless], {}, Limits(photo_cpu=60))
        while not children(before):
            own_isolation.run("describe", [good], {}, LIMITS)
        pidfds = [os.pidfd_open(pid) for pid in children(before)]
        os.kill(before, signal.SIGKILL)
        with pytest.raises(Transient):
            in_hand.result()
    assert all(map(has_ended, pidfds))
    for pidfd in pidfds:
        os.close(pidfd)
    assert own_isolation.run("describe", [good], {}, LIMITS).verdict is Verdict.OK
    assert zygote_pid(own_isolation) != before


def test_closing_ends_what_is_in_hand(good: Path, endless: Path) -> None:
    """Closing does not wait for a file in hand: its task fails as transient, as do later ones until it is started."""
    isolation = Isolation()
    isolation.start()
    with ThreadPoolExecutor(1) as threads:
        in_hand = threads.submit(isolation.run, "describe", [endless], {}, Limits(photo_cpu=60))
        while not children(zygote_pid(isolation)):
            isolation.run("describe", [good], {}, LIMITS)
        isolation.close()
        with pytest.raises(Transient):
            in_hand.result()
    with pytest.raises(Transient):
        isolation.run("describe", [good], {}, LIMITS)
    with isolation:
        assert isolation.run("describe", [good], {}, LIMITS).verdict is Verdict.OK


SERVICE = """
import sys, threading
from pathlib import Path
from fingerprints.child import Isolation
from fingerprints.media import Limits

isolation = Isolation()
isolation.start()
endless = threading.Thread(
    target=isolation.run, args=("describe", [Path(sys.argv[2])], {}, Limits(photo_cpu=60)), daemon=True
)
endless.start()
isolation.run("describe", [Path(sys.argv[1])], {}, Limits())
print(isolation._zygote.process.pid, flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("ending", ["kill -9", "exit"])
def test_ends_with_the_service(ending: str, good: Path, endless: Path) -> None:
    """Zygote and decoding processes are gone when the service is, killed or not, and hold up nobody's exit."""
    command = [sys.executable, "-c", SERVICE, str(good), str(endless)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as service:
        assert service.stdin is not None
        assert service.stdout is not None
        zygote = int(service.stdout.readline())
        pidfds = [os.pidfd_open(pid) for pid in (zygote, *children(zygote))]
        if ending == "exit":
            service.stdin.close()
        else:
            service.kill()
        assert service.wait(PATIENCE) == (0 if ending == "exit" else -signal.SIGKILL)
        assert len(pidfds) == 2
        assert all(map(has_ended, pidfds))
        for pidfd in pidfds:
            os.close(pidfd)


def test_only_files(isolation: Isolation, tmp_path: Path) -> None:
    """What is no regular file is not handed on: nothing can hang on a pipe."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing", Path("/dev/zero")):
        with pytest.raises(InputError):
            isolation.run("describe", [path], {}, LIMITS)


def test_unknown_task(isolation: Isolation, good: Path) -> None:
    """A task that does not exist is refused by name."""
    answer = isolation.run("explode", [good], {}, LIMITS)
    assert (answer.verdict, answer.reason) == (Verdict.REFUSED, "there is no task explode")


def test_long_arguments(isolation: Isolation, good: Path) -> None:
    """Arguments that do not fit a request are an error of the caller."""
    with pytest.raises(ValueError, match="over the limit"):
        isolation.run("describe", [good], {"x": "y" * wire.REQUEST_BYTES}, LIMITS)


def test_words_of_strangers() -> None:
    """A reason comes out as one short line, whatever a decoding process wrote."""
    reply = wire.Reply(Verdict.REFUSED, 'a\n{"event": "forged"}\x1b[2J\u202e' + "x" * 5000)
    reason = wire.Reply.unpack(reply.pack()).reason
    assert len(reason) == 300
    assert reason.isprintable()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x01",
        b"\xff" * 40,
        wire.Reply(Verdict.OK).pack()[:-1],
        wire.Reply(Verdict.OK).pack() + b"x",
        wire.Reply(Verdict.OK).pack().replace(b'"ok"', b'"no"'),
        b"\x02\0\0\0\0\0\0\0[]",
        b'\x0b\0\0\0\0\0\0\0["ok",1,{}]',
        b'\x0d\0\0\0\0\0\0\0["ok","",[1]]',
        (100_000).to_bytes(4, "little") + bytes(4) + b"[" * 100_000,
    ],
)
def test_garbled_answers(said: bytes) -> None:
    """An answer that does not keep to its form is never half believed."""
    with pytest.raises(wire.Garbled):
        wire.Reply.unpack(said)
