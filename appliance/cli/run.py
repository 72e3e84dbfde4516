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
from appliance.defaults import DEFAULT_CONFIG
from appliance.sparing import one_arena
from appliance.values import frozen

if TYPE_CHECKING:
    from appliance.app import Hardware
    from appliance.clock import Clock
    from appliance.events import Event
    from appliance.outlet import Outlet
    from appliance.plans import BuiltIn, Plans
    from appliance.status import Status

    Watch = Callable[[Event, Status], None]

_STDOUT, _STDERR = 1, 2

_ANEW = "\r\x1b[K"
"""Begins the last line of a terminal anew."""

_BAR = 12
"""Columns of the level."""

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
    import linecache

    gc.disable()  # until all is loaded, which leaves next to no garbage: the daemon switches it on
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # else numpy starts a thread per core, for sums of one period
    one_arena()
    from appliance.clock import SystemClock
    from appliance.daemon import Daemon
    from appliance.outlet import Outlet

    linecache.clearcache()  # attrs leaves the source there of all that it has generated, half a megabyte

    live = bool(simulate) and os.isatty(_STDERR)
    with Outlet(_STDERR) as errors, Outlet(_STDOUT) as output:
        faulthandler.enable(errors.real)  # last words are nobody's to hand over
        _log_to(_Above(errors) if live else errors, verbose)
        clock = SystemClock()
        told, watch = (_Above(output), _meter(errors)) if live else (output, None)
        box = hardware(simulate, clock, lambda line: told.write(f"{line}\n"), watch)
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


@frozen
class _Above:
    """Writes lines in the place of the one that changes, which comes again below them."""

    outlet: "Outlet"

    def write(self, line: str) -> None:
        self.outlet.write(f"{_ANEW}{line}")


def _meter(outlet: "Outlet") -> "Watch":
    """Shows how long a take is by now and how loud, in a line that changes until another is written in its place."""
    from appliance.events import TakeProgress
    from appliance.phrases import duration

    def show(event: object, _: object) -> None:
        if isinstance(event, TakeProgress):
            loud = max(0, min(_BAR, round((event.peak_dbfs + 60) / 60 * _BAR)))
            bar = f"{'█' * loud}{'·' * (_BAR - loud)}"
            outlet.write(f"{_ANEW}recording {duration(event.seconds)} {bar} {event.peak_dbfs:.0f} dBFS")

    return show


def hardware(
    simulate: str | None, clock: "Clock", say: Callable[[str], None] = say, watch: "Watch | None" = None
) -> "Hardware":
    """The hardware of this machine, or what stands in for it and tells through `say`."""
    if simulate:
        from appliance.simulation.hardware import simulated_hardware

        return simulated_hardware(simulate, clock, sys.stdin, say, watch)
    from appliance.app import Hardware
    from appliance.audio.alsa import AlsaCards
    from appliance.panel.gpio import GpioPanel

    return Hardware(AlsaCards(), GpioPanel)


def _log_to(outlet: "Outlet | _Above", verbose: bool) -> None:
    """systemd stamps the time itself; a terminal does not."""
    from appliance.outlet import Lines

    under_systemd = "JOURNAL_STREAM" in os.environ
    handler = logging.StreamHandler(outlet)
    handler.setFormatter(Lines("%(message)s" if under_systemd else "%(asctime)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    logging.getLogger("botocore").setLevel(logging.WARNING)
