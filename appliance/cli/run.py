"""`appliance run`: the daemon."""

import faulthandler
import gc
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance.cli.remote import PATH
from appliance.cli.terminal import say

if TYPE_CHECKING:
    from appliance.app import Hardware
    from appliance.clock import Clock
    from appliance.outlet import Outlet
    from appliance.plans import BuiltIn, Plans

DEFAULT_CONFIG = "/etc/appliance/config.yaml"

_STDOUT, _STDERR = 1, 2

log = logging.getLogger(__name__)


@click.command()
@click.option(
    "--config",
    "path",
    type=PATH,
    envvar="APPLIANCE_CONFIG",
    help=f"The configuration. [default: {DEFAULT_CONFIG}, with --simulate a built-in one]",
)
@click.option(
    "--simulate",
    type=click.Choice(["all", "panel"]),
    is_flag=False,
    flag_value="all",
    help="Simulate the panel (keys 1 to 9 press buttons) and, with `all`, microphone and speaker too.",
)
@click.option("--verbose", is_flag=True, help="Log more.")
def run(path: Path | None, simulate: str | None, verbose: bool) -> None:
    """Run the appliance until it is told to stop."""
    gc.disable()  # until all is loaded, which leaves next to no garbage: the daemon switches it on
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # else numpy starts a thread per core, for sums of one period
    from appliance.clock import SystemClock
    from appliance.daemon import Daemon
    from appliance.outlet import Outlet

    with Outlet(_STDERR) as errors, Outlet(_STDOUT) as output:
        faulthandler.enable(errors.real)  # last words are nobody's to hand over
        _log_to(errors, verbose)
        clock = SystemClock()
        box = hardware(simulate, clock, lambda line: output.write(f"{line}\n"))
        Daemon(plans(path, simulated=simulate is not None), box, clock).run()


def plans(path: Path | None, *, simulated: bool = False) -> "Plans | BuiltIn":
    """Where the configuration comes from."""
    from appliance.plans import BuiltIn, Plans
    from appliance.plugin_host import PluginHost

    def discover() -> PluginHost:
        plugins = PluginHost.installed()
        plugins.discover()
        return plugins

    if simulated and path is None:
        from appliance.simulation.hardware import built_in_settings

        return BuiltIn(built_in_settings, discover)
    return Plans(path or Path(DEFAULT_CONFIG), discover)


def hardware(simulate: str | None, clock: "Clock", say: Callable[[str], None] = say) -> "Hardware":
    """The hardware of this machine, or what stands in for it and tells through `say`."""
    if simulate:
        from appliance.simulation.hardware import simulated_hardware

        return simulated_hardware(simulate, clock, sys.stdin, say)
    from appliance.app import Hardware
    from appliance.audio.alsa import AlsaCards
    from appliance.panel.gpio import GpioPanel

    return Hardware(AlsaCards(), GpioPanel)


def _log_to(outlet: "Outlet", verbose: bool) -> None:
    """systemd stamps the time itself; a terminal does not."""
    from appliance.outlet import Lines

    under_systemd = "JOURNAL_STREAM" in os.environ
    handler = logging.StreamHandler(outlet)
    handler.setFormatter(Lines("%(message)s" if under_systemd else "%(asctime)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    logging.getLogger("botocore").setLevel(logging.WARNING)
