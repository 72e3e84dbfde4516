"""What others may read of a take while it is recorded: only what is safe, and what no press cuts off any more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from appliance.audio.growing import GrowingTake
from appliance.audio.wav import HEADER_BYTES
from appliance.config.audio import AtMax
from appliance.config.options import Seconds
from appliance.events import GapFound, TakeDiscarded, TakeFailed
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import numbered

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

RATE = 8000
WIDTH = 2


def seconds(growing: GrowingTake) -> float:
    return max(0, growing.stable - HEADER_BYTES) / WIDTH / RATE


def recorded(booth: Booth, length: float) -> GrowingTake:
    """A take of that length, whose writer keeps up."""
    booth.begin()
    for step in range(1, round(length / 0.25) + 1):
        booth.run(0.25)
        booth.wait_until_written(step * 0.25)
    return booth.growing[0]


def test_what_is_older_than_any_late_press_and_synced_stays(booth: Booth) -> None:
    growing = recorded(booth, 5.0)
    booth.wait_for(lambda: seconds(growing) >= 3.5)
    stable = growing.stable
    assert stable - HEADER_BYTES <= 4.0 * RATE * WIDTH
    assert (
        growing.path.read_bytes()[HEADER_BYTES:stable] == numbered(0, RATE * 4, booth.format)[: stable - HEADER_BYTES]
    )
    assert (growing.head, growing.over) == (HEADER_BYTES, False)
    assert growing.begin.take_id == "take000001"


def test_a_press_that_is_told_late_cuts_nothing_that_stays(booth: Booth) -> None:
    growing = recorded(booth, 5.0)
    booth.wait_for(lambda: seconds(growing) >= 3.5)
    booth.recorder.stop(booth.at(4.0))
    clip = booth.sealed()
    assert clip.frames == RATE * 4
    assert growing.stable <= clip.size


def test_all_of_it_stays_while_paused(booth: Booth) -> None:
    growing = recorded(booth, 3.0)
    booth.recorder.pause(booth.at(3.1))
    booth.turn_until(lambda: seconds(growing) == pytest.approx(3.1), 0.25)
    booth.recorder.resume(booth.clock.monotonic())
    booth.run(2.0)
    assert seconds(growing) >= 3.1


def test_what_a_loss_behind_a_sound_server_may_move_does_not_stay_yet(booth: Booth) -> None:
    booth.cards = FakeCards(booth.clock, behind_server=True)
    booth.begin()
    booth.run(6.0, step=0.05)
    booth.cards.capture.swallow(RATE // 4)
    most = 0.0
    for step in range(160):
        booth.wait_until_written(5.5 + step * 0.05)
        stays = seconds(booth.growing[0])  # before the look: what is told after it may lie behind the gap
        if not booth.of(GapFound):
            most = max(most, stays)
        booth.run(0.05)
    gap = booth.first(GapFound).gap
    assert 4.0 < most <= gap.offset / RATE
    assert seconds(booth.growing[0]) > most


def test_a_take_that_becomes_a_clip_is_kept(booth: Booth) -> None:
    growing = recorded(booth, 1.0)
    booth.recorder.stop(booth.at(1.2))
    clip = booth.sealed()
    assert (growing.over, growing.kept) == (True, True)
    assert clip.size <= growing.longest


def test_a_take_that_is_thrown_away_is_not_kept(booth: Booth) -> None:
    growing = recorded(booth, 1.0)
    booth.recorder.discard()
    booth.first(TakeDiscarded)
    assert (growing.over, growing.kept) == (True, False)


def test_a_take_too_short_to_be_meant_is_not_kept(booth: Booth) -> None:
    growing = recorded(booth, 0.25)
    booth.recorder.stop(booth.at(0.3))
    booth.sealed()
    assert (growing.over, growing.kept) == (True, False)


def test_a_take_without_a_sound_is_not_kept(booth: Booth) -> None:
    booth.begin()
    booth.wait_for(lambda: booth.growing)
    booth.recorder.stop(booth.at(0.0))
    booth.clock.advance(0.3)
    booth.first(TakeFailed)
    assert (booth.growing[0].over, booth.growing[0].kept) == (True, False)


def test_a_take_that_the_disk_refuses_to_seal_is_kept(booth: Booth) -> None:
    growing = recorded(booth, 1.0)
    (booth.takes / "take000001" / ".clip.json.partial").mkdir()
    booth.recorder.stop(booth.at(1.0))
    booth.first(TakeFailed)
    booth.wait_for(lambda: growing.over)
    assert growing.kept


def test_a_take_never_outgrows_its_longest(booth: Booth) -> None:
    booth.recording = evolve(booth.recording, max_duration=Seconds(2.0), at_max=AtMax.STOP)
    growing = recorded(booth, 2.0)
    clip = booth.sealed()
    assert clip.frames == 2 * RATE
    assert growing.stable <= clip.size <= growing.longest


class Waiter:
    """Waits on a thread of its own until `size` bytes stay."""

    def __init__(self, growing: GrowingTake, size: int) -> None:
        self.enough = False
        self.found: bool | None = None
        self._growing = growing
        self._size = size
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        self.found = self._growing.wait_for(self._size, lambda: self.enough)

    def end(self) -> bool | None:
        self._thread.join(5)
        assert not self._thread.is_alive()
        return self.found


def test_those_who_wait_are_woken_when_their_bytes_are_there(booth: Booth) -> None:
    booth.begin()
    booth.wait_for(lambda: booth.growing)
    growing = booth.growing[0]
    early, late, patient, restless = (Waiter(growing, HEADER_BYTES + WIDTH * frames) for frames in (50, 100, 900, 900))
    growing.settle(49)
    growing.settle(60)
    assert early.end() is True
    assert late.found is None
    growing.settle(100)
    assert late.end() is True
    restless.enough = True
    growing.wake()
    assert restless.end() is False
    assert patient.found is None
    growing.end(kept=False)
    assert patient.end() is False
    growing.end(kept=True)
    assert not growing.kept
    assert growing.wait_for(1, bool) is False
    booth.recorder.discard()
    booth.first(TakeDiscarded)
