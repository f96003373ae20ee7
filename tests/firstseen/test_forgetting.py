"""What is forgotten is gone from database, index and vault, stays gone, and the log proves that it was removed."""

import numpy as np
import pytest

from core.errors import InputError
from core.model import Capture, Fingerprint, MediaKind, Recorded
from fingerprints import sound
from firstseen import forgetting, retaining, verifying
from pipeline.library import Library
from storage import assets, custody, fingerprints, footage, posts
from storage.opening import Store
from tests.firstseen.test_retention import held_video, silent
from tests.storage.made import NOW, a_post

WORDS = "Соняшники біля Сергіївки"
PRINTS = (
    Fingerprint(
        sound.CODES,
        sound.VERSION,
        np.random.default_rng(1).integers(1, 1 << 32, 300, np.uint32).astype("<u4").tobytes(),
    ),
)


async def counted(store: Store) -> list[int]:
    """How many posts have words, bytes, and words to search; how many fingerprints there are."""
    asked = (
        "SELECT COUNT(*) AS n FROM post WHERE text <> ''",
        "SELECT COUNT(*) AS n FROM post WHERE length(raw) > 0",
        "SELECT COUNT(*) AS n FROM post_words",
        "SELECT COUNT(*) AS n FROM fingerprint",
    )
    async with store.database.reader() as reader:
        return [row["n"] for sql in asked if (row := await reader.one(sql))]


@pytest.mark.parametrize("by", ["footage", "channel"])
async def test_what_is_forgotten_is_gone_and_stays_gone(store: Store, by: str) -> None:
    """Asking changes nothing, a hold refuses; then words, bytes, file and fingerprints go, and do not come back."""
    footage_id, path = await held_video(store)
    library = Library(store)
    async with store.database.transaction() as tx:
        await fingerprints.replace(tx, 1, PRINTS)
    await library.fill()
    assert [one for one, _ in await library.match(PRINTS)] == [1]
    about = {by: f"F{footage_id}" if by == "footage" else "@astra", "reason": "asked by the person shown"}
    looked = await forgetting.forget(store, about, silent)
    assert (looked["posts"], looked["files"], looked["forgotten"]) == (1, 1, False)
    held = {"channel": "@astra", "reason": "case 17"}
    await retaining.hold(store, held, silent)
    with pytest.raises(InputError, match="legal hold"):
        await forgetting.forget(store, {**about, "apply": True}, silent)
    assert await counted(store) == [1, 1, 1, 1]
    await retaining.lift(store, held, silent)

    done = await forgetting.forget(store, {**about, "apply": True}, silent)
    assert (done["posts"], done["files"], done["forgotten"]) == (1, 1, True)
    assert await counted(store) == [0, 0, 0, 0]
    assert await library.match(PRINTS) == []
    assert not path.exists()
    await assert_sound(store)

    async with store.database.transaction() as tx:
        again = await posts.record(tx, a_post(text=f"{WORDS}!", raw=b"y"), Capture.LIVE, "main", NOW)
        assert again[0] is Recorded.KNOWN
    assert await counted(store) == [0, 0, 0, 0]
    assert (await forgetting.forget(store, about, silent))["posts"] == 0
    await library.close()


async def assert_sound(store: Store) -> None:
    """The check is content, the chain holds, and the log tells of file and post with the reason."""
    assert (await verifying.verify(store, silent, known=[], read_percent=100))["problems"] == []
    async with store.database.reader() as reader:
        assert await custody.verify(reader) == []
        rows = await reader.all("SELECT body FROM custody WHERE body LIKE '%.forgotten%' ORDER BY seq")
        assert [f'"subject":"{one}"' in row["body"] for one, row in zip(("asset/1", "post/1001/5"), rows, strict=True)]
        assert all("asked by the person shown" in row["body"] for row in rows)


async def test_forgotten_bytes_that_are_posted_again_are_a_file_like_any_other(store: Store) -> None:
    """Who posts them anew makes a new appearance: the file is read again."""
    footage_id, _ = await held_video(store)
    await forgetting.forget(store, {"footage": f"F{footage_id}", "reason": "r", "apply": True}, silent)
    async with store.database.transaction() as tx:
        row = await tx.one("SELECT sha256 FROM asset")
        assert row is not None
        assert await assets.record(tx, row["sha256"], 10, MediaKind.VIDEO, NOW) == 1
        asset = await assets.asset(tx, 1)
        assert asset is not None
        assert asset.verdict == ""
        assert await footage.home(tx, 1) == footage_id
    for wrong in ({"reason": "x"}, {"footage": "F1", "channel": "@astra", "reason": "x"}, {"footage": "F1"}):
        with pytest.raises(InputError):
            await forgetting.forget(store, wrong, silent)
