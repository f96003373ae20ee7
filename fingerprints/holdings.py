"""Everything that is held, by what it is found by: hashes, and numbers that stand in lists.

A tail in memory takes what is added; a thread makes volumes of it: a base, and a middle of at most an eighth of that.
A search takes the view that is there and keeps it to its end: it never waits, and sees an addition, a removal or a
replacement whole or not at all. With a shelf the volumes are files, which the next start maps instead of making them.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprints.bands import Words
from fingerprints.postings import Numbers, Places, find
from fingerprints.register import NOBODY, Register, empty
from fingerprints.room import Memory
from fingerprints.segment import joined, scan
from fingerprints.shelf import Shelf
from fingerprints.tail import Entries, Tail
from fingerprints.volume import Layout, Volume, gathered, weight

TAIL, LISTED = 1 << 16, 1 << 23  # hashes and numbers in a tail, above which it becomes part of a volume
_MIDDLE_SHARE = 8  # the middle has at most this part of the base
_BULK = 16  # times as much in a tail while nobody asks
_BEHIND = 2  # times what a tail should have, that wait to be merged
_PATIENCE = 3.0  # seconds
_LEVELS = 2
_ANY = 1 << 62  # rows: as many as there are


class _StoppedError(Exception):
    """The process ends; what was being made is not needed."""


@dataclass(frozen=True)
class View:
    """All that is held at one moment."""

    volumes: tuple[Volume, ...]
    tails: tuple[Tail, ...]
    register: Register

    def __len__(self) -> int:
        """Hashes, with ended ones that no merge has dropped yet."""
        return sum(len(one.hashes.numbers) for one in self.volumes) + sum(tail.used for tail in self.tails)

    def near(self, words: Words, radius: int, *, scanned: bool = False) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Every asset with a hash within ``radius`` bits of each question: pairs of its index and the asset.

        ``scanned`` looks at all rows instead of the tables: for radii too wide for those. The answer is the same.
        """
        found = [one.hashes.find(words, radius, scanned=scanned) for one in self.volumes]
        asked, numbers = joined(found + [scan(*_columns(tail), words, radius) for tail in self.tails if tail.used])
        living = self.register.living(numbers)
        pairs = np.unique(asked[living].astype(np.int64) << 32 | numbers[living])
        return (pairs >> 32).astype(np.intp), self.register.assets[pairs & 0xFFFFFFFF]

    def occurrences(self, which: int, numbers: Numbers) -> tuple[NDArray[np.intp], NDArray[np.int64], Places]:
        """Every occurrence of every number in a list: its index in ``numbers``, the asset, the place in the asset."""
        parts = [one.lists[which] for one in self.volumes] + [part for tail in self.tails for part in tail.lists[which]]
        asked, spots = find(parts, numbers)
        additions = self.register.at(which, spots)
        places = self.register.places(which, spots, additions)
        living = self.register.living(additions)
        if not living.all():
            asked, additions, places = asked[living], additions[living], places[living]
        return asked, self.register.assets[additions], places


class Holdings:
    """What is held, and the thread that keeps it in order. Any thread may ask, add and remove."""

    def __init__(self, layout: Layout, shelf: Shelf | None = None, *, tail: int = TAIL, listed: int = LISTED) -> None:
        self._layout, self._shelf, self._most, self._most_listed = layout, shelf, tail, listed
        self._view = View((), (self._fresh(0),), empty())
        self._numbers: dict[int, int] = {}  # the living addition of an asset
        self._lock = threading.Lock()
        self._merging: threading.Thread | None = None
        self._stopping = threading.Event()
        self._filling = False
        self.failure: OSError | None = None  # why the last merge was not kept

    def open(self, marks: Mapping[int, int]) -> str:
        """Take up the files as far as they agree with the marks that the assets have; why they were refused, if so."""
        if self._shelf is None:
            return ""
        found = self._shelf.open(self._layout)
        register = _agreed(found.register, marks)
        living = np.flatnonzero(register.living(np.arange(register.count)))
        with self._lock:
            self._numbers = dict(zip(register.assets[living].tolist(), living.tolist(), strict=True))
            self._view = View(found.volumes, (self._fresh(register.count),), register)
        return found.refusal

    @property
    def view(self) -> View:
        """All that is held now."""
        return self._view

    def __contains__(self, asset: int) -> bool:
        return asset in self._numbers

    def number(self, asset: int) -> int:
        """Which addition an asset's is; -1 if it is not held."""
        return self._numbers.get(asset, -1)

    def add(self, asset: int, entries: Entries, mark: int = 0) -> None:
        """Make an asset findable at once, instead of what it was. ``mark`` tells its present state from all others."""
        with self._lock:
            view, tail = self._view, self._view.tails[-1]
            register = view.register.added(asset, mark, [listed.width for listed in entries.lists])
            number = view.register.count
            tail = tail.added(entries, register.firsts[:, number].tolist())
            if asset in self._numbers:
                register = register.without(self._numbers[asset])
            self._numbers[asset] = number
            self._view = View(view.volumes, (*view.tails[:-1], tail), register)
            self._start_merge(self._due())

    def remove(self, asset: int) -> None:
        """Forget an asset."""
        with self._lock:
            if asset in self._numbers:
                self._view = replace(self._view, register=self._view.register.without(self._numbers.pop(asset)))

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Many additions, and hardly a question: they become volumes as they come, which are merged at the end."""
        self._filling = True
        try:
            yield
        finally:
            self._filling = False
            self.tidy()

    def tidy(self) -> None:
        """Merge now, in the background, what took long to add: a start that comes next need not do so again."""
        if self._shelf is not None and not self._shelf.writable:
            return
        with self._lock:
            view = self._view
            middle = sum(one.weight for one in view.volumes[1:])
            self._start_merge(self._untidy() or _MIDDLE_SHARE * weight(view.tails[-1]) > middle)

    def keep_up(self) -> None:
        """Return when what waits to be merged is not much more than it should be."""
        while sum(self._share(tail) for tail in self._view.tails) > _BEHIND and (merging := self._merging) is not None:
            merging.join()

    def settle(self) -> None:
        """Return when no merge is under way."""
        while (merging := self._merging) is not None:
            merging.join()

    def close(self) -> None:
        """Let a short merge end, stop a long one, and return; all is still found, and the files are whole."""
        if (merging := self._merging) is not None:
            merging.join(_PATIENCE)
        self._stopping.set()
        self.settle()

    def _fresh(self, first: int) -> Tail:
        return Tail.starting(first, self._layout.bits // 64)

    def _share(self, tail: Tail) -> float:
        share = max(tail.used / self._most, tail.listed / self._most_listed)
        return share / _BULK if self._filling else share

    def _due(self) -> bool:
        return self._share(self._view.tails[-1]) > 1

    def _untidy(self) -> bool:
        """Whether there are more volumes than there should be, or one without the tables that it should have."""
        volumes, small = self._view.volumes, self._layout.small
        untidy = len(volumes) > _LEVELS or not all(one.hashes.suits(small) for one in volumes)
        return untidy and not self._filling

    def _start_merge(self, due: bool) -> None:
        """Have the tail merged, if that is ``due`` and no other merge is under way; a new one takes what comes."""
        view = self._view
        if not due or self._merging is not None or self._stopping.is_set() or not view.tails[-1].end:
            return
        self._view = replace(view, tails=(*view.tails, self._fresh(view.tails[-1].end)))
        merging = threading.Thread(target=self._merge, args=(self._view,), name="merge", daemon=True)
        merging.start()
        self._merging = merging

    def _merge(self, view: View) -> None:
        """Put a volume in the place of older ones and of all tails but the last."""
        done = False
        try:
            kept, taken, layout = self._level(view)
            volume = self._gathered(view.register, taken, view.tails[:-1], layout)
            with self._lock:
                self._view = replace(self._view, volumes=(*kept, volume), tails=self._view.tails[len(view.tails) - 1 :])
            if self._shelf is not None and self._shelf.writable:
                self._shelf.publish((*kept, volume))
            done, self.failure = True, None
        except _StoppedError:
            pass
        except OSError as error:
            self.failure = error
        finally:
            with self._lock:
                self._merging = None
                self._start_merge(done and (self._due() or self._untidy()))

    def _level(self, view: View) -> tuple[tuple[Volume, ...], tuple[Volume, ...], Layout]:
        """Which volumes stay as they are, which become part of the next one, and what that is like."""
        if self._filling:
            return view.volumes, (), replace(self._layout, small=_ANY)
        base, rest = view.volumes[:1], view.volumes[1:]
        new = sum(one.weight for one in rest) + sum(weight(tail) for tail in view.tails)
        if base and base[0].hashes.suits(self._layout.small) and _MIDDLE_SHARE * new <= base[0].weight:
            return base, rest, self._layout
        return (), view.volumes, self._layout

    def _gathered(self, register: Register, volumes: Sequence[Volume], tails: Sequence[Tail], layout: Layout) -> Volume:
        if self._shelf is None or not self._shelf.writable:
            return gathered(register, volumes, tails, layout, Memory())
        return self._shelf.gathered(register, volumes, tails, layout, self._go_on)

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise _StoppedError


def _agreed(register: Register, marks: Mapping[int, int]) -> Register:
    """The register without additions that the marks do not know, or that came again."""
    assets, noted = register.assets, register.marks
    known = np.fromiter(marks.keys(), np.int64, len(marks))
    present = np.fromiter(marks.values(), np.int64, len(marks))
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known, assets, sorter=order), max(0, len(known) - 1))
    if len(known):
        agreed = (known[order][place] == assets) & (present[order][place] == noted) & (assets != NOBODY)
    else:
        agreed = np.zeros(len(assets), np.bool_)
    last = np.zeros(len(assets), np.bool_)
    _, reverse = np.unique(assets[::-1][agreed[::-1]], return_index=True)
    last[np.flatnonzero(agreed)[::-1][reverse]] = True
    register.ended[~last] = 0
    return register


def _columns(tail: Tail) -> tuple[Words, NDArray[np.uint32]]:
    words, numbers = tail.rows
    return words.T, numbers
