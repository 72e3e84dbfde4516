"""Watches whether microphone and speaker are plugged in, so that the box says so before anyone presses record."""

from collections.abc import Callable

from appliance.audio.foresight import Foresight
from appliance.audio.ports import Direction, SoundCards
from appliance.clock import Clock
from appliance.config.audio import ANY_USB, NO_SPEAKER
from appliance.events import Event
from appliance.faults import MICROPHONE_AWAY, SPEAKER
from appliance.loops import Loop
from appliance.vitals import Vitals

LOOK_EVERY = 1.9
"""Seconds between two looks: what is pulled is told within two."""

RECHECK_EVERY = 5.0
"""Seconds between two rechecks."""

_LIMIT = 30.0


class DeviceWatch:
    """Raises a fault while a device is away: urgent for the microphone, plain for the speaker.

    Where the speaker may be any, it is missed once it has been there, or where it is `expected`: many boxes have none.
    """

    def __init__(
        self,
        cards: SoundCards,
        microphone: str,
        speaker: str,
        clock: Clock,
        post: Callable[[Event], None],
        vitals: Vitals,
        expected: bool = False,
        recheck: Callable[[], object] = lambda: None,
        foresight: Foresight | None = None,
    ) -> None:
        """`recheck` is called now and then while the microphone is there, and at once when it comes back."""
        self._cards = cards
        self._post = post
        self._loop = Loop("device-watch", self._look, LOOK_EVERY, _LIMIT, clock, vitals)
        self._clock = clock
        self._wanted = [(Direction.CAPTURE, microphone, MICROPHONE_AWAY)]
        if speaker != NO_SPEAKER:
            self._wanted.append((Direction.PLAYBACK, speaker, SPEAKER))
        self._missed = {Direction.CAPTURE}
        if expected or speaker != ANY_USB:
            self._missed.add(Direction.PLAYBACK)
        self._away: set[Direction] = set()
        self._recheck = recheck
        self._foresight = foresight
        self._recheck_at = 0.0

    def start(self) -> None:
        """Look once, then again and again."""
        self._loop.start()

    def _look(self) -> None:
        for direction, device, kind in self._wanted:
            if self._cards.present(device, direction):
                self._missed.add(direction)
                if direction in self._away:
                    self._away.remove(direction)
                    self._recheck_at = 0.0
                    self._post(kind.cleared())
            elif direction not in self._away:
                self._away.add(direction)
                if direction in self._missed:
                    self._post(kind.raised(_absent(kind.name, device)))
        if self._foresight:
            if Direction.CAPTURE in self._away:
                self._foresight.forget()
            else:
                self._foresight.look()
        if Direction.CAPTURE not in self._away and (now := self._clock.monotonic()) >= self._recheck_at:
            self._recheck_at = now + RECHECK_EVERY
            self._recheck()

    def close(self) -> None:
        """Stop looking. Raises Stuck where the sound system does not answer."""
        self._loop.close()


def _absent(what: str, device: str) -> str:
    return f"the {what} {device!r} is not there. Plug it in, or run `appliance devices` and choose another"
