"""The process: runs the appliance with one configuration after the other, until it is told to stop.

A new configuration is read and checked when somebody asks for it (SIGHUP, `appliance config reload`), and used once no
take is in progress. One that cannot be used changes nothing: what ran before goes on, and says so.
"""

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

from appliance import app, sdnotify
from appliance.audio.take import new_take_id
from appliance.clock import Clock
from appliance.controller import Controller, End
from appliance.door import Door
from appliance.errors import ApplianceError, ConfigError, StorageError, Stuck
from appliance.faults import CONFIGURATION, CONFIGURATION_AT_START
from appliance.foreign import words
from appliance.history import History
from appliance.plans import BuiltIn, Plans
from appliance.playlist import Playlist
from appliance.reactions import Autoplay, Reactions
from appliance.schedules.machine import Scheduled
from appliance.signals import Signals
from appliance.turn import Plan, Turn

log = logging.getLogger(__name__)


class Daemon:
    """Gives each configuration its turn."""

    def __init__(self, plans: Plans | BuiltIn, hardware: app.Hardware, clock: Clock) -> None:
        self._plans = plans
        self._hardware = hardware
        self._clock = clock
        self._started = clock.monotonic()
        self._on_terminal = os.isatty(0)
        self._reading = threading.Lock()
        self._turning = threading.Lock()
        self._controller = Controller(clock, new_take_id)
        self._reactions = Reactions(Autoplay(), Playlist(), Scheduled(clock.monotonic))
        self._history = History(clock)
        self._door = Door()
        self._next: Plan | None = None
        self._stopping = False

    def run(self) -> None:
        """Run until SIGTERM or SIGINT. Raises ApplianceError where the appliance cannot start, or cannot be stopped.

        A disk that refuses is no reason to end: the box says so, and tries again until it starts.
        """
        with Signals() as signals, closing(self._door):
            signals.on(signal.SIGHUP, self._hang_up)  # one that comes before anything runs is for the next turn
            self._run(signals)

    def _run(self, signals: Signals) -> None:
        gc.freeze()  # what is loaded by now stays, and need not be looked through again and again
        plan = self._plans.start()
        before: Plan | None = None
        trouble: ApplianceError | None = None
        number = 0
        while True:
            number += 1
            time.tzset()  # somebody may have set another time zone
            with self._turning:
                if self._next:
                    before, plan, self._next = plan, self._next, None
                controller = self._controller = Controller(self._clock, new_take_id, self._controller)
            if self._stopping:
                return
            if trouble:
                self._refuse(trouble)
            started = threading.Event()
            turn = Turn(
                number,
                self._started,
                controller,
                self._reactions,
                self._plans.read,
                self.reload,
                self._ready(started, signals),
                self._history,
                self._door,
            )
            try:
                if app.run(plan, self._hardware, self._clock, turn) is End.STOP:
                    return
                trouble = None
            except Stuck:
                raise  # the next turn would meet what the thread still holds
            except Exception as error:
                if started.is_set():
                    raise
                if before is not None:
                    plan, before, trouble = before, None, _told(error)
                elif not isinstance(error, StorageError):
                    raise
                elif app.out_of_order(plan, self._hardware, self._clock, turn, error) is End.STOP:
                    return

    def reload(self) -> bool:
        """Read the configuration anew and let it have its turn: True where that begins at once, False where it waits
        for the end of a take. From any thread. Raises ConfigError, and nothing has changed.
        """
        with self._reading:
            sdnotify.notify(sdnotify.reloading(self._clock.monotonic()))
            try:
                plan = self._plans.read()
            except Exception as error:
                problem = _told(error)
                self._refuse(problem)
                sdnotify.notify("READY=1\nSTATUS=the new configuration cannot be used: see `appliance status`")
                if problem is error:
                    raise
                raise problem from error
            with self._turning:
                self._next = plan
                controller = self._controller
                if any(fault.name == CONFIGURATION.name for fault in controller.status.faults):
                    controller.post(CONFIGURATION.cleared())
                    controller.post(CONFIGURATION_AT_START.cleared())
                at_once = controller.at_rest
                controller.reload()
            log.info("the new configuration is good, and used %s", "now" if at_once else "after the take in progress")
            if not at_once:
                sdnotify.notify("READY=1\nSTATUS=recording; the new configuration is used after this take")
            return at_once

    def _refuse(self, error: ApplianceError) -> None:
        """Say that a configuration cannot be used: every problem in the log, the first in the fault."""
        problems = str(error).splitlines()
        for problem in problems:
            log.error("configuration: %s", problem)
        more = f" (and {len(problems) - 1} more: run `appliance config check`)" if len(problems) > 1 else ""
        told = f"the new configuration cannot be used, the one before goes on: {problems[0]}{more}"
        self._controller.post(CONFIGURATION.raised(told))

    def _ready(self, started: threading.Event, signals: Signals) -> Callable[[], None]:
        """What to do once a turn has started: from now on it can be told to stop."""

        def ready() -> None:
            started.set()
            if gc.isenabled():
                gc.collect()  # what the turn before leaves hangs together in circles
            gc.enable()
            signals.on(signal.SIGTERM, self._stop)
            signals.on(signal.SIGINT, self._stop)

        return ready

    def _stop(self) -> None:
        self._stopping = True
        self._controller.stop()

    def _hang_up(self) -> None:
        """SIGHUP asks for a reload; from a terminal that was closed it is the end."""
        if self._on_terminal and not os.isatty(0):
            self._stop()
        else:
            threading.Thread(target=self._reload_for_signal, name="reload", daemon=True).start()

    def _reload_for_signal(self) -> None:
        with suppress(ConfigError):  # said in log and status
            self.reload()


def _told(error: Exception) -> ApplianceError:
    """An error of ours as it is; one that nobody has foreseen in words for people, and whole in the log."""
    if isinstance(error, ApplianceError):
        return error
    log.error("defect in a new configuration", exc_info=error)
    return ConfigError(f"a defect of the appliance, the log says more: {words(error)}. Report it")
