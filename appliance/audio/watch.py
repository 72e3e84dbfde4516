"""Watches whether microphone and speaker are plugged in, so that the box says so before anyone presses record."""

from collections.abc import Callable

from appliance.audio.ports import Direction, SoundCards
from appliance.clock import Clock
from appliance.events import Event
from appliance.faults import MICROPHONE_AWAY, SPEAKER
from appliance.loops import Loop
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
        self._post = post
        self._loop = Loop("device-watch", self._look, LOOK_EVERY, _LIMIT, clock, vitals)
        self._wanted = (
            (Direction.CAPTURE, microphone, MICROPHONE_AWAY),
            (Direction.PLAYBACK, speaker, SPEAKER),
        )
        self._away: set[Direction] = set()

    def start(self) -> None:
        """Look once, then again and again."""
        self._loop.start()

    def _look(self) -> None:
        for direction, device, kind in self._wanted:
            present = self._cards.present(device, direction)
            if present and direction in self._away:
                self._away.remove(direction)
                self._post(kind.cleared())
            elif not present and direction not in self._away:
                self._away.add(direction)
                self._post(kind.raised(_absent(kind.name, device)))

    def close(self) -> None:
        """Stop looking. Raises Stuck where the sound system does not answer."""
        self._loop.close()


def _absent(what: str, device: str) -> str:
    return f"the {what} {device!r} is not there. Plug it in, or run `appliance devices` and choose another"
