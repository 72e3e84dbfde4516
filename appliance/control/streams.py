"""Streams of events to whoever asked for them."""

import threading
from collections.abc import Generator, Sequence
from typing import Any

from appliance.backlog import Backlog
from appliance.clock import Clock, wait_for
from appliance.codec import event_to_plain
from appliance.controller import Controller
from appliance.events import TakeProgress

QUIET = 5.0
"""Seconds after which a stream says that there is nothing to tell."""

_LAST_ITEMS = 1.0
"""Seconds for which streams may go on after the end, until all was told that had happened."""


class Streams:
    """All streams of one turn. Each has a backlog of its own, and keeps nobody waiting."""

    def __init__(self, controller: Controller, clock: Clock) -> None:
        self._controller = controller
        self._clock = clock
        self._changed = threading.Condition()
        self._open: list[Backlog] = []
        self._closed = False

    def events(self, events: Sequence[str] | None = None) -> Generator[dict[str, Any] | None, None, None]:
        """What happens from now on: the events of these names, all where None; None while there is nothing to tell."""
        backlog = Backlog(self._clock)
        closely = events is None or TakeProgress.__name__ in events
        forget = self._controller.listen(
            lambda event, _: backlog.put(event) if events is None or type(event).__name__ in events else None,
            closely=closely,
        )
        with self._changed:
            self._open.append(backlog)
            if self._closed:
                backlog.close()
        try:
            while not backlog.over:
                event = backlog.get(QUIET)
                yield event_to_plain(event) if event else None
        finally:
            forget()
            with self._changed:
                self._open.remove(backlog)
                self._changed.notify_all()

    def close(self) -> None:
        """End every stream once it has told what had happened; one that is read too slowly is given up."""
        with self._changed:
            self._closed = True
            for backlog in self._open:
                backlog.close()
            wait_for(self._clock, self._changed, lambda: not self._open, _LAST_ITEMS)
