"""Seconds that are masked make no matches; the rest of a file still does."""

import pytest

from core.model import Fingerprint
from fingerprints import sound, video
from fingerprints.compare import compare
from fingerprints.masking import Masked, masked
from tests.media import synthetic

SMALL = (320, 180)
INTRO = synthetic.clip(900, 5.0, size=SMALL, fps=8).drawn()
OPENING = Masked(0.0, 5.0)


def prints(clip: synthetic.Clip) -> list[Fingerprint]:
    """The fingerprints of a clip's pictures and sound."""
    every = round(clip.fps / video.RATE)
    found, _ = video.fingerprints([clip.draw(index) for index in range(0, clip.count, every)])
    return [*found, *sound.fingerprints(clip.sound[:: synthetic.VOICE_RATE // sound.RATE])]


@pytest.fixture(scope="module")
def reports() -> list[list[Fingerprint]]:
    """Two reports with one intro and nothing else in common."""
    return [prints(synthetic.compilation([INTRO, synthetic.clip(seed, 6.0, size=SMALL, fps=8)])) for seed in (1, 2)]


def test_a_masked_intro_is_not_found(reports: list[list[Fingerprint]]) -> None:
    """Two reports match by their intro until it is masked in one of them; a copy of all is still the same."""
    query, held = reports
    assert compare(query, held) is not None

    without = masked(held, [OPENING])

    assert compare(query, without) is None
    whole = compare(held, without)
    assert whole is not None
    assert whole.relation == "same"


def test_under_a_masked_jingle_the_pictures_count(reports: list[list[Fingerprint]]) -> None:
    """Where only the sound is masked, the pictures still match, and no longer the sound."""
    query, held = reports
    found = compare(query, masked(held, [Masked(0.0, 5.0, picture=False)]))
    assert found is not None
    assert (found.picture, found.sound) == (True, False)
