"""What happened lately is kept in words, and only so much of it."""

from appliance import events
from appliance.history import History
from appliance.models import AudioFormat
from appliance.testing.clock import ManualClock
from appliance.verbs import MOST_HAPPENED


def test_the_newest_is_kept_in_words_with_its_time() -> None:
    clock = ManualClock()
    history = History(clock)
    history.hear(events.TakeStarted("take", "hello", AudioFormat(), 2.0), None)
    clock.advance(1.5)
    history.hear(events.TakeProgress("take", 1, 1.0, -3.0, -9.0), None)
    history.hear(events.TakeDiscarded("take"), None)
    told = history.tell()
    assert [(each.event, each.words) for each in told] == [
        ("TakeStarted", "recording hello, 48000 Hz S16_LE mono"),
        ("TakeDiscarded", "take discarded, as asked"),
    ]
    assert told[1].time - told[0].time == 1.5
    assert history.tell(1) == told[1:]


def test_it_does_not_grow() -> None:
    history = History(ManualClock())
    for number in range(MOST_HAPPENED + 9):
        history.hear(events.VolumeChanged(number), None)
    told = history.tell()
    assert len(told) == MOST_HAPPENED and told[0].words == "volume 9%"
