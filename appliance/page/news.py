"""What happens in the box, for all browsers that look on: one stream from the daemon, however many listen.

Every event has a number. Who comes back names the last one that it had, and gets those since then, or is told how many
were lost.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from appliance.clock import Clock, wait_for
from appliance.errors import ApplianceError, Refused
from appliance.foreign import words
from appliance.page.levels import Levels
from appliance.values import frozen

LISTENERS = 200
"""Browsers and programs that may listen at the same time."""

KEPT = 1000
"""Events that are kept for those who come back."""

QUIET = 15.0
"""Seconds after which a listener is told that there is nothing new: so both ends see that the line holds."""

_AGAIN = 1.0
"""Seconds until the daemon is asked again, where it was away."""

log = logging.getLogger(__name__)


@frozen
class Item:
    """One event, its number and the run of the page that numbered it."""

    number: int
    event: dict[str, Any]


class News:
    """Keeps a stream of events open while somebody listens."""

    def __init__(
        self,
        stream: Callable[[], Iterator[dict[str, Any]]],
        clock: Clock,
        aside: Callable[[], None] = lambda: None,
        levels: Levels | None = None,
    ) -> None:
        """`stream` asks the daemon for its events; it ends, or raises an ApplianceError, when the daemon goes away.

        `aside` is called by whoever comes to listen: it will take long. `levels` tells how loud a take is meanwhile.
        """
        self._stream = stream
        self._clock = clock
        self._aside = aside
        self._levels = levels
        self._changed = threading.Condition()
        self._kept: deque[Item] = deque(maxlen=KEPT)
        self._number = 0
        self._listeners = 0
        self._running = False
        self.run = os.urandom(4).hex()
        """What tells the numbers of this run from those of another."""

    def listen(self, since: int | None = None) -> Iterator[Item | None]:
        """Every event after the number `since`, from now on where None; None in between, so that the line is used.

        Raises Refused, at once, where too many listen already.
        """
        with self._changed:
            if self._listeners >= LISTENERS:
                raise Refused(f"{LISTENERS} browsers look on already. Close one of them, or try again later")
            if not self._running:
                try:
                    threading.Thread(target=self._follow, name="news", daemon=True).start()
                except RuntimeError as error:
                    raise Refused(f"nobody can look on now: {error}. Try again in a moment") from error
                self._running = True
            self._listeners += 1
            if self._levels and self._listeners == 1:
                self._levels.begin(self._tell)
            last = self._number if since is None or since > self._number else since
        self._aside()
        return self._told(last)

    def _told(self, last: int) -> Iterator[Item | None]:
        try:
            yield None
            while True:
                with self._changed:
                    new = wait_for(self._clock, self._changed, partial(self._since, last), QUIET)
                if not new:
                    yield None
                    continue
                if (lost := new[0].number - last - 1) > 0:
                    yield Item(new[0].number - 1, {"event": "EventsLost", "count": lost})
                yield from new
                last = new[-1].number
        finally:
            with self._changed:
                self._listeners -= 1
                if self._levels and not self._listeners:
                    self._levels.end()

    def _since(self, number: int) -> list[Item]:
        return [item for item in self._kept if item.number > number]

    def _follow(self) -> None:
        """Runs on the thread that asks the daemon, until nobody listens any more."""
        away = False
        while not self._nobody():
            try:
                for event in self._stream():
                    away = False
                    if self._levels:
                        self._levels.hear(event)
                    self._tell(event)
                    if self._nobody():
                        return
            except Exception as error:
                if not away:
                    self._tell({"event": "RecorderAway", "message": words(error)})
                    if not isinstance(error, ApplianceError):
                        log.exception("what happens cannot be followed")
                away = True
            with self._changed:
                self._clock.wait(self._changed, _AGAIN)

    def _nobody(self) -> bool:
        with self._changed:
            if self._listeners:
                return False
            self._running = False
            return True

    def _tell(self, event: dict[str, Any]) -> None:
        with self._changed:
            self._number += 1
            self._kept.append(Item(self._number, event))
            self._changed.notify_all()
