"""A panel without pins: what tests press and look at."""

import threading
from collections.abc import Callable

from appliance.events import Command
from appliance.panel.ports import PanelState


class FakePanel:
    """A panel that posts the commands it is given, and remembers in `shown` every state that it was to show."""

    def __init__(self) -> None:
        self.shown: list[PanelState] = []
        self.started = False
        self.closed = False
        self._changed = threading.Condition()
        self._post: Callable[[Command], None] | None = None

    def start(self, post: Callable[[Command], None]) -> None:
        assert not self.started, "a panel starts once"
        self.started = True
        self._post = post

    def show(self, state: PanelState) -> None:
        with self._changed:
            self.shown.append(state)
            self._changed.notify_all()

    def close(self) -> None:
        self.closed = True

    def press(self, command: Command) -> None:
        """Post what a button would. Only between start and close, as with any panel."""
        assert self._post is not None and not self.closed, "nobody can press a button of a panel that does not run"
        self._post(command)

    def wait_for(self, wanted: Callable[[PanelState], bool], timeout: float = 5.0) -> PanelState:
        """Wait, in real seconds, until the panel shows a state as `wanted`; that state. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self.shown) and wanted(self.shown[-1]), timeout):
                raise TimeoutError(f"the panel never showed it; the last states were {self.shown[-3:]}")
            return self.shown[-1]
