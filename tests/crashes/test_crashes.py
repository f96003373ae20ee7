"""Kill -9, a full disk and a failing disk at points all over the way of a post: nothing is lost, nothing doubled.

More points: FIRSTSEEN_CRASH_STRIDE=1 pytest tests/crashes, or one kind by python -m tests.crashes.story kill FOLDER 1.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crashes.story import KINDS

STRIDE = int(os.environ.get("FIRSTSEEN_CRASH_STRIDE", "97"))
CALLS_AT_LEAST = 400  # that a telling makes: fewer would mean that the counting broke


@pytest.mark.timeout(0 if STRIDE < 10 else 120)
@pytest.mark.parametrize("kind", KINDS)
def test_struck_anywhere_the_next_process_tells_the_story_to_its_end(kind: str, tmp_path: Path) -> None:
    """After each point a new process finds what is there and ends with every post, file, finding and card once."""
    command = [sys.executable, "-m", "tests.crashes.story", kind, str(tmp_path), str(STRIDE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["problems"] == []
    assert outcome["points"] >= CALLS_AT_LEAST // STRIDE
