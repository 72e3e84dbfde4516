"""A handset without a flow: what is said while it is lifted is recorded."""

from typing import ClassVar

from appliance import events
from appliance.machine import Input
from appliance.status import Status
from appliance.values import frozen


@frozen
class Direct:
    """Records from the lift until the handset is hung up."""

    numbers_are_its_own: ClassVar[bool] = False

    def react(self, input: Input, status: Status) -> tuple["Direct", tuple[Input, ...]]:
        """See `Reaction`."""
        match input:
            case events.HandsetLift():
                return self, (events.RecordStart(input.at, input.wishes),)
            case events.HandsetHangUp():
                return self, (events.RecordStop(input.at),)
        return self, ()
