"""Listens to the microphone for triggers, and tells whenever one begins or ceases to hear something."""

import threading
from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING, Protocol

from attrs import evolve

from appliance.audio.overhearing import Overhearing
from appliance.circumstances import Starter
from appliance.clock import Clock
from appliance.config.schedule import WindowSettings
from appliance.config.settings import Settings
from appliance.config.trigger import TriggerSettings
from appliance.errors import ConfigError
from appliance.events import Event, TriggerChanged
from appliance.faults import LEFT_OUT, TRIGGER_CLOCK, TRIGGER_SLOW
from appliance.listed import HeardSound
from appliance.loops import Loop
from appliance.models import ClockSource
from appliance.plugin.service import FrameBlock
from appliance.report import TriggerReport
from appliance.schedules.windows import Sun, Windows, no_sun
from appliance.triggers.sensing import Sense, followed
from appliance.vitals import Vitals

if TYPE_CHECKING:
    from appliance.triggers.loudness import Loudness

BLOCKS = 4
"""Blocks of sound in a second: to look more often costs more, and a take may be told of its end a second late."""

LOOK_EVERY = 60.0
"""Seconds between two looks at the clock at most, which may have been set."""

_AGAIN = 5.0
_LIMIT = 10.0

Post = Callable[[Event], None]


class Overhear(Protocol):
    """Begins to listen, in blocks of so many frames; `dropped` is told of lost ones, and of 0 once that is over."""

    def __call__(self, frames: int, *, dropped: Callable[[int], None]) -> Overhearing: ...


Change = tuple[float, HeardSound | None]


class _Ear:
    """One trigger: what it hears."""

    def __init__(self, name: str, wanted: TriggerSettings, windows: Windows | None) -> None:
        self.name = name
        self.wanted = wanted
        self.windows = windows
        self.armed = False
        self.level: float | None = None
        self._wishes = wanted.take.wishes(Starter.TRIGGER, name)
        self._loudness: Loudness | None = None
        self._sense = Sense()
        self._floor: float | None = None

    @property
    def threshold(self) -> float:
        """How loud it must be now, in dBFS."""
        wanted = self.wanted
        if wanted.rise is None or self._floor is None:
            return wanted.level
        return max(wanted.level, self._floor + wanted.rise)

    @property
    def sound(self) -> HeardSound | None:
        """What it hears."""
        begin = self._sense.begin
        return None if begin is None else HeardSound(self.name, begin, self._wishes)

    @property
    def listens(self) -> bool:
        """Whether it has begun to."""
        return self._loudness is not None

    def begin(self, block: FrameBlock) -> Iterator[Change]:
        """Listen from that block on. What was heard goes on, where that was not longer ago than it hangs on."""
        from appliance.triggers.loudness import Loudness

        self._loudness = Loudness(block.format, self.wanted.low, self.wanted.high)
        yield from self._becomes(self._sense.hear(block.at, block.at, False, self.wanted), block.at)
        self._sense = evolve(self._sense, earliest=block.at)

    def hear(self, block: FrameBlock, silent_from: float) -> Iterator[Change]:
        """When it begins and ceases to hear something, as far as can be told after that block.

        What sounded before `silent_from` came from the box itself.
        """
        assert self._loudness
        rate = block.format.rate
        levels = self._loudness.add(block.data)
        if not len(levels):
            return
        hop = self._loudness.hop / rate
        begin = (
            block.at + (len(block.data) // block.format.frame_bytes - self._loudness.left) / rate - len(levels) * hop
        )
        loud = levels >= self.threshold
        self.level = round(float(levels.max()), 1)
        if self.wanted.rise is not None:
            self._floor = followed(self._floor, float(sorted(levels)[len(levels) // 2]), len(levels) * hop)
        if begin < silent_from:
            self._sense = evolve(self._sense, earliest=silent_from)
        if not loud.any() and self._sense.rests:
            return
        for number, each in enumerate(loud.tolist()):
            at = begin + number * hop
            counts = each and at >= silent_from
            yield from self._becomes(self._sense.hear(at, at + hop, counts, self.wanted), at + hop)

    def stop(self, at: float) -> Iterator[Change]:
        """Listen no more."""
        on, self._sense = self._sense.begin is not None, Sense()
        self._loudness = self.level = None
        if on:
            yield at, None

    def _becomes(self, sense: Sense, at: float) -> Iterator[Change]:
        before, self._sense = self._sense, sense
        if sense.begin is not None and before.begin is None:
            yield at, self.sound
        elif sense.begin is None and before.begin is not None:
            yield sense.ended, None


class TriggerWatch:
    """Has the microphone open while a trigger listens; closes it where none does."""

    def __init__(
        self,
        settings: Settings,
        overhear: Overhear,
        silent_from: Callable[[], float],
        clock: Clock,
        post: Post,
        vitals: Vitals,
    ) -> None:
        """`silent_from` tells from when on nothing of the box itself is heard. What cannot be used is a fault."""
        self._overhear = overhear
        self._silent_from = silent_from
        self._clock = clock
        self._post = post
        self._frames = settings.audio.capture.format.rate // BLOCKS
        self._ears = tuple(_ears(settings, post))
        self._loop = Loop("triggers", self._look, _AGAIN, _LIMIT, clock, vitals)
        self._lock = threading.Lock()
        self._overhearing: Overhearing | None = None
        self._change = -inf
        self._looked = -inf
        self._doubted = False
        self._on: dict[str, HeardSound] = {}

    def start(self) -> None:
        """Begin to listen, where there are triggers."""
        if self._ears:
            self._loop.start()

    def close(self) -> None:
        """Listen no more. Raises Stuck where the thread does not end."""
        self._loop.stop()
        with self._lock:
            if self._overhearing:
                self._overhearing.close()
        self._loop.close()

    def report(self) -> Mapping[str, TriggerReport]:
        """How each is. From any thread."""
        return {
            ear.name: TriggerReport(
                listening=ear.armed, hears=ear.sound is not None, level=ear.level, threshold=round(ear.threshold, 1)
            )
            for ear in self._ears
        }

    def _look(self) -> float:
        self._arm()
        if any(ear.armed for ear in self._ears):
            self._listen()
        return max(0.001, self._change - self._clock.wall_ns() / 1e9)

    def _arm(self) -> None:
        """Let those listen whose time it is."""
        stamp = self._clock.stamp()
        now = self._looked = stamp.wall_ns / 1e9
        self._change = now + LOOK_EVERY
        windowed = False
        for ear in self._ears:
            window = None
            if ear.windows:
                windowed = True
                window = ear.windows.at(now)
                coming = ear.windows.after(now)
                self._change = min(self._change, window.end if window else coming[0].begin if coming else inf)
            armed = not ear.windows or window is not None
            if ear.armed and not armed:
                self._tell(ear, ear.stop(self._clock.monotonic()))
            ear.armed = armed
        doubted = windowed and stamp.source is ClockSource.NONE
        if doubted != self._doubted:
            self._doubted = doubted
            words = "triggers go by a clock that nobody has set: they may listen at another time of day than was meant"
            self._post(TRIGGER_CLOCK.raised(words) if doubted else TRIGGER_CLOCK.cleared())

    def _listen(self) -> None:
        """Hear until no trigger listens any more, or it is over."""
        overhearing = self._overhear(self._frames, dropped=self._tell_dropped)
        with self._lock:
            self._overhearing = overhearing
        if self._loop.stopping:
            return
        blocks = iter(overhearing)
        try:
            while any(ear.armed for ear in self._ears):
                self._loop.pulse.rest()
                block = next(blocks, None)
                if block is None or not self._loop.goes_on():
                    return
                self._hear(block)
                if block.is_last and overhearing.failed:
                    self._rest(block.at + len(block.data) / block.format.byte_rate)
                wall = self._clock.wall_ns() / 1e9
                if not self._looked <= wall < self._change:
                    self._arm()
        finally:
            with self._lock:
                self._overhearing = None
            blocks.close()
            self._rest(self._clock.monotonic())

    def _rest(self, at: float) -> None:
        """Nothing is heard any more, for now."""
        for ear in self._ears:
            self._tell(ear, ear.stop(at))

    def _hear(self, block: FrameBlock) -> None:
        silent_from = self._silent_from()
        for ear in self._ears:
            if ear.armed:
                if not (ear.listens and block.offset):
                    self._tell(ear, ear.begin(block))
                self._tell(ear, ear.hear(block, silent_from))

    def _tell(self, ear: _Ear, changes: Iterator[Change]) -> None:
        for at, sound in changes:
            self._on = {name: each for name, each in self._on.items() if name != ear.name}
            if sound:
                self._on[ear.name] = sound
            self._post(TriggerChanged(tuple(self._on.values()), at))

    def _tell_dropped(self, frames: int) -> None:
        words = f"triggers have missed {frames} frames: the box is too busy to listen"
        self._post(TRIGGER_SLOW.raised(words) if frames else TRIGGER_SLOW.cleared())


def _ears(settings: Settings, post: Post) -> Iterator[_Ear]:
    """One for each trigger that can be used; each other one is a fault."""
    for name, wanted in settings.triggers.items():
        try:
            windows = None
            if wanted.only != WindowSettings():
                sun: Sun = no_sun
                if wanted.only.needs_sun:
                    from appliance.schedules.sun import sun_at

                    sun = sun_at(settings.device.location)
                windows = Windows(wanted.only, sun)
            yield _Ear(name, wanted, windows)
        except ConfigError as error:
            post(LEFT_OUT.raised(f"trigger {name} records nothing: {error}", f"triggers.{name}"))
