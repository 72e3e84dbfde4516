"""The stream's account of time: places what comes from the card, and turns what the card lost into stretches.

After a loss the first periods are held until they tell how long it was. A card that runs fills its ring, and an overrun
tells of it: one that delivered nothing for longer than its ring holds, and goes on without an overrun, had stood still.
"""

from collections.abc import Callable
from math import inf

from appliance.audio.capture import Item, Overrun, Period
from appliance.audio.server import ServerTimeline
from appliance.audio.stretch import Ended, Heard, Lost, Opened, Stretch
from appliance.audio.timeline import ALLOWANCE, Timeline
from appliance.models import GapCause


class Placing:
    """Hears one stream and tells `tell` the same in order of time. One thread uses it, which waits for nothing here.

    A loss of no frames is told as well: whoever bridged it by his own clock knows thereby that it is settled.
    """

    def __init__(self, tell: Callable[[Heard], None]) -> None:
        self._tell = tell
        self._opened: Opened | None = None
        self._rate = 1
        self._timeline = Timeline(self._rate)
        self._server: ServerTimeline | None = None
        self._loss: GapCause | None = None
        self._held: list[Period] = []
        self._heard_at = inf
        """When the period before was there; infinite where none is to be followed on."""

    @property
    def drift_ppm(self) -> float | None:
        """How much faster than CLOCK_MONOTONIC the card runs, where that can be told. Any thread may ask."""
        return self._timeline.drift_ppm

    @property
    def odd_rate(self) -> float | None:
        """Frames a second that the card delivers, where that is not the rate that it says. Any thread may ask."""
        return None if self._server else self._timeline.odd_rate

    def hear(self, item: Item) -> None:
        """Take in what comes next."""
        match item:
            case Period():
                self._heed_standstill(item)
                self._take_in(item)
            case Overrun():
                self._begin_anew(item.earliest, GapCause.OVERRUN)
            case Opened():
                self._open(item)
            case Lost() | Ended():
                self._break_off()
                self._tell(item)

    def _heed_standstill(self, period: Period) -> None:
        buffer = self._opened.buffer_seconds if self._opened else inf
        if not self._server and period.returned - self._heard_at > buffer:
            self._begin_anew(period.returned - period.frames / self._rate - 2 * ALLOWANCE, GapCause.DEVICE)
        self._heard_at = period.returned

    def _take_in(self, period: Period) -> None:
        if self._loss:
            self._hold(period)
            return
        self._timeline.add(period.frames, period.returned)
        self._place(period, self._timeline.end)
        if self._server and (step := self._server.step()):
            self._tell(step)

    def _open(self, opened: Opened) -> None:
        if self._opened:
            self._begin_anew(opened.earliest, GapCause.DEVICE)
        else:
            self._opened, self._rate = opened, opened.format.rate
            if opened.behind_server:
                self._timeline = self._server = ServerTimeline(self._rate)
            else:
                self._timeline = Timeline(self._rate)
            self._timeline.begin(opened.earliest)
        self._tell(opened)

    def _hold(self, period: Period) -> None:
        """Until it is known how long the loss before it was."""
        self._timeline.add(period.frames, period.returned)
        self._held.append(period)
        if self._timeline.settled or self._caught_up(period):
            self._settle()

    def _begin_anew(self, earliest: float, loss: GapCause) -> None:
        self._break_off()
        self._timeline.begin(earliest)
        self._loss = loss
        self._heard_at = inf

    def _break_off(self) -> None:
        """No further read will tell anything of what came so far."""
        self._settle()
        if self._server and (step := self._server.step(last=True)):
            self._tell(step)

    def _caught_up(self, period: Period) -> bool:
        """Whether the reader, should it have been late, is no more: a read had to wait again, or the ring was read."""
        waited = period.returned - period.called >= period.frames / self._rate / 2
        held = sum(period.frames for period in self._held)
        buffer = self._opened.buffer_seconds if self._opened else 0.0
        return (waited and len(self._held) > 1) or held >= buffer * self._rate

    def _settle(self) -> None:
        """Put the loss down, and after it what was held."""
        if not (self._held and self._loss):
            return
        frames, uncertainty = self._timeline.lost()
        end = self._timeline.end - sum(period.frames for period in self._held) / self._rate
        self._tell(Stretch(frames, end, None, self._loss, uncertainty))
        for period in self._held:
            end += period.frames / self._rate
            self._place(period, end)
        self._held = []
        self._loss = None

    def _place(self, period: Period, end: float) -> None:
        server = self._server
        self._tell(
            Stretch(
                period.frames,
                end,
                memoryview(period.data),
                uncertainty=self._timeline.uncertainty,
                late=server.late_reads if server else 0,
                suspicion=server.suspicion if server else None,
                read=period.returned,
            )
        )
