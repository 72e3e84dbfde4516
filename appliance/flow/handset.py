"""All that is done with a handset and its dial: the flow, and what is dialled beside it."""

from collections.abc import Mapping

from attrs import evolve, frozen

from appliance import events
from appliance.flow.steps import Scripted
from appliance.machine import Input
from appliance.status import Status
from appliance.verbs import VERBS


@frozen
class Handset:
    """The flow, and the words that numbers ask for while it does not want them itself."""

    script: Scripted
    numbers: Mapping[str, str]

    def react(self, input: Input, status: Status) -> tuple["Handset", tuple[Input, ...]]:
        """See `Reaction`."""
        if isinstance(input, events.Dial) and not self.script.numbers_are_its_own:
            word = self.numbers.get(input.number)
            return self, (VERBS[word].asked(input.at),) if word else ()
        script, outputs = self.script.react(input, status)
        return (self if script is self.script else evolve(self, script=script)), outputs
