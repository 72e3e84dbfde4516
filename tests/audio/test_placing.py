"""A card that stands still and goes on without a word has lost what sounded meanwhile; one that is slow has not."""

from appliance.audio.capture import Period
from appliance.audio.placing import Placing
from appliance.audio.stretch import Heard, Opened, Stretch
from appliance.models import AudioFormat, GapCause

FORMAT = AudioFormat(8000, 1)
BUFFER = 2.0
FRAMES = 800


class Table:
    """Places what is heard of a card that runs at `speed`."""

    def __init__(self, speed: float = 1.0) -> None:
        self.told: list[Heard] = []
        self.placing = Placing(self.told.append)
        self.now = 1000.0
        self.speed = speed
        self.placing.hear(Opened(self.now, FORMAT, BUFFER))

    def run(self, periods: int, still: float = 0.0) -> None:
        """It stands still before the first of them."""
        for number in range(periods):
            called = self.now
            self.now += FRAMES / FORMAT.rate / self.speed + (0.0 if number else still)
            self.placing.hear(Period(FRAMES, bytes(2 * FRAMES), called, self.now))

    @property
    def stretches(self) -> list[Stretch]:
        return [item for item in self.told if isinstance(item, Stretch)]


def test_a_standstill_beyond_the_buffer_is_a_loss_as_long_as_it_was() -> None:
    table = Table()
    table.run(10)
    table.run(10, still=3.0)
    (loss,) = (item for item in table.stretches if item.data is None)
    assert loss.cause is GapCause.DEVICE
    assert abs(loss.frames - 3.0 * FORMAT.rate) <= loss.uncertainty < 0.05 * FORMAT.rate
    assert sum(item.frames for item in table.stretches if item.data is not None) == 20 * FRAMES
    assert abs(table.stretches[-1].end - table.now) < 0.001


def test_a_card_that_delivers_too_few_frames_loses_none() -> None:
    table = Table(speed=0.9)
    table.run(500)
    assert all(item.data is not None for item in table.stretches)
    assert table.placing.odd_rate
