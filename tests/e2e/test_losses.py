"""A real daemon on the real libasound: microphones that come and go, and a disk that stalls."""

import fcntl
import os
import random
import subprocess
import threading
import time
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from appliance.models import AudioFormat
from appliance.simulation.sound import stretches

Box = Any  # tests/e2e/conftest.py is not importable

FULL = bool(os.environ.get("APPLIANCE_FULL_NUMBERS"))
"""Whether to take as long as the numbers that are promised say; else only as long as shows that they can be."""

TOLERANCE = 0.1
"""Seconds by which a gap in the ledger may be off."""

AUDIO = 'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}"}}}}\n'


def start(box: Box, card: Path, **environment: str) -> None:
    """Start the daemon on the test card, whose signal numbers its frames."""
    box.config.write_text(box.config.read_text() + AUDIO.format(device=f"testcard:{card}"))
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"], **environment)


def recorded(box: Box) -> float:
    """Seconds of the take in progress."""
    take = box.status()["take"]
    return float(take["seconds"]) if take else 0.0


def sound_of(entry: dict[str, Any]) -> tuple[AudioFormat, bytes]:
    with wave.open(entry["path"]) as audio:
        return AudioFormat(audio.getframerate(), audio.getnchannels()), audio.readframes(audio.getnframes())


@pytest.mark.alone
@pytest.mark.timeout(900)
def test_every_unplugging_is_in_the_ledger_as_long_as_it_was(box: Box, test_card: Path) -> None:
    """Fifty times in ten minutes where the full numbers are wanted, else three times in half a minute."""
    times, seconds = (50, 600.0) if FULL else (3, 24.0)
    chance = random.Random(3)
    start(box, test_card)
    box.call("record.start")
    begun = time.monotonic()
    box.until(lambda: recorded(box) > 1.0)
    for number in range(1, times + 1):
        (test_card / "unplugged").touch()
        box.until(lambda: any(fault["name"] == "microphone" for fault in box.status()["faults"]))
        time.sleep(chance.uniform(0.0, 3.0))
        (test_card / "unplugged").unlink()
        box.until(lambda: not box.status()["faults"])
        left = begun + seconds * number / times - time.monotonic()
        time.sleep(max(1.0, left + chance.uniform(-1.0, 1.0)))
    box.call("record.stop")
    (entry,) = box.clips()
    clip = entry["clip"]
    format, data = sound_of(entry)
    pieces = stretches(data, format)
    assert len(clip["gaps"]) == len(pieces) - 1 == times
    worst = 0.0
    for gap, (before, after) in zip(clip["gaps"], pairwise(pieces), strict=True):
        truth = after.first - before.first - before.frames
        off = abs(gap["frames"] - truth)
        worst = max(worst, off / format.rate)
        assert off <= gap["uncertainty"] and gap["cause"] == "device"
        assert (gap["offset"], gap["frames"]) == (before.offset + before.frames, after.offset - gap["offset"])
    print(f"{times} gaps in {clip['frames'] / format.rate:.0f} s, the worst off by {worst * 1000:.1f} ms")
    assert worst <= TOLERANCE


STALL = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* While the file STALL exists, no write and no sync returns: as a card does that tidies itself up. */
static void stall(void)
{
    struct stat status;
    int error = errno;
    while (getenv("STALL") && stat(getenv("STALL"), &status) == 0)
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    errno = error;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) { stall(); return REAL(pwrite64)(fd, data, n, at); }
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { stall(); return REAL(pwrite)(fd, data, n, at); }
int fdatasync(int fd) { stall(); return REAL(fdatasync)(fd); }
int fsync(int fd) { stall(); return REAL(fsync)(fd); }
"""


@pytest.fixture
def stalling(tmp_path: Path) -> Path:
    """A library that, loaded before all others, lets the disk stall."""
    source, library = tmp_path / "stall.c", tmp_path / "stall.so"
    source.write_text(STALL)
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.mark.alone
def test_a_disk_that_stalls_for_twenty_seconds_costs_no_frame_and_is_told_meanwhile(
    box: Box, test_card: Path, stalling: Path
) -> None:
    stall = box.root / "stall"
    start(box, test_card, LD_PRELOAD=str(stalling), STALL=str(stall))
    box.call("record.start")
    box.until(lambda: recorded(box) > 1.0)
    stall.touch()
    time.sleep(1.0)
    held = recorded(box)
    time.sleep(19.0)
    assert recorded(box) == held, "the disk did not stall"
    assert [fault["name"] for fault in box.status()["faults"]] == ["slow_storage"]
    stall.unlink()
    box.until(lambda: recorded(box) > 21.0 and not box.status()["faults"])
    box.call("record.stop")
    (entry,) = box.clips()
    format, data = sound_of(entry)
    (piece,) = stretches(data, format)
    assert piece.frames == entry["clip"]["frames"] > 21 * format.rate and entry["clip"]["gaps"] == []


@pytest.mark.slow
def test_a_card_that_hangs_in_close_costs_no_sound_and_is_told(box: Box, test_card: Path) -> None:
    hangs = test_card / "hangs"
    start(box, test_card)
    box.call("record.start")
    box.until(lambda: recorded(box) > 1.0)
    hangs.touch()
    box.call("record.stop")
    (entry,) = box.clips()
    format, data = sound_of(entry)
    (piece,) = stretches(data, format)
    assert piece.frames > 0.9 * format.rate

    def is_told() -> bool:  # beside that a disk may be slow
        return "recording_hangs:capture" in [fault["name"] for fault in box.status()["faults"]]

    box.until(is_told, 30)
    hangs.unlink()
    box.until(lambda: not is_told(), 30)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("only", "granted"),
    [
        ({"channels": "2"}, (48_000, 2, "S16_LE")),
        ({"rate": "44100"}, (44_100, 1, "S16_LE")),
        ({"format": "S24_3LE"}, (48_000, 1, "S24_3LE")),
        ({"format": "S32_LE", "channels": "2", "rate": "96000"}, (96_000, 2, "S32_LE")),
        ({"channels": "4"}, (48_000, 4, "S16_LE")),
        ({"channels": "1", "rate": "96000"}, (96_000, 1, "S16_LE")),
        ({"rate": "11025", "format": "S24_3LE"}, (11_025, 1, "S24_3LE")),
    ],
)
def test_the_first_press_records_whatever_the_microphone_can_do(
    box: Box, test_card: Path, only: dict[str, str], granted: tuple[int, int, str]
) -> None:
    for name, word in only.items():
        (test_card / name).write_text(word)
    start(box, test_card)
    box.press("1")
    box.until(lambda: recorded(box) > 0.6)
    status = box.status()
    format = status["take"]["format"]
    assert (format["rate"], format["channels"], format["sample"]) == granted
    assert status["faults"] == []
    clip = box.call("record.stop")["clip"]
    assert clip["format"] == format and clip["gaps"] == []
    assert f"{granted[0]} Hz {granted[2]}" in box.log.read_text()


@pytest.mark.slow
def test_a_microphone_that_can_do_something_else_at_each_press_is_recorded_at_each(box: Box, test_card: Path) -> None:
    start(box, test_card)
    for only, granted in (
        ({"rate": "44100"}, (44_100, 1, "S16_LE")),
        ({"rate": "16000", "channels": "2"}, (16_000, 2, "S16_LE")),
        ({"rate": "96000", "channels": "4", "format": "S32_LE"}, (96_000, 4, "S32_LE")),
        ({}, (48_000, 1, "S16_LE")),
    ):
        for name in ("rate", "channels", "format"):
            (test_card / name).unlink(missing_ok=True)
        for name, word in only.items():
            (test_card / name).write_text(word)
        clip = box.record(0.6)
        assert (clip["format"]["rate"], clip["format"]["channels"], clip["format"]["sample"]) == granted
        assert clip["gaps"] == [] and clip["frames"] > 0.5 * granted[0]


@pytest.mark.slow
def test_an_explicit_wish_that_the_microphone_cannot_grant_is_refused_with_what_it_can_do(
    box: Box, test_card: Path
) -> None:
    (test_card / "rate").write_text("44100")
    audio = AUDIO.replace("capture: {{", "capture: {{rate: 48000, ").format(device=f"testcard:{test_card}")
    box.config.write_text(box.config.read_text() + audio)
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    box.until(lambda: box.status()["faults"])
    (fault,) = box.status()["faults"]
    assert fault["name"] == "microphone_format" and "44100 Hz" in fault["message"]
    assert "44100 Hz" in box.cli("status").stdout
    refused = box.cli("record", "start", code=8).stderr
    assert "44100 Hz" in refused and "audio.capture.rate" in refused


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "records"), [(0.5, True), (1.5, True), (4.0, False)])
def test_a_microphone_that_another_program_holds_is_tried_again_for_two_seconds(
    box: Box, test_card: Path, seconds: float, records: bool
) -> None:
    start(box, test_card)
    with (test_card / "capture.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        free = threading.Timer(seconds, lock.close)
        free.start()
        if records:
            clip = box.record(1.2)
            assert clip["gaps"] == [] and clip["frames"] >= 48_000
        else:
            begun = time.monotonic()
            assert "is in use" in box.cli("record", "start", code=8).stderr
            assert 1.9 < time.monotonic() - begun < 3.9
            free.join()
            assert box.record(1.2)["gaps"] == []
        free.join()
    box.until(lambda: box.status()["ok"])


@pytest.mark.slow
def test_a_long_recording_is_parted_without_losing_a_frame(box: Box, test_card: Path) -> None:
    box.config.write_text(box.config.read_text() + "recording: {max_duration: 1s}\n")
    start(box, test_card)
    begun = box.call("record.start")
    box.until(lambda: len(box.clips()) >= (60 if FULL else 6), 120)
    last = box.call("record.stop")["clip"]
    box.until(lambda: last["id"] in [entry["clip"]["id"] for entry in box.clips()])
    parts = box.clips()[::-1]
    assert [entry["clip"]["continues"] for entry in parts] == [None, *(entry["clip"]["id"] for entry in parts[:-1])]
    assert parts[0]["clip"]["id"] == begun["take_id"] and parts[-1]["clip"]["id"] == last["id"]
    sounds = [sound_of(entry) for entry in parts]
    (piece,) = stretches(b"".join(data for _, data in sounds), sounds[0][0])
    assert piece.frames == sum(entry["clip"]["frames"] for entry in parts)
    assert {entry["clip"]["frames"] for entry in parts[:-1]} == {48_000}
    assert all(entry["clip"]["gaps"] == [] for entry in parts) and box.status()["faults"] == []


@pytest.mark.slow
def test_a_hard_end_is_told_before_and_afterwards(box: Box, test_card: Path) -> None:
    box.config.write_text(box.config.read_text() + "recording: {max_duration: 2s, at_max: stop}\n")
    start(box, test_card)
    begun = box.call("record.start")
    box.until(lambda: (box.status()["take"] or {}).get("seconds_left") is not None)
    box.until(lambda: box.status()["recorder"] == "idle" and box.clips())
    clip = box.call("record.stop")["clip"]
    assert (clip["id"], clip["frames"], clip["cut"]) == (begun["take_id"], 96_000, True)
    (fault,) = box.status()["faults"]
    assert fault["name"] == "last_clip" and "was cut" in fault["message"]


@pytest.mark.slow
def test_another_microphone_carries_the_take_on_in_a_linked_clip(box: Box, test_card: Path) -> None:
    start(box, test_card)
    begun = box.call("record.start")
    box.until(lambda: recorded(box) > 0.5)
    (test_card / "unplugged").touch()
    box.until(lambda: box.status()["faults"])
    (test_card / "rate").write_text("44100")
    (test_card / "unplugged").unlink()
    states = set()

    def goes_on() -> bool:
        status = box.status()
        states.add(status["recorder"])
        take = status["take"]
        return bool(take and take["id"] != begun["take_id"] and take["seconds"] > 0.6)

    box.until(goes_on)
    assert states == {"recording"} and box.status()["faults"] == []
    box.call("record.stop")
    second, first = box.clips()
    assert first["clip"]["id"] == begun["take_id"] and first["clip"]["continues"] is None
    assert second["clip"]["continues"] == begun["take_id"]
    assert [entry["clip"]["format"]["rate"] for entry in (first, second)] == [48_000, 44_100]
    for entry in (first, second):
        format, data = sound_of(entry)
        (piece,) = stretches(data, format)
        assert piece.frames == entry["clip"]["frames"]
    assert "linked clip" in box.log.read_text()
    assert begun["take_id"] in box.cli("clips", "show", second["clip"]["id"]).stdout


@pytest.mark.slow
def test_a_press_that_found_no_microphone_is_no_fault_once_that_delivers_sound(box: Box, test_card: Path) -> None:
    start(box, test_card)
    (test_card / "unplugged").touch()
    box.cli("record", "start", code=8)
    assert [fault["name"] for fault in box.status()["faults"]] == ["recording"]
    assert not box.status()["ok"] and "not found" in box.status()["summary"]
    (test_card / "unplugged").unlink()
    box.until(lambda: box.status()["ok"])
    assert box.status()["summary"] == "nothing is wrong" and box.status()["recorder"] == "idle"
