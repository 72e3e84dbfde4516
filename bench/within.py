"""The whole appliance in one process, on a clock that is turned by hand, so that weeks of use take minutes."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from appliance import app
from appliance.audio.take import new_take_id
from appliance.config.loader import parse
from appliance.controller import Controller
from appliance.door import Door
from appliance.events import DeliverySucceeded, Event, RecordStart, RecordStop
from appliance.history import History
from appliance.models import Receipt
from appliance.panel.ports import PanelState
from appliance.plugin import BackendContext, UploadBackendType, UploadJob, hookimpl
from appliance.plugin_host import PluginHost
from appliance.reactions import Reactions
from appliance.simulation.cards import FakeCards
from appliance.simulation.panel import FakePanel
from appliance.testing.backends import MemoryBackend
from appliance.testing.clock import ManualClock
from appliance.turn import Plan, Turn

CONFIG = """\
device: {{name: soak}}
audio: {{capture: {{rate: 8000}}}}
panel: {{buttons: {{17: record.toggle}}, leds: {{18: status}}}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
destinations: {{shelf: {{backend: {backend}}}}}
"""
_PERIODS = 4
_PERIOD = 0.25
_BETWEEN = 74.0
_PATIENCE = 20.0


class _Forgetful(MemoryBackend):
    """Proves what it got, and forgets it."""

    def deliver(self, job: UploadJob) -> Receipt:
        receipt = super().deliver(job)
        self.objects.clear()
        self.attempts.clear()
        return receipt


class _Plugin:
    """Brings the destination."""

    @hookimpl
    def appliance_upload_backends(self) -> Sequence[UploadBackendType]:
        @frozen
        class Options:
            """None."""

        def create(options: object, context: BackendContext) -> MemoryBackend:
            return _Forgetful()

        return [UploadBackendType("memory", Options, create)]


class _Unwatched(FakePanel):
    """A panel that nobody looks at."""

    def show(self, state: PanelState) -> None:
        pass


class Appliance:
    """The whole appliance in this process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = ManualClock()
        self.cards = FakeCards(self.clock, remember=False)
        self.controller = Controller(self.clock, new_take_id)
        self._happened = threading.Condition()
        self._arrived = 0
        self.controller.listen(self._hear)

    @contextmanager
    def running(self) -> Iterator[None]:
        """From its start to its end."""
        plugins = PluginHost([("memory", _Plugin)])
        plugins.discover()
        text = CONFIG.format(root=self.root, backend="memory")
        settings = parse(text, "soak", plugins.extensions, {})
        plan = Plan(settings, plugins)
        hardware = app.Hardware(self.cards, lambda *_: _Unwatched(), real_cards=False, real_pins=False)
        ready = threading.Event()
        read = (lambda: plan, lambda: False, ready.set)
        turn = Turn(1, self.clock.monotonic(), self.controller, Reactions(), *read, History(self.clock), Door())
        thread = threading.Thread(target=app.run, args=(plan, hardware, self.clock, turn), daemon=True)
        thread.start()
        if not ready.wait(_PATIENCE):
            raise TimeoutError("the appliance did not start")
        yield
        self.controller.stop()
        thread.join(_PATIENCE)

    def record(self) -> None:
        """A clip of a second, from the press to its arrival."""
        before = self._arrived
        self.clock.advance(_BETWEEN)
        opened = self.cards.captures[-1:]
        self.controller.request(RecordStart(self.clock.monotonic())).result(_PATIENCE)
        self._until(lambda: self.cards.captures[-1:] != opened)
        for _ in range(_PERIODS):
            self.clock.advance(_PERIOD)
            self.cards.capture.wait_until_read()
        self.controller.request(RecordStop(self.clock.monotonic())).result(_PATIENCE)
        with self._happened:
            if not self._happened.wait_for(lambda: self._arrived > before, _PATIENCE):
                raise TimeoutError(f"clip {before + 1} did not arrive")

    def _hear(self, event: Event, _: object) -> None:
        if isinstance(event, DeliverySucceeded):
            with self._happened:
                self._arrived += 1
                self._happened.notify_all()

    def _until(self, condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > limit:
                raise TimeoutError("the microphone was not opened")
            time.sleep(0.0005)
