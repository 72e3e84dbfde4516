"""What a person meets of the box, whatever else of it works: panel, log, and signs of life."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appliance import sdnotify
from appliance.controller import Controller
from appliance.describe import describe
from appliance.errors import ApplianceError
from appliance.events import (
    DeliveryProgress,
    Event,
    FaultRaised,
    InboxChanged,
    PlaybackProgress,
    QueueChanged,
    TakeProgress,
)
from appliance.faults import PANEL, FaultKind
from appliance.panel.ports import Panel, PanelState
from appliance.status import Status, panel_state
from appliance.stops import StopList
from appliance.vitals import Vitals

HEARTBEAT = 5.0
"""Seconds between two looks at the pulses, where systemd does not ask for more."""

_TOO_MANY = (TakeProgress, DeliveryProgress, PlaybackProgress, QueueChanged, InboxChanged)
"""Events that would bury the others in the log."""

_NOT_SHOWN = (TakeProgress, PlaybackProgress)
"""Events that come many times a second and change nothing that the panel shows."""

log = logging.getLogger(__name__)


def start_panel(panel: Panel, controller: Controller, stop: StopList) -> None:
    """Let the panel press and show until `stop`."""
    with tell_and_go_on(controller.post, PANEL):
        panel.start(controller.post)
        stop.callback(panel.close)
        stop.callback(controller.listen(_PanelListener(panel)))


@contextmanager
def tell_and_go_on(post: Callable[[FaultRaised], None], kind: FaultKind, subject: str = "") -> Iterator[None]:
    """Without this part the box still records: what is wrong with it becomes a fault."""
    try:
        yield
    except ApplianceError as error:
        log.error("%s: %s", kind.named(subject), error)
        post(kind.raised(str(error), subject))
    except Exception as error:  # a library or a plugin may do anything
        log.exception("%s", kind.named(subject))
        words = f"it cannot be started: {type(error).__name__}: {error}. The log says more; report it"
        post(kind.raised(words, subject))


def write_log(event: Event, _: Status) -> None:
    """Listen to events, and write them down."""
    if not isinstance(event, _TOO_MANY):
        log.info("%s", describe(event))


def interval() -> float:
    """Seconds between two heartbeats."""
    watchdog = sdnotify.watchdog_seconds()
    return watchdog / 3 if watchdog else HEARTBEAT


def heartbeat(vitals: Vitals) -> None:
    """Feed the watchdog, unless a thread hangs: then name it and let systemd act."""
    if hanging := vitals.overdue():
        log.error("hanging: %s", ", ".join(hanging))
    else:
        sdnotify.notify("WATCHDOG=1")


class _PanelListener:
    """Shows what has changed, and nothing else."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._shown: PanelState | None = None

    def __call__(self, event: Event, status: Status) -> None:
        if isinstance(event, _NOT_SHOWN):
            return
        state = panel_state(status)
        if state != self._shown:
            self._shown = state
            self._panel.show(state)
