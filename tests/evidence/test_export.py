"""A bag that leaves the desk: whole, checkable without us, harmless to open, and every tampering with it shows."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import bagit
import pytest

from core.errors import InputError, StateError
from core.model import Finding, FindingKind, MediaKind, Verdict
from evidence.case import Wanted
from evidence.export import Exported, export
from fingerprints.child import Isolation
from fingerprints.media import Limits
from pipeline.proofs import Proofs
from storage import assets, custody, footage, furniture, members, posts
from storage.opening import Store
from tests.evidence import chromium
from tests.media import files, synthetic
from tests.storage.made import ASTRA, MARK, NOW, OLENA, VIDEO, a_post, taken

NASTY = '</td><script>alert(1)</script><img src="http://127.0.0.1/x">\u202e=cmd|\x00'
HOSTILE = (
    "",
    "\0",
    "\x1b[31mred\x07",
    "]]></name><!-- --><![CDATA[",
    "--><script>alert(1)</script>",
    '"\' onload=alert(1) x="',
    "{{ 7 * 7 }}{% raw %}",
    '=HYPERLINK("http://127.0.0.1")',
    "@SUM(1)\t\r\n\v\f\x85\u2028\u2029a,b;c",
    "\u202egpj.exe\u2066\u200b\U000e0041",
    "\ufffe\uffff\U0010ffff",
    "../../../etc/passwd",
    "🇺🇦👨‍👩‍👧" * 50,
    "Z̸̡̢̛̲͙̪̟̠͍" * 30,
    "&lt;b&gt;&#60;",
)
KML = "{http://www.opengis.net/kml/2.2}"


async def silent(_stage: str, _done: int, _total: int) -> None:
    """Hears of progress and says nothing."""


@pytest.fixture(scope="module")
def isolation() -> Iterator[Isolation]:
    """One parent of decoders for all tests here."""
    with Isolation(slots=1) as opened:
        yield opened


@pytest.fixture
async def footage_id(store: Store) -> int:
    """A footage of one photo in an edited post with hostile words, tagged, judged, noted and located."""
    incoming = store.vault.incoming()
    incoming.write(files.photo(synthetic.still(5, (320, 240))))
    kept = incoming.keep()
    async with store.database.transaction() as tx:
        post_id = await taken(tx, a_post(text=f"Перші слова {NASTY}"))
        await taken(tx, a_post(text=f"Інші слова {NASTY}", raw=b"second"))
        await taken(tx, a_post(6, text="Another footage", media=()))
        ref_id, _ = (await posts.wanted(tx, post_id))[0]
        asset_id = await assets.record(tx, kept.sha256, kept.size, MediaKind.PHOTO, NOW)
        await assets.set_reading(
            tx,
            asset_id,
            verdict="ok",
            reason="",
            layers="",
            plain=False,
            duration=None,
            width=320,
            height=240,
            phash="c3d4a5962e1b0f87",
        )
        sighting_id = await assets.hold(tx, ref_id, asset_id, NOW)
        number = await footage.create(tx, NOW)
        await footage.put(tx, number, asset_id, belongs=True)
        await footage.record_finding(tx, Finding(sighting_id, FindingKind.NEW, number), NOW)
        await members.tag(tx, number, f"camp {NASTY}".replace("\0", ""), True, OLENA, NOW)
        await members.judge(tx, number, Verdict.CONFIRMED, MARK, NOW)
        await members.note(tx, number, f"two porches {NASTY}".replace("\0", ""), 3.0, OLENA, NOW)
        await members.locate(tx, number, "Sergeevka & <b>", 43.7, 131.6, "street", OLENA, NOW, method="shadows")
    return number


@dataclass
class Desk:
    """A store with something to export."""

    store: Store
    isolation: Isolation
    folder: Path

    async def bag(self, wanted: Wanted, name: str = "bag") -> Exported:
        """Export into a new folder."""
        proofs = Proofs(self.store, self.isolation, Limits())
        target = self.folder / name
        return await export(self.store, proofs, wanted, target, silent, title=f"Case {NASTY}", program="1")


@pytest.fixture
def desk(store: Store, isolation: Isolation, tmp_path: Path, footage_id: int) -> Desk:
    """The desk with its one footage."""
    return Desk(store, isolation, tmp_path)


ALL = Wanted(footage=("F1",))


def checked(bag: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier that lies in the bag, by a Python that has nothing installed."""
    command = [sys.executable, "-I", "-S", str(bag / "verify.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


async def test_a_bag_is_valid_for_others_and_for_its_own_verifier(desk: Desk) -> None:
    """The Library of Congress's program and the script in the bag both find it whole, against the desk's head too."""
    made = await desk.bag(ALL)
    assert bagit.Bag(str(made.path)).validate()
    async with desk.store.database.reader() as reader:
        number, digest = await custody.head(reader)
    for head in ((), (f"{number}:{digest}",)):
        done = checked(made.path, *head)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert checked(made.path, f"{number}:{'0' * 64}").returncode == 1
    assert (made.footage, made.posts, made.files, made.missing) == (1, 1, 1, ())
    items = json.loads((made.path / "data" / "index.json").read_text())["items"]
    assert len(items) == 3  # the file and both wordings are bound to the log
    assert made.path.stat().st_mode & 0o077 == 0


async def test_every_flipped_bit_is_found(desk: Desk) -> None:
    """One bit in any file of the bag, a missing file and one too many: the verifier names each."""
    made = await desk.bag(ALL)
    for path in sorted(path for path in made.path.rglob("*") if path.is_file() and path.name != "verify.py"):
        content = path.read_bytes()
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        done = checked(made.path)
        assert done.returncode == 1, path
        path.write_bytes(content)
    stranger = made.path / "data" / "stranger.txt"
    stranger.write_text("x")
    assert "data/stranger.txt: is not part of the bag" in checked(made.path).stdout
    stranger.unlink()
    (made.path / "data" / "report.html").unlink()
    assert "data/report.html: is missing" in checked(made.path).stdout


async def test_a_forged_bag_with_fitting_manifests_is_found_by_the_chain(desk: Desk) -> None:
    """Somebody who rewrites an entry or a post and all lists of hashes is told by the log."""
    made = await desk.bag(ALL)
    log = made.path / "data" / "custody.jsonl"
    forged = log.read_text().replace("confirmed", "altered__")
    assert forged != log.read_text()
    log.write_text(forged)
    (post,) = (made.path / "data" / "posts").glob("*.v2.tl")
    post.write_bytes(b"forged")
    (made.path / "manifest-sha256.txt").unlink()
    (made.path / "manifest-sha512.txt").unlink()
    loaded = bagit.Bag(str(made.path))
    loaded.algorithms = ["sha256", "sha512"]
    loaded.save(manifests=True)
    said = checked(made.path).stdout
    assert "its hash is wrong" in said
    assert "is not what the custody log says of post/1001/5" in said


async def test_only_entries_of_the_case_are_shown(desk: Desk) -> None:
    """Of everything else the desk does, a bag holds seals only."""
    async with desk.store.database.transaction() as tx:
        jingle = await furniture.learn(tx, ASTRA.channel_id, furniture.Place.OPENING, True, (1, 2, 3), 3, NOW)
        await furniture.put(tx, jingle, 1, 0.0, 5.0, NOW)
        await custody.record(tx, "watch.wished", "@secret", members.actor(MARK), NOW)
    log = ((await desk.bag(ALL)).path / "data" / "custody.jsonl").read_text()
    assert "furniture.learned" in log
    assert "@secret" not in log
    assert "post/1001/6" not in log
    assert sum('"seal"' in line for line in log.splitlines()) == 2
    assert "post/1001/5" in log


@dataclass
class Page(HTMLParser):
    """What a browser would be asked for by a page, and its text."""

    addresses: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with an empty page."""
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is fetched."""
        self.tags.add(tag)
        if tag not in {"meta", "img", "br"}:
            self.opened.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "data", "srcset"}]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that ends at once, as SVG has them."""
        self.handle_starttag(tag, attrs)
        if self.opened and self.opened[-1] == tag:
            self.opened.pop()

    def handle_endtag(self, tag: str) -> None:
        """Every element ends where it should."""
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.words.append(data)


async def test_the_report_needs_nothing_and_runs_nothing(desk: Desk) -> None:
    """Hostile words are text on the page; pictures are in it; nothing points outside and no script is there."""
    text = ((await desk.bag(ALL)).path / "data" / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.opened == []
    assert page.tags & {"script", "iframe", "object", "embed", "link", "form", "base", "audio", "video"} == set()
    assert {address.split(",")[0] for address in page.addresses} == {"#F1", "data:image/jpeg;base64"}
    assert "default-src 'none'" in text
    said = "".join(page.words)
    assert said.count("<script>alert(1)</script>") >= 4
    assert "⟨U+202E⟩" in said
    assert "\u202e" not in text
    assert "Sergeevka & <b>" in said
    assert "shadows" in said
    assert "two porches" in said


BAD_PAGE = "<img src='http://127.0.0.1:9/x' alt='lost'><script>throw Error('ran')</script>"


@pytest.mark.skipif(chromium.found() is None, reason="no Chromium on this machine: apt install chromium")
async def test_the_report_in_a_real_browser(desk: Desk) -> None:
    """Chromium asks for nothing, finds no error and shows every picture; of a page that is not so, it says so."""
    seen = await chromium.opened(((await desk.bag(ALL)).path / "data" / "report.html").as_uri())
    assert (seen.requests, seen.errors) == ([], [])
    assert [width > 300 for _, width in seen.pictures] == [True]
    assert "Sergeevka & <b>" in seen.words
    bad = desk.folder / "bad.html"
    bad.write_text(BAD_PAGE)
    seen = await chromium.opened(bad.as_uri())
    assert seen.requests == ["http://127.0.0.1:9/x"]
    assert any("Uncaught" in error for error in seen.errors)
    assert seen.pictures == [("lost", 0)]


def kml_of(folder: Path) -> ET.Element:
    """The places of a bag, parsed."""
    return ET.fromstring((folder / "places.kml").read_text(encoding="utf-8"))  # noqa: S314 -- written by ourselves


async def test_tables_and_maps_are_read_by_other_programs(desk: Desk) -> None:
    """CSV without formulas, JSON Lines, GeoJSON with longitude first, and well-formed KML tell the same."""
    folder = (await desk.bag(ALL)).path / "data"
    (row,) = csv.DictReader((folder / "sightings.csv").read_text(encoding="utf-8").splitlines())
    assert (row["footage"], row["latitude"], row["verdict"]) == ("#F1", "43.7", "confirmed")
    assert (row["perceptual_hash"], row["best_copy"]) == ("c3d4a5962e1b0f87", "only copy held")
    assert not any(value.startswith(("=", "+", "@", "-")) for value in row.values())
    (line,) = map(json.loads, (folder / "sightings.jsonl").read_text(encoding="utf-8").splitlines())
    assert line["text"].startswith("Інші слова")
    wordings = [json.loads(one) for one in (folder / "posts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["version"] for one in wordings] == [1, 2]
    (feature,) = json.loads((folder / "places.geojson").read_text(encoding="utf-8"))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [131.6, 43.7]}
    (mark,) = kml_of(folder).iter(f"{KML}Placemark")
    assert mark.findtext(f"{KML}Point/{KML}coordinates") == "131.6,43.7"


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_never_leave_their_place(desk: Desk, text: str) -> None:
    """Each hostile string as a caption and as a case's place leaves a page, tables and maps that parse."""
    async with desk.store.database.transaction() as tx:
        await taken(tx, a_post(text=text, media=(VIDEO,)))
        await members.locate(tx, 1, text, 1.0, 2.0, text, OLENA, NOW)
    folder = (await desk.bag(ALL)).path / "data"
    page = Page()
    page.feed((folder / "report.html").read_text(encoding="utf-8"))
    assert page.opened == []
    assert "script" not in page.tags
    assert len(list(csv.DictReader(io.StringIO((folder / "sightings.csv").read_bytes().decode(), newline="")))) == 1
    assert len(list(kml_of(folder).iter(f"{KML}Placemark"))) == 1


async def test_what_cannot_be_exported_is_said(desk: Desk) -> None:
    """Nothing held, no such footage, a folder in the way: one sentence; no half bag is left."""
    (desk.folder / "there").mkdir()
    for wanted, name in ((Wanted(footage=("F9",)), "a"), (Wanted(tags=("none",)), "b"), (ALL, "there")):
        with pytest.raises(InputError):
            await desk.bag(wanted, name)
    assert {path.name for path in desk.folder.iterdir()} == {"state", "there"}


async def test_a_changed_file_is_not_exported_as_evidence(desk: Desk) -> None:
    """A file that is not what its hash says stops the export; one that is gone is told as missing."""
    async with desk.store.database.reader() as reader:
        held = await assets.asset(reader, 1)
    assert held is not None
    path = desk.store.vault.path(held.sha256)
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content + b"x")
    with pytest.raises(StateError, match="verify"):
        await desk.bag(ALL)
    path.unlink()
    assert (await desk.bag(ALL)).missing == (held.sha256,)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(words="слова"), True),
        (Wanted(words="sunflowers"), False),
        (Wanted(since=NOW), True),
        (Wanted(until=NOW), False),
        (Wanted(footage=("F1", "#f1")), True),
    ],
)
async def test_what_is_asked_for_is_what_is_exported(desk: Desk, wanted: Wanted, found: bool) -> None:
    """Words, tags, times and numbers choose footage, and the choice stands in the report."""
    if not found:
        with pytest.raises(InputError, match="nothing is held"):
            await desk.bag(wanted)
        return
    made = await desk.bag(wanted)
    assert made.footage == 1
    assert str(wanted).split()[0] in (made.path / "data" / "report.html").read_text(encoding="utf-8")
