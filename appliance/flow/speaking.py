"""What every flow has that speaks."""

from pathlib import Path
from typing import ClassVar, Self

from attrs import evolve, field

from appliance import events
from appliance.machine import Input, Player
from appliance.status import Status
from appliance.values import frozen

Outputs = tuple[Input, ...]


def quiet(status: Status) -> Input:
    """What ends every sound, so that the flow can be heard."""
    return events.Hush() if status.player is Player.STOPPED else events.PlayerStop()


@frozen
class Speaking:
    """Says one sound at a time, each under a name of its own."""

    voice: ClassVar[str] = "flow"
    """What the names of its sounds begin with."""

    says: str | None = field(default=None, kw_only=True)
    """The sound whose end is waited for."""
    serial: int = field(default=0, kw_only=True)

    def _say(self, path: Path | None) -> tuple[Self, Outputs]:
        return self._says(events.Say(path, path.stem, None, self._name)) if path else (self, ())

    def _says(self, say: events.Say) -> tuple[Self, Outputs]:
        return evolve(self, says=say.playback_id, serial=self.serial + 1), (say,)

    @property
    def _name(self) -> str:
        return f"{self.voice}-{self.serial}"
