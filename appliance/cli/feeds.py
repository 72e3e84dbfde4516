"""`appliance feeds`: remote audio."""

import os
import sys
from base64 import b64encode
from pathlib import Path

import click

from appliance.cli.remote import PATH, Remote, pass_remote
from appliance.cli.terminal import Progress, json_option, say, say_json
from appliance.cli.verbs import Verbs
from appliance.phrases import size
from appliance.verbs import MOST_LETTERS, PAGE

feeds = Verbs("feeds", "Feeds: pull now, list the inbox, send to it, hear a message again, remove one.", "feeds")


@feeds.command()
@click.argument("feed", required=False)
@json_option
@pass_remote
def pull(remote: Remote, feed: str | None, as_json: bool) -> None:
    """Pull FEED, or every feed, now."""
    if as_json:
        remote.call("feeds.pull", feed=feed)
        say_json({"pulling": [feed] if feed else sorted(remote.call("status")["feeds"])})
        return
    if sys.stderr.isatty():
        from appliance.cli.following import until_pulled

        until_pulled(remote, feed)
        return
    remote.call("feeds.pull", feed=feed)
    say("pulling; `appliance events` shows what arrives")


@feeds.command()
@click.argument("sound", type=PATH)
@click.option("--title", help="What it is called. Default: the name of the file.")
@json_option
@pass_remote
def send(remote: Remote, sound: Path, title: str | None, as_json: bool) -> None:
    """Send the file SOUND to the inbox, as a message that nobody has heard: WAV, FLAC, Ogg, Opus or MP3."""
    with sound.open("rb") as file, Progress() as progress:
        whole = os.fstat(file.fileno()).st_size
        upload, sent = remote.call("feeds.send", title=title or sound.stem, size=whole), 0
        while data := file.read(MOST_LETTERS * 3 // 4):
            sent = remote.call("feeds.piece", upload=upload, offset=sent, data=b64encode(data).decode())
            progress.tell(f"{size(sent)} of {size(whole)}")
    track = remote.call("feeds.sent", upload=upload)
    if as_json:
        say_json(track)
    else:
        say(f"track {track['id']}: {track['title']}")


@feeds.command("list")
@click.option("--limit", type=click.IntRange(1, PAGE), default=50, show_default=True, help="So many on a page.")
@click.option("--before", type=click.IntRange(min=1), help="The page of those that came before this track.")
@json_option
@pass_remote
def list_(remote: Remote, limit: int, before: int | None, as_json: bool) -> None:
    """List the inbox in the order of arrival: the tracks that came last, or those before one."""
    found = remote.call("feeds.list", limit=limit, before=before)
    if as_json:
        say_json(found)
        return
    from appliance.cli import show

    if before and not found:
        say(f"nothing came before track {before}")
    else:
        show.tracks(found)
    if len(found) == limit and remote.call("feeds.list", limit=1, before=found[0]["id"]):
        say(f"there are older ones: --before {found[0]['id']}")


@feeds.command()
@click.argument("track", type=click.IntRange(min=1))
@json_option
@pass_remote
def unheard(remote: Remote, track: int, as_json: bool) -> None:
    """Let TRACK, a number of the list, be a message that nobody has heard."""
    remote.call("feeds.unheard", track_id=track)
    say_json({"unheard": track}) if as_json else say(f"track {track} counts as not heard")


@feeds.command()
@click.argument("track", type=click.IntRange(min=1))
@json_option
@pass_remote
def remove(remote: Remote, track: int, as_json: bool) -> None:
    """Remove TRACK, a number of the list, and its file. Its feed does not bring it again."""
    remote.call("feeds.remove", track_id=track)
    say_json({"removed": track}) if as_json else say(f"track {track} is removed")
