"""`appliance play`."""

import os
from pathlib import Path
from typing import Any

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.cli.terminal import Progress, json_option, say, say_json
from appliance.cli.verbs import parameter
from appliance.describe import describe_plain
from appliance.errors import NotRunning
from appliance.phrases import size
from appliance.verbs import VERBS


@click.command(params=[parameter(each) for each in VERBS["play"].arguments if not each.required])
@click.argument("source")
@json_option
@pass_remote
def play(remote: Remote, /, source: str, as_json: bool, **wishes: object) -> None:
    """Play SOURCE: an audio file, a URL, a clip's id or name, `recording` (the last), `next` or `latest` (messages)."""
    how = {name: wish for name, wish in wishes.items() if wish}
    if source.startswith(("http://", "https://")) and not how:
        answer = _play_url(remote, source)
    else:
        answer = remote.call("play", source=_absolute(source), **how)
    say_json(answer) if as_json else say(describe_plain(answer))


def _absolute(source: str) -> str:
    """The whole path, where it is that of a file."""
    if os.path.isfile(source):  # noqa: PTH113  `Path.is_file` raises where a name is too long or a folder is closed
        return str(Path(source).absolute())
    return source


def _play_url(remote: Remote, url: str) -> dict[str, Any]:
    """Say how far it is for as long as it takes; Ctrl-C ends it."""
    with Progress() as progress:
        progress.tell("fetching")
        for told in remote.stream("play.url", url=url):
            if "event" in told:
                return told
            progress.tell(f"fetching: {size(told['received'])}")
    raise NotRunning("the appliance hung up before anything played: it is stopping. Try again in a moment")
