"""`appliance playlist`."""

import os
from pathlib import Path

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.cli.terminal import json_option, say, say_json
from appliance.cli.verbs import Verbs
from appliance.describe import describe_plain
from appliance.phrases import counted, duration

playlist = Verbs("playlist", "The playlist: add, play, next, previous, repeat, shuffle, clear, list.", "playlist")


@playlist.command()
@click.argument("sources", nargs=-1, required=True)
@json_option
@pass_remote
def add(remote: Remote, sources: tuple[str, ...], as_json: bool) -> None:
    """Put SOURCES behind all others: audio files, folders of them, URLs, clips by id or name."""
    here = [str(Path(each).absolute()) if os.path.exists(each) else each for each in sources]  # noqa: PTH110
    added = remote.call("playlist.add", sources=here)
    say_json(added) if as_json else say(describe_plain(added))


@playlist.command("list")
@json_option
@pass_remote
def list_(remote: Remote, as_json: bool) -> None:
    """List what is on it."""
    known = remote.call("playlist.list")
    if as_json:
        say_json(known)
        return
    for number, item in enumerate(known["items"]):
        sign = ">" if number == known["current"] else " "
        place = f", at {duration(item['position'])}" if item["position"] else ""
        say(f"{sign} {number + 1}. {item['title']}{place}")
    say(f"{counted(len(known['items']), 'track')}, repeat {known['repeat']}")
