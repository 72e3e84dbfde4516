"""`appliance feeds`: remote audio."""

import sys

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.cli.terminal import json_option, say, say_json


@click.group()
def feeds() -> None:
    """Feeds: pull now, list the inbox, hear a message again, remove one."""


@feeds.command()
@click.argument("feed", required=False)
@pass_remote
def pull(remote: Remote, feed: str | None) -> None:
    """Pull FEED, or every feed, now."""
    if sys.stderr.isatty():
        from appliance.cli.following import until_pulled

        until_pulled(remote, feed)
        return
    remote.call("feeds.pull", feed=feed)
    say("pulling; `appliance events` shows what arrives")


@feeds.command("list")
@json_option
@pass_remote
def list_(remote: Remote, as_json: bool) -> None:
    """List the inbox."""
    found = remote.call("feeds.list")
    if as_json:
        say_json(found)
    else:
        from appliance.cli import show

        show.tracks(found)


@feeds.command()
@click.argument("track", type=click.IntRange(min=1))
@pass_remote
def unheard(remote: Remote, track: int) -> None:
    """Let TRACK, a number of the list, be a message that nobody has heard."""
    remote.call("feeds.unheard", track_id=track)
    say(f"track {track} counts as not heard")


@feeds.command()
@click.argument("track", type=click.IntRange(min=1))
@pass_remote
def remove(remote: Remote, track: int) -> None:
    """Remove TRACK, a number of the list, and its file. Its feed does not bring it again."""
    remote.call("feeds.remove", track_id=track)
    say(f"track {track} is removed")
