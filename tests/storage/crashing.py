"""A process that dies at the k-th call to the system while it puts a file into a vault, for every k.

``python -m tests.storage.crashing ROOT`` forks once per k and exits 0 after the first that came through. The forks die
without any clean-up, as kill -9 has it; this process has no threads, so that forking is safe.
"""

import os
import sys
from pathlib import Path

from storage.vault import Vault
from tests.storage.faults import at_call

CONTENT = b"evidence" * 4000
PART = "file7"


def put(root: Path) -> None:
    """Take a file into the vault, going on where an earlier process was cut off."""
    part = Vault(root, 0).part(PART)
    for start in range(part.size, len(CONTENT), 16_000):
        part.write(CONTENT[start : start + 16_000])
    part.keep()


def _die() -> None:
    os._exit(9)


def main(root: Path) -> int:
    """How many processes died."""
    died = 0
    while True:
        place = root / f"{died + 1}"
        place.mkdir(mode=0o700)
        Vault(place, 0).sweep()
        child = os.fork()
        if child == 0:
            with at_call(died + 1, _die):
                put(place)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            return died
        died += 1


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(sys.argv[1]))}\n")
