"""`appliance run`: the daemon."""

import logging
import os
import sys
from pathlib import Path

import click

DEFAULT_CONFIG = "/etc/appliance/config.yaml"


@click.command()
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
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
    from appliance import app
    from appliance.clock import SystemClock
    from appliance.config import loader
    from appliance.plugin_host import PluginHost

    _log_to_stderr(verbose)
    plugins = PluginHost.installed()
    plugins.discover()
    clock = SystemClock()
    if simulate:
        from appliance.testing.simulation import built_in_settings, simulated_hardware

        hardware = simulated_hardware(simulate, clock, sys.stdin, click.echo)
        settings = loader.load(path, plugins.upload_options, plugins.feed_options) if path else built_in_settings()
    else:
        from appliance.audio.alsa import AlsaCards
        from appliance.panel.gpio import GpioPanel

        hardware = app.Hardware(AlsaCards(), GpioPanel)
        settings = loader.load(path or Path(DEFAULT_CONFIG), plugins.upload_options, plugins.feed_options)
    plugins.disable(settings.disabled_plugins)
    app.run(settings, plugins, hardware, clock)


def _log_to_stderr(verbose: bool) -> None:
    """systemd stamps the time itself; a terminal does not."""
    under_systemd = "JOURNAL_STREAM" in os.environ
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(message)s" if under_systemd else "%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    logging.getLogger("botocore").setLevel(logging.WARNING)
