"""Which held assets are worth comparing with a query, and the matcher that compares them."""

from collections.abc import Callable, Collection, Sequence

from core.model import Fingerprint
from fingerprints.compare import Match, Prints, compare_prints

KEPT = 256  # unpacked assets in memory


class Matcher:
    """Everything that is held, and how a query matches it. ``load`` gives the fingerprints of an asset by its id."""

    def __init__(self, load: Callable[[int], Sequence[Fingerprint]]) -> None:
        self._load = load
        self._held: dict[int, None] = {}
        self._unpacked: dict[int, Prints] = {}

    def add(self, asset_id: int, prints: Sequence[Fingerprint]) -> None:
        """Make an asset findable; one without fingerprints can't be found."""
        self.remove(asset_id)
        if prints:
            self._held[asset_id] = None

    def remove(self, asset_id: int) -> None:
        """Forget an asset."""
        self._held.pop(asset_id, None)
        self._unpacked.pop(asset_id, None)

    def match(self, prints: Sequence[Fingerprint], exclude: Collection[int] = ()) -> list[tuple[int, Match]]:
        """Every held asset that the query matches, certainly or possibly."""
        query = Prints.of(prints)
        found = []
        for asset_id in self._held:
            if asset_id not in exclude and (match := compare_prints(query, self._prints(asset_id))):
                found.append((asset_id, match))
        return found

    def _prints(self, asset_id: int) -> Prints:
        if asset_id not in self._unpacked:
            if len(self._unpacked) >= KEPT:
                self._unpacked.pop(next(iter(self._unpacked)))
            self._unpacked[asset_id] = Prints.of(self._load(asset_id))
        return self._unpacked[asset_id]
