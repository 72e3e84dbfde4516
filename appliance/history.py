"""What has happened lately, for people who come later."""

from collections import deque

from appliance.clock import Clock
from appliance.describe import TOO_MANY, describe
from appliance.events import Event
from appliance.values import frozen
from appliance.verbs import MOST_HAPPENED


@frozen
class Happened:
    """One thing that happened, at `time` in seconds since 1970 UTC, in words."""

    time: float
    event: str
    words: str


class History:
    """Keeps the newest events of a process, through reloads. What comes many times a minute is left out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[tuple[int, Event]] = deque(maxlen=MOST_HAPPENED)

    def hear(self, event: Event, _: object) -> None:
        """Listen to what happens, on the controller's thread."""
        if not isinstance(event, TOO_MANY):
            self._kept.append((self._clock.wall_ns(), event))

    def tell(self, limit: int = MOST_HAPPENED) -> list[Happened]:
        """The newest of them, in their order. From any thread."""
        kept = list(self._kept)[-limit:]
        return [Happened(wall_ns / 1e9, type(event).__name__, describe(event)) for wall_ns, event in kept]
