"""The manual page and the completions of shells, from the commands."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from appliance.cli.main import COMPLETE, root

SHELLS = {
    "bash": Path("share/bash-completion/completions/appliance"),
    "zsh": Path("share/zsh/site-functions/_appliance"),
    "fish": Path("share/fish/vendor_completions.d/appliance.fish"),
}


def completion(shell: str) -> str:
    """What a shell sources to complete `appliance`."""
    complete = get_completion_class(shell)
    assert complete
    return complete(root, {}, "appliance", COMPLETE).source().strip() + "\n"


def manual(exit_codes: dict[int, str]) -> str:
    """The manual page appliance(1), as man(7) wants it."""
    lines = [
        '.TH APPLIANCE 1 "" "Audio Appliance" "User Commands"',
        ".SH NAME",
        r"appliance \- record, play and deliver on a box with buttons",
        ".SH SYNOPSIS",
        r".B appliance",
        r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGS\fR]...",
        ".SH DESCRIPTION",
        *_text(root.help or ""),
        "Commands ask the daemon that runs on this machine, over its control socket.",
        ".SH OPTIONS",
        *_options(root, _context(root)),
        ".SH COMMANDS",
        *_commands(root, _context(root)),
        ".SH EXIT STATUS",
    ]
    for code, meaning in exit_codes.items():
        lines += [".TP", f"\\fB{code}\\fR", *_text(meaning)]
    lines += [
        ".SH ENVIRONMENT",
        *(".TP", r"\fBAPPLIANCE_SOCKET\fR", "The control socket, where no option names it."),
        *(".TP", r"\fBAPPLIANCE_CONFIG\fR", "The configuration, where no option names it."),
        ".SH FILES",
        *(".TP", r"\fI/etc/appliance/config.yaml\fR", "The configuration of the service."),
        *(".TP", r"\fI/var/lib/appliance\fR", "Its recordings."),
        "",
    ]
    return "\n".join(lines)


def _context(command: click.Command, parent: click.Context | None = None, name: str = "appliance") -> click.Context:
    return click.Context(command, parent=parent, info_name=name, **command.context_settings)


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        below = _context(command, context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, below)
            continue
        usage = " ".join([below.command_path, *command.collect_usage_pieces(below)])
        yield from (f".SS {_escaped(usage)}", *_text(command.help or ""), *_options(command, below))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context)):
            yield from (".TP", f"\\fB{_escaped(record[0])}\\fR", *_text(record[1]))


def _text(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ".PP"
        yield _escaped(" ".join(paragraph.split()))


def _escaped(text: str) -> str:
    text = re.sub(r"`([^`]*)`", r"\1", text).replace("\\", r"\e").replace("-", r"\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text
