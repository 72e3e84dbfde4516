"""`appliance record`: the recorder."""

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.describe import duration


@click.group()
def record() -> None:
    """Record: start, pause, resume, stop, discard, mark."""


@record.command()
@pass_remote
def start(remote: Remote) -> None:
    """Begin a take."""
    begun = remote.call("record.start")
    click.echo(f"recording {begun['name']}")


@record.command()
@pass_remote
def pause(remote: Remote) -> None:
    """Pause the take."""
    remote.call("record.pause")
    click.echo("paused")


@record.command()
@pass_remote
def resume(remote: Remote) -> None:
    """Go on with the paused take."""
    remote.call("record.resume")
    click.echo("recording")


@record.command()
@pass_remote
def stop(remote: Remote) -> None:
    """Stop the take, and wait until its clip is safe."""
    clip = remote.call("record.stop")["clip"]
    click.echo(f"clip {clip['name']} is safe, {duration(clip['frames'] / clip['format']['rate'])}")


@record.command()
@pass_remote
def discard(remote: Remote) -> None:
    """Stop the take and throw it away."""
    remote.call("record.discard")
    click.echo("discarded")


@record.command()
@pass_remote
def mark(remote: Remote) -> None:
    """Mark the position in the take."""
    click.echo(f"mark at frame {remote.call('record.mark')['offset']}")
