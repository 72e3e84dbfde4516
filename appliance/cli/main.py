"""The command line's root: global options, and errors turned into one line and an exit code."""

import os
import sys
from importlib import import_module
from pathlib import Path

import click

from appliance import __version__
from appliance.cli.remote import PATH, Remote
from appliance.errors import ApplianceError

DEFAULT_SOCKET = "/run/appliance/control.sock"


_MODULES = {
    "run": "run",
    "status": "watch",
    "events": "watch",
    "record": "verbs",
    "play": "play",
    "player": "verbs",
    "volume": "verbs",
    "clips": "clips",
    "feeds": "feeds",
    "devices": "setup",
    "plugins": "setup",
    "config": "setup",
    "doctor": "doctor",
}
"""Each command, and the module of this package that has it under the same name."""


class _Commands(click.Group):
    """Loads a command when it is used: the daemon must not wait for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        command: click.Command = getattr(import_module(f"appliance.cli.{_MODULES[cmd_name]}"), cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--socket",
    type=PATH,
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
