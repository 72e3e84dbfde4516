"""`appliance play` and `appliance player`."""

from pathlib import Path

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.describe import duration


@click.command()
@click.argument("source")
@pass_remote
def play(remote: Remote, source: str) -> None:
    """Play SOURCE: an audio file, a URL, a clip's id or name, `latest`, or `next` (the next message)."""
    if Path(source).is_file():
        source = str(Path(source).absolute())
    playing = remote.call("play", source=source)
    click.echo(f"playing {playing['title']}, {duration(playing['seconds'])}")


@click.group()
def player() -> None:
    """The player: pause, resume, seek, stop, volume."""


@player.command()
@pass_remote
def pause(remote: Remote) -> None:
    """Pause the playback."""
    remote.call("player.pause")


@player.command()
@pass_remote
def resume(remote: Remote) -> None:
    """Go on with the paused playback."""
    remote.call("player.resume")


@player.command()
@click.argument("seconds", type=click.FloatRange(min=0))
@pass_remote
def seek(remote: Remote, seconds: float) -> None:
    """Go to SECONDS from the start."""
    remote.call("player.seek", seconds=seconds)


@player.command()
@pass_remote
def stop(remote: Remote) -> None:
    """Stop the playback."""
    remote.call("player.stop")


@player.command()
@click.argument("percent", type=click.IntRange(0, 100))
@pass_remote
def volume(remote: Remote, percent: int) -> None:
    """Set the volume in PERCENT."""
    remote.call("player.volume", percent=percent)
