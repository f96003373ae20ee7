"""/status: trouble first, then what is held, what waits, how fast alerts are, and the custody log's head."""

from datetime import timedelta

from core.model import Channel, Tier, Watch
from storage import channels, custody, jobs, refingerprinting, settings
from tests.bot.newsroom import ASTRA, START, Newsroom


async def test_status_when_all_is_well(newsroom: Newsroom) -> None:
    """Without trouble it says so, and what a "not seen" would rest on."""
    number = await newsroom.post()
    await newsroom.shown(number)
    await newsroom.idle()
    newsroom.ivan.say(newsroom.group, "/status")

    told = await newsroom.said("Status")

    async with newsroom.store.database.reader() as reader:
        entry, digest = await custody.head(reader)
    assert "No trouble." in told.text
    assert "Searched: 1 file of 1 channel, posted since 18 Oct 2024" in told.text
    assert "Waiting: nothing" in told.text
    assert "1 alert in the last day, half within 0 s" in told.text
    assert told.text.endswith(f"Custody log, entry {entry}: {digest}")


async def test_status_names_trouble_and_what_is_parked(newsroom: Newsroom) -> None:
    """Trouble comes first, in words, and jobs that wait for a person are counted; foreign words in it are clean."""
    now = newsroom.store.clock.now()
    async with newsroom.store.database.transaction() as tx:
        await settings.set_trouble(tx, "account main", "flood wait until 10:00 \u202e", now)
        await jobs.enqueue(tx, "fetch", "1")
        await jobs.enqueue(tx, "fetch", "2")
        job = await jobs.claim(tx, "fetch", now)
        assert job is not None
        await jobs.park(tx, job, "gone")
        await refingerprinting.begin(tx, {"photo.pdq": 2}, now)
    newsroom.ivan.say(newsroom.group, "/status")

    told = await newsroom.said("Status")

    assert told.text.splitlines()[1].startswith("⚠ account main: flood wait until 10:00 [U+202E] (since 18 Oct 2024")
    assert "fetch 1, 1 parked" in told.text
    assert "Fingerprints made anew: 0 of 0" in told.text


async def test_the_watch_list_is_told_in_private_only(newsroom: Newsroom) -> None:
    """In the group watches are counted; in private they are named, with how far and how recently they were read."""
    async with newsroom.store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, START)
        await channels.record_channel(tx, Channel(7, "Silent one"), START)
        await channels.start_watch(tx, Watch(ASTRA.channel_id, Tier.JOINED, "main", 412, START))
        await channels.start_watch(tx, Watch(7, Tier.POLL, "main", 5, START))
        await channels.set_watch_state(tx, 7, "private", "CHANNEL_PRIVATE", START)
        await channels.reconciled(tx, ASTRA.channel_id, newsroom.store.clock.now() - timedelta(minutes=4))
    newsroom.ivan.say(newsroom.group, "/status")
    newsroom.ivan.start(newsroom.me)
    newsroom.ivan.say(newsroom.me, "/status")

    group = await newsroom.said("Status")
    private = await newsroom.said("Status", chat=newsroom.ivan.chat_with(newsroom.me))

    assert "Watched: 1 active, 1 private" in group.text
    assert "Astra" not in group.text
    assert "Astra: active, joined, through post 412, compared with Telegram 4 min" in private.text
    assert (
        "Silent one: private (CHANNEL_PRIVATE), polled, through post 5, not compared with Telegram yet" in private.text
    )
