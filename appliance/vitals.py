"""Whether every thread that must move still does: what the watchdog is fed from."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from appliance.clock import Clock
from appliance.events import Event
from appliance.faults import DEFECT

T = TypeVar("T")
U = TypeVar("U")
Post = Callable[[Event], None]

log = logging.getLogger(__name__)


class Pulse:
    """One thread's sign of life. The thread calls `beat` while it works and `rest` before it waits for work."""

    def __init__(self, name: str, limit: float, clock: Clock, post: Post) -> None:
        self.name = name
        self._limit = limit
        self._clock = clock
        self._post = post
        self._due: float | None = None
        self._defect = ""

    def guard(self, work: Callable[[], T], otherwise: U) -> T | U:
        """What `work` returns; `otherwise` where it ends by an error that nobody has foreseen, so that the thread can
        go on. Such an error is logged, and a fault that names the pulse until such work ends well again.
        """
        try:
            result = work()
        except Exception as error:
            defect = f"{type(error).__name__}: {error}"
            if defect != self._defect:
                self._defect = defect
                log.exception("defect in the thread %s", self.name)
                words = f"a defect of the appliance disturbs {self.name}, the log says which. Report it"
                self._post(DEFECT.raised(words, self.name))
            return otherwise
        if self._defect:
            self._defect = ""
            self._post(DEFECT.cleared(self.name))
        return result

    def beat(self) -> None:
        """Alive; the next beat or rest comes within the limit."""
        self._due = self._clock.monotonic() + self._limit

    def rest(self) -> None:
        """Waiting for work, for as long as it takes."""
        self._due = None

    def overdue(self) -> bool:
        """True where the thread has neither beaten nor rested in time."""
        due = self._due
        return due is not None and self._clock.monotonic() > due


class Vitals:
    """The pulses of all threads that must move."""

    def __init__(self, clock: Clock, post: Post = lambda _: None) -> None:
        self._clock = clock
        self._post = post
        self._lock = threading.Lock()
        self._pulses: list[Pulse] = []

    def pulse(self, name: str, limit: float) -> Pulse:
        """A new pulse, at rest; `limit` is in seconds."""
        pulse = Pulse(name, limit, self._clock, self._post)
        with self._lock:
            self._pulses.append(pulse)
        return pulse

    def remove(self, pulse: Pulse) -> None:
        """The thread has ended as it should."""
        with self._lock:
            self._pulses.remove(pulse)

    def overdue(self) -> tuple[str, ...]:
        """Names of the threads that hang."""
        with self._lock:
            return tuple(pulse.name for pulse in self._pulses if pulse.overdue())
