"""Runs the services of the configuration: each on a thread of its own, and again where it fails."""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from functools import partial
from math import inf

from appliance.clock import Clock
from appliance.config.settings import ServiceSettings
from appliance.faults import SERVICE_ENDED
from appliance.foreign import words
from appliance.loops import Loop
from appliance.plugin_host.host import PluginHost
from appliance.plugin_host.house import Doors, ServiceHouse
from appliance.retry import backoff
from appliance.vitals import Vitals

FIRST_WAIT, LONGEST_WAIT = 5.0, 900.0
"""Seconds until a service that failed is run again: at first, and at most."""

STEADY = 60.0
"""A service that has run for so many seconds works again."""

_LOOK = 3600.0
_PULSE_LIMIT = 30.0

log = logging.getLogger(__name__)


class Services:
    """Every service. What becomes of one is no matter of the others, and of nothing else in the box."""

    def __init__(
        self,
        plugins: PluginHost,
        wanted: Mapping[str, ServiceSettings],
        doors: Doors,
        clock: Clock,
        vitals: Vitals,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._loop = Loop("services", self._look, _LOOK, _PULSE_LIMIT, clock, vitals)
        self._runners = [
            _Runner(name, partial(plugins.run_service, name, settings), doors, clock, self._loop.wake, random)
            for name, settings in wanted.items()
        ]

    def start(self) -> None:
        """Run every service. Returns at once."""
        if self._runners:
            self._loop.start()

    def close(self, timeout: float = 2.0) -> None:
        """Stop. A service that does not come back in time is left behind, with a word in the log."""
        self._loop.close()
        for runner in self._runners:
            runner.stop()
        until = self._clock.monotonic() + timeout
        for runner in self._runners:
            runner.join(max(0.0, until - self._clock.monotonic()))

    def _look(self) -> float:
        """Run what is due; the seconds until more is."""
        return min(_LOOK, *(runner.look() for runner in self._runners))


class _Runner:
    """One service of the configuration, run after run. For the thread that looks."""

    def __init__(
        self,
        name: str,
        work: Callable[[ServiceHouse], None],
        doors: Doors,
        clock: Clock,
        wake: Callable[[], None],
        random: Callable[[], float],
    ) -> None:
        self._name = name
        self._work = work
        self._doors = doors
        self._clock = clock
        self._wake = wake
        self._random = random
        self._run: _Run | None = None
        self._due = clock.monotonic()
        self._failures = 0
        self._complaint = ""

    def look(self) -> float:
        """Begin what is due, and take note of what has become of it; the seconds until the next look."""
        now = self._clock.monotonic()
        if self._run is not None and self._run.over:
            self._note(self._run.error, now)
            self._run = None
        if self._run is None and now >= self._due:
            run = _Run(self._name, self._work, ServiceHouse(self._name, self._doors, self._clock), self._wake)
            run.start()
            self._run, self._due = run, now + STEADY
        if self._run is not None and self._failures and now >= self._due:
            self._recovered()
        return self._due - now if self._run is None or self._failures else inf

    def stop(self) -> None:
        """Let it end. Returns at once."""
        if self._run is not None:
            self._run.house.stop()

    def join(self, timeout: float) -> None:
        """Wait until it has ended."""
        if self._run is not None:
            self._run.join(timeout)
            if self._run.is_alive():
                log.warning("service %s does not come back: the appliance stops without it", self._name)

    def _note(self, error: BaseException | None, now: float) -> None:
        if error is None:
            self._due = inf
            self._recovered()
            return
        self._failures += 1
        self._due = now + backoff(self._failures, FIRST_WAIT, LONGEST_WAIT, self._random)
        message = f"service {self._name}: {words(error)}. It is run again by itself, later each time"
        if message != self._complaint:
            self._complaint = message
            log.error("%s", message)
            log.debug("service %s", self._name, exc_info=error)
            self._doors.post(SERVICE_ENDED.raised(message, self._name))

    def _recovered(self) -> None:
        self._failures = 0
        if self._complaint:
            self._complaint = ""
            self._doors.post(SERVICE_ENDED.cleared(self._name))


class _Run(threading.Thread):
    """One run of a service, on its own thread."""

    def __init__(
        self, name: str, work: Callable[[ServiceHouse], None], house: ServiceHouse, wake: Callable[[], None]
    ) -> None:
        super().__init__(name=f"service:{name}", daemon=True)
        self.house = house
        self.error: BaseException | None = None
        self.over = False
        self._work = work
        self._wake = wake

    def run(self) -> None:
        try:
            self._work(self.house)
        except BaseException as error:  # a plugin may do anything
            self.error = error
        self.house.leave()
        self.over = True
        self._wake()
