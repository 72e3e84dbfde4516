"""A microphone that comes back as another one: the take is finished, and goes on in a clip that is linked to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.audio.take import repair
from appliance.errors import FormatUnsupported
from appliance.events import (
    Command,
    FaultCleared,
    RecordDiscard,
    RecordPause,
    RecordStop,
    RecordToggle,
    TakeContinues,
    TakeFailed,
    TakeSealed,
    TakeStarted,
)
from appliance.machine import Do, Recorder, State, step
from appliance.models import AudioFormat, GapCause, SampleFormat
from appliance.simulation.sound import stretches

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

OTHER = AudioFormat(44_100, 2, SampleFormat.S24_3LE)
FIRST, SECOND = "take000001", "take000002"


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
    wish = booth.first(TakeContinues)
    assert (wish.take_id, wish.format) == (FIRST, OTHER)
    opened = len(booth.cards.captures)
    booth.recorder.start(SECOND, wish.at, wish.format, wish.take_id)
    first = booth.first(TakeSealed).clip
    booth.wait_for(lambda: len(booth.cards.captures) > opened)
    booth.run(1.0)
    assert booth.first(FaultCleared).name == "microphone"
    booth.recorder.stop(booth.clock.monotonic())
    second = booth.sealed()
    assert (second.id, second.continues, second.format) == (SECOND, first.id, OTHER)
    assert [piece.frames for piece in stretches(booth.sound(SECOND), OTHER)] == [second.frames]

    (gap,) = first.gaps
    assert (first.frames, gap.offset, gap.filled, gap.cause) == (8000, 8000, False, GapCause.DEVICE)
    told = first.started.monotonic_ns / 1e9 + (first.frames + gap.frames) / first.format.rate
    assert told == pytest.approx(wish.at, abs=gap.uncertainty / first.format.rate)
    assert second.started == booth.clock.stamp(wish.at)


def test_the_next_take_is_asked_for_before_the_first_is_sealed(booth: Booth) -> None:
    """So that the recorder never seems idle in between, however long the disk takes."""
    booth.begin()
    booth.run(1.0)
    come_back_as(booth, OTHER)
    booth.first(TakeSealed)
    news = [event for event in booth.posted if isinstance(event, TakeContinues | TakeSealed)]
    assert [type(event) for event in news] == [TakeContinues, TakeSealed]


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


@pytest.mark.parametrize("formats", [(), (AudioFormat(1000),)], ids=["unknown", "out of range"])
def test_without_a_format_to_go_on_in_the_take_just_ends(booth: Booth, formats: tuple[AudioFormat, ...]) -> None:
    booth.begin()
    booth.run(1.0)
    come_back_as(booth, *formats)
    booth.first(TakeSealed)
    booth.recorder.close()
    assert booth.of(TakeContinues) == []


def test_a_press_is_held_to_the_configured_format(booth: Booth) -> None:
    """Only a take in progress goes on with what there is: else nobody would hear that the wrong card is plugged in."""
    booth.cards.formats = (OTHER,)
    booth.recorder.start("take000001", booth.clock.monotonic())
    booth.first(TakeFailed)
    assert booth.of(TakeStarted) == [] and booth.of(TakeContinues) == []


def drive(booth: Booth, *presses: Command, state: State) -> list[tuple[State, list[Do]]]:
    """What the machine makes of `presses` and, after them, of what the recorder posted."""
    steps = []
    for event in (*presses, *booth.posted):
        state, effects, refused = step(state, event, SECOND)
        assert not refused
        steps.append((state, [effect.do for effect in effects]))
    return steps


def replaced(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    come_back_as(booth, OTHER)
    booth.first(TakeSealed)


def test_the_machine_never_leaves_the_state_it_is_in(booth: Booth) -> None:
    replaced(booth)
    steps = drive(booth, state=State(Recorder.RECORDING, take_id=FIRST))
    assert {state.recorder for state, _ in steps} == {Recorder.RECORDING}
    assert [do for _, dos in steps for do in dos] == [Do.CARRY_ON_TAKE, Do.ADOPT_TAKE]
    assert steps[-1][0].take_id == SECOND


def test_a_paused_take_goes_on_paused(booth: Booth) -> None:
    replaced(booth)
    steps = drive(booth, RecordPause(booth.began), state=State(Recorder.RECORDING, take_id=FIRST))
    assert {state.recorder for state, _ in steps} == {Recorder.PAUSED}
    assert [do for _, dos in steps[1:] for do in dos] == [Do.CARRY_ON_TAKE, Do.PAUSE_TAKE, Do.ADOPT_TAKE]


@pytest.mark.parametrize("press", [RecordToggle(1.0), RecordStop(1.0), RecordDiscard()])
def test_a_take_that_somebody_stopped_meanwhile_does_not_go_on(booth: Booth, press: Command) -> None:
    replaced(booth)
    steps = drive(booth, press, state=State(Recorder.RECORDING, take_id=FIRST))
    assert {state.recorder for state, _ in steps} == {Recorder.IDLE}
    assert Do.CARRY_ON_TAKE not in [do for _, dos in steps for do in dos]


def test_a_full_card_does_not_cut_it(booth: Booth) -> None:
    replaced(booth)
    steps = drive(booth, state=State(Recorder.RECORDING, take_id=FIRST, room=False))
    assert steps[-1][0].recorder is Recorder.RECORDING


def test_nothing_begins_after_the_end(booth: Booth) -> None:
    booth.recorder.close()
    booth.recorder.start(SECOND, booth.began, OTHER, FIRST)
    assert booth.cards.captures == [] and not booth.takes.exists()


def test_the_error_tells_what_is_offered() -> None:
    assert FormatUnsupported("no").offered is None
