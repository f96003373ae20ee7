"""Kill -9 in the middle of the story: the service dies at random moments and is started again, as systemd would."""

import contextlib
import random
from functools import partial

from demo.stage import Stage

MOST_REQUESTS = 60  # that one life may make
LONGEST_LIFE = 8.0  # seconds, for a life in which nothing more is to be asked


async def reap(stage: Stage, kills: int, seed: int) -> None:
    """Kill the service ``kills`` times, each time after a random number of its requests."""
    moments = random.Random(seed)
    for _ in range(kills):
        begun, allowed = len(stage.world.log), moments.randint(1, MOST_REQUESTS)
        with contextlib.suppress(TimeoutError):
            await stage.world.wait_until(partial(_lived, stage, begun + allowed), timeout=LONGEST_LIFE)
        await stage.kill_service()
        await stage.start_service()


def _lived(stage: Stage, requests: int) -> bool:
    return len(stage.world.log) >= requests


def repeats(stage: Stage) -> tuple[int, int]:
    """How many cards stand twice in a group, and how many of all cards say that they may."""
    cards = stage.cards()
    numbers = [
        (card.chat.id, card.text.split()[1] if not card.text.startswith("POSSIBLE") else card.text) for card in cards
    ]
    return len(numbers) - len(set(numbers)), sum("possible repeat" in card.text for card in cards)
