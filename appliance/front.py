"""What a person meets of the box, whatever else of it works: panel and log."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appliance.controller import Controller
from appliance.describe import TOO_MANY, describe
from appliance.errors import AlreadyRunning, ApplianceError
from appliance.events import (
    Event,
    FaultRaised,
    PlaybackProgress,
    TakeProgress,
)
from appliance.faultkind import FaultKind
from appliance.faults import PANEL, STORAGE_FULL
from appliance.machine import Recorder
from appliance.panel.ports import Indication, Panel, PanelState
from appliance.status import Status
from appliance.stops import StopList

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
    except AlreadyRunning:
        raise
    except ApplianceError as error:
        log.error("%s: %s", kind.named(subject), error)
        post(kind.raised(str(error), subject))
    except Exception as error:  # a library or a plugin may do anything
        log.exception("%s", kind.named(subject))
        words = f"it cannot be started: {type(error).__name__}: {error}. The log says more; report it"
        post(kind.raised(words, subject))


def write_log(event: Event, _: Status) -> None:
    """Listen to events, and write them down."""
    if not isinstance(event, TOO_MANY):
        log.info("%s", describe(event))


def panel_state(status: Status) -> PanelState:
    """What the panel shows: a fault that stops recording before all, then what the person at the box is doing."""
    harmless = STORAGE_FULL.name if status.recorder is not Recorder.IDLE else ""
    holds = {
        Indication.URGENT_FAULT: any(fault.urgent and fault.name != harmless for fault in status.faults),
        Indication.ENDING: status.take is not None and status.take.seconds_left is not None,
        Indication.RECORDING: status.recorder is Recorder.RECORDING,
        Indication.PAUSED: status.recorder is Recorder.PAUSED,
        Indication.FAULT: bool(status.faults),
        Indication.DELIVERING: bool(status.sending),
        Indication.NEW_MESSAGE: status.unheard > 0,
        Indication.IDLE: True,
    }
    return PanelState(
        status=next(word for word in Indication if holds[word]),
        recording=holds[Indication.RECORDING],
        paused=holds[Indication.PAUSED],
        delivering=holds[Indication.DELIVERING],
        new_message=holds[Indication.NEW_MESSAGE],
        fault=holds[Indication.FAULT],
        listening=status.listening > 0 or status.recorder is not Recorder.IDLE,
    )


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
