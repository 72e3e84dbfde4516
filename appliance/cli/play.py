"""`appliance play`."""

import os
from pathlib import Path

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.describe import describe_plain


@click.command()
@click.argument("source")
@pass_remote
def play(remote: Remote, source: str) -> None:
    """Play SOURCE: an audio file, a URL, a clip's id or name, `recording` (the last), `next` or `latest` (messages)."""
    if os.path.isfile(source):  # noqa: PTH113  `Path.is_file` raises where a name is too long or a folder is closed
        source = str(Path(source).absolute())
    click.echo(describe_plain(remote.call("play", source=source)))
