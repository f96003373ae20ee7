"""Kill -9 at random moments of a story. More kills: FIRSTSEEN_KILLS=50 pytest tests/service/test_kills.py."""

import contextlib
import json
import os
import random
from collections import Counter

from demo.stage import Stage

KILLS = int(os.environ.get("FIRSTSEEN_KILLS", "4"))
MOST_REQUESTS = 30  # that the service may make between its start and its death


async def after_requests(stage: Stage, number: int) -> None:
    """Wait until the service made so many more requests, or has nothing more to ask."""
    begun = len(stage.world.log)
    with contextlib.suppress(TimeoutError):
        await stage.world.wait_until(lambda: len(stage.world.log) >= begun + number, timeout=3)


async def test_nothing_is_lost_or_doubled_by_kills(stage: Stage, pictures: list[bytes]) -> None:
    """Killed at random moments while posts arrive, the service ends with every post, file, finding and card once."""
    moments = random.Random(7)
    await stage.start_service()
    await stage.until_watching(2)
    posts = []
    for number in range(KILLS):
        channel = stage.channels[("astra", "digest")[number % 2]]
        photo = stage.world.photo(pictures[number % len(pictures)])
        posts.append(stage.world.post(channel, f"Photo {number}", media=photo))
        stage.world.post(channel, f"Words {number}")
        await after_requests(stage, moments.randint(1, MOST_REQUESTS))
        await stage.kill_service()
        await stage.start_service()
    for post in posts:
        await stage.until(f"a card leads to {post.text}", lambda post=post: stage.card_of(post) is not None)
    await stage.until_settled()
    await stage.stop_service()

    findings = json.loads(await stage.firstseen("findings"))
    found = Counter((row["channel_id"], row["message_id"]) for row in findings)
    assert found == Counter((post.channel.id, post.id) for post in posts)
    status = json.loads(await stage.firstseen("status", "--json"))
    assert status["posts"]["posts"] == 2 * KILLS
    footage = {row["footage"] for row in findings}
    assert len(footage) == min(KILLS, len(pictures))
    unmarked = [card for card in stage.cards() if "possible repeat" not in card.text]
    assert len(unmarked) <= len(footage)
    assert len(stage.cards()) <= len(footage) + KILLS
