"""The hardware of `appliance run --simulate`: keys for buttons, recorded speech for the microphone."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from appliance.app import Hardware
from appliance.audio.alsa import AlsaCards
from appliance.clock import Clock
from appliance.config.options import AbsolutePath
from appliance.config.settings import ControlSettings, Settings
from appliance.config.storage import StorageSettings
from appliance.events import Event
from appliance.panel.factory import simulated_factory
from appliance.simulation.cards import simulated_cards
from appliance.simulation.keyboard import SIMULATED, KeyboardPanel
from appliance.status import Status


def built_in_settings() -> Settings:
    """Settings for trying the appliance out as an ordinary user, with everything under the home folder."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "appliance-simulation"
    return Settings(
        panel=SIMULATED,
        storage=StorageSettings(directory=AbsolutePath(state.absolute())),
        control=ControlSettings(socket=AbsolutePath(state.absolute() / "control.sock")),
    )


def simulated_hardware(
    parts: str,
    clock: Clock,
    keys: TextIO,
    say: Callable[[str], None],
    watch: Callable[[Event, Status], None] | None = None,
) -> Hardware:
    """A panel pressed by keys read from `keys`, which tells through `say`; simulated cards where `parts` is `all`.

    The key `q` ends the process as SIGTERM does. `watch` is told of all that happens.
    """

    pins = simulated_factory(clock.monotonic)

    def other_key(key: str) -> None:
        if key == "q":
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            say(f"{key!r} does nothing here: ? shows the keys")

    return Hardware(
        cards=simulated_cards(clock) if parts == "all" else AlsaCards(),
        panel=lambda settings, clock, vitals: KeyboardPanel(
            settings, clock, vitals, pins, keys, say, other_key, ("q  end",)
        ),
        real_cards=parts != "all",
        real_pins=False,
        watch=watch,
    )
