"""The decoders behind the fences that the operator requires: without one of them nothing is read."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from core.config import Config
from core.errors import ConfigError, StateError
from fingerprints.child import Isolation, posture
from fingerprints.sandbox import LAYERS


@contextmanager
def fenced(config: Config) -> Iterator[Isolation]:
    """Decoders for as long as the context lasts; StateError when this kernel does not grant a required fence."""
    check_names(config)
    with Isolation(slots=config.media.slots) as isolation:
        if lacking := lacking_fences(config.media.isolation, posture(isolation)):
            raise StateError(
                f"decoders lack what media.isolation requires here: {', '.join(lacking)}; "
                "`firstseen doctor` shows what this kernel grants"
            )
        yield isolation


def check_names(config: Config) -> None:
    """A fence that nobody knows is a ConfigError, so that a slip of the pen is not taken for a fence."""
    if unknown := [name for name in config.media.isolation if name not in LAYERS]:
        raise ConfigError("media.isolation", [f"{name!r} is none of: {', '.join(LAYERS)}" for name in unknown])


def lacking_fences(required: Iterable[str], granted: Mapping[str, bool]) -> list[str]:
    """The required fences that a kernel does not grant."""
    return [name for name in required if not granted[name]]
