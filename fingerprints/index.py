"""Which held assets are worth comparing with a query, and the matcher that compares them.

Three proposers, each exact in what it promises: every hash within NEAR bits (INDEXED in a large archive), every
asset with enough equal pieces of local features, and every asset with equal sound words along one offset.
"""

import threading
from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from core.model import Fingerprint
from fingerprints import pdq, photo, sound, video
from fingerprints.bands import Words
from fingerprints.compare import Match, Prints, compare_prints
from fingerprints.gallery import BITS, NUMBER, TABLES, Gallery
from fingerprints.holdings import Holdings
from fingerprints.postings import Numbers
from fingerprints.register import LISTS
from fingerprints.shelf import Shelf
from fingerprints.sound import SILENT, Codes
from fingerprints.tail import Entries, Listed
from fingerprints.volume import Layout

LAYOUT = Layout(256, (NUMBER, 32, 17))  # PDQ; pieces of features, sound words, their halves
CHOICE = 1  # goes up with every change of ``entries``
RECIPE = (  # all that decides what an asset is found by
    f"choice {CHOICE}, pieces {TABLES} x {BITS} in {NUMBER}, clear {pdq.CLEAR}, "
    f"photo {photo.VERSION}, video {video.VERSION}, sound {sound.VERSION}"
)
KEPT = 512  # unpacked assets in memory
NEAR, INDEXED = 62, 31  # bits
SCANNED = 1 << 26  # comparisons of hashes that a question may cost: a third of a second
PIECES, WORDS = 2, 3  # equal ones that make an asset worth comparing
CROWD, STANDS_OUT = 12, 1.8  # assets that tell what chance brings, and how far above it a copy lies
SHORT = 256  # codes, twelve seconds, up to which a sound's half words are looked for
DRIFT = 16  # codes by which offsets may differ and still count together: another speed
MOST = 8  # assets that each of the last two proposes
_OFFSETS = 1 << 20
_LINES = _OFFSETS // DRIFT
_PLACE_BITS = 20
_FLIPS = np.concatenate([[0], 1 << np.arange(32, dtype=np.uint64)]).astype(np.uint64)


class Matcher:
    """Everything that is held, and how a query matches it. ``load`` gives the fingerprints of an asset by its id.

    Any thread may ask and add. With a ``shelf`` what is held has files, which ``open`` takes up.
    """

    def __init__(self, load: Callable[[int], Sequence[Fingerprint]], shelf: Shelf | None = None) -> None:
        self._load = load
        self._unpacked = Unpacked()
        self.holdings = Holdings(LAYOUT, shelf)
        self._features, self._words, self._halves = (Listing(self.holdings, which) for which in range(LISTS))

    def add(self, asset_id: int, prints: Sequence[Fingerprint], mark: int = 0) -> None:
        """Make an asset findable at once, instead of what it was; one without fingerprints can't be found.

        ``mark`` tells this state of its fingerprints from all others.
        """
        self.holdings.add(asset_id, entries(Prints.of(prints)), mark)

    def remove(self, asset_id: int) -> None:
        """Forget an asset."""
        self.holdings.remove(asset_id)

    def candidates(self, query: Prints) -> list[int]:
        """The assets worth comparing, in order of their ids."""
        return sorted(self._by_hashes(query) | self._by_features(query) | self._by_words(query))

    def match(self, prints: Sequence[Fingerprint], exclude: Collection[int] = ()) -> list[tuple[int, Match]]:
        """Every held asset that the query matches, certainly or possibly."""
        query = Prints.of(prints)
        compared = (
            (one, compare_prints(query, self._prints(one))) for one in self.candidates(query) if one not in exclude
        )
        return [(asset_id, match) for asset_id, match in compared if match is not None]

    def _by_hashes(self, query: Prints) -> set[int]:
        """Every asset with a hash within NEAR bits of one of these, or within INDEXED where that would cost too much.

        As long as a scan of all is cheap (at most SCANNED comparisons: any picture among millions of hashes, any video
        in a small archive) the radius is NEAR. Beyond it is INDEXED, which the tables find exactly: of a copied video
        some frame nearly always lies so close, and whatever is found is compared as a whole at any distance.
        """
        held, asked = self.holdings.view, np.unique(_words(_asked_hashes(query)), axis=0)
        scanned = len(asked) * len(held) <= SCANNED
        return set(held.near(asked, NEAR if scanned else INDEXED, scanned=scanned)[1].tolist())

    def _by_features(self, query: Prints) -> set[int]:
        """The assets of which one picture shares the most features with one of the query, well above chance."""
        best: dict[int, int] = {}
        for gallery in _asked_galleries(query):
            numbers, pictures = gallery.distinct
            asked, owners, places = self._features.find(numbers)
            pairs = (owners << _PLACE_BITS | places) * max(1, len(gallery)) + pictures[asked]
            _keep_best(best, pairs, max(1, len(gallery)) << _PLACE_BITS)
        return _outstanding(best, PIECES)

    def _by_words(self, query: Prints) -> set[int]:
        """The assets with the most equal words along one line; at other pitches only those well above chance.

        A short sound may have no word that noise has spared: its half words are looked for too.
        """
        if query.codes is None:
            return set()
        found = _most(_voted(self._words, query.codes, _flipped), WORDS)
        if len(query.codes) <= SHORT:
            found |= _most(_voted(self._halves, query.codes, _flipped_halves), WORDS)
        pitched: dict[int, int] = {}
        for codes in query.pitched:
            for owner, count in _voted(self._words, codes, _flipped).items():
                pitched[owner] = max(pitched.get(owner, 0), count)
        return found | _outstanding(pitched, WORDS)

    def _prints(self, asset_id: int) -> Prints:
        return self._unpacked.of(asset_id, self.holdings.number(asset_id), self._load)


class Listing:
    """One of the lists of numbers, as it is at each question."""

    def __init__(self, holdings: Holdings, which: int) -> None:
        self._holdings, self._which = holdings, which

    def find(self, numbers: Numbers) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
        """Every occurrence of every number: its index in ``numbers``, the asset, and the place in the asset."""
        return self._holdings.view.occurrences(self._which, numbers)


class Unpacked:
    """The fingerprints of the KEPT assets that were compared last, each as of one addition."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, Prints]] = {}
        self._lock = threading.Lock()

    def of(self, asset_id: int, addition: int, load: Callable[[int], Sequence[Fingerprint]]) -> Prints:
        """The fingerprints of an asset, loaded unless they are kept."""
        with self._lock:
            kept = self._kept.pop(asset_id, None)
        if kept is None or kept[0] != addition:
            kept = addition, Prints.of(load(asset_id))
        with self._lock:
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[asset_id] = kept
        return kept[1]


def entries(prints: Prints) -> Entries:
    """What an asset is found by. Who changes it raises CHOICE, or older files stay in use."""
    features, codes = _held_gallery(prints), prints.codes if prints.codes is not None else np.zeros(0, np.uint32)
    heard = np.flatnonzero(codes != SILENT)
    bits = LAYOUT.lists
    return Entries(
        _words(_held_hashes(prints)),
        (
            Listed(*features.distinct, bits[0]),
            Listed(codes[heard].astype(np.uint64), heard, bits[1]),
            Listed(_halved(codes[heard]).ravel(), np.repeat(heard, 2), bits[2]),
        ),
    )


def _words(hashes: pdq.Hashes) -> Words:
    return np.ascontiguousarray(hashes).view(np.uint64)


def _voted(listing: Listing, codes: Codes, numbers_of: Callable[[Codes], Numbers]) -> dict[int, int]:
    """Owners of the numbers of codes, with how many of them lie along one offset, give or take DRIFT."""
    heard = np.flatnonzero(codes != SILENT)
    numbers = numbers_of(codes[heard])
    asked, owners, places = listing.find(numbers.ravel())
    votes = owners * _LINES + (heard[asked // max(1, numbers.shape[1])] - places + _OFFSETS // 2) // DRIFT
    best: dict[int, int] = {}
    _keep_best(best, votes, _LINES)
    return best


def _keep_best(best: dict[int, int], votes: NDArray[np.int64], width: int) -> None:
    """Note for every owner how often the most frequent of its votes occurs; a vote is owner * ``width`` + choice."""
    choices, counts = np.unique(votes, return_counts=True)
    owners, first = np.unique(choices // width, return_index=True)
    if len(owners):
        for owner, count in zip(owners.tolist(), np.maximum.reduceat(counts, first).tolist(), strict=True):
            best[owner] = max(best.get(owner, 0), count)


def _flipped(codes: Codes) -> Numbers:
    """Every code and its neighbours by one bit: n x 33."""
    return np.asarray(codes.astype(np.uint64)[:, None] ^ _FLIPS[None, :], np.uint64)


def _halved(codes: Codes) -> Numbers:
    """The lower and the upper half of every code, told apart by a bit: n x 2."""
    low, high = codes & np.uint32(0xFFFF), (codes >> np.uint32(16)) | np.uint32(0x10000)
    return np.stack([low, high], axis=1).astype(np.uint64)


def _flipped_halves(codes: Codes) -> Numbers:
    """The halves of every code and their neighbours by one bit: n x 34."""
    return (_halved(codes)[:, :, None] ^ _FLIPS[None, None, :17]).reshape(len(codes), -1)


def _outstanding(best: dict[int, int], least: int) -> set[int]:
    """The MOST assets with the most votes, if those are clearly more than most have: what most have is chance."""
    chance = float(np.median(list(best.values()))) if len(best) >= CROWD else 0.0
    return _most(best, max(least, STANDS_OUT * chance))


def _most(best: dict[int, int], least: float) -> set[int]:
    """The MOST assets with the most votes, ``least`` or more."""
    clear = [owner for owner, votes in best.items() if votes >= least]
    return set(sorted(clear, key=lambda owner: (-best[owner], owner))[:MOST])


def _held_hashes(prints: Prints) -> pdq.Hashes:
    """What an asset can be found by: a picture's upright hash, every clear frame of a video."""
    if prints.picture is not None:
        return np.stack([view.hashes[0] for view in prints.picture.views])
    if prints.frames is not None:
        return prints.frames.hashes[prints.frames.quality >= pdq.CLEAR]
    return np.zeros((0, 32), np.uint8)


def _asked_hashes(prints: Prints) -> pdq.Hashes:
    """What is looked for: all turns of a picture, every clear frame of a video and its mirror image."""
    if prints.picture is not None:
        return np.concatenate([view.hashes for view in prints.picture.views])
    if prints.frames is not None:
        clear = prints.frames.quality >= pdq.CLEAR
        return np.concatenate([prints.frames.hashes[clear], prints.frames.mirrored[clear]])
    return np.zeros((0, 32), np.uint8)


def _held_gallery(prints: Prints) -> Gallery:
    if prints.picture is not None:
        return Gallery(tuple(view.features[0] for view in prints.picture.views))
    return prints.points.upright


def _asked_galleries(prints: Prints) -> Sequence[Gallery]:
    if prints.picture is not None:
        return [gallery for view in prints.picture.views for gallery in view.galleries]
    return (prints.points.upright, prints.points.mirrored)
