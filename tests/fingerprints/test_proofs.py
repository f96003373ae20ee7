"""Proof pictures show both sides, say what they show, and refuse what can't be read."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageChops

from fingerprints import compare_sound, decode, proof, proof_sound, sound
from fingerprints.media import Refused
from tests.fingerprints.conftest import OpenBytes
from tests.fingerprints.held import (
    COVERED,
    ELSEWHERE,
    FPS,
    LIMITS,
    SECONDS,
    SIZE,
    footage,
    found,
    held,
    held_file,
    read,
    still,
)
from tests.media import edits, files, synthetic
from tests.media.synthetic import VOICE_RATE


def drawn(jpeg: bytes) -> Image.Image:
    """The picture in a JPEG; it must be wide, and show something."""
    picture = Image.open(io.BytesIO(jpeg))
    assert picture.format == "JPEG"
    assert 1200 <= picture.width <= 1300
    assert np.asarray(picture.convert("L")).std() > 10
    return picture


LABELS = ("Астра · 22 окт 06:58", "Rear View · 22 Oct 07:40")


def proven(opened: OpenBytes, query: bytes, reference: bytes) -> Image.Image:
    """The proof of a match of two files, whose labels must be written on it."""
    match = found(read(query), read(reference))
    ours, theirs = opened(query), opened(reference)
    labelled = drawn(proof.compose(ours, theirs, match, LABELS, LIMITS))
    bare = drawn(proof.compose(ours, theirs, match, ("", ""), LIMITS))
    assert_written(labelled, bare)
    return labelled


def assert_written(labelled: Image.Image, bare: Image.Image) -> None:
    """Only the head of the page differs, and it does."""
    assert labelled.size == bare.size
    changed = ImageChops.difference(labelled.convert("L"), bare.convert("L")).point(lambda value: 255 * (value > 60))
    box = changed.getbbox()
    assert box is not None
    assert box[3] <= proof.HEAD


def test_proof_of_a_video(opened: OpenBytes) -> None:
    """A copy of a video is shown in rows beside what it copies, taller than one row."""
    page = proven(opened, files.video(footage().excerpt(1, 5).edited(edits.with_logo())), held_file())
    assert page.height > 2 * page.width * SIZE[1] / SIZE[0] / 2


def test_proof_of_a_photo(opened: OpenBytes) -> None:
    """A crop is shown beside the whole, both upright, with marks at the foot."""
    query = files.photo(edits.cropped(0.3)(still(5)))
    proven(opened, query, files.photo(still(5)))


def test_proof_of_a_sound(opened: OpenBytes) -> None:
    """Two sounds are shown as spectrograms of the same seconds."""
    voice = synthetic.voice(8, SECONDS)
    page = proven(opened, files.sound(voice[VOICE_RATE:]), files.sound(voice))
    left, right = (
        np.asarray(page.convert("L"), float)[90:300, at : at + 600] for at in (10, 10 + proof.CELL + proof.GAP)
    )
    assert np.corrcoef(left.ravel(), right.ravel())[0, 1] > 0.5


def test_proof_of_a_picture_out_of_a_video(opened: OpenBytes) -> None:
    """A screenshot is shown beside the frame it was taken from."""
    proven(opened, files.photo(edits.scaled(640, 360)(footage().draw(3 * FPS))), held_file())


def test_proof_of_the_same_sound_under_other_pictures(opened: OpenBytes) -> None:
    """Where only the sound is alike, spectrograms are shown."""
    proven(opened, files.video(footage(ELSEWHERE).with_sound(footage().sound)), held_file())


def test_proof_of_a_mirrored_video_says_so(opened: OpenBytes) -> None:
    """The foot of the page names what the machine says beside the pictures."""
    content, copy = held_file(), files.video(footage().edited(edits.mirror))
    match = found(read(copy), read(content))
    ours, theirs = opened(copy), opened(content)
    said_so = drawn(proof.compose(ours, theirs, match, LABELS, LIMITS))
    plainly = drawn(proof.compose(ours, theirs, replace(match, mirrored=False, geometry=()), LABELS, LIMITS))
    assert said_so.height == plainly.height + proof.HEAD


def test_contact_sheets(opened: OpenBytes) -> None:
    """One file alone gives a sheet: moments of a video or a spectrogram under their label, or the picture itself."""
    for content in (held_file(), files.sound(synthetic.voice(8, SECONDS))):
        fd = opened(content)
        assert_written(*(drawn(proof.sheet(fd, label, LIMITS)) for label in ("Астра · 22 окт", "")))
    drawn(proof.sheet(opened(files.photo(still(5))), "", LIMITS))


def test_a_proof_of_nothing_readable_is_refused(opened: OpenBytes) -> None:
    """A file that is no media gives no proof."""
    with pytest.raises(Refused):
        proof.sheet(opened(b"%PDF-1.7"), "", LIMITS)


def test_proof_that_is_heard(opened: OpenBytes) -> None:
    """A voice note plays a stretch of this copy, a tone, and the same stretch of the other: both are one sound."""
    voice = synthetic.voice(8, SECONDS)
    query, reference = files.sound(voice[VOICE_RATE:]), files.sound(voice)
    match = found(read(query), read(reference))
    note = proof_sound.compose(opened(query), opened(reference), match, LIMITS)
    heard = decode.sound(opened(note), LIMITS, rate=sound.RATE)
    seconds = match.spans[0].seconds
    assert heard.duration == pytest.approx(2 * seconds + 0.65, abs=0.1)
    half, later = int(seconds * sound.RATE), int((seconds + 0.65) * sound.RATE)
    alike = compare_sound.compare(sound.codes(heard.samples[:half]), sound.codes(heard.samples[later : later + half]))
    assert alike is not None
    assert alike.certain
    assert alike.spans[0].seconds > COVERED * seconds


def test_what_cannot_be_heard_is_refused(opened: OpenBytes) -> None:
    """A still of a video has no sound, and a silent copy gives no voice note."""
    photo = files.photo(edits.scaled(640, 360)(footage().draw(3 * FPS)))
    with pytest.raises(Refused, match="a still has no sound"):
        proof_sound.compose(opened(photo), opened(held_file()), found(read(photo), held()), LIMITS)
    mute = files.video(replace(footage(), sound=np.zeros(0, np.float32)))
    with pytest.raises(Refused):
        proof_sound.compose(opened(mute), opened(held_file()), found(read(mute), held()), LIMITS)
