"""Watches the clock for schedules, and tells what is open."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from attrs import field

from appliance.circumstances import Starter, Wishes
from appliance.clock import Clock
from appliance.config.settings import Settings
from appliance.errors import ConfigError
from appliance.events import Event, ScheduleChanged, ScheduleReminder
from appliance.faults import LEFT_OUT, SCHEDULE_CLOCK
from appliance.listed import OpenWindow
from appliance.loops import Loop
from appliance.models import ClockSource, ClockStamp
from appliance.report import ScheduleReport, WindowReport
from appliance.values import frozen
from appliance.vitals import Vitals

if TYPE_CHECKING:
    from appliance.schedules.windows import Sun, Windows

LOOK_EVERY = 60.0
"""Seconds between two looks at most: the clock may have been set, or the day may have got another length."""

TOLD_AHEAD = 3
"""So many windows to come are told."""

_LIMIT = 120.0
_JUST_NOW = 5.0

Post = Callable[[Event], None]


@frozen
class Schedules:
    """The schedules of a configuration that can be used."""

    windows: Mapping[str, "Windows"] = field(factory=dict)
    wishes: Mapping[str, Wishes] = field(factory=dict)
    """What is wanted of the takes of each."""

    @classmethod
    def of(cls, settings: Settings, post: Post) -> "Schedules":
        """From the configuration; each that cannot be used is a fault."""
        ready: dict[str, Windows] = {}
        for name, wanted in settings.schedules.items():
            from appliance.schedules import windows

            try:
                sun: Sun = windows.no_sun
                if wanted.needs_sun:
                    from appliance.schedules.sun import sun_at

                    sun = sun_at(settings.device.location)
                ready[name] = windows.Windows(wanted, sun)
            except ConfigError as error:
                post(LEFT_OUT.raised(f"schedule {name} records nothing: {error}", f"schedules.{name}"))
        return cls(ready, {name: settings.schedules[name].take.wishes(Starter.SCHEDULE, name) for name in ready})

    def open(self, now: float) -> tuple[OpenWindow, ...]:
        """The windows that are on, at so many seconds since 1970 UTC."""
        found = ((name, windows.at(now)) for name, windows in self.windows.items())
        return tuple(
            OpenWindow(name, window.begin, window.end, self.wishes.get(name, Wishes()))
            for name, window in found
            if window
        )

    def next(self, now: float) -> float | None:
        """When something changes next, in seconds since 1970 UTC; None where nothing does."""
        ends = [window.end for window in self.open(now)]
        begins = [window.begin for windows in self.windows.values() for window in windows.after(now)]
        return min((*ends, *begins), default=None)

    def report(self, now: float) -> dict[str, ScheduleReport]:
        """How each is, and its next windows."""
        on = {window.name: window for window in self.open(now)}
        return {
            name: ScheduleReport(
                on=name in on,
                ends=on[name].end if name in on else None,
                next=tuple(
                    WindowReport(begin=window.begin, end=window.end) for window in windows.after(now, TOLD_AHEAD)
                ),
            )
            for name, windows in self.windows.items()
        }


class ScheduleWatch:
    """Tells whenever a window opens or closes, and now and then while one is open and nothing is recorded.

    It goes by the clock also where that was never set, and says so: what was recorded at a wrong time can be thrown
    away.
    """

    def __init__(
        self, schedules: Schedules, clock: Clock, post: Post, vitals: Vitals, idle: Callable[[], bool]
    ) -> None:
        """`idle` tells whether nothing is recorded."""
        self._schedules = schedules
        self._clock = clock
        self._post = post
        self._idle = idle
        self._open: tuple[OpenWindow, ...] | None = None
        self._doubted = False
        self._loop = Loop("schedules", self._look, LOOK_EVERY, _LIMIT, clock, vitals)
        self.close = self._loop.close

    def start(self) -> None:
        """Begin to watch. Tells at once what is open: nothing, where there are no schedules any more."""
        if self._schedules.windows:
            self._loop.start()
        else:
            self._post(ScheduleChanged((), self._clock.monotonic()))

    def _look(self) -> float:
        now = self._clock.stamp()
        wall = now.wall_ns / 1e9
        self._doubt(now)
        open = self._schedules.open(wall)
        if open != self._open:
            self._post(ScheduleChanged(open, self._moment(open, now)))
            self._open = open
        elif open and self._idle():
            self._post(ScheduleReminder())
        change = self._schedules.next(wall)
        return LOOK_EVERY if change is None else min(LOOK_EVERY, max(0.001, change - wall))

    def _moment(self, open: tuple[OpenWindow, ...], now: ClockStamp) -> float:
        """When it changed, in seconds of CLOCK_MONOTONIC: as the windows say, where that was just now."""
        wall, monotonic = now.wall_ns / 1e9, now.monotonic_ns / 1e9
        gone = [window.end for window in self._open or () if window not in open]
        come = [window.begin for window in open if window not in (self._open or ())]
        passed = [wall - at for at in (*gone, *come) if 0 <= wall - at < _JUST_NOW]
        return monotonic - min(passed, default=0.0)

    def _doubt(self, now: ClockStamp) -> None:
        doubted = now.source is ClockSource.NONE
        if doubted != self._doubted:
            self._doubted = doubted
            words = "schedules go by a clock that nobody has set: what they record may be of another time of day"
            self._post(SCHEDULE_CLOCK.raised(words) if doubted else SCHEDULE_CLOCK.cleared())
