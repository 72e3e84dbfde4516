"""`appliance feeds`: remote audio."""

import click

from appliance.cli.remote import Remote, pass_remote


@click.group()
def feeds() -> None:
    """Feeds: pull now, list the inbox."""


@feeds.command()
@click.argument("feed", required=False)
@pass_remote
def pull(remote: Remote, feed: str | None) -> None:
    """Pull FEED, or every feed, now."""
    remote.call("feeds.pull", feed=feed)
    click.echo("pulling; `appliance events` shows what arrives")


@feeds.command("list")
@pass_remote
def list_(remote: Remote) -> None:
    """List the inbox."""
    from appliance.cli.show import tracks

    tracks(remote.call("feeds.list"))
