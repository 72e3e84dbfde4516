"""What a script wants to be told."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from appliance.events import Event

_PATIENCE = 10.0
"""Seconds that the end of a recorder or player waits for a script that is still being told."""

log = logging.getLogger(__name__)


class Teller:
    """Calls a script's own function with every event, one after the other, on a thread that nothing else waits for.

    So it may take its time, and ask the recorder or player for more. What it raises is logged.
    """

    def __init__(self, callback: Callable[[Event], None] | None) -> None:
        self.listened = callback is not None
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, args=(callback,), name="events", daemon=True)
        if callback:
            self._thread.start()

    def tell(self, event: Event) -> None:
        """Have it called, soon."""
        if self.listened:
            self._events.put(event)

    def close(self) -> None:
        """Tell what is left; this waits for it, but not for ever, and not where it is the function itself that asks."""
        self._events.put(None)
        if self.listened and threading.current_thread() is not self._thread:
            self._thread.join(_PATIENCE)

    def _run(self, callback: Callable[[Event], None]) -> None:
        while event := self._events.get():
            try:
                callback(event)
            except Exception:
                log.exception("the callback for events failed at %s", event)
