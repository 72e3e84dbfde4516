"""What is sent is what was recorded, or an encoding of exactly that."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from attrs import evolve

from appliance.config.profiles import RecordedFormat
from appliance.errors import Cancelled, Permanent, Transient
from appliance.events import DeliveryParked, DeliverySucceeded, FaultRaised
from appliance.models import AudioFormat, Rendition, SampleFormat
from appliance.recipes import BWF, FLAC, MP3, OPUS, ORIGINAL, RECIPES, Recipe
from appliance.renditions.encode import encode
from appliance.renditions.maker import Renditions
from appliance.simulation.sound import numbered, speech
from appliance.testing.backends import MemoryBackend

SOON = 10.0
Box = Any


def recorded(box: Box, format: AudioFormat, seconds: float = 1.0) -> Any:
    return box.clip(numbered(0, format.frames(seconds), format), format)


def test_the_original_is_the_clip_and_its_hash_is_kept(box: Box) -> None:
    clip = box.clip()
    path = box.path(clip)
    rendition = Renditions(box.store, box.clock).prepare(clip, ORIGINAL)
    assert rendition == Rendition(clip.id, ORIGINAL, path, clip.size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert box.store.clips.rendition(clip.id, ORIGINAL) == rendition


def test_a_file_is_read_once_in_a_run_unless_it_is_touched(box: Box) -> None:
    clip, reads = box.clip(), list[int]()
    renditions = Renditions(box.store, box.clock)
    for _ in range(3):
        renditions.prepare(clip, ORIGINAL, lambda: reads.append(1))
    assert len(reads) == 1
    box.path(clip).touch()
    renditions.prepare(clip, ORIGINAL, lambda: reads.append(1))
    assert len(reads) == 2
    Renditions(box.store, box.clock).prepare(clip, ORIGINAL, lambda: reads.append(1))
    assert len(reads) == 3


@pytest.mark.parametrize("known", [True, False], ids=["hashed before", "never hashed"])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: None, "is gone"),
        (lambda content: content[:-1], "is not what was recorded"),
        (lambda content: content + b"\x00", "is not what was recorded"),
    ],
    ids=["gone", "shorter", "longer"],
)
def test_a_clip_whose_file_is_another_is_not_sent(
    box: Box, spoil: Callable[[bytes], Any], words: str, known: bool
) -> None:
    clip = box.clip()
    renditions = Renditions(box.store, box.clock)
    if known:
        renditions.prepare(clip, ORIGINAL)
    content = spoil(box.path(clip).read_bytes())
    box.path(clip).unlink() if content is None else box.path(clip).write_bytes(content)
    for _ in range(2):
        with pytest.raises(Permanent, match=words):
            renditions.prepare(clip, ORIGINAL)


def test_a_single_bit_that_fell_over_is_seen(box: Box) -> None:
    clip = box.clip()
    Renditions(box.store, box.clock).prepare(clip, ORIGINAL)
    content = bytearray(box.path(clip).read_bytes())
    content[-1] ^= 1
    box.path(clip).write_bytes(content)
    for recipe in RECIPES.values():
        with pytest.raises(Permanent, match="is not what was recorded"):
            Renditions(box.store, box.clock).prepare(clip, recipe)


def test_a_spoilt_clip_is_parked_without_asking_the_destination_and_the_others_go_on(box: Box) -> None:
    backend = MemoryBackend()
    spoilt, good = box.clip(), box.clip()
    box.path(spoilt).write_bytes(b"")
    box.deliver(cloud=backend)
    box.events.wait(DeliverySucceeded)
    assert [job.clip for job in backend.attempts] == [good]
    [parked] = box.events.of(DeliveryParked)
    assert parked.clip_id == spoilt.id
    assert spoilt.name in box.events.of(FaultRaised)[0].fault.message


@pytest.mark.parametrize("sample", [SampleFormat(each) for each in RecordedFormat])
@pytest.mark.parametrize("channels", [1, 2])
def test_flac_holds_the_same_samples(box: Box, sample: SampleFormat, channels: int) -> None:
    format = AudioFormat(48_000, channels, sample)
    clip = recorded(box, format)
    rendition = Renditions(box.store, box.clock).prepare(clip, FLAC)
    assert rendition.path == box.store.places.renditions / f"{clip.name}.flac"
    assert rendition.sha256 == hashlib.sha256(rendition.path.read_bytes()).hexdigest()
    before, rate = soundfile.read(box.path(clip), dtype="int32")
    after, after_rate = soundfile.read(rendition.path, dtype="int32")
    if sample is SampleFormat.S32_LE:
        before = before & ~0xFF
    assert rate == after_rate == format.rate
    assert np.array_equal(before, after)


@pytest.mark.parametrize(
    ("rate", "opus_rate"), [(48_000, 48_000), (16_000, 16_000), (44_100, 48_000), (96_000, 48_000)]
)
def test_opus_sounds_alike(box: Box, rate: int, opus_rate: int) -> None:
    format = AudioFormat(rate, 2)
    clip = box.clip(speech(0, format.frames(2), format), format)
    rendition = Renditions(box.store, box.clock).prepare(clip, OPUS)
    assert rendition.file_name == f"{clip.name}.opus"
    with soundfile.SoundFile(rendition.path) as sound:
        assert (sound.subtype, sound.channels, sound.samplerate) == ("OPUS", 2, opus_rate)
        assert sound.frames == pytest.approx(2 * opus_rate, rel=0.01)
        decoded = sound.read(dtype="float32")
    original, _ = soundfile.read(box.path(clip), dtype="float32")
    assert np.sqrt(np.mean(decoded**2)) == pytest.approx(np.sqrt(np.mean(original**2)), rel=0.1)
    assert rendition.size < clip.size / 4


@pytest.mark.parametrize("recipe", [FLAC, OPUS])
def test_an_encoding_is_made_once(box: Box, recipe: Recipe) -> None:
    clip = recorded(box, AudioFormat())
    first = Renditions(box.store, box.clock).prepare(clip, recipe)
    made = first.path.stat().st_mtime_ns
    assert Renditions(box.store, box.clock).prepare(clip, recipe) == first
    assert first.path.stat().st_mtime_ns == made


@pytest.mark.parametrize("spoil", ["remove", "change"])
def test_a_spoilt_encoding_is_made_anew(box: Box, spoil: str) -> None:
    clip = recorded(box, AudioFormat())
    renditions = Renditions(box.store, box.clock)
    first = renditions.prepare(clip, FLAC)
    first.path.unlink()
    if spoil == "change":
        first.path.write_bytes(b"noise")
    again = renditions.prepare(clip, FLAC)
    assert again.sha256 == hashlib.sha256(again.path.read_bytes()).hexdigest() == first.sha256


def test_two_destinations_share_one_encoding(new_box: Callable[..., Box]) -> None:
    box = new_box(one="opus", two="opus", three="original")
    clip = recorded(box, AudioFormat(), seconds=5)
    backends = {name: MemoryBackend() for name in ("one", "two", "three")}
    box.deliver(**backends)
    box.events.wait(DeliverySucceeded, 3)
    assert backends["one"].objects == backends["two"].objects
    assert list(backends["one"].objects) == [f"{clip.name}.opus"]
    assert list(backends["three"].objects) == [f"{clip.name}.wav"]


def test_a_format_that_the_encoding_does_not_know_is_permanent(box: Box) -> None:
    clip = recorded(box, AudioFormat(48_000, 12), seconds=0.1)
    with pytest.raises(Permanent, match=r"cannot be encoded as flac .*Set `deliver_as: original`"):
        Renditions(box.store, box.clock).prepare(clip, FLAC)
    assert not list(box.store.places.renditions.iterdir())


@pytest.mark.parametrize("recipe", [OPUS, MP3, FLAC, BWF], ids=str)
def test_a_clip_that_became_floats_ends_no_process(box: Box, tmp_path: Path, recipe: Recipe) -> None:
    """One bit of a WAV header of 32 bits makes floats of its samples, many of which are no numbers."""
    clip, target = recorded(box, AudioFormat(48_000, 1, SampleFormat.S32_LE)), tmp_path / "made"
    soundfile.write(path := tmp_path / "a.wav", np.full(4800, np.nan, np.float32), 48_000, subtype="FLOAT")
    with pytest.raises(Permanent, match="holds floats, and no longer what was recorded"):
        encode(path, target, recipe, clip, lambda: None)
    assert not target.exists()


def test_an_encoding_that_cannot_be_read_is_transient(box: Box) -> None:
    clip, renditions = box.clip(), Renditions(box.store, box.clock)
    path = renditions.prepare(clip, FLAC).path
    path.unlink()
    path.mkdir()
    with pytest.raises(Transient, match="cannot be written"):
        renditions.prepare(clip, FLAC)


def test_a_folder_of_encodings_that_takes_nothing_is_transient(box: Box) -> None:
    """Not even the removal of what was begun, as on a disk that turned read-only."""
    clip, folder = box.clip(), box.store.places.renditions
    folder.rmdir()
    folder.touch()
    try:
        with pytest.raises(Transient, match="cannot be written"):
            Renditions(box.store, box.clock).prepare(clip, FLAC)
    finally:
        folder.unlink()
        folder.mkdir()


def test_a_disk_that_refuses_is_transient(box: Box) -> None:
    clip = recorded(box, AudioFormat())
    box.store.places.renditions.rmdir()
    with pytest.raises(Transient, match="cannot be written"):
        Renditions(box.store, box.clock).prepare(clip, FLAC)


@pytest.mark.parametrize("recipe", list(RECIPES.values()))
def test_preparing_ends_soon_when_it_is_cancelled_and_leaves_nothing(box: Box, recipe: Recipe) -> None:
    def check() -> None:
        raise Cancelled("enough")

    clip = recorded(box, AudioFormat(), seconds=3)
    with pytest.raises(Cancelled):
        Renditions(box.store, box.clock).prepare(clip, recipe, check)
    assert not list(box.store.places.renditions.iterdir())
    assert Renditions(box.store, box.clock).prepare(clip, recipe).size


def test_whoever_waits_for_the_same_file_can_be_cancelled(box: Box) -> None:
    clip = recorded(box, AudioFormat())
    renditions, inside, go = Renditions(box.store, box.clock), threading.Event(), threading.Event()

    def stay() -> None:
        inside.set()
        assert go.wait(SOON)

    def give_up() -> None:
        raise Cancelled("enough")

    first = threading.Thread(target=renditions.prepare, args=(clip, FLAC, stay), daemon=True)
    first.start()
    assert inside.wait(SOON)
    second = ThreadPoolExecutor(1).submit(renditions.prepare, clip, FLAC, give_up)
    box.clock.waiters()
    box.clock.advance(1)
    with pytest.raises(Cancelled):
        second.result(SOON)
    go.set()
    first.join(SOON)
    assert not first.is_alive()


def test_an_encoding_goes_once_nobody_waits_for_it(new_box: Callable[..., Box]) -> None:
    box = new_box(cloud="flac", stick="flac", attic="original")
    cloud, stick = MemoryBackend(), MemoryBackend()
    stick.fail(Permanent("write-protected"))
    clip = box.clip()
    outbox = box.deliver(cloud=cloud, stick=stick, attic=MemoryBackend())
    box.events.wait(DeliverySucceeded, 2)
    box.events.wait(DeliveryParked)
    encoding = box.store.places.renditions / f"{clip.name}.flac"
    assert encoding.exists(), "the stick still waits for it"
    box.store.outbox.retry("stick")
    outbox.wake()
    box.events.wait(DeliverySucceeded, 3)
    box.settle(lambda: not encoding.exists())
    assert box.store.clips.rendition(clip.id, FLAC) is None
    assert box.store.clips.rendition(clip.id, ORIGINAL) is not None
    assert box.path(clip).exists()
    assert stick.objects == cloud.objects


def test_an_encoding_goes_when_its_last_delivery_is_cancelled(new_box: Callable[..., Box]) -> None:
    box = new_box(cloud="flac", stick="flac")
    stick = MemoryBackend()
    stick.fail(Permanent("write-protected"))
    clip = box.clip()
    outbox = box.deliver(cloud=MemoryBackend(), stick=stick)
    box.events.wait(DeliverySucceeded)
    box.events.wait(DeliveryParked)
    outbox.cancel(clip.id, "stick")
    box.settle(lambda: not list(box.store.places.renditions.iterdir()))


# -- recipes -----------------------------------------------------------------------------------------------------------


def test_each_recipe_tells_its_files_apart() -> None:
    assert len({recipe.suffix for recipe in RECIPES.values()}) == len(RECIPES)
    assert len({recipe.hash for recipe in RECIPES.values()}) == len(RECIPES)
    assert all(name == recipe.name for name, recipe in RECIPES.items())


def test_a_recipe_that_was_changed_makes_another_file(box: Box) -> None:
    clip, renditions = recorded(box, AudioFormat(44_100)), Renditions(box.store, box.clock)
    old = evolve(OPUS, steps=(*OPUS.steps, "opus"))
    first = renditions.prepare(clip, old)
    inode = first.path.stat().st_ino
    again = renditions.prepare(clip, OPUS)
    assert again.path == first.path and again.path.stat().st_ino != inode
    assert box.store.clips.rendition(clip.id, old) is None
    assert renditions.prepare(clip, OPUS) == box.store.clips.rendition(clip.id, OPUS) == again
