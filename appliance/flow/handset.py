"""All that is done with a handset and its dial: the flow, a new greeting for it, and what is dialled beside it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import evolve, field

from appliance import events
from appliance.circumstances import Wishes
from appliance.flow.speaking import Speaking
from appliance.flow.steps import Scripted
from appliance.machine import Input
from appliance.status import Status
from appliance.values import frozen
from appliance.verbs import VERBS

if TYPE_CHECKING:
    from appliance.flow.rehearsal import Rehearsal

NO_FLOW = "no flow greets anybody: set `flow.script`, for example to telephone"

_ABOUT_A_NEW_ONE = (events.GreetingRecord, events.GreetingKeep, events.GreetingDiscard)
_Outputs = tuple[Input, ...]


@frozen
class Handset:
    """The flow, and the words that numbers ask for while it does not want them itself."""

    script: Scripted
    numbers: Mapping[str, str]
    rehearsal: "Rehearsal | None" = None
    takes: Mapping[str, Wishes] = field(factory=dict)
    """What is wanted of a take that a number begins."""

    def react(self, input: Input, status: Status) -> tuple["Handset", _Outputs]:
        """See `Reaction`."""
        if isinstance(input, events.SoundsChanged):
            return self._given(input), ()
        if isinstance(input, events.Dial) and not self.script.numbers_are_its_own:
            word = self.numbers.get(input.number)
            wishes = self.takes.get(input.number)
            return self, (VERBS[word].asked(input.at, wishes),) if word else ()
        if self.rehearsal is None:
            refuses = isinstance(input, _ABOUT_A_NEW_ONE)
            return self._go_on(input, status) if not refuses else (self, (events.NothingToPlay("", NO_FLOW),))
        was_on = self.rehearsal.on
        rehearsal, outputs = self.rehearsal.react(input, status)
        now = self if rehearsal is self.rehearsal else evolve(self, rehearsal=rehearsal)
        if was_on and not isinstance(input, events.GreetingChanged):
            return now, outputs
        if rehearsal.on and isinstance(input, events.GreetingRecord):  # the handset is for that now
            input = events.HandsetHangUp(input.at)
        following, more = now._go_on(input, status)
        return following, (*more, *outputs)

    def _given(self, changed: events.SoundsChanged) -> "Handset":
        script = self.script
        if isinstance(script, Speaking):
            script = evolve(script, given=changed.sounds, questions=changed.questions)
        rehearsal = self.rehearsal and evolve(self.rehearsal, given=changed.sounds)
        return evolve(self, script=script, rehearsal=rehearsal)

    def _go_on(self, input: Input, status: Status) -> tuple["Handset", _Outputs]:
        script, outputs = self.script.react(input, status)
        return (self if script is self.script else evolve(self, script=script)), outputs
