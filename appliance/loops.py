"""The one loop of everything that looks now and then: a thread with a pulse, which goes on after a defect and ends."""

import threading
from collections.abc import Callable
from math import inf

from appliance.clock import Clock
from appliance.errors import Stuck
from appliance.vitals import Vitals


class Loop:
    """Calls `look` on a thread of its own: at once, then every so often, and whenever it is woken.

    A look that ends by an error that nobody has foreseen is told by the pulse, and is not the last.
    """

    def __init__(
        self, name: str, look: Callable[[], float | None], every: float, limit: float, clock: Clock, vitals: Vitals
    ) -> None:
        """`look` returns the seconds until the next look, or None for `every`, which also follows a defect. It beats at
        least every `limit` seconds; where it waits for a network or the kernel, it lets the pulse rest meanwhile.
        """
        self.pulse = vitals.pulse(name, limit)
        self.stopping = False
        self._look = look
        self._every = every
        self._clock = clock
        self._vitals = vitals
        self._lock = threading.RLock()  # entered without the detour that a condition takes
        self._changed = threading.Condition(self._lock)
        self._woken = False
        self._looks = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once, or once more where a look is under way. From any thread; returns at once."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def wait_for_look(self, patience: float) -> None:
        """Wake it, and wait until a look has ended, the loop stops or nothing happens for `patience` seconds."""
        with self._changed:
            looks = self._looks
            self.wake()
            while self._looks == looks and not self.stopping and self._clock.wait(self._changed, patience):
                pass

    def goes_on(self) -> bool:
        """For a long look: show that it moves; whether it may go on."""
        self.pulse.beat()
        return not self.stopping

    def stop(self) -> None:
        """Look no more. Returns at once."""
        with self._changed:
            self.stopping = True
            self._changed.notify_all()

    def ends(self, timeout: float) -> bool:
        """Wait for the thread to end; whether it did."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self, timeout: float = 2.0) -> None:
        """Look no more. Raises Stuck where a look does not come back."""
        self.stop()
        if not self.ends(timeout):
            name = self.pulse.name
            raise Stuck(f"the thread {name} did not end within {timeout:g} s: what it waits for hangs. See `dmesg`")

    def _run(self) -> None:
        while not self.stopping:
            self._woken = False
            self.pulse.beat()
            seconds = self.pulse.guard(self._look, None)
            with self._lock:
                self.pulse.rest()
                self._looks += 1
                self._changed.notify_all()
                until = self._clock.monotonic() + (self._every if seconds is None else seconds)
                while not (self.stopping or self._woken) and (left := until - self._clock.monotonic()) > 0:
                    self._clock.wait(self._changed, None if left == inf else left)
        self._vitals.remove(self.pulse)
