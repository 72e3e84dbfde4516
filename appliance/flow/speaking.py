"""What every flow has that speaks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from attrs import evolve, field

from appliance import events
from appliance.config.flow import FlowSettings, Order
from appliance.flow.steps import is_deaf
from appliance.machine import Input, Player
from appliance.status import Status
from appliance.values import frozen

Outputs = tuple[Input, ...]
Maybe = TypeVar("Maybe", Path, Path | None)


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
    given: Mapping[str, Path] = field(factory=dict, kw_only=True)
    """What somebody gave the box to say, by what it is for: it counts before everything that is configured."""
    questions: tuple[Path, ...] = field(default=(), kw_only=True)
    """The same of the questions of a booth."""
    warned: bool = field(default=False, kw_only=True)
    """Whether somebody was told that the microphone is not there."""

    def _say(self, path: Path | None) -> tuple[Self, Outputs]:
        return self._says(events.Say(path, path.stem, None, self._name)) if path else (self, ())

    def _warned(self, outputs: Outputs, speaks: bool, warning: Path | None, status: Status) -> tuple[Self, Outputs]:
        """Tell whoever `speaks` once that the microphone is not there, behind `outputs`."""
        deaf = speaks and is_deaf(status)
        if deaf is self.warned:
            return self, outputs
        now, says = evolve(self, warned=deaf)._say(warning if deaf else None)
        return now, (*outputs, *says)

    def _own(self, use: str, configured: Maybe) -> Path | Maybe:
        """What somebody gave the box for that, else what is configured."""
        return self.given.get(use, configured)

    def _says(self, say: events.Say) -> tuple[Self, Outputs]:
        return evolve(self, says=say.playback_id, serial=self.serial + 1), (say,)

    def _welcome(self, settings: FlowSettings, own: Path | None, turn: int, language: str) -> tuple[Self, Outputs]:
        """Greet by what was recorded on the box, or given to it, or is configured: one of these there is."""
        path, shuffled = own or settings.greeting, settings.order is Order.RANDOM
        assert path
        more: dict[str, Any] = {"own": own is not None, "instead": settings.greeting, "language": language}
        return self._says(events.Greet(path, "greeting", playback_id=self._name, turn=turn, shuffled=shuffled, **more))

    @property
    def _name(self) -> str:
        return f"{self.voice}-{self.serial}"
