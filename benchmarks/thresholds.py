"""Where the thresholds lie: scores of unrelated and related pairs, and false matches to expect of a large archive.

python -m benchmarks.thresholds CACHE [--queries 1000] [--copies 60] [--pictures docs/pictures]

CACHE is an archive (``benchmarks.archive``). Unrelated pairs: items of it are asked of all of it, as the product asks,
and whatever is proposed is compared with thresholds lowered, to see the scores that come to nothing. Pairs that share
a source are left out, and so are those that CACHE/judged.json lists ([key, key, why]): copies inside the collections
that somebody looked at. Related pairs: items with files, edited, against themselves.

What is expected of M held items: the pairs over a threshold as a share S of all pairs, asked by held, proposed or not,
times M. Far out S is not counted but drawn on: over the score that TAIL pairs reach, scores are taken to fall off
exponentially (peaks over threshold). Beside it stands what the counting alone allows at 95 %: Poisson's upper bound,
three pairs when none was seen.
"""

import argparse
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.archive import Item, held
from benchmarks.plots import Panel, draw
from benchmarks.related import copies
from fingerprints import compare_frame, compare_photo, compare_sound, compare_video, pdq
from fingerprints.compare import Prints, compare_prints
from fingerprints.index import Matcher

TAIL = 60  # pairs from which the tail is drawn
FITTED, LEAST, UNKNOWN = 12, 1e-12, 999
LARGE = (100_000, 1_000_000)
LEVELS = tuple(round(0.30 + 0.02 * step, 2) for step in range(7))  # bit errors at which a sound is tried
Row = dict[str, str | float | bool]
COUNTED: dict[str, Callable[[Row], bool]] = {
    "compared": lambda _: True,
    "possible": lambda row: bool(row["matched"]),
    "certain": lambda row: bool(row["certain"]),
}


@contextmanager
def lowered(module: ModuleType, **thresholds: float) -> Iterator[None]:
    """A rule with other thresholds for a while."""
    shipped = {name: getattr(module, name) for name in thresholds}
    for name, value in thresholds.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in shipped.items():
            setattr(module, name, value)


# ---------------------------------------------------------------------------------------------------- scores


def scores(query: Prints, reference: Prints) -> dict[str, float]:
    """The score of each rule that was reached by a pair, whatever its threshold."""
    found: dict[str, float] = {}
    if query.picture is not None and reference.picture is not None:
        _photo(found, query, reference)
    elif query.picture is not None and reference.frames is not None:
        with lowered(compare_frame, MAYBE=6):
            match = compare_frame.compare(query.picture, reference.frames, reference.points)
        if match is not None and match.evidence == "orb":
            found["frame"] = round(200 * (match.strength - 0.5))
    elif query.frames is not None and reference.frames is not None:
        with lowered(compare_video, MAYBE=-1.0):
            match = compare_video.compare(query.frames, reference.frames, query.points, reference.points)
        if match is not None:
            found["motion"] = match.strength
    if query.codes is not None and reference.codes is not None:
        found["sound"] = _errors(query, reference)
    return found


def counted_as_missed(copy: Prints) -> dict[str, float]:
    """The scores of a copy that no rule finds, so that it lowers the share of copies that are found."""
    if copy.picture is not None:
        return {"features": 0.0, "agreeing": 0.0}
    return {"motion": 0.0} if copy.frames is not None else {}


def _photo(found: dict[str, float], query: Prints, reference: Prints) -> None:
    """``features``: pairs that agree on a map; ``agreeing``: the same where the rest of both pictures agrees too."""
    assert query.picture is not None
    assert reference.picture is not None
    ours, theirs = query.picture.views[0].hashes, reference.picture.views[0].hashes
    found["hash"] = float(pdq.distances(ours, theirs[:1]).min())
    for name, agreed in (("features", -1.0), ("agreeing", compare_photo.AGREED)):
        with lowered(compare_photo, MAYBE=6, AGREED=agreed, CLOSE=-1):
            match = compare_photo.compare(query.picture, reference.picture)
        if match is not None:
            found[name] = round(200 * (match.strength - 0.5))


def _errors(query: Prints, reference: Prints) -> float:
    """The bit errors that would have to be allowed for two sounds to be possibly alike; 1 if more than LEVELS."""
    assert query.codes is not None
    assert reference.codes is not None
    low, high = 0, len(LEVELS)
    while low < high:
        middle = (low + high) // 2
        with lowered(compare_sound, MAYBE=LEVELS[middle], SURE=LEVELS[middle]):
            match = compare_sound.compare(query.codes, reference.codes, ())
        low, high = (low, middle) if match is not None else (middle + 1, high)
    return LEVELS[low] if low < len(LEVELS) else 1.0


# ---------------------------------------------------------------------------------------------------- unrelated pairs


@dataclass(frozen=True)
class Trial:
    """An archive that is asked about its own items."""

    items: dict[int, Item]
    matcher: Matcher
    judged: frozenset[frozenset[str]]

    @classmethod
    def of(cls, cache: Path) -> "Trial":
        """With everything held."""
        items = dict(enumerate(held(cache)))
        matcher = Matcher(lambda number: items[number].fingerprints)
        for number, item in items.items():
            matcher.add(number, item.fingerprints)
        path = cache / "judged.json"
        judged = json.loads(path.read_text()) if path.exists() else []
        return cls(items, matcher, frozenset(frozenset(row[:2]) for row in judged))

    def related(self, one: Item, other: Item) -> bool:
        """Whether two items may have something in common: by their sources, or because somebody looked."""
        return one.shares(other) or frozenset((one.key, other.key)) in self.judged

    def ask(self, number: int) -> list[Row]:
        """The rows of one item's unrelated pairs that were compared."""
        item = self.items[number]
        query, rows = item.prints, []
        for other in self.matcher.candidates(query):
            if self.related(item, self.items[other]):
                continue
            reference = self.items[other].prints
            match = compare_prints(query, reference)
            rows.append(
                {
                    "query": item.key,
                    "held": self.items[other].key,
                    "kind": item.kind,
                    "matched": match is not None,
                    "certain": match is not None and match.certain,
                    "relation": match.relation if match else "",
                    "evidence": match.evidence if match else "",
                    **scores(query, reference),
                }
            )
        return rows


_trial: Trial | None = None


def _ask(number: int) -> tuple[int, list[Row]]:
    assert _trial is not None
    return number, _trial.ask(number)


def asked_pairs(trial: Trial, numbers: Sequence[int], journal: Path) -> list[Row]:
    """The rows of all questions; those in the journal were asked before."""
    global _trial  # noqa: PLW0603  # what forked workers see
    _trial = trial
    known = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
    done = {one["number"] for one in known}
    rows = [row for one in known if one["number"] in set(numbers) for row in one["rows"]]
    todo = [number for number in numbers if number not in done]
    fork = multiprocessing.get_context("fork")
    with fork.Pool(initializer=os.nice, initargs=(10,)) as pool, journal.open("a") as file:
        for place, (number, found) in enumerate(pool.imap_unordered(_ask, todo)):
            print(json.dumps({"number": number, "rows": found}), file=file, flush=True)
            rows += found
            if place % 100 == 0:
                print(f"{place} of {len(todo)} questions", flush=True)
    by_key = {item.key: item for item in trial.items.values()}
    return [row for row in rows if not trial.related(by_key[str(row["query"])], by_key[str(row["held"])])]


def chosen(trial: Trial, order: Sequence[int], most: int) -> list[int]:
    """The first ``most`` photos and half as many videos and sounds, in turns, so that a part of them is a mixture."""
    ranked = []
    for kind, every in (("photo", 1), ("video", 2), ("sound", 2)):
        numbers = [number for number in order if trial.items[number].kind == kind][: most // every]
        ranked += [(every * place, number) for place, number in enumerate(numbers)]
    return [number for _, number in sorted(ranked)]


def hash_distances(trial: Trial, numbers: Sequence[int]) -> Counter[int]:
    """How many unrelated pairs of photos lie how many bits apart, the nearest of the eight turns; all pairs."""
    photos = {number: item for number, item in trial.items.items() if item.kind == "photo"}
    pictures = {number: item.prints.picture for number, item in photos.items()}
    hashes = {number: picture.views[0].hashes for number, picture in pictures.items() if picture is not None}
    held_rows = np.stack([turns[0] for turns in hashes.values()])
    places = list(hashes)
    counts: Counter[int] = Counter()
    for number in numbers:
        if number not in hashes:
            continue
        bits = pdq.distances(hashes[number], held_rows).min(axis=0)
        for place in np.flatnonzero(bits <= 70):
            if trial.related(photos[number], photos[places[place]]):
                bits[place] = UNKNOWN
        counts.update(int(one) for one in bits if one != UNKNOWN)
    return counts


# ---------------------------------------------------------------------------------------------------- what to expect


@dataclass(frozen=True)
class Rule:
    """A score that decides, the thresholds on it, and whether more of it is more alike."""

    name: str
    title: str
    axis: str
    marks: dict[str, float]
    rising: bool = True


RULES = (
    Rule("hash", "Photos: PDQ", "bits apart", {"certain": compare_photo.CLOSE}, rising=False),
    Rule(
        "features",
        "Photos: local features on one map",
        "pairs of features",
        {"possible": compare_photo.MAYBE, "certain": compare_photo.SURE},
    ),
    Rule(
        "agreeing",
        "Photos: the same, where the rest agrees",
        "pairs of features",
        {"possible": compare_photo.MAYBE, "certain": compare_photo.SURE},
    ),
    Rule(
        "frame",
        "A photo out of a video: local features",
        "pairs of features",
        {"possible": compare_frame.MAYBE, "certain": compare_frame.SURE},
    ),
    Rule(
        "motion",
        "Videos: how strongly they move alike",
        "correlation",
        {"possible": compare_video.MAYBE, "certain": compare_video.SURE},
    ),
    Rule(
        "sound",
        "Sounds: differing bits",
        "share of bits",
        {"possible": compare_sound.MAYBE, "certain": compare_sound.SURE},
        rising=False,
    ),
)


@dataclass(frozen=True)
class Tail:
    """The unrelated pairs of a rule: ``values`` of those that were compared, higher is more alike, of ``pairs``."""

    values: NDArray[np.float64]
    pairs: int

    def seen(self, threshold: float) -> int:
        """How many reach a threshold."""
        return int(np.count_nonzero(self.values >= threshold))

    def drawn(self, threshold: float) -> float:
        """Which share of all pairs reaches a threshold, by an exponential beyond the score that TAIL pairs reach.

        Not a number when fewer than FITTED scores were seen, from which nothing can be drawn.
        """
        if len(self.values) < FITTED:
            return float("nan")
        start = float(np.sort(self.values)[-min(TAIL, len(self.values))])
        if threshold <= start:
            return self.seen(threshold) / self.pairs
        beyond = self.values[self.values >= start] - start
        steps = np.diff(np.unique(self.values))
        grain = float(steps.min()) if len(steps) else 1.0  # scores that come in steps lie half a step further out
        return len(beyond) / self.pairs * float(np.exp(-(threshold - start) / max(beyond.mean() + grain / 2, 1e-9)))

    def allowed(self, threshold: float) -> float:
        """The upper bound, at 95 %, of the same share by counting alone."""
        seen = self.seen(threshold)
        return (seen + 3 if seen == 0 else seen + 1.65 * np.sqrt(seen) + 2.7) / self.pairs


def of(rule: Rule, rows: Sequence[Row]) -> NDArray[np.float64]:
    """The scores of a rule."""
    values = np.array([float(row[rule.name]) for row in rows if rule.name in row], np.float64)
    return values if rule.rising else -values


def expectations(rule: Rule, tail: Tail, related: NDArray[np.float64]) -> list[str]:
    """Lines of a table: threshold, related pairs over it, pairs seen over it, false matches per 1,000 posts."""
    lines = []
    for name, mark in rule.marks.items():
        threshold = mark if rule.rising else -mark
        reached = f"{np.mean(related >= threshold):.3f}" if len(related) else ""
        drawn = tail.drawn(threshold)
        rates = ["" if np.isnan(drawn) else f"{1000 * held_items * drawn:.2g}" for held_items in LARGE]
        most = f"{1000 * LARGE[0] * tail.allowed(threshold):.2g}"
        cells = [f"{rule.title}, {name} {mark:g}", reached, f"{tail.seen(threshold)} of {tail.pairs:.2g}", *rates, most]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def panel(rule: Rule, tail: Tail, related: NDArray[np.float64]) -> Panel | None:
    """The shares of unrelated and of related pairs that are at least so much alike."""
    if not len(tail.values):
        return None
    sign = 1 if rule.rising else -1
    edge = max(float(tail.values.max()), *(sign * mark for mark in rule.marks.values()))
    grid = np.linspace(float(tail.values.min()), edge, 120)
    curves: dict[str, Sequence[tuple[float, float]]] = {
        "unrelated pairs": [(sign * x, tail.seen(x) / tail.pairs) for x in grid],
    }
    if len(tail.values) >= FITTED:
        curves["the tail drawn on"] = [(sign * x, max(tail.drawn(x), LEAST)) for x in grid]
    if len(related):
        curves["edited copies"] = [(sign * x, float(np.mean(related >= x))) for x in grid]
    share = "share of pairs at least so alike"
    return Panel(rule.title, rule.axis, curves, rule.marks, share, frozenset({"the tail drawn on"}))


def report(trial: Trial, numbers: Sequence[int], rows: list[Row], related: list[Row], pictures: Path) -> list[str]:
    """Draw the charts and tell the table."""
    kinds = Counter(item.kind for item in trial.items.values())
    asked = Counter(trial.items[number].kind for number in numbers)
    sounding = sum(item.prints.codes is not None for item in trial.items.values())
    heard = sum(trial.items[number].prints.codes is not None for number in numbers)
    pairs = {
        **dict.fromkeys(("hash", "features", "agreeing"), asked["photo"] * kinds["photo"]),
        "frame": asked["photo"] * kinds["video"],
        "motion": asked["video"] * kinds["video"],
        "sound": heard * sounding,
    }
    bits = hash_distances(trial, numbers)
    lines, panels = [], []
    for rule in RULES:
        values = of(rule, rows)
        if rule.name == "hash":
            values = -np.repeat(np.array(list(bits), np.float64), list(bits.values()))
        if rule.name == "sound":
            values = values[values > -1]
        tail, copied = Tail(values, max(1, pairs[rule.name])), of(rule, related)
        lines += expectations(rule, tail, copied)
        drawn = panel(rule, tail, copied)
        panels += [drawn] if drawn is not None else []
    draw(pictures / "thresholds.png", panels)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--queries", type=int, default=1000, help="of photos, and half as many of videos and sounds")
    parser.add_argument("--copies", type=int, default=60)
    parser.add_argument("--pictures", type=Path, default=Path("docs/pictures"))
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    trial = Trial.of(asked.cache)
    order = np.random.default_rng(5).permutation(len(trial.items)).tolist()
    numbers = chosen(trial, order, asked.queries)
    rows = asked_pairs(trial, numbers, asked.cache / f"asked-{len(trial.items)}.jsonl")
    files = [item for item in trial.items.values() if not item.made]
    related = [counted_as_missed(copy) | scores(copy, original) for copy, original in copies(files, asked.copies)]
    for row in rows:
        if row["matched"]:
            print("matched:", json.dumps(row))
    print("\n".join(report(trial, numbers, rows, related, asked.pictures)))
    print(f"{len(numbers)} questions:", dict(Counter(trial.items[number].kind for number in numbers)))
    for name, counted in COUNTED.items():
        print(f"{name} pairs:", dict(Counter(str(row["kind"]) for row in rows if counted(row))))


if __name__ == "__main__":
    main()
