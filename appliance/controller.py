"""The one thread that decides, and its one inbox.

Everything that happens is posted here. For each input the controller takes one step of the machine, starts the effects
that the step asks for, folds the input into the status and tells the listeners. Nothing here waits for a disk, a
network or a plugin, so that a button is always answered.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from enum import StrEnum

from attrs import evolve

from appliance.clock import Clock, wait_for
from appliance.errors import Refused
from appliance.events import (
    ApplianceReady,
    ClipFinished,
    Command,
    CommandRefused,
    Event,
    FaultRaised,
    FlowMoved,
    TakeDiscarded,
    TakeFailed,
)
from appliance.faults import CATALOGUE
from appliance.machine import BEGIN, INPUTS, Do, Effect, Input, Recorder, State, step
from appliance.status import Status, advance, carried
from appliance.vitals import Pulse

PULSE_LIMIT = 10.0
"""Seconds within which a step is done: nothing in it may wait."""

Answer = Future[str] | None
Listener = Callable[[Event, Status], None]
"""Hears of every event, on the controller's thread: it must only pass it on."""
Reacting = Callable[[Input, Status], None]
"""As a listener, of commands that are followed too."""


_LAST_CLIP = 4.0
"""Seconds that the end waits for more of a take that is not a clip yet."""

_TELLS = ("tone", "recording", "answering", "saving", "review", "greeting_tone")
"""Steps of flows in which somebody is about to speak, speaks, or decides about what was just said."""

_START = 5.0
"""Seconds that whoever asks how the box is waits for the end of a start."""


class End(StrEnum):
    """Why the controller has stopped."""

    STOP = "stop"
    RELOAD = "reload"


class Controller:
    """Holds the state of the machine and the status of the box; nobody else changes them."""

    def __init__(self, clock: Clock, fresh_id: Callable[[], str], before: "Controller | None" = None) -> None:
        """`fresh_id` names takes and playbacks. Carries on from the controller `before` a reload, where there is one:
        with what is still true of the box, and with the commands that came while everything was taken down.
        """
        self.status: Status = carried(before.status) if before else Status()
        self._state = State()
        self._clock = clock
        self._fresh_id = fresh_id
        self._effects: Mapping[Do, Callable[[Effect], None]] = {}
        self._inbox: queue.SimpleQueue[tuple[Input, Answer] | End] = queue.SimpleQueue()
        self._listeners: tuple[Listener, ...] = ()
        self._reacting: tuple[Reacting, ...] = ()
        self._close_listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()
        self._begun = threading.Condition()
        self._ready = False
        self._reloading = False
        self._unsaved: set[str] = set()
        self._tells = False
        self._ended: End | None = None
        self._draining = False
        self._left_over: list[tuple[Input, Answer]] = []
        for command, answer in before._left_over if before else ():
            self._inbox.put((command, answer))

    def post(self, input: Input) -> None:
        """Put a command or an event into the inbox. From any thread, signal handlers included; returns at once."""
        self._inbox.put((input, None))

    def request(self, command: Command) -> Future[str]:
        """As `post`; the future ends once the command was followed, or with Refused.

        Its result is the id of the take or playback that this is about, be it one that is still to be chosen; ""
        for neither.
        """
        answer: Future[str] = Future()
        self._inbox.put((command, answer))
        return answer

    def stop(self) -> None:
        """Let `run` return STOP once everything posted before was handled. From any thread or signal handler."""
        self._inbox.put(End.STOP)

    def reload(self) -> None:
        """Let `run` return RELOAD once it is `at_rest`. From any thread."""
        self._inbox.put(End.RELOAD)

    def react(self, listener: Reacting) -> Callable[[], None]:
        """As `listen`, but of every command that is followed too."""
        with self._lock:
            self._reacting = (*self._reacting, listener)
        return lambda: self._forget(listener)

    def listen(self, listener: Listener, *, closely: bool = False) -> Callable[[], None]:
        """Tell `listener` of every event from now on; the function returned ends that.

        While any listens `closely`, whoever tells of progress does so more often: see `watched`.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)
            if closely:
                self._close_listeners = (*self._close_listeners, listener)
        return lambda: self._forget(listener)

    def settle(self) -> None:
        """Wait until all is in the status that the start has found, or for as long as a start should take at most."""
        with self._begun:
            wait_for(self._clock, self._begun, lambda: self._ready, _START)

    def watched(self) -> bool:
        """Whether anybody listens closely. From any thread."""
        return bool(self._close_listeners)

    def _forget(self, listener: Listener | Reacting) -> None:
        with self._lock:
            self._reacting = tuple(other for other in self._reacting if other is not listener)
            self._listeners = tuple(other for other in self._listeners if other is not listener)
            self._close_listeners = tuple(other for other in self._close_listeners if other is not listener)

    def connect(self, effects: Mapping[Do, Callable[[Effect], None]], *, shares: bool = False) -> None:
        """Say what starts each effect: a function that returns at once; and whether it may play while it records."""
        self._effects = effects
        self._state = evolve(self._state, shares=shares)

    def run(self, pulse: Pulse) -> End:
        """Handle the inbox until `stop` or `reload`; `pulse` shows that the thread moves.

        What `drain` kept as a start failed is handled now.
        """
        self._draining, left_over, self._left_over = False, self._left_over, []
        for command in left_over:
            self._inbox.put(command)
        while True:
            pulse.rest()
            item = self._inbox.get()
            pulse.beat()
            if isinstance(item, tuple):
                self._handle(*item)
            elif item is End.RELOAD:
                self._reloading = True
            if item is End.STOP or (self._reloading and self.at_rest):
                self._ended = End.STOP if item is End.STOP else End.RELOAD
                return self._ended

    def drain(self) -> None:
        """Handle what was posted while everything was taken down, and what comes until the last take is a clip.

        Commands are refused after `stop`, else kept for the controller that comes next.
        """
        self._draining = True
        ends: list[End] = []
        with suppress(queue.Empty):
            while True:
                item = self._inbox.get(timeout=_LAST_CLIP if self._unsaved else 0)
                if isinstance(item, tuple):
                    self._handle(*item)
                else:
                    ends.append(item)
        for end in ends:
            self._inbox.put(end)

    @property
    def at_rest(self) -> bool:
        """Whether no take is in progress or on its way, every finished one is a clip, and no flow waits for a word
        about the last one.
        """
        return self._state.recorder is Recorder.IDLE and not (self._unsaved or self._tells)

    def _handle(self, input: Input, answer: Answer) -> None:
        if self._draining and isinstance(input, Command):
            self._turn_away(input, answer)
            return
        fresh_id = self._fresh_id() if type(input) in INPUTS else ""  # random numbers cost more than most steps
        ended = self._state.ended
        self._state, effects, refusal = step(self._state, input, fresh_id)
        happened = CommandRefused.of(input, refusal) if refusal else input
        self._note_saved(happened)
        now = self._clock.monotonic()
        self.status = advance(self.status, self._state, happened, now)  # first: whoever is interrupted may ask why
        for effect in effects:
            if effect.do in BEGIN:
                self._unsaved.add(effect.id)
            self._effects[effect.do](effect)
        for reacting in self._reacting:
            reacting(happened, self.status)
        if isinstance(happened, ApplianceReady):
            with self._begun:
                self._ready = True
                self._begun.notify_all()
        if isinstance(happened, Event):
            for listener in self._listeners:
                listener(happened, self.status)
        if answer is not None:
            if refusal:
                answer.set_exception(Refused(refusal))
            else:
                answer.set_result(effects[-1].id if effects else ended or "")

    def _turn_away(self, command: Command, answer: Answer) -> None:
        """A command that comes while everything is taken down: nobody is there any more to follow it."""
        if self._ended is not End.STOP:
            self._left_over.append((command, answer))
        elif answer is not None:
            answer.set_exception(Refused("the appliance is stopping"))

    def _note_saved(self, happened: Input) -> None:
        match happened:
            case ClipFinished():
                self._unsaved.discard(happened.clip.id)
            case TakeFailed() | TakeDiscarded():
                self._unsaved.discard(happened.take_id)
            case FlowMoved():
                self._tells = happened.step in _TELLS
            case FaultRaised() if happened.fault.name == CATALOGUE.name:
                self._tells = False
                self._unsaved.clear()  # takes that the catalogue refuses are adopted at the next start, or reload
