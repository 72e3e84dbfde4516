"""A panel without pins: what tests press and look at."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appliance.events import Command
from appliance.panel.ports import PanelState


class FakePanel:
    """A panel that posts the commands it is given, and remembers in `shown` every state that it was to show.

    While it is examined, the pins in `pressed` read as operated, and `lit` remembers what was switched by hand.
    """

    def __init__(self) -> None:
        self.shown: list[PanelState] = []
        self.started = False
        self.closed = False
        self.examined = False
        self.pressed: set[int] = set()
        self.lit: list[tuple[int, bool]] = []
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

    @contextmanager
    def examine(self) -> Iterator["FakePanel"]:
        assert not self.examined, "one examination at a time"
        self.examined = True
        yield self
        self.examined = False

    def operated(self, pin: int) -> bool:
        assert self.examined, "only an examined panel tells how its pins are"
        return pin in self.pressed

    def light(self, pin: int, lit: bool) -> None:
        assert self.examined, "only an examined panel is lit by hand"
        self.lit.append((pin, lit))

    def close(self) -> None:
        self.closed = True

    def press(self, command: Command) -> None:
        """Post what a button would. Only between start and close, as with any panel."""
        assert self._post is not None and not self.closed, "nobody can press a button of a panel that does not run"
        if not self.examined:
            self._post(command)

    def wait_for(self, wanted: Callable[[PanelState], bool], timeout: float = 5.0) -> PanelState:
        """Wait, in real seconds, until the panel shows a state as `wanted`; that state. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self.shown) and wanted(self.shown[-1]), timeout):
                raise TimeoutError(f"the panel never showed it; the last states were {self.shown[-3:]}")
            return self.shown[-1]
