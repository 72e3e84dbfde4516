"""Watches whether microphone and speaker are plugged in, so that the box says so before anyone presses record."""

import threading
from collections.abc import Callable

from appliance.audio.ports import Direction, SoundCards
from appliance.clock import Clock
from appliance.events import Event, FaultCleared, FaultRaised
from appliance.models import Fault
from appliance.vitals import Vitals

LOOK_EVERY = 1.5
"""Seconds between two looks."""

_LIMIT = 30.0


class DeviceWatch:
    """Raises a fault while a configured device is away: urgent for the microphone, plain for the speaker."""

    def __init__(
        self,
        cards: SoundCards,
        microphone: str,
        speaker: str,
        clock: Clock,
        post: Callable[[Event], None],
        vitals: Vitals,
    ) -> None:
        self._cards = cards
        self._clock = clock
        self._post = post
        self._vitals = vitals
        self._pulse = vitals.pulse("device-watch", _LIMIT)
        self._wanted = (
            (Direction.CAPTURE, microphone, Fault("microphone", _absent("microphone", microphone), urgent=True)),
            (Direction.PLAYBACK, speaker, Fault("speaker", _absent("speaker", speaker))),
        )
        self._away: set[Direction] = set()
        self._condition = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="device-watch", daemon=True)

    def start(self) -> None:
        """Look once, then again and again."""
        self._look()
        self._thread.start()

    def _run(self) -> None:
        with self._condition:
            while not self._stopping:
                self._clock.wait(self._condition, LOOK_EVERY)
                if not self._stopping:
                    self._pulse.beat()
                    self._pulse.guard(self._look, None)
                    self._pulse.rest()
        self._vitals.remove(self._pulse)

    def _look(self) -> None:
        for direction, device, fault in self._wanted:
            present = self._cards.present(device, direction)
            if present and direction in self._away:
                self._away.remove(direction)
                self._post(FaultCleared(fault.name))
            elif not present and direction not in self._away:
                self._away.add(direction)
                self._post(FaultRaised(fault))

    def close(self) -> None:
        """Stop looking."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._thread.join(2.0)


def _absent(what: str, device: str) -> str:
    return f"the {what} {device!r} is not there. Plug it in, or run `appliance devices` and choose another"
