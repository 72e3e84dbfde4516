"""Every command of the command line, with arguments that fit."""

from collections.abc import Iterator

import click

from appliance import errors
from appliance.cli.main import root

DOCUMENTED = {0, 2, 130, *(cls.exit_code for cls in vars(errors).values() if hasattr(cls, "exit_code"))}
"""Every exit code that the documents name."""

_SAMPLES = {
    "seconds": "1:30",
    "percent": "50%",
    "rate": "1.5",
    "mode": "all",
    "track": "1",
    "target": "/tmp",
    "number": "1",
    "source": "recording",
    "sound": __file__,
}


def commands() -> list[tuple[str, ...]]:
    """The words of each command that ends by itself and is meant for people."""
    return [words for words in _below(root, ()) if words[0] not in ("run", "events", "web", "settings")]


FOR_PEOPLE = {
    ("run",),
    ("settings",),
    ("support",),
    ("config", "example"),
    ("config", "reference"),
    ("web", "password"),
}
"""What has nothing to say to programs: what runs, what prints a text, writes a file, or asks for a password."""


def without_json() -> Iterator[tuple[str, ...]]:
    """The words of each command that cannot be asked for JSON."""
    for path, command in _leaves(root, ()):
        if not any("--json" in parameter.opts for parameter in command.params):
            yield path


def _leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(command)
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        assert child
        yield from _leaves(child, (*path, name))


def _below(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    context = click.Context(command)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child
            yield from _below(child, (*path, name))
    else:
        yield (*path, *(word for parameter in command.params for word in _sample(parameter)))


def _sample(parameter: click.Parameter) -> tuple[str, ...]:
    value = _SAMPLES.get(parameter.name or "", "sample")
    if isinstance(parameter, click.Argument):
        return (value,) if parameter.required or parameter.nargs == -1 else ()
    if parameter.name == "yes":
        return ("--yes",)
    return (parameter.opts[0], value) if parameter.required else ()
