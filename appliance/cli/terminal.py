"""What commands say: the one way out to a terminal, a pipe or a file.

Names, titles and answers come from servers, files and people: no character of them is anything but text.
"""

import json

import click

from appliance.foreign import printable


def say(text: str, *, error: bool = False) -> None:
    """A line to standard output, or standard error."""
    click.echo(shown(text), err=error)


def say_page(text: str) -> None:
    """A text of many lines."""
    for line in text.splitlines():
        say(line)


def shown(text: str) -> str:
    """`text`, what a terminal would obey or turn round escaped."""
    return printable(text, len(text))


def say_json(value: object, indent: int | None = 2) -> None:
    """The value as JSON, in characters that a terminal shows; on one line without `indent`."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    click.echo("".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text))
