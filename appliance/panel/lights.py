"""What an LED does for each state of the box: rhythms, never colours, so that everybody can tell them apart. Pure.

indication     the status LED
urgent fault   fast even blinking, four times a second: this box does not record
ending         on, with a short dark moment: this take will be ended soon, as it is nearly as long as it may be
recording      steadily on
paused         even blinking, once a second
fault          two blinks, then a pause
delivering     two short flashes a second
new message    one blink every three seconds
idle           dark

An LED with one meaning is on while that holds, but for new messages, of which it blinks as the status LED does.
"""

from collections.abc import Callable

from appliance.config.settings import Light
from appliance.panel.ports import Indication, PanelState
from appliance.values import frozen


@frozen
class Pattern:
    """A rhythm: seconds on, off, on, off ... from the moment it begins, over and over. Without any it is steady."""

    words: str
    phases: tuple[float, ...] = ()
    steady: bool = False


DARK = Pattern("dark")
ON = Pattern("on", steady=True)

STATUS: dict[Indication, Pattern] = {
    Indication.URGENT_FAULT: Pattern("fast blinking", (0.125, 0.125)),
    Indication.ENDING: Pattern("on, dark for a moment every one and a half seconds", (1.3, 0.2)),
    Indication.RECORDING: ON,
    Indication.PAUSED: Pattern("even blinking, once a second", (0.5, 0.5)),
    Indication.FAULT: Pattern("two blinks, then a pause", (0.15, 0.25, 0.15, 1.45)),
    Indication.DELIVERING: Pattern("two short flashes a second", (0.05, 0.45)),
    Indication.NEW_MESSAGE: Pattern("one blink every three seconds", (0.3, 2.7)),
    Indication.IDLE: DARK,
}
"""What the status LED does."""


def pattern(light: Light, state: PanelState) -> Pattern:
    """What an LED that shows `light` does in `state`."""
    words = {
        Light.RECORDING: state.recording,
        Light.PAUSED: state.paused,
        Light.DELIVERING: state.delivering,
        Light.NEW_MESSAGE: state.new_message,
        Light.FAULT: state.fault,
        Light.LISTENING: state.listening,
    }
    if light is Light.STATUS:
        return STATUS[state.status]
    on = STATUS[Indication.NEW_MESSAGE] if light is Light.NEW_MESSAGE else ON
    return on if words[light] else DARK


class Lamp:
    """One LED that shows `light`; `switch` turns it on and off. Times are given; dark at first."""

    def __init__(self, light: Light, switch: Callable[[bool], None]) -> None:
        self._light = light
        self._switch = switch
        self._pattern = DARK
        self._phase = 0
        self._lit = False
        self.deadline: float | None = None
        """When `tick` must be called; None for as long as the LED stays as it is."""

    def show(self, state: PanelState, now: float) -> None:
        """Begin the pattern for `state`, unless it runs already."""
        wanted = pattern(self._light, state)
        if wanted != self._pattern:
            self._pattern, self._phase, self.deadline = wanted, -1, now

    def tick(self, now: float) -> None:
        """Be lit or dark as the pattern wants it by `now`."""
        if self.deadline is None or now < self.deadline:
            return
        lit = self._pattern.steady
        if self._pattern.phases:
            while self.deadline <= now:
                self._phase = (self._phase + 1) % len(self._pattern.phases)
                self.deadline += self._pattern.phases[self._phase]
            lit = self._phase % 2 == 0
        if lit != self._lit:
            self._switch(lit)
            self._lit = lit
        if not self._pattern.phases:
            self.deadline = None
