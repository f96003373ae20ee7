"""What the library finds: everything held, but for channel furniture beyond the files that it is found by."""

import numpy as np

from core.model import Fingerprint, MediaKind
from fingerprints import sound
from pipeline.library import Filled, Library
from storage import assets, channels, fingerprints, furniture
from storage.furniture import EXEMPLARS, Place
from storage.opening import Store
from tests.storage.made import ASTRA, MARK, NOW

JINGLE = 5.0  # seconds
REPORTS = EXEMPLARS + 2


def report(seed: int) -> tuple[Fingerprint, ...]:
    """A sound that begins with the jingle and goes on for ten seconds with something else."""
    codes = [
        np.random.default_rng(number).integers(1, 1 << 32, round(seconds / sound.SECONDS_PER_CODE), np.uint32)
        for number, seconds in ((0, JINGLE), (seed, 10.0))
    ]
    return (Fingerprint(sound.CODES, sound.VERSION, np.concatenate(codes).astype("<u4").tobytes()),)


async def reports(store: Store) -> tuple[int, list[int]]:
    """Reports that share a jingle which is known; the jingle and the reports."""
    async with store.database.transaction() as tx:
        await channels.record_channel(tx, ASTRA, NOW)
        jingle = await furniture.learn(tx, ASTRA.channel_id, Place.OPENING, False, (1, 2, 3), 3, NOW)
        held = [await assets.record(tx, f"{seed:064x}", 1, MediaKind.VOICE, NOW) for seed in range(REPORTS)]
        for seed, asset_id in enumerate(held, 1):
            await fingerprints.replace(tx, asset_id, report(seed))
            await furniture.put(tx, jingle, asset_id, 0.0, JINGLE, NOW)
    return jingle, held


async def test_a_known_jingle_is_sought_in_the_files_that_had_it_first(store: Store) -> None:
    """A new report is compared with few of those that share its jingle; once rejected as furniture, with all."""
    library, (jingle, held) = Library(store), await reports(store)
    await library.fill()
    asked = report(99)
    assert [asset_id for asset_id, _ in await library.match(asked)] == held[:EXEMPLARS]
    copies = {asset_id: match.certain for asset_id, match in await library.match(report(REPORTS))}
    assert copies[held[-1]]

    async with store.database.transaction() as tx:
        await furniture.reject(tx, jingle, rejected=True, member=MARK, at=NOW)
    assert [asset_id for asset_id, _ in await library.match(asked)] == held
    await library.close()


async def test_the_next_start_reads_what_changed(store: Store) -> None:
    """What the files know as the database has it is not read again; what was replaced or masked otherwise is."""
    jingle, held = await reports(store)
    first = Library(store)
    assert await first.fill() == Filled(mapped=0, read=REPORTS, refusal="")
    await first.close()
    async with store.database.transaction() as tx:
        await fingerprints.replace(tx, held[0], report(50))
        await furniture.reject(tx, jingle, rejected=True, member=MARK, at=NOW)
    second, heard = Library(store), list[tuple[int, int]]()
    changed = 1 + REPORTS - EXEMPLARS
    filled = await second.fill(lambda done, total: heard.append((done, total)))
    assert filled == Filled(mapped=REPORTS - changed, read=changed, refusal="")
    assert heard == [(changed, changed)]
    for seed, whole in ((50, True), (1, False)):
        alike = {one: max(span.seconds for span in match.spans) for one, match in await second.match(report(seed))}
        assert (alike[held[0]] > 2 * JINGLE) is whole
    await second.close()


async def test_an_index_of_another_database_is_not_used(store: Store) -> None:
    """Files that were copied from elsewhere are refused, and all is read from the database."""
    await reports(store)
    first = Library(store)
    await first.fill()
    await first.close()
    async with store.database.transaction() as tx:
        await tx.run("UPDATE identity SET name = 'elsewhere'")
    second = Library(store)
    assert await second.fill() == Filled(0, REPORTS, "the files are of another database")
    await second.close()
