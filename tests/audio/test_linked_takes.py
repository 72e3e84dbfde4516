"""A microphone that comes back as another one: the take is finished, and goes on in a clip that is linked to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.audio.take import repair
from appliance.errors import FormatUnsupported
from appliance.events import FaultCleared, RecordPause, RecordStart, RecordToggle, TakeFailed, TakeSealed, TakeStarted
from appliance.machine import Do, Recorder, State, step
from appliance.models import AudioFormat, SampleFormat
from appliance.testing.sound import stretches

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

OTHER = AudioFormat(44_100, 2, SampleFormat.S24_3LE)
SECOND = "take000002"


def come_back_as(booth: Booth, *formats: AudioFormat) -> None:
    """Unplug the microphone, and plug in one that can only do these."""
    booth.cards.formats = formats
    booth.cards.unplug()
    booth.clock.waiters()
    booth.cards.replug()
    booth.clock.advance(0.5)


def test_the_take_goes_on_in_another_clip(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    come_back_as(booth, OTHER)
    first = booth.first(TakeSealed).clip
    wish = booth.first(RecordStart)
    assert (wish.format, wish.continues) == (OTHER, first.id)
    assert first.frames == 8000 or first.gaps, "what was heard is whole"

    opened = len(booth.cards.captures)
    booth.recorder.start(SECOND, wish.at, wish.format, wish.continues)
    booth.wait_for(lambda: len(booth.cards.captures) > opened)
    booth.run(1.0)
    assert booth.first(FaultCleared).name == "microphone"
    booth.recorder.stop(booth.clock.monotonic())
    second = booth.sealed()
    assert (second.id, second.continues, second.format) == (SECOND, first.id, OTHER)
    assert [piece.frames for piece in stretches(booth.sound(SECOND), OTHER)] == [second.frames]


def test_a_crash_keeps_the_link(booth: Booth) -> None:
    booth.cards.formats = (OTHER,)
    booth.recorder.start(SECOND, booth.clock.monotonic(), OTHER, "first00001")
    booth.wait_for(lambda: booth.cards.captures)
    booth.run(1.0)
    booth.recorder.stop(booth.clock.monotonic())
    booth.sealed()
    (booth.takes / SECOND / "clip.json").unlink()
    recovered = repair(booth.takes / SECOND)
    assert recovered and recovered.continues == "first00001"


def test_a_paused_take_goes_on_paused(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.recorder.pause(booth.at(1.0))
    booth.run(0.5)
    come_back_as(booth, OTHER)
    booth.first(TakeSealed)
    assert booth.first(RecordPause).at == booth.first(RecordStart).at


def test_a_take_that_somebody_stopped_does_not_go_on(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.cards.formats = (OTHER,)
    booth.cards.unplug()
    booth.clock.waiters()
    booth.recorder.stop(booth.at(1.2))
    booth.cards.replug()
    booth.sealed()
    assert booth.of(RecordStart) == []


@pytest.mark.parametrize("formats", [(), (AudioFormat(1000),)], ids=["unknown", "out of range"])
def test_without_a_format_to_go_on_in_the_take_just_ends(booth: Booth, formats: tuple[AudioFormat, ...]) -> None:
    booth.begin()
    booth.run(1.0)
    come_back_as(booth, *formats)
    booth.first(TakeSealed)
    booth.recorder.close()
    assert booth.of(RecordStart) == []


def test_a_press_is_held_to_the_configured_format(booth: Booth) -> None:
    """Only a take in progress goes on with what there is: else nobody would hear that the wrong card is plugged in."""
    booth.cards.formats = (OTHER,)
    booth.recorder.start("take000001", booth.clock.monotonic())
    booth.first(TakeFailed)
    assert booth.of(TakeStarted) == [] and booth.of(RecordStart) == []


def test_the_machine_begins_the_next_take_as_soon_as_the_last_is_sealed(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    come_back_as(booth, OTHER)
    booth.first(RecordStart)
    state, _, _ = step(State(), RecordToggle(booth.began), "take000001")
    for event in booth.posted:
        state, effects, refused = step(state, event, SECOND)
        assert not refused
    assert (state.recorder, state.take_id) == (Recorder.RECORDING, SECOND)
    assert [(effect.do, effect.cause.continues) for effect in effects] == [(Do.START_TAKE, "take000001")]


def test_the_error_tells_what_is_offered() -> None:
    assert FormatUnsupported("no").offered is None
