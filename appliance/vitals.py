"""Whether every thread that must move still does: what the watchdog is fed from."""

import threading

from appliance.clock import Clock


class Pulse:
    """One thread's sign of life. The thread calls `beat` while it works and `rest` before it waits for work."""

    def __init__(self, name: str, limit: float, clock: Clock) -> None:
        self.name = name
        self._limit = limit
        self._clock = clock
        self._due: float | None = None

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

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pulses: list[Pulse] = []

    def pulse(self, name: str, limit: float) -> Pulse:
        """A new pulse, at rest; `limit` is in seconds."""
        pulse = Pulse(name, limit, self._clock)
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
