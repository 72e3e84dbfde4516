"""The command line's root: global options, and errors turned into one line and an exit code."""

import os
import sys
from pathlib import Path

import click

from appliance import __version__
from appliance.cli import clips, doctor, feeds, player, record, run, setup, watch
from appliance.cli.remote import Remote
from appliance.errors import ApplianceError

DEFAULT_SOCKET = "/run/appliance/control.sock"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--socket",
    type=click.Path(path_type=Path),
    default=DEFAULT_SOCKET,
    envvar="APPLIANCE_SOCKET",
    show_default=True,
    help="Control socket of the appliance to talk to.",
)
@click.version_option(__version__, prog_name="appliance")
@click.pass_context
def root(context: click.Context, socket: Path) -> None:
    """A recorder appliance: what was spoken is never lost, and the box always says how it is."""
    context.obj = Remote(socket)


for command in (
    run.run,
    watch.status,
    watch.events,
    record.record,
    player.play,
    player.player,
    clips.clips,
    feeds.feeds,
    setup.devices,
    setup.plugins,
    setup.config,
    doctor.doctor,
):
    root.add_command(command)


def main() -> None:
    """Run the command line and exit with a documented code."""
    try:
        root(standalone_mode=False)
    except ApplianceError as error:
        for line in str(error).splitlines():
            click.echo(f"appliance: {line}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
