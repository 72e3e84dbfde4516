"""A take that begins before its press."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.config.audio import RecordingSettings
from appliance.config.options import Seconds
from appliance.events import MicrophoneOpen, TakeSealed
from appliance.front import panel_state
from appliance.machine import State
from appliance.models import AudioFormat
from appliance.simulation.sound import numbered
from appliance.status import Status, advance

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audio.conftest import Booth

FIRST = "take000001"


def armed(booth: Booth, seconds: float) -> None:
    booth.recording = RecordingSettings(preroll=Seconds(seconds))
    booth.recorder.arm()
    if seconds:
        booth.wait_for(lambda: booth.cards.captures)


def recorded(booth: Booth, until: float) -> tuple[float, bytes]:
    """When the clip says that it began, in seconds of the booth, and its sound, once it was stopped at that moment."""
    booth.recorder.stop(booth.at(until))
    clip = booth.sealed()
    sound = booth.sound(clip.id)[: clip.frames * booth.format.frame_bytes]
    return clip.started.monotonic_ns / 1e9 - booth.began, sound


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_it_begins_so_long_before_its_press(booth: Booth, tmp_path: Path) -> None:
    armed(booth, 2.0)
    booth.run(10.0)
    assert files(tmp_path) == [], "what is kept at hand is in memory only"
    booth.recorder.start(FIRST, booth.at(9.5))
    began, sound = recorded(booth, 9.75)
    assert began == pytest.approx(7.5) and sound == numbered(60_000, 18_000, booth.format)
    assert len(booth.cards.captures) == 1


def test_no_more_is_kept_than_that(booth: Booth) -> None:
    armed(booth, 2.0)
    booth.run(60.0)
    stream = booth.recorder._microphone._stream
    held = stream._last if stream else ()
    assert held and sum(stretch.frames for stretch in held) <= booth.format.frames(3.5)


def test_shortly_after_the_start_it_begins_with_what_there_is(booth: Booth) -> None:
    armed(booth, 5.0)
    booth.run(1.0)
    booth.recorder.start(FIRST, booth.at(0.9))
    began, sound = recorded(booth, 1.0)
    assert began == pytest.approx(0.0, abs=1e-3) and sound == numbered(0, 8000, booth.format)


def test_it_never_reaches_back_into_what_the_box_played(booth: Booth) -> None:
    armed(booth, 5.0)
    booth.run(6.0)
    booth.recorder.start(FIRST, booth.at(5.5), quiet_since=booth.at(4.25))
    began, sound = recorded(booth, 6.0)
    assert began == pytest.approx(4.25) and sound == numbered(34_000, 14_000, booth.format)


def test_nothing_of_before_the_press_is_kept_where_it_is_still_playing(booth: Booth) -> None:
    armed(booth, 5.0)
    booth.run(6.0)
    booth.recorder.start(FIRST, booth.at(5.5), quiet_since=booth.at(7.0))
    began, sound = recorded(booth, 6.0)
    assert began == pytest.approx(5.5) and sound == numbered(44_000, 4000, booth.format)


def test_the_next_take_has_it_too(booth: Booth) -> None:
    armed(booth, 1.5)
    booth.run(2.0)
    booth.recorder.start(FIRST, booth.at(1.75))
    recorded(booth, 2.0)
    now = booth.clock.monotonic() - booth.began
    booth.run(3.0)
    booth.recorder.start("take000002", booth.at(now + 2.75))
    began, _ = recorded(booth, now + 3.0)
    assert began == pytest.approx(now + 1.25)
    assert len(booth.of(TakeSealed)) == 2 and len(booth.cards.captures) == 1


def test_without_it_the_microphone_is_closed_while_nothing_is_recorded(booth: Booth) -> None:
    armed(booth, 0.0)
    assert booth.cards.captures == [] and booth.posted == []


def test_a_microphone_that_went_away_is_opened_again(booth: Booth) -> None:
    booth.cards.unplug()
    booth.recording = RecordingSettings(preroll=Seconds(1))
    booth.recorder.arm()
    booth.wait_for(lambda: booth.recorder._microphone.join(0))
    booth.cards.replug()
    booth.recorder.arm()
    booth.wait_for(lambda: booth.cards.captures)
    booth.run(2.0)
    booth.recorder.start(FIRST, booth.at(2.0))
    assert recorded(booth, 2.0)[0] == pytest.approx(1.0)


def test_that_the_microphone_is_open_is_told_and_shown(booth: Booth) -> None:
    armed(booth, 10.0)
    (told,) = booth.of(MicrophoneOpen)
    assert told.seconds == 10.0
    status = advance(Status(), State(), told)
    assert status.listening == 10.0 and panel_state(status).listening and not panel_state(Status()).listening
    booth.recorder.close()
    assert booth.cards.capture.closed


def test_the_format_does_not_matter(booth: Booth) -> None:
    booth.cards.formats = (AudioFormat(8000, 2),)
    booth.capture = type(booth.capture)()
    armed(booth, 1.0)
    booth.run(2.0)
    booth.recorder.start(FIRST, booth.at(2.0))
    booth.recorder.stop(booth.at(2.0))
    clip = booth.sealed()
    assert (clip.frames, clip.format) == (8000, AudioFormat(8000, 2))
