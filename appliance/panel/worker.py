"""The one thread of a panel: takes edges through the gestures, blinks the LEDs, and sleeps while nothing is due.

A contact or lamp that fails, as one does whose pin has gone, is tried again now and then, and disturbs no other.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import Protocol

from appliance.clock import Clock
from appliance.errors import Stuck
from appliance.events import Command
from appliance.panel.lights import Lamp
from appliance.panel.ports import PanelState
from appliance.vitals import Pulse, Vitals

_JOIN_TIMEOUT = 2.0
_PULSE_LIMIT = 10.0
_PATIENCE = 1.0
"""Seconds for which one that failed is let be."""


class Contact(Protocol):
    """A button or switch: edges and time go in, commands come out."""

    @property
    def deadline(self) -> float | None:
        """When `tick` must be called; None while nothing is due."""

    def edge(self, level: bool, at: float) -> list[Command]:
        """It went to `level` at the time `at`."""

    def tick(self, now: float) -> list[Command]:
        """What is due by `now`."""


class Worker:
    """Edges may be put and states shown from any thread, before the start too."""

    def __init__(self, clock: Clock, vitals: Vitals) -> None:
        self._clock = clock
        self._vitals = vitals
        self._changed = threading.Condition()
        self._edges: deque[tuple[Contact, bool, float]] = deque()
        self._to_show: PanelState | None = None
        self._stopping = False
        self._contacts: Sequence[Contact] = ()
        self._lamps: Sequence[Lamp] = ()
        self._failed: dict[Contact | Lamp, tuple[Exception, float]] = {}
        """What failed last, how, and until when it is let be."""
        self._thread: threading.Thread | None = None

    def start(self, contacts: Sequence[Contact], lamps: Sequence[Lamp], post: Callable[[Command], None]) -> None:
        """Begin to post what people do with the contacts."""
        self._contacts, self._lamps = contacts, lamps
        self._thread = threading.Thread(target=self._run, args=(post,), name="panel", daemon=True)
        self._thread.start()

    def put(self, contact: Contact, level: bool, at: float) -> None:
        """The contact went to `level` at the time `at`. Returns at once."""
        with self._changed:
            self._edges.append((contact, level, at))
            self._changed.notify_all()

    def show(self, state: PanelState) -> None:
        """Let the lamps show `state`. Returns at once."""
        with self._changed:
            self._to_show = state
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread. Raises Stuck where it does not."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_JOIN_TIMEOUT)
            if self._thread.is_alive():
                raise Stuck("the panel thread does not end")

    def _run(self, post: Callable[[Command], None]) -> None:
        pulse = self._vitals.pulse("panel", _PULSE_LIMIT)
        while not self._stopping:
            works = pulse.guard(lambda: self._turn(post, pulse), False)
            pulse.rest()
            with self._changed:
                if not (works or self._failed or self._edges or self._to_show or self._stopping):
                    self._clock.wait(self._changed, _PATIENCE)
        self._vitals.remove(pulse)

    def _turn(self, post: Callable[[Command], None], pulse: Pulse) -> bool:
        """Wait for something to do, and do it. An edge over which that fails is lost, those behind it are not.

        Raises what one of them fails by, for as long as it does.
        """
        if self._wait():
            pulse.beat()
            self._listen(post)
            self._shine()
            for error, _ in self._failed.values():
                raise error
        return True

    def _listen(self, post: Callable[[Command], None]) -> None:
        def asked(of: Callable[..., list[Command]], *what: object) -> None:
            for command in of(*what):
                post(command)

        failed = None
        for _ in range(len(self._edges)):
            contact, level, at = self._edges.popleft()
            try:
                asked(contact.edge, level, at)
            except Exception as error:
                failed = error
        now = self._clock.monotonic()
        for contact in self._contacts:
            self._try(contact, partial(asked, contact.tick, now), now)
        if failed:
            raise failed

    def _try(self, one: Contact | Lamp, work: Callable[[], None], now: float) -> None:
        if now < self._rests_until(one):
            return
        try:
            work()
        except Exception as error:
            self._failed[one] = error, now + _PATIENCE
        else:
            self._failed.pop(one, None)

    def _rests_until(self, one: Contact | Lamp) -> float:
        return self._failed[one][1] if one in self._failed else -inf

    def _shine(self) -> None:
        with self._changed:
            state, self._to_show = self._to_show, None
        now = self._clock.monotonic()
        for lamp in self._lamps:
            if state is not None:
                lamp.show(state, now)
            self._try(lamp, partial(lamp.tick, now), now)

    def _due(self, one: Contact | Lamp) -> float:
        """When it must be called; infinite where it need not."""
        if one in self._failed:
            return self._rests_until(one)
        deadline = one.deadline
        return inf if deadline is None else deadline

    def _wait(self) -> bool:
        """Sleep until there is something to do. False once the end has come."""
        with self._changed:
            while not (self._stopping or self._edges or self._to_show):
                deadline = min((*map(self._due, self._contacts), *map(self._due, self._lamps)), default=inf)
                timeout = None if deadline == inf else deadline - self._clock.monotonic()
                if timeout is not None and timeout <= 0:
                    break
                self._clock.wait(self._changed, timeout)
            return not self._stopping
