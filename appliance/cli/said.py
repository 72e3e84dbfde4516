"""`appliance clips title`, `label`, `star`, `approve`, `note`, `mark` and others: what a person says of clips."""

from typing import Any

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.cli.terminal import json_option, say, say_json
from appliance.phrases import duration
from appliance.verbs import VERBS


@click.command()
@click.argument("clip")
@click.argument("title")
@json_option
@pass_remote
def title(remote: Remote, clip: str, title: str, as_json: bool) -> None:
    """Say what CLIP is called: TITLE, or "" for nothing. Its file keeps its name."""
    _tell(remote.call("clips.title", clip=clip, title=title), as_json)


@click.command()
@click.argument("clip")
@click.argument("labels", nargs=-1)
@json_option
@pass_remote
def label(remote: Remote, clip: str, labels: tuple[str, ...], as_json: bool) -> None:
    """Put LABELS on CLIP, in the place of those that it has; without LABELS it has none."""
    _tell(remote.call("clips.label", clip=clip, labels=list(labels)), as_json)


@click.command()
@json_option
@pass_remote
def labels(remote: Remote, as_json: bool) -> None:
    """List all labels that clips have."""
    found = remote.call("clips.labels")
    if as_json:
        say_json(found)
        return
    for each in found or ["no clip has a label"]:
        say(each)


@click.command()
@click.argument("clip")
@click.option("--off", is_flag=True, help="Take it away.")
@json_option
@pass_remote
def star(remote: Remote, clip: str, off: bool, as_json: bool) -> None:
    """Give CLIP a star."""
    _tell(remote.call("clips.star", clip=clip, starred=not off), as_json)


@click.command()
@click.argument("clip")
@click.option("--off", is_flag=True, help="Do so no more.")
@json_option
@pass_remote
def approve(remote: Remote, clip: str, off: bool, as_json: bool) -> None:
    """Approve of CLIP, and of the other parts of its recording: anybody may hear it."""
    _tell(remote.call("clips.approve", clip=clip, approved=not off), as_json)


@click.command()
@click.argument("clip")
@json_option
@pass_remote
def keep(remote: Remote, clip: str, as_json: bool) -> None:
    """Keep the story CLIP that nobody has decided about: it goes where clips go. `clips delete` does the opposite."""
    _tell(remote.call("clips.keep", clip=clip), as_json)


@click.command()
@click.argument("clip")
@click.argument("note")
@json_option
@pass_remote
def note(remote: Remote, clip: str, note: str, as_json: bool) -> None:
    """Write NOTE about CLIP, in the place of what was written; "" for nothing."""
    _tell(remote.call("clips.note", clip=clip, note=note), as_json)


@click.command()
@click.argument("clip")
@click.argument("seconds", metavar="POSITION")
@json_option
@pass_remote
def mark(remote: Remote, clip: str, seconds: str, as_json: bool) -> None:
    """Mark POSITION in CLIP: 90, 1:30. Its sound stays as it is."""
    _place(remote, "clips.mark", clip, seconds, as_json)


@click.command()
@click.argument("clip")
@click.argument("seconds", metavar="POSITION")
@json_option
@pass_remote
def unmark(remote: Remote, clip: str, seconds: str, as_json: bool) -> None:
    """Take the mark at POSITION away from CLIP."""
    _place(remote, "clips.unmark", clip, seconds, as_json)


def _place(remote: Remote, word: str, clip: str, position: str, as_json: bool) -> None:
    (seconds,) = (each for each in VERBS[word].arguments if each.name == "seconds")
    found = remote.call(word, clip=clip, seconds=seconds.read(position))
    if as_json:
        say_json(found)
        return
    places = [duration(each["offset"] / found["format"]["rate"]) for each in found["marks"]]
    say(f"{found['name']}: marked at {', '.join(places)}" if places else f"{found['name']}: no marks")


def _tell(clip: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json(clip)
        return
    from appliance.cli import show

    say(f"{clip['name']}: {show.said(clip) or 'nothing is said of it'}")
