import json

import pytest

from demo.stage import Stage


async def watched(stage: Stage) -> None:
    """Run the service until both channels are watched, then stop it."""
    await stage.start_service()
    await stage.until_watching(2)
    await stage.stop_service()


@pytest.mark.parametrize("missed", [10, 100, 500])
async def test_posts_made_while_the_service_was_down_are_there_after_its_start(
    stage: Stage, pictures: list[bytes], missed: int
) -> None:
    """However many posts were missed, each is stored once and each photo among them has its alert."""
    await watched(stage)
    channel = stage.channels["astra"]
    shown = []
    for number in range(missed):
        media = stage.world.photo(pictures[number % 3]) if number in {0, missed // 2, missed - 1} else None
        post = stage.world.post(channel, f"Report {number}", media=media)
        shown += [post] if media is not None else []
    await stage.start_service()
    for post in shown:
        await stage.until(f"a card leads to {post.text}", lambda post=post: stage.card_of(post) is not None)
    await stage.until_settled()
    await stage.stop_service()
    status = json.loads(await stage.firstseen("status", "--json"))
    assert status["posts"]["posts"] == missed
    assert status["posts"]["files_held"] == len(shown)
    assert stage.world.writes() == []
