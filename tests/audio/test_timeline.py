from random import Random

from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audio.timeline import ALLOWANCE, Timeline

RATE = 48_000
PERIOD = 12_000
PROMPT = 0.005


@frozen
class Segment:
    """A stretch of stream: how late each of its reads returns, and how long the card is silent before it."""

    silence: float
    lateness: list[float]


prompt = st.floats(0, PROMPT)
jitter = st.lists(st.floats(0, PERIOD / RATE), max_size=6)
stall: st.SearchStrategy[list[float]] = st.one_of(
    st.just([]), st.floats(0, 1.5).map(lambda seconds: [seconds, *[0.0] * 6])
)
reads = st.tuples(jitter, stall, prompt).map(lambda parts: [*parts[0], *parts[1], parts[2]])


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    """Reads of which one in fourteen (3.5 seconds) is prompt, as the last one is."""
    lateness = [read for group in draw(st.lists(reads, min_size=1, max_size=4)) for read in group]
    return Segment(draw(st.floats(0.001, 100)), lateness)


@settings(deadline=None)
@given(st.lists(segments(), min_size=2, max_size=4), st.floats(-200e-6, 200e-6), st.floats(0, 1e7))
def test_every_loss_is_told_within_its_uncertainty(pieces: list[Segment], drift: float, now: float) -> None:
    """A simulated card: it starts within 2 ms of when it may, its crystal drifts, its reader wakes late."""
    timeline = Timeline(RATE)
    truth = None
    for piece in pieces:
        ended, now = now, now + piece.silence
        timeline.begin(now)
        begins = now + piece.silence % 0.002
        latest = begins
        for number, lateness in enumerate(piece.lateness, 1):
            now = begins + number * PERIOD / RATE / (1 + drift)
            latest = max(latest, now + lateness)
            timeline.add(PERIOD, latest)
        if truth is not None:
            truth = (begins - ended) * RATE
            lost, uncertainty = timeline.lost()
            assert abs(lost - truth) <= uncertainty
            assert uncertainty <= RATE * 1.6
        truth = truth or 0.0
        assert -1e-6 <= timeline.end - now <= ALLOWANCE + 1e-6


@settings(deadline=None, max_examples=30)
@given(st.integers(), st.floats(-100e-6, 100e-6))
def test_the_drift_of_the_crystal_is_estimated(seed: int, drift: float) -> None:
    lateness = Random(seed)
    timeline = Timeline(RATE)
    timeline.begin(0.0)
    for number in range(1, 600):
        late = lateness.uniform(0, 0.2) if number % 8 else lateness.uniform(0, 0.0002)
        timeline.add(PERIOD, number * PERIOD / RATE / (1 + drift) + late)
    assert timeline.drift_ppm is not None
    assert abs(timeline.drift_ppm - drift * 1e6) < 5


def test_a_short_stream_tells_no_drift() -> None:
    timeline = Timeline(RATE)
    timeline.begin(0.0)
    for number in range(1, 200):
        timeline.add(PERIOD, number * 0.25)
    assert timeline.drift_ppm is None


def test_drift_is_no_loss() -> None:
    timeline = Timeline(RATE)
    timeline.begin(0.0)
    for number in range(1, 4 * 3600):
        timeline.add(PERIOD, number * 0.25 * (1 + 100e-6))
    assert timeline.lost() == (0, 0)
    assert abs(timeline.end - 3600 * (1 + 100e-6)) < 0.26
    assert timeline.drift_ppm == -100.0


def test_a_loss_is_settled_by_the_first_prompt_read() -> None:
    timeline = Timeline(RATE)
    timeline.begin(10.0)
    timeline.add(PERIOD, 10.25)
    timeline.begin(11.0)
    timeline.add(PERIOD, 11.9)
    assert not timeline.settled
    timeline.add(PERIOD, 11.9)
    timeline.add(PERIOD, 11.9)
    assert not timeline.settled
    timeline.add(PERIOD, 12.001)
    assert timeline.settled
    frames, uncertainty = timeline.lost()
    assert abs(frames - 0.75 * RATE) <= uncertainty <= 0.01 * RATE + 1


def test_without_a_loss_nothing_is_lost() -> None:
    assert Timeline(RATE).lost() == (0, 0)


def test_reads_that_are_all_a_little_late_are_within_the_uncertainty() -> None:
    timeline = Timeline(RATE)
    timeline.begin(0.0)
    for number in range(1, 20):
        truth = number * PERIOD / RATE * (1 - 400e-6)
        timeline.add(PERIOD, truth + 0.002)
        assert (timeline.end - truth) * RATE <= timeline.uncertainty
