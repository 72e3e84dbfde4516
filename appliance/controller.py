"""The one thread that decides, and its one inbox.

Everything that happens is posted here. For each input the controller takes one step of the machine, starts the effects
that the step asks for, folds the input into the status and tells the listeners. Nothing here waits for a disk, a
network or a plugin, so that a button is always answered.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from appliance.clock import Clock
from appliance.errors import Refused
from appliance.events import Command, CommandRefused, Event
from appliance.machine import INPUTS, Do, Effect, Input, State, step
from appliance.status import Status, advance

Listener = Callable[[Event, Status], None]
"""Hears of every event, on the controller's thread: it must only pass it on."""


class Controller:
    """Holds the state of the machine and the status of the box; nobody else changes them."""

    def __init__(self, clock: Clock, fresh_id: Callable[[], str]) -> None:
        """`fresh_id` names takes and playbacks."""
        self.status = Status()
        self._state = State()
        self._clock = clock
        self._fresh_id = fresh_id
        self._effects: Mapping[Do, Callable[[Effect], None]] = {}
        self._inbox: queue.SimpleQueue[tuple[Input, Future[None] | None] | None] = queue.SimpleQueue()
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()

    def post(self, input: Input) -> None:
        """Put a command or an event into the inbox. From any thread, signal handlers included; returns at once."""
        self._inbox.put((input, None))

    def request(self, command: Command) -> Future[None]:
        """As `post`; the future ends once the command was followed, or with Refused."""
        answer: Future[None] = Future()
        self._inbox.put((command, answer))
        return answer

    def stop(self) -> None:
        """Let `run` return once everything posted before was handled. From any thread or signal handler."""
        self._inbox.put(None)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every event from now on; the function returned ends that."""
        with self._lock:
            self._listeners = (*self._listeners, listener)
        return lambda: self._forget(listener)

    def _forget(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

    def connect(self, effects: Mapping[Do, Callable[[Effect], None]]) -> None:
        """Say what starts each effect: a function that returns at once."""
        self._effects = effects

    def run(self, heartbeat: Callable[[], None], interval: float) -> None:
        """Handle the inbox until `stop`, calling `heartbeat` at least every `interval` seconds."""
        due = self._clock.monotonic()
        while True:
            now = self._clock.monotonic()
            if now >= due:
                heartbeat()
                due = now + interval
            try:
                item = self._inbox.get(timeout=due - now if due > now else 0)
            except queue.Empty:
                continue
            if item is None:
                return
            self._handle(*item)

    def _handle(self, input: Input, answer: Future[None] | None) -> None:
        fresh_id = self._fresh_id() if type(input) in INPUTS else ""  # random numbers cost more than most steps
        self._state, effects, refusal = step(self._state, input, fresh_id)
        for effect in effects:
            self._effects[effect.do](effect)
        happened = CommandRefused(type(input).__name__, refusal) if refusal else input
        self.status = advance(self.status, self._state, happened)
        if isinstance(happened, Event):
            for listener in self._listeners:
                listener(happened, self.status)
        if answer is not None:
            if refusal:
                answer.set_exception(Refused(refusal))
            else:
                answer.set_result(None)
