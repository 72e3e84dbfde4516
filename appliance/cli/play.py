"""`appliance play`."""

import os
from pathlib import Path

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.cli.terminal import Progress, say
from appliance.cli.verbs import parameter
from appliance.describe import describe_plain, size
from appliance.verbs import VERBS


@click.command(params=[parameter(each) for each in VERBS["play"].arguments if not each.required])
@click.argument("source")
@pass_remote
def play(remote: Remote, /, source: str, **wishes: object) -> None:
    """Play SOURCE: an audio file, a URL, a clip's id or name, `recording` (the last), `next` or `latest` (messages)."""
    how = {name: wish for name, wish in wishes.items() if wish}
    if source.startswith(("http://", "https://")) and not how:
        _play_url(remote, source)
        return
    if os.path.isfile(source):  # noqa: PTH113  `Path.is_file` raises where a name is too long or a folder is closed
        source = str(Path(source).absolute())
    say(describe_plain(remote.call("play", source=source, **how)))


def _play_url(remote: Remote, url: str) -> None:
    """Say how far it is for as long as it takes; Ctrl-C ends it."""
    with Progress() as progress:
        for told in remote.stream("play.url", url=url):
            if "event" in told:
                say(describe_plain(told))
            else:
                progress.tell(f"fetching: {size(told['received'])}")
