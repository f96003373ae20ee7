"""What the service missed while it was down, it has after its next start."""

import json
from collections.abc import Sequence

from demo.stage import Stage
from loopback.nouns import Post


def posted(stage: Stage, number: int, pictures: Sequence[bytes]) -> list[Post]:
    """So many posts of a channel; the first, the middle and the last one have a photo."""
    photos = dict(zip((0, number // 2, number - 1), map(stage.world.photo, pictures), strict=True))
    posts = [
        stage.world.post(stage.channels["astra"], f"Report {place} of {number}", media=photos.get(place))
        for place in range(number)
    ]
    return [posts[place] for place in photos]


async def test_posts_made_while_the_service_was_down_are_there_after_its_start(
    stage: Stage, pictures: list[bytes]
) -> None:
    """However many posts were missed, 10, 100 or 500, each is stored once and each photo has its alert."""
    await stage.start_service()
    await stage.until_watching(2)
    await stage.stop_service()
    for place, missed in enumerate((10, 100, 500)):
        shown = posted(stage, missed, pictures[3 * place : 3 * place + 3])
        await stage.start_service()
        for post in shown:
            await stage.until(f"a card leads to {post.text}", lambda post=post: stage.card_of(post) is not None)
        await stage.until_settled()
        await stage.stop_service()
    status = json.loads(await stage.firstseen("status", "--json"))
    assert status["posts"]["posts"] == 10 + 100 + 500
    assert status["posts"]["files_held"] == 9
    assert stage.world.writes() == []
