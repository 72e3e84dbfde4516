"""Behind a sound server: losses that nobody reports are told from the time, and drift and jitter never are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audio.server import STEP, ServerTimeline
from appliance.audio.stretch import Step
from appliance.audio.take import repair
from appliance.audio.wav import HEADER_BYTES
from appliance.config.audio import AtMax, RecordingSettings
from appliance.config.options import Seconds
from appliance.events import GapFound, TakeSealed
from appliance.models import GapCause, Mark
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import missing, numbered, stretches

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

RATE = 48_000
PERIOD = 12_000

prompt = st.floats(0, 0.005)
jitter = st.lists(st.floats(0, PERIOD / RATE), max_size=6)
stall: st.SearchStrategy[list[float]] = st.one_of(
    st.just([]), st.floats(0, 1.5).map(lambda seconds: [seconds, *[0.0] * 6])
)
groups = st.tuples(jitter, stall, prompt).map(lambda parts: [*parts[0], *parts[1], parts[2]])
reads = st.lists(groups, min_size=1, max_size=6)
"""How late each read returns: one in fourteen, which is 3.5 seconds, is prompt."""

drifts = st.floats(-500e-6, 500e-6)


class Stream:
    """A simulated stream behind a server: `lose` makes it fall behind."""

    def __init__(self, drift: float) -> None:
        self.timeline = ServerTimeline(RATE)
        self.timeline.begin(0.0)
        self.steps: list[Step] = []
        self._period = PERIOD / RATE / (1 + drift)
        self._now = 0.001
        self._returned = 0.0

    def read(self, lateness: list[list[float]]) -> None:
        for seconds in (read for group in lateness for read in group):
            self._now += self._period
            self._returned = max(self._returned, self._now + seconds)
            self.timeline.add(PERIOD, self._returned)
            if step := self.timeline.step():
                self.steps.append(step)

    def lose(self, seconds: float) -> None:
        self._now += seconds


@pytest.mark.slow
@settings(deadline=None)
@given(reads, drifts, st.integers(0, 200))
def test_drift_and_jitter_are_no_loss(lateness: list[list[float]], drift: float, quiet: int) -> None:
    stream = Stream(drift)
    stream.read([[0.0] * quiet])
    stream.read(lateness)
    stream.read([[0.0] * 40])
    assert stream.steps == []


@pytest.mark.slow
@settings(deadline=None)
@given(reads, reads, drifts, st.floats(0.0601, 20.0))
def test_a_step_is_told_within_its_uncertainty(
    before: list[list[float]], after: list[list[float]], drift: float, lost: float
) -> None:
    stream = Stream(drift)
    stream.read([[0.0] * 21])
    stream.read(before)
    stream.lose(lost)
    stream.read(after)
    stream.read([[0.0] * 21])
    (step,) = stream.steps
    assert abs(step.frames - lost * RATE) <= step.uncertainty <= 0.03 * RATE
    stream.read([[0.0] * 100])
    assert len(stream.steps) == 1


@pytest.mark.slow
@settings(deadline=None)
@given(reads, reads, drifts, st.lists(st.floats(0.0701, 5.0), min_size=2, max_size=3))
def test_every_one_of_several_steps_is_told_within_its_uncertainty(
    between: list[list[float]], after: list[list[float]], drift: float, losses: list[float]
) -> None:
    stream = Stream(drift)
    stream.read([[0.0] * 21])
    for lost in losses:
        stream.lose(lost)
        stream.read(between)
        stream.read([[0.0] * 21])
    stream.read(after)
    assert len(stream.steps) == len(losses)
    for step, lost in zip(stream.steps, losses, strict=True):
        assert abs(step.frames - lost * RATE) <= step.uncertainty <= 0.03 * RATE


@settings(deadline=None)
@given(reads, drifts, st.floats(0, STEP - 0.0101))
def test_what_is_shorter_than_a_step_is_no_loss(after: list[list[float]], drift: float, lost: float) -> None:
    stream = Stream(drift)
    stream.read([[0.0] * 21])
    stream.lose(lost)
    stream.read(after)
    stream.read([[0.0] * 21])
    assert stream.steps == []


def test_one_loss_soon_after_another_is_told_as_well() -> None:
    stream = Stream(0.0)
    stream.read([[0.0] * 21])
    stream.lose(0.1)
    stream.read([[0.0] * 8])
    stream.lose(0.2)
    stream.read([[0.0] * 40])
    assert [(round(step.frames / RATE, 2), step.reads) for step in stream.steps] == [(0.1, 20), (0.2, 20)]


def test_many_small_losses_are_told_once_they_are_a_step() -> None:
    stream = Stream(0.0)
    stream.read([[0.0] * 21])
    for _ in range(3):
        stream.lose(0.02)
        stream.read([[0.0] * 8])
    stream.read([[0.0] * 40])
    (step,) = stream.steps
    assert abs(step.frames - 0.06 * RATE) <= step.uncertainty


# -- in a take ---------------------------------------------------------------------------------------------------------

BOX_RATE = 8000
TAKE = "take000001"


@pytest.fixture
def served(booth: Booth) -> Booth:
    booth.cards = FakeCards(booth.clock, behind_server=True)
    return booth


def run(booth: Booth, seconds: float) -> None:
    """Let time pass in steps that keep the reader prompt, as losses are whole steps too."""
    booth.run(seconds, step=0.05)


def lose(booth: Booth, seconds: float) -> int:
    frames = round(seconds * BOX_RATE)
    booth.cards.capture.swallow(frames)
    run(booth, 0.25)
    return frames


@pytest.mark.parametrize("fill", [True, False])
def test_a_loss_is_put_where_it_was(served: Booth, fill: bool) -> None:
    served.recording = RecordingSettings(fill_gaps=fill)
    served.begin()
    run(served, 6.0)
    lost = lose(served, 0.15)
    run(served, 7.5)
    served.recorder.stop(served.at(14.0))
    clip = served.sealed()
    (gap,) = clip.gaps
    assert (gap.offset, gap.cause, gap.filled) == (48_000, GapCause.SOUND_SERVER, fill)
    assert abs(gap.frames - lost) <= gap.uncertainty < 0.03 * BOX_RATE
    assert served.first(GapFound).gap == gap
    first, second = stretches(served.sound(), served.format)
    assert (first.frames, second.first) == (48_000, 48_000 + lost)
    assert second.offset == 48_000 + (gap.frames if fill else 0)
    assert missing(served.sound(), served.format) == lost
    if fill:
        assert abs(clip.frames - 14 * BOX_RATE) <= gap.uncertainty
    (served.takes / TAKE / "clip.json").unlink()
    recovered = repair(served.takes / TAKE)
    assert recovered and recovered.gaps == clip.gaps and recovered.levels == clip.levels


def test_a_mark_stays_where_it_was_set(served: Booth) -> None:
    """The loss is put behind it, as everything before a press is firm."""
    served.begin()
    run(served, 6.0)
    lost = lose(served, 0.15)
    run(served, 2.0)
    served.recorder.mark(served.at(8.0))
    run(served, 6.0)
    served.recorder.stop(served.at(14.0))
    clip = served.sealed()
    (gap,), (mark,) = clip.gaps, clip.marks
    assert abs(gap.frames - lost) <= gap.uncertainty
    assert mark.offset == pytest.approx(8 * BOX_RATE, abs=0.13 * BOX_RATE)
    assert mark.offset <= gap.offset <= mark.offset + 0.5 * BOX_RATE


@pytest.mark.parametrize("stop", [8.2, 8.7], ids=["told late", "told in time"])
def test_a_loss_shortly_before_the_end_is_told_on_less_evidence(served: Booth, stop: float) -> None:
    served.begin()
    run(served, 6.0)
    lost = lose(served, 0.15)
    run(served, 2.2)
    served.wait_until_written(8.0)
    served.recorder.stop(served.at(stop))
    (gap,) = served.sealed().gaps
    assert gap.offset == 48_000 and abs(gap.frames - lost) <= gap.uncertainty


def test_a_loss_before_the_server_goes_away_is_told(served: Booth) -> None:
    served.begin()
    run(served, 6.0)
    lost = lose(served, 0.15)
    run(served, 2.0)
    served.cards.unplug()
    served.first(GapFound)
    served.recorder.stop(served.at(8.3))
    first, second = served.sealed().gaps
    assert first.cause is GapCause.SOUND_SERVER and abs(first.frames - lost) <= first.uncertainty
    assert second.cause is GapCause.DEVICE


def test_a_loss_in_a_pause_is_none(served: Booth) -> None:
    served.begin()
    run(served, 6.0)
    served.recorder.pause(served.at(6.0))
    run(served, 1.0)
    lose(served, 0.15)
    run(served, 7.0)
    served.recorder.resume(served.at(14.0))
    run(served, 2.0)
    served.recorder.stop(served.at(15.5))
    clip = served.sealed()
    assert clip.gaps == () and clip.frames == pytest.approx(7.5 * BOX_RATE, abs=0.03 * BOX_RATE)


def test_a_loss_shortly_before_a_pause_is_told(served: Booth) -> None:
    served.begin()
    run(served, 6.0)
    lost = lose(served, 0.15)
    run(served, 1.0)
    served.recorder.pause(served.at(7.0))
    run(served, 7.0)
    served.recorder.stop(served.at(14.0))
    (gap,) = served.sealed().gaps
    assert abs(gap.frames - lost) <= gap.uncertainty and gap.offset <= 57_000


def test_a_late_reader_is_no_loss(served: Booth) -> None:
    served.begin()
    run(served, 6.0)
    for _ in range(5):
        served.cards.capture.stall()
        served.clock.advance(1.9)
        served.cards.capture.go_on()
        served.cards.capture.wait_until_read()
        run(served, 0.6)
    run(served, 6.0)
    served.recorder.stop(served.at(20.0))
    clip = served.sealed()
    assert clip.gaps == () and served.sound() == numbered(0, clip.frames, served.format)


def test_the_card_itself_is_believed(booth: Booth) -> None:
    """Only -EPIPE, a full ring and an unplugged card are losses where no server is in between."""
    booth.begin()
    run(booth, 6.0)
    lose(booth, 0.15)
    run(booth, 8.0)
    booth.recorder.stop(booth.at(14.0))
    assert booth.sealed().gaps == ()


def test_a_loss_makes_no_take_longer_than_it_may_be(served: Booth) -> None:
    served.recording = RecordingSettings(max_duration=Seconds(12), at_max=AtMax.STOP)
    served.begin()
    run(served, 6.0)
    lose(served, 1.5)
    run(served, 5.0)
    served.turn_until(lambda: served.of(TakeSealed), 0.05)
    assert served.first(TakeSealed).clip.frames == 12 * BOX_RATE


def test_marks_before_a_loss_are_kept(served: Booth) -> None:
    served.begin()
    run(served, 6.0)
    served.recorder.mark(served.at(5.9))
    run(served, 0.5)
    lose(served, 0.15)
    run(served, 8.0)
    served.recorder.stop(served.at(14.0))
    assert served.sealed().marks == (Mark(47_200),)


def test_what_may_still_be_moved_is_not_there_to_stay(served: Booth) -> None:
    """Whoever sends the take while it grows must not get sound that has still to move."""
    served.begin()
    run(served, 6.0)
    lose(served, 0.15)
    run(served, 4.0)
    served.wait_until_written(10.0)
    (take,) = served.growing
    assert take.stable <= HEADER_BYTES + 48_000 * served.format.frame_bytes
    run(served, 4.0)
    served.first(GapFound)
    served.wait_for(lambda: run(served, 0.25) or take.stable > HEADER_BYTES + 80_000 * served.format.frame_bytes)
