"""The whole program: the real service as a child process, on a Telegram of this machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from demo.stage import Stage, joined, set_stage
from tests.media import files, synthetic


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Two channels watched by a service that is not started yet."""
    async with set_stage(tmp_path) as opened:
        names = ("astra", "digest")
        numbers = [str(joined(opened, name.title(), f"{name}_channel", name).id) for name in names]
        await opened.firstseen("watch", "add", *numbers, "--side", "ua")
        yield opened


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """Photos of different places."""
    return [files.photo(synthetic.still(seed, (640, 480))) for seed in range(9)]
