"""What a kind of fault is; the kinds there are, are in `faults`."""

from appliance.events import FaultCleared, FaultRaised
from appliance.foreign import one_line
from appliance.models import Fault
from appliance.values import frozen


@frozen(eq=False)
class FaultKind:
    """What may be wrong. `subject` says whom the name tells after a colon, where there may be several at a time."""

    name: str
    owner: str
    cause: str
    next_step: str
    urgent: bool = False
    subject: str = ""

    def fault(self, message: str, subject: str = "", *, since: float | None = None) -> Fault:
        """Such a fault; without `since` (CLOCK_MONOTONIC, in seconds) it has begun when the controller hears of it."""
        return Fault(self.named(subject), one_line(message), self.urgent, self.owner, since)

    def raised(self, message: str, subject: str = "", *, since: float | None = None) -> FaultRaised:
        """The event that raises it, or gives it another message."""
        return FaultRaised(self.fault(message, subject, since=since))

    def cleared(self, subject: str = "") -> FaultCleared:
        """The event that says that it is over."""
        return FaultCleared(self.named(subject), self.owner)

    def named(self, subject: str = "") -> str:
        """The name that people see."""
        if bool(subject) != bool(self.subject):
            raise ValueError(f"a fault {self.name!r} {'needs a' if self.subject else 'has no'} subject")
        return f"{self.name}:{subject}" if subject else self.name
