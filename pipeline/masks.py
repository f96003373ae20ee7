"""Which seconds of which assets the matcher need not know: channel furniture beyond the files it is found by.

Without them a report of a channel with an intro would be compared with all its reports. What members reject is known
to the matcher again with the next question.
"""

import hashlib
from collections.abc import Mapping, Sequence

from core.model import Fingerprint
from fingerprints.masking import Masked, masked
from storage import furniture
from storage.database import Reader

Seconds = tuple[Masked, ...]


class Masks:
    """What storage says of furniture, as of the last question."""

    def __init__(self) -> None:
        self._state = (0, 0)
        self._by_asset: Mapping[int, Seconds] = {}

    async def renew(self, reader: Reader) -> frozenset[int]:
        """Take up what was learned or rejected since; the assets for which that changes anything."""
        state = await furniture.state(reader)
        if state == self._state:
            return frozenset()
        before = self._by_asset
        self._by_asset = {
            asset_id: tuple(Masked(one.start, one.seconds, one.picture) for one in stretches)
            for asset_id, stretches in (await furniture.repeated(reader)).items()
        }
        self._state = state
        every = before.keys() | self._by_asset.keys()
        return frozenset(one for one in every if before.get(one) != self._by_asset.get(one))

    def over(self, asset_id: int, prints: Sequence[Fingerprint]) -> Sequence[Fingerprint]:
        """The fingerprints of an asset as the matcher shall know them."""
        seconds = self._by_asset.get(asset_id)
        return masked(prints, seconds) if seconds else prints

    def mark(self, asset_id: int, mark: int) -> int:
        """The mark of these fingerprints, made from that of the whole ones: others with every other furniture."""
        seconds = self._by_asset.get(asset_id)
        return mark ^ _number(seconds) if seconds else mark


def _number(seconds: Seconds) -> int:
    """64 bits that stand for these seconds."""
    return int.from_bytes(hashlib.blake2b(repr(seconds).encode(), digest_size=8).digest(), signed=True)
