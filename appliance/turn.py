"""What one run of the appliance has from its process, which goes from configuration to configuration."""

from collections.abc import Callable, Mapping

from attrs import field

from appliance.config.settings import Settings
from appliance.controller import Controller
from appliance.door import Door
from appliance.events import FaultRaised
from appliance.faults import CONFIGURATION_AT_START, DELIVERY, LEFT_OUT
from appliance.history import History
from appliance.plugin_host import PluginHost
from appliance.reactions import Reactions
from appliance.values import frozen


@frozen
class Plan:
    """A configuration, and the plugins that it is for.

    `left_out` holds why some of it cannot be used, by dotted name; `complaint` why another one runs than was asked for.
    `used` must be called once it has started.
    """

    settings: Settings
    plugins: PluginHost
    left_out: Mapping[str, str] = field(factory=dict)
    complaint: str = ""
    used: Callable[[], None] = lambda: None

    @property
    def faults(self) -> tuple[FaultRaised, ...]:
        """What is wrong with it, for a person to know."""
        found = [
            DELIVERY.raised(why, place.removeprefix("destinations."))
            if place.startswith("destinations.")
            else LEFT_OUT.raised(why, place)
            for place, why in self.left_out.items()
        ]
        return (*found, CONFIGURATION_AT_START.raised(self.complaint)) if self.complaint else tuple(found)


@frozen
class Turn:
    """One configuration's turn.

    `number` counts turns from 1, `process_started` is CLOCK_MONOTONIC. `reactions` are the process's own. `read` reads
    the configuration as it is on the disk now. `reload` reads it too, and asks for the next turn: True where that
    begins at once, False where it waits for the end of a take. Both raise ConfigError. `ready` must be called once
    everything has started. `history` and `door` are the process's own.
    """

    number: int
    process_started: float
    controller: Controller
    reactions: Reactions
    read: Callable[[], Plan]
    reload: Callable[[], bool]
    ready: Callable[[], None]
    history: History
    door: Door
