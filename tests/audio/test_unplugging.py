"""A microphone with a loose contact: every gap is in the ledger, as long as it really was."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import pytest

from appliance.audio.recheck import recheck
from appliance.config.audio import RecordingSettings
from appliance.config.options import Seconds
from appliance.errors import DeviceLost
from appliance.events import FaultCleared, FaultRaised, GapFound, TakeFailed, TakeSealed
from appliance.machine import State
from appliance.models import GapCause
from appliance.simulation.sound import stretches
from appliance.simulation.streams import FakeCapture
from appliance.status import Status, advance

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

RATE = 8000
UNPLUGGINGS = 50
TOLERANCE = 0.1
"""Seconds by which a gap in the ledger may be off."""


def listen(booth: Booth, seconds: float) -> None:
    """Let time pass, no faster than the sound is written."""
    until = booth.clock.monotonic() + seconds
    while (left := until - booth.clock.monotonic()) > 1e-9:
        booth.run(min(left, 3.0))
        booth.wait_until_written(booth.clock.monotonic() - booth.began - 0.5)


def raised(booth: Booth) -> list[FaultRaised]:
    return [event for event in booth.of(FaultRaised) if event.fault.name == "microphone"]


def cleared(booth: Booth) -> list[FaultCleared]:
    return [event for event in booth.of(FaultCleared) if event.name == "microphone"]


@pytest.mark.slow
def test_fifty_unpluggings_in_ten_minutes_are_all_in_the_ledger(booth: Booth) -> None:
    chance = random.Random(1)
    booth.recording = RecordingSettings(reconnect=Seconds(3600))
    booth.begin()
    for number in range(1, UNPLUGGINGS + 1):
        listen(booth, chance.uniform(3.0, 14.0))
        opened = len(booth.cards.captures)
        booth.cards.unplug()
        booth.wait_for(lambda number=number: len(raised(booth)) == number)  # type: ignore[misc]
        booth.clock.waiters()
        booth.clock.advance(chance.uniform(0.0, 6.0))
        booth.cards.replug()
        booth.turn_until(lambda opened=opened: len(booth.cards.captures) > opened, 0.25)  # type: ignore[misc]
        booth.run(2.0, step=0.05)
        booth.wait_for(lambda number=number: len(cleared(booth)) == number)  # type: ignore[misc]
    listen(booth, 1.0)
    until = booth.clock.monotonic()
    booth.recorder.stop(until)
    clip = booth.sealed()
    assert len(booth.of(TakeSealed)) == 1
    assert until - booth.began > 500
    assert abs(clip.seconds - (until - booth.began)) < TOLERANCE

    pieces = stretches(booth.sound(), booth.format)
    assert len(clip.gaps) == len(pieces) - 1 == UNPLUGGINGS
    assert {gap.cause for gap in clip.gaps} == {GapCause.DEVICE}
    for gap, before, after in zip(clip.gaps, pieces, pieces[1:], strict=False):
        truth = after.first - before.first - before.frames
        assert abs(gap.frames - truth) <= min(gap.uncertainty, TOLERANCE * RATE)
        assert gap.offset == before.offset + before.frames
    assert sum(event.gap.frames for event in booth.of(GapFound)) == sum(gap.frames for gap in clip.gaps)


def status_of(booth: Booth) -> Status:
    status = Status()
    for event in booth.posted:
        status = advance(status, State(), event)
    return status


def standing(booth: Booth) -> set[str]:
    """The urgent faults that stand. A clock that leaps makes any disk look slow."""
    return {fault.name for fault in status_of(booth).faults if fault.urgent}


def look_again(booth: Booth) -> None:
    """A recheck, in the course of which time passes."""
    thread = threading.Thread(target=recheck, args=(booth.recorder, status_of(booth), booth.post), daemon=True)
    thread.start()
    booth.turn_until(lambda: not thread.is_alive(), 0.05)


def test_a_take_that_lost_its_microphone_is_no_fault_once_that_delivers_again(booth: Booth) -> None:
    booth.recording = RecordingSettings(reconnect=Seconds(5))
    booth.begin()
    listen(booth, 2.0)
    booth.cards.unplug()
    booth.wait_for(lambda: raised(booth))
    booth.turn_until(lambda: booth.of(TakeSealed), 0.25)
    look_again(booth)
    assert standing(booth) == {"microphone"}
    booth.cards.replug()
    look_again(booth)
    assert standing(booth) == set()
    booth.wait_for(lambda: booth.cards.capture.closed)


def test_a_microphone_that_can_be_opened_again_and_again_is_a_fault_until_it_sounds(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    booth.begin()
    listen(booth, 2.0)
    lost = DeviceLost("it hands over nothing")

    def read(_self: FakeCapture, _frames: int = 0) -> tuple[int, bytes]:
        raise lost

    with monkeypatch.context() as patched:
        patched.setattr(FakeCapture, "read", read)
        booth.turn_until(lambda: len(booth.cards.captures) > 5, 0.25)
        assert len(raised(booth)) == 1 and not cleared(booth)
        booth.recorder.stop(booth.clock.monotonic())
        booth.sealed()
        booth.begin("take000002")
        booth.turn_until(lambda: len(booth.cards.captures) > 10, 0.25)
        assert len(raised(booth)) == 1 and not cleared(booth)
    booth.turn_until(lambda: cleared(booth), 0.25)


def test_a_take_that_could_not_begin_is_no_fault_once_the_microphone_delivers(booth: Booth) -> None:
    booth.cards.unplug()
    booth.recorder.start("take000001", booth.clock.monotonic())
    booth.turn_until(lambda: booth.of(TakeFailed), 0.25)
    look_again(booth)
    assert standing(booth) == {"recording"}
    booth.cards.replug()
    look_again(booth)
    assert standing(booth) == set()
    booth.wait_for(lambda: booth.cards.capture.closed)


def test_nobody_listens_where_no_take_has_failed(booth: Booth) -> None:
    look_again(booth)
    assert booth.cards.captures == []
