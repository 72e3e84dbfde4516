"""What one run of the appliance has from its process, which goes from configuration to configuration."""

from collections.abc import Callable

from attrs import frozen

from appliance.config.settings import Settings
from appliance.controller import Controller
from appliance.plugin_host import PluginHost
from appliance.reactions import Reactions


@frozen
class Plan:
    """A configuration, and the plugins that it is for."""

    settings: Settings
    plugins: PluginHost


@frozen
class Turn:
    """One configuration's turn.

    `number` counts turns from 1, `process_started` is CLOCK_MONOTONIC. `reactions` are the process's own. `read` reads
    the configuration as it is on the disk now. `reload` reads it too, and asks for the next turn: True where that
    begins at once, False where it waits for the end of a take. Both raise ConfigError. `ready` must be called once
    everything has started.
    """

    number: int
    process_started: float
    controller: Controller
    reactions: Reactions
    read: Callable[[], Plan]
    reload: Callable[[], bool]
    ready: Callable[[], None]
