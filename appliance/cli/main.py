"""The command line's root: global options, and errors turned into one line and an exit code."""

import os
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

import click

from appliance import __version__
from appliance.cli.groups import Group
from appliance.cli.remote import PATH, Remote
from appliance.cli.terminal import say
from appliance.defaults import DEFAULT_SOCKET
from appliance.errors import ApplianceError, StorageError, refused_by_system

COMPLETE = "_APPLIANCE_COMPLETE"
"""The variable by which a shell asks for completions."""

_MODULES = {
    "run": "run",
    "status": "watch",
    "events": "watch",
    "record": "verbs",
    "play": "play",
    "player": "verbs",
    "playlist": "playlist",
    "volume": "verbs",
    "handset": "verbs",
    "greeting": "verbs",
    "language": "verbs",
    "message": "verbs",
    "flow": "verbs",
    "clips": "clips",
    "feeds": "feeds",
    "levels": "levels",
    "devices": "setup",
    "plugins": "setup",
    "config": "setup",
    "doctor": "doctor",
    "support": "support",
    "web": "web",
    "settings": "settings",
}
"""Each command, and the module of this package that has it under the same name."""


class _Commands(Group):
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
    for stream in _streams():
        stream.reconfigure(errors="backslashreplace")
    sys.exit(_end(_run()))


def _run() -> int:
    """The command line's exit code."""
    try:
        if COMPLETE in os.environ:
            root(prog_name="appliance")
        with root.make_context("appliance", sys.argv[1:]) as context:
            root.invoke(context)
    except (ApplianceError, click.ClickException) as error:
        return _fail(error)
    except click.exceptions.Exit as asked:
        return asked.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        pass  # whoever read has read enough
    except OSError as error:
        return _fail(refused_by_system(error))
    return 0


def _fail(error: ApplianceError | click.ClickException) -> int:
    """Say what went wrong, in a line for each problem; the exit code."""
    lines = [f"appliance: {line}" for line in str(error).splitlines()]
    if isinstance(error, click.UsageError) and error.ctx:
        lines = error.format_message().splitlines()
        if len(lines) == 1:  # else it is the help
            end = "" if lines[0].endswith((".", "?")) else "."
            lines = [f"appliance: {lines[0]}{end} See `{error.ctx.command_path} --help`"]
    with suppress(OSError):
        for line in lines:
            say(line, error=True)
    return error.exit_code


def _end(code: int) -> int:
    """Hand over what was said; the exit code, where it was not failed on before."""
    for stream in _streams():
        try:
            stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # else Python tries again, and complains
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                code = code or _fail(StorageError(f"standard output: {error.strerror}"))
    return code


def _streams() -> list[TextIOWrapper]:
    """Standard output and error, where they are open."""
    return [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, TextIOWrapper)]
