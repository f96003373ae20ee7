"""Many posts at once with a process that dies among them; benchmarks/burst.py does the same with a thousand."""

from tests.bot.bursts import burst
from tests.bot.newsroom import Newsroom


async def test_a_burst_survives_a_cut_within_the_limits(stage: Newsroom) -> None:
    """The first card comes within seconds, everything is visible at last, and the restart does not speak too fast."""
    told = await burst(stage, 36, over=6, cut_after=3)

    assert told.missing == set()
    assert told.refusals == 0
    assert told.fullest_minute <= 20
    assert told.first_seen is not None
    assert told.first_seen <= 5
