"""Fixtures: an open store in a directory of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import Clock
from storage.opening import Store, open_store


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A state directory that nobody else may read."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
async def store(state_dir: Path) -> AsyncIterator[Store]:
    """A store with the present schema, real files and a clock that tests may move."""
    async with open_store(state_dir, Clock()) as opened:
        yield opened
