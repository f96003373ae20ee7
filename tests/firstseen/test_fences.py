"""Decoders run only behind the fences that are required; one that the kernel does not grant is named."""

import pytest

from core.config import Config, Media
from core.errors import ConfigError
from fingerprints import sandbox
from fingerprints.child import Isolation, posture
from firstseen.fences import fenced, lacking_fences


def requiring(*names: str) -> Config:
    """A configuration that requires these fences."""
    return Config(media=Media(isolation=names))


def granted() -> dict[str, bool]:
    """What this kernel grants."""
    with Isolation(slots=1) as isolation:
        return dict(posture(isolation))


def test_fences_that_are_there_let_files_be_read() -> None:
    """What the kernel grants may be required, and by default only what every kernel grants is."""
    with fenced(requiring(*(name for name, active in granted().items() if active))):
        pass
    assert all(granted()[name] for name in Config().media.isolation)


def test_unknown_fences_are_refused() -> None:
    """A slip of the pen is not taken for a fence."""
    with pytest.raises(ConfigError, match="a moat"), fenced(requiring("a moat")):
        pass


def test_a_fence_that_is_missing_is_named() -> None:
    """Of what is required, exactly what a kernel does not grant is lacking; what is not required may be missing."""
    everything = dict.fromkeys(sandbox.LAYERS, True)
    old_kernel = {**everything, sandbox.FILES: False, sandbox.NETWORK: False}
    assert lacking_fences(sandbox.LAYERS, everything) == []
    assert lacking_fences((sandbox.LIMITS, sandbox.NETWORK), old_kernel) == [sandbox.NETWORK]
    assert lacking_fences((sandbox.LIMITS,), old_kernel) == []
