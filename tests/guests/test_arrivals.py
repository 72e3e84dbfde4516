"""Recordings from the phones of guests: a clip like any other, or nothing of it is there."""

import io
import os
import wave
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from appliance.audio.levels import Meter
from appliance.circumstances import by_guest
from appliance.config.guests import GuestSettings
from appliance.config.settings import DeviceSettings, Settings
from appliance.errors import ApplianceError, NotFound, Refused, StorageError, UsageError
from appliance.events import ClipFinished
from appliance.guests import Guests, arrivals
from appliance.limits import Errand
from appliance.store import Store
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

NOISE = np.random.default_rng(1).integers(-9000, 9000, 48_000, np.int16)


def file_of(samples: Any = NOISE, rate: int = 48_000) -> bytes:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setparams((1 if samples.ndim == 1 else samples.shape[1], 2, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return sound.getvalue()


SOUND = file_of()
LONG = file_of(np.tile(NOISE, 30))


class House:
    """A store, and those who come and go at it."""

    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock()
        self.posted: list[Any] = []
        self.room = True
        self.directory = directory
        self.opened: list[Store] = []
        self.guests = self.restart()

    def restart(self, **rules: Any) -> Guests:
        for store in self.opened:
            store.close()
        self.store = Store(self.directory, self.clock, self.posted.append, Vitals(self.clock))
        self.store.set_destinations({"shelf": "original"})
        self.store.start()
        self.opened = [self.store]
        wanted = GuestSettings(**{"allowed": True, **rules})
        settings = Settings(guests=wanted, device=DeviceSettings(name="box"))
        came = partial(self.posted.append, "arrived")
        self.guests = Guests(self.store, settings, self.clock, lambda size: self.room, came)
        return self.guests

    def send(self, sound: bytes = SOUND, stop: int | None = None) -> str:
        upload, sent = self.guests.begin(len(sound)), 0
        while sent < (stop or len(sound)):
            sent = self.guests.write(upload, sent, sound[sent : sent + 49_152])
        return upload

    @property
    def left(self) -> list[str]:
        return sorted(path.suffix for path in self.store.places.guests.iterdir() if path.is_file())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "state")
    yield house
    for store in house.opened:
        store.close()


def test_it_is_a_clip_like_any_other(house: House) -> None:
    done = house.guests.end(house.send())
    (clip,) = house.store.clips.newest_first()
    assert (clip.id, by_guest(clip.begun), clip.device, clip.seconds) == (done["id"], True, "box", done["seconds"])
    found, rate = soundfile.read(house.store.clips.path(clip), dtype="int16")
    assert rate == 48_000 and (found == NOISE).all()
    (delivery,) = house.store.outbox.find()
    assert (delivery.clip_id, delivery.destination) == (clip.id, "shelf")
    assert [each.clip for each in house.posted if isinstance(each, ClipFinished)] == [clip]
    assert house.posted[-1] == "arrived", "once it waits to be delivered"
    assert house.left == []


@pytest.mark.parametrize(("format", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)])
def test_any_sound_that_can_be_played_will_do(format: str, subtype: str | None, house: House) -> None:
    stereo = np.stack([NOISE[:24_000], NOISE[24_000:]], 1)
    sound = io.BytesIO()
    soundfile.write(sound, stereo, 24_000, format=format, subtype=subtype)
    house.guests.end(house.send(sound.getvalue()))
    (clip,) = house.store.clips.newest_first()
    assert (clip.format.rate, clip.format.channels) == (48_000, 2), "at the rate that the box records at"
    assert clip.seconds == pytest.approx(1.0, abs=0.1) and clip.verdict == "ok"


def test_what_was_sent_twice_or_asked_for_twice_counts_once(house: House) -> None:
    upload = house.guests.begin(len(SOUND))
    assert house.guests.write(upload, 0, SOUND[:1000]) == 1000
    assert house.guests.write(upload, 0, SOUND[:1000]) == 1000, "the answer got lost"
    assert house.guests.write(upload, 5000, SOUND[5000:6000]) == 1000, "go on there"
    with pytest.raises(UsageError, match="only 1000 of"):
        house.guests.end(upload)
    house.guests.write(upload, 1000, SOUND[1000:])
    assert house.guests.end(upload) == house.guests.end(upload)
    assert len(house.store.clips.newest_first()) == 1


def test_it_goes_on_where_it_broke_off(house: House) -> None:
    """Behind the last mebibyte, which is synced: what came after that may be anything after a power cut."""
    upload = house.send(LONG, 1_300_000)
    part = house.store.places.guests / f"{upload}.part"
    with part.open("r+b") as file:
        file.seek(1 << 20)
        file.write(bytes(100_000))
    guests = house.restart()
    sent = guests.write(upload, len(LONG), b"")
    assert sent == 1 << 20
    while sent < len(LONG):
        sent = guests.write(upload, sent, LONG[sent : sent + 49_152])
    guests.end(upload)
    (clip,) = house.store.clips.newest_first()
    assert (soundfile.read(house.store.clips.path(clip), dtype="int16")[0] == np.tile(NOISE, 30)).all()


def test_all_of_it_is_synced_before_it_is_a_sound(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: dict[str, int] = {}
    real = os.fdatasync

    def sync(file: int) -> None:
        real(file)
        synced[Path(f"/proc/self/fd/{file}").readlink().suffix] = os.fstat(file).st_size

    monkeypatch.setattr(os, "fdatasync", sync)
    upload = house.send(LONG)
    assert synced[".part"] == len(LONG)
    house.guests.end(upload)
    assert synced[".wav"] > len(LONG)


@pytest.mark.parametrize("sound", [b"no sound at all", b"#!/bin/sh\n" * 500, SOUND[:20], SOUND[:44], b"RIFF" * 99])
def test_what_is_no_sound_is_refused_and_gone(sound: bytes, house: House) -> None:
    upload = house.send(sound)
    with pytest.raises(UsageError, match="no sound that the box can read"):
        house.guests.end(upload)
    assert house.store.clips.newest_first() == [] and house.left == []
    with pytest.raises(NotFound):
        house.guests.end(upload)


def test_what_is_damaged_is_refused(house: House) -> None:
    sound = io.BytesIO()
    soundfile.write(sound, NOISE, 48_000, format="FLAC")
    upload = house.send(sound.getvalue()[:40_000])
    with pytest.raises(UsageError, match="damaged"):
        house.guests.end(upload)
    assert house.store.clips.newest_first() == [] and list(house.store.places.takes.iterdir()) == []


def test_a_small_file_of_much_sound_is_longer_than_it_may_be(house: House) -> None:
    guests = house.restart(longest=5.0)
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros(48_000 * 20, np.int16), 48_000, format="FLAC")
    upload = house.send(sound.getvalue())
    with pytest.raises(UsageError, match="longer than the 5 s"):
        guests.end(upload)
    assert house.left == []


def test_there_are_limits(house: House) -> None:
    with pytest.raises(UsageError, match="120 MB"):
        house.guests.begin(10**9)
    upload = house.guests.begin(10)
    with pytest.raises(UsageError, match="11 bytes are more than the 10"):
        house.guests.write(upload, 0, bytes(11))
    for strange in ("", "../../etc/passwd", "a" * 32, "A" * 32):
        with pytest.raises(NotFound):
            house.guests.write(strange, 0, b"x")
    for _ in range(7):
        house.guests.begin(10)
    with pytest.raises(Refused, match="8 others are sending"):
        house.guests.begin(10)
    house.clock.advance(121)
    house.guests.begin(10)
    assert house.left == [".json"], "those of which nothing more came have given way"


def test_so_many_a_day(house: House) -> None:
    house.restart(most=2)
    house.guests.end(house.send())
    house.guests.end(house.send())
    for _ in range(2):
        with pytest.raises(Refused, match="2 recordings of guests have come within a day"):
            house.guests.begin(10)
        house.restart(most=2)
    house.clock.advance(86_401)
    assert house.restart(most=2).begin(10)


def test_nobody_sends_anything_unless_it_is_allowed(house: House) -> None:
    guests = house.restart(allowed=False)
    assert guests.rules()["allowed"] is False
    with pytest.raises(Refused, match=r"guests\.allowed"):
        guests.begin(10)
    assert not house.store.places.guests.exists()


def test_room_that_recordings_have_in_reserve_is_left_to_them(house: House) -> None:
    upload = house.send()
    house.room = False
    with pytest.raises(StorageError, match="no room"):
        house.guests.end(upload)
    with pytest.raises(StorageError, match="no room"):
        house.guests.write(house.guests.begin(10), 0, b"x")
    house.room = True
    house.guests.end(upload)
    assert len(house.store.clips.newest_first()) == 1


def test_what_is_whole_gives_way_to_nobody(house: House, settled: Callable[[House], None]) -> None:
    upload = house.send()
    house.room = False
    with pytest.raises(StorageError, match="no room"):
        house.guests.end(upload)
    house.guests.write(upload, len(SOUND), b"")  # how much is there? And the phone is gone
    house.clock.advance(121)
    house.guests.begin(10)
    house.room = True
    house.restart()
    settled(house)
    assert len(house.store.clips.newest_first()) == 1


class PowerCut(BaseException):
    """Nothing happens any more."""


def cut(*_: Any, **__: Any) -> Any:
    raise PowerCut


@pytest.mark.parametrize("step", ["make", "meter", "adopt", "forget"])
def test_a_crash_between_any_two_steps_costs_nothing(
    step: str, house: House, monkeypatch: pytest.MonkeyPatch, settled: Callable[[House], None]
) -> None:
    target: tuple[object, str] = {
        "make": (arrivals, "make_take"),
        "meter": (Meter, "add"),
        "adopt": (type(house.store.clips), "adopt"),
        "forget": (Guests, "_forget"),
    }[step]
    upload = house.send()
    with monkeypatch.context() as broken:
        broken.setattr(*target, cut)
        with pytest.raises(PowerCut):
            house.guests.end(upload)
    house.restart()
    settled(house)
    (clip,) = house.store.clips.newest_first()
    assert (soundfile.read(house.store.clips.path(clip), dtype="int16")[0] == NOISE).all()
    assert (by_guest(clip.begun), house.left, list(house.store.places.takes.iterdir())) == (True, [], [])


def test_what_nobody_waits_for_any_more_and_is_no_sound_is_put_aside(
    house: House, settled: Callable[[House], None]
) -> None:
    upload = house.send(b"no sound at all")
    folder = house.store.places.guests
    (folder / f"{upload}.part").rename(folder / f"{upload}.sound")
    house.restart()
    settled(house)
    assert house.left == []
    (aside,) = house.store.places.quarantine.iterdir()
    assert (aside / f"{upload}.sound").read_bytes() == b"no sound at all"


def test_what_broke_off_is_kept_for_a_day(house: House, settled: Callable[[House], None]) -> None:
    house.send(SOUND, 1)
    for age, left in ((86_399, [".json", ".part"]), (86_401, [])):
        for path in house.store.places.guests.iterdir():
            os.utime(path, (0, house.clock.wall_ns() / 1e9 - age))
        house.restart()
        settled(house)
        assert house.left == left


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> Callable[[House], None]:
    """Starts the guests, and waits until nothing more is to be recovered."""
    errands: list[Errand[None]] = []
    monkeypatch.setattr(arrivals, "Errand", lambda *given: errands.append(Errand(*given)))

    def settle(house: House) -> None:
        house.guests.start()
        for errand in errands:
            errand.join(20)
            errand.result()

    return settle


@pytest.mark.parametrize("poison", [b"", b"[]", b"[" * 100_000, None])
def test_what_lies_in_the_place_of_a_note_holds_nobody_up(
    house: House, settled: Callable[[House], None], poison: bytes | None
) -> None:
    notes = house.store.places.guests
    for upload in (house.send(), house.send()):
        (notes / f"{upload}.part").rename(notes / f"{upload}.sound")
    spoilt = notes / f"{min(path.stem for path in notes.glob('*.json'))}.json"
    if poison is None:
        spoilt.unlink()
        os.mkfifo(spoilt)
    else:
        spoilt.write_bytes(poison)
    house.restart()
    settled(house)
    assert len(list(house.store.clips.newest_first())) == 1, "the other is a clip"
    [kept] = house.store.places.quarantine.rglob("*.sound")
    assert kept.read_bytes() == SOUND
    assert house.left == []


def test_an_error_of_the_disk_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    upload = house.guests.begin(10)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(ApplianceError, match="cannot be written: No space left"):
        house.guests.write(upload, 0, b"x")
