"""The mixer of the simulated sound cards."""

from attrs import evolve

from appliance.circumstances import Gain
from appliance.errors import AudioError

MICROPHONE = Gain("Mic", 10.0, "dB", -16.0, 30.0)
"""How that of a microphone stands at first."""


class FakeMixer:
    """A mixer with steps of 1 dB, or 1 %, each of which is so many `decibels`.

    `joined` has one gain for both channels, `stuck` lets nothing be changed, `broken` lets it not answer.
    """

    def __init__(self, gain: Gain = MICROPHONE, decibels: float = 1.0) -> None:
        self.stands = gain
        self.decibels = decibels
        self.joined = False
        self.stuck = False
        self.broken = False
        self.opened = 0
        self.closed = 0

    @property
    def factor(self) -> float:
        """How many times as loud as at 0 dB the microphone is; nothing where it is switched off."""
        return 10 ** ((self.stands.value or 0.0) * self.decibels / 20) if self.stands.on else 0.0

    def gain(self) -> Gain:
        self._check()
        return self.stands

    def set_gain(self, value: float, unit: str, channel: int | None = None) -> None:
        self._check()
        if unit != self.stands.unit:
            value = self.stands.lowest + (self.stands.highest - self.stands.lowest) * value / 100
        value = float(value // 1)
        first = self.stands.value if channel == 1 and not self.joined else value
        second = self.stands.second if channel == 0 else value
        self._turn(evolve(self.stands, value=first, second=None if first == second or self.joined else second))

    def switch(self, *, on: bool) -> None:
        self._check()
        self._turn(evolve(self.stands, on=on))

    def set_automatic(self, *, on: bool) -> None:
        self._check()
        self._turn(evolve(self.stands, automatic_on=on))

    def close(self) -> None:
        self.closed += 1

    def _turn(self, gain: Gain) -> None:
        if not self.stuck:
            self.stands = gain

    def _check(self) -> None:
        if self.broken:
            raise AudioError("the mixer of the sound card does not answer: Input/output error. Plug the card in again")
