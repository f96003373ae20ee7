"""Copies are recognised for what they are and where they lie; look-alikes are not; what says nothing is plain."""

from functools import cache

import cv2
import numpy as np
import pytest

from fingerprints.compare import compare
from fingerprints.index import Matcher
from fingerprints.read import Reading
from tests.fingerprints.held import (
    ELSEWHERE,
    FPS,
    NEAR,
    PLACE,
    SECONDS,
    assert_span,
    footage,
    found,
    held,
    held_elsewhere,
    held_photo,
    held_voice,
    read,
    still,
)
from tests.media import edits, files, synthetic
from tests.media.synthetic import VOICE_RATE, Clip, Edit, Pixels, Samples

# ------------------------------------------------------------------------------------------------ videos


@pytest.mark.parametrize(
    ("edit", "relation"),
    [
        (lambda rgb: rgb, "same"),
        (edits.scaled(240, 136), "same"),
        (edits.with_logo(), "edited"),
        (edits.with_caption_bar(), "edited"),
        (edits.cropped(0.2), "edited"),
        (edits.letterboxed(0.25), "edited"),
        (edits.in_turn(edits.grey, edits.brighter(0.8), edits.cropped(0.1), edits.with_logo()), "edited"),
        (edits.mirror, "mirrored"),
    ],
    ids=["compressed", "smaller", "logo", "caption", "crop", "letterbox", "several", "mirror"],
)
def test_copies_of_a_video(edit: Edit, relation: str) -> None:
    """A video that was compressed again and edited is certainly a copy, from its first second to its last."""
    copy = read(files.video(footage().edited(edit), crf=32))
    match = found(copy, held())
    assert (match.relation, match.certain, match.mirrored) == (relation, True, relation == "mirrored")
    assert (match.picture, match.sound, match.evidence) == (True, True, "motion")
    assert_span(match, 0.0, 0.0, SECONDS)


def test_a_piece_of_a_video() -> None:
    """A piece is an excerpt of the whole, and the whole contains the piece, at the same seconds."""
    piece = read(files.video(footage().excerpt(1.5, 5.0), crf=30))
    match = found(piece, held())
    assert (match.relation, match.certain) == ("excerpt", True)
    assert_span(match, 0.0, 1.5, 3.5)
    match = found(held(), piece)
    assert (match.relation, match.certain) == ("contains", True)
    assert_span(match, 1.5, 0.0, 3.5)


def test_a_video_that_uses_a_piece() -> None:
    """A compilation contains a piece that was seen before, at its place in both."""
    copy = read(files.video(synthetic.compilation([footage(ELSEWHERE).excerpt(0, 4), footage().excerpt(1, 5)])))
    match = found(copy, held())
    assert (match.relation, match.certain) == ("contains", True)
    assert_span(match, 4.0, 1.0, 4.0)


def test_other_footage_is_no_match() -> None:
    """Another place with another voice matches nothing."""
    assert compare(held_elsewhere().fingerprints, held().fingerprints) is None


@pytest.mark.parametrize(("place", "later"), [(PLACE, 60.0), (ELSEWHERE, 20.0)])
def test_the_same_camera_at_another_time_is_not_a_copy(place: int, later: float) -> None:
    """The same place through the same camera, a while later, is never certain."""
    before = held() if place == PLACE else held_elsewhere()
    after = read(files.video(footage(place, later, voice=int(later))))
    match = compare(after.fingerprints, before.fingerprints)
    assert match is None or not match.certain


@pytest.mark.parametrize("speed", [0.9, 1.1, 1.25])
def test_a_video_at_another_speed(speed: float) -> None:
    """A video that runs faster or slower is a copy; its span tells the speed."""
    frames = [footage().draw(int(place * speed)) for place in range(int(SECONDS * FPS / speed))]
    match = found(read(files.video(Clip(frames.__getitem__, len(frames), FPS))), held())
    assert (match.relation, match.certain) == ("edited", True)
    assert match.spans[0].speed == pytest.approx(speed, rel=0.1)


def watched(second: float) -> Pixels:
    """What a camera on a wall sees at a second: one place, and twelve who walk through it."""
    frame = still(9).copy()
    for walker in range(12):
        across = int((walker * 97 + second * (23 + 7 * walker)) % 600)
        down = 120 + int((walker * 61 + second * (5 + walker)) % 250)
        frame[down : down + 70, across : across + 40] = (walker * 20, 250 - walker * 20, 40)
    return frame


@cache
def held_watch() -> Reading:
    """Eight seconds of that camera."""
    return read(files.video(Clip(lambda place: watched(place / FPS), int(8 * FPS), FPS)))


def test_only_the_very_moment_of_a_camera_is_its_frame() -> None:
    """A picture by the camera of a known video is certain to be from it only if it shows a moment of it."""
    match = found(read(files.photo(watched(4.0))), held_watch())
    assert (match.relation, match.certain) == ("frame", True)
    assert match.spans[0].reference_start == pytest.approx(4.0, abs=NEAR)
    for later in (31.0, 77.0, 145.0):
        other = compare(read(files.photo(watched(later))).fingerprints, held_watch().fingerprints)
        assert other is None or not other.certain


def test_the_same_sound_over_other_pictures() -> None:
    """Other pictures under a voice that was heard before match by sound alone, and it is said that pictures differ."""
    copy = read(files.video(footage(ELSEWHERE).with_sound(footage().sound)))
    match = found(copy, held())
    assert (match.relation, match.certain, match.picture, match.sound) == ("audio", True, False, True)
    assert_span(match, 0.0, 0.0, SECONDS)


def test_the_same_pictures_under_another_sound() -> None:
    """A video with a new voice is the same picture, and not the same sound."""
    match = found(read(files.video(footage().with_sound(synthetic.voice(99, SECONDS)))), held())
    assert (match.relation, match.certain, match.picture, match.sound) == ("same", True, True, False)


def test_a_picture_out_of_a_video() -> None:
    """A screenshot is a frame of the video, at its second; told the other way the video contains it."""
    shot = read(files.photo(edits.scaled(640, 360)(footage().draw(3 * FPS))))
    match = found(shot, held())
    assert (match.relation, match.certain, match.mirrored) == ("frame", True, False)
    assert match.spans[0].reference_start == pytest.approx(3.0, abs=NEAR)
    match = found(held(), shot)
    assert match.relation == "contains"
    assert match.spans[0].query_start == pytest.approx(3.0, abs=NEAR)


def test_a_cropped_picture_out_of_a_video() -> None:
    """A screenshot that was cropped is found by its features, at its second."""
    shot = read(files.photo(edits.scaled(640, 360)(edits.cropped(0.3)(footage().draw(3 * FPS)))))
    match = found(shot, held())
    assert (match.relation, match.evidence) == ("frame", "orb")
    assert match.spans[0].reference_start == pytest.approx(3.0, abs=1.0)


def test_a_voice_taken_from_a_video() -> None:
    """A voice message that is a video's sound matches the video by sound."""
    match = found(read(files.sound(footage().sound)), held())
    assert (match.relation, match.certain, match.picture, match.sound) == ("audio", True, False, True)
    assert_span(match, 0.0, 0.0, SECONDS)


def test_the_very_file() -> None:
    """The same bytes are identical, whatever they show."""
    for reading in (held(), held_photo(), held_voice()):
        match = found(reading, reading)
        assert (match.relation, match.certain, match.strength, match.evidence) == ("identical", True, 1.0, "bytes")


# ------------------------------------------------------------------------------------------------ photos and sounds


@pytest.mark.parametrize(
    ("edit", "relation"),
    [
        (lambda rgb: rgb, "same"),
        (edits.scaled(320, 240), "same"),
        (edits.with_caption_bar(), "edited"),
        (edits.with_logo(), "edited"),
        (edits.grey, "edited"),
        (edits.brighter(0.7), "edited"),
        (edits.blurred(3.0), "edited"),
        (edits.scaled(480, 480), "edited"),
        (edits.cropped(0.3), "edited"),
        (edits.letterboxed(0.3), "edited"),
        (edits.mirror, "mirrored"),
        (edits.in_turn(edits.mirror, edits.with_caption_bar(), edits.cropped(0.15)), "mirrored"),
    ],
    ids=[
        "compressed",
        "smaller",
        "caption",
        "logo",
        "grey",
        "darker",
        "blurred",
        "squeezed",
        "crop",
        "letterbox",
        "mirror",
        "mirror-caption-crop",
    ],
)
def test_copies_of_a_photo(edit: Edit, relation: str) -> None:
    """A photo that was compressed again and edited is certainly a copy."""
    match = found(read(files.photo(edit(still(5)), quality=50)), held_photo())
    assert (match.relation, match.certain, match.mirrored) == (relation, True, relation == "mirrored")


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_photo_is_a_copy(turns: int) -> None:
    """A photo that lies on its side or stands on its head is found."""
    match = found(read(files.photo(np.ascontiguousarray(np.rot90(still(5), turns)))), held_photo())
    assert (match.relation, match.certain, match.mirrored) == ("edited", True, False)


def test_a_photo_within_a_collage() -> None:
    """A collage contains the photo, and the geometry says where it lies."""
    collage = np.full((900, 1280, 3), 90, np.uint8)
    collage[:480, :640] = still(6)
    collage[300:660, 700:1180] = edits.scaled(480, 360)(still(5))
    match = found(read(files.photo(collage)), held_photo())
    assert (match.relation, match.certain) == ("contains", True)
    corner = np.array(match.geometry).reshape(2, 3) @ (0, 0, 1)
    assert corner == pytest.approx((700 / 1280, 300 / 900), abs=0.01)


@pytest.mark.parametrize("where", [(0, 380, 640, 100), (10, 340, 170, 130)], ids=["banner", "logo"])
def test_pictures_with_one_banner_are_no_copies(where: tuple[int, int, int, int]) -> None:
    """A channel's banner, or its large logo, in two pictures makes neither a copy of the other, nor a frame of it."""
    left, top, width, height = where
    one, other = still(5).copy(), still(6).copy()
    for picture in (one, other):
        picture[top : top + height, left : left + width] = edits.scaled(width, height)(still(7))
    photo, elsewhere = read(files.photo(one)).fingerprints, read(files.photo(other)).fingerprints
    video = read(files.video(Clip(lambda _: other, 30, FPS))).fingerprints
    assert compare(photo, elsewhere) is None
    assert compare(photo, video) is None


def test_two_collages_with_one_picture_in_common() -> None:
    """Two pairs of pictures that share one of them have it in common, perhaps: a person is asked."""
    first, second = (np.hstack([still(5), np.full((480, 12, 3), 250, np.uint8), still(seed)]) for seed in (6, 7))
    match = compare(read(files.photo(first)).fingerprints, read(files.photo(second)).fingerprints)
    assert match is not None
    assert (match.relation, match.certain) == ("contains", False)


@pytest.mark.parametrize("paper", [20, 245])
def test_a_photo_within_a_screenshot(paper: int) -> None:
    """A telephone's screen that shows a photo between words is an edited copy of it, at its place."""
    screen = np.full((1140, 540, 3), paper, np.uint8)
    for line in range(700, 1100, 40):
        cv2.putText(screen, "what was written below it", (24, line), 0, 0.9, (128, 128, 128), 2)
    screen[160:535, 20:520] = edits.scaled(500, 375)(still(5))
    match = found(read(files.photo(screen)), held_photo())
    assert (match.relation, match.certain) == ("edited", True)
    corner = np.array(match.geometry).reshape(2, 3) @ (0, 0, 1)
    assert corner == pytest.approx((20 / 540, 160 / 1140), abs=0.02)


def test_words_on_paper_are_too_plain() -> None:
    """A title card says nothing of footage, nor does a video of one."""
    card = np.full((480, 640, 3), 30, np.uint8)
    cv2.putText(card, "BREAKING NEWS", (60, 250), 0, 2.0, (255, 255, 255), 4)
    assert read(files.photo(card)).plain
    assert read(files.video(Clip(lambda _: card, 60, FPS))).plain


def test_another_photo_is_no_match() -> None:
    """Photos of other places match nothing."""
    for seed in (6, 7):
        assert compare(read(files.photo(still(seed))).fingerprints, held_photo().fingerprints) is None


def test_copies_of_a_sound() -> None:
    """A voice message that was sent on is found, and a piece of it at its seconds."""
    voice = synthetic.voice(8, SECONDS)
    assert found(read(files.sound(voice, bit_rate=12_000)), held_voice()).certain
    piece = found(read(files.sound(voice[VOICE_RATE : 5 * VOICE_RATE])), held_voice())
    assert (piece.relation, piece.certain, piece.evidence) == ("excerpt", True, "sound")
    assert_span(piece, 0.0, 1.0, 4.0)


@pytest.mark.parametrize("speed", [0.96, 1.02, 1.05])
def test_a_sound_played_at_another_speed(speed: float) -> None:
    """A voice that runs too fast or too slow, and so too high or too low, is found from its beginning."""
    voice = synthetic.voice(8, SECONDS)
    faster = np.interp(np.arange(0, voice.size - 1, speed), np.arange(voice.size), voice).astype(np.float32)
    match = found(read(files.sound(faster)), held_voice())
    assert match.certain
    (span,) = match.spans
    assert span.reference_start == pytest.approx(span.query_start, abs=NEAR)


def test_another_voice_is_no_match() -> None:
    """Somebody else saying something else matches nothing."""
    other = read(files.sound(synthetic.voice(9, SECONDS)))
    assert compare(other.fingerprints, held_voice().fingerprints) is None


# ------------------------------------------------------------------------------------------------ all held at once


def test_a_query_finds_everything_that_it_copies() -> None:
    """Among videos, photos and sounds a compilation with a known voice finds those that it uses, and no other."""
    assets = {1: held(), 2: held_elsewhere(), 3: held_photo(), 4: held_voice()}
    matcher = Matcher(lambda asset_id: assets[asset_id].fingerprints)
    for asset_id, reading in assets.items():
        matcher.add(asset_id, reading.fingerprints)
    pieces = synthetic.compilation([footage(ELSEWHERE).excerpt(0, 4), footage().excerpt(1, 5)])
    copy = read(files.video(pieces.with_sound(synthetic.voice(8, SECONDS))))
    matches = dict(matcher.match(copy.fingerprints))
    assert {number: match.relation for number, match in matches.items()} == {1: "contains", 2: "contains", 4: "audio"}
    assert all(match == compare(copy.fingerprints, assets[number].fingerprints) for number, match in matches.items())


# ------------------------------------------------------------------------------------------------ too plain


def flat(shade: int) -> Pixels:
    """A picture of one shade."""
    return np.full((180, 320, 3), shade, np.uint8)


def gradient() -> Pixels:
    """A picture that goes from dark to light and shows nothing."""
    shades = np.linspace(0, 255, 320).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(shades[None, :, None], (180, 320, 3)))


@pytest.mark.parametrize(
    "picture", [flat(0), flat(127), flat(255), gradient()], ids=["black", "grey", "white", "gradient"]
)
def test_pictures_that_show_nothing_are_plain(picture: Pixels) -> None:
    """A photo or silent video of one colour is too plain to judge: it has no fingerprints, and says why."""
    for content in (files.photo(picture), files.video(Clip(lambda _: picture, 2 * FPS, FPS))):
        reading = read(content)
        assert (reading.plain, reading.fingerprints) == (True, ())
        assert reading.plain_reason


@pytest.mark.parametrize("seconds", [0.5, SECONDS])
def test_silence_is_plain(seconds: float) -> None:
    """A sound in which nothing is heard is too plain to judge."""
    reading = read(files.sound(np.zeros(int(seconds * VOICE_RATE), np.float32)))
    assert (reading.plain, reading.fingerprints) == (True, ())


def test_a_black_video_with_a_voice_is_judged_by_its_voice() -> None:
    """Where there is nothing to see but something to hear, the sound is what is compared."""
    reading = read(files.video(Clip(lambda _: flat(0), round(SECONDS * FPS), FPS, footage().sound)))
    assert not reading.plain
    assert found(reading, held()).relation == "audio"


def steady(seed: int, hum: float) -> Samples:
    """A hum of the mains with a noise of its own: every recording of the same machine sounds alike."""
    second = np.arange(int(SECONDS * VOICE_RATE)) / VOICE_RATE
    noise = np.random.default_rng(seed).normal(0, 0.02, second.size)
    return (hum * (np.sin(2 * np.pi * 100 * second) + np.sin(2 * np.pi * 400 * second)) + noise).astype(np.float32)


@pytest.mark.parametrize("hum", [0.0, 0.2], ids=["noise", "hum"])
def test_steady_noises_match_nothing(hum: float) -> None:
    """Two recordings of a steady noise are either plain or no match."""
    one, other = (read(files.sound(steady(seed, hum))) for seed in (1, 2))
    assert compare(one.fingerprints, other.fingerprints) is None
